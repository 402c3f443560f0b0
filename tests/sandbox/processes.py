"""The processes of a function, found by the folder that they work in."""

import time
from pathlib import Path


def processes_in(folder: Path) -> list[int]:
    """The processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:  # it ended, or is not ours to look at
            continue
    return found


def wait_until_gone(folder: Path) -> None:
    """Fail if a process still works in a folder after a while: the kernel takes a moment to bury one."""
    deadline = time.monotonic() + 10
    while left := processes_in(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.01)
