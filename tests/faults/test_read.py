"""READ and LIST under every fault, imports included: reads change nothing and report only what is true."""

import json

import pytest

from tests.faults.fault import Fault
from tests.faults.table import check, planned_faults, rows
from tests.faults.world import World
from tools.envelopes import arn, maximal, minimal

CALL = {
    "Describe": "DescribeModelQualityJobDefinition",
    "List": "ListModelQualityJobDefinitions",
    "ListTags": "ListTags",
}

# action | a fault of | of this kind                            | calls  | the last answer
TABLE = """
  READ   | Describe   | UNSENT THROTTLED FAILED CUT UNREADABLE  | once   | SUCCESS
  READ   | Describe   | UNSENT THROTTLED FAILED CUT UNREADABLE  | always | FAILED its code
  READ   | Describe   | REFUSED                                 | always | FAILED its code
  READ   | ListTags   | UNSENT THROTTLED FAILED CUT UNREADABLE  | once   | SUCCESS
  READ   | ListTags   | UNSENT THROTTLED FAILED CUT UNREADABLE  | always | FAILED its code
  READ   | ListTags   | denied expired unknown quota            | always | FAILED its code
  LIST   | List       | UNSENT THROTTLED FAILED CUT UNREADABLE  | once   | SUCCESS
  LIST   | List       | UNSENT THROTTLED FAILED CUT UNREADABLE  | always | FAILED its code
  LIST   | List       | REFUSED                                 | always | FAILED its code
"""


@pytest.mark.parametrize("by", ["JobDefinitionArn", "JobDefinitionName"])
@pytest.mark.parametrize(("action", "call", "fault", "calls", "expected"), rows(TABLE, faults=2))
def test_reads(world: World, action: str, call: str, fault: str, calls: str, expected: str, by: str) -> None:
    """READ and LIST survive one failed call and report a lasting fault. READ goes by ARN, as in an import, or name."""
    world.sagemaker.create_foreign(minimal() | {"JobDefinitionName": "Churn"}, {"team": "fraud"})
    before = world.sagemaker.definitions
    world.plan(*planned_faults(fault, CALL[call], "before", calls))
    identifier = {"JobDefinitionArn": arn("churn")} if by == "JobDefinitionArn" else {"JobDefinitionName": "Churn"}
    outcome = world.operate(action, identifier if action == "READ" else None)
    check(outcome, expected, fault)
    if outcome.status == "SUCCESS" and action == "READ":
        assert outcome.model is not None
        assert outcome.model["JobDefinitionArn"] == arn("churn")
        assert outcome.model["Tags"] == [{"Key": "team", "Value": "fraud"}]
        assert outcome.model["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    if outcome.status == "SUCCESS" and action == "LIST":
        (listed,) = outcome.answer["resourceModels"]
        assert listed["JobDefinitionArn"] == arn("churn")
        assert outcome.answer.get("nextToken") is None
    assert world.sagemaker.definitions == before


@pytest.mark.parametrize("fault", ["cut-in-headers", "cut-in-body", "204", "302", "html", "empty", "garbage"])
@pytest.mark.parametrize(
    ("action", "operation"),
    [
        ("CREATE", "CreateModelQualityJobDefinition"),
        ("READ", "DescribeModelQualityJobDefinition"),
        ("READ", "ListTags"),
        ("LIST", "ListModelQualityJobDefinitions"),
    ],
)
def test_an_unreadable_answer_is_reported(world: World, action: str, operation: str, fault: str) -> None:
    """The message for an unreadable answer names the operation, and does not call it a defect of this type."""
    world.sagemaker.create_foreign(minimal() | {"JobDefinitionName": "Churn"}, {})
    world.plan(Fault(fault, operation, calls=range(1, 99)))
    properties = {"CREATE": maximal(), "READ": {"JobDefinitionName": "Churn"}, "LIST": None}[action]
    outcome = world.request(action, properties)
    assert outcome.status == "FAILED", outcome
    assert operation in outcome.message, outcome
    assert "defect" not in outcome.message
    assert "Please sign in" not in outcome.message, "the message contains a proxy's page"


@pytest.mark.parametrize(("size", "expected"), [(7_990_000, "SUCCESS"), (8_000_000, "FAILED NetworkFailure")])
def test_an_answer_of_over_eight_megabytes_is_not_read(world: World, size: int, expected: str) -> None:
    """READ gives up on an answer, head included, that is larger than any of SageMaker's: it must fit into memory."""
    world.sagemaker.create_foreign(minimal() | {"JobDefinitionName": "Churn"}, {})
    description = world.sagemaker.call("DescribeModelQualityJobDefinition", JobDefinitionName="Churn")
    world.network.answer_all(200, json.dumps(description | {"Tags": []}).encode().ljust(size))
    check(world.request("READ", {"JobDefinitionName": "Churn"}), expected, "-")
