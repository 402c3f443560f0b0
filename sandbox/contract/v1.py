"""AWS's contract suite, `cfn test`, against a project's packaged handler in the emulator."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager import cfn
from packager.package import copy_project, package
from sandbox import SandboxError
from sandbox.account import LOOPBACK, Account, bare_environment
from sandbox.contract.proxy import AUTHORITY
from sandbox.function import Function
from sandbox.process import running

# pytest's closing line, of which cfn prints one for each set of inputs.
_SUMMARY = re.compile(r"^=+ (?P<counts>.*\d+ \w+.*) in [\d.]+s.* =+$", re.MULTILINE)


@dataclass(frozen=True)
class Counts:
    """How one set of inputs fared."""

    passed: int = 0
    skipped: int = 0
    failed: int = 0
    """Errors around a test included."""


@dataclass(frozen=True)
class Result:
    """What the suite said: its counts for each set of inputs in their order, its exit code and all that it wrote.

    cfn stops after the first set in which a test fails.
    """

    sets: tuple[Counts, ...]
    exit_code: int
    output: str


def run(project: Path, cache: Path | None = None, language: str | None = None, python: Path | None = None) -> Result:
    """Package a project and run the contract suite against it, with an account of its own.

    Args:
        project: the folder with .rpdk-config and, for cfn, inputs/.
        cache: where packages are kept (see sandbox.function.package).
        language: cfn's language plugin, instead of the one that .rpdk-config names.
        python: the interpreter of the function (see sandbox.function.Function).

    Raises:
        SandboxError: the package can't be made, or the function or the suite's proxy not be started.
    """
    packaged = package(project, cache, language)
    with (
        Account() as account,
        Function(packaged, account, python=python) as function,
        _proxy() as proxy,
        _scratch(project) as copy,
    ):
        environment = bare_environment() | account.environment() | proxy | {"HOME": str(copy)}
        suite = cfn.call(
            [
                "test",
                *("--endpoint", function.endpoint),
                *("--function-name", function.name),
                *("--region", account.region),
                *("--", "-o", "log_cli=false"),  # for pytest: without it, every model passes by several times
            ],
            copy,
            environment,
        )
        log = function.log
    said = "\n".join(suite.lines)
    sets = tuple(_counts(summary["counts"]) for summary in _SUMMARY.finditer(said))
    return Result(sets, suite.code, f"{said}\n{log}")


def _counts(summary: str) -> Counts:
    counts = {kind.removesuffix("s"): int(number) for number, kind in re.findall(r"(\d+) (\w+)", summary)}
    return Counts(counts.get("passed", 0), counts.get("skipped", 0), counts.get("failed", 0) + counts.get("error", 0))


@contextmanager
def _scratch(project: Path) -> Iterator[Path]:
    """A copy of the project to run in: cfn and pytest write into their working directory."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        copy_project(project, Path(folder))
        yield Path(folder)


@contextmanager
def _proxy() -> Iterator[dict[str, str]]:
    """Variables that lead a client of AWS's real host names to moto.

    cfn test asks STS at its real host name who it is, whatever AWS_ENDPOINT_URL says
    (rpdk/core/boto_helpers.py, get_service_endpoint).
    """
    command: list[str | Path] = [sys.executable, "-m", "sandbox.contract.proxy", "--host", LOOPBACK, "--port", "0"]
    with running(command, os.environ | {"PYTHONUNBUFFERED": "1"}, subprocess.PIPE) as process:
        said = b"".join(process.stdout.readline() for _ in range(2)) if process.stdout else b""
        address = re.search(rf"{re.escape(LOOPBACK)}:\d+", said.decode())
        if address is None:
            raise SandboxError(f"moto's proxy did not start: {said.decode()}")
        yield {"HTTPS_PROXY": f"http://{address[0]}", "AWS_CA_BUNDLE": AUTHORITY}
