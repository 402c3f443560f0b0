"""The operations that describe stacks, their resources, events (of a stack, or by operation), exports and drift.

Source of the members, and of how each says that a stack doesn't exist: AWS's answers that users quote, in boto3 issues
2352 and 2807 and cq-provider-aws issue 824, and those recorded in LocalStack's tests/aws/services/cloudformation; for
DescribeEvents, function_resource_policy_validation.json in testdata/aws/cloudformation of radkawar/stackd, and the page
of OperationEvent in the API reference. It has PROGRESS_EVENT for what AWS's answer calls PROGRESS.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from cfn_sandbox.cloudformation.api.stack_operations import just_deleted
from cfn_sandbox.cloudformation.stacks import change_sets, drift
from cfn_sandbox.cloudformation.stacks.scope import Scope
from cfn_sandbox.cloudformation.stacks.state import Resource
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.protocols.paging import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cfn_sandbox.cloudformation.stacks.events import Event, Invalid, Operation, Subject
    from cfn_sandbox.cloudformation.stacks.stack import Stack
    from cfn_sandbox.protocols.service import Answer, Call

Members = dict[str, object]
_ERRORS = frozenset({"VALIDATION_ERROR", "PROVISIONING_ERROR"})
_FOLLOWING = frozenset({"ROLLBACK", "CONTINUE_ROLLBACK", "CREATE_CHANGESET"})  # shown with the operation before them


def describe_stacks(call: Call) -> Answer:
    """Answer DescribeStacks: one stack, or all that are not deleted."""
    name = call.parameters.get("StackName")
    stacks = list(call.space.live()) if name is None else [just_deleted(call, name) or existing(call, name)]
    return page(call, "Stacks", stacks, _description)


def existing(call: Call, name: str, otherwise: str = "Stack with id {} does not exist") -> Stack:
    """Return the stack of a name or an id; ValidationError, in the operation's words, says that there is none."""
    stack = call.space.find(name)
    if stack is None:
        raise ValidationError(otherwise.format(name))
    return stack


def _description(stack: Stack) -> Members:
    """Return the API's Stack: with empty lists of topics and tags, without other empty lists."""
    definition, settings = stack.definition, stack.settings
    deleted = stack.status.name == "DELETE_COMPLETE"
    return _summary(stack) | {
        "ChangeSetId": stack.status.change_set_id,
        "Description": definition.template.description,
        "Parameters": definition.parameters.described() or None,
        "RollbackConfiguration": settings.rollback_configuration,
        "DisableRollback": settings.disable_rollback,
        "DeploymentConfig": {"Mode": "STANDARD", "DisableRollback": settings.disable_rollback},
        "NotificationARNs": definition.notification_arns,
        "TimeoutInMinutes": settings.timeout_minutes,
        "Capabilities": definition.capabilities or None,
        "Outputs": [output.described() for output in stack.contents.outputs] or None,
        "RoleARN": settings.role_arn,
        "Tags": [{"Key": key, "Value": value} for key, value in definition.tags.items()],
        "EnableTerminationProtection": None if deleted else stack.protected,
    }


def _summary(stack: Stack) -> Members:
    """Return the members that Stack and StackSummary share."""
    identity, status = stack.identity, stack.status
    return {
        "StackId": identity.stack_id,
        "StackName": identity.name,
        "ParentId": identity.parent_id,
        "RootId": identity.root_id,
        "CreationTime": identity.created,
        "LastUpdatedTime": status.updated,
        "DeletionTime": status.deleted,
        "StackStatus": status.name,
        "StackStatusReason": status.reason,
        "DriftInformation": {"StackDriftStatus": stack.drift.status, "LastCheckTimestamp": stack.drift.checked},
        "LastOperations": _last_operations(stack),
    }


def _last_operations(stack: Stack) -> list[Members]:
    """Return the API's LastOperations, newest first: the operation that was requested last, and what followed it.

    Source: the user guide's page on stack events by operation; LocalStack's test_change_set_mappings.snapshot.json.
    """
    newest: dict[str, str] = {}
    for operation in reversed(stack.steps.events.operations):
        newest.setdefault(operation.kind, operation.operation_id)
        if operation.kind not in _FOLLOWING:
            break
    return [{"OperationType": kind, "OperationId": operation_id} for kind, operation_id in newest.items()]


