"""Runs a command that ends with the process that started it, even if that one is killed: `tethered.py PID COMMAND...`.

The system sends the command SIGTERM when the process PID, its parent, has ended (PR_SET_PDEATHSIG in prctl(2)).
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the command. If it can't be run, say why."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:  # it has ended before
        raise SystemExit(128 + signal.SIGTERM)
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the command is what this is for
    except OSError as error:
        print(f"cfn-sandbox: can't run {command[0]}: {error.strerror}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
