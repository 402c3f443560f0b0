"""Properties are checked as AWS's validator checks them, with its lines."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from cfnlint.helpers import REGIONS
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from cfn_sandbox.errors import ValidationError
from cfn_sandbox.resource_types.interface import ResourceType
from cfn_sandbox.schemas.schema import ResourceSchema
from cfn_sandbox.schemas.validator import Validator
from cfn_sandbox.values import Reference, Unknown

JSON = dict[str, Any]

RECORDINGS = Path(__file__).parents[1] / "cloudformation" / "recordings"
RECORDED: JSON = json.loads((RECORDINGS / "validator.json").read_text("utf-8"))
LATER = Unknown((Reference("Other"),))
FAILED = "failed validation constraint for keyword"


def lines(schema: JSON, value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Return AWS's lines for a value of a property A."""
    validator = Validator({"type": "object", "properties": {"A": schema}})
    return [violation.line for violation in validator.violations({"A": value})]


def test_recorded_lines() -> None:
    """Every set of properties of the recording has AWS's verdict, and each of its lines."""
    validators = {name: Validator(schema) for name, schema in RECORDED["schemas"].items()}
    assert len(RECORDED["cases"]) == 933
    different = {}
    for number, case in enumerate(RECORDED["cases"]):
        ours = {violation.line for violation in validators[case["type"]].violations(case["properties"])}
        aws = set(case["message"].splitlines())
        if ours != aws:
            different[number] = ours ^ aws
    assert different == {}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "string"}, None, ["#/A: expected type: String, found: Null"]),
        ({"type": "integer"}, 2**31, []),
        ({"type": "boolean"}, 2**31, ["#/A: expected type: Boolean, found: Long"]),
        ({"type": "array"}, 2**63, ["#/A: expected type: JSONArray, found: BigInteger"]),
        ({"type": "integer"}, 1.0, ["#/A: expected type: Integer, found: BigDecimal"]),
        ({"type": "number"}, True, ["#/A: expected type: Number, found: Boolean"]),
        ({"type": "null"}, "a", ["#/A: expected: null, found: String"]),
        ({"type": ["string", "integer"]}, "a", []),
        (
            {"type": ["boolean", "integer"]},
            "a",
            [
                "#/A: #: no subschema matched out of the total 2 subschemas",
                "#/A: expected type: Boolean, found: String",
                "#/A: expected type: Integer, found: String",
            ],
        ),
        ({"minLength": 2, "maxLength": 2}, "😀", ["#/A: expected minLength: 2, actual: 1"]),
        ({"minLength": 2}, 1, []),
        ({"pattern": "b", "minimum": 3}, 1, ["#/A: #: only 1 subschema matches out of 2", f"#/A: {FAILED} [minimum]"]),
        ({"minimum": 1.5}, 1, [f"#/A: {FAILED} [minimum]"]),
        ({"maximum": 0.3}, 0.1 + 0.2, [f"#/A: {FAILED} [maximum]"]),
        ({"exclusiveMinimum": 1}, 1, [f"#/A: {FAILED} [exclusiveMinimum]"]),
        ({"exclusiveMaximum": 1}, 1, [f"#/A: {FAILED} [exclusiveMaximum]"]),
        ({"multipleOf": 0.1}, 0.3, []),
        ({"multipleOf": 2}, 3, [f"#/A: {FAILED} [multipleOf]"]),
        ({"multipleOf": 0}, 3, []),
        ({"multipleOf": 3}, 1e300, [f"#/A: {FAILED} [multipleOf]"]),
        ({"multipleOf": 3, "maximum": 1}, float("inf"), [f"#/A: {FAILED} [maximum]"]),
        ({"format": "uri"}, "a", [f"#/A: {FAILED} [format]"]),
        ({"format": "AWS::KMS::Key.Arn"}, "a", []),
        (
            {"type": "string", "enum": ["a"]},
            1,
            [
                "#/A: #: only 0 subschema matches out of 2",
                f"#/A: {FAILED} [enum]",
                "#/A: expected type: String, found: Integer",
            ],
        ),
        ({"enum": [1]}, 1.0, []),
        ({"enum": [1]}, True, [f"#/A: {FAILED} [enum]"]),
        ({"enum": [[1]]}, [1.0], [f"#/A: {FAILED} [enum]"]),
        ({"const": {"b": 1}}, {"b": 2}, [f"#/A: {FAILED} [const]"]),
        ({"const": None}, None, []),
        ({"not": {"type": "string"}}, "a", [f"#/A: {FAILED} [not]"]),
        (False, "a", [f"#/A: {FAILED} [false]"]),
        ({"uniqueItems": True}, [1, True, "1", [1], {"a": 1}], []),
        ({"uniqueItems": True}, [{"a": 1}, {"a": 1.0}], ["#/A: array items are not unique"]),
        ({"minItems": 2}, [1], ["#/A: expected minimum item count: 2, found: 1"]),
        ({"maxItems": 0}, [1], ["#/A: expected maximum item count: 0, found: 1"]),
        (
            {"items": [{"type": "string"}], "additionalItems": False},
            [1, 2],
            [f"#/A: {FAILED} [items]", "#/A/0: expected type: String, found: Integer"],
        ),
        (
            {"items": [{}], "additionalItems": {"type": "string"}},
            [1, 2],
            ["#/A/1: expected type: String, found: Integer"],
        ),
        (
            {"contains": {"type": "string"}},
            [1],
            ["#/A: expected at least one array item to match 'contains' schema"],
        ),
        ({"contains": {"type": "string"}}, [1, "a"], []),
        ({"minProperties": 1}, {}, ["#/A: minimum size: [1], found: [0]"]),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, ["#/A: maximum size: [1], found: [2]"]),
        ({"required": ["b", "c"]}, {"b": 1}, ["#/A: required key [c] not found"]),
        ({"required": ["b"]}, "a", []),
        ({"propertyNames": {"maxLength": 1}}, {"bc": 1}, ["#/A/bc: expected maxLength: 1, actual: 2"]),
        ({"dependencies": {"b": ["c"]}}, {"b": 1}, ["#/A: property [c] is required"]),
        ({"dependencies": {"b": {"required": ["c"]}}}, {"b": 1}, ["#/A: required key [c] not found"]),
        ({"dependencies": {"b": ["c"]}}, {"c": 1}, []),
        (
            {"properties": {"b": {"type": "string"}}, "patternProperties": {"b": {"minimum": 2}}},
            {"b": 1},
            ["#/A/b: expected type: String, found: Integer", f"#/A/b: {FAILED} [minimum]"],
        ),
        (
            {"patternProperties": {"^x": {}}, "additionalProperties": False},
            {"x1": 1, "b": 1},
            ["#/A: extraneous key [b] is not permitted"],
        ),
        (
            {"additionalProperties": {"type": "string"}},
            {"b/c~": 1},
            ["#/A/b~1c~0: expected type: String, found: Integer"],
        ),
        (
            {"additionalProperties": {"maxLength": 1, "type": "string", "pattern": "x"}},
            {"b/c": "aa"},
            ["#/A/b~01c: expected maxLength: 1, actual: 2", f"#/A/b~01c: {FAILED} [pattern]"],
        ),
        (
            {"oneOf": [{"required": ["b"]}, {"required": ["c"]}]},
            {"b": 1, "c": 1},
            ["#/A: #: 2 subschemas matched instead of one"],
        ),
        (
            {"anyOf": [{"required": ["b"]}, {"type": "string"}]},
            {},
            [
                "#/A: #: no subschema matched out of the total 2 subschemas",
                "#/A: required key [b] not found",
                "#/A: expected type: String, found: JSONObject",
            ],
        ),
        (
            {"allOf": [{"required": ["b"]}, {}]},
            {},
            ["#/A: #: only 1 subschema matches out of 2", "#/A: required key [b] not found"],
        ),
        (
            {"if": {"required": ["b"]}, "then": {"required": ["c"]}},
            {"b": 1},
            [f"#/A: {FAILED} [then]", "#/A: required key [c] not found"],
        ),
        (
            {"if": {"required": ["b"]}, "else": {"required": ["c"]}},
            {},
            [f"#/A: {FAILED} [else]", "#/A: required key [b] not found", "#/A: required key [c] not found"],
        ),
        ({"if": {"required": ["b"]}}, {"b": 1}, []),
        ({"pattern": "("}, "a", []),
        ({"type": "strange", "minLength": "1", "required": True, "enum": 1, "$ref": 1}, "a", []),
    ],
)
def test_keywords(schema: JSON, value: Any, expected: list[str]) -> None:  # noqa: ANN401 - any JSON
    """Each keyword has the library's verdict and words; what is no schema at all is no traceback."""
    assert lines(schema, value) == expected


