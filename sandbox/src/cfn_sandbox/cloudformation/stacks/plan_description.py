"""A plan as DescribeChangeSet shows it, with values and without."""

from __future__ import annotations

import json
from collections.abc import Mapping

from cfn_sandbox.cloudformation.stacks.plan import MASKED, Change, Plan, ResourceChange
from cfn_sandbox.values import JSON, Value, problem_in, shown

_INCOMPLETE = "[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation"


def described(plan: Plan, *, with_values: bool) -> list[JSON]:
    """Return the API's Changes, with values if the request has IncludePropertyValues."""
    changes = (_resource(change, with_values=with_values) for change in plan.values())
    return [{"Type": "Resource", "ResourceChange": change} for change in changes if change is not None]


def warning(plan: Plan) -> str | None:
    """Return what AWS says with the values if it can't work one out: of an unknown list's Fn::Join, a missing export.

    Source: LocalStack's recording in test_change_set_fn_split.snapshot.json, and its own description of exports.
    """
    for change in plan.values():
        if (problem := problem_in(dict(change.after or {}))) is not None:
            return f"{_INCOMPLETE} failed for resource [{change.logical_id}] because: {problem}"
    return None


def _resource(change: ResourceChange, *, with_values: bool) -> dict[str, JSON] | None:
    details = [detail for one in change.changes for detail in _details(one, with_values=with_values)]
    details.sort(key=lambda detail: "CausingEntity" not in detail)  # references first: AWS, recorded by LocalStack
    if change.action == "Modify" and not details:
        return None
    answer: dict[str, JSON] = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.kind,
        "Scope": list(dict.fromkeys(one.attribute for one in change.changes)),
        "Details": [*details],
        "PolicyAction": change.policy,
        "ChangeSetId": change.change_set_id,
    }
    if change.action == "Modify":
        answer["Replacement"] = change.replacement
    if with_values:
        answer |= {"BeforeContext": _context(change.before), "AfterContext": _context(change.after)}
    return {key: value for key, value in answer.items() if value is not None}


def _context(properties: Mapping[str, Value] | None) -> str | None:
    return None if properties is None else json.dumps({"Properties": shown(dict(properties))})


def _details(change: Change, *, with_values: bool) -> list[dict[str, JSON]]:
    target: dict[str, JSON] = {"Attribute": change.attribute, "RequiresRecreation": change.recreation}
    if change.name is not None:
        target["Name"] = change.name
    if with_values:
        target |= _values(change)
    details: list[dict[str, JSON]] = []
    for cause in change.causes:
        if with_values in cause.views:
            detail: dict[str, JSON] = {
                "Target": dict(target),
                "Evaluation": cause.evaluation,
                "ChangeSource": cause.source,
            }
            details.append(detail if cause.entity is None else detail | {"CausingEntity": cause.entity})
    return details


def _values(change: Change) -> dict[str, JSON]:
    path = f"/{change.attribute}" if change.name is None else f"/{change.attribute}/{change.name}"
    kind = "Add" if change.before is None else "Remove" if change.after is None else "Modify"
    answer: dict[str, JSON] = {"Path": path, "AttributeChangeType": kind}
    for name, value in (("BeforeValue", change.before), ("AfterValue", change.after)):
        if value is not None and value != MASKED:
            visible = shown(value)
            answer[name] = visible if isinstance(visible, str) else json.dumps(visible)
    return answer
