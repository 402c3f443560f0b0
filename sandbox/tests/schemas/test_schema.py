"""A schema is read in one place: pointers, references, types, what is replaced."""

from typing import Any

import pytest

from cfn_sandbox.schemas.schema import ResourceSchema, at, path_of
from cfn_sandbox.values import Reference, Unknown

JSON = dict[str, Any]

LATER = Unknown((Reference("Other"),), "string")
SCHEMA: JSON = {
    "typeName": "AWS::Test::Toy",
    "definitions": {
        "Size": {"type": "integer"},
        "Loop": {"$ref": "#/definitions/Loop"},
        "Box": {"type": "object", "properties": {"Size": {"$ref": "#/definitions/Size"}, "Inner": {"type": "object"}}},
    },
    "properties": {
        "Name": {"type": "string"},
        "Size": {"$ref": "#/definitions/Size"},
        "Ratio": {"type": "number"},
        "Loud": {"type": "boolean"},
        "Either": {"type": ["string", "integer"]},
        "Shape": {"oneOf": [{"type": "object", "properties": {"Size": {"type": "integer"}}}, {"type": "string"}]},
        "Free": {"type": "object"},
        "Box": {"$ref": "#/definitions/Box"},
        "Boxes": {"type": "array", "items": {"$ref": "#/definitions/Box"}},
        "Map": {"type": "object", "patternProperties": {"^[a-z]$": {"type": "integer"}}},
        "Others": {"type": "object", "additionalProperties": {"type": "boolean"}},
        "Loop": {"$ref": "#/definitions/Loop"},
        "a/b~c": {"type": "string"},
    },
    "createOnlyProperties": ["/properties/Name", "/properties/Box/Inner/Deep", "/properties/Boxes/*/Size"],
    "conditionalCreateOnlyProperties": ["/properties/Ratio"],
    "readOnlyProperties": ["/properties/Arn"],
    "primaryIdentifier": ["/properties/Name", "/properties/Box/Size"],
    "additionalIdentifiers": [["/properties/Arn"]],
    "tagging": {"taggable": True, "tagProperty": "/properties/Labels"},
    "handlers": {"create": {"timeoutInMinutes": 5}},
}
TOY = ResourceSchema(SCHEMA)


def test_pointers() -> None:
    """A pointer becomes a path, with escapes read."""
    assert path_of("/properties/Outer/*/Inner") == ("Outer", "*", "Inner")
    assert path_of("/properties/a~1b~0c") == ("a/b~c",)
    assert TOY.create_only == [("Name",), ("Box", "Inner", "Deep"), ("Boxes", "*", "Size")]
    assert TOY.additional_identifiers == [[("Arn",)]]
    nested: JSON = {"A": {"B": 1}}
    assert at(nested, ("A", "B")) == 1
    assert at(nested, ("A", "B", "C")) is None
    later: JSON = {"A": LATER}
    assert at(later, ("A", "B")) == LATER


def test_handlers_and_tags() -> None:
    """A schema says which handlers there are, and which property has the tags."""
    assert TOY.handler("CREATE") == {"timeoutInMinutes": 5}
    assert TOY.handler("LIST") is None
    assert ResourceSchema({"typeName": "A", "properties": {}}).handler("LIST") == {}
    assert (TOY.taggable, TOY.tag_property) == (True, "Labels")
    plain = ResourceSchema({"typeName": "A", "tagging": {"taggable": False}})
    assert (plain.taggable, plain.tag_property) == (False, None)
    assert ResourceSchema({"typeName": "A", "taggable": False}).taggable is False


def test_identifier() -> None:
    """The identifier's parts are joined by a bar; a model without a known part has none."""
    model: JSON = {"Name": "a", "Box": {"Size": 1}}
    assert TOY.identifier(model) == "a|1"
    assert TOY.identifier({"Name": "a"}) is None
    assert TOY.identifier({**model, "Name": LATER}) is None
    assert ResourceSchema({"typeName": "A"}).identifier({"Name": "a"}) is None


