"""Compares the properties that a template gives a resource with those that the resource has.

Only properties that the template gives are compared, at every depth. A property that a service adds is no difference,
not even in an item of a list. Lists without an order (`insertionOrder: false`) are compared as sets.

Sources: "Detect unmanaged configuration changes with drift detection" in CloudFormation's user guide;
PropertyDifference in the API reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from cfn_sandbox.schemas.schema import ResourceSchema
from cfn_sandbox.values import JSON


@dataclass(frozen=True)
class Difference:
    """One difference between a template and its resource."""

    path: str  # the property's path, for example `/Outer/Inner/0`
    # NOT_EQUAL; REMOVE if the resource lacks the value; ADD if a list of the resource has an additional item
    kind: str
    expected: JSON = None  # the value in the template
    actual: JSON = None  # the value that the resource has

    @property
    def answer(self) -> dict[str, JSON]:
        """The API's PropertyDifference. Its values are strings; structures are JSON."""
        return {
            "PropertyPath": self.path,
            "ExpectedValue": _text(self.expected),
            "ActualValue": _text(self.actual),
            "DifferenceType": self.kind,
        }


def expected_properties(
    schema: ResourceSchema, properties: Mapping[str, JSON], stack_tags: Mapping[str, str]
) -> dict[str, JSON]:
    """Return the properties that READ should return: the template's, typed, and the stack's tags if the type has them.

    If two tags have one key, the resource's own tag wins.
    """
    readable = cast("dict[str, JSON]", schema.without(properties, schema.write_only))
    name = schema.tag_property
    if name is None or name not in schema.properties or not stack_tags:
        return readable
    own = readable.get(name)
    if isinstance(own, dict) or "object" in schema.kinds(schema.properties[name]):
        return readable | {name: {**stack_tags, **(own if isinstance(own, dict) else {})}}
    tags = own if isinstance(own, list) else []
    own_keys = {tag.get("Key") for tag in tags if isinstance(tag, dict)}
    added: list[JSON] = [{"Key": key, "Value": value} for key, value in stack_tags.items() if key not in own_keys]
    return readable | {name: [*tags, *added]}


def differences(schema: ResourceSchema, expected: Mapping[str, JSON], actual: Mapping[str, JSON]) -> list[Difference]:
    """Return how the model that READ returned differs from the template's typed properties, in the template's order."""
    top: list[JSON] = [{"properties": schema.properties}]
    return list(_compare(schema, top, dict(expected), dict(actual), ""))


def _compare(
    schema: ResourceSchema, schemas: list[JSON], expected: JSON, actual: JSON, path: str
) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            member_path = f"{path}/{key}"
            if actual.get(key) is None:
                yield Difference(member_path, "REMOVE", value)
            else:
                members = [member for one in schemas for member in schema.members(one, key)]
                yield from _compare(schema, members, value, actual[key], member_path)
    elif isinstance(expected, list) and isinstance(actual, list):
        items = [item for one in schemas for item in schema.items(one)]
        ordered = all(branch.get("insertionOrder", True) for one in schemas for branch in schema.branches(one))
        compare = _compare_in_order if ordered else _compare_as_sets
        yield from compare(schema, items, expected, actual, path)
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):  # in Python, True is 1
        yield Difference(path, "NOT_EQUAL", expected, actual)


def _compare_in_order(
    schema: ResourceSchema, items: list[JSON], expected: list[JSON], actual: list[JSON], path: str
) -> Iterator[Difference]:
    for number, (value, item) in enumerate(zip(expected, actual, strict=False)):
        yield from _compare(schema, items, value, item, f"{path}/{number}")
    for number in range(len(actual), len(expected)):
        yield Difference(f"{path}/{number}", "REMOVE", expected[number])
    for number in range(len(expected), len(actual)):
        yield Difference(f"{path}/{number}", "ADD", actual=actual[number])


def _compare_as_sets(
    schema: ResourceSchema, items: list[JSON], expected: list[JSON], actual: list[JSON], path: str
) -> Iterator[Difference]:
    unmatched = dict(enumerate(actual))
    for number, value in enumerate(expected):
        match = next((key for key, item in unmatched.items() if not [*_compare(schema, items, value, item, "")]), None)
        if match is None:
            yield Difference(f"{path}/{number}", "REMOVE", value)
        else:
            del unmatched[match]
    for number, item in unmatched.items():
        yield Difference(f"{path}/{number}", "ADD", actual=item)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value)
