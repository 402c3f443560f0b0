"""What a schema refuses, with the patterns of AWS's own schemas."""

import re
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from sandbox.cloudformation.violations import lines

LETTERS = {"type": "string", "pattern": r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"}
OPEN = {"patternProperties": {r"^\p{L}+$": {"type": "integer"}}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "properties", "expected"),
    [
        ({"properties": {"Key": LETTERS}}, {"Key": "größe 1"}, []),
        (
            {"properties": {"Key": LETTERS}},
            {"Key": "a#b"},
            ["#/Key: failed validation constraint for keyword [pattern]"],
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
    r"""`\p{L}` and its kin, in patterns of values and of keys."""
    assert lines(schema, properties) == expected


def test_a_schema_of_aws_s_that_python_s_own_patterns_fail_on() -> None:
    """The tags of a monitoring schedule: the sandbox offers that type."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::SageMaker::MonitoringSchedule").schema
    pattern = schema["definitions"]["Tag"]["properties"]["Key"]["pattern"]
    with pytest.raises(re.error):
        re.compile(pattern)
    found = lines(schema, {"MonitoringScheduleName": "daily", "Tags": [{"Key": "team", "Value": "a"}]})
    assert found == ["#: required key [MonitoringScheduleConfig] not found"]
