"""DescribeEvents: the events of a stack by operation, with the validations that failed before it.

Source: DescribeEvents and OperationEvent in the API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfn_sandbox.cloudformation.stacks import change_sets
from cfn_sandbox.cloudformation.stacks.events import Event, Invalid, Operation
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.protocols.paging import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfn_sandbox.cloudformation.stacks.stack import Stack
    from cfn_sandbox.protocols.service import Answer, Call

Members = dict[str, object]
_ERRORS = frozenset({"VALIDATION_ERROR", "PROVISIONING_ERROR"})
_FOLLOWING = frozenset({"ROLLBACK", "CONTINUE_ROLLBACK", "CREATE_CHANGESET"})  # shown with the operation before them


def describe_events(call: Call) -> Answer:
    """Answer DescribeEvents, newest first: of a stack, of one of its operations, or of a change set."""
    given = call.parameters
    found = [event for stack, operation in _operations(call) for event in _events(stack, operation)]
    if given.get("Filters", {}).get("FailedEvents"):
        found = [event for event in found if event["EventType"] in _ERRORS or event.get("OperationStatus") == "FAILED"]
    return page(call, "OperationEvents", found)


def last_operations(stack: Stack) -> list[Members]:
    """Return the API's LastOperations, newest first: the operation that was requested last, and what followed it.

    Source: the user guide's page on stack events by operation; LocalStack's test_change_set_mappings.snapshot.json.
    """
    newest: dict[str, str] = {}
    for operation in reversed(stack.steps.events.operations):
        newest.setdefault(operation.kind, operation.operation_id)
        if operation.kind not in _FOLLOWING:
            break
    return [{"OperationType": kind, "OperationId": operation_id} for kind, operation_id in newest.items()]


def _operations(call: Call) -> list[tuple[Stack, Operation]]:
    """Return the operations that a request asks for, newest first."""
    given = call.parameters
    name, change_set_name, wanted = (given.get(key) for key in ("StackName", "ChangeSetName", "OperationId"))
    if name is None and wanted is None and not (change_set_name or "").startswith("arn:"):
        raise ValidationError("One of ChangeSetName, OperationId or StackName must be specified")
    stacks = list(call.space.stacks) if name is None else [call.space.named(name)]
    found = [(stack, operation) for stack in stacks for operation in reversed(stack.steps.events.operations)]
    if change_set_name is not None:
        change_set_id = change_sets.find(call.space, change_set_name, name).change_set_id
        found = [(stack, one) for stack, one in found if one.change_set_id == change_set_id]
    if wanted is not None:
        found = [(stack, one) for stack, one in found if one.operation_id == wanted]
        if not found:
            raise ValidationError(f"Operation [{wanted}] does not exist")
    return found


def _events(stack: Stack, operation: Operation) -> Iterator[Members]:
    """Yield an operation's events, newest first."""
    common: Members = {
        "StackId": stack.identity.stack_id,
        "OperationId": operation.operation_id,
        "OperationType": operation.kind,
        "ClientRequestToken": operation.token,
    }
    yield {
        **common,
        "EventId": f"{operation.operation_id}-{operation.status}",
        "EventType": "STACK_EVENT",
        "OperationStatus": operation.status,
        "StartTime": operation.begun,
        "EndTime": operation.ended,
        "Timestamp": operation.ended or operation.begun,
        "DetailedStatus": "VALIDATION_FAILED" if operation.invalid else None,
    }
    for invalid in operation.invalid:
        yield {
            **common,
            **_identified(invalid),
            "EventType": "VALIDATION_ERROR",
            "Timestamp": operation.ended or operation.begun,
            "ValidationFailureMode": "FAIL",
            "ValidationName": invalid.name,
            "ValidationStatus": "FAILED",
            "ValidationStatusReason": invalid.reason,
            "ValidationPath": invalid.path,
        }
    for event in reversed([*stack.steps.events]):
        if event.operation is operation:
            failed = event.status.endswith("_FAILED") and event.subject.physical_id != stack.identity.stack_id
            kind = "PROVISIONING_ERROR" if failed else "PROGRESS_EVENT"
            yield common | described(event) | {"EventType": kind}


def described(event: Event) -> Members:
    """Return the members that StackEvent and OperationEvent share."""
    return _identified(event) | {
        "Timestamp": event.time,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.subject.properties,
    }


def _identified(event: Event | Invalid) -> Members:
    """Return an event's id, and the members that name its subject."""
    return {
        "EventId": event.event_id,
        "LogicalResourceId": event.subject.logical_id,
        "PhysicalResourceId": event.subject.physical_id,
        "ResourceType": event.subject.kind,
    }
