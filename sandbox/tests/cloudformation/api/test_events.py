"""DescribeEvents: the events of a stack, by operation and by change set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account

Client = Any  # boto3 creates client classes at run time

GOOD = "Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: /a, Value: b}}}"
BAD = "Resources: {M: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: none}}}"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Yield an account that serves CloudFormation."""
    with Account(region="eu-west-1", tested=False) as account:
        yield account


@pytest.fixture
def client(account: Account) -> Client:
    """Return a client of the account, emptied."""
    account.reset()
    return account.client("cloudformation")


def kinds(client: Client, **asked: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - the request's members
    """Return type, operation and status of the events that are asked for, oldest first."""
    events = client.describe_events(**asked)["OperationEvents"]
    found = [
        (one["EventType"], one.get("OperationType", "-"), one.get("ResourceStatus", one.get("OperationStatus", "-")))
        for one in events
    ]
    return found[::-1]


def test_events_of_an_operation(client: Client) -> None:
    """An operation's events are found by its id, which CreateStack and DescribeStacks return.

    It has an event at its start and one at its end, which alone name its kind. Source: a recording of AWS
    of 2026-09-30, function_resource_policy_validation.json in testdata/aws/cloudformation of radkawar/stackd.
    """
    made = client.create_stack(StackName="s", TemplateBody=GOOD, ClientRequestToken="t")
    (stack,) = client.describe_stacks(StackName="s")["Stacks"]
    assert stack["LastOperations"] == [{"OperationType": "CREATE_STACK", "OperationId": made["OperationId"]}]
    expected = [
        ("STACK_EVENT", "CREATE_STACK", "IN_PROGRESS"),
        ("PROGRESS", "-", "CREATE_IN_PROGRESS"),
        ("PROGRESS", "-", "CREATE_IN_PROGRESS"),
        ("PROGRESS", "-", "CREATE_IN_PROGRESS"),
        ("PROGRESS", "-", "CREATE_COMPLETE"),
        ("PROGRESS", "-", "CREATE_COMPLETE"),
        ("STACK_EVENT", "CREATE_STACK", "SUCCEEDED"),
    ]
    assert kinds(client, OperationId=made["OperationId"]) == expected
    ended, *progress, begun = client.describe_events(OperationId=made["OperationId"])["OperationEvents"]
    assert begun["StartTime"] == begun["Timestamp"] == ended["StartTime"] <= ended["EndTime"] == ended["Timestamp"]
    assert "EndTime" not in begun
    assert [one.get("ClientRequestToken") for one in (begun, *progress, ended)] == [None, *["t"] * 5, None]
    client.update_stack(StackName="s", TemplateBody=GOOD.replace("Value: b", "Value: c"))
    assert kinds(client, OperationId=made["OperationId"]) == expected
    assert {operation for _, operation, _ in kinds(client, StackName="s")} == {"CREATE_STACK", "UPDATE_STACK", "-"}
    (stack,) = client.describe_stacks(StackName="s")["Stacks"]
    assert [one["OperationType"] for one in stack["LastOperations"]] == ["UPDATE_STACK"]


def test_failed_events(client: Client) -> None:
    """The filter leaves what failed; the rollback is an operation, too."""
    made = client.create_stack(StackName="s", TemplateBody=BAD)
    filters = {"FailedEvents": True}
    assert kinds(client, StackName="s", Filters=filters) == [
        ("PROVISIONING_ERROR", "-", "CREATE_FAILED"),
        ("STACK_EVENT", "CREATE_STACK", "FAILED"),
    ]
    events = client.describe_events(OperationId=made["OperationId"], Filters=filters)["OperationEvents"]
    assert [event.get("OperationStatus") for event in events] == ["FAILED", None]
    assert events[1]["LogicalResourceId"] == "M"
    (stack,) = client.describe_stacks(StackName="s")["Stacks"]
    assert [one["OperationType"] for one in stack["LastOperations"]] == ["ROLLBACK", "CREATE_STACK"]


def test_events_of_a_change_set(client: Client) -> None:
    """The creation of a change set is an operation; a change set is found by its ARN, or by its name and stack."""
    made = client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=GOOD)
    found = kinds(client, ChangeSetName=made["Id"])
    assert found == [
        ("STACK_EVENT", "CREATE_CHANGESET", "IN_PROGRESS"),
        ("PROGRESS", "-", "REVIEW_IN_PROGRESS"),
        ("STACK_EVENT", "CREATE_CHANGESET", "SUCCEEDED"),
    ]
    assert kinds(client, ChangeSetName="c", StackName="s") == found


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "One of ChangeSetName, OperationId or StackName must be specified"),
        ({"ChangeSetName": "c"}, "One of ChangeSetName, OperationId or StackName must be specified"),
        ({"OperationId": "none"}, "Operation [none] does not exist"),
        ({"StackName": "none"}, "Stack [none] does not exist"),
    ],
)
def test_what_is_not_there(client: Client, asked: dict[str, str], message: str) -> None:
    """A request for nothing, or for what doesn't exist, is refused."""
    with pytest.raises(ClientError) as refused:
        client.describe_events(**asked)
    assert refused.value.response["Error"]["Message"] == message
