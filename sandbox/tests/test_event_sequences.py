"""Whole sequences of events of failed operations, as users' logs of AWS have them.

Each docstring names the logs: issues, or public files by their repository's subject where they have no address.
"""

from typing import Any

import pytest

from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.toys import ACCOUNT, REGION, SCHEMA, TOY, Client, Toys, create, failure, stack_of, template, update

Sequence = list[tuple[str, str]]


def sequence(cloudformation: Client, since: str, name: str = "toys") -> Sequence:
    """Return the logical ids and statuses of the events after the stack's last one with a status, oldest first."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    last = [(one["LogicalResourceId"], one["ResourceStatus"]) for one in events].index(("toys", since))
    return [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(events[:last])]


def of(cloudformation: Client, logical_id: str, status: str) -> dict[str, Any]:
    """Return the last event of a resource with a status."""
    events = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    found: dict[str, Any] = next(
        one for one in events if (one["LogicalResourceId"], one["ResourceStatus"]) == (logical_id, status)
    )
    return found


def listed(cloudformation: Client) -> dict[str, str]:
    """Return the status of each resource in DescribeStackResources."""
    found = cloudformation.describe_stack_resources(StackName="toys")["StackResources"]
    return {one["LogicalResourceId"]: one["ResourceStatus"] for one in found}


def succeed(toys: Toys, identifier: str) -> dict[str, Any]:
    """Return a success for an existing toy."""
    return {"status": "SUCCESS", "resourceModel": toys.resources[identifier]}


@pytest.mark.parametrize(
    ("policy", "options", "end"),
    [
        ("Delete", {}, "DELETE_COMPLETE"),
        ("Retain", {}, "DELETE_SKIPPED"),
        ("Retain", {"RetainExceptOnCreate": True}, "DELETE_COMPLETE"),
        ("RetainExceptOnCreate", {}, "DELETE_COMPLETE"),
    ],
)
def test_a_creation_that_leaves_nothing_has_one_more_event(
    toys: Toys, cloudformation: Client, policy: str, options: dict[str, bool], end: str
) -> None:
    """What was not created at all is "deleted" in the rollback all the same, without DELETE_IN_PROGRESS.

    aws/aws-cdk issue 5910 and aws/amazon-genomics-cli issue 573 have DELETE_COMPLETE; of a bucket with
    DeletionPolicy: Retain, the latter and two more logs of `cdk bootstrap` have DELETE_SKIPPED.
    """
    toys.answers = [failure("AlreadyExists")]
    body = template(B={"Type": TOY, "DeletionPolicy": policy, "Properties": {"Name": "b"}})
    create(cloudformation, body, **options)
    assert sequence(cloudformation, "ROLLBACK_IN_PROGRESS") == [("B", end), ("toys", "ROLLBACK_COMPLETE")]
    assert of(cloudformation, "B", end)["PhysicalResourceId"] == ""
    assert listed(cloudformation) == {"B": end}
    assert toys.actions() == ["CREATE B"]


def test_the_same_in_an_update(toys: Toys, cloudformation: Client) -> None:
    """In an update the event is in the cleanup (aws/aws-cdk issue 5910; a role in a log of Serverless)."""
    create(cloudformation, template(A={"Name": "a"}))
    toys.answers = [succeed(toys, "toy-1"), failure("InvalidRequest")]
    update(cloudformation, template(A={"Name": "a", "Colour": "red"}, B={"Name": "b", "Colour": {"Ref": "A"}}))
    assert sequence(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS") == [
        ("A", "UPDATE_IN_PROGRESS"),
        ("A", "UPDATE_COMPLETE"),
        ("toys", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("B", "DELETE_COMPLETE"),
        ("toys", "UPDATE_ROLLBACK_COMPLETE"),
    ]
    assert listed(cloudformation) == {"A": "UPDATE_COMPLETE"}


@pytest.mark.parametrize("left", [True, False])
def test_a_creation_that_is_tried_again_is_undone_once(toys: Toys, cloudformation: Client, *, left: bool) -> None:
    """Without rollback, an update creates what failed; a later rollback deletes that once, and not what it had left."""
    toys.resources["toy-9"] = {"Name": "x"}
    model = {"Id": "toy-9", "Name": "b"} if left else None
    toys.answers = [
        {"status": "SUCCESS", "resourceModel": {"Id": "toy-0", "Name": "a"}},
        failure("NotStabilized", model=model),
    ]
    toys.resources["toy-0"] = {"Name": "a"}
    create(cloudformation, template(A={"Name": "a"}, B={"Name": "b", "Colour": {"Ref": "A"}}), DisableRollback=True)
    body = template(A={"Name": "a"}, B={"Name": "b", "Colour": {"Ref": "A"}}, C={"Name": "NO", "Colour": {"Ref": "B"}})
    update(cloudformation, body, DisableRollback=True)
    cloudformation.rollback_stack(StackName="toys")
    assert stack_of(cloudformation)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert sequence(cloudformation, "ROLLBACK_IN_PROGRESS") == [
        ("C", "DELETE_COMPLETE"),
        *(("B", "DELETE_IN_PROGRESS"), ("B", "DELETE_COMPLETE")),
        *(("A", "DELETE_IN_PROGRESS"), ("A", "DELETE_COMPLETE")),
        ("toys", "ROLLBACK_COMPLETE"),
    ]


def test_an_update_is_rolled_back_in_the_order_of_dependencies(toys: Toys, cloudformation: Client) -> None:
    """A rollback is an update to the former template: what others depend on is restored first.

    A log of Jets (IamRole before the nested stacks that take its ARN), and one of an Auto Scaling exercise (the launch
    configuration before its group).
    """
    create(cloudformation, template(A={"Name": "a"}, B={"Name": "b", "Colour": {"Ref": "A"}}))
    toys.events.clear()
    changed: dict[str, Any] = {"A": {"Name": "a", "Colour": "red"}, "B": {"Name": "b", "Colour": {"Fn::Sub": "${A}!"}}}
    update(cloudformation, template(**changed, C={"Name": "NO", "Colour": {"Ref": "B"}}))
    assert toys.actions() == ["UPDATE A", "UPDATE B", "UPDATE A", "UPDATE B"]
    assert {one["Name"]: one.get("Colour") for one in toys.resources.values()} == {"a": None, "b": "toy-1"}


def test_an_update_that_failed_at_once_has_one_event_in_the_rollback(toys: Toys, cloudformation: Client) -> None:
    """An update that was refused, not begun, is UPDATE_COMPLETE in the rollback: without UPDATE_IN_PROGRESS, or a call.

    Logs of two functions and a search domain (Jets, two of Serverless). That AWS doesn't call the handler is inferred:
    a function that was deleted outside its stack is UPDATE_COMPLETE, too, and calls have UPDATE_IN_PROGRESS.
    """
    create(cloudformation, template(A={"Name": "a"}))
    toys.answers = [failure("InvalidRequest", "Updating this is not supported")]
    update(cloudformation, template(A={"Name": "a", "Colour": "red"}))
    assert sequence(cloudformation, "UPDATE_IN_PROGRESS") == [
        *(("A", "UPDATE_IN_PROGRESS"), ("A", "UPDATE_FAILED")),
        *(("toys", "UPDATE_ROLLBACK_IN_PROGRESS"), ("A", "UPDATE_COMPLETE")),
        *(("toys", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"), ("toys", "UPDATE_ROLLBACK_COMPLETE")),
    ]
    assert toys.actions() == ["CREATE A", "UPDATE A"]
    toys.answers = [{"status": "IN_PROGRESS", "resourceModel": toys.resources["toy-1"]}, failure("NotStabilized")]
    update(cloudformation, template(A={"Name": "a", "Colour": "red"}))
    assert sequence(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")[:2] == [
        ("A", "UPDATE_IN_PROGRESS"),
        ("A", "UPDATE_COMPLETE"),
    ]


def test_what_the_sandbox_implements_is_restored_all_the_same(toys: Toys, cloudformation: Client) -> None:
    """A type of moto's may have done half of an update that failed: it is restored, with the same events."""
    kind = RegisteredType(SCHEMA, toys.invoke)
    kind.called_by_aws = False  # as moto's types are
    catalogue.add_type(ACCOUNT, REGION, kind)
    create(cloudformation, template(A={"Name": "a"}))
    toys.answers = [failure("InvalidRequest")]
    update(cloudformation, template(A={"Name": "a", "Colour": "red"}))
    assert toys.actions() == ["CREATE A", "UPDATE A", "UPDATE A"]
    assert sequence(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")[0] == ("A", "UPDATE_COMPLETE")


@pytest.mark.parametrize("fails", [True, False])
def test_a_replacement_that_is_rolled_back(toys: Toys, cloudformation: Client, *, fails: bool) -> None:
    """The old resource is UPDATE_COMPLETE again, without a call; what was made instead is deleted in the cleanup.

    A log of an Auto Scaling exercise has it of a launch configuration. Deletions in a cleanup have no properties in
    their events (a recorded rollback among the tests of a custom resource for Auth0).
    """
    create(cloudformation, template(A={"Name": "a"}))
    if fails:
        toys.resources["toy-2"] = {"Name": "b"}
        toys.answers = [failure("NotStabilized", "late", {"Id": "toy-2", "Name": "b"})]
    update(cloudformation, template(A={"Name": "b"}, B={"Name": "NO", "Colour": {"Ref": "A"}}))
    assert sequence(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS") == [
        ("A", "UPDATE_COMPLETE"),
        ("toys", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
        *([] if fails else [("B", "DELETE_COMPLETE")]),
        *(("A", "DELETE_IN_PROGRESS"), ("A", "DELETE_COMPLETE")),
        ("toys", "UPDATE_ROLLBACK_COMPLETE"),
    ]
    restored, deleted = of(cloudformation, "A", "UPDATE_COMPLETE"), of(cloudformation, "A", "DELETE_COMPLETE")
    assert (restored["PhysicalResourceId"], deleted["PhysicalResourceId"]) == ("toy-1", "toy-2")
    assert ("ResourceProperties" in restored, "ResourceProperties" in deleted) == (True, False)
    assert listed(cloudformation) == {"A": "UPDATE_COMPLETE"}
    assert [*toys.resources] == ["toy-1"]


@pytest.mark.parametrize("wanted", [{"Name": "b"}, {"Name": "a", "Colour": 3, "Loud": "x"}, {"Name": {"Ref": "B"}}])
def test_what_an_update_could_not_begin_is_complete_after_the_rollback(
    toys: Toys, cloudformation: Client, wanted: dict[str, Any]
) -> None:
    """No resource stays UPDATE_FAILED in a stack that is rolled back: replaced, refused by its schema, or neither."""
    create(cloudformation, template(A={"Name": "a"}))
    toys.answers = [failure("AlreadyExists")]
    update(cloudformation, template(A=wanted, B={"Name": "b"}))
    assert stack_of(cloudformation)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert listed(cloudformation) == {"A": listed(cloudformation)["A"]}
    assert listed(cloudformation)["A"] in {"UPDATE_COMPLETE", "CREATE_COMPLETE"}


def test_a_resource_that_a_rollback_skips_is_complete(toys: Toys, cloudformation: Client) -> None:
    """ContinueUpdateRollback says of each resource in ResourcesToSkip that it is skipped, and UPDATE_COMPLETE.

    The log of an exercise with an instance; a listing of "stacks in an error state" in a public script.
    """
    create(cloudformation, template(A={"Name": "a"}))
    toys.answers = [succeed(toys, "toy-1"), failure("InvalidRequest"), failure("AccessDenied")]
    update(cloudformation, template(A={"Name": "a", "Colour": "red"}, B={"Name": "b", "Colour": {"Ref": "A"}}))
    cloudformation.continue_update_rollback(StackName="toys", ResourcesToSkip=["A"])
    assert sequence(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS") == [
        ("A", "UPDATE_COMPLETE"),
        ("toys", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("B", "DELETE_COMPLETE"),
        ("toys", "UPDATE_ROLLBACK_COMPLETE"),
    ]
    reason = of(cloudformation, "A", "UPDATE_COMPLETE")["ResourceStatusReason"]
    assert reason == "Resource skipped during UpdateRollback"


KEPT = "Update successful. One or more resources could not be deleted."


@pytest.mark.parametrize("fails", [2, 3])
def test_a_cleanup_deletes_three_times(toys: Toys, cloudformation: Client, fails: int) -> None:
    """What a cleanup can't delete in three attempts is left, and the stack's reason says so.

    serverless/serverless issue 9144; aws-cloudformation/cloudformation-coverage-roadmap issue 744; "Resource removed
    from stack but not deleted" in the user guide.
    """
    create(cloudformation, template(A={"Name": "a"}, B={"Name": "b"}))
    toys.answers = [failure("AccessDenied")] * fails
    stack = update(cloudformation, template(A={"Name": "a"}))
    end = [("B", "DELETE_COMPLETE")] if fails < 3 else []
    assert sequence(cloudformation, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") == [
        *[("B", "DELETE_IN_PROGRESS"), ("B", "DELETE_FAILED")] * fails,
        *([("B", "DELETE_IN_PROGRESS"), *end] if end else []),
        ("toys", "UPDATE_COMPLETE"),
    ]
    assert stack.get("StackStatusReason") == (None if end else KEPT)


def test_a_rollback_whose_cleanup_leaves_something(toys: Toys, cloudformation: Client) -> None:
    """The reason is the same after a rollback (a listing of "stacks in an error state" in a public script)."""
    create(cloudformation, template(A={"Name": "a"}))
    toys.resources["toy-2"] = {"Name": "b"}
    made = {"status": "SUCCESS", "resourceModel": {"Id": "toy-2", "Name": "b"}}
    toys.answers = [made, failure("InvalidRequest"), *[failure("AccessDenied")] * 3]
    body = template(A={"Name": "a"}, B={"Name": "b"}, C={"Name": "c", "Colour": {"Ref": "B"}})
    stack = update(cloudformation, body)
    assert (stack["StackStatus"], stack["StackStatusReason"]) == ("UPDATE_ROLLBACK_COMPLETE", KEPT)


def test_a_creation_that_failed_is_not_updated_by_a_rollback(toys: Toys, cloudformation: Client) -> None:
    """Without rollback, an update first deletes what a failed creation left. If that fails, a rollback deletes it."""
    made, left = {"Id": "toy-8", "Name": "a"}, {"Id": "toy-9", "Name": "b"}
    toys.resources |= {"toy-8": {"Name": "a"}, "toy-9": {"Name": "b"}}
    toys.answers = [{"status": "SUCCESS", "resourceModel": made}, failure("NotStabilized", model=left)]
    second = {"Name": "b", "Colour": {"Ref": "A"}}
    create(cloudformation, template(A={"Name": "a"}, B=second), DisableRollback=True)
    toys.answers = [{"status": "SUCCESS", "resourceModel": made}, failure("AccessDenied")]
    stack = update(cloudformation, template(A={"Name": "a", "Colour": "red"}, B=second), DisableRollback=True)
    assert stack["StackStatus"] == "UPDATE_FAILED"
    cloudformation.rollback_stack(StackName="toys")
    events = sequence(cloudformation, "ROLLBACK_IN_PROGRESS")
    assert [status for logical_id, status in events if logical_id == "B"] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert toys.resources == {}
