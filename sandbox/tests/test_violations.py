"""Violations of a schema are reported in CloudFormation's words; patterns of AWS's schemas work."""

import re
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from cfn_sandbox.cloudformation.violations import lines

FAILED = "failed validation constraint for keyword"
PATTERN = r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"
LETTERS = {"type": "string", "pattern": PATTERN}
OPEN = {"patternProperties": {r"^\p{L}+$": {"type": "integer"}}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "properties", "expected"),
    [
        ({"properties": {"Key": LETTERS}}, {"Key": "größe 1"}, []),
        (
            {"properties": {"Key": LETTERS}},
            {"Key": "a#b"},
            [f"#/Key: {FAILED} [pattern] (sandbox's hint: text that matches {PATTERN})"],
        ),
        (OPEN, {"größe": 1}, []),
        (OPEN, {"größe": "1"}, ["#/größe: expected type: Integer, found: String"]),
        (
            OPEN,
            {"1": 1, "a": 1, "2": 2},
            ["#: extraneous key [1] is not permitted", "#: extraneous key [2] is not permitted"],
        ),
        (
            {"properties": {"a": {}}, "additionalProperties": {"type": "string"}},
            {"a": 1, "b": 2, "c": "3"},
            ["#/b: expected type: String, found: Integer"],
        ),
    ],
)
def test_patterns_are_java_s(schema: dict[str, Any], properties: dict[str, Any], expected: list[str]) -> None:
    r"""Patterns follow Java's syntax, with `\p{L}` and other classes, for values and for keys."""
    assert lines(schema, properties) == expected


@pytest.mark.parametrize(
    ("schema", "value", "hint"),
    [
        ({"enum": ["Csv", "Json"], "description": "The format.\nMore."}, "Xml", "one of Csv, Json. The format."),
        ({"minimum": 1}, 0, "at least 1"),
        ({"maxItems": 1, "items": {}}, [1, 2], "at most 1 items"),
        ({"not": {"type": "integer"}, "description": "A name."}, 1, "see the schema. A name."),
    ],
)
def test_a_keyword_alone_is_followed_by_a_hint(schema: dict[str, Any], value: object, hint: str) -> None:
    """A hint with the rule and the description follows the keyword, marked as the sandbox's: AWS has none."""
    line, *_ = lines({"properties": {"A": schema}}, {"A": value})  # a combination adds a line for each cause
    assert line.partition(" [")[0] == "#/A: failed validation constraint for keyword"
    assert line.partition("] ")[2] == f"(sandbox's hint: {hint})"


def test_a_schema_of_aws_s_that_python_s_own_patterns_fail_on() -> None:
    """The tag pattern of monitoring schedules works, although Python's re can't compile it."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::SageMaker::MonitoringSchedule").schema
    pattern = schema["definitions"]["Tag"]["properties"]["Key"]["pattern"]
    with pytest.raises(re.error):
        re.compile(pattern)
    found = lines(schema, {"MonitoringScheduleName": "daily", "Tags": [{"Key": "team", "Value": "a"}]})
    assert found == ["#: required key [MonitoringScheduleConfig] not found"]
