"""Runs a process that ends when this one ends, even if this one is killed."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# The shell runs the command, and ends it when the pipe on its standard input closes. If this process is killed, it
# can't clean up, but the kernel closes the pipe.
_GUARD = """
exec 3<&0
"$@" 3<&- </dev/null & command=$!
{ cat <&3 >/dev/null; kill $command; } & guard=$!
wait $command
kill $guard
"""


@contextmanager
def running(
    command: Sequence[str | Path], env: Mapping[str, str], output: IO[bytes] | int, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block ends. It then gets SIGTERM, and SIGKILL ten seconds later if it still runs.

    Ctrl-C in a terminal doesn't reach the command: it ends when this process has handled the Ctrl-C.

    Args:
        command: the program and its arguments.
        env: the command's whole environment.
        output: the destination of standard output and standard error: a file or subprocess.PIPE.
        cwd: the working directory.
    """
    process = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "sh", *command],
        cwd=cwd,
        env=env,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
