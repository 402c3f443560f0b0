"""IMPORT change sets take existing resources into a stack."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

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
    why,
)

RETAINED = {"Type": TOY, "DeletionPolicy": "Retain", "Properties": {"Name": "bear"}}
BEAR = {"ResourceType": TOY, "LogicalResourceId": "Bear", "ResourceIdentifier": {"Id": "toy-9"}}


@pytest.fixture(autouse=True)
def existing_toy(toys: Toys) -> None:
    """Add a toy that no stack has created."""
    toys.resources["toy-9"] = {"Id": "toy-9", "Name": "bear", "Facts": {"Born": "long ago"}}


def import_into(cloudformation: Client, body: str, *resources: dict[str, Any], **options: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters of the API
    """Import resources into the stack called toys, and return its description."""
    change_set = {"StackName": "toys", "ChangeSetName": "import"}
    cloudformation.create_change_set(
        **change_set, ChangeSetType="IMPORT", TemplateBody=body, ResourcesToImport=list(resources), **options
    )
    (change,) = cloudformation.describe_change_set(**change_set)["Changes"]
    assert change["ResourceChange"]["Action"] == "Import"
    cloudformation.execute_change_set(**change_set)
    return stack_of(cloudformation)


def events(cloudformation: Client, logical_id: str) -> list[str]:
    """Return the statuses of a resource's events, oldest first."""
    found = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    return [event["ResourceStatus"] for event in reversed(found) if event["LogicalResourceId"] == logical_id]


def test_into_a_new_stack(toys: Toys, cloudformation: Client) -> None:
    """An import READs the resource and updates it to the template; then it is the stack's like any other.

    That the update handler is called without stack tags too: CloudTrail's record of imports of ECR repositories and
    secrets, whose stack had none (spares4repairs, phase-5-import-semantics.md).
    """
    stack = import_into(cloudformation, template(Bear=RETAINED), BEAR)
    assert stack["StackStatus"] == "IMPORT_COMPLETE"
    assert toys.actions() == ["READ Bear", "READ Bear", "UPDATE Bear"]  # the change set looks whether it exists
    assert toys.events[0]["requestData"]["resourceProperties"] == {"Id": "toy-9"}
    assert toys.events[2]["requestData"]["resourceProperties"] == {"Id": "toy-9", "Name": "bear"}
    assert events(cloudformation, "toys") == ["REVIEW_IN_PROGRESS", "IMPORT_IN_PROGRESS", "IMPORT_COMPLETE"]
    outputs = {"Born": {"Value": {"Fn::GetAtt": "Bear.Facts.Born"}}}
    stack = update(cloudformation, template(outputs, Bear={"Name": "bear", "Colour": "red"}))
    assert (stack["StackStatus"], toys.resources["toy-9"]["Colour"]) == ("UPDATE_COMPLETE", "red")
    assert stack["Outputs"][0]["OutputValue"] == "today"
    cloudformation.delete_stack(StackName="toys")
    assert toys.actions()[3:] == ["UPDATE Bear", "DELETE Bear"]
    assert toys.resources == {}


def test_a_type_that_can_not_be_updated(toys: Toys, cloudformation: Client) -> None:
    """Of a type without an update handler, an import only READs the resource."""
    verbs: dict[str, Any] = {verb: {"permissions": []} for verb in ("create", "read", "delete")}
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA | {"handlers": verbs}, toys.invoke))
    assert import_into(cloudformation, template(Bear=RETAINED), BEAR)["StackStatus"] == "IMPORT_COMPLETE"
    assert toys.actions() == ["READ Bear", "READ Bear"]


def test_into_a_stack_that_has_others(toys: Toys, cloudformation: Client) -> None:
    """An import into a stack with tags adds the tags to the imported resource in a second step."""
    create(cloudformation, template(Cub={"Name": "cub"}), Tags=tags(team="a"))
    stack = import_into(cloudformation, template(Cub={"Name": "cub"}, Bear=RETAINED), BEAR)
    assert (stack["StackStatus"], stack["Tags"]) == ("IMPORT_COMPLETE", tags(team="a"))
    assert toys.actions() == ["CREATE Cub", "READ Bear", "READ Bear", "UPDATE Bear"]
    data = toys.events[-1]["requestData"]
    assert (data["stackTags"], data["previousStackTags"]) == ({"team": "a"}, {})


