"""After a failed operation, OnFailure and DisableRollback decide what stays and how the stack continues."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.tests.toys import Client, Toys, create, failure, stack_of, template, update, why

BOTH: dict[str, Any] = {"A": {"Name": "a"}, "B": {"Name": "b", "Colour": {"Ref": "A"}}}


def fail_second(toys: Toys, cloudformation: Client, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters of the API
    """Create A, and fail to create B, whose handler reports a model."""
    toys.resources["toy-1"], toys.resources["toy-7"] = {"Name": "a"}, {"Name": "b"}
    toys.answers = [
        {"status": "SUCCESS", "resourceModel": {"Id": "toy-1", "Name": "a"}},
        failure("NotStabilized", "too late", {"Id": "toy-7", "Name": "b"}),
    ]
    return create(cloudformation, template(**BOTH), **options)


def test_a_create_that_is_not_rolled_back(toys: Toys, cloudformation: Client) -> None:
    """Without rollback, the resources stay. An UPDATE with DisableRollback continues and recreates the failed one."""
    stack = fail_second(toys, cloudformation, DisableRollback=True)
    assert (stack["StackStatus"], list(toys.resources)) == ("CREATE_FAILED", ["toy-1", "toy-7"])
    with pytest.raises(ClientError, match="please use the disable-rollback parameter with update-stack API"):
        update(cloudformation, template(**BOTH))
    stack = update(cloudformation, template(**BOTH), DisableRollback=True)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert toys.actions() == ["CREATE A", "CREATE B", "DELETE B", "CREATE B"]
    cloudformation.delete_stack(StackName="toys")
    assert toys.resources == {}


def test_a_partly_failed_create_can_be_deleted(toys: Toys, cloudformation: Client) -> None:
    """DELETE also deletes the resource that failed, if its handler reported a model."""
    fail_second(toys, cloudformation, DisableRollback=True)
    resources = cloudformation.describe_stack_resources(StackName="toys")["StackResources"]
    statuses = {one["LogicalResourceId"]: one["ResourceStatus"] for one in resources}
    assert statuses == {"A": "CREATE_COMPLETE", "B": "CREATE_FAILED"}
    cloudformation.delete_stack(StackName="toys")
    assert toys.actions()[2:] == ["DELETE B", "DELETE A"]
    assert toys.resources == {}


def test_a_create_that_is_rolled_back_later(toys: Toys, cloudformation: Client) -> None:
    """RollbackStack rolls back a CREATE that failed with DisableRollback."""
    fail_second(toys, cloudformation, DisableRollback=True)
    cloudformation.rollback_stack(StackName="toys")
    assert stack_of(cloudformation)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert toys.resources == {}
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be rolled back"):
        cloudformation.rollback_stack(StackName="toys")


def test_a_create_that_is_deleted_on_failure(toys: Toys, cloudformation: Client) -> None:
    """OnFailure=DELETE deletes the failed stack, whose events can still be read by its id."""
    stack_id = cloudformation.create_stack(
        StackName="toys", TemplateBody=template(A={"Name": "NO"}), OnFailure="DELETE"
    )["StackId"]
    with pytest.raises(ClientError, match="does not exist"):
        stack_of(cloudformation)
    events = cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
    statuses = [event["ResourceStatus"] for event in events if event["PhysicalResourceId"] == stack_id]
    assert statuses == ["DELETE_COMPLETE", "DELETE_IN_PROGRESS", "CREATE_IN_PROGRESS"]
    assert toys.resources == {}
    with pytest.raises(ClientError, match="either DisableRollback or OnFailure"):
        create(cloudformation, template(A={"Name": "a"}), OnFailure="DELETE", DisableRollback=True)


def fail_update(toys: Toys, cloudformation: Client, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters of the API
    """Change A and B, and fail to create C."""
    create(cloudformation, template(**BOTH))
    toys.events.clear()
    changed: dict[str, Any] = {"A": {"Name": "a", "Colour": "red"}, "B": {"Name": "b", "Colour": {"Fn::Sub": "${A}!"}}}
    return update(cloudformation, template(**changed, C={"Name": "NO", "Colour": {"Ref": "B"}}), **options)


def test_an_update_that_is_not_rolled_back(toys: Toys, cloudformation: Client) -> None:
    """Without rollback, UPDATE continues where it failed."""
    stack = fail_update(toys, cloudformation, DisableRollback=True)
    assert (stack["StackStatus"], sorted(toys.resources)) == ("UPDATE_FAILED", ["toy-1", "toy-2"])
    body = template(
        A={"Name": "a", "Colour": "red"}, B={"Name": "b", "Colour": "toy-1!"}, C={"Name": "c", "Colour": "x"}
    )
    stack = update(cloudformation, body, DisableRollback=True)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert toys.actions() == ["UPDATE A", "UPDATE B", "CREATE C"]
    assert sorted(toy["Name"] for toy in toys.resources.values()) == ["a", "b", "c"]


def test_an_update_that_is_rolled_back_later(toys: Toys, cloudformation: Client) -> None:
    """RollbackStack restores the last complete state, even after two failed updates."""
    fail_update(toys, cloudformation, DisableRollback=True)
    again = template(A={"Name": "a", "Colour": "blue"}, B={"Name": "b"}, C={"Name": "STILL", "Colour": {"Ref": "B"}})
    assert update(cloudformation, again, DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    cloudformation.rollback_stack(StackName="toys")
    stack = stack_of(cloudformation)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert {key: (toy["Name"], toy.get("Colour")) for key, toy in toys.resources.items()} == {
        "toy-1": ("a", None),
        "toy-2": ("b", "toy-1"),
    }
    assert update(cloudformation, template(A={"Name": "a"}))["StackStatus"] == "UPDATE_COMPLETE"
    assert list(toys.resources) == ["toy-1"]


@pytest.mark.parametrize("skip", [False, True])
def test_a_rollback_that_failed_goes_on(toys: Toys, cloudformation: Client, *, skip: bool) -> None:
    """ContinueUpdateRollback continues with the failed step, or skips the resource in ResourcesToSkip."""
    create(cloudformation, template(**BOTH))
    toys.answers = [
        {"status": "SUCCESS", "resourceModel": toys.resources["toy-1"] | {"Colour": "red"}},
        failure("InvalidRequest", "not b"),
        failure("AccessDenied", "not now"),
    ]
    changed: dict[str, Any] = {"A": {"Name": "a", "Colour": "red"}, "B": {"Name": "b", "Colour": {"Fn::Sub": "${A}!"}}}
    stack = update(cloudformation, template(**changed))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    count = len(toys.events)
    with pytest.raises(ClientError, match=r"ResourcesToSkip can't have \[C\]: only resources whose rollback failed"):
        cloudformation.continue_update_rollback(StackName="toys", ResourcesToSkip=["A", "C"])
    cloudformation.continue_update_rollback(StackName="toys", ResourcesToSkip=["A"] if skip else [])
    assert stack_of(cloudformation)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert toys.actions()[count:] == ([] if skip else ["UPDATE A"])


def test_what_the_cleanup_of_a_rollback_can_not_delete(toys: Toys, cloudformation: Client) -> None:
    """An update is rolled back also if what it has made can't be deleted: that is left, with an event, as in AWS."""
    create(cloudformation, template(A={"Name": "a"}))
    toys.resources["toy-2"] = {}
    toys.answers = [
        {"status": "SUCCESS", "resourceModel": {"Id": "toy-2", "Name": "b"}},
        failure("InvalidRequest", "not c"),
        *[failure("AccessDenied", "not now")] * 3,
    ]
    body = template(A={"Name": "a"}, B={"Name": "b"}, C={"Name": "c", "Colour": {"Ref": "B"}})
    assert update(cloudformation, body)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    assert [(event["LogicalResourceId"], event["ResourceStatus"]) for event in events[:9]] == [
        ("toys", "UPDATE_ROLLBACK_COMPLETE"),
        *[("B", "DELETE_FAILED"), ("B", "DELETE_IN_PROGRESS")] * 3,
        ("C", "DELETE_COMPLETE"),
        ("toys", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
    ]
    cloudformation.delete_stack(StackName="toys")
    assert [*toys.resources] == ["toy-2"]


def test_a_delete_that_failed_may_leave_what_it_can_not_delete(toys: Toys, cloudformation: Client) -> None:
    """RetainResources keeps a resource that can't be deleted, but only after DELETE failed."""
    create(cloudformation, template(A={"Name": "a"}, B={"Name": "b"}))
    with pytest.raises(ClientError, match="retain only when the stack is in the DELETE_FAILED state"):
        cloudformation.delete_stack(StackName="toys", RetainResources=["A"])
    toys.answers = [failure("AccessDenied")]
    cloudformation.delete_stack(StackName="toys")
    assert stack_of(cloudformation)["StackStatus"] == "DELETE_FAILED"
    cloudformation.delete_stack(StackName="toys", RetainResources=["B"])
    assert [toy["Name"] for toy in toys.resources.values()] == ["b"]
    assert stack_of(cloudformation)["StackStatus"] == "DELETE_COMPLETE"


def test_nothing_is_replaced_without_rollback(toys: Toys, cloudformation: Client) -> None:
    """With DisableRollback, a resource that would be replaced fails: aws/aws-sam-cli issue 4585, and its event."""
    create(cloudformation, template(A={"Name": "a"}))
    renamed = template(A={"Name": "b"})
    stack = update(cloudformation, renamed, DisableRollback=True)
    assert stack["StackStatus"] == "UPDATE_FAILED"
    reason = "Replacement type updates not supported on stack with disable-rollback."
    assert why(cloudformation).split("\n")[0] == reason
    assert toys.actions() == ["CREATE A"]
    cloudformation.rollback_stack(StackName="toys")
    change_set = {"StackName": "toys", "ChangeSetName": "change"}
    cloudformation.create_change_set(**change_set, TemplateBody=renamed)
    cloudformation.execute_change_set(**change_set, DisableRollback=True)
    assert stack_of(cloudformation)["StackStatus"] == "UPDATE_FAILED"
    cloudformation.rollback_stack(StackName="toys")
    assert update(cloudformation, renamed)["StackStatus"] == "UPDATE_COMPLETE"


def test_a_stack_that_was_left_as_it_failed(toys: Toys, cloudformation: Client) -> None:
    """A stack made with OnFailure=DO_NOTHING that failed can't be updated (code-dot-org pull request 68524)."""
    stack = fail_second(toys, cloudformation, OnFailure="DO_NOTHING")
    assert (stack["StackStatus"], list(toys.resources)) == ("CREATE_FAILED", ["toy-1", "toy-7"])
    with pytest.raises(ClientError) as refused:
        update(cloudformation, template(**BOTH), DisableRollback=True)
    assert refused.value.response["Error"]["Message"] == (
        "This stack cannot be updated from [CREATE_FAILED] state because it contains [on-failure: DO_NOTHING]. Please "
        "use disable-rollback option instead during stack creation."
    )
    cloudformation.delete_stack(StackName="toys")
    assert toys.resources == {}


def test_one_of_two_ways_to_say_what_follows_a_failure(toys: Toys, cloudformation: Client) -> None:
    """ExecuteChangeSet's DisableRollback doesn't go with CreateChangeSet's OnStackFailure (AWS's re:Post)."""
    request = {"StackName": "toys", "ChangeSetName": "change"}
    cloudformation.create_change_set(
        **request, ChangeSetType="CREATE", TemplateBody=template(A={"Name": "a"}), OnStackFailure="ROLLBACK"
    )
    with pytest.raises(ClientError) as refused:
        cloudformation.execute_change_set(**request, DisableRollback=False)
    assert refused.value.response["Error"]["Message"] == (
        "Either DisableRollback or OnStackFailure can be specified, but not both. Validation error as OnStackFailure "
        "parameter was specified during CreateChangeSet."
    )
    assert toys.events == []


def test_an_update_does_not_delete_its_stack(toys: Toys, cloudformation: Client) -> None:
    """OnStackFailure=DELETE is for change sets that create a stack (CreateChangeSet in the API reference)."""
    create(cloudformation, template(A={"Name": "a"}))
    with pytest.raises(ClientError, match=r"OnStackFailure DELETE needs the ChangeSetType CREATE, not UPDATE\.$"):
        cloudformation.create_change_set(
            StackName="toys",
            ChangeSetName="change",
            TemplateBody=template(A={"Name": "a", "Colour": "red"}),
            OnStackFailure="DELETE",
        )
    assert toys.actions() == ["CREATE A"]


def test_a_deletion_can_be_forced_only_after_it_failed(toys: Toys, cloudformation: Client) -> None:
    """FORCE_DELETE_STACK needs a deletion that has failed (the words: awslabs/eks-perf-tests pull request 517)."""
    stack = create(cloudformation, template(A={"Name": "a"}))
    with pytest.raises(ClientError) as refused:
        cloudformation.delete_stack(StackName="toys", DeletionMode="FORCE_DELETE_STACK")
    assert refused.value.response["Error"]["Message"] == (
        f"Invalid operation on stack [{stack['StackId']}]. You can activate DeletionMode FORCE_DELETE_STACK in a "
        "delete stack operation only when the stack is in the DELETE_FAILED state."
    )
    assert toys.actions() == ["CREATE A"]


def test_a_rollback_that_did_not_fail(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """ContinueUpdateRollback has AWS's words for a stack in another status, under its internal name."""
    create(cloudformation, template(A={"Name": "a"}))
    with pytest.raises(ClientError, match=r": RollbackUpdatedStack cannot be called from current stack status$"):
        cloudformation.continue_update_rollback(StackName="toys")


def test_termination_protection(toys: Toys, cloudformation: Client) -> None:
    """A protected stack can't be deleted until the protection is removed."""
    create(cloudformation, template(A={"Name": "a"}), EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        cloudformation.delete_stack(StackName="toys")
    cloudformation.update_termination_protection(StackName="toys", EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName="toys")
    assert toys.resources == {}


def test_when_a_stack_was_changed_and_deleted(toys: Toys, cloudformation: Client) -> None:
    """A stack's description has the times of its update and deletion; a deleted stack is found by its id."""
    stack = create(cloudformation, template(A={"Name": "a"}))
    assert "LastUpdatedTime" not in stack
    stack = update(cloudformation, template(A={"Name": "a", "Colour": "red"}))
    assert stack["LastUpdatedTime"] >= stack["CreationTime"]
    cloudformation.delete_stack(StackName="toys")
    (deleted,) = cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"]
    assert (deleted["StackStatus"], deleted["DeletionTime"] >= stack["LastUpdatedTime"]) == ("DELETE_COMPLETE", True)
    assert toys.resources == {}
