"""Nested stacks: a parent waits for its child, fails with it, rolls it back, updates it in place, and deletes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cfn_sandbox.cloudformation.api.change_set_operations import described
from cfn_sandbox.cloudformation.stacks import change_sets, drift
from cfn_sandbox.cloudformation.stacks.nested import NestedStackType, include_nested_stacks
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.stacks.stack import Stack
from cfn_sandbox.cloudformation.stacks.state import Options, Settings
from cfn_sandbox.cloudformation.stacks.submission import create_stack, update_stack
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.resource_types import catalogue
from sandbox.tests.cloudformation.direct import NoServices
from sandbox.tests.cloudformation.stacks.boxes import ACCOUNT, REGION, Account, boxes, events, submission

JSON = dict[str, Any]
URL = f"https://s3.{REGION}.amazonaws.com/bucket/"
NESTED = "AWS::CloudFormation::Stack"


class Bucket(NoServices):
    """An account with templates in a bucket, by key. It keeps what is published."""

    def __init__(self) -> None:
        self.templates: dict[str, JSON] = {}
        self.published: list[str] = []

    def text_at(self, location: str) -> str | None:
        """Return a template."""
        template = self.templates.get(location.removeprefix(URL))
        return None if template is None else json.dumps(template)

    def publish(self, topic_arn: str, subject: str, message: str) -> None:  # noqa: ARG002 - the topic matters
        """Keep the topic."""
        self.published.append(topic_arn)


class Family(Account):
    """An account with boxes and nested stacks."""

    def __init__(self) -> None:
        super().__init__()
        self.bucket = Bucket()
        self.space = Space(ACCOUNT, REGION, self.bucket)

    def child(self, parent: Stack, logical_id: str = "Child") -> Stack:
        """Return a stack that is nested in another one."""
        return self.space.named(parent.contents.resources[logical_id].physical_id)


@pytest.fixture
def family() -> Iterator[Family]:
    """Yield an account with a template of one box at child.json."""
    family = Family()
    family.bucket.templates["child.json"] = with_output({"Colour": {"Ref": "Colour"}, "Name": "one"})
    with catalogue.offered("AWS::CloudFormation::Stack", lambda: NestedStackType(lambda *_: family.space)):
        yield family


def with_output(box: JSON) -> JSON:
    """Return a template of one box, with a parameter and with the box's id as output."""
    return {
        "Parameters": {"Colour": {"Type": "String", "Default": "white"}},
        **boxes(Box=box),
        "Outputs": {"Id": {"Value": {"Ref": "Box"}}, "Label": {"Value": {"Fn::GetAtt": ["Box", "Label"]}}},
    }


def nested(key: str = "child.json", **properties: Any) -> JSON:  # noqa: ANN401 - properties
    """Return a nested stack."""
    return {"Type": NESTED, "Properties": {"TemplateURL": URL + key, **properties}}


def parent(colour: str = "red", **resources: JSON) -> JSON:
    """Return a template of a nested stack and a box that takes its output."""
    after = {"Colour": {"Fn::GetAtt": ["Child", "Outputs.Label"]}, "Name": {"Fn::GetAtt": "Child.Outputs.Id"}}
    return boxes(Child=nested(Parameters={"Colour": colour}), After=after, **resources) | {
        "Outputs": {"Child": {"Value": {"Ref": "Child"}}}
    }


def statuses(stack: Stack, logical_id: str | None = None) -> list[str]:
    """Return the statuses of a stack's own events, or of a resource's."""
    return [status for status, _ in events(stack, logical_id)]


