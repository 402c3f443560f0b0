"""Imports the handlers' module of a package in a clean process, as Lambda will, and says why that fails."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["failure"]

# It runs in the handlers' Python, and prints what it found as the last line, because a module can print too.
_PROGRAM = """
import importlib, json, sys, traceback
module, root, *others = sys.argv[1:]
sys.path[:0] = [root]
sys.path += others
try:
    importlib.import_module(module)
except BaseException as error:
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append((error.filename, error.lineno))
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    print()
    print(json.dumps({"error": type(error).__name__, "text": text, "places": places, "missing": missing}))
    sys.exit(1)
"""


def failure(
    module: str, root: Path, python: Sequence[str | Path], environment: Mapping[str, str], others: Sequence[Path] = ()
) -> str | None:
    """Return why a module can't be imported from a package, in a sentence with the place; None if it can.

    Args:
        module: the module of the handlers.
        root: the unzipped package.
        python: the command that starts the interpreter.
        environment: the process's variables.
        others: folders that can be imported from besides the package and the standard library.
    """
    root = root.absolute()
    command = [*python, "-I", "-S", "-B", "-c", _PROGRAM, module, root, *others]
    result = subprocess.run(command, env=dict(environment), cwd=root, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return None
    try:
        found = json.loads(result.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):  # the module ended the process
        lines = result.stderr.strip().splitlines() or [f"the process ended with {result.returncode}"]
        return lines[-1]
    own = module.partition(".")[0]
    text = " ".join(filter(None, [f"{found['error']}:", " ".join(found["text"].split())]))
    missing = (found["missing"] or own).partition(".")[0]
    cure = f"; add the distribution that has {missing} to requirements.txt" if missing != own else ""
    return f"{_place(found['places'], root, own)}{text.rstrip(':')}{cure}"


def _place(places: Sequence[tuple[str | None, int | None]], root: Path, own: str) -> str:
    """Return the last place in the project's own package, or else in the package: FILE, line N, and a colon."""
    files = [(Path(name), line) for name, line in places if name and line]
    inside = [(file.relative_to(root), line) for file, line in files if file.is_relative_to(root)]
    mine = [(Path("src", file), line) for file, line in inside if file.parts[0] == own]
    for file, line in [*(mine or inside)][-1:]:
        return f"{file}, line {line}: "
    return ""
