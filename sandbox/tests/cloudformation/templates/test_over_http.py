"""Templates as clients see them: what is refused at once, and what fails a change set."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account

PARAMETER = "{Type: AWS::SSM::Parameter, Properties: {Type: String, Name: %s, Value: %s}}"


@pytest.fixture(scope="module")
def served() -> Iterator[Account]:
    """Yield an account that serves CloudFormation."""
    with Account(region="eu-west-1", tested=False) as account:
        yield account


@pytest.fixture
def account(served: Account) -> Account:
    """Return the account, emptied."""
    served.reset()
    return served


def change_set(account: Account, stack: str, body: str) -> dict[str, Any]:
    """Make a change set for a new stack, and return its description."""
    client = account.client("cloudformation")
    names = {"StackName": stack, "ChangeSetName": "change"}
    client.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=body)
    described: dict[str, Any] = client.describe_change_set(**names, IncludePropertyValues=True)
    return described


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (
            PARAMETER % ("a", "!GetAtt A"),
            "every Fn::GetAtt object requires two non-empty parameters, the resource name",
        ),
        (PARAMETER % ("a", "!Select [1, !Split [x, y]]"), "Fn::Select  cannot select nonexistent value at index 1"),
        ("{Type: A::B::C}", "Unrecognized resource types: [A::B::C]"),
        ("{'Fn::Transform': {Name: Upper}}", "No transform named 123456789012::Upper found."),
    ],
)
def test_what_a_macro_makes_fails_the_change_set(account: Account, resource: str, reason: str) -> None:
    """What a macro makes is checked after the request: a change set is made, and FAILED with the reason."""
    described = change_set(account, "macro", f"Transform: AWS::LanguageExtensions\nResources: {{A: {resource}}}")
    assert described["Status"] == "FAILED"
    assert reason in described["StatusReason"]


def test_the_same_without_a_macro_is_refused(account: Account) -> None:
    """Without a macro, a request for the same template is refused at once."""
    with pytest.raises(ClientError, match="Fn::Select  cannot select nonexistent value at index 1"):
        change_set(account, "plain", f"Resources: {{A: {PARAMETER % ('a', '!Select [1, !Split [x, y]]')}}}")


DIRECTORY = "AWS::DirectoryService::SimpleAD"


@pytest.fixture
def received(account: Account) -> list[tuple[str, dict[str, Any]]]:
    """Return what the handlers of a type get, whose Password is one of the properties that take secure strings."""
    events: list[tuple[str, dict[str, Any]]] = []
    texts = ("Id", "Name", "Password", "Note")
    schema = {
        "typeName": DIRECTORY,
        "properties": {name: {"type": "string"} for name in texts},
        "readOnlyProperties": ["/properties/Id"],
        "primaryIdentifier": ["/properties/Id"],
        "additionalProperties": False,
    }

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        model = event["requestData"]["resourceProperties"]
        events.append((event["action"], model))
        return {"status": "SUCCESS", "resourceModel": model | {"Id": "directory-1"}}

    account.registry.add(schema, invoke)
    return events


def directory(**properties: str) -> str:
    """Return a template of one directory."""
    return json.dumps({"Resources": {"Users": {"Type": DIRECTORY, "Properties": properties}}})


def test_dynamic_references(account: Account, received: list[tuple[str, dict[str, Any]]]) -> None:
    """Change sets, events and the template show references as written; the handler alone gets what is stored."""
    ssm, client = account.client("ssm"), account.client("cloudformation")
    ssm.put_parameter(Name="/toys/name", Value="bear", Type="String")
    ssm.put_parameter(Name="/toys/password", Value="hunter-2", Type="SecureString")
    account.client("secretsmanager").create_secret(Name="toys", SecretString='{"note": "honey"}')
    references = {
        "Name": "a {{resolve:ssm:/toys/name:1}}",
        "Password": "{{resolve:ssm-secure:/toys/password:1}}",
        "Note": "{{resolve:secretsmanager:toys:SecretString:note}}",
    }
    (change,) = change_set(account, "dynamic", directory(**references))["Changes"]
    assert json.loads(change["ResourceChange"]["AfterContext"]) == {"Properties": references}
    assert received == []
    client.execute_change_set(StackName="dynamic", ChangeSetName="change")
    stored = {"Name": "a bear", "Password": "hunter-2", "Note": "honey"}
    assert received == [("CREATE", stored)]
    events = client.describe_stack_events(StackName="dynamic")["StackEvents"]
    shown = [event["ResourceProperties"] for event in events if event["LogicalResourceId"] == "Users"]
    assert {*shown} == {json.dumps(references)}
    assert client.get_template(StackName="dynamic")["TemplateBody"]["Resources"]["Users"]["Properties"] == references


def test_a_reference_to_a_new_version_updates_the_resource(
    account: Account, received: list[tuple[str, dict[str, Any]]]
) -> None:
    """The reference's text decides whether a resource is updated; a handler gets both states resolved.

    UpdateStack takes the same template again if it has a dynamic reference, but not with UsePreviousTemplate (measured
    against AWS for ministackorg/ministack pull request 1639).
    """
    ssm, client = account.client("ssm"), account.client("cloudformation")
    ssm.put_parameter(Name="/toys/name", Value="bear", Type="String")
    client.create_stack(StackName="dynamic", TemplateBody=directory(Name="{{resolve:ssm:/toys/name:1}}"))
    ssm.put_parameter(Name="/toys/name", Value="wolf", Type="String", Overwrite=True)
    with pytest.raises(ClientError, match="No updates are to be performed"):
        client.update_stack(StackName="dynamic", UsePreviousTemplate=True)
    client.update_stack(StackName="dynamic", TemplateBody=directory(Name="{{resolve:ssm:/toys/name:1}}"))
    assert client.describe_stacks(StackName="dynamic")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"
    assert [action for action, _ in received] == ["CREATE"]
    client.update_stack(StackName="dynamic", TemplateBody=directory(Name="{{resolve:ssm:/toys/name:2}}"))
    assert received[1:] == [("UPDATE", {"Name": "wolf", "Id": "directory-1"})]


def test_secrets_that_do_not_exist(account: Account, received: list[tuple[str, dict[str, Any]]]) -> None:
    """A missing plain parameter refuses the request; a missing secret fails its resource, before the handler."""
    client = account.client("cloudformation")
    with pytest.raises(ClientError, match=re.escape("Parameters: [ssm:/none] cannot be found.")):
        client.create_stack(StackName="none", TemplateBody=directory(Name="{{resolve:ssm:/none}}"))
    with pytest.raises(ClientError, match=re.escape(f"not supported in: [{DIRECTORY}/Properties/Note]")):
        client.create_stack(StackName="none", TemplateBody=directory(Note="{{resolve:ssm-secure:/none:1}}"))
    for name, text in (("Note", "secretsmanager:none"), ("Password", "ssm-secure:/none:1")):
        client.create_stack(StackName=name, TemplateBody=directory(**{name: f"{{{{resolve:{text}}}}}"}))
        reasons = [
            event.get("ResourceStatusReason", "")
            for event in client.describe_stack_events(StackName=name)["StackEvents"]
            if event["ResourceStatus"] == "CREATE_FAILED"
        ]
        assert len(reasons) == 1
        assert ("find the specified secret" if name == "Note" else "cannot be found") in reasons[0]
    assert received == []


RULED = """
Parameters:
  Stage: {Type: String, Default: test}
  Size: {Type: String, Default: small}