def test_a_parent_waits_for_its_child_and_takes_its_outputs(family: Family) -> None:
    """Ref is the child's ARN, GetAtt its outputs; the child knows its parent and its root."""
    stack = family.create("parent", parent())
    child = family.child(stack)
    assert (stack.status.name, child.status.name) == ("CREATE_COMPLETE", "CREATE_COMPLETE")
    assert re.fullmatch(r"parent-Child-[A-Z0-9]{12}", child.identity.name)
    assert stack.contents.outputs[0].value == child.identity.stack_id
    assert dict(stack.contents.resources["After"].properties) == {"Colour": "box-1 in red", "Name": "box-1"}
    assert (child.identity.parent_id, child.identity.root_id) == (stack.identity.stack_id, stack.identity.stack_id)
    assert events(stack, "Child") == [
        ("CREATE_IN_PROGRESS", None),
        ("CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("CREATE_COMPLETE", None),
    ]


def test_a_parent_fails_with_its_child(family: Family) -> None:
    """A child that fails is the reason of its parent's failure, and is rolled back and deleted with it."""
    family.boxes.refused_colour = "red"
    stack = family.create("parent", parent())
    child = family.space.stacks[1]
    arn = child.identity.stack_id
    failed = "The following resource(s) failed to create: [Box]. "
    assert events(stack, "Child")[2] == (
        "CREATE_FAILED",
        f"Embedded stack {arn} was not successfully created: {failed}",
    )
    assert statuses(stack)[-1] == "ROLLBACK_COMPLETE"
    assert events(stack)[1][1] == "The following resource(s) failed to create: [Child]. Rollback requested by user."
    assert events(child)[1] == ("ROLLBACK_IN_PROGRESS", f"{failed}Rollback requested by user.")
    assert statuses(child)[2:] == ["ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert family.boxes.resources == {}


@pytest.mark.parametrize(
    ("child", "reason"),
    [
        (
            {"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::L": []}},
            "Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect",
        ),
        (boxes(Box={"Name": {"Fn::ImportValue": "none"}}), "No export named none found"),
    ],
)
def test_a_child_that_fails_before_its_resources(family: Family, child: JSON, reason: str) -> None:
    """A child whose macro fails, or whose import is missing, is rolled back; its parent has its reason.

    For the words see aws-samples/aws-saas-factory-bootcamp issue 26 and aws-amplify/amplify-js issue 6367.
    """
    family.bucket.templates["bad.json"] = child
    template = boxes(Child=nested("bad.json"))
    acknowledged = replace(submission(template, {}), capabilities=("CAPABILITY_AUTO_EXPAND",))
    stack = create_stack(family.space, "parent", acknowledged, Options(), Settings())
    made = family.space.stacks[1]
    words = f"Embedded stack {made.identity.stack_id} was not successfully created: {reason}"
    assert events(stack, "Child")[-3] == ("CREATE_FAILED", words)
    assert ("ROLLBACK_IN_PROGRESS", f"{reason}. Rollback requested by user.") in events(made)
    assert made.status.name == "DELETE_COMPLETE"
    good = family.create("good", boxes(Child=nested()))
    family.bucket.templates["child.json"] = child
    again = replace(acknowledged, text=json.dumps(boxes(Child=nested())))
    update_stack(good, again, Options(), Settings())
    where = "was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason"
    arn = family.child(good).identity.stack_id
    assert ("UPDATE_FAILED", f"Embedded stack {arn} {where}: {reason}") in events(good, "Child")
    assert good.status.name == "UPDATE_ROLLBACK_COMPLETE"


def test_a_child_is_rolled_back_with_its_parent(family: Family) -> None:
    """A child that was created is deleted when its parent fails; one that was updated is as it was before."""
    bad = {"Colour": "black", "Size": 1}
    family.boxes.refused_colour = "black"
    stack = family.create("broken", parent(Last=bad | {"Name": {"Ref": "After"}}))
    assert (stack.status.name, family.space.stacks[1].status.name) == ("ROLLBACK_COMPLETE", "DELETE_COMPLETE")
    stack = family.create("parent", parent())
    child = family.child(stack)
    family.update("parent", parent("blue", Last=bad | {"Name": {"Ref": "After"}}))
    assert stack.status.name == "UPDATE_ROLLBACK_COMPLETE"
    assert statuses(child)[2:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert child.contents.resources["Box"].properties["Colour"] == "red"
    assert statuses(stack, "Child")[3:] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"] * 2
    family.boxes.refused_colour = ""
    family.update("parent", parent("blue"))
    assert (stack.status.name, child.status.name) == ("UPDATE_COMPLETE", "UPDATE_COMPLETE")


def test_a_child_is_updated_in_place(family: Family) -> None:
    """A parameter's change updates the child, and what takes its outputs.

    The child is UPDATE_COMPLETE once more when its cleanup is over, as in users' logs (amplify-cli issue 3260).
    """
    stack = family.create("parent", parent())
    child = family.child(stack)
    family.update("parent", parent("blue"))
    assert statuses(stack, "Child")[3:] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_COMPLETE"]
    order = [(event.subject.logical_id, event.status) for event in stack.steps.events][-3:]
    cleanup = ("parent", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert order == [cleanup, ("Child", "UPDATE_COMPLETE"), ("parent", "UPDATE_COMPLETE")]
    assert family.child(stack) is child
    assert (stack.status.name, child.status.name) == ("UPDATE_COMPLETE", "UPDATE_COMPLETE")
    assert stack.contents.resources["After"].properties["Colour"] == "box-1 in blue"


def test_a_child_whose_template_alone_changed_is_updated(family: Family) -> None:
    """The same parent template updates a child whose template at the same URL is another one."""
    stack = family.create("parent", parent())
    child = family.child(stack)
    family.update("parent", parent())
    assert (stack.status.name, len(statuses(child))) == ("UPDATE_COMPLETE", 2)
    family.bucket.templates["child.json"]["Resources"]["More"] = boxes(More={})["Resources"]["More"]
    family.update("parent", parent())
    assert (child.status.name, set(child.contents.resources)) == ("UPDATE_COMPLETE", {"Box", "More"})


def test_a_child_that_fails_to_update_fails_its_parent(family: Family) -> None:
    """The child rolls back, and then its parent does."""
    stack = family.create("parent", parent())
    child = family.child(stack)
    family.boxes.refused_colour = "blue"
    family.update("parent", parent("blue"))
    words = "Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: The following resource(s) failed to update: [Box]. "
    text = f"Embedded stack {child.identity.stack_id} was not successfully updated. {words}"
    assert events(stack, "Child")[4:6] == [("UPDATE_FAILED", text), ("UPDATE_IN_PROGRESS", None)]
    assert (stack.status.name, child.status.name) == ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    assert child.contents.resources["Box"].properties["Colour"] == "red"


def test_what_a_child_replaced_stays_until_its_parent_is_updated(family: Family) -> None:
    """A replaced resource of a child is deleted after what uses it in the parent has been changed."""
    stack = family.create("parent", parent())
    family.bucket.templates["child.json"]["Resources"]["Box"]["Properties"]["Name"] = "two"
    family.boxes.calls.clear()
    family.update("parent", parent())
    assert stack.status.name == "UPDATE_COMPLETE"
    assert family.boxes.calls == ["CREATE Box", "CREATE After", "DELETE After", "DELETE Box"]


def test_a_child_is_deleted_with_its_parent(family: Family) -> None:
    """Deleting the parent deletes the child; a child that can't be deleted is the reason of its failure."""
    stack = family.create("parent", parent())
    child = family.child(stack)
    user = family.create("user", boxes(Box={"Colour": "x"}))
    stack.delete()
    assert (stack.status.name, child.status.name, user.status.name) == (
        *("DELETE_COMPLETE", "DELETE_COMPLETE"),
        "CREATE_COMPLETE",
    )
    assert statuses(stack, "Child")[3:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_three_levels(family: Family) -> None:
    """A change of the lowest template goes down two levels, and a failure comes up."""
    family.bucket.templates["middle.json"] = {
        **boxes(Low=nested(Parameters={"Colour": "red"})),
        "Outputs": {"Label": {"Value": {"Fn::GetAtt": ["Low", "Outputs.Label"]}}},
    }
    top = boxes(Middle=nested("middle.json")) | {
        "Outputs": {"Label": {"Value": {"Fn::GetAtt": ["Middle", "Outputs.Label"]}}}
    }
    stack = family.create("top", top)
    middle = family.child(stack, "Middle")
    low = family.child(middle, "Low")
    assert stack.contents.outputs[0].value == "box-1 in red"
    assert (low.identity.parent_id, low.identity.root_id) == (middle.identity.stack_id, stack.identity.stack_id)
    family.bucket.templates["child.json"]["Resources"]["Box"]["Properties"] = {"Colour": "green", "Name": "one"}
    family.update("top", top)
    assert stack.contents.outputs[0].value == "box-1 in green"
    assert {one.status.name for one in (stack, middle, low)} == {"UPDATE_COMPLETE"}
    family.bucket.templates["child.json"]["Resources"]["Box"]["Properties"]["Colour"] = "black"
    family.boxes.refused_colour = "black"
    family.update("top", top)
    assert {one.status.name for one in (stack, middle, low)} == {"UPDATE_ROLLBACK_COMPLETE"}
    assert stack.contents.outputs[0].value == "box-1 in green"
    stack.delete()
    assert {one.status.name for one in (stack, middle, low)} == {"DELETE_COMPLETE"}
    assert family.boxes.resources == {}


def test_a_nested_stack_can_be_changed_on_its_own(family: Family) -> None:
    """That is allowed, as in AWS; an event says what AWS advises."""
    stack = family.create("parent", parent())
    child = family.child(stack)
    family.update(child.identity.name, with_output({"Colour": "green", "Name": "one"}))
    assert child.status.name == "UPDATE_COMPLETE"
    hint = "this stack is nested. AWS advises to change it by an operation of its root stack."
    assert events(child)[2] == ("UPDATE_IN_PROGRESS", f"User Initiated (sandbox's hint: {hint})")


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"TemplateURL": "./child.yaml"}, "TemplateURL must be a supported URL."),
        ({"TemplateURL": URL + "none"}, "S3 error: The specified key does not exist."),
        ({"Parameters": {"Size": "1"}}, "Parameters: [Size] do not exist in the template"),
        (
            {"Parameters": {"Colour": ["red"]}},
            "Value of property Parameters must be an object with String (or simple type) properties",
        ),
    ],
)
def test_what_is_wrong_with_a_child_fails_it(family: Family, properties: JSON, reason: str) -> None:
    """A child that can't be started fails with the reason, and there is no stack."""
    stack = family.create("parent", boxes(Child=nested(**properties)))
    assert events(stack, "Child")[-2:] == [("CREATE_FAILED", reason), ("DELETE_COMPLETE", None)]
    assert (stack.status.name, family.space.stacks) == ("ROLLBACK_COMPLETE", [stack])


