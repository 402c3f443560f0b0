"""Runs the real cfn, and says in one paragraph why it failed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from publishing.errors import PublishingError

LOG_FILE = "rpdk.log"
_PIP_LOG = "pip.log"


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
    """What cfn, or the pip that it ran, knows about its failure (`rpdk/core/cli.py` prints three kinds)."""
    pip_log = project / _PIP_LOG
    pip_errors = [
        line.partition("ERROR: ")[2]
        for line in (pip_log.read_text().splitlines() if pip_log.exists() else [])
        if "ERROR: " in line
    ]
    if pip_errors:
        return "pip could not install requirements.txt: " + " ".join(pip_errors)
    if "=== Caught downstream error ===" in lines:
        start = lines.index("=== Caught downstream error ===") + 1
        end = lines.index("---", start) if "---" in lines[start:] else len(lines)
        return " ".join(lines[start:end])
    if "=== Unhandled exception ===" in lines:  # the traceback is in the log only; its last line is the exception
        return (project / LOG_FILE).read_text().rstrip().rpartition("\n")[2]
    return next((line for line in reversed(lines) if line), "It said nothing.")
