"""The operations that describe stacks, their resources, events, exports and drift.

Source of the members, and of how each says that a stack doesn't exist: AWS's answers that users quote, in boto3 issues
2352 and 2807 and cq-provider-aws issue 824, and those recorded in LocalStack's tests/aws/services/cloudformation.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from cfn_sandbox.cloudformation.api.event_operations import described, last_operations
from cfn_sandbox.cloudformation.api.stack_operations import just_deleted
from cfn_sandbox.cloudformation.stacks import drift
from cfn_sandbox.cloudformation.stacks.scope import Scope
from cfn_sandbox.cloudformation.stacks.state import Resource
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.protocols.paging import page

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.stacks.events import Event, Subject
    from cfn_sandbox.cloudformation.stacks.stack import Stack
    from cfn_sandbox.protocols.service import Answer, Call


def describe_stacks(call: Call) -> Answer:
    """Answer DescribeStacks: one stack, or all that are not deleted."""
    name = call.parameters.get("StackName")
    stacks = list(call.space.live()) if name is None else [just_deleted(call, name) or existing(call, name)]
    return page(call, "Stacks", stacks, _description)


def existing(call: Call, name: str, otherwise: str = "Stack with id {} does not exist") -> Stack:
    """Return the stack of a name or an id.

    Raises:
        ValidationError: there is none; in the words of most operations that only describe.
    """
    stack = call.space.find(name)
    if stack is None:
        raise ValidationError(otherwise.format(name))
    return stack


def _description(stack: Stack) -> dict[str, object]:
    """Return the API's Stack: with empty lists of topics and tags, without other empty lists."""
    definition, settings = stack.definition, stack.settings
    deleted = stack.status.name == "DELETE_COMPLETE"
    return _summary(stack) | {
        "ChangeSetId": stack.status.change_set_id,
        "Description": definition.template.description,
        "Parameters": definition.parameters.described() or None,
        "RollbackConfiguration": settings.rollback_configuration,
        "DisableRollback": settings.disable_rollback,
        "NotificationARNs": definition.notification_arns,
        "TimeoutInMinutes": settings.timeout_minutes,
        "Capabilities": definition.capabilities or None,
        "Outputs": [output.described() for output in stack.contents.outputs] or None,
        "RoleARN": settings.role_arn,
        "Tags": [{"Key": key, "Value": value} for key, value in definition.tags.items()],
        "EnableTerminationProtection": None if deleted else stack.protected,
    }


def _summary(stack: Stack) -> dict[str, object]:
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
        "LastOperations": last_operations(stack),
    }


def list_stacks(call: Call) -> Answer:
    """Answer ListStacks: all stacks, deleted ones too."""
    wanted = call.parameters.get("StackStatusFilter")
    found = [stack for stack in call.space.stacks if not wanted or stack.status.name in wanted]
    return page(
        call,
        "StackSummaries",
        found,
        lambda stack: _summary(stack) | {"TemplateDescription": stack.definition.template.description},
    )


def describe_stack_events(call: Call) -> Answer:
    """Answer DescribeStackEvents, newest first."""
    stack = call.space.named(call.parameters["StackName"])
    return page(call, "StackEvents", [*stack.steps.events][::-1], partial(_event, stack))


def _event(stack: Stack, event: Event) -> dict[str, object]:
    return described(event) | {
        "StackId": stack.identity.stack_id,
        "StackName": stack.identity.name,
        "ClientRequestToken": event.token,
        "OperationId": event.operation and event.operation.operation_id,
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
    stack = existing(call, call.parameters["StackName"])
    return page(call, "StackResourceSummaries", _resources(stack))


def _resources(stack: Stack) -> list[dict[str, object]]:
    """Return the members of StackResource, StackResourceDetail and StackResourceSummary, of each resource.

    Besides the resources that exist, these are those that are being made or failed to be, and those that a rollback
    of the stack's creation or its deletion has deleted.
    """
    live, events = dict(stack.contents.resources), stack.steps.events
    creating = not stack.status.name.startswith(("IMPORT", "UPDATE"))
    wanted = stack.definition.template.resources
    return [_resource(stack, one, events.latest(one.logical_id, one.physical_id)) for one in live.values()] + [
        _resource(stack, event.subject, event)
        for event in events.others(stack.identity.stack_id, live)
        if (creating and event.subject.logical_id in wanted)
        or (event.operation is events.operations[-1] and event.status == "CREATE_IN_PROGRESS")
    ]


def _resource(stack: Stack, resource: Resource | Subject, event: Event | None) -> dict[str, object]:
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
    return page(
        call,
        "Exports",
        list(call.space.exports().values()),
        lambda one: {"ExportingStackId": one.stack.identity.stack_id, "Name": one.name, "Value": one.value},
    )


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
