"""Drift detection: checks whether a stack's resources match its template.

The template's properties are compared with the model that READ returns. Write-only properties are left out, because
READ can't return them; the stack's tags are included if the type is taggable. Types without READ are skipped, like
types for which CloudFormation doesn't support drift detection.

Sources: the API reference, operation by operation; "Detect unmanaged configuration changes with drift detection" in the
user guide, which also lists the stack states in which detection can run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from cfn_sandbox import operations
from cfn_sandbox.cloudformation.stacks.state import AT_REST, Resource
from cfn_sandbox.cloudformation.stacks.steps import NO_RESOURCE
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.resource_types.interface import ResourceType
from cfn_sandbox.schemas.differences import Difference, differences, expected_properties
from cfn_sandbox.values import JSON

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.stacks.stack import Stack

STATES = AT_REST | {"UPDATE_ROLLBACK_FAILED"}


@dataclass(frozen=True)
class ResourceDrift:
    """What a detection found of one resource."""

    resource: Resource  # the resource as it was then
    status: str  # IN_SYNC, MODIFIED, DELETED or UNKNOWN
    reason: str | None = None  # why it is UNKNOWN
    compared: tuple[Mapping[str, JSON], Mapping[str, JSON]] | None = None  # expected and actual properties, if read
    differences: tuple[Difference, ...] = ()  # where they differ
    time: datetime = field(default_factory=lambda: datetime.now(UTC))  # when it was checked

    def answer(self, stack_id: str) -> dict[str, JSON | datetime]:
        """Return the API's StackResourceDrift."""
        answer: dict[str, JSON | datetime] = {
            "StackId": stack_id,
            "LogicalResourceId": self.resource.logical_id,
            "PhysicalResourceId": self.resource.physical_id,
            "ResourceType": self.resource.kind,
            "StackResourceDriftStatus": self.status,
            "DriftStatusReason": self.reason,
            "Timestamp": self.time,
        }
        if self.compared is not None:
            expected, actual = self.compared
            answer["ExpectedProperties"] = json.dumps(expected)
            answer["ActualProperties"] = json.dumps({key: actual[key] for key in expected if key in actual})
            answer["PropertyDifferences"] = [difference.answer for difference in self.differences]
        return answer


@dataclass
class Drift:
    """What is known of a stack's drift."""

    status: str = "NOT_CHECKED"  # the stack's drift status
    checked: datetime | None = None  # when the last detection of the stack began
    resources: dict[str, ResourceDrift] = field(default_factory=dict)  # each one's latest drift, by logical id
    detections: dict[str, Detection] = field(default_factory=dict)  # the detections of the stack, by id

    def of(self, resource: Resource) -> ResourceDrift | None:
        """Return a resource's drift; None if it wasn't checked, or was changed since."""
        drift = self.resources.get(resource.logical_id)
        if drift is None or drift.resource.instance != resource.instance or drift.resource.sent != resource.sent:
            return None
        return drift if drift.resource.tags == resource.tags else None


@dataclass
class Detection:
    """A drift detection of a stack, with its status and result."""

    stack_id: str
    detection_id: str = field(default_factory=lambda: str(uuid4()))
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    failed: tuple[str, ...] = ()
    drifted: int | None = None
    status: str = "DETECTION_IN_PROGRESS"

    def answer(self) -> dict[str, JSON | datetime]:
        """Return the answer of DescribeStackDriftDetectionStatus."""
        reason = f"Failed to detect drift on resource [{', '.join(self.failed)}]"
        return {
            "StackId": self.stack_id,
            "StackDriftDetectionId": self.detection_id,
            "DetectionStatus": self.status,
            "DetectionStatusReason": reason if self.failed else None,
            "StackDriftStatus": None if self.drifted is None else self.drift,
            "DriftedStackResourceCount": self.drifted,
            "Timestamp": self.started,
        }

    @property
    def drift(self) -> str:
        """The stack's drift status."""
        return "DRIFTED" if self.drifted else "UNKNOWN" if self.failed else "IN_SYNC"


