"""Runs the real cfn, and says in a sentence why it failed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from packager import PackagerError

LOG_FILE, PIP_LOG = "rpdk.log", "pip.log"
LOGS = (LOG_FILE, PIP_LOG)
"""The logs that cfn and its pip leave in the folder where it runs."""

PATIENCE = 10
"""Seconds that cfn has to end after it was told to."""

# pip's log has the time on every line; what belongs to an error follows it, up to its traceback or the next one.
_PIP_TIME = re.compile(r"^\S+ ", re.MULTILINE)
_PIP_ERROR = re.compile(
    r"^ *ERROR: (.+?)(?=^ *(?:ERROR|WARNING): |^ *Exception information:|\Z)", re.MULTILINE | re.DOTALL
)
_CRITICAL = re.compile(r"^\[.*?\] CRITICAL - (.+)$", re.MULTILINE)
_INSTANCE = re.compile(r"^On instance(\[.+):$", re.MULTILINE)  # jsonschema's: where in the schema it found the error
_DOWNSTREAM = "=== Caught downstream error ==="
_UNHANDLED = "=== Unhandled exception ==="
_LONGEST = 1000  # characters of a reason: cfn's complaint about a schema goes on with all of the schema


@dataclass(frozen=True)
class Ended:
    """A cfn that has ended: its exit code, and the lines that it wrote to both of its streams."""

    code: int
    lines: list[str]


def run(
    arguments: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[str]:
    """Run `cfn` in a project and return the lines that it printed.

    Args:
        arguments: The subcommand and its options.
        folder: The project's folder. cfn leaves its log there, and pip its own.
        environment: The variables that cfn sees; this process's unless given. PATH gets our programs put first.
        progress: Called with each line as it comes, except those that only a failure has.

    Raises:
        PackagerError: There is no cfn, or it failed; with its reason.
    """
    ended = call(arguments, folder, environment, progress)
    if ended.code:
        raise PackagerError(f"cfn {arguments[0]} failed. {_reason(ended, folder)}")
    return ended.lines


def call(
    arguments: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Ended:
    """Run `cfn` as `run` does, and return how it ended: for a subcommand whose failure is an answer, as of `cfn test`.

    Ctrl-C, or any other exception, ends cfn and the pip that it runs.

    Args:
        arguments: As for `run`.
        folder: As for `run`.
        environment: As for `run`.
        progress: As for `run`.

    Raises:
        PackagerError: There is no cfn.
    """
    lines: list[str] = []
    failing = False
    with started(arguments, folder, environment) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            failing = failing or line.startswith("===")
            if progress and not failing:
                progress(lines[-1])
        process.wait()
    return Ended(process.returncode, lines)


@contextmanager
def started(
    arguments: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start `cfn`, its output in a pipe, and end it and the pip that it runs with the block, if they still run.

    Args:
        arguments: As for `run`.
        folder: As for `run`.
        environment: As for `run`.

    Raises:
        PackagerError: There is no cfn.
    """
    programs = Path(sys.executable).parent
    if not (programs / "cfn").exists():
        raise PackagerError(f"There is no cfn in {programs}: `make setup` installs it.")
    variables = dict(os.environ if environment is None else environment)
    # cfn runs the first pip on the PATH: that has to be the one installed with cfn. What pip says it throws away:
    # PIP_LOG keeps it.
    variables["PATH"] = os.pathsep.join([str(programs), variables.get("PATH", os.defpath)])
    variables["PIP_LOG"] = str(folder / PIP_LOG)
    with subprocess.Popen(
        [programs / "cfn", *arguments],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # to end cfn and pip together
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _reason(ended: Ended, folder: Path) -> str:
    """What cfn, or the pip that it ran, knows about its failure: `rpdk/core/cli.py` reports three kinds."""
    pip_errors = _PIP_ERROR.findall(_PIP_TIME.sub("", _text(folder / PIP_LOG)))
    if pip_errors:
        return _cut("pip could not install requirements.txt: " + " ".join(" ".join(pip_errors).split()))
    if _DOWNSTREAM in ended.lines:
        told = ended.lines[ended.lines.index(_DOWNSTREAM) + 1 :]
        return _cut(" ".join(told[: told.index("---")]))
    log = _text(folder / LOG_FILE).rstrip()
    if _UNHANDLED in ended.lines:  # the traceback is in the log alone; below its last indented line is the exception
        return _cut(" ".join(log.rpartition("\n  ")[2].splitlines()[1:]))
    critical = _CRITICAL.findall(log)
    if not critical:
        return _cut(" ".join(ended.lines) or f"It said nothing (exit code {ended.code}).")
    where = _INSTANCE.findall(log)
    return _cut(critical[-1] + (f" (at {where[-1]})" if where else ""))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text)} characters)"


def _text(file: Path) -> str:
    """What is in a file that need not be there."""
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
