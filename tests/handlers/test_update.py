"""Tests of UPDATE through the production entry point."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError

from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS
from tests.wires import (
    Reply,
    Wire,
    call_until_done,
    create_definition,
    error_reply,
    invoke,
    json_reply,
    lost_answer,
    moto_definitions,
    raising_reply,
)
from tools.envelopes import ACCOUNT, REGION, ROOT, Json, arn, batch, maximal, minimal

SCHEMA = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
CLOSED = ConnectionClosedError(endpoint_url="https://api.sagemaker.eu-west-1.amazonaws.com/")
CREATE_ONLY = [pointer.rpartition("/")[2] for pointer in SCHEMA["createOnlyProperties"]]


def create(properties: Json, wire: Wire, **named: Any) -> Json:  # noqa: ANN401 - passed on to event()
    """Create a definition, forget its requests, and return its primary identifier."""
    model = create_definition(properties, **named)
    wire.requests.clear()
    return {"JobDefinitionArn": model["JobDefinitionArn"]}


def tags_of(answer: Json) -> dict[str, str]:
    """Return the tags that an answer's model reports."""
    assert answer["status"] == "SUCCESS", answer
    return {tag["Key"]: tag["Value"] for tag in answer["resourceModel"]["Tags"]}


@pytest.mark.parametrize("properties", [minimal(), maximal(), batch({"Json": {"Line": True}})])
def test_endpoint_name_changes_without_interruption(wire: Wire, properties: Json) -> None:
    """UPDATE only reads from SageMaker and never reports EndpointName: CloudFormation alone keeps the value."""
    identifier = create(properties, wire)
    now, before = properties | identifier | {"EndpointName": "new"}, properties | identifier
    answer = invoke("UPDATE", now, before)
    assert answer["status"] == "SUCCESS", answer
    assert wire.operations == ["DescribeModelQualityJobDefinition", "ListTags"]
    assert answer["resourceModel"] == invoke("READ", identifier)["resourceModel"]
    assert "EndpointName" not in answer["resourceModel"]


def test_stack_tags_are_brought_up_to_date_in_place(wire: Wire) -> None:
    """UPDATE changes, adds and removes stack tags; the resource's own tags win, and other parties' tags stay."""
    before = {"stage": "test", "gone": "soon", "team": "platform"}
    identifier = create(maximal(), wire, tags=before)
    boto3.client("sagemaker", REGION).add_tags(
        ResourceArn=identifier["JobDefinitionArn"], Tags=[{"Key": "foreign", "Value": "kept"}]
    )
    wire.requests.clear()
    state = maximal() | identifier
    answer = invoke(
        "UPDATE", state, state, tags={"stage": "prod", "team": "platform", "new": "1"}, previous_tags=before
    )
    assert tags_of(answer) == {"stage": "prod", "new": "1", "team": "fraud", "foreign": "kept"}
    assert wire.operations == [
        "DescribeModelQualityJobDefinition",
        "ListTags",
        "DeleteTags",
        "AddTags",
        "ListTags",
    ]
    assert wire.body("DeleteTags")["TagKeys"] == ["gone"]
    assert wire.body("AddTags")["Tags"] == [{"Key": "stage", "Value": "prod"}, {"Key": "new", "Value": "1"}]


def test_the_resources_own_tags_are_brought_up_to_date_in_the_same_way(wire: Wire) -> None:
    """UPDATE changes the Tags property too, so a schema in which tags are updatable needs no other handler."""
    identifier = create(maximal() | {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]}, wire)
    before = maximal() | identifier | {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]}
    now = maximal() | identifier | {"Tags": [{"Key": "b", "Value": "2"}]}
    assert tags_of(invoke("UPDATE", now, before)) == {"b": "2"}
    without = maximal() | identifier
    del without["Tags"]
    assert tags_of(invoke("UPDATE", without, now)) == {}


