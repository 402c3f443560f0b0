"""The operations on change sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfn_sandbox.cloudformation.api.stack_operations import settings_of, submission_of
from cfn_sandbox.cloudformation.stacks import change_sets
from cfn_sandbox.cloudformation.stacks.nested_change_sets import include_nested_stacks
from cfn_sandbox.cloudformation.stacks.plan_description import described
from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.protocols.paging import page
from cfn_sandbox.protocols.tokens import once

if TYPE_CHECKING:
    from cfn_sandbox.protocols.service import Answer, Call


@once("ClientToken")
def create_change_set(call: Call) -> Answer:
    """Answer CreateChangeSet. Without a ChangeSetType, the change set is an UPDATE of an existing stack."""
    given, space = call.parameters, call.space
    stack = space.find(given["StackName"])
    disabled = given.get("DeploymentConfig", {}).get("DisableRollback")
    request = change_sets.Request(
        given["ChangeSetName"],
        given.get("ChangeSetType", "UPDATE"),
        given.get("Description"),
        "DO_NOTHING" if disabled else given.get("OnStackFailure"),
        tuple(given.get("ResourcesToImport", ())),
        import_existing=given.get("ImportExistingResources", False),
        settings=settings_of(call, stack.settings if stack else None),
        validate=not given.get("DisableValidation", False),
        include_nested=given.get("IncludeNestedStacks", False),
    )
    made = change_sets.create(space, given["StackName"], submission_of(call, stack), request)
    if request.include_nested:
        include_nested_stacks(made)
    return {"Id": made.change_set_id, "StackId": made.stack.identity.stack_id}


def describe_change_set(call: Call) -> Answer:
    """Answer DescribeChangeSet. Values before and after are included only with IncludePropertyValues."""
    change_set = _find(call)
    proposal, settings = change_set.proposal, change_set.proposal.request.settings
    changes = described(proposal.plan, with_values=call.parameters.get("IncludePropertyValues", False))
    return {
        **_summary(change_set),
        **page(call, "Changes", changes),
        "Parameters": proposal.definition.parameters.described(),
        "Capabilities": proposal.definition.capabilities,
        "NotificationARNs": proposal.definition.notification_arns,
        "RollbackConfiguration": settings.rollback_configuration if settings else {},
        "Tags": [{"Key": key, "Value": value} for key, value in proposal.definition.tags.items()],
        "OnStackFailure": proposal.request.on_failure,
    }


def list_change_sets(call: Call) -> Answer:
    """Answer ListChangeSets for one stack."""
    found = change_sets.of_stack(call.space, call.space.named(call.parameters["StackName"]))
    return page(call, "Summaries", found, _summary)


def delete_change_set(call: Call) -> Answer:
    """Answer DeleteChangeSet. Deleting a missing change set succeeds if its stack exists."""
    try:
        change_set = _find(call)
    except CloudFormationError as error:
        if error.code != "ChangeSetNotFound":
            raise
    else:
        change_sets.delete(call.space, change_set)
    return {}


@once("ClientRequestToken")
def execute_change_set(call: Call) -> Answer:
    """Answer ExecuteChangeSet: start the operation on the stack."""
    given = call.parameters
    change_sets.execute(
        _find(call),
        disable_rollback=given.get("DisableRollback"),
        retain_except_on_create=given.get("RetainExceptOnCreate", False),
        token=given.get("ClientRequestToken"),
    )
    return {}


def _find(call: Call) -> change_sets.ChangeSet:
    return change_sets.find(call.space, call.parameters["ChangeSetName"], call.parameters.get("StackName"))


def _summary(change_set: change_sets.ChangeSet) -> dict[str, object]:
    """Return the API's ChangeSetSummary."""
    identity, request = change_set.stack.identity, change_set.proposal.request
    return {
        "ChangeSetId": change_set.change_set_id,
        "ChangeSetName": change_set.name,
        "StackId": identity.stack_id,
        "StackName": identity.name,
        "Description": request.description,
        "CreationTime": change_set.proposal.created,
        "Status": change_set.status,
        "StatusReason": change_set.failure,
        "ExecutionStatus": change_set.execution_status,
        "IncludeNestedStacks": request.include_nested,
        "ParentChangeSetId": change_set.parent and change_set.parent.change_set_id,
        "RootChangeSetId": change_set.root.change_set_id if change_set.parent else None,
        "ImportExistingResources": request.import_existing,
    }
