"""AWS's contract suite (`cfn test`) passes for the packaged handlers."""

import shutil
from pathlib import Path

import pytest

from cfn_sandbox.contract import v1 as contract
from cfn_sandbox.contract.v1 import Counts

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]

# The suite skips two tests that need a primary identifier the user can write (here it is SageMaker's ARN), and one
# that needs tags that can be updated (here a change of tags requires replacement, as documented).
EXPECTED = Counts(passed=12, skipped=3, failed=0)


def test_every_set_of_inputs_passes() -> None:
    """Every set of inputs passes in the small package, which `make submit` uploads.

    The inputs are an endpoint with every optional property, and batch data in each of its three formats.
    """
    result = contract.run(PROJECT, language="python312-small")
    assert result.sets == (EXPECTED,) * 4, result.output
    assert result.exit_code == 0, result.output


@pytest.mark.weekly
def test_the_official_plugins_package_passes(tmp_path: Path) -> None:
    """A set of inputs passes in the official plugin's package. Its code is the same, so one set is enough."""
    for kind in ("create", "update"):
        shutil.copy(PROJECT / "inputs" / f"inputs_1_{kind}.json", tmp_path)
    result = contract.run(PROJECT, language="python312", inputs=tmp_path)
    assert result.sets == (EXPECTED,), result.output
    assert result.exit_code == 0, result.output
