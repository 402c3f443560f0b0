"""The folders of cloudformation/ import in one direction, and one module knows moto's services."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import cfn_sandbox.cloudformation
import cfn_sandbox.schemas

ROOT = Path(cfn_sandbox.cloudformation.__file__).parent
SCHEMAS = Path(cfn_sandbox.schemas.__file__).parent
PACKAGE = "cfn_sandbox.cloudformation."
BELOW = {
    "values": set(),
    "errors": {"values"},
    "types": {"values", "errors", "types"},
    "registry": {"values", "errors", "types", "registry"},
    "templates": {"values", "errors", "types", "templates"},
    "stacks": {"values", "errors", "types", "templates", "stacks"},
    "api": {"values", "errors", "types", "templates", "stacks", "registry", "api"},
}
ADAPTER = ROOT / "types" / "moto_adapter.py"
PROTOCOLS = {"moto.core.errors", "moto.core.model", "moto.core.parse", "moto.core.serialize", "moto.core.utils"}


def imports(file: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_import_goes_up() -> None:
    """Each folder imports only itself and what is below it."""
    files = [file for file in ROOT.rglob("*.py") if file.parent != ROOT or file.stem != "__init__"]
    assert len(files) > 40
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for folder in [file.relative_to(ROOT).parts[0].removesuffix(".py")]
        for name in imports(file)
        if name.startswith(PACKAGE) and name.removeprefix(PACKAGE).split(".")[0] not in BELOW[folder]
    ]
    assert wrong == []


def test_cloud_control_is_above() -> None:
    """Cloud Control serves the types of cloudformation/, which doesn't know it."""
    files = list(ROOT.rglob("*.py"))
    assert [file.name for file in files for name in imports(file) if name.startswith("cfn_sandbox.cloudcontrol")] == []


def test_schemas_know_nothing_of_stacks() -> None:
    """The room of the schemas imports itself, the sandbox's error, and values, which may be known only after apply."""
    allowed = ("cfn_sandbox.schemas", "cfn_sandbox.SandboxError", f"{PACKAGE}values")
    files = list(SCHEMAS.glob("*.py"))
    assert len(files) > 6
    wrong = [
        f"{file.name}: {name}"
        for file in files
        for name in imports(file)
        if name.startswith("cfn_sandbox.") and not name.startswith(allowed)
    ]
    assert wrong == []


def test_one_module_knows_moto() -> None:
    """Only the adapter imports moto, except for the parsers and serializers of protocols in api/."""
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in ROOT.rglob("*.py")
        for name in imports(file)
        if name.split(".")[0] == "moto"
        and file != ADAPTER
        and not (file.parent.name == "api" and (name in PROTOCOLS or name.rpartition(".")[0] in PROTOCOLS))
    ]
    assert wrong == []
