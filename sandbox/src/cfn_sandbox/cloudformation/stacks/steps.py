"""Single steps of an operation: one resource is created, updated, imported or deleted, with the events around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from cfn_sandbox.cloudformation.errors import CloudFormationError, ValidationError
from cfn_sandbox.cloudformation.stacks import events
from cfn_sandbox.cloudformation.stacks.events import EventLog, Subject
from cfn_sandbox.cloudformation.stacks.state import NOTHING, Definition, Identity, Options, Resource
from cfn_sandbox.cloudformation.templates import dynamic
from cfn_sandbox.cloudformation.types.catalogue import find_type
from cfn_sandbox.cloudformation.types.interface import Failure, Instance, Outcome, ResourceType
from cfn_sandbox.cloudformation.values import JSON, Value

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.stacks.space import Space


class StepFailure(Exception):  # noqa: N818 - CloudFormation's word: a resource failed to create
    """A resource's failure to create, update, import or delete.

    Args:
        verb: CREATE, UPDATE, IMPORT or DELETE.
        logical_id: the resource's name in the template.
        reason: the reason in its event.
        left: the resource that exists although it failed to create.
    """

    def __init__(self, verb: str, logical_id: str, reason: str, left: Resource | None = None) -> None:
        super().__init__(f"The following resource(s) failed to {verb.lower()}: [{logical_id}]. ")
        self.reason = reason
        self.left = left


@dataclass(frozen=True)
class Draft:
    """A resource as the template wants it."""

    logical_id: str  # its name in the template
    kind: ResourceType  # its type
    properties: Mapping[str, JSON]  # its properties, evaluated, with dynamic references as written
    tags: Mapping[str, str]  # the stack's tags, as far as the type takes them
    shown: str  # its properties as events show them
    deletion_policy: str = "Delete"  # its DeletionPolicy

    def subject(self, physical_id: str = "") -> Subject:
        """Return what events of this resource are about."""
        return Subject(self.logical_id, self.kind.name, physical_id, self.shown)

    def resource(self, sent: Mapping[str, JSON], instance: Instance, *, failed: bool = False) -> Resource:
        """Return the resource that was made of it."""
        return Resource(
            self.logical_id,
            self.kind.name,
            instance,
            self.properties,
            sent,
            self.tags,
            self.shown,
            self.deletion_policy,
            failed,
        )


class Steps:
    """The steps of one stack's operations.

    Args:
        space: the stack's account and region.
        identity: the stack.
    """

    def __init__(self, space: Space, identity: Identity) -> None:
        self.space = space
        self.identity = identity
        self.events = EventLog()
        self.operation: tuple[Definition, Options] = (
            NOTHING,
            Options(),
        )  # the latest one: what the stack shall be, and how it is done

    def create(self, draft: Draft, verb: str = "CREATE") -> Resource:
        """Create a resource.

        Args:
            draft: the resource.
            verb: UPDATE if it replaces another one.

        Raises:
            StepFailure: it can't be created. It may exist all the same.
        """
        announced: list[str] = []

        def watch(instance: Instance | None) -> None:
            if instance is not None and not announced:
                announced.append(instance.identifier)
                self.events.add(draft.subject(instance.identifier), f"{verb}_IN_PROGRESS", events.INITIATED)

        sent: dict[str, JSON] = {}

        def work() -> Outcome:
            sent.update(self._sent(draft))
            request = replace(self.identity.request(draft.logical_id, draft.tags), watch=watch)
            outcome = draft.kind.create(request, sent)
            watch(outcome.instance)
            return outcome

        if verb == "CREATE":
            self.events.add(draft.subject(), "CREATE_IN_PROGRESS")
        outcome = self._outcome(work)
        instance = outcome.instance
        if outcome.failure is not None or instance is None:
            left = draft.resource(sent, instance, failed=True) if instance is not None else None
            raise self._failed(verb, draft.subject(left.physical_id if left else ""), outcome.failure, left)
        self.events.add(draft.subject(instance.identifier), f"{verb}_COMPLETE")
        return draft.resource(sent, instance)

    def update(self, draft: Draft, current: Resource, begun: Callable[[Callable[[], Resource]], object]) -> Resource:
        """Update a resource in place.

        Args:
            draft: the resource as it shall be.
            current: the resource as it is.
            begun: called before the type is, with how to undo the update: CloudFormation undoes one that fails, too.

        Raises:
            StepFailure: it can't be updated.
        """
        self.events.add(draft.subject(current.physical_id), "UPDATE_IN_PROGRESS")

        def work() -> Outcome:
            sent = self._sent(draft)
            desired = draft.resource(sent, current.instance)
            if draft.kind.supports("UPDATE"):
                begun(lambda: self._restore(draft.kind, current, desired))
            made.append(desired)
            return self._change(draft.kind, desired, current)

        made: list[Resource] = []
        outcome = self._outcome(work)
        if outcome.failure is not None:
            raise self._failed("UPDATE", draft.subject(current.physical_id), outcome.failure)
        updated = made[0].at(outcome.instance)
        self.events.add(draft.subject(updated.physical_id), "UPDATE_COMPLETE")
        return updated

    def _change(self, kind: ResourceType, desired: Resource, current: Resource, *, undo: bool = False) -> Outcome:
        request = self.identity.request(desired.logical_id, desired.tags, current.tags)
        request = replace(request, undo=undo)
        return kind.update(request, desired.sent, current.sent, current.instance)

    def _restore(self, kind: ResourceType, former: Resource, changed: Resource) -> Resource:
        """Undo an update, and return the resource as it is then."""
        subject = subject_of(former)
        self.events.add(subject, "UPDATE_IN_PROGRESS")
        outcome = self._outcome(lambda: self._change(kind, former, changed, undo=True))
        if outcome.failure is not None:
            raise self._failed("UPDATE", subject, outcome.failure)
        self.events.add(subject, "UPDATE_COMPLETE")
        return former.at(outcome.instance)

    def adopt(self, draft: Draft, identifier: Mapping[str, JSON]) -> Resource:
        """Take an existing resource into the stack, as READ reports it.

        Raises:
            StepFailure: the template's properties are refused, or the resource can't be read.
        """
        sent: dict[str, JSON] = {}

        def work() -> Outcome:
            sent.update(self._sent(draft))
            return draft.kind.read(self.identity.request(draft.logical_id, {}), identifier)

        self.events.add(draft.subject(), "IMPORT_IN_PROGRESS")
        outcome = self._outcome(work)
        if outcome.failure is not None or outcome.instance is None:
            raise self._failed("IMPORT", draft.subject(), outcome.failure)
        self.events.add(draft.subject(outcome.instance.identifier), "IMPORT_COMPLETE")
        return replace(draft.resource(sent, outcome.instance), tags={})

    def release(self, resource: Resource) -> None:
        """Let go of an imported resource."""
        for status in ("IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"):
            self.events.add(subject_of(resource), status)

    def delete(self, resource: Resource, *, skip: bool = False) -> None:
        """Delete a resource.

        Args:
            resource: the resource.
            skip: whether to leave it as it is, with an event.

        Raises:
            StepFailure: it can't be deleted.
        """
        subject = subject_of(resource)
        if skip:
            self.events.add(subject, "DELETE_SKIPPED")
            return

        def work() -> Outcome:
            kind = find_type(self.identity.account, self.identity.region, resource.kind)
            if kind is None:
                raise ValidationError(f"The type {resource.kind} is not registered any more.")
            request = self.identity.request(resource.logical_id, resource.tags)
            return kind.delete(request, resource.sent, resource.instance)

        self.events.add(subject, "DELETE_IN_PROGRESS")
        outcome = self._outcome(work)
        if outcome.failure is not None:
            raise self._failed("DELETE", subject, outcome.failure)
        self.events.add(subject, "DELETE_COMPLETE")

    def clean_up(self, resource: Resource) -> None:
        """End the update of a resource whose type has something left to do."""
        kind = find_type(self.identity.account, self.identity.region, resource.kind)
        if kind is not None:
            kind.clean_up(self.identity.request(resource.logical_id, resource.tags), resource.instance)

    def refuse(self, verb: str, subject: Subject, reason: str) -> StepFailure:
        """Return the failure of a resource that can't be evaluated, after adding its events."""
        self.events.add(subject, f"{verb}_IN_PROGRESS")
        return self._failed(verb, subject, Failure("InvalidRequest", reason, reason))

    def _failed(
        self, verb: str, subject: Subject, failure: Failure | None, left: Resource | None = None
    ) -> StepFailure:
        reason = failure.reason if failure is not None else "The type reported no resource."
        self.events.add(subject, f"{verb}_FAILED", reason)
        return StepFailure(verb, subject.logical_id, reason, left)

    def _sent(self, draft: Draft) -> dict[str, JSON]:
        """Return the properties that the type receives: typed, and with dynamic references resolved.

        Raises:
            ValidationError: a reference leads nowhere, or the schema refuses the properties.
        """
        resolved = dynamic.resolve(cast("Value", dict(draft.properties)), self.space.services.dynamic)
        sent = draft.kind.typed(resolved) if isinstance(resolved, dict) else {}
        lines = draft.kind.check(sent)
        if lines:
            text = f"Properties validation failed for resource {draft.logical_id} with message:"
            raise ValidationError("\n".join([text, *lines]))
        return cast("dict[str, JSON]", sent)

    @staticmethod
    def _outcome(work: Callable[[], Outcome]) -> Outcome:
        try:
            return work()
        except CloudFormationError as error:
            return Outcome(failure=Failure(error.code, error.message, error.message))
        except Exception as error:  # noqa: BLE001 - a defect of a type: the stack must roll back all the same
            reason = f"Internal error of the sandbox: {type(error).__name__}: {error}"
            return Outcome(failure=Failure("InternalFailure", reason, reason))


def subject_of(resource: Resource) -> Subject:
    """Return what events of a resource are about."""
    return Subject(resource.logical_id, resource.kind, resource.physical_id, resource.shown)
