"""What a part of a template refers to.

moto resolves references while it walks a template, and asks for each resource as it comes to it. Deploying needs to
know them before, and a change set has to name them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

JSON = Any

_VARIABLES = re.compile(r"\$\{([^!}][^}]*)\}")  # of Fn::Sub; ${!Literal} is none


@dataclass(frozen=True)
class Reference:
    """A parameter, pseudo parameter or resource that is referred to, and its attribute if Fn::GetAtt asks for one."""

    name: str
    attribute: str | None = None

    def __str__(self) -> str:
        return self.name if self.attribute is None else f"{self.name}.{self.attribute}"


def references(value: JSON, conditions: Mapping[str, bool]) -> Iterator[Reference]:
    """The references of Ref, Fn::GetAtt and Fn::Sub in a value, in the order in which they stand there.

    Args:
        value: a part of a template, with lists for Fn::GetAtt.
        conditions: the template's conditions. Of an Fn::If, the branch that is not taken refers to nothing.
    """
    if isinstance(value, list):
        for item in value:
            yield from references(item, conditions)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _of_function(key, member, conditions)


def _of_function(name: str, given: JSON, conditions: Mapping[str, bool]) -> Iterator[Reference]:
    if name == "Ref" and isinstance(given, str):
        yield Reference(given)
    elif name == "Fn::GetAtt" and isinstance(given, list) and isinstance(given[0], str):
        attribute = given[1] if isinstance(given[1], str) else None
        yield Reference(given[0], attribute)
        yield from references(given[1:], conditions)
    elif name == "Fn::Sub":
        text, own = given if isinstance(given, list) else (given, {})
        for variable in _VARIABLES.findall(text):
            outer, _, inner = variable.strip().partition(".")
            if variable not in own:
                yield Reference(outer, inner or None)
        yield from references(own, conditions)
    elif name == "Fn::If" and isinstance(given, list) and given[0] in conditions:
        yield from references(given[1] if conditions[given[0]] else given[2], conditions)
    else:
        yield from references(given, conditions)