@pytest.mark.parametrize(
    ("name", "value", "typed"),
    [
        ("Size", "50", 50),
        ("Size", "-1.5e3", -1500.0),
        ("Size", "1" * 5000, "1" * 5000),
        ("Size", "true", "true"),
        ("Size", "[1]", "[1]"),
        ("Size", "NaN", "NaN"),
        ("Size", "01", "01"),
        ("Size", True, True),
        ("Ratio", "0.5", 0.5),
        ("Loud", "false", False),
        ("Loud", "False", "False"),
        ("Loud", "1", "1"),
        ("Name", 50, "50"),
        ("Name", True, "true"),
        ("Name", 1.5, "1.5"),
        ("Either", "50", "50"),
        ("Either", 50, 50),
        ("Either", True, "true"),
        ("Shape", {"Size": "1"}, {"Size": 1}),
        ("Free", {"a": "1", "b": True}, {"a": "1", "b": True}),
        ("Box", {"Size": "1", "Gone": None}, {"Size": 1}),
        ("Boxes", [{"Size": "1"}, None], [{"Size": 1}]),
        ("Map", {"a": "1"}, {"a": 1}),
        ("Others", {"x": "true"}, {"x": True}),
        ("Loop", "1", "1"),
        ("Unheard", "1", "1"),
        ("Size", LATER, LATER),
        ("Boxes", [LATER, {"Size": LATER}], [LATER, {"Size": LATER}]),
    ],
)
def test_typed(name: str, value: Any, typed: Any) -> None:  # noqa: ANN401 - any JSON
    """A value gets the schema's type if there is one way to read it so; everything else stays as it is."""
    result = TOY.typed({name: value, "Absent": None})
    assert result == {name: typed}
    assert type(result[name]) is type(typed)


@pytest.mark.parametrize(
    ("name", "previous", "desired", "expected"),
    [
        ("Name", "a", "b", "Always"),
        ("Name", "a", LATER, "Always"),
        ("Size", 1, 2, "Never"),
        ("Ratio", 1, 2, "Conditionally"),
        ("Box", {"Inner": {"Deep": 1}}, {"Inner": {"Deep": 2}}, "Always"),
        ("Box", {"Inner": {"Deep": 1}}, {"Inner": {"Deep": 1}, "Size": 2}, "Never"),
        ("Box", {"Inner": {"Deep": 1}}, None, "Conditionally"),
        ("Box", {"Inner": {"Deep": 1}}, LATER, "Conditionally"),
        ("Box", {"Inner": {"Deep": 1}}, {"Inner": {"Deep": LATER}}, "Conditionally"),
        ("Box", {"Inner": {"Deep": 1}}, {"Inner": {"Deep": 1}, "Size": LATER}, "Never"),
        ("Boxes", [{"Size": 1}], [{"Size": 2}], "Always"),
    ],
)
def test_replacement(name: str, previous: Any, desired: Any, expected: str) -> None:  # noqa: ANN401 - any JSON
    """A changed create-only property always replaces, a conditional one may, and an unknown part of one may."""
    assert TOY.replacement(name, previous, desired) == expected


def test_replaces() -> None:
    """An update replaces a resource if a create-only property differs, at any depth."""
    before: JSON = {"Name": "a", "Size": 1, "Box": {"Inner": {"Deep": 1}}}
    assert not TOY.replaces(before, {**before, "Size": 2})
    assert TOY.replaces(before, {**before, "Name": "b"})
    assert TOY.replaces(before, {"Name": "a"})


def test_without() -> None:
    """Properties are taken out at every depth, in lists too, and what is left empty goes with them."""
    model: JSON = {"A": {"B": 1}, "C": [{"D": 1, "E": 2}], "F": 1}
    assert ResourceSchema.without(model, [("A", "B"), ("C", "*", "D"), ("X", "Y")]) == {"C": [{"E": 2}], "F": 1}
    assert model["A"] == {"B": 1}
