"""The search for Lambda's interpreter finds an installed one and accepts nothing else."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cfn_sandbox.packaging import bytecode

VERSION = "9.9"


@pytest.fixture(autouse=True)
def limited_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the search to this test's folders."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.delenv("UV_PYTHON_INSTALL_DIR", raising=False)


def write_command(path: Path, answer: str) -> Path:
    """Write a command that runs a shell line instead of Python, for example to print a version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "place",
    [
        "one/python9.9",
        "two/python9.9",
        "pyenv/versions/9.9.2/bin/python9.9",
        "share/uv/python/cpython-9.9.1-x/bin/python9.9",
    ],
)
def test_it_is_found_on_the_path_and_among_pyenvs_and_uvs(tmp_path: Path, place: str) -> None:
    """An interpreter is found in each usual place by its usual file name."""
    assert bytecode.interpreter(VERSION) is None
    interpreter = write_command(tmp_path / place, f"echo cpython {VERSION}")
    assert bytecode.interpreter(VERSION) == interpreter


def test_uv_interpreters_are_found_in_its_configured_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search reads UV_PYTHON_INSTALL_DIR, as `uv python install` does."""
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "elsewhere"))
    interpreter = write_command(tmp_path / "elsewhere/cpython-9.9.1-x/bin/python9.9", f"echo cpython {VERSION}")
    assert bytecode.interpreter(VERSION) == interpreter


@pytest.mark.parametrize("answer", ["exit 127", "echo cpython 3.12", f"echo pypy {VERSION}"])
def test_what_only_has_its_name_is_passed_over(tmp_path: Path, answer: str) -> None:
    """A pyenv shim of an inactive version, another version and another implementation are skipped."""
    write_command(tmp_path / "one" / "python9.9", answer)
    assert bytecode.interpreter(VERSION) is None
    interpreter = write_command(tmp_path / "two" / "python9.9", f"echo cpython {VERSION}")
    assert bytecode.interpreter(VERSION) == interpreter


def test_the_running_interpreter_comes_first(tmp_path: Path) -> None:
    """If the running Python has the right version, the search returns it."""
    version = "{}.{}".format(*sys.version_info)
    write_command(tmp_path / "one" / f"python{version}", f"echo cpython {version}")
    assert bytecode.interpreter(version) == Path(sys.executable)


def test_a_folder_that_cannot_be_read_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pyenv's folder can be another user's, for example in a container; then it has no interpreter for this user."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", str(tmp_path))
    real_glob = Path.glob

    def glob(self: Path, pattern: str) -> Iterator[Path]:
        if self == tmp_path / "pyenv":
            raise PermissionError(13, "Permission denied")
        return iter(real_glob(self, pattern))

    monkeypatch.setattr(Path, "glob", glob)
    assert bytecode.interpreter("3.1") is None


def test_a_program_that_cannot_be_run_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with an interpreter's name that the system can't run, for example for another machine, is none."""
    (tmp_path / "python3.1").write_bytes(b"\x7fELF and no more")
    (tmp_path / "python3.1").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bytecode.interpreter("3.1") is None
