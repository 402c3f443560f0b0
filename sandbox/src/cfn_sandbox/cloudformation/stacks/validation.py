"""Pre-deployment validation: what is wrong with a plan's resources, before any handler is called.

Types whose schemas AWS publishes are validated. That private types are is documented nowhere, so registered types are
validated only if the space says so.

Sources: "Validate stack deployments" in the user guide, whose example has an error's line and path; for conflicts,
and how a creation fails, function_resource_policy_validation.json in testdata/aws/cloudformation of
radkawar/stackd. That an update fails likewise is an assumption.
"""

from __future__ import annotations

from collections.abc import Iterator

from cfn_sandbox.cloudformation.stacks.events import Invalid, Subject
from cfn_sandbox.cloudformation.stacks.plan import Plan, ResourceChange
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.stacks.state import Identity
from cfn_sandbox.resource_types.catalogue import is_registered
from cfn_sandbox.resource_types.interface import ResourceType
from cfn_sandbox.schemas import published
from cfn_sandbox.schemas.schema import at, put
from cfn_sandbox.values import Unknown, Value, mapped

DETECTED = "Validation failure detected. See the operation's FAILED event for details."  # the reason of a rollback
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
    subject = Subject(change.logical_id, change.kind, change.physical_id or "")
    path = f"/Resources/{change.logical_id}"
    properties = kind.typed({name: _without_references(value) for name, value in change.desired.items()})
    hidden = {name for name, value in change.desired.items() if (change.after or {}).get(name) != value}
    lines = {
        one.line if hidden.intersection(one.pointer.split("/")[1:2]) else one.full_line: one.pointer
        for one in kind.violations(properties)
    }
    if lines and kind.check(properties):  # some types accept every property
        yield from (Invalid(subject, PROPERTIES, line, f"{path}/Properties{place}") for line, place in lines.items())
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


def failed(found: list[Invalid]) -> str:
    """Return the reason of a stack whose operation stops."""
    advice = "Call DescribeEvents to retrieve the full list of issues with resource and property details"
    return f"Validation failed with {len(found)} error(s). {advice}, resolve each error, then retry the operation."
