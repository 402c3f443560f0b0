"""Drift detection, added to moto: checks whether a stack's resources match its template.

The template's properties are compared with the model that READ returns. Write-only properties are left out, because
READ can't return them; the stack's tags are included if the type is taggable. moto has no drift detection, and its own
resources have no READ handler. They are skipped, like types for which CloudFormation doesn't support drift detection.

Sources: the API reference, action by action; "Detect unmanaged configuration changes with drift detection" in the user
guide, which also lists the stack states in which detection can run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends

from cfn_sandbox.cloudformation import actions, operations
from cfn_sandbox.cloudformation.differences import differences
from cfn_sandbox.cloudformation.properties import without
from cfn_sandbox.cloudformation.resource import Resource
from cfn_sandbox.cloudformation.resource_type import HandlerFailure, Request, ResourceType
from cfn_sandbox.cloudformation.stack import Stack

STATES = frozenset(
    {
        *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"),
        *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
    }
)
PAGE_SIZE = 100

JSON = dict[str, Any]


@dataclass
class Detection:
    """A drift detection of a stack, with its status and result."""

    stack_id: str
    detection_id: str = field(default_factory=lambda: str(uuid4()))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    status: str = "DETECTION_IN_PROGRESS"
    reason: str | None = None
    drift: str | None = None
    drifted: int | None = None

    @property
    def answer(self) -> JSON:
        """The answer of DescribeStackDriftDetectionStatus."""
        return {
            "StackId": self.stack_id,
            "StackDriftDetectionId": self.detection_id,
            "StackDriftStatus": self.drift,
            "DetectionStatus": self.status,
            "DetectionStatusReason": self.reason,
            "DriftedStackResourceCount": self.drifted,
            "Timestamp": self.started_at,
        }


def expected_properties(kind: ResourceType, properties: JSON, stack_tags: Mapping[str, str]) -> JSON:
    """Return the properties that READ should return: the template's, and the stack's tags if the type is taggable.

    Args:
        kind: the resource type.
        properties: the template's properties, in the schema's types.
        stack_tags: the stack's tags that the handler last received. If keys are equal, the resource's own tag wins.
    """
    readable = without(properties, kind.schema.get("writeOnlyProperties", []))
    name = kind.tag_property
    if name is None or name not in kind.schema["properties"] or not stack_tags:
        return readable
    own_tags = readable.get(name)
    if isinstance(own_tags, dict) or kind.schema["properties"][name].get("type") == "object":
        return readable | {name: {**stack_tags, **(own_tags or {})}}
    own_keys = {tag.get("Key") for tag in own_tags or []}
    added = [{"Key": key, "Value": value} for key, value in stack_tags.items() if key not in own_keys]
    return readable | {name: [*(own_tags or []), *added]}


def _detect_drift(stack: Stack, logical_id: str, resource: Resource) -> JSON:
    """Compare a resource with what READ returns; keep and return the API's StackResourceDrift."""
    kind = resource.kind
    details: JSON = {}
    try:
        model = kind.handle("READ", Request(stack.account_id, stack.region_name), {}, model=resource.model)
    except HandlerFailure as failure:
        deleted = failure.code == "NotFound"
        status = "DELETED" if deleted else "UNKNOWN"
        details = {} if deleted else {"DriftStatusReason": str(failure)}
    except Exception as error:  # noqa: BLE001 - a handler's defect: the detection continues with the other resources
        status, details = "UNKNOWN", {"DriftStatusReason": f"{type(error).__name__}: {error}"}
    else:
        expected = expected_properties(kind, resource.properties, resource.tags)
        differing = differences(kind.schema, expected, model)
        status = "MODIFIED" if differing else "IN_SYNC"
        details = {
            "ExpectedProperties": json.dumps(expected),
            "ActualProperties": json.dumps(_actual_properties(expected, model), default=str),
            "PropertyDifferences": [difference.answer for difference in differing],
        }
    drift = {
        "StackId": stack.stack_id,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": resource.physical_resource_id,
        "ResourceType": kind.name,
        "StackResourceDriftStatus": status,
        "Timestamp": datetime.now(UTC),
    } | details
    resource.drift_status = status
    _latest_drifts(stack)[logical_id] = resource, drift
    return drift


def _actual_properties(expected: JSON, model: JSON) -> JSON:
    """Return those properties of a model that the template gives."""
    return {key: model[key] for key in expected if key in model}


def _latest_drifts(stack: Stack) -> dict[str, tuple[Resource, JSON]]:
    """Return the latest StackResourceDrift of each resource by logical id, with the Resource that it is about."""
    drifts: dict[str, tuple[Resource, JSON]] = vars(stack).setdefault("resource_drifts", {})
    return drifts


def _checkable_resources(stack: Stack) -> dict[str, Resource]:
    """Return the resources that have a READ handler, by logical id."""
    return {
        logical_id: resource
        for logical_id, resource in stack.resource_map.live.items()
        if isinstance(resource, Resource) and "read" in resource.kind.schema.get("handlers", {"read": {}})
    }


