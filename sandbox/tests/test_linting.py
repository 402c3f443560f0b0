"""A schema's dependencies are written for cloudformation-validate with the same meaning, or refused."""

from typing import Any

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.linting.variant import linted


def schema(**rules: Any) -> dict[str, Any]:  # noqa: ANN401 - rules of a schema
    """Return a schema with an object that has these rules."""
    return {"typeName": "My::Own::Type", "properties": {"Toy": {"properties": {"A": {}, "B": {}, "C": {}}, **rules}}}


@pytest.mark.parametrize(
    ("rules", "written"),
    [
        ({"dependencies": {"A": ["B"]}}, {"dependencies": {"A": ["B"]}}),
        ({"dependencies": {"A": {"required": ["B"]}}}, {"dependencies": {"A": ["B"]}}),
        (
            {"dependencies": {"A": {"additionalProperties": False, "properties": {"A": {}, "C": {}}}}},
            {"dependentExcluded": {"A": ["B"]}},
        ),
        (
            {"required": ["A"], "dependencies": {"A": {"anyOf": [{"required": ["B"]}, {"required": ["C"]}]}}},
            {"required": ["A"], "requiredOr": ["B", "C"]},
        ),
        (
            {
                "required": ["A"],
                "dependencies": {
                    "A": {"anyOf": [{"required": ["B"]}, {"required": ["C"]}]},
                    "B": {"additionalProperties": False, "properties": {"A": {}, "B": {}}},
                    "C": {"additionalProperties": False, "properties": {"A": {}, "C": {}}},
                },
            },
            {"required": ["A"], "requiredXor": ["B", "C"]},
        ),
    ],
)
def test_a_dependency_is_written_for_the_linter(rules: dict[str, Any], written: dict[str, Any]) -> None:
    """The given schema stays as it is; the name changes on request."""
    given = schema(**rules)
    assert linted(given, "Acme::Own::Type") == schema(**written) | {"typeName": "Acme::Own::Type"}
    assert given == schema(**rules)


@pytest.mark.parametrize(
    "dependency",
    [
        {"not": {"required": ["B"]}},
        {"properties": {"B": {"minLength": 1}}},
        {"anyOf": [{"required": ["B"]}, {"required": ["C"]}]},  # A isn't required
    ],
)
def test_what_the_linter_has_no_form_for_is_refused(dependency: dict[str, Any]) -> None:
    """Otherwise it would check less than the schema says."""
    with pytest.raises(SandboxError, match="no form for the dependency of A at /properties/Toy: "):
        linted(schema(dependencies={"A": dependency}))


def test_a_property_may_be_called_like_a_keyword() -> None:
    """A property, or an enum's value, that is called dependencies is no keyword."""
    properties: dict[str, Any] = {
        "dependencies": {"type": "object", "properties": {"A": {"type": "string"}}},
        "$ref": {"const": "#"},
    }
    given: dict[str, Any] = {"typeName": "Acme::Own::Type", "properties": properties, "additionalProperties": False}
    assert linted(given) == given
