"""A model's properties by the property pointers of a schema: `/properties/Outer/Inner`, `/properties/List/*/Member`.

Sources: "Resource type schema" in the CloudFormation CLI's user guide; "Identifying resources" in Cloud Control's, and
its API reference (UpdateResource, Identifier).
"""

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

JSON = Any
Model = dict[str, Any]
PREFIX = "/properties/"


class InvalidIdentifier(Exception):  # noqa: N818 - named for what is wrong
    """A text that identifies no resource of the type, whatever there is."""


def path(pointer: str) -> list[str]:
    """The keys of a property pointer."""
    return pointer.removeprefix(PREFIX).split("/")


def at(model: JSON, keys: Iterable[str]) -> JSON:
    """What a model has at a path without `*`; None where it has nothing."""
    for key in keys:
        model = model.get(key) if isinstance(model, Mapping) else None
    return model


def without(model: Mapping[str, Any], pointers: Iterable[str]) -> Model:
    """A copy of a model without some properties; an object that only had those is left out too."""
    copy = deepcopy(dict(model))
    for pointer in pointers:
        _remove(copy, path(pointer))
    return copy


def _remove(value: JSON, keys: list[str]) -> None:
    key, *rest = keys
    if key == "*" and isinstance(value, list):
        for item in value:
            _remove(item, rest)
    elif isinstance(value, dict) and key in value:
        if rest:
            _remove(value[key], rest)
        if not rest or value[key] == {}:
            del value[key]


def changed(pointers: Iterable[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The pointers at which two models differ; below `*`, the whole array counts."""
    return [
        pointer
        for pointer in pointers
        for keys in [path(pointer.partition("/*")[0])]
        if at(before, keys) != at(after, keys)
    ]


def identified(schema: Mapping[str, Any], identifier: str) -> Model:
    """The model that an identifier stands for: the properties of the primary identifier, or of an additional one.

    Args:
        schema: the type's.
        identifier: the primary identifier as text, its parts joined by `|`; or either kind as a JSON object.

    Raises:
        InvalidIdentifier: it has not the parts that the schema asks for.
    """
    primary: list[str] = schema["primaryIdentifier"]
    members = _object(identifier)
    if members is None:
        parts = identifier.split("|") if len(primary) > 1 else [identifier]
        if len(parts) != len(primary):
            raise InvalidIdentifier(f"Identifier {identifier} is not valid for identifier [{', '.join(primary)}]")
        return _model(dict(zip(primary, parts, strict=True)))
    for pointers in [primary, *schema.get("additionalIdentifiers", [])]:
        if {path(pointer)[-1] for pointer in pointers} == members.keys():
            return _model({pointer: members[path(pointer)[-1]] for pointer in pointers})
    raise InvalidIdentifier(f"Identifier {identifier} is not valid for identifier [{', '.join(primary)}]")


def _object(text: str) -> Model | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _model(values: Mapping[str, Any]) -> Model:
    model: Model = {}
    for pointer, value in values.items():
        inner = model
        *outer, last = path(pointer)
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return model
