"""A share of a core, as Lambda gives a function by its memory: 256 MB get a seventh (AWS's guide: 1,769 MB get one)."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SEVENTH = 1 / 7
_PERIOD = 100_000  # microseconds
_ENTER_GROUP = 'echo $$ > "$0/cgroup.procs" && exec "$@"'


@contextmanager
def of_a_core(share: float) -> Iterator[list[str] | None]:
    """Create a control group whose processes together get a share of one core.

    Args:
        share: The share, between 0 and 1.

    Yields:
        The prefix that makes a command run in the group, or None if this machine doesn't allow one.
    """
    quota = str(int(share * _PERIOD))
    systemd = ["systemd-run", "--user", "--scope", "--quiet", "--collect", f"--property=CPUQuota={share:.1%}", "--"]
    if (
        shutil.which(systemd[0])
        and subprocess.run([*systemd, "true"], capture_output=True, check=False).returncode == 0
    ):
        yield systemd
        return
    files = {"cpu/{}": {"cpu.cfs_period_us": str(_PERIOD), "cpu.cfs_quota_us": quota}, "{}": {"cpu.max": quota}}
    for path, settings in files.items():  # control groups of version 1, then of version 2
        group = Path("/sys/fs/cgroup", path.format(f"benchmark-{os.getpid()}"))
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            for name, value in settings.items():
                (group / name).write_text(value)
        except OSError:
            group.rmdir()
            continue
        try:
            yield ["sh", "-c", _ENTER_GROUP, str(group)]
        finally:
            group.rmdir()
        return
    yield None
