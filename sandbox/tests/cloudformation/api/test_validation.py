"""Pre-deployment validation: property errors and name conflicts stop an operation before a handler is called."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cfn_sandbox.account.account import Account
from cfn_sandbox.cloudformation.stacks import space
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.cloudformation.stacks.boxes import BOX, SCHEMA, Boxes

Client = Any  # boto3 creates client classes at run time
JSON = dict[str, Any]

PROPERTY = "AWS::EarlyValidation::PropertyValidation"
EXISTENCE = "AWS::EarlyValidation::ResourceExistenceCheck"
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Yield an account that serves CloudFormation."""
    with Account(region="eu-west-1", tested=False) as account:
        yield account


@pytest.fixture
def boxes(account: Account) -> Iterator[Boxes]:
    """Yield the handlers of a registered type, in an emptied account."""
    account.reset()
    boxes = Boxes()
    catalogue.add_type(account.account_id, account.region, RegisteredType(SCHEMA, boxes.invoke))
    yield boxes
    catalogue.remove_type(account.account_id, account.region, BOX)


@pytest.fixture
def client(account: Account, boxes: Boxes) -> Client:  # noqa: ARG001 - templates use the type
    """Return a client of the account."""
    return account.client("cloudformation")


def template(parameter: JSON, **resources: JSON) -> str:
    """Return a template of a box, and of a parameter that comes after it."""
    body = {"Type": "AWS::SSM::Parameter", "Properties": parameter, "DependsOn": "Box"}
    return json.dumps({"Resources": {"Box": {"Type": BOX}, "Parameter": body, **resources}})


def errors(client: Client, **asked: str) -> list[tuple[str, str, str, str]]:
    """Return the validation errors: resource, validation, reason and path."""
    events = client.describe_events(**asked, Filters={"FailedEvents": True})["OperationEvents"]
    return [
        (
            event["LogicalResourceId"],
            event["ValidationName"],
            event["ValidationStatusReason"],
            event["ValidationPath"],
        )
        for event in events
        if event["EventType"] == "VALIDATION_ERROR"
    ]


def test_property_errors_fail_a_change_set(client: Client) -> None:
    """All property errors are in the events of the change set's operation, one event for each.

    That a resource has several: the CDK client's report of them (aws/aws-cdk-cli pull request 1463).
    """
    wrong = {"Type": "Number", "Value": {"a": "b"}, "Colour": "red"}
    made = client.create_change_set(
        StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template(wrong)
    )
    described = client.describe_change_set(ChangeSetName=made["Id"])
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"] == (
        f"The following hook(s)/validation failed: [{PROPERTY}]. "
        "To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
    )
    found = errors(client, ChangeSetName=made["Id"])
    assert {(resource, name) for resource, name, _, _ in found} == {("Parameter", "PROPERTY_VALIDATION")}
    places = {reason: path for _, _, reason, path in found}
    assert len(places) == len(found)
    assert places["#/Value: expected type: String, found: JSONObject"] == "/Resources/Parameter/Properties/Value"
    assert places["#: extraneous key [Colour] is not permitted"] == "/Resources/Parameter/Properties"


def test_a_property_error_names_its_place(client: Client) -> None:
    """Each error has a separate event, whose path leads to the value: as in "Validate stack deployments"."""
    queue = {"Queue": "arn:aws:sqs:eu-west-1:123456789012:q"}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"NotificationConfiguration": {"QueueConfigurations": [queue]}}}
    body = json.dumps({"Resources": {"NotificationBucket": bucket}})
    made = client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body)
    place = "/NotificationConfiguration/QueueConfigurations/0"
    reason, path = f"#{place}: required key [Event] not found", f"/Resources/NotificationBucket/Properties{place}"
    assert errors(client, ChangeSetName=made["Id"]) == [("NotificationBucket", "PROPERTY_VALIDATION", reason, path)]


