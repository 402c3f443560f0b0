"""The members that answers about stacks and change sets have, and those that they leave out.

Source: LocalStack's recordings of AWS in tests/aws/services/cloudformation, test_change_sets.snapshot.json (August
2025), test_change_set_mappings.snapshot.json (February 2026), test_change_set_ref.snapshot.json (events of an update)
and api/test_changesets.snapshot.json (November 2023). DeploymentConfig is newer: lifecycle.json and
changeset_name_reuse.json in testdata/aws/cloudformation of radkawar/stackd (September 2026).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cfn_sandbox.account.account import Account

Client = Any  # boto3 creates client classes at run time

PLAIN = "Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: /a, Value: b}}}"
FULL = f"{PLAIN}\nParameters: {{Key: {{Type: String}}}}\nOutputs: {{Name: {{Value: !Ref P, Export: {{Name: n}}}}}}"
GIVEN: dict[str, Any] = {
    "Parameters": [{"ParameterKey": "Key", "ParameterValue": "v"}],
    "Capabilities": ["CAPABILITY_IAM"],
    "Tags": [{"Key": "k", "Value": "v"}],
}

IN_REVIEW = {
    *("StackId", "StackName", "CreationTime", "StackStatus", "DriftInformation", "LastOperations"),
    *("RollbackConfiguration", "DisableRollback", "NotificationARNs", "Tags", "EnableTerminationProtection"),
    "DeploymentConfig",
}
DELETED = IN_REVIEW - {"EnableTerminationProtection"} | {"LastUpdatedTime", "DeletionTime"}
CHANGE_SET = {
    *("ChangeSetId", "ChangeSetName", "StackId", "StackName", "CreationTime", "Status", "ExecutionStatus"),
    *("Changes", "Capabilities", "NotificationARNs", "RollbackConfiguration", "IncludeNestedStacks"),
    "DeploymentConfig",
}


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


def change(client: Client, kind: str, template: str, **given: Any) -> str:  # noqa: ANN401 - the request's members
    """Make and execute a change set of the stack `s`; return the change set's id."""
    answer = client.create_change_set(
        StackName="s", ChangeSetName="c", ChangeSetType=kind, TemplateBody=template, **given
    )
    client.execute_change_set(ChangeSetName=answer["Id"])
    return str(answer["Id"])


def described(client: Client, name: str = "s") -> dict[str, Any]:
    """Return a stack's description."""
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    assert isinstance(stack, dict)
    return stack


def operations(stack: dict[str, Any]) -> list[str]:
    """Return the kinds of a stack's LastOperations."""
    return [one["OperationType"] for one in stack["LastOperations"]]


def test_empty_lists_are_left_out(client: Client) -> None:
    """Of a stack that is still to be created, one that exists, and a deleted one; and of a change set."""
    made = client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=PLAIN)
    assert set(described(client)) == IN_REVIEW | {"StackStatusReason"}
    change_set = client.describe_change_set(ChangeSetName=made["Id"])
    assert set(change_set) - {"ResponseMetadata"} == CHANGE_SET
    (summary,) = client.list_change_sets(StackName="s")["Summaries"]
    details = {"Changes", "Capabilities", "NotificationARNs", "RollbackConfiguration", "DeploymentConfig"}
    assert set(summary) == CHANGE_SET - details
    client.execute_change_set(ChangeSetName=made["Id"])
    assert set(described(client)) == IN_REVIEW | {"ChangeSetId", "LastUpdatedTime"}
    client.delete_stack(StackName="s")
    assert set(described(client, made["StackId"])) == DELETED


def test_a_deleted_stack_keeps_what_it_was(client: Client) -> None:
    """Parameters, capabilities and outputs are still shown; its exports are free for another stack."""
    change(client, "CREATE", FULL, **GIVEN)
    stack_id = described(client)["StackId"]
    client.delete_stack(StackName="s")
    deleted = described(client, stack_id)
    assert set(deleted) == DELETED | {"Parameters", "Capabilities", "Outputs"}
    assert deleted["Outputs"] == [{"OutputKey": "Name", "OutputValue": "/a", "ExportName": "n"}]
    assert deleted["Parameters"] == GIVEN["Parameters"]
    assert client.list_exports()["Exports"] == []
    client.create_stack(StackName="s", TemplateBody=FULL, Parameters=GIVEN["Parameters"])
    assert described(client)["StackStatus"] == "CREATE_COMPLETE"


def test_when_a_stack_was_updated(client: Client) -> None:
    """A change set that creates a stack updates it, in this sense; CreateStack doesn't."""
    client.create_stack(StackName="s", TemplateBody=PLAIN)
    assert set(described(client)) == IN_REVIEW
    assert "LastUpdatedTime" not in client.list_stacks()["StackSummaries"][0]