def test_its_events(cloudformation: Client) -> None:
    """The events of an import are AWS's, which a user's log of it shows (realestate-com-au/stackup issue 96)."""
    import_into(cloudformation, template(Bear=RETAINED), BEAR)
    found = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    assert [
        (one["ResourceStatus"], one.get("PhysicalResourceId"), one.get("ResourceStatusReason"))
        for one in reversed(found)
        if one["LogicalResourceId"] == "Bear"
    ] == [
        ("IMPORT_IN_PROGRESS", "", "Resource import started."),
        ("IMPORT_IN_PROGRESS", "toy-9", None),
        ("IMPORT_COMPLETE", "toy-9", "Resource import completed."),
        ("UPDATE_IN_PROGRESS", "toy-9", "Apply stack-level tags to imported resource if applicable."),
        ("UPDATE_COMPLETE", "toy-9", None),
    ]


def test_what_its_change_set_says(cloudformation: Client) -> None:
    """A change set for an import has a reason although it can be executed."""
    request = {"StackName": "toys", "ChangeSetName": "import"}
    cloudformation.create_change_set(
        **request, ChangeSetType="IMPORT", TemplateBody=template(Bear=RETAINED), ResourcesToImport=[BEAR]
    )
    found = cloudformation.describe_change_set(**request)
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert found["StatusReason"] == (
        "Verify that resources and their properties defined in the template match the intended configuration of the "
        "resource import to avoid unexpected changes."
    )


def test_an_identifier_of_two_parts(toys: Toys, cloudformation: Client) -> None:
    """Each part of an identifier is given by its path, and READ receives it at its place in the model."""
    parts = SCHEMA | {"primaryIdentifier": ["/properties/Name", "/properties/Facts/Born"]}
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(parts, toys.invoke))
    summary = cloudformation.get_template_summary(TemplateBody=template(Bear=RETAINED))
    assert summary["ResourceIdentifierSummaries"] == [
        {"ResourceType": TOY, "LogicalResourceIds": ["Bear"], "ResourceIdentifiers": ["Name", "Facts.Born"]}
    ]
    toys.answers = [{"status": "SUCCESS", "resourceModel": {"Name": "bear", "Facts": {"Born": "today"}}}] * 3
    identifier = {"Name": "bear", "Facts.Born": "today"}
    import_into(cloudformation, template(Bear=RETAINED), BEAR | {"ResourceIdentifier": identifier})
    assert toys.events[0]["requestData"]["resourceProperties"] == {"Name": "bear", "Facts": {"Born": "today"}}
    (bear,) = cloudformation.describe_stack_resources(StackName="toys")["StackResources"]
    assert bear["PhysicalResourceId"] == "bear|today"


def test_one_that_another_stack_has(cloudformation: Client) -> None:
    """A resource that belongs to a stack can't be imported into another one, nor taken over as an existing one."""

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        return {"status": "SUCCESS", "resourceModel": event["requestData"]["resourceProperties"]}

    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA | {"primaryIdentifier": ["/properties/Name"]}, invoke))
    owner = cloudformation.create_stack(StackName="first", TemplateBody=template(Bear=RETAINED))["StackId"]
    request = {"StackName": "toys", "ChangeSetName": "take", "TemplateBody": template(Other=RETAINED)}
    bear = {"ResourceType": TOY, "LogicalResourceId": "Other", "ResourceIdentifier": {"Name": "bear"}}
    kinds: list[dict[str, Any]] = [
        {"ChangeSetType": "IMPORT", "ResourcesToImport": [bear]},
        {"ChangeSetType": "CREATE", "ImportExistingResources": True},
    ]
    for kind in kinds:
        change_set = cloudformation.create_change_set(**request, **kind)["Id"]
        found = cloudformation.describe_change_set(ChangeSetName=change_set)
        assert (found["Status"], found["ExecutionStatus"], found["Changes"]) == ("FAILED", "UNAVAILABLE", [])
        assert found["StatusReason"] == f"bear already exists in stack {owner}"
        cloudformation.delete_change_set(ChangeSetName=change_set)
    cloudformation.delete_stack(StackName="first")
    import_into(cloudformation, template(Other=RETAINED), bear)


def test_one_that_is_not_there(toys: Toys, cloudformation: Client) -> None:
    """A missing resource fails the change set with the handler's message; a stack that it would create stays."""
    toys.resources.clear()
    request = {"StackName": "toys", "ChangeSetName": "import"}
    cloudformation.create_change_set(
        **request, ChangeSetType="IMPORT", TemplateBody=template(Bear=RETAINED), ResourcesToImport=[BEAR]
    )
    found = cloudformation.describe_change_set(**request)
    assert (found["Status"], found["StatusReason"], found["Changes"]) == ("FAILED", "No such toy", [])
    assert stack_of(cloudformation)["StackStatus"] == "REVIEW_IN_PROGRESS"


