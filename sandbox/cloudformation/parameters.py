"""The values that a request gives to a template's parameters.

Source: "Parameters" in the user guide; UsePreviousValue in the API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

Given = Mapping[str, Any]  # a Parameter of the API: ParameterKey, ParameterValue or UsePreviousValue


def values(
    given: Iterable[Given], template: Mapping[str, Any], before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the parameter values of a request. The value of an SSM parameter is a name in Parameter Store.

    Args:
        given: the request's Parameters.
        template: the template that has the parameters.
        before: the stack's present values, defaults included; None if there is no stack.

    Raises:
        ValidationError: with CloudFormation's wording. No message repeats a value.
    """
    slots: Mapping[str, Mapping[str, Any]] = template.get("Parameters") or {}
    found: dict[str, str] = {}
    for one in given:
        key = one["ParameterKey"]
        if not one.get("UsePreviousValue"):
            found[key] = str(one.get("ParameterValue", ""))
        elif one.get("ParameterValue"):
            text = "Cannot specify usePreviousValue as true and non empty value for a parameter"
            raise ValidationError(message=f"Invalid input for parameter key {key}. {text}")
        elif before is None or key not in before:
            text = "Cannot specify usePreviousValue as true for a parameter key not in the previous template"
            raise ValidationError(message=f"Invalid input for parameter key {key}. {text}")
        else:
            found[key] = before[key]
    extra = sorted(found.keys() - slots.keys())
    if extra:
        raise ValidationError(message=f"Parameters: [{', '.join(extra)}] do not exist in the template")
    missing = sorted(key for key, slot in slots.items() if "Default" not in slot and key not in found)
    if missing:
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    for key, value in found.items():
        _check(key, value, slots[key])
    return found


def with_defaults(found: Mapping[str, str], template: Mapping[str, Any]) -> dict[str, str]:
    """Return the given values, completed with the template's defaults."""
    slots = template.get("Parameters") or {}
    return {key: str(slot["Default"]) for key, slot in slots.items() if "Default" in slot} | dict(found)


def _check(key: str, value: str, slot: Mapping[str, Any]) -> None:
    kind = slot.get("Type", "String")
    if kind.startswith("AWS::SSM::Parameter::"):
        return  # the constraints apply to the value in Parameter Store
    wrong = None
    items = (
        [item.strip() for item in value.split(",")]
        if kind.startswith("List<") or kind == "CommaDelimitedList"
        else [value]
    )
    if "AllowedValues" in slot and not set(items) <= {str(allowed) for allowed in slot["AllowedValues"]}:
        wrong = "must be one of AllowedValues"
    elif "AllowedPattern" in slot and not all(re.fullmatch(slot["AllowedPattern"], item) for item in items):
        wrong = f"must match pattern {slot['AllowedPattern']}"
    elif len(value) < int(slot.get("MinLength", 0)):
        wrong = f"must contain at least {slot['MinLength']} characters"
    elif "MaxLength" in slot and len(value) > int(slot["MaxLength"]):
        wrong = f"must contain at most {slot['MaxLength']} characters"
    elif kind in {"Number", "List<Number>"}:
        wrong = _number(items, slot)
    if wrong:
        explained = slot.get("ConstraintDescription")
        text = f"failed to satisfy constraint: {explained}" if explained else wrong
        raise ValidationError(message=f"Parameter '{key}' {text}")


def _number(items: Iterable[str], slot: Mapping[str, Any]) -> str | None:
    try:
        numbers = [float(item) for item in items]
    except ValueError:
        return "must be a number"
    if "MinValue" in slot and min(numbers) < float(slot["MinValue"]):
        return f"must be a number not less than {slot['MinValue']}"
    if "MaxValue" in slot and max(numbers) > float(slot["MaxValue"]):
        return f"must be a number not greater than {slot['MaxValue']}"
    return None


def shown(found: Mapping[str, str], template: Mapping[str, Any], resolved: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters as the API shows them: NoEcho values masked, SSM parameters with their ResolvedValue."""
    slots = template.get("Parameters") or {}
    answer = []
    for key, value in with_defaults(found, template).items():
        one = {"ParameterKey": key, "ParameterValue": value}
        if str(slots[key].get("NoEcho", False)).lower() == "true":
            one["ParameterValue"] = "****"
        elif slots[key].get("Type", "").startswith("AWS::SSM::Parameter::"):
            now = resolved.get(key)
            one["ResolvedValue"] = ",".join(now) if isinstance(now, list) else str(now)
        answer.append(one)
    return answer