def test_last_operations(client: Client) -> None:
    """They are the operation that was requested last, without the change sets before it, and its rollback.

    ListStacks has them too. Source of both: the user guide's page on stack events by operation, and answers of
    ListStacks that users publish.
    """
    change(client, "CREATE", PLAIN)
    assert operations(described(client)) == ["CREATE_STACK"]
    change(client, "UPDATE", PLAIN.replace("Value: b", "Value: c"))
    assert operations(described(client)) == ["UPDATE_STACK"]
    change(client, "UPDATE", f"{PLAIN}\nOutputs: {{X: {{Value: !ImportValue missing}}}}")
    assert described(client)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert operations(described(client)) == ["ROLLBACK", "UPDATE_STACK"]
    stack_id = described(client)["StackId"]
    client.delete_stack(StackName="s")
    assert operations(described(client, stack_id)) == ["DELETE_STACK"]
    assert operations(client.list_stacks()["StackSummaries"][0]) == ["DELETE_STACK"]


def test_a_missing_export(client: Client) -> None:
    """A change set with values says which export is missing; it can be executed once the export is there.

    Source: the scenarios of test_change_set_exports_imports.py, and what LocalStack itself answers in them, which its
    tests compare with AWS.
    """
    importing = PLAIN.replace("Value: b", "Value: !ImportValue n")
    made = client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=importing)
    plain = client.describe_change_set(ChangeSetName=made["Id"])
    with_values = client.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=True)
    assert (plain["Status"], plain.get("StatusReason")) == ("CREATE_COMPLETE", None)
    assert (with_values["Status"], with_values["StatusReason"]) == (
        "CREATE_COMPLETE",
        "[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation"
        " failed for resource [P] because: No export named n",
    )
    (change_set,) = with_values["Changes"]
    assert '"Value": "{{changeSet:KNOWN_AFTER_APPLY}}"' in change_set["ResourceChange"]["AfterContext"]
    exporting = FULL.replace("Name: /a", "Name: /b")
    client.create_stack(StackName="other", TemplateBody=exporting, Parameters=GIVEN["Parameters"])
    client.execute_change_set(ChangeSetName=made["Id"])
    assert described(client)["StackStatus"] == "CREATE_COMPLETE"


def test_an_attribute_that_has_no_value_yet(client: Client) -> None:
    """What an update in place sets for the first time is known after apply, to what is added with it."""
    topic = "Resources: {T: {Type: AWS::SNS::Topic, Properties: {%s}}%s}"
    added = ", P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt T.DisplayName}}"
    change(client, "CREATE", topic % ("TopicName: t", ""))
    made = client.create_change_set(
        StackName="s", ChangeSetName="c", TemplateBody=topic % ("TopicName: t, DisplayName: d", added)
    )
    found = client.describe_change_set(ChangeSetName=made["Id"], IncludePropertyValues=True)["Changes"]
    assert [one["ResourceChange"]["Action"] for one in found] == ["Add", "Modify"]
    assert '"Value": "{{changeSet:KNOWN_AFTER_APPLY}}"' in found[0]["ResourceChange"]["AfterContext"]


def test_a_change_set_whose_macro_fails(client: Client) -> None:
    """It has the capabilities and the tags of the request, and no changes."""
    macro = f"Transform: Upper\n{PLAIN}"
    asked = {"ChangeSetType": "CREATE", "TemplateBody": macro, "Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
    made = client.create_change_set(StackName="s", ChangeSetName="c", Tags=GIVEN["Tags"], **asked)
    found = client.describe_change_set(ChangeSetName=made["Id"])
    assert (found["Status"], found["ExecutionStatus"], found["Changes"]) == ("FAILED", "UNAVAILABLE", [])
    assert (found["Capabilities"], found["Tags"]) == (asked["Capabilities"], GIVEN["Tags"])


def test_properties_in_events_of_an_update(client: Client) -> None:
    """A replacement begins with the new properties; what is deleted at the end has none."""
    other = ", Q: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: /q, Value: q}}}"
    change(client, "CREATE", PLAIN[:-1] + other)
    change(client, "UPDATE", PLAIN.replace("/a", "/b"))
    found = [
        (event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceProperties"))
        for event in reversed(client.describe_stack_events(StackName="s")["StackEvents"])
        if event["ResourceType"] == "AWS::SSM::Parameter" and not event["ResourceStatus"].startswith("CREATE")
    ]
    new = '{"Type": "String", "Name": "/b", "Value": "b"}'
    assert found[:3] == [("P", f"UPDATE_{state}", new) for state in ("IN_PROGRESS", "IN_PROGRESS", "COMPLETE")]
    assert found[3:] == [(name, f"DELETE_{state}", None) for name in "PQ" for state in ("IN_PROGRESS", "COMPLETE")]
