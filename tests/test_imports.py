"""Who may import whom, over every Python file of the project: ARCHITECTURE.md's rules in full."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.envelopes import ROOT

PACKAGE = "aws_sagemaker_modelqualityjobdefinition"
TYPE = ROOT / "src" / PACKAGE

HOUSES = {
    f"src/{PACKAGE}/runtime/": set(),
    f"src/{PACKAGE}/": set(),
    "sandbox/src/cfn_sandbox/": {"cfn_sandbox"},
    "sandbox/tests/": {"cfn_sandbox", "sandbox"},
    "tools/messages.py": {"tools", PACKAGE},
    "tools/": {"cfn_sandbox", "tools"},
    "tests/": {"cfn_sandbox", "sandbox", "tests", "tools", PACKAGE},  # sandbox.tests has what both houses' tests need
    "examples/": set(),
}
"""What the files below a folder may import of this project by an absolute name. The first prefix counts."""

OURS = {"cfn_sandbox", "examples", "sandbox", "tests", "tools", PACKAGE}

LIBRARY = "cloudformation_cli_python_lib"

RUNTIME = {
    "__init__": set(),
    "startup": {"botocore", LIBRARY},
    "words": set(),
    "failures": {LIBRARY},
    "limits": {LIBRARY},
    "deadline": {"botocore", "urllib3"},
    "errors": {"failures", "words", "botocore", LIBRARY},
    "sessions": {"limits", "startup", "botocore", "urllib3", LIBRARY},
    "delivery": {"deadline", "limits", "sessions", "botocore", LIBRARY},
    "envelope": {"failures", "words", LIBRARY},
    "plugin": {"deadline", "delivery", "envelope", "errors", "failures", "limits", "sessions", LIBRARY},
    "attempts": {"deadline", "errors", "failures", "limits", LIBRARY},
}
"""What each module of runtime/ may import."""

ROOMS = {
    "__init__": {"runtime.startup"},
    "models": {LIBRARY},
    "messages": {"", "runtime.errors", "runtime.failures", LIBRARY},
    "identity": {"", "messages", "models", "runtime.words"},
    "tags": {"messages", "models", "runtime.words"},
    "translation": {"identity", "messages", "tags", "models", "runtime.words", LIBRARY},
    "comparison": {"models"},
    "redaction": {"models", "runtime.words"},
    "progress": {"identity", "messages", "models", "runtime.errors", "runtime.failures", LIBRARY},
    "job_definitions": {"messages", "progress", "tags", LIBRARY}
    | {"runtime.attempts", "runtime.deadline", "runtime.failures", "runtime.limits", "runtime.sessions", "botocore"},
    "ownership": {"comparison", "identity", "job_definitions", "messages", "models", "progress", "tags"}
    | {"translation", "runtime.deadline", "runtime.failures", "runtime.limits", "runtime.words", LIBRARY},
    "handlers": {"", "comparison", "identity", "job_definitions", "messages", "models"}
    | {"ownership", "progress", "redaction", "tags", "translation", LIBRARY}
    | {"runtime.failures", "runtime.limits", "runtime.plugin", "runtime.words"},
}
"""What each module of the type may import when it runs."""

FILES = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split()


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the level (0: absolute) and the full name of everything that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.level, f"{node.module}.{alias.name}".removeprefix("None.")) for alias in node.names)


def without_typing(tree: ast.Module) -> ast.Module:
    """Return a module without what only a type checker reads."""
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return tree


def room(folder: Path, name: str) -> str:
    """Return the module of a folder that a relative import's name is in; an empty string for the package itself."""
    parts = name.split(".")
    return next(
        (
            ".".join(parts[:n])
            for n in range(len(parts), 0, -1)
            if folder.joinpath(*parts[:n]).with_suffix(".py").exists()
        ),
        "",
    )


@pytest.mark.parametrize("path", FILES)
def test_a_file_imports_only_what_its_house_may(path: str) -> None:
    """The type imports nothing else, cfn_sandbox knows neither type nor tools, and nothing but tests imports tests.

    A relative import stays inside its folder.
    """
    allowed = next(may for folder, may in HOUSES.items() if path.startswith(folder))
    found = list(imports(ast.parse((ROOT / path).read_text())))
    assert [name for level, name in found if level > 1] == []
    foreign = {name.split(".")[0] for level, name in found if level == 0} & OURS - allowed
    assert foreign == set()


@pytest.mark.parametrize(("folder", "table"), [(TYPE, ROOMS), (TYPE / "runtime", RUNTIME)], ids=["type", "runtime"])
def test_a_module_of_the_type_imports_only_what_the_table_allows(folder: Path, table: dict[str, set[str]]) -> None:
    """A new module needs a line in the table, and a new import a reason. The table names no module that is gone."""
    assert {path.stem for path in folder.glob("*.py")} == table.keys()
    for name, may in table.items():
        found = list(imports(without_typing(ast.parse((folder / f"{name}.py").read_text()))))
        absolute = {name.split(".")[0] for level, name in found if level == 0} - sys.stdlib_module_names
        assert absolute | {room(folder, name) for level, name in found if level} <= may, name


def test_runtime_names_no_service() -> None:
    """Another type takes runtime/ as it is, so nothing in it is about this type or its service."""
    for path in (TYPE / "runtime").glob("*.py"):
        found = re.findall(r"sagemaker|model.?quality|definition|\bkms", path.read_text(), re.IGNORECASE)
        assert found == [], path.name
