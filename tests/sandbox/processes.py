"""The processes of a function, found by the folder that they work in."""

import time
from pathlib import Path


def processes_in(folder: Path) -> dict[int, str]:
    """The processes that work in a folder: what each runs, by its number."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found[int(process.name)] = Path((process / "cmdline").read_text().split("\0")[0]).name
        except OSError:  # it ended, or is not ours to look at
            continue
    return found


def emulator_in(folder: Path) -> int:
    """The emulator that works in a folder."""
    (emulator,) = [pid for pid, program in processes_in(folder).items() if program.startswith("aws-lambda-rie")]
    return emulator


def wait_until_gone(folder: Path) -> None:
    """Fail if a process still works in a folder after a while: the kernel takes a moment to bury one."""
    deadline = time.monotonic() + 10
    while left := processes_in(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


def wait_until_ended(number: int) -> None:
    """Fail if a process still runs after a while; one that has ended and waits to be buried does not (proc(5))."""
    deadline = time.monotonic() + 10
    while True:
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:  # buried
            return
        if state == "Z":
            return
        assert time.monotonic() < deadline, f"process {number} is {state}"
        time.sleep(0.01)


def descendants(pid: int) -> list[int]:
    """The processes below one that still run."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            running = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
            found += [*([child] if running else []), *descendants(child)]
    return found