def test_no_attribute_but_outputs(family: Family) -> None:
    """GetAtt gives a nested stack's outputs alone."""
    with pytest.raises(ValidationError, match="Requested attribute TemplateURL must be a readonly property"):
        family.create("parent", boxes(Child=nested(), After={"Colour": {"Fn::GetAtt": ["Child", "TemplateURL"]}}))


def test_what_goes_down(family: Family) -> None:
    """A child gets its parent's tags, topics and capabilities; its own tags and topics win."""
    one, two = f"arn:aws:sns:{REGION}:{ACCOUNT}:one", f"arn:aws:sns:{REGION}:{ACCOUNT}:two"
    own = nested(Tags=[{"Key": "a", "Value": "own"}], NotificationARNs=[two], TimeoutInMinutes="5")
    request = replace(
        submission(boxes(Child=nested(), Own=own), {}),
        tags={"a": "1", "b": "2"},
        capabilities=("CAPABILITY_IAM",),
        notification_arns=(one,),
    )
    stack = create_stack(family.space, "parent", request, Options(token="token"), Settings())
    child, other = family.child(stack), family.child(stack, "Own")
    assert (dict(child.definition.tags), dict(other.definition.tags)) == (
        {"a": "1", "b": "2"},
        {"a": "own", "b": "2"},
    )
    assert (child.definition.notification_arns, other.definition.notification_arns) == ((one,), (two,))
    assert child.definition.capabilities == ("CAPABILITY_IAM",)
    assert (child.settings.timeout_minutes, other.settings.timeout_minutes) == (None, 5)
    assert {event.token for event in child.steps.events} == {"token"}
    assert set(family.bucket.published) == {one, two}
    changed = replace(request, tags={"a": "3"}, notification_arns=(two,))
    update_stack(stack, changed, Options(), stack.settings)
    assert (dict(child.definition.tags), child.definition.notification_arns) == ({"a": "3"}, (two,))