def test_a_tag_of_the_template_that_becomes_the_stacks_is_kept(wire: Wire) -> None:
    """UPDATE keeps a tag while either the template or the stack has it."""
    identifier = create(maximal(), wire)
    without = maximal() | identifier
    del without["Tags"]
    answer = invoke("UPDATE", without, maximal() | identifier, tags={"team": "fraud"})
    assert tags_of(answer) == {"team": "fraud"}
    assert "DeleteTags" not in wire.operations


def test_changed_tags_are_waited_for(wire: Wire) -> None:
    """UPDATE writes the change once, and waits until ListTags, which lags behind, reports it."""
    identifier = create(minimal(), wire, tags={"stage": "test"})
    state = minimal() | identifier
    stale = json_reply(200, {"Tags": [{"Key": "stage", "Value": "test"}]})
    wire.reply("ListTags", stale, stale, stale)
    tag_change = {"tags": {"stage": "prod"}, "previous_tags": {"stage": "test"}}
    answer, delays = call_until_done(invoke("UPDATE", state, state, **tag_change), "UPDATE", state, state, **tag_change)
    assert tags_of(answer) == {"stage": "prod"}
    assert delays == [1, 2]
    assert wire.operations.count("AddTags") == 1


def test_changed_tags_that_never_show_are_not_stabilized(wire: Wire) -> None:
    """UPDATE fails with NotStabilized if ListTags never reports the change."""
    identifier = create(minimal(), wire, tags={"stage": "test"})
    state = minimal() | identifier
    wire.reply("ListTags", *[json_reply(200, {"Tags": []})] * 30)
    tag_change = {"tags": {"stage": "prod"}, "previous_tags": {"stage": "test"}}
    answer, delays = call_until_done(invoke("UPDATE", state, state, **tag_change), "UPDATE", state, state, **tag_change)
    assert answer["errorCode"] == "NotStabilized"
    assert delays == [*DEFAULTS.checks.reads]


TAG_CHANGE: Json = {"tags": {"b": "2"}, "previous_tags": {"a": "1"}}
TAG_ROLLBACK: Json = {"tags": {"a": "1"}, "previous_tags": {"b": "2"}}


def lagging_tags(*tags: tuple[str, str]) -> Reply:
    """Answer ListTags with tags from before a change."""
    return json_reply(200, {"Tags": [{"Key": key, "Value": value} for key, value in tags]})


@pytest.mark.parametrize(
    "fault",
    [
        error_reply("AccessDeniedException"),
        raising_reply(CLOSED),
        lost_answer(CLOSED),
        error_reply("InternalFailure", status=500),
    ],
)
@pytest.mark.parametrize("stale", range(4))
def test_the_rollback_of_a_failed_change_is_right_whatever_a_read_says(wire: Wire, fault: Reply, stale: int) -> None:
    """A rollback after a failed AddTags restores the tag that DeleteTags removed, however far ListTags lags."""
    identifier = create(minimal(), wire, tags={"a": "1"})
    state = minimal() | identifier
    wire.reply("AddTags", *[fault] * 4)
    assert invoke("UPDATE", state, state, **TAG_CHANGE)["status"] == "FAILED"
    wire.forget_replies()
    wire.reply("ListTags", *[lagging_tags(("a", "1"))] * stale)
    answer, _ = call_until_done(invoke("UPDATE", state, state, **TAG_ROLLBACK), "UPDATE", state, state, **TAG_ROLLBACK)
    assert tags_of(answer) == {"a": "1"}
    (definition,) = moto_definitions().values()
    assert definition.tags == [{"Key": "a", "Value": "1"}]


