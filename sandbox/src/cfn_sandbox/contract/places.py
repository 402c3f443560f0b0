"""Where a project's handlers are, so that a failed test can name the file and the line."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["of_handlers"]


def of_handlers(project: Path, package: str) -> Mapping[str, str]:
    """Return the place of each handler, FILE:LINE by action: the functions decorated with `handler(Action.X)`.

    Args:
        project: the project's folder.
        package: its top-level package, in src/.
    """
    found: dict[str, str] = {}
    for file in sorted((project / "src" / package).rglob("*.py")):
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        for action, line in _handlers(tree):
            found.setdefault(action, f"{file.relative_to(project)}:{line}")
    return found


def _handlers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        for call in node.decorator_list:
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "handler"
                and call.args
                and isinstance(call.args[0], ast.Attribute)
            ):
                yield call.args[0].attr, node.lineno