def events_of(client: Client) -> list[tuple[str, str, str | None]]:
    """Return the events of the stack s, oldest first: their type, status and reason."""
    return [
        (
            event["EventType"],
            str(event.get("ResourceStatus", event.get("OperationStatus", event.get("ValidationStatus")))),
            event.get("ResourceStatusReason", event.get("ValidationStatusReason")),
        )
        for event in reversed(client.describe_events(StackName="s")["OperationEvents"])
    ]


SUMMARY = (
    "Validation failed with {} error(s). Call DescribeEvents to retrieve the full list of issues with resource and"
    " property details, resolve each error, then retry the operation."
)
DETECTED = "Validation failure detected. See the operation's FAILED event for details."


def test_property_errors_stop_a_stack(client: Client, boxes: Boxes) -> None:
    """A stack fails before a handler is called: it has the event of the failure, its resources have none.

    Source: a recording of AWS of 2026-09-30, function_resource_policy_validation.json in
    testdata/aws/cloudformation of radkawar/stackd; there, the error is a conflict of names.
    """
    wrong = {"Type": "String", "Value": {"a": "b"}, "Colour": "red"}
    client.create_stack(StackName="s", TemplateBody=template(wrong), ClientRequestToken="t")
    (stack,) = client.describe_stacks(StackName="s")["Stacks"]
    assert (stack["StackStatus"], boxes.calls) == ("ROLLBACK_COMPLETE", [])
    assert events_of(client) == [
        ("STACK_EVENT", "IN_PROGRESS", None),
        ("PROGRESS", "CREATE_IN_PROGRESS", "User Initiated"),
        ("VALIDATION_ERROR", "FAILED", "#: extraneous key [Colour] is not permitted"),
        ("VALIDATION_ERROR", "FAILED", "#/Value: expected type: String, found: JSONObject"),
        ("PROVISIONING_ERROR", "CREATE_FAILED", SUMMARY.format(2)),
        ("STACK_EVENT", "FAILED", None),
        ("STACK_EVENT", "IN_PROGRESS", None),
        ("PROGRESS", "ROLLBACK_IN_PROGRESS", DETECTED),
        ("PROGRESS", "ROLLBACK_COMPLETE", None),
        ("STACK_EVENT", "SUCCEEDED", None),
    ]
    failed, *_ = client.describe_events(StackName="s", Filters={"FailedEvents": True})["OperationEvents"][1:]
    assert (failed["LogicalResourceId"], failed["DetailedStatus"]) == ("s", "VALIDATION_FAILED")
    assert {one["LogicalResourceId"] for one in client.describe_stack_events(StackName="s")["StackEvents"]} == {"s"}


def test_property_errors_without_a_rollback(client: Client, boxes: Boxes) -> None:
    """With OnFailure DO_NOTHING, the failure is the last event; with DELETE, the deletion follows."""
    wrong = template({"Type": "String", "Value": {"a": "b"}})
    client.create_stack(StackName="s", TemplateBody=wrong, OnFailure="DO_NOTHING")
    (stack,) = client.describe_stacks(StackName="s")["Stacks"]
    assert (stack["StackStatus"], stack["StackStatusReason"]) == ("CREATE_FAILED", SUMMARY.format(1))
    assert [status for _, status, _ in events_of(client)].count("CREATE_FAILED") == 1
    made = client.create_stack(StackName="t", TemplateBody=wrong, OnFailure="DELETE")
    events = client.describe_stack_events(StackName=made["StackId"])["StackEvents"]
    assert [(one["ResourceStatus"], one.get("ResourceStatusReason")) for one in events[:3]] == [
        ("DELETE_COMPLETE", None),
        ("DELETE_IN_PROGRESS", DETECTED),
        ("CREATE_FAILED", SUMMARY.format(1)),
    ]
    assert boxes.calls == []


