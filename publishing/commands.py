"""Runs the real cfn, and says in a sentence why it failed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from publishing.errors import PublishingError

LOG_FILE = "rpdk.log"
_PIP_LOG = "pip.log"
_PIP_ERROR = re.compile(r"\bERROR: (.+)$", re.MULTILINE)
_CRITICAL = re.compile(r"^\[.*?\] CRITICAL - (.+)$", re.MULTILINE)
_DOWNSTREAM = "=== Caught downstream error ==="
_UNHANDLED = "=== Unhandled exception ==="


def run_cfn(arguments: Sequence[str], project: Path, progress: Callable[[str], None]) -> list[str]:
    """Run `cfn` in a project and give the lines that it printed.

    Args:
        arguments: The subcommand and its options.
        project: The project's folder, where cfn leaves its log.
        progress: Called with each line as it comes, save those that only a failure has.

    Raises:
        PublishingError: It failed; with its reason.
    """
    # cfn finds pip by PATH, and has to find that of its own environment. What pip says it throws away:
    # PIP_LOG keeps it.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path, "PIP_LOG": str(project / _PIP_LOG)}
    lines: list[str] = []
    failing = False
    with subprocess.Popen(
        ["cfn", *arguments],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe: this is for mypy
            for line in process.stdout:
                lines.append(line.rstrip())
                failing = failing or line.startswith("===")
                if not failing:
                    progress(lines[-1])
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise PublishingError(f"cfn {arguments[0]} failed. {_reason(lines, project)}")
    return lines


def _reason(lines: list[str], project: Path) -> str:
    """What cfn, or the pip that it ran, knows about its failure: `rpdk/core/cli.py` reports three kinds."""
    pip_errors = _PIP_ERROR.findall(_text(project / _PIP_LOG))
    if pip_errors:
        return "pip could not install requirements.txt: " + " ".join(pip_errors)
    if _DOWNSTREAM in lines:
        told = lines[lines.index(_DOWNSTREAM) + 1 :]
        return " ".join(told[: told.index("---")])
    log = _text(project / LOG_FILE).rstrip()
    if _UNHANDLED in lines:  # the traceback is in the log alone; below its last indented line is the exception
        return " ".join(log.rpartition("\n  ")[2].splitlines()[1:])
    critical = _CRITICAL.findall(log)
    return critical[-1] if critical else " ".join(lines)


def _text(file: Path) -> str:
    """What is in a file that need not be there."""
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
