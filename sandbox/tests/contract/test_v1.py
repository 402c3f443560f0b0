"""AWS's contract suite (`cfn test`) fails for handlers that break the contract."""

from pathlib import Path

import pytest

from cfn_sandbox.contract import v1 as contract
from cfn_sandbox.contract.v1 import Counts
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