def test_an_update_is_validated(client: Client, boxes: Boxes) -> None:
    """An update that fails the validation changes nothing. Its events are like those of a creation."""
    client.create_stack(StackName="s", TemplateBody=template({"Type": "String", "Name": "/p", "Value": "a"}))
    boxes.calls.clear()
    client.update_stack(StackName="s", TemplateBody=template({"Type": "String", "Name": "/p", "Value": ["a"]}))
    (stack,) = client.describe_stacks(StackName="s")["Stacks"]
    assert (stack["StackStatus"], boxes.calls) == ("UPDATE_ROLLBACK_COMPLETE", [])
    found = [(status, reason) for kind, status, reason in events_of(client) if kind != "STACK_EVENT"]
    assert found[-6:] == [
        ("UPDATE_IN_PROGRESS", "User Initiated"),
        ("FAILED", "#/Value: expected type: String, found: JSONArray"),
        ("UPDATE_FAILED", SUMMARY.format(1)),
        ("UPDATE_ROLLBACK_IN_PROGRESS", DETECTED),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None),
        ("UPDATE_ROLLBACK_COMPLETE", None),
    ]


def test_disable_validation(client: Client, boxes: Boxes) -> None:
    """With DisableValidation, the resources before the wrong one are made, as without pre-deployment validation."""
    wrong = template({"Type": "String", "Value": {"a": "b"}})
    client.create_stack(StackName="s", TemplateBody=wrong, DisableValidation=True)
    assert boxes.calls == ["CREATE Box", "DELETE Box"]
    made = client.create_change_set(
        StackName="t", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=wrong, DisableValidation=True
    )
    assert client.describe_change_set(ChangeSetName=made["Id"])["Status"] == "CREATE_COMPLETE"


def test_a_name_that_is_taken(client: Client) -> None:
    """A new resource with the identifier of another stack's is a conflict. The path is as in stackd's recording."""
    good = {"Type": "String", "Name": "/taken", "Value": "a"}
    client.create_stack(StackName="s", TemplateBody=template(good))
    made = client.create_change_set(
        StackName="t", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template(good)
    )
    assert f"[{EXISTENCE}]" in client.describe_change_set(ChangeSetName=made["Id"])["StatusReason"]
    reason = "Resource of type 'AWS::SSM::Parameter' with identifier '/taken' already exists."
    assert errors(client, ChangeSetName=made["Id"]) == [
        ("Parameter", "NAME_CONFLICT_VALIDATION", reason, "/Resources/Parameter")
    ]


def test_registered_types_are_validated_on_demand(account: Account, client: Client, boxes: Boxes) -> None:
    """A registered type's properties are validated only if the sandbox was started so."""
    body = json.dumps({"Resources": {"Box": {"Type": BOX}, "Bad": {"Type": BOX, "Properties": {"Depth": 1}}}})
    asked = {"ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": body}
    made = client.create_change_set(StackName="s", **asked)
    assert client.describe_change_set(ChangeSetName=made["Id"])["Status"] == "CREATE_COMPLETE"
    found = space.find_space(account.account_id, account.region, lambda *_: pytest.fail("the space exists"))
    found.validate_registered = True
    made = client.create_change_set(StackName="t", **asked)
    assert errors(client, ChangeSetName=made["Id"])[0][2] == "#: extraneous key [Depth] is not permitted"
    assert boxes.calls == []


def test_what_is_not_known_yet_is_not_validated(account: Account, client: Client) -> None:
    """References to new resources, and dynamic references, satisfy every rule."""
    account.client("ssm").put_parameter(Name="tier", Value="Standard", Type="String")
    parameter = {
        "Type": "String",
        "Value": {"Ref": "News"},
        "Name": {"Fn::Sub": "/${News.TopicName}"},
        "Tier": "{{resolve:ssm:tier}}",
    }
    made = client.create_change_set(
        StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template(parameter, News=TOPIC)
    )
    assert client.describe_change_set(ChangeSetName=made["Id"])["Status"] == "CREATE_COMPLETE"
