"""Compares the properties that a template gives a resource with those that the resource has.

Only properties that the template gives are compared, at every depth. A property that a service adds is no difference,
not even in an item of a list. Lists without an order (`insertionOrder: false`) are compared as sets.

Sources: "Detect unmanaged configuration changes with drift detection" in CloudFormation's user guide;
PropertyDifference in the API reference.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

JSON = Any


@dataclass(frozen=True)
class Difference:
    """One difference between a template and its resource.

    Args:
        path: the property's path, for example `/Outer/Inner/0`.
        kind: NOT_EQUAL; REMOVE if the resource lacks the value; ADD if a list of the resource has an additional item.
        expected: the value in the template.
        actual: the value that the resource has.
    """

    path: str
    kind: str
    expected: JSON = None
    actual: JSON = None

    @property
    def answer(self) -> dict[str, str]:
        """The API's PropertyDifference. Its values are strings; structures are JSON."""
        return {
            "PropertyPath": self.path,
            "ExpectedValue": _text(self.expected),
            "ActualValue": _text(self.actual),
            "DifferenceType": self.kind,
        }


def differences(schema: Mapping[str, Any], expected: JSON, actual: JSON) -> list[Difference]:
    """Return the differences, in the template's order.

    Args:
        schema: the resource type's schema.
        expected: the template's properties, in the schema's types.
        actual: the model that READ returned.
    """
    return list(_compare(schema, schema, expected, actual, ""))


def _compare(root: Mapping[str, Any], schema: JSON, expected: JSON, actual: JSON, path: str) -> Iterator[Difference]:
    schema = _resolve(root, schema)
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            member_path = f"{path}/{key}"
            if actual.get(key) is None:
                yield Difference(member_path, "REMOVE", value)
            else:
                yield from _compare(root, _member(schema, key), value, actual[key], member_path)
    elif isinstance(expected, list) and isinstance(actual, list):
        items = _resolve(root, schema.get("items"))
        if schema.get("insertionOrder", True):
            yield from _compare_in_order(root, items, expected, actual, path)
        else:
            yield from _compare_as_sets(root, items, expected, actual, path)
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):  # in Python, True is 1
        yield Difference(path, "NOT_EQUAL", expected, actual)


def _compare_in_order(
    root: Mapping[str, Any], items: JSON, expected: list[JSON], actual: list[JSON], path: str
) -> Iterator[Difference]:
    for number, (value, item) in enumerate(zip(expected, actual, strict=False)):
        yield from _compare(root, items, value, item, f"{path}/{number}")
    for number in range(len(actual), len(expected)):
        yield Difference(f"{path}/{number}", "REMOVE", expected[number])
    for number in range(len(expected), len(actual)):
        yield Difference(f"{path}/{number}", "ADD", actual=actual[number])


def _compare_as_sets(
    root: Mapping[str, Any], items: JSON, expected: list[JSON], actual: list[JSON], path: str
) -> Iterator[Difference]:
    unmatched = dict(enumerate(actual))
    for number, value in enumerate(expected):
        match = next((key for key, item in unmatched.items() if not [*_compare(root, items, value, item, "")]), None)
        if match is None:
            yield Difference(f"{path}/{number}", "REMOVE", value)
        else:
            del unmatched[match]
    for number, item in unmatched.items():
        yield Difference(f"{path}/{number}", "ADD", actual=item)


def _resolve(root: Mapping[str, Any], schema: JSON) -> Mapping[str, Any]:
    """Return a part of a schema with its `$ref` resolved; empty if the part is not an object."""
    if not isinstance(schema, Mapping):
        return {}
    if "$ref" not in schema:
        return schema
    target: Any = root
    for key in schema["$ref"].removeprefix("#/").split("/"):
        target = target[key]
    return {**_resolve(root, target), **{key: value for key, value in schema.items() if key != "$ref"}}


def _member(schema: Mapping[str, Any], key: str) -> JSON:
    if key in schema.get("properties", {}):
        return schema["properties"][key]
    return next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value)
