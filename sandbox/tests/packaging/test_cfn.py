"""The module that runs cfn returns its lines as they are written, and a sentence when it fails.

A stand-in plays the failures that are hard to cause; test_registration.py of tests/tools makes the real cfn fail.
"""

import importlib
import importlib.metadata
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cfn_sandbox.packaging import PackagerError, cfn, cfn_main
from sandbox.tests.processes import wait_until_ended


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an empty command in place of the Python that runs cfn; the test writes its content."""
    command = tmp_path / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(command))
    (tmp_path / "bin").mkdir()
    (tmp_path / "project").mkdir()
    for path in (command, command.with_name("cfn"), command.with_name("pip")):
        path.touch(0o755)
    return command


def test_lines_come_as_they_are_written(stand_in: Path, tmp_path: Path) -> None:
    """The answer has every line; the progress leaves out the lines that only a failure prints."""
    stand_in.write_text("#!/bin/sh\necho one\necho two >&2\necho '=== Caught'\necho more\nexit 3\n")
    lines: list[str] = []
    result = cfn.call(["test"], tmp_path / "project", progress=lines.append)
    assert lines == ["one", "two"]
    assert result == cfn.Result(3, ["one", "two", "=== Caught", "more"])


def test_it_sees_the_variables_that_it_is_given(stand_in: Path, tmp_path: Path) -> None:
    """Only the given variables reach cfn; our own programs come first on its PATH, where it looks for pip."""
    stand_in.write_text("#!/bin/sh\nenv\n")
    lines = cfn.run(["validate"], tmp_path / "project", {"GIVEN": "1", "PATH": "/usr/bin:/bin"})
    variables = dict(line.split("=", 1) for line in lines)
    assert variables["GIVEN"] == "1"
    assert variables["PATH"] == f"{stand_in.parent}:/usr/bin:/bin"
    assert variables["PIP_LOG"] == str(tmp_path / "project" / "pip.log")
    assert "HOME" not in variables


@pytest.mark.parametrize("missing", ["cfn", "pip"])
def test_both_programs_must_be_the_sandboxs_own(stand_in: Path, tmp_path: Path, missing: str) -> None:
    """Another Python's cfn or pip on the PATH is not used: pip would install for that Python."""
    stand_in.with_name(missing).unlink()
    with pytest.raises(PackagerError, match=rf"^There is no {missing} in {stand_in.parent}: install cfn-sandbox"):
        cfn.run(["validate"], tmp_path / "project")


@pytest.mark.parametrize(
    ("output", "log", "pip_log", "reason"),
    [
        ("the words", "", "", "the words"),
        ("", "", "", "It said nothing (exit code 1)."),
        ("x", "[t] CRITICAL - First.\n[t] CRITICAL - Last.\n", "", "Last."),
        ("x", "[t] CRITICAL - Invalid: no.\n\nOn instance['a']['b']:\n    1\n", "", "Invalid: no. (at ['a']['b'])"),
        ("=== Caught downstream error ===\nNo.\nNever.\n---\nReport it", "", "", "No. Never."),
        ("=== Unhandled exception ===", "Trace\n  File x\n    y()\nError: why\nnot\n", "", "Error: why not"),
        (
            "x",
            "",
            "T ERROR: THESE DO NOT MATCH.\nT     six from x:\nT         Got 1\nT Exception information:\nT Trace\n",
            "pip could not install requirements.txt: THESE DO NOT MATCH. six from x: Got 1",
        ),
        (
            "x",
            "",
            "T ERROR: There is no six==0.\nT ERROR: There is no six==0.\n",
            "pip could not install requirements.txt: There is no six==0.",
        ),
        (
            "x",
            "",
            "T WARNING: Retrying after NewConnectionError: [Errno -3] Temporary failure in name resolution\n"
            "T ERROR: No matching distribution found for six\n",
            "pip can't reach its package index (Temporary failure in name resolution), from which it installs "
            "requirements.txt: check the network, and the proxy and the index in pip's configuration "
            "(`pip config list`).",
        ),
        ("y" * 3000, "", "", f"{'y' * 1000} ... (3000 characters)"),
    ],
)
def test_why_it_failed_is_a_sentence(
    stand_in: Path, tmp_path: Path, output: str, log: str, pip_log: str, reason: str
) -> None:
    """The reason comes from cfn's output, cfn's log or pip's log, and a long text is cut."""
    stand_in.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit 1\n" if output else "#!/bin/sh\nexit 1\n")
    for name, text in (("rpdk.log", log), ("pip.log", pip_log)):
        (tmp_path / "project" / name).write_text(text)
    with pytest.raises(PackagerError) as failure:
        cfn.run(["submit", "--dry-run"], tmp_path / "project")
    assert str(failure.value) == f"cfn submit failed. {reason}"


def test_an_interrupt_ends_cfn_and_what_it_runs(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C during a build ends cfn and pip, even if they ignore SIGTERM."""
    stand_in.write_text("#!/bin/sh\ntrap '' TERM\nsleep 60 &\necho $!\necho $$\nwait; wait\n")
    numbers: list[int] = []

    def interrupt(line: str) -> None:
        numbers.append(int(line))
        if len(numbers) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(cfn, "PATIENCE", 0.2)
    with pytest.raises(KeyboardInterrupt):
        cfn.run(["submit"], tmp_path / "project", progress=interrupt)
    for number in numbers:
        wait_until_ended(number)


def test_cfn_starts_without_cfn_lint(tmp_path: Path) -> None:
    """Cfn starts without cfn-lint and what it imports, and no file of the project hides one of cfn's modules."""
    (tmp_path / "yaml.py").write_text("raise SystemExit(1)")
    result = cfn.call(["--version"], tmp_path, {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"})
    assert result.code == 0
    assert [line for line in result.lines if not line.startswith("import time:")] == [
        f"cfn {importlib.metadata.version('cloudformation-cli')}"
    ]
    imported = {line.rpartition("|")[2].strip() for line in result.lines}
    assert "rpdk.core.project" in imported
    assert not {"cfnlint", "sympy", "networkx"} & imported


def test_fragments_are_linted_as_ever(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When cfn calls its printer of cfn-lint's warnings, the real one is imported and called."""
    real: Any = ModuleType(cfn_main.PRINTER)
    printed: list[Path] = []
    real.print_cfn_lint_warnings = printed.append
    monkeypatch.setitem(sys.modules, cfn_main.PRINTER, real)  # restores what was there
    cfn_main.postpone_cfn_lint()
    monkeypatch.setattr(importlib, "import_module", {cfn_main.PRINTER: real}.__getitem__)
    sys.modules[cfn_main.PRINTER].print_cfn_lint_warnings(tmp_path)
    assert printed == [tmp_path]
    assert cfn_main.PRINTER not in sys.modules
