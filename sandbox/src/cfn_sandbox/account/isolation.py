"""Runs a program with its own /tmp and everything else read-only, as a Lambda function has it.

`python isolation.py SIZE FOLDER... -- PROGRAM ARGUMENT...` runs the program in a new mount namespace, which needs Linux
5.12 and the right to make such a namespace: root has it, and most systems let every user make one inside a user
namespace. It exits with code CAN_NOT if that is not so. The folders stay visible below /tmp, read-only, if they are
there. This protects against mistakes, such as a handler that empties its temporary folder, not against malice.

The function's Python runs this file by its path, so that it imports the standard library only.
"""

import ctypes
import errno
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

CAN_NOT = 77
"""The exit code if the system doesn't allow it."""

TMP_MEGABYTES = 512
"""The size of a Lambda function's /tmp."""

_TMP = "/tmp"  # noqa: S108 - the path that Lambda documents; here it is the function's alone

# From Linux's sched.h, mount.h and fcntl.h.
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1


class _MountAttributes(ctypes.Structure):
    """struct mount_attr of mount_setattr(2)."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd"))


def command(python: Path, folders: list[Path]) -> list[str | Path]:
    """Return the beginning of a command that runs the rest of it in this way.

    Args:
        python: the interpreter that runs it.
        folders: what the program needs, wherever it is.
    """
    return [python, "-I", "-S", "-B", Path(__file__), str(TMP_MEGABYTES), *folders, "--"]


@cache
def is_available() -> bool:
    """Return whether this system allows it."""
    probe = [*command(Path(sys.executable), []), "true"]
    return subprocess.run(probe, cwd="/", capture_output=True, check=False).returncode == 0  # a folder in /tmp vanishes


def _main() -> None:
    size, rest = sys.argv[1], sys.argv[2:]
    separator = rest.index("--")
    try:
        _isolate(int(size), [os.path.realpath(folder) for folder in rest[:separator]])
    except OSError as error:
        print(f"no mount namespace: {error}", file=sys.stderr)
        raise SystemExit(CAN_NOT) from error
    os.execvp(rest[separator + 1], rest[separator + 1 :])  # noqa: S606 - becoming the program is what this is for


def _isolate(megabytes: int, folders: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function: str, *arguments: object) -> None:
        if getattr(libc, function)(*arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{function}: {os.strerror(number)}")

    def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
        call("mount", source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())

    user, group, here = os.getuid(), os.getgid(), Path.cwd()
    try:
        call("unshare", _CLONE_NEWNS)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
        call("unshare", _CLONE_NEWNS | _CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    mount("none", "/", "none", _MS_REC | _MS_PRIVATE)  # nothing that follows is seen outside
    kept = {folder: os.open(folder, os.O_PATH) for folder in folders if folder.startswith(f"{_TMP}/")}
    read_only = _MountAttributes(attr_set=_MOUNT_ATTR_RDONLY)
    arguments = (_AT_FDCWD, b"/", _AT_RECURSIVE, ctypes.byref(read_only), ctypes.sizeof(read_only))
    call("syscall", ctypes.c_long(_SYS_MOUNT_SETATTR), *arguments)
    mount("tmpfs", _TMP, "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={megabytes}m,mode=1777")
    for folder, descriptor in kept.items():
        Path(folder).mkdir(parents=True, exist_ok=True)
        mount(f"/proc/self/fd/{descriptor}", folder, "none", _MS_BIND | _MS_REC)
        os.close(descriptor)
    os.chdir(here)  # by its path, because the descriptor of the working folder is that of the old mount


if __name__ == "__main__":
    _main()