def list_stacks(call: Call) -> Answer:
    """Answer ListStacks: all stacks, deleted ones too."""
    wanted = call.parameters.get("StackStatusFilter")
    found = [
        _summary(stack) | {"TemplateDescription": stack.definition.template.description}
        for stack in call.space.stacks
        if not wanted or stack.status.name in wanted
    ]
    return page(call, "StackSummaries", found)


def describe_stack_events(call: Call) -> Answer:
    """Answer DescribeStackEvents, newest first."""
    stack = call.space.named(call.parameters["StackName"])
    return page(call, "StackEvents", [*stack.steps.events][::-1], partial(_event, stack))


def _event(stack: Stack, event: Event) -> Members:
    return _described(event) | {
        "StackId": stack.identity.stack_id,
        "StackName": stack.identity.name,
        "OperationId": event.operation and event.operation.operation_id,
    }


def describe_events(call: Call) -> Answer:
    """Answer DescribeEvents, newest first: of a stack, of one of its operations, or of a change set."""
    given = call.parameters
    found = [event for stack, operation in _operations(call) for event in _events(stack, operation)]
    if given.get("Filters", {}).get("FailedEvents"):
        found = [event for event in found if event["EventType"] in _ERRORS or event.get("OperationStatus") == "FAILED"]
    return page(call, "OperationEvents", found)


def _operations(call: Call) -> list[tuple[Stack, Operation]]:
    """Return the operations that a request asks for, newest first."""
    name, change_set_name, wanted = map(call.parameters.get, ("StackName", "ChangeSetName", "OperationId"))
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
    """Yield an operation's events, newest first: its end, what it did and its start."""
    common: Members = {"StackId": stack.identity.stack_id, "OperationId": operation.operation_id}
    of_kind: Members = common | {"OperationType": operation.kind}
    start: Members = of_kind | {"EventType": "STACK_EVENT", "StartTime": operation.begun}
    if operation.ended is not None:
        end = {"OperationStatus": operation.status, "EndTime": operation.ended, "Timestamp": operation.ended}
        yield {**start, **end, "EventId": str(uuid5(NAMESPACE_OID, operation.operation_id))}
    own = [event for event in reversed([*stack.steps.events]) if event.operation is operation]
    done = [common | _described(one) | {"EventType": _kind(one)} for one in own]
    after = sum(_kind(one) == "PROVISIONING_ERROR" for one in own) if operation.invalid else 0
    yield from done[:after]
    for invalid in operation.invalid:
        yield {
            **of_kind,
            **_identified(invalid),
            "EventType": "VALIDATION_ERROR",
            "Timestamp": invalid.time,
            "ValidationFailureMode": "FAIL",
            "ValidationName": invalid.name,
            "ValidationStatus": "FAILED",
            "ValidationStatusReason": invalid.reason,
            "ValidationPath": invalid.path,
        }
    yield from done[after:]
    event_id = str(uuid5(NAMESPACE_OID, f"{operation.operation_id} begun"))
    yield {**start, "OperationStatus": "IN_PROGRESS", "Timestamp": operation.begun, "EventId": event_id}


def _kind(event: Event) -> str:
    return "PROVISIONING_ERROR" if event.status.endswith("_FAILED") else "PROGRESS"


