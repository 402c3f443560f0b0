"""AWS's rules for schemas as this project runs them, with the exact findings for our schema and for broken ones."""

import copy
import importlib.machinery
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.contract import lint
from cfn_sandbox.contract.lint import Finding

PROJECT = Path(__file__).parents[3]
OURS: dict[str, Any] = json.loads((PROJECT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
TAGS = Finding(
    "TAG017",
    "`tagProperty` MUST NOT be a part of `createOnlyProperties`",
    "/tagging/tagProperty",
    warning=True,
)
Change = Callable[[dict[str, Any]], object]


def schema_with(change: Change) -> dict[str, Any]:
    """Return our schema with a change."""
    schema = copy.deepcopy(OURS)
    change(schema)
    return schema


def added_findings(change: Change, previous: dict[str, Any] | None = None) -> list[Finding]:
    """Return the findings that a change adds to those of our schema."""
    before = lint.findings(OURS)
    return [finding for finding in lint.findings(schema_with(change), previous) if finding not in before]


def test_remaining_lint_findings_follow_the_documentation() -> None:
    """Only warnings remain: AWS's documentation makes Tags createOnly, and AWS's rules warn about that."""
    assert TAGS in lint.findings(OURS)
    assert lint.failures(OURS) == []


MUTATIONS: dict[str, tuple[Change, list[Finding]]] = {
    "wildcard permission": (
        lambda schema: schema["handlers"]["create"].update(permissions=["sagemaker:*"]),
        [
            Finding(
                "PER002",
                "Resource MUST NOT specify wildcard permissions for create handler",
                "/handlers/create/permissions/0",
            )
        ],
    ),
    "no read handler": (
        lambda schema: schema["handlers"].pop("read"),
        [
            Finding("PER003", "Resource MUST implement read handler", "/handlers/read"),
            Finding(
                "PER004", "Resource read handler MUST have permissions list specified", "/handlers/read/permissions"
            ),
        ],
    ),
    "identifier that is not read-only": (
        lambda schema: schema["readOnlyProperties"].remove("/properties/JobDefinitionArn"),
        [Finding("PID003", "primaryIdentifier MUST be either readOnly or createOnly", "/primaryIdentifier/0")],
    ),
    "no tagging": (
        lambda schema: schema.pop("tagging"),
        [Finding("TAG002", "`tagging` MUST be specified", "/tagging")],
    ),
}


@pytest.mark.parametrize("case", MUTATIONS)
def test_a_broken_schema_fails(case: str) -> None:
    """A broken schema fails the rules about that defect and no others."""
    change, expected = MUTATIONS[case]
    assert added_findings(change) == expected


INCOMPATIBLE: dict[str, tuple[Change, list[Finding]]] = {
    "removed property": (
        lambda schema: schema["properties"].pop("EndpointName"),
        [Finding("PR001", "Resource properties MUST NOT be removed", "/properties/EndpointName")],
    ),
    "tightened length": (
        lambda schema: schema["properties"]["EndpointName"].update(maxLength=10),
        [Finding("ML006", "new maxLength value cannot be less than the old value", "/properties/EndpointName")],
    ),
    "other identifier": (
        lambda schema: schema.update(primaryIdentifier=["/properties/JobDefinitionName"]),
        [
            Finding("PID001", "primaryIdentifier cannot add more members", "/properties/JobDefinitionName"),
            Finding("PID002", "primaryIdentifier cannot remove members", "/properties/JobDefinitionArn"),
        ],
    ),
}


@pytest.mark.parametrize("case", INCOMPATIBLE)
def test_an_incompatible_version_fails(case: str) -> None:
    """An incompatible schema fails only when it is compared with the previous version."""
    change, expected = INCOMPATIBLE[case]
    rules = {finding.rule for finding in expected}
    findings = [finding for finding in added_findings(change, OURS) if finding.rule in rules]
    assert findings == expected
    assert not rules & {finding.rule for finding in added_findings(change)}


def test_the_same_schema_is_compatible() -> None:
    """Comparing a schema with itself adds no finding."""
    assert lint.findings(OURS, OURS) == lint.findings(OURS)


def test_every_rule_says_something() -> None:
    """Every rule in the files reports a result; the engine's plain output loses rules when it is longer than 8 KiB."""
    results = lint.results(OURS, OURS)
    for compares in (False, True):
        names = sorted(result.name for result in results if result.compares == compares)
        assert names == sorted(lint.rules(compares=compares))
    assert len(results) == 23 + 18


def test_a_finding_reads_as_a_sentence() -> None:
    """A finding prints its rule, message and path."""
    assert str(TAGS) == f"TAG017: {TAGS.message} (at /tagging/tagProperty)"


def test_a_schema_that_is_none_is_a_sentence() -> None:
    """A schema with an unresolvable reference fails with a message."""
    with pytest.raises(SandboxError, match=r"AWS's rules for schemas can't read this one: .*nowhere"):
        lint.failures({"properties": {"One": {"$ref": "#/definitions/nowhere"}}})


def test_without_the_engine_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing engine raises an error with instructions (Python 3.13 has no wheel); no rule is silently skipped."""
    monkeypatch.setattr(importlib.machinery.PathFinder, "find_spec", lambda *_: None)
    with pytest.raises(SandboxError, match=r"can't run on Python 3\.\d+ \(linux\): .*3\.11 and 3\.12 on Linux"):
        lint.failures(OURS)


def test_without_the_rules_it_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rules that can't be fetched are an error, not a schema without findings."""
    monkeypatch.setenv("CFN_SANDBOX_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SandboxError, match="AWS's schema rules can't be fetched"):
        lint.failures(OURS)


def test_it_is_there_without_moto_and_the_emulator() -> None:
    """Importing lint loads neither moto nor boto3: `make submit` checks a schema before it uploads anything."""
    program = (
        "import sys; from cfn_sandbox.contract import lint; sys.exit('moto' in sys.modules or 'boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=False).returncode == 0
