"""AWS's contract suite passes on the packaged handlers, and would not pass on just any."""

from pathlib import Path

import pytest

from sandbox import SandboxError, contract
from sandbox.contract import Counts
from sandbox.function import package
from tests.sandbox import toy

PROJECT = Path(__file__).parents[2]

# The suite skips two tests of types whose primary identifier is the user's to write (here it is SageMaker's ARN) and
# one of types whose tags can be updated (here a change replaces the definition, as the documentation has it).
EXPECTED = Counts(passed=12, skipped=3, failed=0)


@pytest.mark.parametrize("language", ["python312", "python312-small"])
def test_every_set_of_inputs_passes(language: str) -> None:
    """The documentation's example, batch transform with nothing optional but tags, and all that is optional set.

    The package as the official language plugin makes it, and as the project's own does: leaving out what never runs.
    """
    result = contract.run(PROJECT, language=language)
    assert result.sets == (EXPECTED, EXPECTED, EXPECTED), result.output
    assert result.exit_code == 0, result.output


def test_handlers_that_break_the_contract_fail(tmp_path: Path) -> None:
    """The toy succeeds at everything it is asked, DELETE of what is deleted included: the suite finds that out."""
    project = toy.write(tmp_path / "project")
    (project / "inputs").mkdir()
    for kind in ("create", "update"):
        (project / "inputs" / f"inputs_1_{kind}.json").write_text('{"Name": "toy"}')
    result = contract.run(project)
    assert result.sets == (Counts(passed=3, skipped=1, failed=6),), result.output
    assert result.exit_code == 1
    assert "the handler was called" in result.output


def test_a_missing_openssl_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy that stands in for STS needs it."""
    project = toy.write(tmp_path / "project")
    package(project)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="needs the command openssl"):
        contract.run(project)