def test_a_failure_without_rollback_can_be_updated_again(family: Family) -> None:
    """Without rollback, child and parent stay as they are, and another update, or a rollback, goes on from there."""
    stack = family.create("parent", parent())
    child = family.child(stack)
    family.boxes.refused_colour = "black"
    last = {"Colour": "black", "Name": {"Ref": "After"}}
    family.update("parent", parent("blue", Last=last), on_failure="DO_NOTHING")
    assert (stack.status.name, child.status.name) == ("UPDATE_FAILED", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    family.update("parent", parent("black", Last=last), on_failure="DO_NOTHING")
    assert (stack.status.name, child.status.name) == ("UPDATE_FAILED", "UPDATE_FAILED")
    stack.roll_back(frozenset({"UPDATE_FAILED"}))
    assert (stack.status.name, child.status.name) == ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    assert child.contents.resources["Box"].properties["Colour"] == "red"
    family.update("parent", parent("blue", Last=last), on_failure="DO_NOTHING")
    family.boxes.refused_colour = ""
    family.update("parent", parent("green", Last=last), on_failure="DO_NOTHING")
    assert (stack.status.name, child.status.name) == ("UPDATE_COMPLETE", "UPDATE_COMPLETE")
    assert stack.contents.resources["After"].properties["Colour"] == "box-1 in green"


def test_a_child_that_cannot_be_deleted_fails_its_parent(family: Family) -> None:
    """The parent's DELETE_FAILED has the child's reason, and its next deletion tries again."""
    stack = family.create("parent", parent())
    child = family.child(stack)
    kept = family.boxes.resources
    family.boxes.refuses_deletion = True
    stack.delete()
    words = "was not successfully deleted: The following resource(s) failed to delete: [Box]. "
    del stack.contents.resources["After"]
    stack.delete()
    assert events(stack, "Child")[-1] == ("DELETE_FAILED", f"Embedded stack {child.identity.stack_id} {words}")
    assert (stack.status.name, child.status.name, bool(kept)) == ("DELETE_FAILED", "DELETE_FAILED", True)
    family.boxes.refuses_deletion = False
    stack.delete()
    assert (stack.status.name, child.status.name) == ("DELETE_COMPLETE", "DELETE_COMPLETE")


def test_a_change_set_shows_a_child_as_a_modify(family: Family) -> None:
    """Without IncludeNestedStacks, a child is an automatic Modify even if nothing differs; executing it updates it."""
    stack = family.create("parent", parent())
    family.bucket.templates["child.json"]["Resources"]["Box"]["Properties"]["Colour"] = "green"
    proposed = family.propose("parent", parent())
    change = described(proposed.proposal.plan, with_values=False)[1]
    assert change == {
        "Type": "Resource",
        "ResourceChange": {
            "Action": "Modify",
            "LogicalResourceId": "Child",
            "PhysicalResourceId": family.child(stack).identity.stack_id,
            "ResourceType": NESTED,
            "Replacement": "False",
            "Scope": ["Properties"],
            "Details": [
                {
                    "Target": {"Attribute": "Properties", "RequiresRecreation": "Never"},
                    "Evaluation": "Dynamic",
                    "ChangeSource": "Automatic",
                }
            ],
        },
    }
    change_sets.execute(proposed)
    assert family.child(stack).contents.resources["Box"].properties["Colour"] == "green"
    assert stack.contents.resources["After"].properties["Colour"] == "box-1 in green"


def proposed_with_children(family: Family, template: JSON, kind: str = "UPDATE") -> change_sets.ChangeSet:
    """Return a change set with IncludeNestedStacks."""
    request = change_sets.Request("change", kind, include_nested=True)
    made = change_sets.create(family.space, "parent", submission(template, {}), request)
    include_nested_stacks(made)
    return made


def test_change_sets_of_children(family: Family) -> None:
    """With IncludeNestedStacks there is a change set for each child; executing the root's makes what they show."""
    root = proposed_with_children(family, parent(), "CREATE")
    shown: Any = described(root.proposal.plan, with_values=False)[1]
    child = family.space.change_sets[shown["ResourceChange"]["ChangeSetId"]]
    assert (child.parent, child.root, child.status) == (root, root, "CREATE_COMPLETE")
    assert child.stack.status.name == "REVIEW_IN_PROGRESS"
    assert shown["ResourceChange"]["PhysicalResourceId"] == child.stack.identity.stack_id
    assert [*child.proposal.plan] == ["Box"]
    with pytest.raises(ValidationError, match="Execute the root change set"):
        change_sets.execute(child)
    change_sets.execute(root)
    assert root.stack.status.name == "CREATE_COMPLETE"
    assert family.child(root.stack) is child.stack
    assert child.stack.status.change_set_id == child.change_set_id
    assert child.execution_status == "EXECUTE_COMPLETE"
    family.bucket.templates["child.json"]["Resources"]["Box"]["Properties"]["Colour"] = "green"
    root = proposed_with_children(family, parent())
    change_sets.delete(family.space, root)
    root = proposed_with_children(family, parent())
    (change,) = [*root.children["Child"].proposal.plan.values()]
    assert (change.action, change.logical_id) == ("Modify", "Box")
    change_sets.execute(root)
    assert family.child(root.stack).contents.resources["Box"].properties["Colour"] == "green"
    assert proposed_with_children(family, parent()).failure == change_sets.UNCHANGED


def test_an_execution_makes_what_its_change_set_read(family: Family) -> None:
    """Children's templates are read once: what is at their URLs later doesn't reach the execution."""
    other = with_output({"Colour": "red", "Name": "two"})
    family.bucket.templates["other.json"] = other
    template = boxes(Child=nested(), Other=nested("other.json"))
    family.create("parent", template)
    own = family.bucket.templates["child.json"]["Resources"]["Box"]["Properties"]
    own["Colour"] = "green"
    root = proposed_with_children(family, template)
    assert [*root.proposal.plan] == ["Child"]
    own["Colour"], other["Resources"]["Box"]["Properties"]["Colour"] = "blue", "blue"
    change_sets.execute(root)
    colours = [
        family.child(root.stack, name).contents.resources["Box"].properties["Colour"] for name in ("Child", "Other")
    ]
    assert colours == ["green", "red"]
    assert statuses(family.child(root.stack, "Other"))[-1] == "CREATE_COMPLETE"


def test_the_protection_of_a_nested_stack_is_its_root_s(family: Family) -> None:
    """A child of a protected root can't be deleted, and its own protection can't be changed."""
    stack = family.create("parent", boxes(Child=nested()))
    child = family.child(stack)
    with pytest.raises(ValidationError, match="set on its root stack"):
        child.protect(enabled=True)
    stack.protect(enabled=True)
    assert child.protected
    with pytest.raises(ValidationError, match="cannot be deleted while TerminationProtection is enabled"):
        child.delete()
    stack.protect(enabled=False)
    child.delete()
    assert child.status.name == "DELETE_COMPLETE"


def test_drift_does_not_look_into_children(family: Family) -> None:
    """Drift of a parent leaves its child out, as in AWS; the child's own is detected by its name."""
    stack = family.create("parent", parent())
    drift.start(stack)
    assert [found.resource.logical_id for found in drift.found_in(stack)] == ["After"]
    with pytest.raises(ValidationError, match=f"Resource type {NESTED} is not supported for drift detection"):
        drift.check_resource(stack, "Child")
    child = family.child(stack)
    family.boxes.resources["box-1"]["Colour"] = "blue"
    drift.start(child)
    assert [(found.resource.logical_id, found.status) for found in drift.found_in(child)] == [("Box", "MODIFIED")]


def test_a_stack_can_not_be_imported_as_a_child(family: Family) -> None:
    """What AWS can do and this sandbox can't is refused by name."""
    other = family.create("other", with_output({"Colour": "red"}))
    template = boxes(Child=nested() | {"DeletionPolicy": "Retain"})
    child: JSON = {
        "ResourceType": NESTED,
        "LogicalResourceId": "Child",
        "ResourceIdentifier": {"StackId": other.identity.stack_id},
    }
    request = change_sets.Request("import", "IMPORT", resources_to_import=(child,))
    with pytest.raises(ValidationError, match=re.escape(f"ResourceTypes [{NESTED}] are not supported for Import")):
        change_sets.create(family.space, "parent", submission(template, {}), request)


def test_a_change_set_of_a_child_that_takes_what_is_not_known_yet(family: Family) -> None:
    """A child's parameter that rests on a new resource is known after apply in its change set."""
    template = boxes(First={"Colour": "red"}, Child=nested(Parameters={"Colour": {"Fn::GetAtt": ["First", "Label"]}}))
    root = proposed_with_children(family, template, "CREATE")
    child = root.children["Child"]
    assert child.proposal.definition.parameters.described() == [
        {"ParameterKey": "Colour", "ParameterValue": "{{changeSet:KNOWN_AFTER_APPLY}}"}
    ]
    change_sets.execute(root)
    assert child.stack.contents.resources["Box"].properties["Colour"] == "box-1 in red"


def test_a_change_set_fails_with_that_of_a_child(family: Family) -> None:
    """A child's template that is wrong fails the change set; deleting that deletes the nested stack in review."""
    root = proposed_with_children(family, boxes(Child=nested("none.json")), "CREATE")
    assert root.failure == "Nested stack Child: S3 error: The specified key does not exist."
    change_sets.delete(family.space, root)
    root = proposed_with_children(family, boxes(Child=nested()), "CREATE")
    change_sets.delete(family.space, root)
    assert [stack.identity.name for stack in family.space.live()] == ["parent"]
