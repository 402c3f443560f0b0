"""Types that the sandbox plays: AWS's published schema with handlers in Python."""

from typing import Any

import pytest

from cfn_sandbox.resource_types import catalogue, played
from cfn_sandbox.resource_types.interface import Instance, Outcome, Request, ResourceType
from cfn_sandbox.resource_types.played import Call, Refusal
from cfn_sandbox.resource_types.registered import RegisteredType

JSON = dict[str, Any]

ALARM = "AWS::CloudWatch::Alarm"
REQUEST = Request("123456789012", "eu-west-1", "arn:aws:cloudformation:eu-west-1:1:stack/s/1", "Bell", {"team": "a"})


def find(name: str) -> ResourceType | None:
    """Return a type of the catalogue."""
    return catalogue.find_type("123456789012", "eu-west-1", name)


def test_a_played_type() -> None:
    """The handlers get typed properties, and the type is offered only inside the context."""
    calls: list[Call] = []

    def create(call: Call) -> JSON:
        calls.append(call)
        return {"AlarmName": "bell", **call.desired}

    with played.offer(ALARM, {"CREATE": create}):
        kind = find(ALARM)
        assert kind is not None
        assert (kind.supports("CREATE"), kind.supports("READ")) == (True, False)
        outcome = kind.create(REQUEST, kind.typed({"Threshold": "1.5", "EvaluationPeriods": 2}))
        read = kind.read(REQUEST, {"AlarmName": "bell"})
    assert outcome == Outcome(Instance("bell", {"AlarmName": "bell", "Threshold": 1.5, "EvaluationPeriods": 2}))
    assert (calls[0].tags, calls[0].logical_id, calls[0].previous) == ({"team": "a"}, "Bell", {})
    assert read.failure is not None
    assert read.failure.message == f"This sandbox has no READ of {ALARM}"
    assert find(ALARM) is None


def test_a_refusal() -> None:
    """A handler's refusal is the failure, with its code."""

    def create(_call: Call) -> JSON:
        code = "AlreadyExists"
        raise Refusal(code, "bell exists")

    with played.offer(ALARM, {"CREATE": create}):
        kind = find(ALARM)
        assert kind is not None
        failure = kind.create(REQUEST, {}).failure
    assert failure is not None
    assert (failure.code, failure.message) == ("AlreadyExists", "bell exists")


def test_registered_types_go_first() -> None:
    """A registered type is found before one of moto's of the same name, in its account and region only."""
    document: JSON = {"typeName": "AWS::SNS::Topic", "properties": {}}
    own = RegisteredType(document, lambda _event: {})
    catalogue.add_type("123456789012", "eu-west-1", own)
    try:
        assert find("AWS::SNS::Topic") is own
        assert catalogue.find_type("123456789012", "us-east-1", "AWS::SNS::Topic") is not own
    finally:
        catalogue.remove_type("123456789012", "eu-west-1", "AWS::SNS::Topic")
    assert find("AWS::SNS::Topic") is not own
    assert find("AWS::No::Such") is None


def test_a_type_without_a_published_schema() -> None:
    """A type that AWS doesn't publish can't be played."""
    with played.offer("AWS::No::Such", {}), pytest.raises(LookupError, match="cfn-lint has no schema of AWS::No::Such"):
        find("AWS::No::Such")