def _find_stack(parameters: JSON, account: str, region: str) -> Stack:
    stack = cast("Stack", cloudformation_backends[account][region].get_stack(parameters["StackName"]))
    if stack is None:
        raise ValidationError(message=f"Stack with id {parameters['StackName']} does not exist")
    return stack


def _find_ready_stack(parameters: JSON, account: str, region: str) -> Stack:
    stack = _find_stack(parameters, account, region)
    if stack.status not in STATES:
        message = f"Drift detection can't be run on stack [{stack.stack_id}] in {stack.status} state"
        raise ValidationError(message=message)
    return stack


def detect_stack_drift(parameters: JSON, account: str, region: str) -> JSON:
    """Answer DetectStackDrift: check all resources of a stack, or the named ones, in the background."""
    stack = _find_ready_stack(parameters, account, region)
    logical_ids = parameters.get("LogicalResourceIds") or list(stack.resource_map.live)
    unknown = [name for name in logical_ids if name not in stack.resource_map.live]
    if unknown:
        raise ValidationError(message=f"Resource [{', '.join(unknown)}] does not exist in stack {stack.name}")
    detection = Detection(stack.stack_id)
    _detections(account, region)[detection.detection_id] = detection
    operations.begin(f"drift of {stack.name}", lambda: _run_detection(stack, logical_ids, detection))
    return {"StackDriftDetectionId": detection.detection_id}


def _run_detection(stack: Stack, logical_ids: list[str], detection: Detection) -> None:
    statuses = {
        logical_id: _detect_drift(stack, logical_id, resource)["StackResourceDriftStatus"]
        for logical_id, resource in _checkable_resources(stack).items()
        if logical_id in logical_ids
    }
    failed = [logical_id for logical_id, status in statuses.items() if status == "UNKNOWN"]
    detection.drifted = sum(status in {"MODIFIED", "DELETED"} for status in statuses.values())
    detection.drift = "DRIFTED" if detection.drifted else "UNKNOWN" if failed else "IN_SYNC"
    detection.status = "DETECTION_FAILED" if failed else "DETECTION_COMPLETE"
    if failed:
        detection.reason = f"Failed to detect drift on resource [{', '.join(failed)}]"
    stack.drift_information = {"StackDriftStatus": detection.drift, "LastCheckTimestamp": detection.started_at}


def describe_stack_drift_detection_status(parameters: JSON, account: str, region: str) -> JSON:
    """Answer DescribeStackDriftDetectionStatus."""
    detection_id = parameters["StackDriftDetectionId"]
    if detection_id not in _detections(account, region):
        raise ValidationError(message=f"Drift detection {detection_id} does not exist")
    return _detections(account, region)[detection_id].answer


def detect_stack_resource_drift(parameters: JSON, account: str, region: str) -> JSON:
    """Answer DetectStackResourceDrift: check one resource before answering."""
    stack, logical_id = _find_ready_stack(parameters, account, region), parameters["LogicalResourceId"]
    if logical_id not in stack.resource_map.live:
        raise ValidationError(message=f"Resource {logical_id} does not exist for stack {stack.name}")
    checkable = _checkable_resources(stack)
    if logical_id not in checkable:
        name = stack.resource_map.resolved[logical_id]["Type"]
        raise ValidationError(message=f"Resource type {name} is not supported for drift detection (in this sandbox)")
    return {"StackResourceDrift": _detect_drift(stack, logical_id, checkable[logical_id])}


def describe_stack_resource_drifts(parameters: JSON, account: str, region: str) -> JSON:
    """Answer DescribeStackResourceDrifts with one page of the resources that were checked."""
    stack = _find_stack(parameters, account, region)
    filters = parameters.get("StackResourceDriftStatusFilters")
    drifts = [
        drift
        for logical_id, (resource, drift) in _latest_drifts(stack).items()
        if stack.resource_map.live.get(logical_id) is resource  # not changed, replaced or deleted since
        and (not filters or drift["StackResourceDriftStatus"] in filters)
    ]
    start = int(parameters.get("NextToken") or 0)
    end = start + int(parameters.get("MaxResults") or PAGE_SIZE)
    return {"StackResourceDrifts": drifts[start:end], "NextToken": str(end) if end < len(drifts) else None}


def _detections(account: str, region: str) -> dict[str, Detection]:
    """Return the detections by id. They live in moto's backend, so that a reset of moto removes them."""
    detections: dict[str, Detection] = vars(cloudformation_backends[account][region]).setdefault("drift_detections", {})
    return detections


ACTIONS: Mapping[str, Callable[[JSON, str, str], JSON]] = {
    "DetectStackDrift": detect_stack_drift,
    "DescribeStackDriftDetectionStatus": describe_stack_drift_detection_status,
    "DetectStackResourceDrift": detect_stack_resource_drift,
    "DescribeStackResourceDrifts": describe_stack_resource_drifts,
}


@contextmanager
def serve() -> Iterator[None]:
    """Have moto detect drift until the context ends."""
    with actions.add_actions(ACTIONS):
        yield
