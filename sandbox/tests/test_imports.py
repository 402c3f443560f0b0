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
    """An import only READs the resource; then the stack can refer to it, update it and delete it."""
    outputs = {"Born": {"Value": {"Fn::GetAtt": "Bear.Facts.Born"}}}
    stack = import_into(cloudformation, template(outputs, Bear=RETAINED), BEAR)
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputValue"]) == ("IMPORT_COMPLETE", "long ago")
    (event,) = toys.events
    assert (event["action"], event["requestData"]["resourceProperties"]) == ("READ", {"Id": "toy-9"})
    assert events(cloudformation, "Bear") == ["IMPORT_IN_PROGRESS", "IMPORT_COMPLETE"]
    assert events(cloudformation, "toys") == ["REVIEW_IN_PROGRESS", "IMPORT_IN_PROGRESS", "IMPORT_COMPLETE"]
    stack = update(cloudformation, template(Bear={"Name": "bear", "Colour": "red"}))
    assert (stack["StackStatus"], toys.resources["toy-9"]["Colour"]) == ("UPDATE_COMPLETE", "red")
    cloudformation.delete_stack(StackName="toys")
    assert toys.actions() == ["READ Bear", "UPDATE Bear", "DELETE Bear"]
    assert toys.resources == {}


def test_into_a_stack_that_has_others(toys: Toys, cloudformation: Client) -> None:
    """An import into a stack with tags adds the tags to the imported resource in a second step."""
    create(cloudformation, template(Cub={"Name": "cub"}), Tags=tags(team="a"))
    stack = import_into(cloudformation, template(Cub={"Name": "cub"}, Bear=RETAINED), BEAR)
    assert (stack["StackStatus"], stack["Tags"]) == ("IMPORT_COMPLETE", tags(team="a"))
    assert toys.actions() == ["CREATE Cub", "READ Bear", "UPDATE Bear"]
    data = toys.events[-1]["requestData"]
    assert (data["stackTags"], data["previousStackTags"]) == ({"team": "a"}, {})
    assert events(cloudformation, "Bear") == [
        *["IMPORT_IN_PROGRESS", "IMPORT_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    ]


def test_the_reasons_of_its_events(cloudformation: Client) -> None:
    """The events of an import have AWS's reasons, which users' logs of it show."""
    create(cloudformation, template(Cub={"Name": "cub"}), Tags=tags(team="a"))
    import_into(cloudformation, template(Cub={"Name": "cub"}, Bear=RETAINED), BEAR)
    found = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    reasons = [one.get("ResourceStatusReason") for one in reversed(found) if one["LogicalResourceId"] == "Bear"]
    assert reasons == [
        "Resource import started.",
        "Resource import completed.",
        "Apply stack-level tags to imported resource if applicable.",
        None,
    ]


def test_an_identifier_of_two_parts(toys: Toys, cloudformation: Client) -> None:
    """Each part of an identifier is given by its path, and READ receives it at its place in the model."""
    parts = SCHEMA | {"primaryIdentifier": ["/properties/Name", "/properties/Facts/Born"]}
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(parts, toys.invoke))
    summary = cloudformation.get_template_summary(TemplateBody=template(Bear=RETAINED))
    assert summary["ResourceIdentifierSummaries"] == [
        {"ResourceType": TOY, "LogicalResourceIds": ["Bear"], "ResourceIdentifiers": ["Name", "Facts.Born"]}
    ]
    toys.answers = [{"status": "SUCCESS", "resourceModel": {"Name": "bear", "Facts": {"Born": "today"}}}]
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
    cloudformation.create_stack(StackName="first", TemplateBody=template(Bear=RETAINED))
    request = {"StackName": "toys", "ChangeSetName": "take", "TemplateBody": template(Other=RETAINED)}
    bear = {"ResourceType": TOY, "LogicalResourceId": "Other", "ResourceIdentifier": {"Name": "bear"}}
    kinds: list[dict[str, Any]] = [
        {"ChangeSetType": "IMPORT", "ResourcesToImport": [bear]},
        {"ChangeSetType": "CREATE", "ImportExistingResources": True},
    ]
    for kind in kinds:
        with pytest.raises(ClientError, match=r"resource to import \[Other\] is in stack \[first\] already"):
            cloudformation.create_change_set(**request, **kind)
    cloudformation.delete_stack(StackName="first")
    import_into(cloudformation, template(Other=RETAINED), bear)


@pytest.mark.parametrize("late", [False, True])
def test_one_that_is_not_there(toys: Toys, cloudformation: Client, *, late: bool) -> None:
    """A missing resource rolls the import back: the stack releases imported resources and deletes nothing."""
    body = template(Bear=RETAINED, Cub=RETAINED | {"DependsOn": "Bear", "Properties": {"Name": "cub"}})
    cub = {"ResourceType": TOY, "LogicalResourceId": "Cub", "ResourceIdentifier": {"Id": "toy-10"}}
    request = {"StackName": "toys", "ChangeSetName": "import", "ChangeSetType": "IMPORT", "TemplateBody": body}
    if not late:
        toys.resources.clear()
    before = dict(toys.resources)
    cloudformation.create_change_set(**request, ResourcesToImport=[BEAR, cub])
    cloudformation.execute_change_set(StackName="toys", ChangeSetName="import")
    stack = stack_of(cloudformation)
    assert stack["StackStatus"] == "IMPORT_ROLLBACK_COMPLETE"
    assert "No such toy" in why(cloudformation)
    assert "HandlerErrorCode: NotFound" in why(cloudformation)
    assert toys.resources == before
    rollback = ["IMPORT_COMPLETE", "IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"]
    assert events(cloudformation, "Bear")[1:] == (rollback if late else ["IMPORT_FAILED"])
    assert cloudformation.describe_stack_resources(StackName="toys")["StackResources"] == []
    cloudformation.delete_stack(StackName="toys")
    assert toys.resources == before


def test_an_import_that_fails_leaves_the_stack_as_it_was(toys: Toys, cloudformation: Client) -> None:
    """A failed import leaves the stack as it was, and a second import can succeed."""
    create(cloudformation, template(Cub={"Name": "cub"}))
    toys.answers = [failure("AccessDenied", "not yours")]
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
        (template(Bear=WITHOUT_POLICY), BEAR, r"\[Bear\] must have DeletionPolicy attribute specified in the template"),
        (template(Bear=RETAINED), BEAR | {"ResourceIdentifier": {"Name": "x"}}, r"needs \[Id\], not \[Name\]"),
        (template(Cub=RETAINED), BEAR, r"no resource \[Bear\] of type"),
        (
            template(Bear=RETAINED, Cub={"Name": "cub"}),
            BEAR,
            r"modified resources \[Cub\] in your template that are not",
        ),
        (
            template(Bear=RETAINED, Old={"Name": "old"}),
            BEAR | {"LogicalResourceId": "Old"},
            r"\[Old\] is in stack \[toys\]",
        ),
        (
            template(Bear=RETAINED | {"Type": "AWS::SQS::Queue", "Properties": {}}),
            BEAR | {"ResourceType": "AWS::SQS::Queue"},
            "not supported for Import",
        ),
    ],
)
def test_what_is_refused(toys: Toys, cloudformation: Client, body: str, resource: dict[str, Any], message: str) -> None:
    """An invalid import is refused before the change set exists, and no handler is invoked."""
    create(cloudformation, template(Old={"Name": "old"}))
    toys.events.clear()
    request = {"StackName": "toys", "ChangeSetName": "import", "ChangeSetType": "IMPORT", "TemplateBody": body}
    if "Old" not in body:
        request["StackName"] = "new"
    with pytest.raises(ClientError, match=message):
        cloudformation.create_change_set(**request, ResourcesToImport=[resource])
    assert cloudformation.list_change_sets(StackName="toys")["Summaries"] == []
    assert [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]] == ["toys"]
    assert toys.events == []


def test_existing_resources_of_a_name(toys: Toys, cloudformation: Client) -> None:
    """ImportExistingResources imports what exists and creates the rest; CDK's bootstrap uses it."""
    named = {**SCHEMA, "primaryIdentifier": ["/properties/Name"]}

    def by_name(event: dict[str, Any]) -> dict[str, Any]:
        if event["action"] == "READ" and event["requestData"]["resourceProperties"]["Name"] != "bear":
            return failure("NotFound")
        if event["action"] == "READ":
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
    assert toys.actions() == ["CREATE Cub"]
