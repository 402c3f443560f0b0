"""The rules on which room may import which: the table of ARCHITECTURE.md, in full."""

import ast
import sys
from pathlib import Path

import pytest

from tools.envelopes import ROOT

PACKAGE = ROOT / "src/aws_sagemaker_modelqualityjobdefinition"

MAY_IMPORT = {
    "__init__": {"startup"},
    "startup": {"botocore", "cloudformation_cli_python_lib"},
    "models": {"cloudformation_cli_python_lib"},
    "words": set(),
    "deadline": {"botocore", "urllib3"},
    "errors": {"", "words", "botocore", "cloudformation_cli_python_lib"},
    "identity": {"", "models", "words", "cloudformation_cli_python_lib"},
    "tags": {"models", "words", "cloudformation_cli_python_lib"},
    "translation": {"tags", "models", "words", "cloudformation_cli_python_lib"},
    "client": {"deadline", "botocore", "cloudformation_cli_python_lib"},
    "tls": {"botocore"},
    "sessions": {"tls", "botocore", "cloudformation_cli_python_lib"},
    "delivery": {"deadline", "botocore", "cloudformation_cli_python_lib"},
    "envelope": {"", "words", "cloudformation_cli_python_lib"},
    "plugin": {"deadline", "delivery", "envelope", "errors", "sessions", "cloudformation_cli_python_lib"},
    "attempts": {"deadline", "errors", "cloudformation_cli_python_lib"},
    "job_definitions": {"attempts", "errors", "cloudformation_cli_python_lib"},
    "ownership": {"deadline", "errors", "identity", "tags", "translation", "words"},
    "progress": {"errors", "models", "cloudformation_cli_python_lib"},
    "handlers": {
        "",
        "client",
        "errors",
        "identity",
        "job_definitions",
        "models",
        "ownership",
        "plugin",
        "progress",
        "tags",
        "translation",
        "words",
        "cloudformation_cli_python_lib",
    },
}


def imports_of(path: Path) -> set[str]:
    """Return what a module imports when it runs: rooms by name, the package as '', others by their first name."""
    tree = ast.parse(path.read_text())
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            rooms = {alias.name for alias in node.names if (PACKAGE / f"{alias.name}.py").exists()}
            names |= {node.module} if node.module else rooms | ({""} if len(rooms) < len(node.names) else set())
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    return names - sys.stdlib_module_names


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_a_room_imports_what_it_may(path: Path) -> None:
    """A room imports only what the table allows. A new room needs a line in it, and a new import a reason."""
    assert imports_of(path) <= MAY_IMPORT[path.stem]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_every_room_of_the_table_is_there(room: str) -> None:
    """Every room in the table exists."""
    assert (PACKAGE / f"{room}.py").exists()
