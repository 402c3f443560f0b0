"""AWS's contract suite passes for a staged type with tags that update in place."""

import json
from pathlib import Path
from typing import Any

import pytest

from publishing.names import TypeName
from publishing.staging import stage
from sandbox.contract import v1 as contract

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_a_staged_type_passes(tmp_path: Path) -> None:
    """Every set of inputs passes, and the update of one changes, adds and removes tags under the same ARN.

    The function is the one that `make submit` registers, in AWS's emulator. One run is enough: a type staged with
    tags that require replacement differs in two keywords of its schema and in no line of code.
    """
    project = tmp_path / "project"
    stage(ROOT, TypeName("Acme::SageMaker::ModelQualityJobDefinition"), project, "in-place", small=True)
    for kind, tags in (("create", {"team": "ml", "stage": "test"}), ("update", {"team": "ops", "cost-centre": ""})):
        inputs: dict[str, Any] = json.loads((project / "inputs" / f"inputs_3_{kind}.json").read_text())
        inputs["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        (project / "inputs" / f"inputs_3_{kind}.json").write_text(json.dumps(inputs))
    result = contract.run(project, cache=tmp_path / "cache")
    assert result.exit_code == 0, result.output
    assert len(result.sets) == len(list((project / "inputs").glob("*_create.json"))) == 4
    assert all(counts.passed and not counts.failed for counts in result.sets), result.output
    assert result.output.count("contract_update_read PASSED") == len(result.sets)