@pytest.mark.parametrize("late", [False, True])
def test_one_that_goes_away(toys: Toys, cloudformation: Client, *, late: bool) -> None:
    """A missing resource rolls the import back: the stack releases imported resources and deletes nothing."""
    body = template(Bear=RETAINED, Cub=RETAINED | {"DependsOn": "Bear", "Properties": {"Name": "cub"}})
    cub = {"ResourceType": TOY, "LogicalResourceId": "Cub", "ResourceIdentifier": {"Id": "toy-10"}}
    request = {"StackName": "toys", "ChangeSetName": "import", "ChangeSetType": "IMPORT", "TemplateBody": body}
    toys.resources["toy-10"] = {"Id": "toy-10", "Name": "cub"}
    cloudformation.create_change_set(**request, ResourcesToImport=[BEAR, cub])
    del toys.resources["toy-10" if late else "toy-9"]
    before = set(toys.resources)
    cloudformation.execute_change_set(StackName="toys", ChangeSetName="import")
    stack = stack_of(cloudformation)
    assert stack["StackStatus"] == "IMPORT_ROLLBACK_COMPLETE"
    assert "No such toy" in why(cloudformation)
    assert "HandlerErrorCode: NotFound" in why(cloudformation)
    assert set(toys.resources) == before
    rollback = ["IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"]
    assert events(cloudformation, "Bear")[-2:] == (rollback if late else ["IMPORT_IN_PROGRESS", "IMPORT_FAILED"])
    assert cloudformation.describe_stack_resources(StackName="toys")["StackResources"] == []
    cloudformation.delete_stack(StackName="toys")
    assert set(toys.resources) == before


def test_an_import_that_fails_leaves_the_stack_as_it_was(toys: Toys, cloudformation: Client) -> None:
    """A failed import leaves the stack as it was, and a second import can succeed."""
    create(cloudformation, template(Cub={"Name": "cub"}))
    bear = {"status": "SUCCESS", "resourceModel": toys.resources["toy-9"]}
    toys.answers = [bear, failure("AccessDenied", "not yours")]
    body = template(Cub={"Name": "cub"}, Bear=RETAINED)
    assert import_into(cloudformation, body, BEAR)["StackStatus"] == "IMPORT_ROLLBACK_COMPLETE"
    cloudformation.delete_change_set(StackName="toys", ChangeSetName="import")
    assert [
        one["LogicalResourceId"] for one in cloudformation.describe_stack_resources(StackName="toys")["StackResources"]
    ] == ["Cub"]
    assert "Bear" not in json.dumps(cloudformation.get_template(StackName="toys")["TemplateBody"])
    assert import_into(cloudformation, body, BEAR)["StackStatus"] == "IMPORT_COMPLETE"


WITHOUT_POLICY = {"Type": TOY, "Properties": {"Name": "bear"}}


