"""Values in templates and properties: JSON, and what is known only after an operation has been applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias, cast

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

KNOWN_AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"


@dataclass(frozen=True)
class Reference:
    """A reference to a parameter, a pseudo parameter or a resource.

    Attributes:
        name: the name after Ref, or the logical id in Fn::GetAtt.
        attribute: the attribute's whole name (`Endpoint.Port`) in Fn::GetAtt; None in Ref.
    """

    name: str
    attribute: str | None = None

    def __str__(self) -> str:
        return self.name if self.attribute is None else f"{self.name}.{self.attribute}"


@dataclass(frozen=True)
class Unknown:
    """A value that is known only after an operation has been applied.

    Attributes:
        references: the references that the value rests on, without repetition, in the template's order.
        kind: the value's JSON type as schemas name it (`string`, `array`, ...), if a schema or a function tells.
        problem: what a description of changes says about it: why the value can't be worked out yet.
    """

    references: tuple[Reference, ...] = ()
    kind: str | None = None
    problem: str | None = None

    def __str__(self) -> str:
        return KNOWN_AFTER_APPLY


Value: TypeAlias = "JSON | Unknown | list[Value] | dict[str, Value]"


def is_known(value: Value) -> bool:
    """Return whether no part of a value is unknown."""
    return next(unknowns(value), None) is None


def unknowns(value: Value) -> Iterator[Unknown]:
    """Yield each unknown part of a value, in order."""
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, (list, dict)):
        members: Iterable[Value] = value.values() if isinstance(value, dict) else value
        for member in members:
            yield from unknowns(member)


def mapped(value: Value, change: Callable[[Value], Value]) -> Value:
    """Return a value with each part changed that is neither a list nor an object."""
    if isinstance(value, list):
        return [mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {key: mapped(member, change) for key, member in value.items()}
    return change(value)


def objects(part: JSON) -> Iterator[dict[str, JSON]]:
    """Yield each object in a part of a template, an outer one before those in it."""
    if isinstance(part, dict):
        yield part
    if isinstance(part, (dict, list)):
        for member in part.values() if isinstance(part, dict) else part:
            yield from objects(member)


def unknown_from(*values: Value, kind: str | None = None, problem: str | None = None) -> Unknown:
    """Return the unknown result of a function over values of which some part is unknown.

    Args:
        values: the function's arguments.
        kind: the JSON type of the function's result.
        problem: why the function can't be applied yet; None takes over what its arguments say.
    """
    found = (reference for part in unknowns([*values]) for reference in part.references)
    return Unknown(tuple(dict.fromkeys(found)), kind, problem or problem_in([*values]))


def problem_in(value: Value) -> str | None:
    """Return why the first part of a value that has a problem can't be worked out yet; None if there is none."""
    return next((part.problem for part in unknowns(value) if part.problem is not None), None)


def text(value: JSON) -> str:
    """Return a scalar as the text that CloudFormation makes of it: `true`, `1.5`, and `1.0E8` as Java writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    return str(value)


def _float_text(value: float) -> str:
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, _, exponent = f"{Decimal(repr(value)).normalize():E}".partition("E")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def shown(value: Value) -> JSON:
    """Return a value as change sets and events show it.

    Numbers and booleans are texts, and each unknown part is `{{changeSet:KNOWN_AFTER_APPLY}}`.
    """

    def visible(part: Value) -> Value:
        return None if part is None else str(part) if isinstance(part, Unknown) else text(cast("JSON", part))

    return cast("JSON", mapped(value, visible))
