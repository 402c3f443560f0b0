"""A share of a core, as Lambda gives a function by its memory: 256 MB get a seventh (AWS's guide: 1,769 MB get one)."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

SEVENTH = 1 / 7
_PERIOD = 10_000
"""Microseconds in which the share is spent. A group runs on a whole core until its share of a period is used up: with
Linux's 100 ms, an event of 15 ms of CPU time would hardly be slowed down. Lambda's own period isn't documented."""
_ENTER_GROUP = 'echo $$ > "$0/cgroup.procs" && exec "$@"'


class Group(NamedTuple):
    """A group of processes."""

    prefix: list[str]
    """Makes a command run in the group."""

    limit: Callable[[], object]
    """Gives the group's processes a share of a core together, from now on."""


@contextmanager
def of_a_core(share: float) -> Iterator[Group | None]:
    """Create a group of processes that can be limited to a share of one core while they run.

    Args:
        share: The share, between 0 and 1.

    Yields:
        The group, or None if this machine doesn't allow one.
    """
    unit = f"benchmark-{os.getpid()}.scope"
    systemd = ["systemd-run", "--user", "--scope", "--quiet", "--collect", f"--unit={unit}", "--"]
    if (
        shutil.which(systemd[0])
        and subprocess.run([*systemd, "true"], capture_output=True, check=False).returncode == 0
    ):
        period = f"CPUQuotaPeriodSec={_PERIOD}us"
        quota = ["systemctl", "--user", "set-property", "--runtime", unit, f"CPUQuota={share:.1%}", period]
        yield Group(systemd, partial(subprocess.run, quota, check=True))
        return
    quota_us = str(int(share * _PERIOD))
    files = {
        "cpu/{}": {"cpu.cfs_period_us": str(_PERIOD), "cpu.cfs_quota_us": quota_us},
        "{}": {"cpu.max": f"{quota_us} {_PERIOD}"},
    }
    for path, settings in files.items():  # control groups of version 1, then of version 2
        group = Path("/sys/fs/cgroup", path.format(f"benchmark-{os.getpid()}"))
        try:
            group.mkdir()
        except OSError:
            continue
        if not all(os.access(group / name, os.W_OK) for name in settings):
            group.rmdir()
            continue
        try:
            yield Group(["sh", "-c", _ENTER_GROUP, str(group)], partial(_write, group, settings))
        finally:
            group.rmdir()
        return
    yield None


def _write(group: Path, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        (group / name).write_text(value)
