"""tools/ and tests/ use cfn_sandbox by its public names, and the sandbox is about no service that one type needs."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cfn_sandbox
from tools.envelopes import ROOT

FILES = [path.relative_to(ROOT) for folder in ("tools", "tests") for path in sorted(ROOT.glob(f"{folder}/**/*.py"))]
MODULES = {module.name for module in pkgutil.walk_packages(cfn_sandbox.__path__, "cfn_sandbox.")}
SOURCE = ROOT / "sandbox/src/cfn_sandbox"

NOT_YET = ("cfn_sandbox.cloudformation.", "cfn_sandbox.resource_types.")
"""Packages whose modules are internal. tests/ still use some of their names."""


def uses(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of everything that a file uses of cfn_sandbox."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "cfn_sandbox":
            for alias in node.names:
                if f"{node.module}.{alias.name}" in MODULES:
                    modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                else:
                    yield str(node.module), alias.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield modules[node.value.id], node.attr


@pytest.mark.parametrize("path", FILES, ids=str)
def test_only_public_names_are_used(path: Path) -> None:
    """A name of cfn_sandbox that a file uses is in its module's `__all__`; tests may use private ones, with a _."""
    used = set(uses(ast.parse((ROOT / path).read_text())))
    private = {
        f"{module}.{name}"
        for module, name in used
        if name not in getattr(importlib.import_module(module), "__all__", ())
        and not (path.parts[0] == "tests" and (name.startswith("_") or module.startswith(NOT_YET)))
    }
    assert private == set()


@pytest.mark.parametrize("module", sorted(MODULES - {"cfn_sandbox.contract.guard_rail"}))
def test_a_public_name_exists_and_is_documented(module: str) -> None:
    """Every name in `__all__` exists, and a class or function has a docstring."""
    if ".suites" in module:
        return
    loaded = importlib.import_module(module)
    for name in getattr(loaded, "__all__", ()):
        value = getattr(loaded, name)
        assert not (inspect.isclass(value) or inspect.isfunction(value)) or value.__doc__, name


def test_the_sandbox_names_no_service_that_one_type_needs() -> None:
    """SageMaker's rules, types and calls come from this project's settings and plugin; AWS's lists (JSON) have all."""
    for path in SOURCE.rglob("*.*"):
        if "__pycache__" not in path.parts and path.suffix != ".json":
            assert re.findall(r"sagemaker|model.?quality", path.read_text(), re.IGNORECASE) == [], path
