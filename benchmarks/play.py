"""Plays events to a package in its own process (driver.py), with the services' stand-in, and reads the costs."""

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

from benchmarks.service import REGION, Service
from packager import certificates

DRIVER = Path(__file__).with_name("driver.py")
ENTRY_POINT = "aws_sagemaker_modelqualityjobdefinition.handlers.resource"
VALGRIND = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]


@dataclass(frozen=True)
class Played:
    """What a process cost that imported a handler and answered some events.

    Attributes:
        imported: CPU seconds until the handler was imported.
        cpu: CPU seconds of the whole process.
        wall: Seconds that it ran.
        walls: Seconds that each event took.
        cpus: CPU seconds that each event took.
        residents: The resident set in KiB after some of the events, by how many there had been.
        peak: The largest resident set until the first answer, in KiB.
        modules: How many modules were imported in the end.
        first: The first answer.
        last: The last one; playing ends with a failure.
        instructions: How many the process executed, where they were counted.
        log: What the process wrote to standard error.
    """

    imported: float
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
    """Unzip a package as Lambda does; return the directory.

    Args:
        package: What `cfn submit --dry-run` wrote.
        directory: Where to.
    """
    with zipfile.ZipFile(package) as outer, outer.open("ResourceProvider.zip") as inner:
        zipfile.ZipFile(inner).extractall(directory)
    return directory


def trust(package: Path, authority: str) -> None:
    """Add a certificate authority (PEM) to those that an unpacked package trusts."""
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
) -> Played:
    """Play events to an unpacked package, with nothing but the standard library next to it.

    Args:
        package: The unpacked package.
        events: What the handler is called with, one after the other.
        service: What all its connections lead to.
        python: The interpreter.
        count: Whether to count instructions; takes fifty times as long.
        environment: More variables.

    Raises:
        RuntimeError: The process ended before its time; with what it wrote.
    """
    with tempfile.TemporaryDirectory() as scratch:
        lines, report = Path(scratch, "events"), Path(scratch, "report")
        lines.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
        start = time.perf_counter()
        done = subprocess.run(
            [
                *(VALGRIND if count else ()),
                *(python, "-S", "-s", DRIVER, package, ENTRY_POINT, str(service.port), lines, report),
                *(("patiently",) if count else ()),
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
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(done.stderr)
        told = json.loads(report.read_text(encoding="utf-8"))
    told["residents"] = {int(number): size for number, size in told["residents"].items()}
    counted = re.search(r"I +refs: +([\d,]+)", done.stderr)
    instructions = int(counted[1].replace(",", "")) if count and counted else None
    return Played(**told, wall=wall, instructions=instructions, log=done.stderr)
