"""What AWS answers about stacks and their resources.

Source: LocalStack's recordings of AWS in tests/aws/services/cloudformation: api/test_stacks, test_resources,
test_templates, test_update_stack and engine/test_deletion_policy, test_update_policy, test_replacement (2022 to 2026).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.toys import ACCOUNT, REGION, SCHEMA, TOY, Client, Toys, failure

PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}
SECRET = f"""
Parameters: {{Secret: {{Type: String, NoEcho: true}}}}
Resources:
  Kite: {{Type: {TOY}, Properties: {{Name: kite, Colour: !Ref Secret}}, Metadata: {{Note: !Ref Secret}}}}
"""


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Yield an account that serves CloudFormation."""
    with Account(region=REGION, tested=False) as account:
        yield account


@pytest.fixture
def client(account: Account) -> Client:
    """Return a client of the account, emptied."""
    account.reset()
    return account.client("cloudformation")


@pytest.fixture
def toys(client: Client) -> Toys:  # noqa: ARG001 - the fixture empties the account
    """Return the in-memory toy type, registered for one test."""
    handlers = Toys()
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, handlers.invoke, wait=handlers.waits.append))
    return handlers


def body(**resources: Any) -> str:  # noqa: ANN401 - resources of a template
    """Return a template."""
    return json.dumps({"Resources": resources})


def given(**parameters: str) -> list[dict[str, str]]:
    """Return a request's Parameters."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]


def change(client: Client, template: str, kind: str = "UPDATE", **request: Any) -> str:  # noqa: ANN401 - the request
    """Make and execute a change set of the stack `s`; return the stack's id."""
    made = client.create_change_set(
        StackName="s", ChangeSetName="c", ChangeSetType=kind, TemplateBody=template, **request
    )
    client.execute_change_set(ChangeSetName=made["Id"])
    stack_id: str = made["StackId"]
    return stack_id


def described(client: Client, name: str = "s") -> dict[str, Any]:
    """Return a stack's description."""
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    assert isinstance(stack, dict)
    return stack


def events(client: Client, stack_id: str) -> list[tuple[str, str]]:
    """Return the logical id and the status of a stack's events, oldest first; a repeated status once."""
    found = client.describe_stack_events(StackName=stack_id)["StackEvents"][::-1]
    pairs = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in found]
    return [pair for before, pair in zip([None, *pairs], pairs, strict=False) if pair != before]


def refusal(call: Any, **request: Any) -> str:  # noqa: ANN401 - a client's method, and its parameters
    """Return the message of a call that is refused with a ValidationError."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationError"
    message: str = error["Message"]
    return message


def test_what_an_update_without_change_set_leaves(client: Client) -> None:
    """UpdateStack takes away the change set's id, and keeps the capabilities that the request doesn't name."""
    change(client, body(A=PARAMETER), "CREATE", Capabilities=["CAPABILITY_IAM"])
    assert "ChangeSetId" in described(client)
    client.update_stack(StackName="s", TemplateBody=body(B=PARAMETER))
    stack = described(client)
    assert ("ChangeSetId" in stack, stack["Capabilities"]) == (False, ["CAPABILITY_IAM"])
    change(client, body(A=PARAMETER))
    stack = described(client)
    assert ("ChangeSetId" in stack, "Capabilities" in stack) == (True, False)
    iam = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    client.update_stack(StackName="s", TemplateBody=body(B=PARAMETER), Capabilities=["CAPABILITY_IAM"])
    with pytest.raises(ClientError, match="InsufficientCapabilities"):
        client.update_stack(StackName="s", TemplateBody=body(Role=iam))


def test_a_stack_that_can_not_be_deleted(client: Client, toys: Toys) -> None:
    """A rollback that deletes what was made has a DeletionTime, and so has a deletion that fails."""
    no = failure("InvalidRequest", "no")
    toys.answers = [failure("InvalidRequest", "bad", {"Id": "toy-7", "Name": "b"}), no, no]
    template = body(B={"Type": TOY, "Properties": {"Name": "b"}})
    stack_id = client.create_stack(StackName="s", TemplateBody=template)["StackId"]
    for status in ("ROLLBACK_FAILED", "DELETE_FAILED"):
        stack = described(client)
        assert stack["StackStatus"] == status
        assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [B]. "
        assert {"DeletionTime", "EnableTerminationProtection"} <= stack.keys()
        client.delete_stack(StackName="s", RetainResources=["B"] if status == "DELETE_FAILED" else [])
    stack = described(client, stack_id)
    assert stack["StackStatus"] == "DELETE_COMPLETE"
    assert not {"StackStatusReason", "EnableTerminationProtection"} & stack.keys()
    assert events(client, stack_id) == [
        *[("s", "CREATE_IN_PROGRESS"), ("B", "CREATE_IN_PROGRESS"), ("B", "CREATE_FAILED")],
        *[("s", "ROLLBACK_IN_PROGRESS"), ("B", "DELETE_IN_PROGRESS"), ("B", "DELETE_FAILED"), ("s", "ROLLBACK_FAILED")],
        *[("s", "DELETE_IN_PROGRESS"), ("B", "DELETE_IN_PROGRESS"), ("B", "DELETE_FAILED"), ("s", "DELETE_FAILED")],
        *[("s", "DELETE_IN_PROGRESS"), ("B", "DELETE_SKIPPED"), ("s", "DELETE_COMPLETE")],
    ]


def test_a_resource_that_failed_to_be_created(client: Client, toys: Toys) -> None:
    """After the rollback DescribeStackResource doesn't find it, and the stack shows when its deletion began."""
    toys.answers = [failure("InvalidRequest", "bad")]
    client.create_stack(StackName="s", TemplateBody=body(A={"Type": TOY, "Properties": {"Name": "b"}}))
    stack = described(client)
    assert (stack["StackStatus"], "DeletionTime" in stack) == ("ROLLBACK_COMPLETE", True)
    message = refusal(client.describe_stack_resource, StackName="s", LogicalResourceId="A")
    assert message == "Resource A does not exist for stack s"


