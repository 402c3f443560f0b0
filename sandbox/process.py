"""A process that ends when this one does, in whatever way this one does."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# The shell runs the command, and ends it when the pipe on its standard input closes: the kernel closes it for a process
# that is killed, which has no chance to clean up.
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
    """Run a command until the block ends; it is told to terminate then, and killed if it has not after ten seconds.

    A terminal's Ctrl-C does not reach it: it ends when this process has dealt with it.

    Args:
        command: the program and its arguments.
        env: all of its environment.
        output: where it writes, standard error included: a file or subprocess.PIPE.
        cwd: where it works.
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
