"""Runs the real cfn, and reports the reason of a failure in one sentence."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cfn_sandbox.packaging import PackagerError

__all__ = ["LOGS", "run"]

LOG_FILE, PIP_LOG = "rpdk.log", "pip.log"
LOGS = (LOG_FILE, PIP_LOG)
"""The logs that cfn and its pip leave in the folder where it runs."""

PATIENCE = 10
"""Seconds that cfn gets to end after SIGTERM."""

# Every line of pip's log begins with the time. An error's text goes on until its traceback or the next message.
_PIP_TIME = re.compile(r"^\S+ ", re.MULTILINE)
_PIP_ERROR = re.compile(
    r"^ *ERROR: (.+?)(?=^ *(?:ERROR|WARNING): |^ *Exception information:|\Z)", re.MULTILINE | re.DOTALL
)
_NO_NETWORK = re.compile(
    "Temporary failure in name resolution|Name or service not known|Network is unreachable|Connection refused|"
    "No route to host|Connection timed out|Cannot connect to proxy|Read timed out"
)
_CRITICAL = re.compile(r"^\[.*?\] CRITICAL - (.+)$", re.MULTILINE)
_INSTANCE = re.compile(r"^On instance(\[.+):$", re.MULTILINE)  # jsonschema's line for the error's place in the schema
_DOWNSTREAM = "=== Caught downstream error ==="
_UNHANDLED = "=== Unhandled exception ==="
_LONGEST = 1000  # characters of a reason: cfn's message about a schema ends with the whole schema


@dataclass(frozen=True)
class Result:
    """The exit code of a cfn that ended, and the lines that it wrote to its two streams."""

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
        folder: The project's folder, where cfn and pip write their logs.
        environment: cfn's environment variables, by default this process's. Our programs come first in its PATH.
        progress: Called with each line as it arrives, except the lines of a failure.

    Raises:
        PackagerError: cfn is not installed, or it failed; with its reason.
    """
    result = call(arguments, folder, environment, progress)
    if result.code:
        raise PackagerError(f"cfn {arguments[0]} failed. {_reason(result, folder)}")
    return result.lines


def call(
    arguments: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Run `cfn` as `run` does, and return its end, for a subcommand whose failure is a result, such as `cfn test`.

    Ctrl-C and every other exception end cfn and the pip that it runs.

    Args:
        arguments: As for `run`.
        folder: As for `run`.
        environment: As for `run`.
        progress: As for `run`.

    Raises:
        PackagerError: cfn is not installed.
    """
    lines: list[str] = []
    failing = False
    with start(arguments, folder, environment) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            failing = failing or line.startswith("===")
            if progress and not failing:
                progress(lines[-1])
        process.wait()
    return Result(process.returncode, lines)


@contextmanager
def start(
    arguments: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    program: str = "cfn_sandbox.packaging.cfn_main",
) -> Iterator[subprocess.Popen[str]]:
    """Start `cfn` with its output in a pipe; when the block ends, end cfn and its pip if they still run.

    Args:
        arguments: As for `run`.
        folder: As for `run`.
        environment: As for `run`.
        program: The module that runs cfn's own `main`.

    Raises:
        PackagerError: cfn is not installed.
    """
    programs = Path(sys.executable).parent
    cfn, pip = (shutil.which(name, path=str(programs)) for name in ("cfn", "pip"))
    if cfn is None or pip is None:
        missing = "pip" if cfn else "cfn"
        raise PackagerError(f"There is no {missing} in {programs}: install cfn-sandbox with its dependencies.")
    variables = dict(os.environ if environment is None else environment)
    # cfn runs the first pip on the PATH, which must be the one installed with cfn. cfn drops pip's output, so PIP_LOG
    # keeps it.
    variables["PATH"] = os.pathsep.join([str(programs), variables.get("PATH", os.defpath)])
    variables["PIP_LOG"] = str(folder / PIP_LOG)
    with subprocess.Popen(
        [sys.executable, "-P", "-m", program, *arguments],  # -P: no file of the project hides a module of cfn
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
                _terminate(process)


def _terminate(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.terminate()  # there are no process groups
        return
    with suppress(ProcessLookupError):  # it ended in the meantime
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _reason(result: Result, folder: Path) -> str:
    """Return the reason of a failure from pip's log, or from one of the three reports of `rpdk/core/cli.py`."""
    pip_log = _text(folder / PIP_LOG)
    pip_errors = _PIP_ERROR.findall(_PIP_TIME.sub("", pip_log))
    if pip_errors and (no_network := _NO_NETWORK.search(pip_log)):
        return (
            f"pip can't reach its package index ({no_network[0]}), from which it installs requirements.txt: check the "
            "network, and the proxy and the index in pip's configuration (`pip config list`)."
        )
    if pip_errors:
        # A second attempt has the same errors.
        once = dict.fromkeys(" ".join(error.split()) for error in pip_errors)
        return _cut("pip could not install requirements.txt: " + " ".join(once))
    if _DOWNSTREAM in result.lines:
        report = result.lines[result.lines.index(_DOWNSTREAM) + 1 :]
        return _cut(" ".join(report[: report.index("---")]))
    log = _text(folder / LOG_FILE).rstrip()
    if _UNHANDLED in result.lines:  # only the log has the traceback, and the exception follows its last indented line
        return _cut(" ".join(log.rpartition("\n  ")[2].splitlines()[1:]))
    critical = _CRITICAL.findall(log)
    if not critical:
        return _cut(" ".join(result.lines) or f"It said nothing (exit code {result.code}).")
    where = _INSTANCE.findall(log)
    return _cut(critical[-1] + (f" (at {where[-1]})" if where else ""))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text)} characters)"


def _text(file: Path) -> str:
    """Return the text of a file, or an empty text if it doesn't exist."""
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
