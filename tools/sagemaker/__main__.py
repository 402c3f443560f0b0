"""`make demo`: the demonstration on the command line, `python -m tools.sagemaker [--json]`."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from cfn_sandbox import SandboxError
from cfn_sandbox.cli.teller import JsonTeller, TextTeller


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration in the project's folder, and return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description="The life of the documentation's example.")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line, for scripts")
    options = parser.parse_args(arguments)
    # moto creates a session while it is imported, which fails for a missing profile or a broken configuration.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    for number in (signal.SIGTERM, signal.SIGHUP):  # Python already turns Ctrl-C into KeyboardInterrupt
        signal.signal(number, _exit)
    from tools.sagemaker import demo  # noqa: PLC0415 - it imports moto

    try:
        demo.run(Path.cwd(), JsonTeller(sys.stdout) if options.json else TextTeller(sys.stdout))
    except SandboxError as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _exit(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
