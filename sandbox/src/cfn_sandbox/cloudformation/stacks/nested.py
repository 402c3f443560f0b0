"""Nested stacks: AWS::CloudFormation::Stack, a resource that is a stack, and its change set in that of its parent.

A nested stack's operation is a part of its parent's. After an update, it keeps what the update replaced until the
operation of the root stack has succeeded, because other resources of its parent may use that until then.

Sources: "Split a template into reusable pieces using nested stacks", AWS::CloudFormation::Stack and "Change sets for
nested stacks" in the user guide; the words of failures are those that users quote.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from cfn_sandbox.cloudformation.stacks import change_sets
from cfn_sandbox.cloudformation.stacks.change_sets import UNCHANGED, ChangeSet
from cfn_sandbox.cloudformation.stacks.events import STACK_TYPE
from cfn_sandbox.cloudformation.stacks.plan import ResourceChange
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.stacks.stack import NO_UPDATES, Stack, has_nested_stacks
from cfn_sandbox.cloudformation.stacks.state import Definition, Options, Settings
from cfn_sandbox.cloudformation.stacks.submission import Submission, define, template_at
from cfn_sandbox.errors import CloudFormationError, ValidationError
from cfn_sandbox.resource_types.interface import Action, Failure, Instance, Outcome, Properties, Request, ResourceType
from cfn_sandbox.schemas import published
from cfn_sandbox.schemas.schema import ResourceSchema
from cfn_sandbox.values import JSON, Value, is_known, text

_LONGEST_NAME = 128
_RANDOM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_TO_ROLL_BACK = frozenset({"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED"})


class NestedStackType(ResourceType):
    """The type of nested stacks. `space_of` returns what CloudFormation keeps of an account in a region."""

    always_updated = True  # the template at its URL may differ

    def __init__(self, space_of: Callable[[str, str], Space]) -> None:
        super().__init__(cast("ResourceSchema", published.schema(STACK_TYPE)))
        self._space_of = space_of

    def supports(self, action: Action) -> bool:
        """Return whether an action is supported. Drift detection doesn't look into nested stacks, as in AWS."""
        return action in {"CREATE", "UPDATE", "DELETE"}

    def create(self, request: Request, properties: Properties) -> Outcome:
        """Create a stack, and wait for it."""
        if request.stack_id is None:
            return _failed("This sandbox makes nested stacks in stacks only: use CreateStack.", "InvalidRequest")
        parent = self._parent(request)
        reviewed = _reviewed(parent, request)
        child = reviewed.stack if reviewed is not None else _new_stack(parent, str(request.logical_id))
        definition = define(_submission(parent.space, parent.steps.operation[0], properties, reviewed), child)
        request.watch(_instance(child))
        child.change("CREATE", definition, _options(parent, reviewed), _settings(parent, child, properties))
        if child.status.name == "CREATE_COMPLETE":
            return Outcome(_instance(child))
        _, reason = _last(child, {"CREATE_FAILED", "ROLLBACK_IN_PROGRESS"})
        reason = reason.removesuffix("Rollback requested by user.")
        reason = reason if reason.endswith("]. ") else reason.removesuffix(". ")  # as `requested` has added it
        return _failed(f"Embedded stack {child.identity.stack_id} was not successfully created: {reason}", child=child)

    def update(self, request: Request, desired: Properties, previous: Properties, instance: Instance) -> Outcome:  # noqa: ARG002 - the stack knows what it was
        """Update a stack in place, and wait for it; or undo that."""
        parent = self._parent(request)
        child = parent.space.find(instance.identifier)
        if child is None or child.status.name == "DELETE_COMPLETE":
            return _failed(f"Stack [{instance.identifier}] does not exist", "NotFound")
        if request.undo:
            if child.recovery.undo is not None:
                child.roll_back(_TO_ROLL_BACK, token=parent.steps.events.token)
            ended = child.recovery.undo is None
        else:
            reviewed = _reviewed(parent, request)
            options = _options(parent, reviewed)
            child.check_can_begin("UPDATE", options)
            definition = define(_submission(parent.space, parent.steps.operation[0], desired, reviewed), child)
            unfinished = child.recovery.undo is not None
            if not unfinished and not child.differs(definition) and not has_nested_stacks(definition):
                return Outcome(_instance(child))
            child.change("UPDATE", definition, options, _settings(parent, child, desired))
            ended = child.recovery.unended is not None
        if ended:
            return Outcome(_instance(child))
        status, reason = _last(child, {"UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED"})
        words = f"was not successfully updated. Currently in {status} with reason: {reason}"
        return _failed(f"Embedded stack {instance.identifier} {words}")

    def clean_up(self, request: Request, instance: Instance) -> bool:
        """End the update of a stack, after that of its parent; return whether there was one."""
        child = self._space_of(request.account, request.region).find(instance.identifier)
        return child is not None and child.end_update()

    def delete(self, request: Request, properties: Properties, instance: Instance) -> Outcome:  # noqa: ARG002 - the stack knows what it is
        """Delete a stack, and wait for it."""
        parent = self._parent(request)
        child = parent.space.find(instance.identifier)
        if child is not None:
            child.delete(token=parent.steps.events.token, nested=True)
            if child.status.name != "DELETE_COMPLETE":
                _, reason = _last(child, {"DELETE_FAILED"})
                return _failed(f"Embedded stack {instance.identifier} was not successfully deleted: {reason}")
        return Outcome()

    def _parent(self, request: Request) -> Stack:
        return self._space_of(request.account, request.region).named(request.stack_id or "")


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
        elif child.failure is not None:
            text = f"Nested change set {child.change_set_id} was not successfully created: Currently in FAILED."
            change_set.failure = text
            return
        else:
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
    """Make the change set of a nested stack; CloudFormationError refuses it."""
    is_new, space = change.action == "Add", parent.stack.space
    stack = _new_stack(parent.stack, change.logical_id) if is_new else space.named(str(change.physical_id))
    if unknown := sorted(key for key, value in change.desired.items() if key != "Parameters" and not is_known(value)):
        text = "is known after apply, which this sandbox does not support with IncludeNestedStacks: leave that out."
        raise ValidationError(f"{', '.join(unknown)} {text}")
    submission = _submission(space, parent.proposal.definition, change.desired)
    name, kind = _name(parent.name, change.logical_id), "CREATE" if is_new else "UPDATE"
    validate = parent.proposal.request.validate
    request = change_sets.Request(name, kind, include_nested=True, validate=validate)
    child = change_sets.propose(stack, submission, request, parent)
    include_nested_stacks(child)
    return child


