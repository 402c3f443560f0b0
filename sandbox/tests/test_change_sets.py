"""Change sets belong to one stack, describe its changes with their causes, and execute once."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.toys import (
    ACCOUNT,
    REGION,
    SCHEMA,
    TOY,
    Client,
    Toys,
    create,
    failure,
    stack_of,
    tags,
    template,
    update,
)


def propose(cloudformation: Client, body: str, name: str = "change", **options: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters of the API
    """Create a change set of the stack called toys, and return its description."""
    request = {"StackName": "toys", "ChangeSetName": name, "TemplateBody": body} | options
    cloudformation.create_change_set(**request)
    description: dict[str, Any] = cloudformation.describe_change_set(
        StackName=request["StackName"], ChangeSetName=name, IncludePropertyValues=False
    )
    return description


def changes(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the changes of a change set by logical id."""
    return {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in description["Changes"]}


def causes(change: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return why a resource changes: each detail's target, recreation, evaluation, source and causing entity."""
    return [
        (
            detail["Target"].get("Name", detail["Target"]["Attribute"]),
            detail["Target"]["RequiresRecreation"],
            detail["Evaluation"],
            detail["ChangeSource"],
            detail.get("CausingEntity", ""),
        )
        for detail in change["Details"]
    ]


def with_parameter(kind: str = "String", **resources: dict[str, Any]) -> str:
    """Return a template of toys with a parameter called Colour."""
    return json.dumps(json.loads(template(**resources)) | {"Parameters": {"Colour": {"Type": kind}}})


def test_the_order_of_changes(cloudformation: Client) -> None:
    """Changes are in the order of their names, and a name that another one begins with comes after that one.

    As recorded against AWS: LocalStack's test_cdk (test_cdk_bootstrap_redeploy), FilePublishingRoleDefaultPolicy before
    FilePublishingRole, StagingBucketPolicy before StagingBucket.
    """
    names = ("Wolf", "Bear", "BearCub", "Bear2")
    body = template(**{name: {"Name": name.lower()} for name in names})
    assert list(changes(propose(cloudformation, body, ChangeSetType="CREATE"))) == ["Bear2", "BearCub", "Bear", "Wolf"]


def test_the_same_name_on_two_stacks(toys: Toys, cloudformation: Client) -> None:
    """Two stacks can have change sets of the same name, as CDK makes them; executing one leaves the other alone."""
    for stack in ("first", "second"):
        propose(cloudformation, template(Bear={"Name": stack}), "cdk", StackName=stack, ChangeSetType="CREATE")
    cloudformation.execute_change_set(StackName="first", ChangeSetName="cdk")
    statuses = {stack["StackName"]: stack["StackStatus"] for stack in cloudformation.describe_stacks()["Stacks"]}
    assert statuses == {"first": "CREATE_COMPLETE", "second": "REVIEW_IN_PROGRESS"}
    assert [toy["Name"] for toy in toys.resources.values()] == ["first"]
    cloudformation.delete_change_set(StackName="first", ChangeSetName="cdk")
    (summary,) = cloudformation.list_change_sets(StackName="second")["Summaries"]
    assert (summary["ChangeSetName"], summary["ExecutionStatus"]) == ("cdk", "AVAILABLE")
    assert cloudformation.list_change_sets(StackName="first")["Summaries"] == []


def test_a_change_set_is_an_update_unless_it_says_otherwise(toys: Toys, cloudformation: Client) -> None:
    """A change set without a type updates its stack, creates no second one, and is refused if there is none."""
    with pytest.raises(ClientError, match=r"Stack \[toys\] does not exist"):
        propose(cloudformation, template(Bear={"Name": "bear"}))
    create(cloudformation, template(Bear={"Name": "bear"}))
    propose(cloudformation, template(Bear={"Name": "bear", "Colour": "red"}))
    assert len(cloudformation.describe_stacks()["Stacks"]) == 1
    cloudformation.execute_change_set(StackName="toys", ChangeSetName="change")
    assert toys.actions() == ["CREATE Bear", "UPDATE Bear"]


def test_a_stack_is_created_once(toys: Toys, cloudformation: Client) -> None:
    """A CREATE change set is refused for an existing stack, but not for one in REVIEW_IN_PROGRESS."""
    body = template(Bear={"Name": "bear"})
    propose(cloudformation, body, "one", ChangeSetType="CREATE")
    propose(cloudformation, body, "two", ChangeSetType="CREATE")
    with pytest.raises(cloudformation.exceptions.AlreadyExistsException):
        propose(cloudformation, body, "two", ChangeSetType="CREATE")
    assert len(cloudformation.describe_stacks()["Stacks"]) == 1
    with pytest.raises(ClientError, match="REVIEW_IN_PROGRESS state and can not be updated"):
        propose(cloudformation, body, "three")
    cloudformation.execute_change_set(StackName="toys", ChangeSetName="one")
    with pytest.raises(ClientError, match=r"\[toys\] already exists and cannot be created again with the changeSet"):
        propose(cloudformation, body, "three", ChangeSetType="CREATE")
    assert toys.actions() == ["CREATE Bear"]


def test_what_happens_to_the_stack_makes_change_sets_obsolete(toys: Toys, cloudformation: Client) -> None:
    """An update makes change sets obsolete, and executing one deletes the others: they describe a past state.

    Source: ExecuteChangeSet in the API reference.
    """
    create(cloudformation, template(Bear={"Name": "bear"}))
    ids = {
        colour: propose(cloudformation, template(Bear={"Name": "bear", "Colour": colour}), colour)["ChangeSetId"]
        for colour in ("red", "blue")
    }
    cloudformation.execute_change_set(StackName="toys", ChangeSetName="red")
    assert cloudformation.list_change_sets(StackName="toys")["Summaries"] == []
    for one in ({"StackName": "toys", "ChangeSetName": "blue"}, {"ChangeSetName": ids["blue"]}):
        with pytest.raises(cloudformation.exceptions.ChangeSetNotFoundException):
            cloudformation.execute_change_set(**one)
    assert toys.resources["toy-1"]["Colour"] == "red"
    propose(cloudformation, template(Bear={"Name": "bear"}), "plain")
    update(cloudformation, template(Bear={"Name": "bear", "Colour": "green"}))
    with pytest.raises(cloudformation.exceptions.InvalidChangeSetStatusException, match="OBSOLETE"):
        cloudformation.execute_change_set(StackName="toys", ChangeSetName="plain")


@pytest.mark.parametrize(
    ("difference", "attribute"),
    [
        ({"TemplateBody": template(Bear={"Name": "bear", "Colour": "blue"})}, "Template"),
        ({"Parameters": [{"ParameterKey": "Size", "ParameterValue": "2"}]}, "Parameters"),
        ({"ClientToken": "second"}, "ClientToken"),
    ],
)
def test_a_name_that_is_taken(
    toys: Toys,  # noqa: ARG001 - the fixture registers the type
    cloudformation: Client,
    difference: dict[str, Any],
    attribute: str,
) -> None:
    """A change set of a name that the stack has already is refused, and the message says in what it differs.

    Users quote the words for three attributes: aws-actions/aws-cloudformation-github-deploy issue 122 and
    awslabs/landing-zone-accelerator-on-aws issue 442.
    """
    create(cloudformation, template(Bear={"Name": "bear"}))
    body = json.loads(template(Bear={"Name": "bear", "Colour": "red"}))
    body["Parameters"] = {"Size": {"Type": "String", "Default": "1"}}
    request: dict[str, Any] = {"StackName": "toys", "ChangeSetName": "change", "TemplateBody": json.dumps(body)}
    cloudformation.create_change_set(**request)
    with pytest.raises(cloudformation.exceptions.AlreadyExistsException) as refused:
        cloudformation.create_change_set(**request | difference)
    text = f"ChangeSet change cannot be created due to a mismatch with existing attribute {attribute}"
    assert refused.value.response["Error"]["Message"] == text


def test_how_an_execution_ends(toys: Toys, cloudformation: Client) -> None:
    """An executed change set says by its ARN whether the stack's operation has succeeded.

    Source: ExecutionStatus in the API reference; ministackorg/ministack issue 1418.
    """
    create(cloudformation, template(Bear={"Name": "bear"}))
    ways: list[tuple[list[dict[str, Any]], str]] = [
        ([], "EXECUTE_COMPLETE"),
        ([failure("AccessDenied")], "EXECUTE_FAILED"),
    ]
    for answers, status in ways:
        body = template(Bear={"Name": "bear", "Colour": status.lower()})
        change_set_id = propose(cloudformation, body)["ChangeSetId"]
        toys.answers = answers
        cloudformation.execute_change_set(ChangeSetName=change_set_id)
        found = cloudformation.describe_change_set(ChangeSetName=change_set_id)
        assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", status)
    assert stack_of(cloudformation)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_missing_change_set(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """A missing change set is ChangeSetNotFound, which clients check for. Deleting one succeeds."""
    create(cloudformation, template(Bear={"Name": "bear"}))
    missing = {"StackName": "toys", "ChangeSetName": "missing"}
    for action in (cloudformation.describe_change_set, cloudformation.execute_change_set):
        with pytest.raises(cloudformation.exceptions.ChangeSetNotFoundException, match=r"ChangeSet \[missing\]"):
            action(**missing)
    cloudformation.delete_change_set(**missing)
    with pytest.raises(ClientError, match=r"Stack \[none\] does not exist"):
        cloudformation.describe_change_set(StackName="none", ChangeSetName="missing")


def test_nothing_to_change(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """A change set without changes fails with the message by which the AWS CLI recognises it."""
    body = template(Bear={"Name": "bear"})
    create(cloudformation, body)
    description = propose(cloudformation, body)
    assert (description["Status"], description["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert description["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(cloudformation.exceptions.InvalidChangeSetStatusException, match=r"\[FAILED\]"):
        cloudformation.execute_change_set(StackName="toys", ChangeSetName="change")


def test_additions_changes_and_removals(toys: Toys, cloudformation: Client) -> None:
    """A change set lists the resources that change and no others, and changes nothing yet."""
    create(cloudformation, template(Bear={"Name": "bear"}, Cub={"Name": "cub"}, Wolf={"Name": "wolf"}))
    body = template(Bear={"Name": "bear", "Colour": "red"}, Cub={"Name": "cub"}, Cat={"Name": "cat"})
    found = changes(propose(cloudformation, body))
    assert {key: one["Action"] for key, one in found.items()} == {"Bear": "Modify", "Cat": "Add", "Wolf": "Remove"}
    assert found["Bear"]["PhysicalResourceId"] == "toy-1"
    assert (found["Bear"]["Replacement"], found["Bear"]["Scope"]) == ("False", ["Properties"])
    assert causes(found["Bear"]) == [("Colour", "Never", "Static", "DirectModification", "")]
    assert (found["Wolf"]["PolicyAction"], found["Wolf"]["PhysicalResourceId"]) == ("Delete", "toy-3")
    assert "Replacement" not in found["Cat"]
    assert toys.actions() == ["CREATE Bear", "CREATE Cub", "CREATE Wolf"]


def test_a_replacement_and_who_follows_it(toys: Toys, cloudformation: Client) -> None:
    """Replacement is True for a replaced resource, and Conditional if a create-only property refers to it."""
    resources: dict[str, Any] = {
        "Bear": {"Name": "bear"},
        "Cub": {"Name": "cub", "Colour": {"Ref": "Bear"}},
        "Shadow": {"Name": {"Fn::Sub": "${Bear.Facts.Born}x"}},
        "Wolf": {"Name": "wolf"},
    }
    create(cloudformation, template(**resources))
    resources["Bear"] = {"Name": "grizzly"}
    description = propose(cloudformation, template(**resources))
    found = changes(description)
    assert {key: one["Replacement"] for key, one in found.items()} == {
        "Bear": "True",
        "Cub": "False",
        "Shadow": "Conditional",
    }
    assert found["Bear"]["PolicyAction"] == "ReplaceAndDelete"
    assert causes(found["Bear"]) == [("Name", "Always", "Static", "DirectModification", "")]
    assert causes(found["Cub"]) == [("Colour", "Never", "Static", "ResourceReference", "Bear")]
    assert causes(found["Shadow"]) == [("Name", "Always", "Static", "ResourceAttribute", "Bear.Facts.Born")]
    cloudformation.execute_change_set(StackName="toys", ChangeSetName="change")
    assert stack_of(cloudformation)["StackStatus"] == "UPDATE_COMPLETE"
    assert toys.actions()[4:] == ["CREATE Bear", "UPDATE Cub", "DELETE Bear"]
    listed = cloudformation.list_stack_resources(StackName="toys")["StackResourceSummaries"]
    after = {one["LogicalResourceId"]: one["ResourceStatus"] for one in listed}
    assert (after["Bear"], after["Wolf"]) == ("UPDATE_COMPLETE", "CREATE_COMPLETE")
    events = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    replaced = [event for event in events if "hence creating one" in event.get("ResourceStatusReason", "")]
    (event,) = replaced
    assert (event["LogicalResourceId"], event["ResourceStatus"]) == ("Bear", "UPDATE_IN_PROGRESS")
    assert event["ResourceStatusReason"] == (
        "Requested update requires the creation of a new physical resource; hence creating one."
    )


def test_a_property_inside_another_decides(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """Changing a nested create-only property replaces the resource; writing its number as text doesn't."""
    create(cloudformation, template(Bear={"Name": "bear", "Parts": [{"Size": 1}]}))
    found = changes(propose(cloudformation, template(Bear={"Name": "bear", "Parts": [{"Size": 2}]})))
    assert causes(found["Bear"]) == [("Parts", "Always", "Static", "DirectModification", "")]
    written_otherwise = propose(cloudformation, template(Bear={"Name": "bear", "Parts": [{"Size": "1"}]}), "same")
    assert written_otherwise["Changes"] == []


def test_a_parameter_is_the_cause(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """A changed parameter is named as the cause. A second detail says that the template could have changed, too."""
    body = with_parameter(Bear={"Name": "bear", "Colour": {"Ref": "Colour"}})
    create(cloudformation, body, Parameters=[{"ParameterKey": "Colour", "ParameterValue": "red"}])
    description = propose(cloudformation, body, Parameters=[{"ParameterKey": "Colour", "ParameterValue": "blue"}])
    assert description["Parameters"] == [{"ParameterKey": "Colour", "ParameterValue": "blue"}]
    (bear,) = changes(description).values()
    assert causes(bear) == [
        ("Colour", "Never", "Static", "ParameterReference", "Colour"),
        ("Colour", "Never", "Dynamic", "DirectModification", ""),
    ]


def test_other_attributes_and_tags(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """Changes of metadata, of a policy and of stack tags each have their own scope."""
    bear = {"Type": TOY, "Properties": {"Name": "bear"}}
    create(cloudformation, template(Bear=bear))
    changed = template(Bear=bear | {"Metadata": {"aws:cdk:path": "x"}, "DeletionPolicy": "Retain"})
    (change,) = changes(propose(cloudformation, changed, Tags=tags(team="a"))).values()
    assert change["Scope"] == ["Metadata", "DeletionPolicy", "Tags"]
    assert change["Replacement"] == "False"


def test_the_values_if_asked_for(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """IncludePropertyValues shows values before and after, marks unknown ones, and hides NoEcho values."""
    body = json.loads(template(Bear={"Name": "bear", "Colour": "red"}, Cub={"Name": "cub", "Colour": "no"}))
    create(cloudformation, json.dumps(body))
    body["Parameters"] = {"Secret": {"Type": "String", "NoEcho": True}}
    body["Resources"]["Bear"]["Properties"] = {"Name": "grizzly", "Colour": {"Ref": "Secret"}}
    body["Resources"]["Cub"]["Properties"]["Colour"] = {"Ref": "Bear"}
    parameters = [{"ParameterKey": "Secret", "ParameterValue": "swordfish"}]
    description = propose(cloudformation, json.dumps(body), Parameters=parameters)
    assert description["Parameters"] == [{"ParameterKey": "Secret", "ParameterValue": "****"}]
    with_values = cloudformation.describe_change_set(
        StackName="toys", ChangeSetName="change", IncludePropertyValues=True
    )
    found = changes(with_values)
    (name,) = [one["Target"] for one in found["Bear"]["Details"] if one["Target"]["Name"] == "Name"]
    assert (name["BeforeValue"], name["AfterValue"], name["AttributeChangeType"]) == ("bear", "grizzly", "Modify")
    assert {one["Target"]["AfterValue"] for one in found["Cub"]["Details"]} == {"{{changeSet:KNOWN_AFTER_APPLY}}"}
    assert json.loads(found["Cub"]["BeforeContext"])["Properties"]["Colour"] == "no"
    assert "swordfish" not in json.dumps(with_values, default=str)


def test_an_ssm_parameter_keeps_its_name(home: Account, toys: Toys, cloudformation: Client) -> None:
    """UsePreviousValue keeps an SSM parameter's name and reads its value again; a new value alone is an update."""
    ssm = home.client("ssm")
    ssm.put_parameter(Name="/colour", Value="red", Type="String")
    kind = "AWS::SSM::Parameter::Value<String>"
    body = with_parameter(kind, Bear={"Name": "bear", "Colour": {"Ref": "Colour"}})
    previous: list[dict[str, Any]] = [{"ParameterKey": "Colour", "UsePreviousValue": True}]
    stack = create(cloudformation, body, Parameters=[{"ParameterKey": "Colour", "ParameterValue": "/colour"}])
    assert stack["Parameters"] == [{"ParameterKey": "Colour", "ParameterValue": "/colour", "ResolvedValue": "red"}]
    assert propose(cloudformation, body, "same", Parameters=previous)["Status"] == "FAILED"
    ssm.put_parameter(Name="/colour", Value="blue", Type="String", Overwrite=True)
    description = propose(cloudformation, body, Parameters=previous)
    assert description["Parameters"][0]["ResolvedValue"] == "blue"
    cloudformation.execute_change_set(StackName="toys", ChangeSetName="change")
    assert toys.resources["toy-1"]["Colour"] == "blue"
    ssm.put_parameter(Name="/colour", Value="green", Type="String", Overwrite=True)
    cloudformation.update_stack(StackName="toys", UsePreviousTemplate=True, Parameters=previous)
    assert toys.resources["toy-1"]["Colour"] == "green"
    wrong = [{"ParameterKey": "Colour", "ParameterValue": "/none"}]
    with pytest.raises(ClientError, match=r"Unable to fetch parameters \[/none\] from parameter store"):
        cloudformation.update_stack(StackName="toys", UsePreviousTemplate=True, Parameters=wrong)


def test_a_previous_value_that_is_a_default(toys: Toys, cloudformation: Client) -> None:
    """UsePreviousValue keeps a value that was the old template's default, and is refused for a new parameter."""
    body = json.loads(template(Bear={"Name": "bear", "Colour": {"Ref": "Colour"}}))
    body["Parameters"] = {"Colour": {"Type": "String", "Default": "red"}}
    create(cloudformation, json.dumps(body))
    body["Parameters"]["Colour"]["Default"] = "blue"
    previous: list[dict[str, Any]] = [{"ParameterKey": "Colour", "UsePreviousValue": True}]
    assert propose(cloudformation, json.dumps(body), Parameters=previous)["Changes"] == []
    body["Parameters"]["Other"] = {"Type": "String"}
    unknown: list[dict[str, Any]] = [*previous, {"ParameterKey": "Other", "UsePreviousValue": True}]
    with pytest.raises(ClientError, match=r"key Other\. Cannot specify usePreviousValue as true for a parameter key"):
        propose(cloudformation, json.dumps(body), "other", Parameters=unknown)
    with pytest.raises(ClientError, match=r"Parameters: \[Other\] must have values"):
        propose(cloudformation, json.dumps(body), "other", Parameters=previous)
    assert toys.resources["toy-1"]["Colour"] == "red"


def test_what_aws_publishes_of_its_own_types(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """AWS's published schemas decide about AWS's types: a new queue name is a replacement, a new timeout isn't."""

    def box(name: str, timeout: int) -> dict[str, Any]:
        return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, "VisibilityTimeout": timeout}}

    create(cloudformation, template(Box=box("box", 30)))
    (change,) = changes(propose(cloudformation, template(Box=box("crate", 60)))).values()
    assert change["Replacement"] == "True"
    assert causes(change) == [
        ("QueueName", "Always", "Static", "DirectModification", ""),
        ("VisibilityTimeout", "Never", "Static", "DirectModification", ""),
    ]


def test_a_type_without_tags_gets_none(toys: Toys, cloudformation: Client) -> None:
    """A change of stack tags doesn't change a resource whose type takes no tags."""
    untagged = SCHEMA | {"tagging": {"taggable": False}}
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(untagged, toys.invoke))
    body = template(Bear={"Name": "bear"})
    create(cloudformation, body)
    assert propose(cloudformation, body, Tags=tags(team="a"))["Changes"] == []
    cloudformation.execute_change_set(StackName="toys", ChangeSetName="change")
    assert toys.actions() == ["CREATE Bear"]
    assert stack_of(cloudformation)["Tags"] == tags(team="a")
