"""Finds the references in a part of a template.

moto resolves references while it walks a template, and looks up each resource when it reaches it. A deployment needs
the references beforehand, and a change set must name them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

JSON = Any

_VARIABLES = re.compile(r"\$\{([^!}][^}]*)\}")  # the variables of Fn::Sub; ${!Literal} is not one


@dataclass(frozen=True)
class Reference:
    """A reference to a parameter, a pseudo parameter or a resource, with the attribute if it is a Fn::GetAtt."""

    name: str
    attribute: str | None = None

    def __str__(self) -> str:
        return self.name if self.attribute is None else f"{self.name}.{self.attribute}"


def references(value: JSON, conditions: Mapping[str, bool]) -> Iterator[Reference]:
    """Yield the references of Ref, Fn::GetAtt and Fn::Sub in a value, in the template's order.

    Args:
        value: a part of a template, with lists for Fn::GetAtt.
        conditions: the values of the template's conditions. Only the branch of an Fn::If that is taken counts.
    """
    if isinstance(value, list):
        for item in value:
            yield from references(item, conditions)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _of_function(key, member, conditions)


def _of_function(name: str, argument: JSON, conditions: Mapping[str, bool]) -> Iterator[Reference]:
    if name == "Ref" and isinstance(argument, str):
        yield Reference(argument)
    elif name == "Fn::GetAtt" and isinstance(argument, list) and isinstance(argument[0], str):
        attribute = argument[1] if isinstance(argument[1], str) else None
        yield Reference(argument[0], attribute)
        yield from references(argument[1:], conditions)
    elif name == "Fn::Sub":
        text, mapping = argument if isinstance(argument, list) else (argument, {})
        for variable in _VARIABLES.findall(text):
            outer, _, inner = variable.strip().partition(".")
            if variable not in mapping:
                yield Reference(outer, inner or None)
        yield from references(mapping, conditions)
    elif name == "Fn::If" and isinstance(argument, list) and argument[0] in conditions:
        yield from references(argument[1] if conditions[argument[0]] else argument[2], conditions)
    else:
        yield from references(argument, conditions)