def test_references() -> None:
    """A reference is followed, keywords next to it are ignored, and one that leads nowhere accepts everything."""
    document: JSON = {
        "definitions": {"Text/1": {"type": "string"}, "Tree": {"properties": {"Leaf": {"$ref": "#/definitions/Tree"}}}},
        "properties": {
            "A": {"$ref": "#/definitions/Text~11", "maxLength": 0},
            "B": {"$ref": "#/definitions/Nothing"},
            "C": {"$ref": "#/definitions/Tree"},
            "D": {"$ref": "#/properties/D"},
        },
        "additionalProperties": False,
    }
    validator = Validator(document)
    tree: JSON = {"Leaf": {"Leaf": {}}}
    assert validator.lines({"A": "a", "B": 1, "C": tree, "D": 1}) == []
    assert validator.lines({"A": 1, "E": 1}) == [
        "#/A: expected type: String, found: Integer",
        "#: extraneous key [E] is not permitted",
    ]


def test_deep_properties() -> None:
    """Properties hundreds of levels deep are refused, not a traceback."""
    document: JSON = {
        "typeName": "My::Own::Type",
        "definitions": {"Tree": {"type": "array", "items": {"$ref": "#/definitions/Tree"}}},
        "properties": {"Tree": {"$ref": "#/definitions/Tree"}},
    }
    deep: JSON = {"Tree": []}
    for _ in range(2000):
        deep = {"Tree": [deep["Tree"]]}
    kind = ResourceType(ResourceSchema(document))
    assert kind.check(deep) == ["#: nested too deep for the sandbox"]
    with pytest.raises(ValidationError, match="The properties of My::Own::Type are nested too deep"):
        kind.typed(deep)
    shallow: JSON = {"Tree": []}
    for _ in range(90):
        shallow = {"Tree": [shallow["Tree"]]}
    assert kind.check(kind.typed(shallow)) == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "enum": ["a"], "pattern": "a", "minLength": 9}, LATER),
        ({"oneOf": [{"properties": {"b": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]}, {"b": LATER}),
        ({"not": {"properties": {"b": {"const": 1}}}}, {"b": LATER}),
        ({"if": {"properties": {"b": {"const": 1}}}, "then": {"required": ["c"]}}, {"b": LATER}),
        ({"enum": [{"b": 1}]}, {"b": LATER}),
        ({"const": [1]}, [LATER]),
        ({"uniqueItems": True}, [LATER, LATER]),
        ({"contains": {"type": "string"}}, [LATER]),
        ({"required": ["b"]}, {"b": LATER}),
    ],
)
def test_what_is_known_after_apply_satisfies_everything(schema: JSON, value: Any) -> None:  # noqa: ANN401 - any JSON
    """No keyword is violated by a value that is not known yet."""
    assert lines(schema, value) == []


