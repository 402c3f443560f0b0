"""Pre-deployment validation: what is wrong with a plan's resources, before any handler is called.

Types whose schemas AWS publishes are validated. That private types are is documented nowhere, so registered types are
validated only if the space says so.

Sources: "Validate stack deployments" in the user guide. The form of property errors is the one that users quote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from cfn_sandbox.cloudformation.stacks.events import Invalid, Subject, refused
from cfn_sandbox.cloudformation.stacks.plan import MASKED, Plan, ResourceChange
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.stacks.state import Identity
from cfn_sandbox.resource_types.catalogue import is_registered
from cfn_sandbox.resource_types.interface import ResourceType
from cfn_sandbox.schemas import published
from cfn_sandbox.schemas.schema import at, put
from cfn_sandbox.values import Unknown, Value, mapped, shown

PROPERTIES, CONFLICTS = "PROPERTY_VALIDATION", "NAME_CONFLICT_VALIDATION"
_HOOKS = {
    PROPERTIES: "AWS::EarlyValidation::PropertyValidation",
    CONFLICTS: "AWS::EarlyValidation::ResourceExistenceCheck",
}


def covers(space: Space, name: str) -> bool:
    """Return whether resources of a type are validated."""
    if is_registered(space.account, space.region, name):
        return space.validate_registered
    return published.schema(name) is not None


def validate(identity: Identity, plan: Plan) -> list[Invalid]:
    """Return the validations that a stack's plan fails: of properties, and of new resources' identifiers."""
    return [invalid for change in plan.values() for invalid in _of_resource(identity, change)]


def summary(found: list[Invalid]) -> str:
    """Return the reason of a change set that fails because of validations."""
    hooks = ", ".join(dict.fromkeys(_HOOKS[invalid.name] for invalid in found))
    advice = "To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
    return f"The following hook(s)/validation failed: [{hooks}]. {advice}"


def _of_resource(identity: Identity, change: ResourceChange) -> Iterator[Invalid]:
    kind = identity.space.find_type(change.kind) if covers(identity.space, change.kind) else None
    if kind is None or change.action not in {"Add", "Modify"}:
        return
    visible = json.dumps(shown(dict(change.after or {})))
    subject = Subject(change.logical_id, change.kind, change.physical_id or "", visible)
    path = f"/Resources/{change.logical_id}/Properties"
    properties = kind.typed({name: _without_references(value) for name, value in change.desired.items()})
    hidden = {name for name, value in (change.after or {}).items() if value == MASKED}
    lines = [
        one.line if hidden.intersection(one.pointer.split("/")[1:2]) else one.full_line
        for one in kind.violations(properties)
    ]
    if lines and kind.check(properties):  # some types accept every property
        yield Invalid(subject, PROPERTIES, f"[{', '.join(dict.fromkeys(lines))}]", path)
    elif change.action == "Add" and (name := _taken(identity, kind, properties)) is not None:
        text = f"Resource of type '{change.kind}' with identifier '{name}' already exists."
        yield Invalid(subject, CONFLICTS, text, path)


def _without_references(value: Value) -> Value:
    """Return a value whose dynamic references are unknown: they are resolved before the handler is called."""
    return mapped(value, lambda part: Unknown() if isinstance(part, str) and "{{resolve:" in part else part)


def _taken(identity: Identity, kind: ResourceType, properties: dict[str, Value]) -> str | None:
    """Return the identifier that a new resource would have, if a resource has it already; else None."""
    name = kind.schema.identifier(properties)
    if name is None or identity.space.owner(kind.name, name) is not None:
        return name
    if not kind.supports("READ"):
        return None
    model: dict[str, Value] = {}
    for path in kind.schema.primary_identifier:
        put(model, path, at(properties, path))
    found = kind.read(identity.request(""), model)
    return name if found.failure is None and found.instance is not None else None


def reason_of(invalid: Invalid) -> str:
    """Return the reason of the event of a resource that stops an operation on a stack."""
    return invalid.reason if invalid.name == CONFLICTS else refused(invalid.subject.logical_id, invalid.reason)
