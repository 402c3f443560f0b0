"""What AWS answers to sequences of calls.

Source: recordings of AWS of September 2026 in testdata/aws/cloudformation of radkawar/stackd: noecho_scope,
noecho_expressions, noecho_conditions, noecho_history, lifecycle and changeset_name_reuse.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account

Client = Any  # boto3 creates client classes at run time
JSON = dict[str, Any]

LIST = {"Type": "CommaDelimitedList", "NoEcho": True}
PARAMETERS = {"Secret": {"Type": "String", "NoEcho": True}, "Items": LIST}
VALUES = {"Secret": "swordfish", "Items": "one,two"}
BRANCH = {"Fn::If": ["Chosen", {"Fn::Sub": "selected-${Secret}"}, "other"]}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Yield an account that serves CloudFormation."""
    with Account(region="us-east-1", tested=False) as account:
        yield account


@pytest.fixture
def client(account: Account) -> Client:
    """Return a client of the account, emptied."""
    account.reset()
    return account.client("cloudformation")


def tagged(tags: dict[str, Any], **properties: Any) -> JSON:  # noqa: ANN401 - the template's values
    """Return a queue with tags."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"Type": "AWS::SQS::Queue", "Properties": {**properties, "Tags": listed}}


@pytest.mark.parametrize(
    ("queue", "shown"),
    [
        (tagged({"direct": {"Ref": "Secret"}}, VisibilityTimeout=17), {"VisibilityTimeout": "17", "direct": "****"}),
        (tagged({"sub": {"Fn::Sub": "before-${Secret}-after"}}), {"sub": "before-****-after"}),
        (tagged({"join": {"Fn::Join": ["/", ["left", {"Ref": "Secret"}, "right"]]}}), {"join": "left/****/right"}),
        (tagged({"base64": {"Fn::Base64": {"Ref": "Secret"}}}), {"base64": "KioqKg=="}),
        (tagged({"same": "swordfish", "sub": {"Ref": "Secret"}}), {"same": "swordfish", "sub": "****"}),
        (tagged({"branch": BRANCH}), {"branch": "selected-****"}),
        (tagged({"first": {"Fn::Select": [0, {"Ref": "Items"}]}}), {"first": "****"}),
        (tagged({"joined": {"Fn::Join": ["-", {"Ref": "Items"}]}}), {"joined": "****"}),
        (tagged({"second": {"Fn::Select": [1, {"Ref": "Items"}]}}, DelaySeconds=1), {"****": "****"}),
    ],
)
def test_events_show_what_a_masked_parameter_gives(client: Client, queue: JSON, shown: JSON) -> None:
    """In events, a NoEcho parameter is ****, but not in conditions. What can't be evaluated so is masked as a whole."""
    body = {
        "Parameters": PARAMETERS,
        "Conditions": {"Chosen": {"Fn::Equals": [{"Ref": "Secret"}, "swordfish"]}},
        "Resources": {"Queue": queue},
    }
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in VALUES.items()]
    client.create_stack(StackName="s", TemplateBody=json.dumps(body), Parameters=given)
    events = client.describe_stack_events(StackName="s")["StackEvents"]
    (found,) = {event["ResourceProperties"] for event in events if "ResourceProperties" in event}
    properties = json.loads(found)
    assert properties | {one["Key"]: one["Value"] for one in properties.pop("Tags", [])} == shown


def queues(**delays: int) -> str:
    """Return a template of queues, by the seconds that their messages are delayed."""
    made = {
        key: {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": seconds}} for key, seconds in delays.items()
    }
    return json.dumps({"Resources": made})


def refusal(call: Any, **given: str) -> tuple[str, str]:  # noqa: ANN401 - a method of a client
    """Return the code and the message of a refusal."""
    with pytest.raises(ClientError) as refused:
        call(**given)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_resources_are_listed_by_name(client: Client) -> None:
    """Resources are in the order of their names, not in the template's; DescribeStacks has a DeploymentConfig."""
    client.create_stack(StackName="s", TemplateBody=queues(Sensitive=1, Public=2, Literal=3))
    described = client.describe_stack_resources(StackName="s")["StackResources"]
    listed = client.list_stack_resources(StackName="s")["StackResourceSummaries"]
    for found in (described, listed):
        assert [one["LogicalResourceId"] for one in found] == ["Literal", "Public", "Sensitive"]
    (stack,) = client.describe_stacks(StackName="s")["Stacks"]
    assert stack["DeploymentConfig"] == {"Mode": "STANDARD", "DisableRollback": False}


def test_a_token_makes_one_request(client: Client) -> None:
    """Another request with the token of an earlier one is refused."""
    client.create_stack(StackName="s", TemplateBody=queues(A=1), ClientRequestToken="t")
    assert refusal(client.create_stack, StackName="s", TemplateBody=queues(A=2), ClientRequestToken="t") == (
        "TokenAlreadyExistsException",
        "The client request token t has already been used for this stack."
        " Retry the request with a different client request token",
    )


def test_the_name_of_an_executed_change_set(client: Client) -> None:
    """An executed change set keeps its ARN and can't be deleted; its name is free."""
    asked = {"StackName": "s", "ChangeSetName": "c"}
    made = client.create_change_set(**asked, ChangeSetType="CREATE", TemplateBody=queues(A=0))["Id"]
    client.execute_change_set(ChangeSetName=made)
    assert refusal(client.describe_change_set, **asked) == ("ChangeSetNotFound", "ChangeSet [c] does not exist")
    assert client.list_change_sets(StackName="s")["Summaries"] == []
    client.delete_change_set(**asked)
    described = client.describe_change_set(ChangeSetName=made)
    assert (described["ExecutionStatus"], described["Status"]) == ("EXECUTE_COMPLETE", "CREATE_COMPLETE")
    assert described["DeploymentConfig"] == {"Mode": "STANDARD", "DisableRollback": False}
    assert refusal(client.delete_change_set, StackName="s", ChangeSetName=made) == (
        "InvalidChangeSetStatus",
        "Cannot delete ChangeSet in execution status EXECUTE_COMPLETE",
    )
    again = client.create_change_set(**asked, TemplateBody=queues(A=1))["Id"]
    assert client.describe_change_set(**asked)["ChangeSetId"] == again
    assert client.describe_change_set(ChangeSetName=made)["ChangeSetId"] == made
    client.delete_change_set(ChangeSetName=again)
