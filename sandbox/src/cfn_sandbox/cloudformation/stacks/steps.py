"""Single steps of an operation: one resource is created, updated, imported or deleted, with the events around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

from cfn_sandbox.cloudformation.stacks import events
from cfn_sandbox.cloudformation.stacks.events import EventLog, Subject
from cfn_sandbox.cloudformation.stacks.state import NOTHING, Definition, Draft, Identity, Options, Resource
from cfn_sandbox.cloudformation.templates import dynamic
from cfn_sandbox.errors import CloudFormationError, ValidationError
from cfn_sandbox.resource_types.interface import Instance, Outcome, ResourceType
from cfn_sandbox.values import JSON, Value

NO_RESOURCE = "The type reported no resource."
Begun = Callable[[Callable[[], Resource]], object]  # is called with how to undo an update, before the type is called


class StepFailure(Exception):  # noqa: N818 - CloudFormation's word: a resource failed to create
    """A resource's failure to CREATE, UPDATE, IMPORT or DELETE, with the reason in its event.

    `left` is the resource that exists although it failed to create.
    """

    def __init__(self, verb: str, subject: Subject, reason: str, left: Resource | None = None) -> None:
        super().__init__(events.failed_to(verb, [subject.logical_id]))
        self.verb, self.subject, self.reason, self.left = verb, subject, reason, left


@dataclass
class _Step:
    """A step that is under way."""

    physical_id: str  # the resource's, as its next event has it
    result: str | None = None  # the reason in its last event
    left: Resource | None = None  # what exists although its creation failed


class Steps:
    """The steps of one stack's operations."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.events = EventLog()
        # the latest operation: what the stack shall be, and how it is done
        self.operation: tuple[Definition, Options] = NOTHING, Options()

    @contextmanager
    def _step(
        self, verb: str, draft: Draft, physical_id: str = "", reason: str | None = None, *, announce: bool = True
    ) -> Iterator[_Step]:
        """Surround a step (CREATE, UPDATE, IMPORT or DELETE) with its events.

        The first event has `reason`; without `announce`, the caller has added it. The physical id is empty while the
        resource has none. What the step raises is the reason of its failure, which is raised as StepFailure.
        """
        step = _Step(physical_id)
        if announce:
            self.events.add(draft.subject(physical_id), f"{verb}_IN_PROGRESS", reason)
        try:
            yield step
        except CloudFormationError as error:
            failure = error.message
        except Exception as error:  # noqa: BLE001 - a defect of a type: the stack must roll back all the same
            failure = f"Internal error of the sandbox: {type(error).__name__}: {error}"
        else:
            self.events.add(draft.subject(step.physical_id), f"{verb}_COMPLETE", step.result)
            return
        raise self._failure(verb, draft.subject(step.physical_id), failure, step.left)

    def create(self, draft: Draft, verb: str = "CREATE") -> Resource:
        """Create a resource; the verb is UPDATE if it replaces another one.

        StepFailure says that it can't be created. It may exist all the same.
        """
        announced: list[str] = []

        def watch(instance: Instance | None) -> None:
            if instance is not None and not announced:
                announced.append(instance.identifier)
                self.events.add(draft.subject(instance.identifier), f"{verb}_IN_PROGRESS", events.INITIATED)

        with self._step(verb, draft, announce=verb == "CREATE") as step:
            kind = self.identity.space.type_of(draft.kind)
            sent = self._sent(kind, draft)
            outcome = kind.create(replace(self.identity.request(draft.logical_id, draft.tags), watch=watch), sent)
            watch(outcome.instance)
            if outcome.instance is not None:
                step.physical_id = outcome.instance.identifier
                step.left = draft.made(sent, outcome.instance, failed=True)
            return draft.made(sent, _existing(outcome))

    def update(self, draft: Draft, current: Resource, begun: Begun, reason: str | None = None) -> Resource:
        """Update a resource in place, from `current` to what the draft wants; StepFailure says that this fails.

        CloudFormation undoes an update that fails, too: so `begun` comes first. The first event has `reason`.
        """
        with self._step("UPDATE", draft, current.physical_id, reason) as step:
            kind = self.identity.space.type_of(draft.kind)
            desired = draft.made(self._sent(kind, draft), current.instance)
            told: list[object] = [kind.always_updated]  # and what the type has reported, if it didn't fail at once
            if kind.supports("UPDATE"):
                begun(lambda: self._restore(current, desired, announce=any(told)))
            request = replace(self.identity.request(draft.logical_id, draft.tags, current.tags), watch=told.append)
            updated = desired.at(_reported(kind.update(request, desired.sent, current.sent, current.instance)))
            told.append(updated)
            step.physical_id = updated.physical_id
        return updated

    def _restore(self, former: Resource, changed: Resource, *, announce: bool) -> Resource:
        """Undo an update, and return the resource as it is then. To AWS, one that failed at once changed nothing."""
        with self._step("UPDATE", former, former.physical_id, announce=announce):
            kind = self.identity.space.type_of(former.kind)
            if not announce and kind.called_by_aws:
                return former
            request = replace(self.identity.request(former.logical_id, former.tags, changed.tags), undo=True)
            return former.at(_reported(kind.update(request, former.sent, changed.sent, changed.instance)))

    def adopt(self, draft: Draft, identifier: Mapping[str, JSON]) -> Resource:
        """Take an existing resource into the stack, as READ reports it.

        StepFailure says that the template's properties are refused, or the resource can't be read.
        """
        with self._step("IMPORT", draft, reason=events.IMPORT_STARTED) as step:
            kind = self.identity.space.type_of(draft.kind)
            sent = self._sent(kind, draft)
            found = _existing(kind.read(self.identity.request(draft.logical_id), identifier))
            step.physical_id, step.result = found.identifier, events.IMPORT_COMPLETED
            self.events.add(draft.subject(found.identifier), "IMPORT_IN_PROGRESS")
        return replace(draft.made(sent, found), tags={})

    def release(self, resource: Resource) -> None:
        """Let go of an imported resource."""
        for status in ("IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"):
            self.events.add(resource.subject(resource.physical_id), status)

    def delete(self, resource: Resource, *, skip: bool = False) -> None:
        """Delete a resource, or raise StepFailure. `skip` leaves it as it is, with an event."""
        if skip:
            self.events.add(resource.subject(resource.physical_id), "DELETE_SKIPPED")
            return
        with self._step("DELETE", resource, resource.physical_id):
            kind = self.identity.space.type_of(resource.kind)
            request = self.identity.request(resource.logical_id, resource.tags)
            _reported(kind.delete(request, resource.sent, resource.instance))

    def clean_up(self, resource: Resource) -> None:
        """End the update of a resource whose type has something left to do: it is UPDATE_COMPLETE once more."""
        kind, request = self.identity.space.find_type(resource.kind), self.identity.request(resource.logical_id)
        if kind is not None and kind.clean_up(request, resource.instance):
            self.events.add(resource.subject(resource.physical_id), "UPDATE_COMPLETE")

    def refuse(self, verb: str, subject: Subject, reason: str) -> StepFailure:
        """Return the failure of a resource that can't be evaluated, after adding its events."""
        self.events.add(subject, f"{verb}_IN_PROGRESS")
        return self._failure(verb, subject, reason)

    def _failure(self, verb: str, subject: Subject, reason: str, left: Resource | None = None) -> StepFailure:
        self.events.add(subject, f"{verb}_FAILED", reason)
        return StepFailure(verb, subject, reason, left)

    def _sent(self, kind: ResourceType, draft: Draft) -> dict[str, JSON]:
        """Return the properties that the type receives: typed, and with dynamic references resolved.

        A reference that leads nowhere, and properties that the schema refuses, raise ValidationError.
        """
        resolved = dynamic.resolve(cast("Value", dict(draft.properties)), self.identity.space.services.dynamic)
        sent = kind.typed(resolved) if isinstance(resolved, dict) else {}
        if lines := kind.check(sent):
            raise ValidationError(events.refused(draft.logical_id, "\n".join(lines)))
        return cast("dict[str, JSON]", sent)


def _reported(outcome: Outcome) -> Instance | None:
    """Return the resource that a type reports; raise its failure with the reason that events have."""
    if outcome.failure is not None:
        raise CloudFormationError(outcome.failure.code, outcome.failure.reason)
    return outcome.instance


def _existing(outcome: Outcome) -> Instance:
    """Return the resource that a type must have reported."""
    instance = _reported(outcome)
    if instance is None:
        raise ValidationError(NO_RESOURCE)
    return instance
