"""`make bench-sandbox`: the time of what people wait for in the sandbox; results in SANDBOX.md.

Each row is the median of some rounds: the time by the clock, and the CPU time of the command with all its processes.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tools.benchmarks import measure

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("SANDBOX.md")
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Row:
    """Something that people wait for.

    Args:
        name: what it is.
        command: runs it.
        wanted: the seconds that it may take by the clock, on two quiet cores; None if nobody named a figure.
    """

    name: str
    command: Sequence[str | Path]
    wanted: float | None = None


@dataclass(frozen=True)
class Cost:
    """The cost of a command, in seconds."""

    wall: float
    cpu: float


def rows() -> list[Row]:
    """Return the rows whose cost is that of a whole command."""
    sandbox = PROGRAMS / "cfn-sandbox"
    return [
        Row("`cfn-sandbox run -- true`, packaged before", [sandbox, "run", "--", "true"], 1.5),
        Row("`make demo`, set up before", [sys.executable, "-m", "tools.sagemaker"]),
        Row("AWS's schema rules", [sandbox, "test", "--suite", "lint"], 2),
        Row("contract suite v2, this type", [sandbox, "test", "--suite", "v2"], 5),
        Row("contract suite v1, this type", [sandbox, "test", "--suite", "v1"], 10),
    ]


def cost(command: Sequence[str | Path]) -> Cost:
    """Run a command in the project's folder, and return what it cost.

    Args:
        command: the program and its arguments.

    Raises:
        RuntimeError: the command failed; with the end of its output.
    """
    with tempfile.TemporaryFile() as output:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        code = subprocess.run(command, cwd=ROOT, stdout=output, stderr=output, check=False).returncode
        wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if code:
            output.seek(0)
            end = output.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {code}:\n{end}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each of the two times."""
    return Cost(statistics.median(one.wall for one in costs), statistics.median(one.cpu for one in costs))


def stack_rows(rounds: int) -> list[tuple[Row, Cost]]:
    """Return the rows of stack operations, which one process measures (tools/benchmarks/stack_operations.py)."""
    command = [sys.executable, "-m", "tools.benchmarks.stack_operations", str(rounds)]
    completed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return [(Row(name, command, wanted), Cost(wall, cpu)) for name, wanted, wall, cpu in json.loads(completed.stdout)]


def table(costs: Sequence[tuple[Row, Cost]], rounds: int) -> str:
    """Return the page with the results."""
    lines = [
        f"| {row.name} | {one.wall:.2f} | {one.cpu:.2f} | {'-' if row.wanted is None else f'{row.wanted:g}'} |"
        for row, one in costs
    ]
    return "\n".join(
        [
            "# What people wait for in the sandbox",
            "",
            f"`make bench-sandbox`, {datetime.now(UTC):%-d %B %Y}, {measure.kind_of_machine()}. Medians"
            f" of {rounds} rounds, in seconds; CPU time is that of the command with all its processes.",
            "",
            "| | by the clock | CPU | wanted, by the clock |",
            "|---|---:|---:|---:|",
            *lines,
            "",
        ]
    )


def main(tell: Callable[[str], object] = print) -> None:
    """Measure every row, and write the page.

    Args:
        tell: shows a line.
    """
    parser = argparse.ArgumentParser(prog="make bench-sandbox", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each row runs (default: 3)")
    rounds: int = parser.parse_args().rounds
    costs: list[tuple[Row, Cost]] = []
    for row in rows():
        tell(row.name)
        cost(row.command)  # what is cached from now on isn't what is measured
        costs.append((row, median([cost(row.command) for _ in range(rounds)])))
    tell("stack operations")
    costs += stack_rows(rounds)
    text = table(costs, rounds)
    RESULTS.write_text(text, encoding="utf-8")
    tell(f"written: {RESULTS.relative_to(ROOT)}\n\n{text}")


if __name__ == "__main__":
    main()
