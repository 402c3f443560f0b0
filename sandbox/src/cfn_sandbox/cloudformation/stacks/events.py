"""A stack's events, with CloudFormation's statuses and reasons.

Source: StackEvent in the API reference; for the ids of events, LocalStack's recordings of AWS (api/test_stacks).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

INITIATED = "Resource creation Initiated"
REPLACEMENT = "Requested update requires the creation of a new physical resource; hence creating one."
IMPORT_STARTED = "Resource import started."
IMPORT_COMPLETED = "Resource import completed."
TAGS_OF_IMPORTED = "Apply stack-level tags to imported resource if applicable."
USER_INITIATED = "User Initiated"
SKIPPED = "Resource skipped during UpdateRollback"
LEFT = "Update successful. One or more resources could not be deleted."
STACK_TYPE = "AWS::CloudFormation::Stack"

_TICK = timedelta(milliseconds=1)  # the API's times have milliseconds, and clients sort by them


@dataclass(frozen=True)
class Subject:
    """What an event is about: a resource, or the stack itself."""

    logical_id: str  # its name in the template; of the stack, the stack's name
    kind: str  # the type's name
    physical_id: str = ""  # its physical id; empty while it has none
    properties: str | None = None  # its properties as the API's ResourceProperties shows them; None for a stack


@dataclass(frozen=True)
class Invalid:
    """A failed pre-deployment validation of a resource."""

    subject: Subject  # the resource
    name: str  # the validation, such as PROPERTY_VALIDATION
    reason: str  # what is wrong
    path: str  # where in the template
    event_id: str = field(default_factory=lambda: str(uuid4()))
    time: datetime = field(default_factory=lambda: datetime.now(UTC))  # when it was found


@dataclass
class Operation:
    """An operation on a stack, the creation of a change set included."""

    kind: str  # the API's OperationType
    change_set_id: str | None = None  # the change set that is made or executed; None if there is none
    operation_id: str = field(default_factory=lambda: str(uuid4()))  # the API's OperationId
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None  # None if it runs
    failed: bool = False
    invalid: list[Invalid] = field(default_factory=list)  # the validations that failed

    @property
    def status(self) -> str:
        """The API's OperationStatus."""
        return "IN_PROGRESS" if self.ended is None else "FAILED" if self.failed else "SUCCEEDED"

    def end(self, *, failed: bool) -> None:
        """End it, if it runs."""
        if self.ended is None:
            self.ended, self.failed = datetime.now(UTC), failed


@dataclass(frozen=True)
class Event:
    """An event of a stack."""

    subject: Subject
    status: str
    reason: str | None
    time: datetime
    event_id: str
    token: str | None = None
    operation: Operation | None = None

    def notification(self, stack_id: str, stack_name: str) -> str:
        """Return the message about this event to a topic of NotificationARNs.

        Source: "Monitor stack progress" in the user guide.
        """
        members = {
            "StackId": stack_id,
            "Timestamp": _written(self.time),
            "EventId": self.event_id,
            "LogicalResourceId": self.subject.logical_id,
            "Namespace": stack_id.split(":")[4],
            "PhysicalResourceId": self.subject.physical_id,
            "ResourceProperties": self.subject.properties or "null",
            "ResourceStatus": self.status,
            "ResourceStatusReason": self.reason or "",
            "ResourceType": self.subject.kind,
            "StackName": stack_name,
            "ClientRequestToken": self.token or "null",
        }
        return "".join(f"{name}='{value}'\n" for name, value in members.items())


def _written(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def failed_to(verb: str, logical_ids: Iterable[str]) -> str:
    """Return the reason of a stack whose resources have failed to CREATE, UPDATE, IMPORT or DELETE."""
    return f"The following resource(s) failed to {verb.lower()}: [{', '.join(dict.fromkeys(logical_ids))}]. "


def refused(logical_id: str, lines: str) -> str:
    """Return the reason of a resource whose properties its schema refuses."""
    return f"Properties validation failed for resource {logical_id} with message:\n{lines}"


class EventLog:
    """The events of one stack, oldest first. No two have the same time, so that clients can sort them by it."""

    def __init__(self) -> None:
        self.publish: Callable[[Event], object] = lambda _: None  # called with each event
        self.token: str | None = None  # the ClientRequestToken of the operation that runs
        self.operations: list[Operation] = []  # the stack's operations, oldest first
        self._events: list[Event] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Event]:
        return iter(list(self._events))

    def begin(self, kind: str, change_set_id: str | None = None) -> Operation:
        """Begin an operation, to which the events belong from now on. One that still runs has failed."""
        if self.operations:
            self.operations[-1].end(failed=True)
        self.operations.append(Operation(kind, change_set_id))
        return self.operations[-1]

    def add(self, subject: Subject, status: str, reason: str | None = None) -> None:
        """Add an event, at this moment."""
        with self._lock:
            now = datetime.now(UTC)
            now = now.replace(microsecond=now.microsecond // 1000 * 1000)
            if self._events:
                now = max(now, self._events[-1].time + _TICK)
            operation = self.operations[-1] if self.operations else None
            unique = str(uuid4()) if subject.properties is None else f"{status}-{_written(now)}"
            is_stack = subject.kind == STACK_TYPE and f"/{subject.logical_id}/" in subject.physical_id
            event_id = unique if is_stack else f"{subject.logical_id}-{unique}"
            event = Event(subject, status, reason, now, event_id, self.token, operation)
            self._events.append(event)
        self.publish(event)

    def others(self, stack_id: str, known: Collection[str]) -> list[Event]:
        """Return the latest event of each resource but those of known logical ids, and of the stack itself."""
        found = {one.subject.logical_id: one for one in self if one.subject.physical_id != stack_id}
        return [event for logical_id, event in found.items() if logical_id not in known]

    def latest(self, logical_id: str, physical_id: str) -> Event | None:
        """Return the latest event of a resource.

        After a replacement, the last event of a logical id is about the deletion of the old resource, so the physical
        id decides. The event of a failed creation may have none.
        """
        found = [event for event in self if event.subject.logical_id == logical_id]
        exact = [event for event in found if event.subject.physical_id == physical_id]
        return exact[-1] if exact else found[-1] if found else None
