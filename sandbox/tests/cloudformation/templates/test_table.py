"""The table says of every section, attribute and function of a template whether it is honoured."""

import json
from importlib.resources import files

import pytest
from cfnlint.helpers import FUNCTION_RULES, FUNCTIONS_ALL

from cfn_sandbox.cloudformation.templates import conditions, functions, shapes, table

ROWS = json.loads(files(table.__name__.rpartition(".")[0]).joinpath("tables/template.json").read_text("utf-8"))


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


def test_honoured_functions_are_those_that_there_are() -> None:
    """What the table honours is what the evaluator, conditions, rules and macros implement."""
    implemented = {
        *shapes.FORMS,
        *conditions.OF_CONDITIONS,
        *conditions.OF_RULES,
        "Condition",
        "Fn::ForEach",
        "Fn::Transform",
    }
    assert set(ROWS["functions"]["honoured"]) == implemented
    assert functions.OF_VALUES.keys() <= implemented


@pytest.mark.parametrize(("group", "rows"), ROWS.items())
def test_reasons(group: str, rows: dict[str, dict[str, str]]) -> None:
    """A refusal says in whole sentences what to do instead, and what is without effect says why."""
    for kind in ("refused", "without effect"):
        for name, sentence in rows.get(kind, {}).items():
            assert sentence.endswith("."), (group, name)
            assert len(sentence.split()) > 4, (group, name)
