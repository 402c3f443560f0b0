"""A stack, whose operations run in the background and roll back.

An operation reports its outcome in the stack's status, reason and events. It handles one resource at a time and stops
at the first failure.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from cfn_sandbox import operations
from cfn_sandbox.cloudformation.stacks import validation
from cfn_sandbox.cloudformation.stacks.deployment import RETAINED, Deployment, UndoLog
from cfn_sandbox.cloudformation.stacks.drift import Drift
from cfn_sandbox.cloudformation.stacks.events import SKIPPED, STACK_TYPE, USER_INITIATED, Event, Subject
from cfn_sandbox.cloudformation.stacks.plan import differs, make_plan
from cfn_sandbox.cloudformation.stacks.state import (
    FAILED_WITHOUT_ROLLBACK,
    NOT_CREATED,
    READY,
    Contents,
    Definition,
    Identity,
    Options,
    Resource,
    Settings,
    Status,
)
from cfn_sandbox.cloudformation.stacks.steps import StepFailure, Steps
from cfn_sandbox.errors import CloudFormationError, ValidationError

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.stacks.space import Space

OF_A_NESTED_STACK = (
    " (sandbox's hint: this stack is nested. AWS advises to change it by an operation of its root stack.)"
)
BEGUN = " (sandbox's hint: AWS would cancel the operation. Here, wait until it is over.)"
FORCE = "You can activate DeletionMode FORCE_DELETE_STACK in a delete stack operation only"
LEFT_AS_IT_FAILED = (
    "This stack cannot be updated from [CREATE_FAILED] state because it contains [on-failure: DO_NOTHING]."
    " Please use disable-rollback option instead during stack creation."
)
NO_UPDATES = "No updates are to be performed."

_start_lock = threading.Lock()  # held while deciding whether an operation can begin


@dataclass
class Recovery:
    """What a rollback needs."""

    stable: Contents | None = None  # what the stack had after its last complete operation; None if it is new
    # the log of an operation that is not, or not completely, rolled back; None if there is none
    undo: UndoLog | None = None
    # the update of a nested stack that has succeeded, while that of its parent has not yet; else None
    unended: Deployment | None = None


class Stack:
    """A stack."""

    def __init__(self, identity: Identity, settings: Settings) -> None:
        self.steps = Steps(identity)
        self.settings = settings
        self.status = Status()
        self.contents = Contents()
        self.recovery = Recovery()
        self.drift = Drift()
        self._subject = Subject(identity.name, STACK_TYPE, identity.stack_id)
        self.steps.events.publish = self._notify

    @property
    def identity(self) -> Identity:
        """Which stack it is."""
        return self.steps.identity

    @property
    def space(self) -> Space:
        """Its account and region."""
        return self.identity.space

    @property
    def definition(self) -> Definition:
        """What it was asked to be."""
        return self.contents.definition

    def resources(self) -> list[Resource]:
        """Return the resources that exist at this moment."""
        return list(self.contents.resources.values())

    @property
    def protected(self) -> bool:
        """Whether termination protection is enabled: of a nested stack, that of its root."""
        root = self.space.find(self.identity.root_id) if self.identity.root_id is not None else None
        return (self if root is None else root).settings.termination_protection

    def protect(self, *, enabled: bool) -> None:
        """Enable or disable termination protection; a nested stack refuses it with ValidationError."""
        if self.identity.root_id is not None:
            text = f"TerminationProtection of the nested stack [{self.identity.stack_id}] is set on its root stack"
            raise ValidationError(f"{text} [{self.identity.root_id}].")
        self.settings = replace(self.settings, termination_protection=enabled)

    def _notify(self, event: Event) -> None:
        """Tell the topics of NotificationARNs about an event."""
        message = event.notification(self.identity.stack_id, self.identity.name)
        for topic_arn in self.definition.notification_arns:
            self.space.services.publish(topic_arn, "AWS CloudFormation Notification", message)

    def differs(self, definition: Definition) -> bool:
        """Return whether an update to a definition would change anything."""
        return differs(self.identity, self.contents, definition)

    def check_can_begin(self, action: str, options: Options) -> None:
        """Refuse an operation that the stack's status doesn't allow: ValidationError."""
        name = self.status.name
        if options.nested and self.recovery.unended is not None:  # its parent failed, and is updated again
            return
        self.check_ready(action)
        if name == "CREATE_FAILED" and self.settings.on_failure == "DO_NOTHING":
            raise ValidationError(LEFT_AS_IT_FAILED)
        if name in FAILED_WITHOUT_ROLLBACK and options.on_failure != "DO_NOTHING":
            text = "To update the stack from this state, please use the disable-rollback parameter with"
            text += " update-stack API. To rollback to the last known good state, use the rollback-stack API."
            raise ValidationError(f"This stack is currently in a non-terminal [{name}] state. {text}")

    def check_ready(self, action: str) -> None:
        """Refuse a kind of operation that the stack's status never allows: ValidationError."""
        name = self.status.name
        if name not in READY[action]:
            raise ValidationError(f"Stack:{self.identity.stack_id} is in {name} state and can not be updated.")

    def check_types(self, definition: Definition) -> None:
        """Refuse a definition that gives an existing resource another type: ValidationError."""
        live, wanted = self.contents.resources, definition.template.types
        if changed := [key for key, kind in wanted.items() if key in live and live[key].kind != kind]:
            text = "Update of resource type is not permitted. The new template modifies resource type of"
            raise ValidationError(f"{text} the following resources: [{', '.join(changed)}]")

    def change(self, action: str, definition: Definition, options: Options, settings: Settings | None = None) -> None:
        """Start to CREATE the stack, UPDATE it or IMPORT resources. Without settings, it keeps those that it has.

        ValidationError says that the stack's status doesn't allow the operation, or there is nothing to update.
        """
        with _start_lock:
            self.check_can_begin(action, options)
            unfinished = self.status.name in FAILED_WITHOUT_ROLLBACK or self.recovery.unended is not None
            # A template with macros or nested stacks is updated even if nothing differs, as is one with dynamic
            # references that is sent again (UsePreviousTemplate gives the text that the stack has).
            wanted = unfinished or options.change_set_id is not None or bool(definition.template.expanded_by)
            sent = definition.text is not self.definition.text
            wanted = wanted or has_nested_stacks(definition) or definition.failure is not None
            wanted = wanted or (sent and "{{resolve:" in definition.text)
            if action == "UPDATE" and not wanted and not self.differs(definition):
                raise ValidationError(NO_UPDATES)
            self.check_types(definition)
            self.settings = replace(settings or self.settings, disable_rollback=options.on_failure == "DO_NOTHING")
            undo = (self.recovery.undo if unfinished else None) or UndoLog()
            deployment = Deployment(self.steps, self.contents, definition, undo)
            self.steps.operation = definition, options
            self.recovery.unended = None
            if self.status.name in NOT_CREATED:  # resources can be listed, and deleted if a rollback fails
                self.contents = Contents(definition, undo.live)
            self._begin(action, options)
        operations.begin(f"{action} {self.identity.name}", partial(self._deploy, action, deployment, options))

    def enter_review(self) -> None:
        """Register a new stack as REVIEW_IN_PROGRESS, so that it can have change sets before it is created."""
        self.space.stacks.append(self)
        self._set_status("REVIEW_IN_PROGRESS", USER_INITIATED)

    def _deploy(self, action: str, deployment: Deployment, options: Options) -> None:
        try:
            if options.validate and action != "IMPORT":
                self._validate(action, deployment.definition, options)
            contents = deployment.deploy(options)
            self.space.check_exports(self.identity.stack_id, contents.outputs)
        except (StepFailure, CloudFormationError) as failure:
            self._fail(action, deployment, options, str(failure))
            return
        except Exception as error:  # noqa: BLE001 - a defect of the sandbox: the stack must roll back all the same
            self._fail(action, deployment, options, f"Internal error of the sandbox: {type(error).__name__}: {error}")
            return
        self.contents = contents
        if action == "UPDATE":
            self.recovery = Recovery(self.recovery.stable, deployment.undo, deployment)
            self._set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            if not options.nested:
                self.end_update()
            return
        self.recovery = Recovery(contents)
        self._set_status(f"{action}_COMPLETE")

    def _validate(self, action: str, definition: Definition, options: Options) -> None:
        """Refuse what pre-deployment validation finds, before any handler is called."""
        if not any(validation.covers(self.space, name) for name in set(definition.template.types.values())):
            return
        before = replace(self.contents, resources=dict(self.contents.resources))
        found = validation.validate(self.identity, make_plan(self.identity, before, definition))
        self.steps.events.operations[-1].invalid.extend(found)
        if found and options.on_failure == "DO_NOTHING":
            raise ValidationError(validation.failed(found))
        if found:
            self.steps.events.add(self._subject, f"{action}_FAILED", validation.failed(found))
            raise ValidationError(validation.DETECTED)

    def end_update(self) -> bool:
        """Delete what an update has replaced or removed, a nested stack's after its parent's; return whether it did."""
        deployment = self.recovery.unended
        if deployment is not None:
            self.recovery = Recovery(self.contents)
            self._set_status("UPDATE_COMPLETE", deployment.clean_up())
        return deployment is not None

    def _fail(self, action: str, deployment: Deployment, options: Options, reason: str) -> None:
        if options.on_failure == "DO_NOTHING" and action != "IMPORT":
            self.contents = deployment.kept()
            self.recovery.undo = deployment.undo
            self._set_status(f"{action}_FAILED", reason)
        elif options.on_failure == "DELETE" and action == "CREATE":
            self._set_status("DELETE_IN_PROGRESS", requested("Delete", reason))
            self._delete()
        else:
            self.recovery.undo = deployment.undo
            name = "ROLLBACK" if action == "CREATE" else f"{action}_ROLLBACK"
            self._roll_back(name, requested("Rollback", reason) if action == "CREATE" else reason)

    def _roll_back(self, name: str, reason: str, skipped: Collection[str] = ()) -> None:
        if self.status.name != f"{name}_IN_PROGRESS":
            self._set_status(f"{name}_IN_PROGRESS", reason)
        stable, undo = self.recovery.stable or Contents(self.definition), self.recovery.undo or UndoLog()
        updated = name == "UPDATE_ROLLBACK"
        for resource in (stable.resources[logical_id] for logical_id in skipped if logical_id in stable.resources):
            self.steps.events.add(resource.subject(resource.physical_id), "UPDATE_COMPLETE", SKIPPED)
        try:
            undo.undo(stable, skipped, removals=not updated)
        except StepFailure as failure:
            self._set_status(f"{name}_FAILED", str(failure))
            return
        self.contents = stable
        if updated:
            self._set_status(f"{name}_COMPLETE_CLEANUP_IN_PROGRESS")
        self.recovery.undo = self.recovery.unended = None
        self._set_status(f"{name}_COMPLETE", undo.clean_up())

    def roll_back(self, ready: Collection[str], skipped: Collection[str] = (), token: str | None = None) -> None:
        """Start to undo a failed operation, or continue a rollback that failed, and leave `skipped` resources alone.

        ValidationError says that the stack's status is none of those that are `ready` for this.
        """
        with _start_lock:
            if self.status.name not in ready or self.recovery.undo is None:
                text = f"Stack:{self.identity.stack_id} is in {self.status.name} state and can not be rolled back."
                if "UPDATE_ROLLBACK_FAILED" in ready:  # ContinueUpdateRollback, by AWS's internal name
                    text = "RollbackUpdatedStack cannot be called from current stack status"
                raise ValidationError(text)
            if wrong := sorted({*skipped} - {step.logical_id for step in self.recovery.undo.steps}):
                text = f"ResourcesToSkip can't have [{', '.join(wrong)}]: only resources whose rollback failed"
                raise ValidationError(f"{text}, or isn't done yet.")
            self.steps.events.token = token
            name = "UPDATE_ROLLBACK" if self.recovery.stable else "ROLLBACK"
            self._set_status(f"{name}_IN_PROGRESS", USER_INITIATED)
        operations.begin(f"{name} {self.identity.name}", partial(self._roll_back, name, USER_INITIATED, skipped))

    def delete(
        self, retained: Collection[str] = (), *, force: bool = False, token: str | None = None, nested: bool = False
    ) -> None:
        """Start to delete the stack; do nothing if it is being deleted already.

        Args:
            retained: the logical ids of resources to keep.
            force: whether to skip resources that can't be deleted, instead of failing.
            token: the request's ClientRequestToken.
            nested: whether it is a part of an operation of the stack that this one is nested in.

        Raises:
            ValidationError: the stack's status or its termination protection doesn't allow the operation.
        """
        with _start_lock:
            name = self.status.name
            if name in {"DELETE_IN_PROGRESS", "DELETE_COMPLETE"}:
                return
            unended = nested and self.recovery.unended is not None
            if name.endswith("_IN_PROGRESS") and name != "REVIEW_IN_PROGRESS" and not unended:
                hint = "" if name.startswith("UPDATE") else BEGUN
                text = f"Stack [{self.identity.stack_id}] cannot be deleted while in status {name}"
                raise ValidationError(text + hint)
            if self.protected and not nested:
                text = f"Stack [{self.identity.name}] cannot be deleted while TerminationProtection is enabled"
                raise ValidationError(text)
            if (retained or force) and name != "DELETE_FAILED":
                what = FORCE if force else "Specify which resources to retain only"
                text = f"Invalid operation on stack [{self.identity.stack_id}]. {what}"
                raise ValidationError(f"{text} when the stack is in the DELETE_FAILED state.")
            if wrong := [logical_id for logical_id in retained if logical_id not in self.contents.resources]:
                text = "The specified resources to retain must be in a valid state. Do not specify resources that are"
                raise ValidationError(f"{text} in the DELETE_COMPLETE state, or not in the stack: [{', '.join(wrong)}]")
            self._begin("DELETE", Options(token=token, nested=nested))
        operations.begin(f"DELETE {self.identity.name}", partial(self._delete, retained, force=force))

    def _delete(self, retained: Collection[str] = (), *, force: bool = False) -> None:
        live = self.contents.resources
        try:
            self.space.check_exports(self.identity.stack_id, ())
            for resource in [*self._remains(), *reversed(self.resources())]:
                skip = resource.logical_id in retained or resource.deletion_policy in RETAINED
                try:
                    self.steps.delete(resource, skip=skip)
                except StepFailure:
                    if not force:
                        raise
                if live.get(resource.logical_id) is resource:
                    del live[resource.logical_id]
        except (StepFailure, ValidationError) as failure:
            self._set_status("DELETE_FAILED", str(failure))
            return
        self.contents = replace(self.contents, resources={}, imported=frozenset())
        self.recovery = Recovery()
        self._set_status("DELETE_COMPLETE")

    def _remains(self) -> list[Resource]:
        """Return what an operation that isn't rolled back has left besides the stack's resources, newest first."""
        undo = self.recovery.undo
        if undo is None:
            return []
        replaced = [resource for resource, kept in reversed(undo.leftovers) if not kept]
        own = {resource.physical_id for resource in self.resources()}
        known = own | {resource.physical_id for resource in replaced}
        made = [resource for resource in reversed(undo.live.values()) if resource.physical_id not in known]
        return [*made, *(resource for resource in replaced if resource.physical_id not in own)]

    def _begin(self, action: str, options: Options) -> None:
        """Count a new operation and set the stack's IN_PROGRESS status."""
        self.status.operations += 1
        self.status.change_set_id = options.change_set_id
        self.steps.events.token = options.token
        if action == "UPDATE" or options.change_set_id is not None:
            self.status.updated = datetime.now(UTC)
        if self not in self.space.stacks:
            self.space.stacks.append(self)
        warning = "" if self.identity.root_id is None or options.nested else OF_A_NESTED_STACK
        self._set_status(f"{action}_IN_PROGRESS", USER_INITIATED + warning)

    def _set_status(self, name: str, reason: str | None = None) -> None:
        kind = self._kind_of_operation(name)
        if kind is not None:
            self.steps.events.begin(kind)
        if name in {"ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"}:
            self.status.deleted = datetime.now(UTC)
        self.steps.events.add(self._subject, name, reason)
        if not name.endswith("_IN_PROGRESS"):
            self.steps.events.operations[-1].end(failed=name.endswith("_FAILED"))
        self.status.name, self.status.reason = name, reason

    def _kind_of_operation(self, status: str) -> str | None:
        """Return the API's OperationType of what a status begins; None if it begins nothing."""
        if status.endswith("ROLLBACK_IN_PROGRESS"):
            return "CONTINUE_ROLLBACK" if self.status.name == "UPDATE_ROLLBACK_FAILED" else "ROLLBACK"
        if status == "IMPORT_IN_PROGRESS":
            return "CREATE_STACK" if self.status.name in NOT_CREATED else "UPDATE_STACK"
        verb = status.removesuffix("_IN_PROGRESS")
        return f"{verb}_STACK" if verb in {"CREATE", "UPDATE", "DELETE"} else None


def requested(what: str, reason: str) -> str:
    """Return the reason of what a request asked for in case of a failure, as AWS puts it together."""
    added = "" if reason == validation.DETECTED else f"{'' if reason.endswith(' ') else '. '}{what} requested by user."
    return reason + added


def has_nested_stacks(definition: Definition) -> bool:
    """Return whether a template has nested stacks."""
    return STACK_TYPE in definition.template.types.values()