def test_what_is_known_is_checked_beside_what_is_not() -> None:
    """A known value is checked although another one is not known yet."""
    schema: JSON = {"properties": {"b": {"type": "string"}, "c": {"maxLength": 1}}, "required": ["d"]}
    assert lines(schema, {"b": LATER, "c": "cc"}) == [
        "#/A: required key [d] not found",
        "#/A/c: expected maxLength: 1, actual: 2",
    ]


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (
            {"enum": ["Csv", "Json"], "description": "The format.\nMore."},
            "Xml",
            f"{FAILED} [enum] (sandbox's hint: one of Csv, Json. The format.)",
        ),
        ({"minimum": 1}, 0, f"{FAILED} [minimum] (sandbox's hint: at least 1)"),
        ({"pattern": "^a"}, "b", f"{FAILED} [pattern] (sandbox's hint: text that matches ^a)"),
        ({"format": "uri"}, "b", f"{FAILED} [format] (sandbox's hint: a valid uri)"),
        ({"not": {}, "description": "A name."}, 1, f"{FAILED} [not] (sandbox's hint: see the schema. A name.)"),
        ({"maxLength": 1}, "bc", "expected maxLength: 1, actual: 2"),
    ],
)
def test_hints(schema: JSON, value: Any, expected: str) -> None:  # noqa: ANN401 - any JSON
    """A line that doesn't say what is allowed is followed by a hint, marked as the sandbox's: AWS has none."""
    validator = Validator({"properties": {"A": schema}})
    assert validator.lines({"A": value}) == [f"#/A: {expected}"]