def test_a_rollback_is_right_after_reads_that_lag_longer_than_is_waited_for(wire: Wire) -> None:
    """A rollback undoes a change that took effect but never showed in ListTags."""
    identifier = create(minimal(), wire, tags={"a": "1"})
    state = minimal() | identifier
    wire.reply("ListTags", *[lagging_tags(("a", "1"))] * 60)
    answer, _ = call_until_done(invoke("UPDATE", state, state, **TAG_CHANGE), "UPDATE", state, state, **TAG_CHANGE)
    assert answer["errorCode"] == "NotStabilized"
    assert answer["message"] == "SageMaker did not report the changed tags within 60 seconds."
    assert invoke("UPDATE", state, state, **TAG_ROLLBACK)["status"] == "SUCCESS"
    (definition,) = moto_definitions().values()
    assert definition.tags == [{"Key": "a", "Value": "1"}]


@pytest.mark.parametrize("operation", ["DescribeModelQualityJobDefinition", "ListTags"])
@pytest.mark.parametrize(
    "failure",
    [
        error_reply("AccessDeniedException"),
        error_reply("ResourceNotFound"),
        error_reply("InternalFailure", status=500),
        raising_reply(CLOSED),
        json_reply(200, {}),
    ],
)
def test_a_read_that_fails_in_a_callback_is_tried_again(wire: Wire, operation: str, failure: Reply) -> None:
    """UPDATE retries a failed read after an accepted change, as CREATE does."""
    identifier = create(minimal(), wire, tags={"a": "1"})
    state = minimal() | identifier
    wire.reply("ListTags", lagging_tags(("a", "1")), lagging_tags(("a", "1")))
    first = invoke("UPDATE", state, state, **TAG_CHANGE)
    assert first["status"] == "IN_PROGRESS"
    wire.reply(operation, *[failure] * 5)
    answer, delays = call_until_done(first, "UPDATE", state, state, **TAG_CHANGE)
    assert tags_of(answer) == {"b": "2"}
    assert len(delays) > 1
    assert wire.operations.count("AddTags") == 1


def test_a_tag_change_that_is_refused_fails_with_the_cause(wire: Wire) -> None:
    """UPDATE fails at once if AddTags is refused: nothing has changed, so there is nothing to wait for."""
    identifier = create(minimal(), wire)
    state = minimal() | identifier
    wire.reply("AddTags", error_reply("AccessDeniedException", "sagemaker:AddTags"))
    answer = invoke("UPDATE", state, state, tags={"stage": "prod"})
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "AccessDenied")
    assert "sagemaker:AddTags" in answer["message"]


CHANGES: Json = {
    "JobDefinitionName": "Another",
    "JobResources": {"ClusterConfig": {"InstanceCount": 3, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 50}},
    "ModelQualityAppSpecification": minimal()["ModelQualityAppSpecification"] | {"ProblemType": "Regression"},
    "ModelQualityBaselineConfig": {"BaseliningJobName": "baseline-2"},
    "ModelQualityJobInput": batch({"Csv": {}})["ModelQualityJobInput"],
    "ModelQualityJobOutputConfig": {
        "MonitoringOutputs": [{"S3Output": {"LocalPath": "/a", "S3Uri": "s3://bucket/elsewhere"}}]
    },
    "NetworkConfig": {"EnableNetworkIsolation": True},
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other",
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


@pytest.mark.parametrize("name", CREATE_ONLY)
@pytest.mark.parametrize("previous", ["known", "unknown"])
def test_a_create_only_property_can_not_be_changed(wire: Wire, name: str, previous: str) -> None:
    """NotUpdatable names the property. UPDATE changes Tags in place, although they are createOnly."""
    identifier = create(maximal(), wire)
    before = maximal() | identifier
    if name == "Tags":
        assert tags_of(invoke("UPDATE", before | {"Tags": []}, before)) == {}
        return
    answer = invoke("UPDATE", before | {name: CHANGES[name]}, before if previous == "known" else None)
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "NotUpdatable")
    assert answer["message"] == f"{name}: can't be updated in place; a change requires replacement."
    assert "AddTags" not in wire.operations