def _name(name: str, logical_id: str) -> str:
    """Return a name for what is nested: that of what it is nested in, its logical id and a random part."""
    ending = "".join(secrets.choice(_RANDOM) for _ in range(12))
    return f"{name}-{logical_id}"[: _LONGEST_NAME - len(ending) - 1] + f"-{ending}"


def _new_stack(parent: Stack, logical_id: str) -> Stack:
    """Return a new stack that is nested in another one. It isn't registered yet."""
    own = parent.identity
    identity = own.space.new_identity(_name(own.name, logical_id))
    return Stack(replace(identity, parent_id=own.stack_id, root_id=own.root_id or own.stack_id), Settings())


def _submission(
    space: Space, parent: Definition, properties: Properties, reviewed: ChangeSet | None = None
) -> Submission:
    """Return what a resource's properties, and its parent's definition, ask a nested stack to be.

    What is unknown in Parameters is known after apply. The template is that of the change set in which the stack was
    `reviewed`, or is read at its URL. ValidationError: there is none, or a parameter's value is no text.
    """
    url = str(properties["TemplateURL"])
    body = reviewed.proposal.definition.text if reviewed is not None else template_at(space.services, url)
    given = cast("dict[str, Value]", properties.get("Parameters") or {})
    known = {key: cast("JSON", value) for key, value in given.items() if is_known(value)}
    if any(isinstance(value, (dict, list)) for value in known.values()):
        raise ValidationError("Value of property Parameters must be an object with String (or simple type) properties")
    own = cast("list[dict[str, str]]", properties.get("Tags") or [])
    topics = cast("list[str] | None", properties.get("NotificationARNs"))
    return Submission(
        body,
        from_url=True,
        parameters=tuple({"ParameterKey": key, "ParameterValue": text(value)} for key, value in known.items()),
        tags={**parent.tags, **{tag["Key"]: tag["Value"] for tag in own}},
        capabilities=parent.capabilities,
        notification_arns=parent.notification_arns if topics is None else tuple(topics),
        unknown=tuple(given.keys() - known.keys()),
    )


def _reviewed(parent: Stack, request: Request) -> ChangeSet | None:
    """Return the nested stack's change set in the one that is executed; None if there is none."""
    _, options = parent.steps.operation
    executed = parent.space.change_sets.get(options.change_set_id or "")
    return executed.children.get(str(request.logical_id)) if executed is not None else None


def _settings(parent: Stack, child: Stack, properties: Properties) -> Settings:
    minutes = properties.get("TimeoutInMinutes")
    timeout = minutes if isinstance(minutes, int) else None
    return replace(child.settings, role_arn=parent.settings.role_arn, timeout_minutes=timeout)


def _options(parent: Stack, reviewed: ChangeSet | None) -> Options:
    _, options = parent.steps.operation
    on_failure = "DO_NOTHING" if options.on_failure == "DO_NOTHING" else "ROLLBACK"
    change_set_id = reviewed.change_set_id if reviewed is not None and reviewed.failure is None else None
    return replace(options, on_failure=on_failure, imports={}, change_set_id=change_set_id, nested=True)


def _instance(stack: Stack) -> Instance:
    stack_id = stack.identity.stack_id
    outputs: dict[str, JSON] = {output.key: str(output.value) for output in stack.contents.outputs}
    return Instance(stack_id, {"StackId": stack_id, "Outputs": outputs})


def _last(stack: Stack, statuses: set[str]) -> tuple[str, str]:
    """Return the status and reason of a stack's latest own event with one of some statuses."""
    own = [event for event in stack.steps.events if event.subject.physical_id == stack.identity.stack_id]
    return next(((one.status, one.reason or "") for one in reversed(own) if one.status in statuses), ("", ""))


def _failed(message: str, code: str = "NotStabilized", child: Stack | None = None) -> Outcome:
    return Outcome(_instance(child) if child is not None else None, Failure(code, message, message))
