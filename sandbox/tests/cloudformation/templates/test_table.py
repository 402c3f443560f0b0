"""The table says of every section, attribute and function of a template whether it is honoured."""

import json
from importlib.resources import files

import pytest
from cfnlint.helpers import (
    FUNCTION_RULES,
    FUNCTIONS_ALL,
    VALID_PARAMETER_TYPES,
    VALID_PARAMETER_TYPES_LIST,
    valid_snapshot_types,
)

from cfn_sandbox.cloudformation.templates import conditions, parameter_types, table
from cfn_sandbox.errors import ValidationError
from sandbox.tests.cloudformation.templates.world import template, value_of

ROWS = json.loads(files(table.__name__.rpartition(".")[0]).joinpath("tables/template.json").read_text("utf-8"))

IN_MACROS = {"Fn::ForEach", "Fn::Transform"}


def names(group: str) -> set[str]:
    """Return every name in a group."""
    rows = ROWS[group]
    return {*rows.get("honoured", ()), *rows.get("without effect", ()), *rows.get("refused", ())}


@pytest.mark.parametrize(
    ("group", "schema", "path"),
    [
        ("sections", "template/configuration.json", ()),
        ("resource", "resources/configuration.json", ("definitions", "ResourceConfiguration")),
        ("parameter", "parameters/configuration.json", ("patternProperties", "^[a-zA-Z0-9]+$")),
        ("output", "outputs/configuration.json", ("patternProperties", "^[a-zA-Z0-9]+$")),
        ("export", "outputs/configuration.json", ("definitions", "export")),
        ("rule", "rules/configuration.json", ("definitions", "rule")),
        ("assertion", "rules/configuration.json", ("definitions", "assertion")),
    ],
)
def test_sections_and_attributes(group: str, schema: str, path: tuple[str, ...]) -> None:
    """Each section and attribute that cfn-lint knows of is in the table, but for those that SAM's macro takes away."""
    found = json.loads(files("cfnlint").joinpath("data/schemas/other", schema).read_text("utf-8"))
    for part in path:
        found = found[part]
    assert set(found["properties"]) - {"Connectors", "IgnoreGlobals"} <= names(group)


def test_functions() -> None:
    """Each function that cfn-lint knows of is in the table."""
    known = {name.partition("::[")[0] for name in FUNCTIONS_ALL | FUNCTION_RULES}
    assert {name for name in known if not name.startswith("Fn::ForEach")} <= names("functions")


@pytest.mark.parametrize("name", sorted(VALID_PARAMETER_TYPES))
def test_parameter_types(name: str) -> None:
    """Each parameter type that cfn-lint knows of exists, and is a list if it says so."""
    assert parameter_types.kind({"Type": name}).is_list == (name in VALID_PARAMETER_TYPES_LIST)


def test_types_with_snapshots() -> None:
    """The types that can be snapshot are those that cfn-lint knows of."""
    assert set(ROWS["types with snapshots"]["honoured"]) == set(valid_snapshot_types)


def message(name: str) -> str:
    """Return with what a function of a wrong argument is refused, where functions of its kind stand."""
    try:
        if name in conditions.OF_CONDITIONS | conditions.OF_RULES | {"Condition"}:
            rules = f"Rules: {{R: {{Assertions: [{{Assert: {{'{name}': [a]}}}}]}}}}"
            template(f"{rules}\nResources: {{A: {{Type: A::B::C}}}}")
        else:
            argument = "1" if name in {"Fn::Length", "Fn::ToJsonString"} else "[{a: b}]"
            value_of(f"{{'{name}': {argument}}}", extended=True)
    except ValidationError as refused:
        return refused.message
    return ""


@pytest.mark.parametrize("name", sorted({*ROWS["functions"]["honoured"]} - IN_MACROS))
def test_honoured_functions(name: str) -> None:
    """A function that the table honours exists, and has words for a wrong argument."""
    assert message(name).startswith(("Template error: ", "Template format error: "))
    assert "Encountered unsupported function" not in message(name)


@pytest.mark.parametrize(("name", "sentence"), ROWS["functions"]["refused"].items())
def test_refused_functions(name: str, sentence: str) -> None:
    """A function that the table refuses is refused with the table's sentence."""
    assert message(name) == f"The function {name} is not supported by this sandbox. {sentence}"


@pytest.mark.parametrize(("group", "rows"), ROWS.items())
def test_reasons(group: str, rows: dict[str, dict[str, str]]) -> None:
    """A refusal says in whole sentences what to do instead, and what is without effect says why."""
    for kind in ("refused", "without effect"):
        for name, sentence in rows.get(kind, {}).items():
            assert sentence.endswith("."), (group, name)
            assert len(sentence.split()) > 4, (group, name)
