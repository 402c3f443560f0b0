"""AWS's rules for schemas: what the findings of a toy's schema are, and what is said where the rules can't run."""

import importlib.machinery
import subprocess
import sys
from pathlib import Path

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.contract import lint
from cfn_sandbox.contract.lint import Finding
from sandbox.tests.toys import contract as toys


def test_a_toy_without_tags_fails_one_rule() -> None:
    """The toy isn't taggable, which AWS's rules refuse; nothing else is found."""
    expected = Finding("TAG015", "`tagging.taggable` MUST be true", "/tagging/taggable")
    assert lint.failures(toys.SCHEMA) == [expected]


def test_a_schema_that_is_none_is_a_sentence() -> None:
    """A schema with an unresolvable reference fails with a message."""
    with pytest.raises(SandboxError, match=r"AWS's rules for schemas can't read this one: .*nowhere"):
        lint.failures({"properties": {"One": {"$ref": "#/definitions/nowhere"}}})


def test_without_the_engine_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing engine raises an error with instructions (Python 3.13 has no wheel); no rule is silently skipped."""
    monkeypatch.setattr(importlib.machinery.PathFinder, "find_spec", lambda *_: None)
    with pytest.raises(SandboxError, match=r"can't run on Python 3\.\d+ \(linux\): .*3\.11 and 3\.12 on Linux"):
        lint.failures(toys.SCHEMA)


def test_without_the_rules_it_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rules that can't be fetched are an error, not a schema without findings."""
    monkeypatch.setenv("CFN_SANDBOX_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SandboxError, match="AWS's schema rules can't be fetched"):
        lint.failures(toys.SCHEMA)


def test_it_is_there_without_moto_and_the_emulator() -> None:
    """Importing lint loads neither moto nor boto3: a schema can be checked before anything is uploaded."""
    program = (
        "import sys; from cfn_sandbox.contract import lint; sys.exit('moto' in sys.modules or 'boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
