"""What AWS's loader of schemas refuses and cfn's own accepts is found, with its place."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rpdk.core.data_loaders import load_resource_spec

from cfn_sandbox.schemas.mistakes import mistakes, unhashable_sets, unread_patterns

SCHEMA: dict[str, Any] = {
    "typeName": "Acme::Test::Marble",
    "description": "A toy.",
    "definitions": {"Part": {"type": "object", "properties": {"Size": {"type": "string"}}}},
    "properties": {
        "Name": {"type": "string", "pattern": "^[a-z]+$"},
        "Parts": {"type": "array", "items": {"$ref": "#/definitions/Part"}},
        "Tags": {"type": "array", "items": {"type": "string"}},
    },
    "primaryIdentifier": ["/properties/Name"],
    "readOnlyProperties": ["/properties/Name"],
    "handlers": {verb: {"permissions": []} for verb in ("create", "read", "delete")},
    "additionalProperties": False,
}
TAGGING = {"taggable": True, "tagOnCreate": True, "tagUpdatable": True, "tagProperty": "/properties/Tags"}
TAGGING |= {"cloudFormationSystemTags": False}
PATTERNED = {"type": "object", "patternProperties": {"(": {"type": "string"}}, "additionalProperties": False}

MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    **{
        keyword: ({keyword: ["properties/Name"]}, f"#/{keyword}: [properties/Name] is not a valid JSON pointer")
        for keyword in (
            *("readOnlyProperties", "writeOnlyProperties", "createOnlyProperties", "conditionalCreateOnlyProperties"),
            *("deprecatedProperties", "primaryIdentifier"),
        )
    },
    "additionalIdentifiers": (
        {"additionalIdentifiers": [["Name"]]},
        "#/additionalIdentifiers: [Name] is not a valid JSON pointer",
    ),
    "escape": ({"readOnlyProperties": ["/properties/~2"]}, "#/readOnlyProperties: [/properties/~2] is not a valid"),
    "group": (
        {"properties": {**SCHEMA["properties"], "Name": {"type": "string", "pattern": "("}}},
        "#/properties/Name/pattern: [(] is not a regular expression of Java's",
    ),
    "named group": (
        {"properties": {**SCHEMA["properties"], "Name": {"type": "string", "pattern": "(?P<a>b)"}}},
        "#/properties/Name/pattern: [(?P<a>b)] is not a regular expression of Java's",
    ),
    "inner pattern": (
        {"definitions": {"Part": {"type": "array", "items": {"anyOf": [{"type": "string", "pattern": "["}]}}}},
        "#/definitions/Part/items/anyOf/0/pattern: [[] is not a regular expression of Java's",
    ),
    "pattern of names": (
        {"properties": {**SCHEMA["properties"], "Map": PATTERNED}},
        "#/properties/Map/pattern: [(] is not a regular expression of Java's",
    ),
    "tag property": (
        {"tagging": TAGGING | {"tagProperty": "/properties/Labels"}},
        "#/tagging/tagProperty: the schema has no property /properties/Labels",
    ),
    "both": ({"tagging": TAGGING, "taggable": True}, "#/taggable: it is deprecated beside tagging: remove it"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_that_cfn_accepts_is_found(kind: str) -> None:
    """Each mistake is told once, with its place; cfn's loader takes the schema."""
    changes, message = MISTAKES[kind]
    schema = SCHEMA | changes
    if kind != "escape":
        load_resource_spec(io.StringIO(json.dumps(schema)))  # type: ignore[no-untyped-call]  # cfn ships no types
    (found,) = mistakes(schema)
    assert found.startswith(message)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tagging": TAGGING},
        {"taggable": True},
        {"tagging": {"taggable": False, "tagProperty": "/properties/Labels"}},
        {"properties": {**SCHEMA["properties"], "pattern": {"type": "string", "pattern": "^[a-z&&[^x]]++$"}}},
    ],
)
def test_a_correct_schema_has_no_mistake(changes: dict[str, Any]) -> None:
    """Java's patterns, a property that is called pattern, and each way to say how a type is tagged are accepted."""
    assert mistakes(SCHEMA | changes) == []


SET = {"type": "array", "uniqueItems": True, "insertionOrder": False}
PART = {"$ref": "#/definitions/Part"}


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (SET | {"items": PART}, True),
        (SET | {"items": {"type": "object"}}, True),
        (SET | {"items": {"type": "array", "items": {"type": "string"}}}, True),
        (SET | {"items": {"type": "string"}}, False),
        (SET | {"items": PART, "uniqueItems": False}, False),
        (SET | {"items": PART, "insertionOrder": True}, False),
        ({"type": "array", "uniqueItems": True, "items": PART}, False),
    ],
)
def test_a_set_of_objects_is_told_with_its_property(array: dict[str, Any], found: bool) -> None:  # noqa: FBT001 - a column of the table
    """The plugin library fails on a set whose items have no hash: the sentence names the property and the way out."""
    sentences = unhashable_sets(SCHEMA | {"properties": {**SCHEMA["properties"], "Parts": array}})
    assert [sentence.partition(": ")[0] for sentence in sentences] == (["#/properties/Parts"] if found else [])
    assert all("remove uniqueItems, or insertionOrder" in sentence for sentence in sentences)


def test_a_pattern_that_only_the_sandbox_can_not_read_is_a_warning() -> None:
    """Java may accept it, so that the schema has no mistake, but a sentence with the property's place."""
    schema = SCHEMA | {"properties": {**SCHEMA["properties"], "Name": {"type": "string", "pattern": "(?x) a"}}}
    assert mistakes(schema) == []
    assert unread_patterns(schema) == [
        "#/properties/Name/pattern: [(?x) a] can't be read here, so it isn't checked: "
        "The flags x are none that the sandbox knows"
    ]