def test_a_resource_that_an_update_removed(client: Client) -> None:
    """DescribeStackResource doesn't find it. One without Metadata has an empty object."""
    change(client, body(A=PARAMETER), "CREATE")
    change(client, body(B=PARAMETER))
    message = refusal(client.describe_stack_resource, StackName="s", LogicalResourceId="A")
    assert message == "Resource A does not exist for stack s"
    detail = client.describe_stack_resource(StackName="s", LogicalResourceId="B")["StackResourceDetail"]
    assert (detail["ResourceStatus"], detail["Metadata"]) == ("CREATE_COMPLETE", "{}")


def test_ids_of_events(client: Client) -> None:
    """A resource's event has its logical id, its status and its time; what an update deletes, and the stack, a UUID."""
    change(client, body(A=PARAMETER), "CREATE")
    change(client, body(B=PARAMETER))
    for event in client.describe_stack_events(StackName="s")["StackEvents"]:
        time = f"{event['Timestamp']:%Y-%m-%dT%H:%M:%S}.{event['Timestamp'].microsecond // 1000:03}Z"
        logical_id, status = event["LogicalResourceId"], event["ResourceStatus"]
        if logical_id == "s":
            assert re.fullmatch("[0-9a-f-]{36}", event["EventId"])
        elif status.startswith("DELETE"):
            assert re.fullmatch("A-[0-9a-f-]{36}", event["EventId"])
        else:
            assert event["EventId"] == f"{logical_id}-{status}-{time}"


def test_what_is_refused_in_aws_s_words(client: Client) -> None:
    """Wrong names, types and places of templates are refused."""
    template = {"TemplateBody": body(A=PARAMETER)}
    change_set = {"ChangeSetName": "c", "ChangeSetType": "CREATE"}
    assert refusal(client.create_change_set, StackName="*@1_$", **change_set, **template) == (
        "1 validation error detected: Value '*@1_$' at 'stackName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"
    )
    assert refusal(client.get_template, ChangeSetName="c") == "StackName is a required parameter."
    assert refusal(client.create_stack, StackName="s", ResourceTypes=["AWS::EC2:*", "AWS::S3::*"], **template) == (
        "Resource type AWS::SSM::Parameter is not allowed by parameter ResourceTypes [AWS::EC2:*, AWS::S3::*]"
    )
    for url, message in (
        ("s3://box/t.yml", "S3 error: Domain name specified in box is not a valid S3 domain"),
        ("https://example.com/t.yml", "TemplateURL must be a supported URL."),
        ("t.yml", "TemplateURL must be a supported URL."),
    ):
        for call in (client.create_stack, client.get_template_summary, client.validate_template):
            named = {"StackName": "s"} if call == client.create_stack else {}
            assert refusal(call, TemplateURL=url, **named) == message
    assert client.describe_stacks()["Stacks"] == []


