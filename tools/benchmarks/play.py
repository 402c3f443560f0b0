"""Plays events to a package in a separate process (driver.py), with the services' stand-in, and returns the costs."""

import json
import re
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfn_sandbox.packaging import certificates
from tools.benchmarks import share
from tools.benchmarks.service import REGION, Service

DRIVER = Path(__file__).with_name("driver.py")
ENTRY_POINT = "aws_sagemaker_modelqualityjobdefinition.handlers.resource"
VALGRIND = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]


@dataclass(frozen=True)
class Run:
    """The costs of a process that imported a handler and answered events.

    Attributes:
        imported: CPU seconds until the handler was imported, the interpreter's start included.
        imported_wall: Seconds that the imports took.
        cpu: CPU seconds of the whole process.
        wall: Seconds that the process ran.
        walls: Seconds that each event took.
        cpus: CPU seconds that each event took.
        residents: The resident set in KiB after a number of events, by that number.
        peak: The largest resident set until the first answer, in KiB.
        modules: The number of imported modules at the end.
        first: The first answer.
        last: The last answer; the first failure ends the process.
        instructions: The number of executed instructions, or None if they were not counted.
        log: The process's standard error.
    """

    imported: float
    imported_wall: float
    cpu: float
    wall: float
    walls: list[float]
    cpus: list[float]
    residents: dict[int, int]
    peak: int
    modules: int
    first: dict[str, Any] | None
    last: dict[str, Any] | None
    instructions: int | None
    log: str


def unpack(package: Path, directory: Path) -> Path:
    """Unzip a package's function as Lambda does, and return the directory.

    Args:
        package: The zip that `cfn submit --dry-run` wrote.
        directory: The directory to write into.
    """
    with zipfile.ZipFile(package) as outer, outer.open("ResourceProvider.zip") as inner:
        zipfile.ZipFile(inner).extractall(directory)
    return directory


def trust(package: Path, authority: str) -> None:
    """Make an unpacked package trust one more certificate authority (PEM)."""
    bundle = package / "certifi" / "cacert.pem"
    with bundle.open("a", encoding="utf-8") as file:
        file.write(authority)
    directory = bundle.with_name(certificates.DIRECTORY)
    if directory.is_dir():
        certificates.add(directory, authority)


def play(
    package: Path,
    events: Iterable[dict[str, Any]],
    service: Service,
    python: Path,
    *,
    count: bool = False,
    environment: dict[str, str] | None = None,
    group: share.Group | None = None,
) -> Run:
    """Play events to an unpacked package, with only the standard library next to it.

    Args:
        package: The unpacked package.
        events: The events for the handler, in order.
        service: The stand-in that answers all its connections.
        python: The interpreter.
        count: Whether to count instructions, which takes fifty times as long.
        environment: Additional environment variables.
        group: The group to run in. It is limited between the imports and the first event.

    Raises:
        RuntimeError: The process failed; with its standard error.
    """
    with tempfile.TemporaryDirectory() as scratch:
        lines, report = Path(scratch, "events"), Path(scratch, "report")
        lines.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
        start = time.perf_counter()
        with subprocess.Popen(
            [
                *(group.prefix if group else ()),
                *(VALGRIND if count else ()),
                *(python, "-S", "-s", DRIVER, package, ENTRY_POINT, str(service.port), lines, report),
                *(("patiently",) if count else ()),
                *(("announced",) if group else ()),
            ],
            env={
                "AWS_DEFAULT_REGION": REGION,
                "AWS_REGION": REGION,
                "HOME": scratch,
                "LANG": "en_US.UTF-8",
                "PATH": "/usr/bin:/bin",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONHASHSEED": "0",
                **(environment or {}),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            if group and process.stdout and process.stdout.readline():
                group.limit()
            _, log = process.communicate("\n")
        wall = time.perf_counter() - start
        if process.returncode:
            raise RuntimeError(log)
        costs = json.loads(report.read_text(encoding="utf-8"))
    costs["residents"] = {int(number): size for number, size in costs["residents"].items()}
    match = re.search(r"I +refs: +([\d,]+)", log)
    instructions = int(match[1].replace(",", "")) if count and match else None
    return Run(**costs, wall=wall, instructions=instructions, log=log)