@pytest.mark.parametrize(
    ("body", "resource", "message"),
    [
        (
            template(Bear=WITHOUT_POLICY),
            [BEAR],
            "The following resources to import [Bear] must have DeletionPolicy attribute specified in the template.",
        ),
        (template(Bear=RETAINED), [], "Must Provide at least one resource to import"),
        (template(Bear=RETAINED), [BEAR, BEAR], "Every resource to import must have unique LogicalResourceId"),
        (
            template({"Answer": {"Value": "42"}}, Bear=RETAINED),
            [BEAR, BEAR],
            "As part of the import operation, you cannot modify or add [Outputs]",
        ),
        (
            template(Bear=RETAINED),
            [BEAR | {"ResourceIdentifier": {"Name": "x"}, "ResourceType": TOY}],
            f"Invalid resource identifier for resource type {TOY}. Expected [Id]",
        ),
        (
            template(Bear=RETAINED | {"Type": "AWS::SNS::Topic", "Properties": {}}),
            [BEAR],
            "Resource type of [Bear] passed in ResourceToImport does not match with resource type defined in the "
            f"template. Resource type in ResourceToImport: {TOY}; Resource type in Template: AWS::SNS::Topic.",
        ),
        (
            template(Cub=RETAINED),
            [BEAR],
            "The logical resource ids [Bear] provided in ResourceToImport do not exist in the template.",
        ),
        (
            template(Bear=RETAINED, Cub={"Name": "cub"}),
            [BEAR],
            "Resources [Cub] is missing from ResourceToImport list",
        ),
        (
            template(Bear=RETAINED, Old={"Name": "old", "Colour": "red"}),
            [BEAR],
            "You have modified resources [Old] in your template that are not being imported. Update, create or "
            "delete operations cannot be executed during import operations.",
        ),
        (
            template(Bear=RETAINED, Old={"Name": "old"}),
            [BEAR | {"LogicalResourceId": "Old"}],
            "Resources [Old] passed in ResourceToImport are already in a stack and cannot be imported.",
        ),
        (
            template(Old={"Name": "old"}),
            [BEAR | {"LogicalResourceId": "Old"}],
            "The template should contain at least one new resource to import.",
        ),
        (
            template(Bear=RETAINED | {"Type": "AWS::SQS::Queue", "Properties": {}}),
            [BEAR | {"ResourceType": "AWS::SQS::Queue"}],
            "ResourceTypes [AWS::SQS::Queue] are not supported for Import (this sandbox imports registered types)",
        ),
    ],
)
def test_what_is_refused(
    toys: Toys, cloudformation: Client, body: str, resource: list[dict[str, Any]], message: str
) -> None:
    """An invalid import is refused before the change set exists, and no handler is invoked.

    The words, and which of two mistakes is named, are AWS's (ministackorg/ministack,
    tests/test_cfn_import_change_set.py); the last is the sandbox's.
    """
    create(cloudformation, template(Old={"Name": "old"}))
    toys.events.clear()
    request = {"StackName": "toys", "ChangeSetName": "import", "ChangeSetType": "IMPORT", "TemplateBody": body}
    if "Old" not in body:
        request["StackName"] = "new"
    with pytest.raises(ClientError) as refused:
        cloudformation.create_change_set(**request, ResourcesToImport=resource)
    assert refused.value.response["Error"]["Message"] == message
    assert cloudformation.list_change_sets(StackName="toys")["Summaries"] == []
    assert [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]] == ["toys"]
    assert toys.events == []


def test_existing_resources_of_a_name(toys: Toys, cloudformation: Client) -> None:
    """ImportExistingResources imports what exists and creates the rest; CDK's bootstrap uses it."""
    named = {**SCHEMA, "primaryIdentifier": ["/properties/Name"]}

    def by_name(event: dict[str, Any]) -> dict[str, Any]:
        if event["action"] == "READ" and event["requestData"]["resourceProperties"]["Name"] != "bear":
            return failure("NotFound")
        if event["action"] in {"READ", "UPDATE"}:
            return {"status": "SUCCESS", "resourceModel": toys.resources["toy-9"]}
        return toys.invoke(event)

    catalogue.add_type(ACCOUNT, REGION, RegisteredType(named, by_name))
    body = template(Bear=RETAINED, Cub=RETAINED | {"Properties": {"Name": "cub"}})
    change_set = {"StackName": "toys", "ChangeSetName": "import"}
    cloudformation.create_change_set(
        **change_set, ChangeSetType="CREATE", TemplateBody=body, ImportExistingResources=True
    )
    changes = cloudformation.describe_change_set(**change_set)["Changes"]
    actions = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"]["Action"] for one in changes}
    assert actions == {"Bear": "Import", "Cub": "Add"}
    cloudformation.execute_change_set(**change_set)
    assert stack_of(cloudformation)["StackStatus"] == "CREATE_COMPLETE"
    assert toys.actions()[-1] == "CREATE Cub"


def test_an_existing_resource_that_is_not_retained(cloudformation: Client) -> None:
    """ImportExistingResources wants a DeletionPolicy that retains (aws/aws-cdk-cli pull request 1367)."""

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        return {"status": "SUCCESS", "resourceModel": event["requestData"]["resourceProperties"]}

    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA | {"primaryIdentifier": ["/properties/Name"]}, invoke))
    request = {"StackName": "toys", "ChangeSetName": "import"}
    body = template(Bear={"Name": "bear"}, Cub=RETAINED | {"Properties": {"Name": "cub"}})
    cloudformation.create_change_set(**request, ChangeSetType="CREATE", TemplateBody=body, ImportExistingResources=True)
    found = cloudformation.describe_change_set(**request)
    assert (found["Status"], found["Changes"]) == ("FAILED", [])
    assert found["StatusReason"] == (
        "CloudFormation is attempting to import some resources because they already exist in your account. The "
        "resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template "
        "for successful import. The affected resources are Bear ({Name=bear})"
    )


def test_tags_are_not_given_with_an_import(cloudformation: Client) -> None:
    """An import that gives the stack other tags is refused."""
    with pytest.raises(ClientError, match=r"import operation, you cannot modify or add \[Tags\]$"):
        import_into(cloudformation, template(Bear=RETAINED), BEAR, Tags=tags(team="a"))
