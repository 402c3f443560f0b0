"""Byte code for Lambda's interpreter, compiled by the same version of Python if that is installed.

Lambda's /var/task is read-only, so a package without byte code is compiled at every cold start. Python uses
unchecked-hash files (PEP 552) without comparing them with the sources. The sources stay in the package, for tracebacks
and for other versions of Python, which ignore the byte code.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

__all__ = ["ADVICE", "LAMBDA", "compile_tree", "interpreter"]

LAMBDA = "3.12"
"""The version of Lambda's interpreter in python3.12, the newest runtime that cfn knows."""

ADVICE = (
    f"There is no Python {LAMBDA} here, so the package has no byte code: Lambda compiles every module at each cold "
    "start, which then takes about three times as long (2,457 instead of 744 million instructions). "
    f"`uv python install {LAMBDA}` installs one next to the system's (https://docs.astral.sh/uv); then package again."
)
"""The message if the interpreter is missing. Its figures are those of a cold CREATE of the small package, without and
with byte code, counted by `tools.benchmarks.play` on 24 November 2026."""

_FULL_VERSION = "import sys; print(sys.version)"
_VERSION = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"


def interpreter(version: str) -> Path | None:
    """Return a CPython of a version: the running one, one on the PATH, pyenv's or uv's; None if there is none.

    Args:
        version: Major and minor version, such as 3.12.
    """
    return next((path for path in _candidates(version) if _runs_version(path, version)), None)


def full_version(python: Path) -> str:
    """Return an interpreter's version with its build, because another build can write other bytes."""
    return subprocess.run([python, "-I", "-S", "-c", _FULL_VERSION], capture_output=True, text=True, check=True).stdout


def compile_tree(root: Path, python: Path) -> None:
    """Compile every module below a directory into its __pycache__; the same input gives the same bytes.

    Args:
        root: The directory.
        python: The interpreter that compiles, and that the byte code is for.

    Raises:
        subprocess.CalledProcessError: A module doesn't compile; the standard output names it.
    """
    modules = sorted(str(path.relative_to(root)) for path in root.rglob("*.py"))
    # A fixed hash seed and one process in a fixed order make the bytes of sets and shared strings repeatable.
    # Tracebacks in the function show these relative paths.
    subprocess.run(
        [python, "-S", "-s", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash", "-i", "-"],
        cwd=root,
        env={"PYTHONHASHSEED": "0"},
        input="\n".join(modules),
        capture_output=True,
        text=True,
        check=True,
    )


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    yield Path(sys.executable)
    yield from (Path(folder, name) for folder in os.get_exec_path())
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    for folder, pattern in ((pyenv, f"versions/{version}.*/bin/{name}"), (uv, f"cpython-{version}.*/bin/{name}")):
        with suppress(OSError):  # this user can't read it, for example in a container with somebody else's home
            yield from sorted(folder.glob(pattern))


def _runs_version(path: Path, version: str) -> bool:
    """Return whether a file runs a CPython of a version: pyenv has shims for versions that they can't run."""
    if not os.access(path, os.X_OK):
        return False
    if path == Path(sys.executable):
        return _is_here(version)
    return _answers(path, version, path.stat().st_mtime_ns)


def _is_here(version: str) -> bool:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (sys.implementation.name, here) == ("cpython", version)


@cache
def _answers(path: Path, version: str, _changed: int) -> bool:
    """Ask a program whether it is a CPython of a version, once as long as the file is the same."""
    try:
        result = subprocess.run([path, "-I", "-S", "-c", _VERSION], capture_output=True, text=True, check=False)
    except OSError:  # it can't be run, for example because its loader is missing
        return False
    return result.stdout.split() == ["cpython", version]
