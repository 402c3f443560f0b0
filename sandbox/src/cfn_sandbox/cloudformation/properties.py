"""Reads a model's properties by a schema's property pointers: `/properties/Outer/Inner`, `/properties/List/*/Member`.

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
    """An identifier in a form that the type doesn't have."""


def path(pointer: str) -> list[str]:
    """Return the keys of a property pointer."""
    return pointer.removeprefix(PREFIX).split("/")


def at(model: JSON, keys: Iterable[str]) -> JSON:
    """Return a model's value at a path without `*`; None if it has none."""
    for key in keys:
        model = model.get(key) if isinstance(model, Mapping) else None
    return model


def without(model: Mapping[str, Any], pointers: Iterable[str]) -> Model:
    """Return a copy of a model without some properties. An object that becomes empty is left out too."""
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


def changed_pointers(pointers: Iterable[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the pointers at which two models differ. A pointer with `*` compares the whole array."""
    return [
        pointer
        for pointer in pointers
        for keys in [path(pointer.partition("/*")[0])]
        if at(before, keys) != at(after, keys)
    ]


def model_of(schema: Mapping[str, Any], identifier: str) -> Model:
    """Return a model with the properties of an identifier, be it the primary or an additional identifier.

    Args:
        schema: the type's schema.
        identifier: the primary identifier as text, its parts joined by `|`; or any identifier as a JSON object.

    Raises:
        InvalidIdentifier: the identifier's parts are not those in the schema.
    """
    primary: list[str] = schema["primaryIdentifier"]
    members = _parse_object(identifier)
    if members is None:
        parts = identifier.split("|") if len(primary) > 1 else [identifier]
        if len(parts) != len(primary):
            raise InvalidIdentifier(f"Identifier {identifier} is not valid for identifier [{', '.join(primary)}]")
        return _build_model(dict(zip(primary, parts, strict=True)))
    for pointers in [primary, *schema.get("additionalIdentifiers", [])]:
        if {path(pointer)[-1] for pointer in pointers} == members.keys():
            return _build_model({pointer: members[path(pointer)[-1]] for pointer in pointers})
    raise InvalidIdentifier(f"Identifier {identifier} is not valid for identifier [{', '.join(primary)}]")


def _parse_object(text: str) -> Model | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _build_model(values: Mapping[str, Any]) -> Model:
    model: Model = {}
    for pointer, value in values.items():
        inner = model
        *outer, last = path(pointer)
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return model