Rules:
  Production:
    RuleCondition: !Equals [!Ref Stage, prod]
    Assertions:
      - {Assert: !Contains [[medium, large], !Ref Size], AssertDescription: Production needs medium or large}
Resources:
  A: {Type: AWS::CloudFormation::WaitConditionHandle}
Outputs:
  Size: {Value: !Ref Size}
"""


@pytest.mark.parametrize("way", ["create", "update", "change set"])
def test_a_rule_that_does_not_hold(account: Account, way: str) -> None:
    """A false assertion refuses each kind of request with its description; nothing is made or changed."""
    client = account.client("cloudformation")
    wrong = [{"ParameterKey": "Stage", "ParameterValue": "prod"}]
    right = [*wrong, {"ParameterKey": "Size", "ParameterValue": "large"}]
    given = {"StackName": "ruled", "TemplateBody": RULED}
    requests = {
        "create": client.create_stack,
        "update": client.update_stack,
        "change set": partial(client.create_change_set, ChangeSetName="change", ChangeSetType="CREATE"),
    }
    if way == "update":
        client.create_stack(**given)
    with pytest.raises(ClientError, match="Production needs medium or large") as refused:
        requests[way](**given, Parameters=wrong)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    names = [stack["StackName"] for stack in client.describe_stacks()["Stacks"]]
    assert names == (["ruled"] if way == "update" else [])
    requests[way](**given, Parameters=right)
    (stack,) = client.describe_stacks(StackName="ruled")["Stacks"]
    expected = {"create": "CREATE_COMPLETE", "update": "UPDATE_COMPLETE", "change set": "REVIEW_IN_PROGRESS"}
    assert stack["StackStatus"] == expected[way]
