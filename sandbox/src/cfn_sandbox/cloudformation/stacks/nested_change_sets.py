"""Change sets of nested stacks: with IncludeNestedStacks, a change set has one for each stack nested in its stack.

Source: "Change sets for nested stacks" in the user guide. Reasons of failures are those that users quote.
"""

from __future__ import annotations

from dataclasses import replace

from cfn_sandbox.cloudformation.stacks.change_sets import UNCHANGED, ChangeSet, Request, propose
from cfn_sandbox.cloudformation.stacks.events import STACK_TYPE
from cfn_sandbox.cloudformation.stacks.nested import generated_name, new_stack, submission_of
from cfn_sandbox.cloudformation.stacks.plan import ResourceChange
from cfn_sandbox.cloudformation.stacks.stack import NO_UPDATES
from cfn_sandbox.errors import CloudFormationError, ValidationError
from cfn_sandbox.values import is_known


def include_nested_stacks(change_set: ChangeSet) -> None:
    """Make the change sets of the stacks that are nested in a change set's stack, at every level.

    A nested stack in which nothing changes is left out of the parent's changes. If the change set of a nested stack
    fails, that of its parent does.
    """
    if change_set.failure is not None:
        return
    proposal = change_set.proposal
    changes = dict(proposal.plan)
    for logical_id, change in proposal.plan.items():
        if change.kind != STACK_TYPE or change.action not in {"Add", "Modify"}:
            continue
        try:
            child = _propose(change_set, change)
        except CloudFormationError as error:
            change_set.failure = f"Nested stack {logical_id}: {error.message}"
            return
        change_set.children[logical_id] = child
        if child.failure in {UNCHANGED, NO_UPDATES}:  # it is kept for the template that it has read
            del child.stack.space.change_sets[child.change_set_id]
            if all(cause.source == "Automatic" for one in change.changes for cause in one.causes):
                del changes[logical_id]
            continue
        if child.failure is not None:
            text = f"Nested change set {child.change_set_id} was not successfully created: Currently in FAILED."
            change_set.failure = text
            return
        physical_id = child.stack.identity.stack_id
        changes[logical_id] = replace(change, change_set_id=child.change_set_id, physical_id=physical_id)
    if (
        all(child.failure is not None for child in change_set.children.values())
        and proposal.request.kind == "UPDATE"
        and not change_set.stack.differs(proposal.definition)
    ):
        changes, change_set.failure = {}, UNCHANGED
    change_set.proposal = replace(proposal, plan=changes)


def _propose(parent: ChangeSet, change: ResourceChange) -> ChangeSet:
    is_new = change.action == "Add"
    space = parent.stack.space
    stack = new_stack(parent.stack, change.logical_id) if is_new else space.named(str(change.physical_id))
    definition = parent.proposal.definition
    known = {key: value for key, value in change.desired.items() if key == "Parameters" or is_known(value)}
    if known.keys() != change.desired.keys():
        unknown = ", ".join(sorted(change.desired.keys() - known.keys()))
        text = "is known after apply, which this sandbox does not support with IncludeNestedStacks: leave that out."
        raise ValidationError(f"{unknown} {text}")
    submission = submission_of(space, definition, definition.tags, known)
    request = Request(
        generated_name(parent.name, change.logical_id),
        "CREATE" if is_new else "UPDATE",
        include_nested=True,
        validate=parent.proposal.request.validate,
    )
    child = propose(stack, submission, request, parent)
    include_nested_stacks(child)
    return child