def test_metadata_that_rests_on_a_parameter(client: Client, toys: Toys) -> None:  # noqa: ARG001 - registers the type
    """A change set shows it as a change with the parameter as its cause; references come before direct changes."""
    change(client, SECRET, "CREATE", Parameters=given(Secret="one"))
    made = client.create_change_set(
        StackName="s", ChangeSetName="c", TemplateBody=SECRET, Parameters=given(Secret="two")
    )
    (found,) = client.describe_change_set(ChangeSetName=made["Id"])["Changes"]
    change_of = found["ResourceChange"]
    assert (change_of["Scope"], change_of["Replacement"]) == (["Metadata", "Properties"], "False")
    of_metadata = {"Attribute": "Metadata", "RequiresRecreation": "Never"}
    of_property = {"Attribute": "Properties", "Name": "Colour", "RequiresRecreation": "Never"}
    by_reference = {"ChangeSource": "ParameterReference", "CausingEntity": "Secret", "Evaluation": "Static"}
    direct = {"ChangeSource": "DirectModification", "Evaluation": "Dynamic"}
    assert change_of["Details"] == [
        {"Target": target} | cause for cause in (by_reference, direct) for target in (of_metadata, of_property)
    ]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [("${A} one", "${A} two", ["Metadata"]), ("${A} one", "${A} one", []), ("one", "${Kind}", [])],
)
def test_metadata_that_is_written_otherwise(client: Client, before: str, after: str, shown: list[str]) -> None:
    """Metadata that rests on a resource is a change if it is written otherwise, and what is equal in value is none."""
    bodies = [
        json.dumps(
            {
                "Parameters": {"Kind": {"Type": "String", "Default": "one"}},
                "Resources": {"A": PARAMETER, "B": PARAMETER | {"Metadata": {"Note": {"Fn::Sub": note}}}},
                "Outputs": {"Note": {"Value": version}},
            }
        )
        for note, version in ((before, "1"), (after, "2"))
    ]
    change(client, bodies[0], "CREATE")
    made = client.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=bodies[1])
    found = client.describe_change_set(ChangeSetName=made["Id"])["Changes"]
    assert [scope for one in found for scope in one["ResourceChange"]["Scope"]] == shown


@pytest.mark.parametrize(("kind", "last"), [("prod", "DELETE_SKIPPED"), ("dev", "DELETE_COMPLETE")])
def test_a_deletion_policy_with_a_function(client: Client, account: Account, kind: str, last: str) -> None:
    """DeletionPolicy may have a function, without AWS::LanguageExtensions."""
    template = """
    Parameters: {Kind: {Type: String}}
    Conditions: {Lasting: !Equals [!Ref Kind, prod]}
    Resources:
      A:
        Type: AWS::SSM::Parameter
        DeletionPolicy: !If [Lasting, Retain, Delete]
        Properties: {Type: String, Value: v}
    Outputs: {Name: {Value: !Ref A}}
    """
    stack_id = change(client, template, "CREATE", Parameters=given(Kind=kind))
    name = described(client)["Outputs"][0]["OutputValue"]
    client.delete_stack(StackName="s")
    assert [pair for pair in events(client, stack_id) if pair[1].startswith("DELETE")][-2] == ("A", last)
    found = account.client("ssm").get_parameters(Names=[name])["Parameters"]
    assert len(found) == (last == "DELETE_SKIPPED")


@pytest.mark.parametrize(("policy", "kept"), [("Retain", True), ("Delete", False)])
def test_an_update_replace_policy_with_a_function(client: Client, account: Account, policy: str, *, kept: bool) -> None:
    """UpdateReplacePolicy may have a function: what is replaced is kept or deleted after the update."""
    template = """
    Parameters: {Name: {Type: String}, Policy: {Type: String}}
    Resources:
      A:
        Type: AWS::SSM::Parameter
        UpdateReplacePolicy: !Ref Policy
        Properties: {Name: !Ref Name, Type: String, Value: v}
    """
    stack_id = change(client, template, "CREATE", Parameters=given(Name="one", Policy=policy))
    change(client, template, Parameters=given(Name="two", Policy=policy))
    of_resource = [status for name, status in events(client, stack_id) if name == "A"]
    end = ["DELETE_SKIPPED"] if kept else ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert of_resource == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", *end]
    found = account.client("ssm").get_parameters(Names=["one", "two"])["Parameters"]
    assert {one["Name"] for one in found} == ({"one", "two"} if kept else {"two"})


def test_a_policy_with_a_function_has_a_known_value(client: Client) -> None:
    """Its value must be one of the policies, and no resource's. These two refusals are in words of ours."""
    for value, words in (
        ("Policy", "Unrecognized DeletionPolicy Keep for resource A"),
        ("B", "Unresolved dependencies [B]. Cannot reference resources in the DeletionPolicy block of the template"),
    ):
        resources = {"A": PARAMETER | {"DeletionPolicy": {"Ref": value}}, "B": PARAMETER}
        template = json.dumps({"Parameters": {"Policy": {"Type": "String"}}, "Resources": resources})
        message = refusal(client.create_stack, StackName="s", TemplateBody=template, Parameters=given(Policy="Keep"))
        assert message == f"Template format error: {words}"
