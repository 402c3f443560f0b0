"""Templates as clients see them: what is refused at once, and what fails a change set."""

from collections.abc import Iterator
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
        (PARAMETER % ("a", "!Select [1, [a]]"), "Fn::Select cannot select nonexistent value at index 1"),
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
    with pytest.raises(ClientError, match="Fn::Select cannot select nonexistent value at index 1"):
        change_set(account, "plain", f"Resources: {{A: {PARAMETER % ('a', '!Select [1, [a]]')}}}")


def test_a_dynamic_reference(account: Account) -> None:
    """A change set shows a dynamic reference as it is written, and its text reaches the resource resolved."""
    account.client("ssm").put_parameter(Name="/toys/name", Value="bear", Type="String")
    body = f"Resources: {{A: {PARAMETER % ('copy', chr(39) + 'a {{resolve:ssm:/toys/name}}' + chr(39))}}}"
    (change,) = change_set(account, "dynamic", body)["Changes"]
    assert "a {{resolve:ssm:/toys/name}}" in change["ResourceChange"]["AfterContext"]
    client = account.client("cloudformation")
    client.execute_change_set(StackName="dynamic", ChangeSetName="change")
    client.get_waiter("stack_create_complete").wait(StackName="dynamic", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert account.client("ssm").get_parameter(Name="copy")["Parameter"]["Value"] == "a bear"