def test_full_lines() -> None:
    """A violation also knows the words with values, which pre-deployment validation uses."""
    validator = Validator({"properties": {"Name": {"pattern": "^[a-z]+$"}, "Kind": {"enum": ["a"]}}})
    found = [violation.full_line for violation in validator.violations({"Name": "A1", "Kind": True})]
    assert found == ["#/Name: string [A1] does not match pattern ^[a-z]+$", "#/Kind: true is not a valid enum value"]


def test_no_line_has_a_value() -> None:
    """Neither lines nor hints repeat a value that a template gives."""
    rules: JSON = {"enum": ["a"], "pattern": "b", "const": "c", "format": "date", "minLength": 99}
    assert "secret" not in "".join(Validator({"properties": {"A": rules}}).lines({"A": "secret"}))


def test_a_pattern_that_is_not_checked_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """What the validator lets pass because it can't read the pattern is a warning, in a configuration too."""
    rules: JSON = {"type": "object", "properties": {"A": {"type": "string", "pattern": "("}}}
    kind = ResourceType(ResourceSchema({"typeName": "Acme::Test::Top", **rules, "typeConfiguration": rules}))
    assert kind.check({"A": "x"}) == []
    reason = "[(] is not a regular expression of Java's: Unclosed group"
    assert [record.getMessage() for record in caplog.records] == [
        f"Acme::Test::Top has a pattern that is not checked: #{place}/properties/A/pattern: {reason}"
        for place in ("", "/typeConfiguration")
    ]


@pytest.mark.slow
def test_every_published_schema_loads(caplog: pytest.LogCaptureFixture) -> None:
    """Each schema in cfn-lint's copy can be used; the one pattern that Java can't read is a warning with its place."""
    names = {
        name: region
        for region in sorted(REGIONS, key="us-east-1".__eq__)  # the last one wins: it has nearly all
        for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)
    }
    with caplog.at_level(logging.WARNING):
        for name, region in names.items():
            document = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, name).schema
            kind = ResourceType(ResourceSchema({"properties": {}, **document}))
            lines = kind.check({"No such": "x"})
            closed = not document["additionalProperties"] and "patternProperties" not in document
            assert ("#: extraneous key [No such] is not permitted" in lines) == closed
            assert {f"#: required key [{key}] not found" for key in document.get("required", [])} <= set(lines)
            kind.typed(dict.fromkeys(document.get("properties", {}), "1"))
    assert len(names) >= 1898
    messages = [record.getMessage() for record in caplog.records]
    assert {message.partition(" has a pattern that is not checked: ")[0] for message in messages} == {
        "AWS::EC2::SecurityGroup"
    }
    assert messages[0].startswith(
        "AWS::EC2::SecurityGroup has a pattern that is not checked: #/properties/GroupDescription/pattern: [^([a-z,A-Z,"
    )
