"""Finds the references in a part of a template, as it is written.

Source: "Intrinsic function reference" in the user guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from cfn_sandbox.errors import template_error
from cfn_sandbox.values import JSON, Reference, text

_PLACES = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9_.:]+")

# Says whether a condition holds; None if that isn't known (then both branches of Fn::If count).
Decide = Callable[[str], bool | None]


def references(part: JSON, decide: Decide = lambda _condition: None) -> list[Reference]:
    """Return the references of Ref, Fn::GetAtt and Fn::Sub in a part of a template, in the template's order.

    Raises:
        ValidationError: a variable of Fn::Sub has a character that AWS refuses.
    """
    found: list[Reference] = []
    _collect(part, decide, found)
    return found


def depends_on(definition: dict[str, JSON]) -> list[str]:
    """Return the logical ids in a resource's DependsOn."""
    others = definition.get("DependsOn", [])
    return [text(other) for other in (others if isinstance(others, list) else [others])]


def needed(definition: dict[str, JSON], decide: Decide = lambda _condition: None) -> list[str]:
    """Return the names that a resource or an output refers to or depends on."""
    return [reference.name for reference in references(definition, decide)] + depends_on(definition)


def _collect(part: JSON, decide: Decide, found: list[Reference]) -> None:
    if isinstance(part, dict):
        if len(part) == 1:
            ((name, argument),) = part.items()
            _of_function(name, argument, decide, found)
            return
        part = [*part.values()]
    if isinstance(part, list):
        for item in part:
            if isinstance(item, (dict, list)):
                _collect(item, decide, found)


def _of_function(name: str, argument: JSON, decide: Decide, found: list[Reference]) -> None:
    if name == "Ref" and isinstance(argument, str):
        found.append(Reference(argument))
    elif name == "Fn::GetAtt" and isinstance(argument, list) and argument and isinstance(argument[0], str):
        attribute = argument[1] if len(argument) > 1 and isinstance(argument[1], str) else ""
        found.append(Reference(argument[0], attribute))
        _collect(argument[1:], decide, found)
    elif name == "Fn::Sub":
        _of_sub(argument, decide, found)
    elif name == "Fn::If" and isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str):
        holds = decide(argument[0])
        _collect(argument[1:] if holds is None else argument[1 if holds else 2], decide, found)
    else:
        _collect(argument, decide, found)


def _of_sub(argument: JSON, decide: Decide, found: list[Reference]) -> None:
    mapping: JSON = {}
    if isinstance(argument, list) and len(argument) == 2:
        argument, mapping = argument
    if isinstance(argument, str):
        names = variables(argument)
        found += [variable(name) for name in names if not isinstance(mapping, dict) or name not in mapping]
    # A variable of the mapping may be called like a function's member: the values are looked at without their names.
    _collect([*mapping.values()] if isinstance(mapping, dict) else None, decide, found)


def variables(template: str) -> list[str]:
    """Return the names of the variables in the text of Fn::Sub, without blanks and repetition. `${!Literal}` is none.

    A name with a character that AWS refuses raises ValidationError.
    """
    places = dict.fromkeys(place.strip() for place in _PLACES.findall(template))
    names = [place for place in places if not place.startswith("!")]
    if not all(map(_NAME.fullmatch, names)):
        allowed = "alphanumeric characters, underscores, periods, and colons"
        raise template_error(f"variable names in Fn::Sub syntax must contain only {allowed}")
    return names


def variable(name: str) -> Reference:
    """Return the reference that a variable of Fn::Sub makes: an attribute if there is a dot in its name."""
    outer, dot, inner = name.partition(".")
    return Reference(outer, inner if dot else None)


def with_variables(template: str, values: Mapping[str, str]) -> str:
    """Return the text of Fn::Sub with the variables replaced that have values."""
    return _PLACES.sub(lambda found: values.get(found[1].strip(), found[0]), template)


def substituted(template: str, values: Callable[[str], str]) -> str:
    """Return the text of Fn::Sub with each variable replaced by its value, and `${!Literal}` as `${Literal}`."""
    return _PLACES.sub(lambda m: f"${{{m[1][1:]}}}" if m[1].startswith("!") else values(m[1].strip()), template)
