"""A sandbox in the background: `up --detach` starts it, `down` ends it. Each project has at most one.

The sandbox's process holds a lock on a file in the project's cache until it ends, even if it is killed. If another
process can take the lock, no sandbox is running. If it can't, the file has the process id of the sandbox.

The lock, the log and the variables are for their owner only.
"""

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from cfn_sandbox import SandboxError, plugins
from cfn_sandbox.account import scratch
from cfn_sandbox.cli.shell import check_new, exports, project, read_variables, restoration, tell
from cfn_sandbox.packaging.package import SETTINGS

PATIENCE_SECONDS = 30
"""Time that a sandbox gets to end after SIGTERM; then it gets SIGKILL."""


def up(options: argparse.Namespace) -> int:
    """Start a sandbox that outlives this command, or find the running one; print its variables as exports."""
    root = project(options.project)
    if not (root / SETTINGS).is_file():
        raise SandboxError(f"no resource type in {root}: it has no {SETTINGS}")
    env_files = [path.absolute() for path in options.env_file]  # not resolved: a link is not followed
    for file in env_files:
        check_new(file)
    folder = root / ".cache" / "sandbox"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _lock(folder) as (lock, free):
        if free:
            variables = _start(root, folder, lock, options, env_files)
        else:
            variables = _running_variables(folder, options)
            tell(f"the sandbox of {root} is up already")
    print(exports(variables, options.exported), flush=True)
    tell(f"it runs until `cfn-sandbox down`; its log is {folder / 'log'}")
    return 0


def down(options: argparse.Namespace) -> int:
    """End the sandbox that runs in the background; print the line that gives a shell its own variables back."""
    root = project(options.project)
    folder = root / ".cache" / "sandbox"
    # Printed first, and in any case: the shell may have the variables of a sandbox that is gone.
    print(restoration(), flush=True)
    scratch.reclaim()
    if not folder.is_dir():
        tell(f"no sandbox of {root} is up")
        return 0
    with _lock(folder) as (lock, free):
        if not free:
            _end(lock)
        (folder / "variables").unlink(missing_ok=True)
        tell(f"no sandbox of {root} is up" if free else f"the sandbox of {root} has ended")
    return 0


def _end(lock: IO[str]) -> None:
    """End the sandbox that holds a lock, and wait until the lock is free.

    Raises:
        SandboxError: the lock is held by a process that isn't the sandbox.
    """
    process = _holder(lock)
    deadline = time.monotonic() + PATIENCE_SECONDS
    if process is not None:
        _signal(process, signal.SIGTERM)
    try:
        while not _try_lock(lock):
            if time.monotonic() > deadline:
                if process is None:
                    raise SandboxError(f"a process that isn't the sandbox uses {lock.name}: end that process")
                _signal(process, signal.SIGKILL)  # the emulator then ends too (process.py)
            time.sleep(0.02)
    finally:
        if process is not None:
            os.close(process)


def _holder(lock: IO[str]) -> int | None:
    """Return a descriptor of the sandbox's process; None if the process with its number doesn't have the lock's file.

    A number can be another process's by now. A descriptor of a process (pidfd_open(2)) never is.
    """
    try:
        number = int(lock.read())
        process = os.pidfd_open(number)
    except (ValueError, ProcessLookupError):
        return None
    status = os.fstat(lock.fileno())
    with suppress(OSError):  # it ends just now, or is another user's
        for file in Path(f"/proc/{number}/fd").iterdir():
            with suppress(OSError):
                opened = file.stat()
                if (opened.st_dev, opened.st_ino) == (status.st_dev, status.st_ino):
                    return process
    os.close(process)
    return None


def _signal(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, number)


def _start(
    root: Path, folder: Path, lock: IO[str], options: argparse.Namespace, env_files: Sequence[Path]
) -> dict[str, str]:
    """Start `cfn-sandbox up` in a separate process, and return its variables when it is ready."""
    file = folder / "variables"
    file.unlink(missing_ok=True)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "cfn_sandbox",
        "up",
        "--project",
        root,
        "--port",
        str(options.port),
    ]
    command += ["--region", options.region] if options.region else []
    command += ["--type-name", options.type_name] if options.type_name else []
    command += ["--validate-registered"] if options.validate_registered else []
    command += [f"--{option.name}" for option in plugins.options(root) if getattr(options, option.keyword)]
    for env_file in (*env_files, file):  # the last one shows that everything is ready
        command += ["--env-file", env_file]
    with open(folder / "log", "w", encoding="utf-8", opener=_private) as log:
        process = subprocess.Popen(
            command,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # Ctrl-C in this terminal, and closing it, don't end the sandbox
            pass_fds=[lock.fileno()],
        )
        try:
            lock.seek(0)
            lock.truncate()
            lock.write(str(process.pid))
            lock.flush()
            with (folder / "log").open(encoding="utf-8", errors="replace") as output:
                _wait(process, file, output)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    process.returncode = 0  # stops Popen from warning that the process is still running
    return read_variables(file)


def _wait(process: subprocess.Popen[bytes], file: Path, output: IO[str]) -> None:
    """Wait until a file exists, and show the process's output. If the process ends first, exit with its code."""
    ready = False
    while not ready:
        ready, code = file.exists() and file.stat().st_size > 0, process.poll()
        sys.stderr.write(output.read())
        if code is not None:
            raise SystemExit(code if code > 0 else 1)
        time.sleep(0 if ready else 0.02)


def _running_variables(folder: Path, options: argparse.Namespace) -> dict[str, str]:
    """Return the variables of the running sandbox.

    Raises:
        SandboxError: it isn't ready, is in another region than the options say, or has the type under another name.
    """
    with suppress(FileNotFoundError):
        variables = read_variables(folder / "variables")
        if options.region not in (None, variables["AWS_REGION"]):
            raise SandboxError(
                f"a sandbox of this project is up in {variables['AWS_REGION']}: `cfn-sandbox down` ends it"
            )
        if options.type_name not in (None, variables["CFN_SANDBOX_TYPE_NAME"]):
            raise SandboxError(
                f"a sandbox of this project is up with the type {variables['CFN_SANDBOX_TYPE_NAME']}: "
                "`cfn-sandbox down` ends it"
            )
        return variables
    raise SandboxError("a sandbox of this project is starting or ending: try again in a moment")


@contextmanager
def _lock(folder: Path) -> Iterator[tuple[IO[str], bool]]:
    """Yield the lock's file, and whether it was free. If it was, this process holds the lock until the block ends."""
    with open(folder / "lock", "a+", encoding="utf-8", opener=_private) as lock:
        free = _try_lock(lock)
        lock.seek(0)
        yield lock, free


def _try_lock(lock: IO[str]) -> bool:
    """Try to take a lock; return whether this process holds it now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _private(path: str, flags: int) -> int:
    """Open a file for its owner only, and not through a link."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)  # an older sandbox's file can be open to others
    return descriptor
