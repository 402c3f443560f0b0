"""AWS's contract suite (`cfn test`) fails for handlers that break the contract."""

import io
import json
from pathlib import Path
from subprocess import Popen
from types import SimpleNamespace
from typing import cast

import pytest

from cfn_sandbox.account.invocation import Answer
from cfn_sandbox.contract import v1 as contract
from cfn_sandbox.contract.cfn_reports import MARK
from cfn_sandbox.contract.v1 import Counts, Failures, Suite
from sandbox.tests.toys import echo

pytestmark = pytest.mark.slow


def test_handlers_that_break_the_contract_fail(tmp_path: Path) -> None:
    """The suite fails for a toy that always succeeds, even when it deletes a deleted resource."""
    project = echo.write(tmp_path / "project")
    (project / "inputs").mkdir()
    for kind in ("create", "update"):
        (project / "inputs" / f"inputs_1_{kind}.json").write_text('{"Name": "toy"}')
    result = contract.run(project)
    assert result.sets == (Counts(passed=3, skipped=1, failed=6),), result.output
    assert result.exit_code == 1
    assert "the handler was called" in result.output


def test_tests_that_share_a_failed_fixture_have_its_cause() -> None:
    """A shared fixture's failure is repeated without another call; each such test names the handler's failure.

    A test that fails in itself doesn't get it.
    """
    refused = "AssertionError: status should be SUCCESS"
    reports = [
        ("one", "setup", refused),
        ("two", "setup", refused),
        ("three", "call", refused),
    ]
    lines = [
        MARK + json.dumps({"set": 1, "name": name, "when": when, "outcome": "failed", "message": message}) + "\n"
        for name, when, message in reports
    ]
    failures = Failures(str)
    answer = {"status": "FAILED", "errorCode": "InternalFailure", "message": "boom"}
    failures.observe({"action": "CREATE"}, Answer(200, json.dumps(answer).encode()))
    process = SimpleNamespace(stdout=io.StringIO("".join(lines)), wait=lambda: 1)
    suite = Suite(cast("Popen[str]", process), failures)
    verdicts = [suite.verdict(1, name) for name, _, _ in reports]
    cause = f"{refused}\nthe handler's failures: CREATE failed with InternalFailure: boom"
    assert [verdict and verdict.message for verdict in verdicts] == [cause, cause, refused]