def _described(event: Event) -> Members:
    """Return the members that StackEvent and OperationEvent share."""
    invalid = event.operation and event.operation.invalid and _kind(event) in _ERRORS
    return _identified(event) | {
        "ClientRequestToken": event.token,
        "DetailedStatus": "VALIDATION_FAILED" if invalid else None,
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


def describe_stack_resource(call: Call) -> Answer:
    """Answer DescribeStackResource, with the resource's Metadata. A rolled back creation has left no resource."""
    stack = existing(call, call.parameters["StackName"], "Stack '{}' does not exist")
    logical_id = call.parameters["LogicalResourceId"]
    found = [one for one in _resources(stack) if one["LogicalResourceId"] == logical_id]
    if not found or stack.status.name == "ROLLBACK_COMPLETE":
        raise ValidationError(f"Resource {logical_id} does not exist for stack {call.parameters['StackName']}")
    scope = Scope(stack.definition, stack.identity)
    scope.resources.update(stack.contents.resources)
    metadata = scope.evaluator().attribute(logical_id, "Metadata")
    return {"StackResourceDetail": {**found[0], "Metadata": json.dumps(metadata or {})}}


def describe_stack_resources(call: Call) -> Answer:
    """Answer DescribeStackResources, of a stack or of the stack that has a resource."""
    given = call.parameters
    name, physical_id = given.get("StackName"), given.get("PhysicalResourceId")
    if (name is None) == (physical_id is None):
        raise ValidationError("You must specify either StackName or PhysicalResourceId, but not both.")
    if name is None:
        owners = [one for one in call.space.live() if physical_id in {each.physical_id for each in one.resources()}]
        if not owners:
            raise ValidationError(f"Stack for {physical_id} does not exist")
        stack = owners[0]
    else:
        stack = existing(call, name)
    wanted = given.get("LogicalResourceId")
    return {"StackResources": [one for one in _resources(stack) if wanted in {None, one["LogicalResourceId"]}]}


def list_stack_resources(call: Call) -> Answer:
    """Answer ListStackResources."""
    return page(call, "StackResourceSummaries", _resources(existing(call, call.parameters["StackName"])))


def _resources(stack: Stack) -> list[Members]:
    """Return the members of StackResource, StackResourceDetail and StackResourceSummary, of each resource, by name.

    Besides the resources that exist, these are those that are being made or failed to be, and those that a rollback
    of the stack's creation or its deletion has deleted.
    """
    live, events = dict(stack.contents.resources), stack.steps.events
    creating = not stack.status.name.startswith(("IMPORT", "UPDATE"))
    wanted = stack.definition.template.resources
    found = [_resource(stack, one, events.latest(one.logical_id, one.physical_id)) for one in live.values()] + [
        _resource(stack, event.subject, event)
        for event in events.others(stack.identity.stack_id, live)
        if (creating and event.subject.logical_id in wanted)
        or (event.operation is events.operations[-1] and event.status == "CREATE_IN_PROGRESS")
    ]
    return sorted(found, key=lambda one: str(one["LogicalResourceId"]))


def _resource(stack: Stack, resource: Resource | Subject, event: Event | None) -> Members:
    """Return the members of a resource, be it one that exists or the subject of an event, with its latest event."""
    found = stack.drift.of(resource) if isinstance(resource, Resource) else None
    return {
        "StackId": stack.identity.stack_id,
        "StackName": stack.identity.name,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id or None,
        "ResourceType": resource.kind,
        "ResourceStatus": event and event.status,
        "ResourceStatusReason": event and event.reason,
        "Timestamp": event and event.time,
        "LastUpdatedTimestamp": event and event.time,
        "DriftInformation": {
            "StackResourceDriftStatus": found.status if found else "NOT_CHECKED",
            "LastCheckTimestamp": found and found.time,
        },
    }


def list_exports(call: Call) -> Answer:
    """Answer ListExports."""
    exports = call.space.exports().values()
    found = [{"ExportingStackId": one.stack.identity.stack_id, "Name": one.name, "Value": one.value} for one in exports]
    return page(call, "Exports", found)


def list_imports(call: Call) -> Answer:
    """Answer ListImports: the names of the stacks that use an export."""
    name = call.parameters["ExportName"]
    names = [stack.identity.name for stack in call.space.importers(name)]
    if not names:
        raise ValidationError(f"Export '{name}' is not imported by any stack.")
    return page(call, "Imports", names)


def detect_stack_drift(call: Call) -> Answer:
    """Answer DetectStackDrift: check all resources of a stack, or the named ones, in the background."""
    logical_ids = call.parameters.get("LogicalResourceIds")
    stack = call.space.named(call.parameters["StackName"])
    return {"StackDriftDetectionId": drift.start(stack, tuple(logical_ids) if logical_ids else None).detection_id}


def describe_stack_drift_detection_status(call: Call) -> Answer:
    """Answer DescribeStackDriftDetectionStatus."""
    return call.space.detection(call.parameters["StackDriftDetectionId"]).answer()


def detect_stack_resource_drift(call: Call) -> Answer:
    """Answer DetectStackResourceDrift: check one resource before answering."""
    stack = call.space.named(call.parameters["StackName"])
    found = drift.check_resource(stack, call.parameters["LogicalResourceId"])
    return {"StackResourceDrift": found.answer(stack.identity.stack_id)}


def describe_stack_resource_drifts(call: Call) -> Answer:
    """Answer DescribeStackResourceDrifts with one page of the resources that were checked."""
    given = call.parameters
    stack = call.space.named(given["StackName"])
    found = drift.found_in(stack, tuple(given.get("StackResourceDriftStatusFilters", ())))
    return page(call, "StackResourceDrifts", found, lambda one: one.answer(stack.identity.stack_id))