@pytest.mark.parametrize("name", ["ModelQualityBaselineConfig", "NetworkConfig", "StoppingCondition"])
def test_a_create_only_property_can_not_be_removed(wire: Wire, name: str) -> None:
    """Removing a createOnly property from the template is a change too."""
    identifier = create(maximal(), wire)
    before = maximal() | identifier
    now = {key: value for key, value in before.items() if key != name}
    answer = invoke("UPDATE", now, before)
    assert answer["errorCode"] == "NotUpdatable"
    assert name in answer["message"]


def test_a_removed_variable_is_a_change(wire: Wire) -> None:
    """Removing a variable is a change, even if SageMaker has a default for a property of that name."""
    identifier = create(maximal(), wire)
    before, now = maximal() | identifier, maximal() | identifier
    del now["ModelQualityAppSpecification"]["Environment"]["S3InputMode"]
    assert invoke("UPDATE", now, before)["errorCode"] == "NotUpdatable"
    assert invoke("UPDATE", now, None)["errorCode"] == "NotUpdatable"


def test_a_removed_part_of_a_property_is_a_change(wire: Wire) -> None:
    """Removing VpcConfig from NetworkConfig is a change."""
    identifier = create(maximal(), wire)
    before, now = maximal() | identifier, maximal() | identifier
    del now["NetworkConfig"]["VpcConfig"]
    answer = invoke("UPDATE", now, before)
    assert answer["errorCode"] == "NotUpdatable"
    assert "NetworkConfig" in answer["message"]


def test_an_empty_format_in_the_place_of_another_is_a_change(wire: Wire) -> None:
    """Csv and Json select a format even if they are empty, so one of them doesn't meet the other."""
    identifier = create(batch({"Csv": {}}), wire)
    before, now = batch({"Csv": {}}) | identifier, batch({"Json": {}}) | identifier
    for previous in (before, None):
        answer = invoke("UPDATE", now, previous)
        assert (answer["status"], answer["errorCode"]) == ("FAILED", "NotUpdatable")
        assert answer["message"].startswith("ModelQualityJobInput: ")


def test_what_sagemaker_fills_in_is_no_change(wire: Wire) -> None:
    """UPDATE sees no change between a model with SageMaker's defaults and the template without them."""
    identifier = create(minimal(), wire)
    before = invoke("READ", identifier)["resourceModel"]
    assert invoke("UPDATE", minimal() | identifier, before)["status"] == "SUCCESS"
    assert invoke("UPDATE", before, minimal() | identifier)["status"] == "SUCCESS"


@pytest.mark.parametrize("identifier", [{"JobDefinitionArn": arn("missing")}, {"JobDefinitionName": "missing"}, {}])
def test_what_is_missing_is_not_found_and_not_made(wire: Wire, identifier: Json) -> None:
    """UPDATE reports NotFound with a message, even without an identifier, and creates nothing."""
    answer = invoke("UPDATE", minimal() | identifier, minimal() | identifier)
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "NotFound")
    assert answer["message"]
    assert "CreateModelQualityJobDefinition" not in wire.operations
    assert invoke("LIST", None)["resourceModels"] == []


def test_without_properties_there_is_nothing_to_update() -> None:
    """UPDATE without properties is an InvalidRequest."""
    assert invoke("UPDATE", None)["errorCode"] == "InvalidRequest"


def test_all_properties_that_can_not_be_updated_are_named(wire: Wire) -> None:
    """Through Cloud Control an update can ask for anything; the message lists what would need a replacement."""
    model = create_definition(minimal())
    wire.requests.clear()
    change = {"RoleArn": f"{model['RoleArn']}-2", "StoppingCondition": {"MaxRuntimeInSeconds": 60}}
    answer = invoke("UPDATE", model | change, model)
    assert answer["errorCode"] == "NotUpdatable"
    properties = "RoleArn, StoppingCondition"
    assert answer["message"] == f"{properties}: can't be updated in place; a change requires replacement."
    assert "AddTags" not in wire.operations
