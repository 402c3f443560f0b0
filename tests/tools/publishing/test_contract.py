"""AWS's contract suite passes for a staged type with tags that update in place."""

import json
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox.contract import v1 as contract
from tools.publishing.names import TypeName
from tools.publishing.staging import stage
from tools.sagemaker import rules

pytestmark = [pytest.mark.slow, pytest.mark.weekly]

ROOT = Path(__file__).parents[3]


def test_a_staged_type_passes(tmp_path: Path) -> None:
    """A set of inputs passes whose update changes, adds and removes tags under the same ARN.

    The function is the one that `make submit` registers, in AWS's emulator. One run is enough: a type staged with
    tags that require replacement differs in two keywords of its schema and in no line of code. One set is enough:
    tests/contract runs all of them.
    """
    project, inputs = tmp_path / "project", tmp_path / "inputs"
    stage(ROOT, TypeName("Acme::SageMaker::ModelQualityJobDefinition"), project, "in-place", small=True)
    inputs.mkdir()
    for kind, tags in (("create", {"team": "ml", "stage": "test"}), ("update", {"team": "ops", "cost-centre": ""})):
        properties: dict[str, Any] = json.loads((project / "inputs" / f"inputs_3_{kind}.json").read_text())
        properties["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        (inputs / f"inputs_1_{kind}.json").write_text(json.dumps(properties))
    result = contract.run(project, cache=tmp_path / "cache", inputs=inputs, rules=[rules.rules()])
    assert result.exit_code == 0, result.output
    (counts,) = result.sets
    assert counts.passed, result.output
    assert not counts.failed, result.output
    assert result.output.count("contract_update_read PASSED") == 1
