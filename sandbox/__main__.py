"""The sandbox's command line: sandbox up | down | run | demo | test; `python -m sandbox` in a clone is the same."""

import argparse
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from packager import PackagerError
from sandbox import SandboxError
from sandbox.contract import SUITES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. Print an error that the user can act on without a traceback."""
    options = parser().parse_args(arguments)
    # moto creates a session while it is imported, which fails for a missing profile or a broken configuration. So these
    # variables are deleted before the command's modules are imported.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    for number in (signal.SIGTERM, signal.SIGHUP):  # Python already turns Ctrl-C into KeyboardInterrupt
        signal.signal(number, _exit)
    try:
        return int(pkgutil.resolve_name(options.run)(options))
    except (SandboxError, PackagerError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands.

    Each command sets `run` to MODULE:FUNCTION. The function takes the options and returns the exit code. Its module is
    imported only when the command runs, so that --help and `down` don't wait for moto.
    """
    root = argparse.ArgumentParser(prog="sandbox", description="An AWS account on this machine.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    project = argparse.ArgumentParser(add_help=False)
    project.add_argument(
        "--project",
        type=Path,
        metavar="DIR",
        help="the type's project (default: the nearest folder upwards that has .rpdk-config, else the sandbox's own)",
    )
    region = argparse.ArgumentParser(add_help=False)
    region.add_argument("--region", metavar="R", help="the region in which the type is registered (default: us-east-1)")

    account = argparse.ArgumentParser(add_help=False, parents=[region])
    account.add_argument(
        "--strict", action="store_true", help="SageMaker refuses a role it can't assume and a missing endpoint"
    )

    up = commands.add_parser(
        "up", parents=[project, account], help='start an account with the packaged type: eval "$(sandbox up --detach)"'
    )
    up.add_argument("--port", type=int, default=0, metavar="N", help="the account's port (default: a free one)")
    up.add_argument(
        "--env-file",
        type=Path,
        action="append",
        default=[],
        metavar="F",
        help="also write the variables to this file, one NAME=VALUE per line; it is deleted at the end",
    )
    up.add_argument(
        "--detach",
        dest="run",
        action="store_const",
        const="sandbox.background:up",
        help="run in the background until `sandbox down`, and return when it is ready (default: run until Ctrl-C)",
    )
    up.set_defaults(run="sandbox.commands:up")

    down = commands.add_parser("down", parents=[project], help="end what `up --detach` started")
    down.set_defaults(run="sandbox.background:down")

    run = commands.add_parser(
        "run", parents=[project, account], help="run one command with a new account, and return its exit code"
    )
    run.add_argument("argv", nargs="+", metavar="COMMAND", help="the command and its arguments, after --")
    run.set_defaults(run="sandbox.commands:run")

    demo = commands.add_parser("demo", parents=[project], help="show the life of the documentation's example")
    demo.add_argument("--json", action="store_true", help="print one JSON object per line, for scripts")
    demo.set_defaults(run="sandbox.commands:demo")

    test = commands.add_parser("test", parents=[project], help="run AWS's contract suites against the packaged type")
    test.add_argument("--suite", action="append", choices=SUITES, help="run only this suite; repeatable (default: all)")
    test.add_argument("--inputs", type=Path, metavar="DIR", help="input files, instead of the project's inputs/")
    test.add_argument(
        "--previous", type=Path, metavar="SCHEMA", help="the previous version, to check compatibility with"
    )
    test.add_argument("--report", type=Path, metavar="DIR", help="where to write report.html and junit.xml")
    test.add_argument("-k", metavar="EXPRESSION", help="run only tests with matching names, as in pytest")
    test.add_argument("pytest", nargs="*", metavar="ARGUMENT", help="more arguments for pytest, after --")
    test.set_defaults(run="sandbox.contract.command:from_options")
    return root


def _exit(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
