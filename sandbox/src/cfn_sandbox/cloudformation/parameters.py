"""The values that a request gives to a template's parameters.

Source: "Parameters" in the user guide; UsePreviousValue in the API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

Parameter = Mapping[str, Any]  # a Parameter of the API: ParameterKey, ParameterValue or UsePreviousValue


def values(
    requested: Iterable[Parameter], template: Mapping[str, Any], before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the parameter values of a request. The value of an SSM parameter is a name in Parameter Store.

    Args:
        requested: the request's Parameters.
        template: the template that has the parameters.
        before: the stack's present values, defaults included; None if there is no stack.

    Raises:
        ValidationError: with CloudFormation's wording. No message repeats a value.
    """
    declarations: Mapping[str, Mapping[str, Any]] = template.get("Parameters") or {}
    result: dict[str, str] = {}
    for parameter in requested:
        key = parameter["ParameterKey"]
        if not parameter.get("UsePreviousValue"):
            result[key] = str(parameter.get("ParameterValue", ""))
        elif parameter.get("ParameterValue"):
            text = "Cannot specify usePreviousValue as true and non empty value for a parameter"
            raise ValidationError(message=f"Invalid input for parameter key {key}. {text}")
        elif before is None or key not in before:
            text = "Cannot specify usePreviousValue as true for a parameter key not in the previous template"
            raise ValidationError(message=f"Invalid input for parameter key {key}. {text}")
        else:
            result[key] = before[key]
    extra = sorted(result.keys() - declarations.keys())
    if extra:
        raise ValidationError(message=f"Parameters: [{', '.join(extra)}] do not exist in the template")
    missing = sorted(
        key for key, declaration in declarations.items() if "Default" not in declaration and key not in result
    )
    if missing:
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    for key, value in result.items():
        _check(key, value, declarations[key])
    return result


def with_defaults(given: Mapping[str, str], template: Mapping[str, Any]) -> dict[str, str]:
    """Return the given values, completed with the template's defaults."""
    declarations = template.get("Parameters") or {}
    return {
        key: str(declaration["Default"]) for key, declaration in declarations.items() if "Default" in declaration
    } | dict(given)


def _check(key: str, value: str, declaration: Mapping[str, Any]) -> None:
    kind = declaration.get("Type", "String")
    if kind.startswith("AWS::SSM::Parameter::"):
        return  # the constraints apply to the value in Parameter Store
    problem = None
    items = (
        [item.strip() for item in value.split(",")]
        if kind.startswith("List<") or kind == "CommaDelimitedList"
        else [value]
    )
    if "AllowedValues" in declaration and not set(items) <= {str(allowed) for allowed in declaration["AllowedValues"]}:
        problem = "must be one of AllowedValues"
    elif "AllowedPattern" in declaration and not all(
        re.fullmatch(declaration["AllowedPattern"], item) for item in items
    ):
        problem = f"must match pattern {declaration['AllowedPattern']}"
    elif len(value) < int(declaration.get("MinLength", 0)):
        problem = f"must contain at least {declaration['MinLength']} characters"
    elif "MaxLength" in declaration and len(value) > int(declaration["MaxLength"]):
        problem = f"must contain at most {declaration['MaxLength']} characters"
    elif kind in {"Number", "List<Number>"}:
        problem = _number_problem(items, declaration)
    if problem:
        description = declaration.get("ConstraintDescription")
        text = f"failed to satisfy constraint: {description}" if description else problem
        raise ValidationError(message=f"Parameter '{key}' {text}")


def _number_problem(items: Iterable[str], declaration: Mapping[str, Any]) -> str | None:
    try:
        numbers = [float(item) for item in items]
    except ValueError:
        return "must be a number"
    if "MinValue" in declaration and min(numbers) < float(declaration["MinValue"]):
        return f"must be a number not less than {declaration['MinValue']}"
    if "MaxValue" in declaration and max(numbers) > float(declaration["MaxValue"]):
        return f"must be a number not greater than {declaration['MaxValue']}"
    return None


def described(
    given: Mapping[str, str], template: Mapping[str, Any], resolved: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the parameters as the API shows them: NoEcho values masked, SSM parameters with their ResolvedValue."""
    declarations = template.get("Parameters") or {}
    answer = []
    for key, value in with_defaults(given, template).items():
        parameter = {"ParameterKey": key, "ParameterValue": value}
        if str(declarations[key].get("NoEcho", False)).lower() == "true":
            parameter["ParameterValue"] = "****"
        elif declarations[key].get("Type", "").startswith("AWS::SSM::Parameter::"):
            resolved_value = resolved.get(key)
            parameter["ResolvedValue"] = (
                ",".join(resolved_value) if isinstance(resolved_value, list) else str(resolved_value)
            )
        answer.append(parameter)
    return answer