def start(stack: Stack, logical_ids: tuple[str, ...] | None = None) -> Detection:
    """Start to check all resources of a stack, or the named ones.

    A ValidationError says that the stack's status doesn't allow it, or a resource doesn't exist.
    """
    _check_ready(stack)
    live = stack.contents.resources
    names = logical_ids or tuple(live)
    if unknown := [name for name in names if name not in live]:
        raise ValidationError(f"Resource [{', '.join(unknown)}] does not exist in stack {stack.identity.name}")
    detection = Detection(stack.identity.stack_id)
    stack.drift.detections[detection.detection_id] = detection
    operations.begin(f"drift of {stack.identity.name}", lambda: _run(stack, names, detection))
    return detection


def _run(stack: Stack, logical_ids: tuple[str, ...], detection: Detection) -> None:
    found = [
        _detect(stack, resource, kind)
        for resource in stack.resources()
        if resource.logical_id in logical_ids and (kind := stack.space.readable_type(resource.kind)) is not None
    ]
    detection.failed = tuple(drift.resource.logical_id for drift in found if drift.status == "UNKNOWN")
    detection.drifted = sum(drift.status in {"MODIFIED", "DELETED"} for drift in found)
    stack.drift.status, stack.drift.checked = detection.drift, detection.started
    detection.status = "DETECTION_FAILED" if detection.failed else "DETECTION_COMPLETE"


def check_resource(stack: Stack, logical_id: str) -> ResourceDrift:
    """Check one resource; a ValidationError says that it, or the stack's status, doesn't allow that."""
    _check_ready(stack)
    resource = stack.contents.resources.get(logical_id)
    if resource is None:
        raise ValidationError(f"Resource {logical_id} does not exist for stack {stack.identity.name}")
    kind = stack.space.readable_type(resource.kind)
    if kind is None:
        raise ValidationError(f"Resource type {resource.kind} is not supported for drift detection (in this sandbox)")
    return _detect(stack, resource, kind)


def found_in(stack: Stack, statuses: tuple[str, ...] = ()) -> list[ResourceDrift]:
    """Return the latest drift of the resources that were not changed since, or of those with certain statuses."""
    drifts = [stack.drift.of(resource) for resource in stack.resources()]
    return [drift for drift in drifts if drift is not None and (not statuses or drift.status in statuses)]


def _check_ready(stack: Stack) -> None:
    if stack.status.name not in STATES:
        text = f"Drift detection can't be run on stack [{stack.identity.stack_id}] in {stack.status.name} state"
        raise ValidationError(text)


def _detect(stack: Stack, resource: Resource, kind: ResourceType) -> ResourceDrift:
    drift = stack.drift.resources[resource.logical_id] = _compared(stack, resource, kind)
    return drift


def _compared(stack: Stack, resource: Resource, kind: ResourceType) -> ResourceDrift:
    try:
        found = kind.read(stack.identity.request(""), resource.instance.model)
    except Exception as error:  # noqa: BLE001 - a type's defect: the detection continues with the other resources
        return ResourceDrift(resource, "UNKNOWN", f"{type(error).__name__}: {error}")
    if found.failure is not None and found.failure.code == "NotFound":
        return ResourceDrift(resource, "DELETED")
    if found.failure is not None or found.instance is None:
        return ResourceDrift(resource, "UNKNOWN", found.failure.reason if found.failure else NO_RESOURCE)
    model = cast("dict[str, JSON]", dict(found.instance.model))  # what a type reports is known
    expected = expected_properties(kind.schema, resource.sent, resource.tags)
    differing = tuple(differences(kind.schema, expected, model))
    return ResourceDrift(resource, "MODIFIED" if differing else "IN_SYNC", None, (expected, model), differing)
