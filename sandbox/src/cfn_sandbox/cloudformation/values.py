"""Values in templates and properties: JSON, and what is known only after an operation has been applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

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
    """

    references: tuple[Reference, ...] = ()
    kind: str | None = None

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


def unknown_from(*values: Value, kind: str | None = None) -> Unknown:
    """Return the unknown result of a function over values of which some part is unknown.

    Args:
        values: the function's arguments.
        kind: the JSON type of the function's result.
    """
    found = (reference for value in values for part in unknowns(value) for reference in part.references)
    return Unknown(tuple(dict.fromkeys(found)), kind)


def shown(value: Value) -> JSON:
    """Return a value as change sets show it: each unknown part is `{{changeSet:KNOWN_AFTER_APPLY}}`."""
    if isinstance(value, Unknown):
        return KNOWN_AFTER_APPLY
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {key: shown(member) for key, member in value.items()}
    return value
