"""The rooms of the sandbox import in one direction and stay small, and one module knows moto's services."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import cfn_sandbox

ROOT = Path(cfn_sandbox.__file__).parent
VALUES = {"values", "errors", "regions", "SandboxError"}
TYPES = {*VALUES, "schemas", "resource_types"}
BELOW = {
    "values": set[str](),
    "errors": set[str](),
    "operations": set[str](),
    "regions": set[str](),
    "schemas": {"values", "SandboxError", "schemas"},
    "resource_types": TYPES,
    "protocols": {*VALUES, "protocols"},
    "cloudformation/templates": {*TYPES, "cloudformation/templates"},
    "cloudformation/stacks": {*TYPES, "operations", "cloudformation/templates", "cloudformation/stacks"},
    "cloudformation/api": {*TYPES, "protocols", "cloudformation"},
    "cloudcontrol": {*TYPES, "protocols", "operations", "cloudcontrol"},
}
# What is imported for its name alone, in annotations: a call of an operation has the space that it is about.
NAMED = {(f"protocols/{name}.py", "cloudformation/stacks/space") for name in ("service", "tokens")}
ADAPTER = ROOT / "resource_types" / "moto_adapter.py"
PROTOCOLS = {"moto.core.errors", "moto.core.model", "moto.core.parse", "moto.core.serialize", "moto.core.utils"}


def imports(file: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(room: str) -> list[Path]:
    """Return the files of a room."""
    path = ROOT / room
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


@pytest.mark.parametrize("room", BELOW)
def test_no_import_goes_up(room: str) -> None:
    """Each room imports only itself and what is below it."""
    found = [
        (file.relative_to(ROOT).as_posix(), name.removeprefix("cfn_sandbox.").replace(".", "/"))
        for file in files(room)
        for name in imports(file)
        if name.startswith("cfn_sandbox.")
    ]
    assert found or room in {"values", "errors", "operations", "regions"}
    below = tuple(BELOW[room])
    wrong = [
        f"{file}: {name}"
        for file, name in found
        if not any(f"{name}/".startswith(f"{allowed}/") for allowed in below)
        and not any(file == module and f"{name}/".startswith(f"{named}/") for module, named in NAMED)
    ]
    assert wrong == []


def test_one_module_knows_moto() -> None:
    """Below the account only the adapter imports moto, except for the parsers and serializers of protocols."""
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for room in [*BELOW, "registry", "cloudformation"]
        for file in files(room)
        for name in imports(file)
        if name.split(".")[0] == "moto"
        and file != ADAPTER
        and not (file.parent.name == "protocols" and (name in PROTOCOLS or name.rpartition(".")[0] in PROTOCOLS))
    ]
    assert wrong == []


def test_only_the_account_knows_the_registry() -> None:
    """The registry makes types from packages: stacks of types don't know where they are from."""
    users = {
        file.relative_to(ROOT).parts[0]
        for file in ROOT.rglob("*.py")
        for name in imports(file)
        if name.startswith("cfn_sandbox.registry.")
    }
    assert users == {"account", "registry"}


def lines(file: Path) -> int:
    """Return how many lines a file has."""
    return file.read_text().count("\n")


def test_cloudformation_stays_small() -> None:
    """CloudFormation has at most 6,000 lines of Python. Tables are data files, and don't count."""
    assert sum(map(lines, files("cloudformation"))) <= 6000


def test_no_module_is_long() -> None:
    """No module of the sandbox has more than 400 lines."""
    assert [file.relative_to(ROOT).as_posix() for file in ROOT.rglob("*.py") if lines(file) > 400] == []
