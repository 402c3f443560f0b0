"""Find the processes that a process has started, and wait until a process ends."""

import time
from pathlib import Path


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
