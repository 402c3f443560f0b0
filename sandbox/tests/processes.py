"""Find a function's processes by their working folder, and wait until processes end."""

import time
from pathlib import Path


def processes_in(folder: Path) -> dict[int, str]:
    """Return the programs that run in a folder, by process ID."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found[int(process.name)] = Path((process / "cmdline").read_text().split("\0")[0]).name
        except OSError:  # it ended, or belongs to another user
            continue
    return found


def emulator_in(folder: Path) -> int:
    """Return the process ID of the emulator that works in a folder."""
    (emulator,) = [pid for pid, program in processes_in(folder).items() if program.startswith("aws-lambda-rie")]
    return emulator


def wait_until_gone(folder: Path) -> None:
    """Wait until no process works in a folder; fail after 10 s. The kernel removes an ended process with a delay."""
    deadline = time.monotonic() + 10
    while remaining := processes_in(folder):
        assert time.monotonic() < deadline, remaining
        time.sleep(0.01)


def wait_until_ended(number: int) -> None:
    """Wait until a process has ended; fail after 10 s. A zombie (state Z in proc(5)) has ended."""
    deadline = time.monotonic() + 10
    while True:
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:  # the kernel has removed it
            return
        if state == "Z":
            return
        assert time.monotonic() < deadline, f"process {number} is {state}"
        time.sleep(0.01)


def descendants(pid: int) -> list[int]:
    """Return the descendants of a process that still run."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            running = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
            found += [*([child] if running else []), *descendants(child)]
    return found
