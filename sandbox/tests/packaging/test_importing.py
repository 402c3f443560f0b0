"""Why the handlers' module can't be imported is one sentence, with the project's file and line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cfn_sandbox.packaging import importing

FAILURES = {
    "a missing distribution": (
        {"handlers.py": "import json\nimport missing.part\n"},
        "src/toy/handlers.py, line 2: ModuleNotFoundError: No module named 'missing'; "
        "add the distribution that has missing to requirements.txt",
    ),
    "a missing module of the project": (
        {"handlers.py": "from . import models\n", "models.py": "from .parts import Part\n"},
        "src/toy/models.py, line 1: ModuleNotFoundError: No module named 'toy.parts'",
    ),
    "a mistake in the syntax": (
        {"handlers.py": "from .models import *\n", "models.py": "a = 1\nb = (\n"},
        "src/toy/models.py, line 2: SyntaxError: '(' was never closed",
    ),
    "an exception with lines and without": (
        {"handlers.py": "print('said', end='')\nraise ValueError('one\\ntwo')\n"},
        "src/toy/handlers.py, line 2: ValueError: one two",
    ),
    "a library that fails": (
        {"handlers.py": "\nimport library\n", "../library.py": "raise ImportError\n"},
        "src/toy/handlers.py, line 2: ImportError",
    ),
    "the end of the process": (
        {"handlers.py": "import os, sys\nsys.stderr.write('gone\\n')\nos._exit(3)\n"},
        "gone",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure(name: str, tmp_path: Path) -> None:
    """The place is the last line of the project's own, in its folder src; what is missing has its cure."""
    files, sentence = FAILURES[name]
    assert failure(tmp_path, files) == sentence


def test_what_can_be_imported(tmp_path: Path) -> None:
    """Nothing is said of a module that can be imported, also from another folder than the package."""
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "client.py").touch()
    assert failure(tmp_path, {"handlers.py": "import client\n"}, tmp_path / "runtime") is None


def failure(folder: Path, files: dict[str, str], *others: Path) -> str | None:
    """Return why the module toy.handlers can't be imported from a package with these files."""
    (folder / "task" / "toy").mkdir(parents=True)
    for file, content in files.items():
        (folder / "task" / "toy" / file).write_text(content)
    return importing.failure("toy.handlers", folder / "task", [sys.executable], {}, others)
