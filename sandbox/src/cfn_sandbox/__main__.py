"""The sandbox's command line: the command cfn-sandbox, and `python -m cfn_sandbox`."""

import argparse
import os
import pkgutil
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NoReturn

from cfn_sandbox import SandboxError, platforms, plugins
from cfn_sandbox.cli import shell
from cfn_sandbox.cli.waiting import told
from cfn_sandbox.contract import SUITES

__all__ = ["main", "parser"]

_BEGINNINGS = {
    "cfn_sandbox.cli.commands:up": "starting an account",
    "cfn_sandbox.cli.commands:run": "starting an account",
    "cfn_sandbox.contract.command:from_options": "loading AWS's contract suites",
    "cfn_sandbox.packaging.command:from_options": "loading the packager",
}
"""The first line of the commands whose imports take seconds where Python has no byte code of them yet."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. Print an error that the user can act on without a traceback."""
    # moto creates a session while it is imported, which fails for a missing profile or a broken configuration. So these
    # variables are deleted before the command's modules are imported.
    exported = [name for name in os.environ if name.startswith("AWS_")]
    # moto's own variables change what it does, for example record each request into the working folder.
    for name in [*exported, *(name for name in os.environ if name.startswith("MOTO_"))]:
        del os.environ[name]
    for name in ("SIGTERM", "SIGHUP"):  # Python already turns Ctrl-C into KeyboardInterrupt
        if hasattr(signal, name):  # Windows has no SIGHUP
            signal.signal(getattr(signal, name), _exit)
    try:
        platforms.check_python()
        _check_separator(sys.argv[1:] if arguments is None else arguments)
        options = parser(_plugin_options(sys.argv[1:] if arguments is None else arguments)).parse_args(arguments)
        options.exported = exported
        if options.linux:
            platforms.require_linux()
        return int(_command(options.run)(options))
    except SandboxError as error:
        print(f"cfn-sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    """Import a command and return its function; before long imports, say what is being started."""
    beginning = _BEGINNINGS.get(name)
    with told(beginning, shell.tell) if beginning else nullcontext():
        command: Callable[[argparse.Namespace], int] = pkgutil.resolve_name(name)
    return command


def parser(options: Iterable[plugins.Option] = ()) -> argparse.ArgumentParser:
    """Return the parser of all commands.

    Args:
        options: the options of `up` and `run` that plugins add.

    Each command sets `run` to MODULE:FUNCTION. The function takes the options and returns the exit code. Its module is
    imported only when the command runs, so that --help and `down` don't wait for moto.
    """
    root = argparse.ArgumentParser(prog="cfn-sandbox", description="An AWS account on this machine.")
    root.set_defaults(linux=False)  # whether the command runs handlers, which only Linux can
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    project = argparse.ArgumentParser(add_help=False)
    project.add_argument(
        "--project",
        type=Path,
        metavar="DIR",
        help="the type's project (default: the nearest folder upwards that has .rpdk-config)",
    )
    region = argparse.ArgumentParser(add_help=False)
    region.add_argument("--region", metavar="R", help="the region in which the type is registered (default: us-east-1)")

    account = argparse.ArgumentParser(add_help=False, parents=[region])
    account.add_argument(
        "--type-name",
        metavar="NAME",
        help="the name under which the type is registered, such as Acme::Notes::Note (default: the project's)",
    )
    account.add_argument(
        "--validate-registered",
        action="store_true",
        help="let CloudFormation's pre-deployment validation cover the registered type, too",
    )
    for option in options:
        account.add_argument(f"--{option.name}", action="store_true", help=option.help)

    up = commands.add_parser(
        "up",
        parents=[project, account],
        help='start an account with the packaged type: eval "$(cfn-sandbox up --detach)"',
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
        const="cfn_sandbox.cli.background:up",
        help="run in the background until `cfn-sandbox down`, and return when it is ready (default: run until Ctrl-C)",
    )
    up.set_defaults(run="cfn_sandbox.cli.commands:up", linux=True)

    down = commands.add_parser("down", parents=[project], help="end what `up --detach` started")
    down.set_defaults(run="cfn_sandbox.cli.background:down", linux=True)

    run = commands.add_parser(
        "run", parents=[project, account], help="run one command with a new account, and return its exit code"
    )
    run.add_argument("argv", nargs="+", metavar="COMMAND", help="the command and its arguments, after --")
    run.set_defaults(run="cfn_sandbox.cli.commands:run", linux=True)

    test = commands.add_parser("test", parents=[project], help="run AWS's contract suites against the packaged type")
    test.add_argument("--suite", action="append", choices=SUITES, help="run only this suite; repeatable (default: all)")
    test.add_argument("--inputs", type=Path, metavar="DIR", help="input files, instead of the project's inputs/")
    test.add_argument(
        "--previous", type=Path, metavar="SCHEMA", help="the previous version, to check compatibility with"
    )
    test.add_argument(
        "--setup",
        type=Path,
        metavar="TEMPLATE",
        help="deploy this stack first: its outputs and exports fill the variables of the inputs",
    )
    test.add_argument(
        "--type-configuration",
        type=Path,
        metavar="FILE",
        help="the type's configuration, a JSON object, for its events",
    )
    test.add_argument("--report", type=Path, metavar="DIR", help="where to write report.html and junit.xml")
    test.add_argument("-k", metavar="EXPRESSION", help="run only tests with matching names, as in pytest")
    test.add_argument("pytest", nargs="*", metavar="ARGUMENT", help="more arguments for pytest, after --")
    test.set_defaults(run="cfn_sandbox.contract.command:from_options")

    package = commands.add_parser("package", parents=[project], help="write the zip that `cfn submit` would upload")
    package.add_argument("--output", type=Path, metavar="DIR", help="where to write it (default: the project's dist/)")
    package.set_defaults(run="cfn_sandbox.packaging.command:from_options")

    lint = commands.add_parser("lint", parents=[project], help="run AWS's cloudformation-validate on templates")
    lint.add_argument("templates", nargs="*", type=Path, metavar="TEMPLATE", help="the templates' files")
    lint.add_argument("--type-name", metavar="NAME", help="the type's name in the templates (default: the project's)")
    lint.add_argument(
        "--write-schema",
        type=Path,
        metavar="FILE",
        help="write the type's schema as the linter takes it, for cloudformation-validate itself",
    )
    lint.set_defaults(run="cfn_sandbox.linting.command:from_options")

    models = commands.add_parser("models", parents=[project], help="write botocore's models of the handlers' calls")
    models.set_defaults(run="cfn_sandbox.packaging.service_models:from_options")

    role = commands.add_parser("role", parents=[project], help="narrow the role that `cfn generate` wrote")
    role.set_defaults(run="cfn_sandbox.packaging.role:from_options")

    setup = commands.add_parser("setup", help="fetch AWS's Lambda emulator and schema rules, as the first use does")
    setup.set_defaults(run="cfn_sandbox.downloads:setup")

    clean = commands.add_parser("clean", help="delete what was fetched")
    clean.set_defaults(run="cfn_sandbox.downloads:clean")
    return root


def _plugin_options(arguments: Sequence[str]) -> list[plugins.Option]:
    """Return the options of the project's plugins, if the command is one that takes them."""
    if not arguments or arguments[0] not in {"up", "run"}:
        return []
    own = arguments[1 : arguments.index("--")] if "--" in arguments else arguments[1:]
    finder = argparse.ArgumentParser(add_help=False)
    finder.add_argument("--project", type=Path)
    named, _ = finder.parse_known_args(own)
    return plugins.options(shell.project(named.project))


def _check_separator(arguments: Sequence[str]) -> None:
    """Refuse a command of `run` whose options would be taken for the sandbox's.

    Raises:
        SandboxError: there is no `--` before a command with options.
    """
    if not arguments or arguments[0] != "run" or "--" in arguments:
        return
    rest = list(arguments[1:])
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] in {"--project", "--region", "--type-name"} else 1]
    if any(argument.startswith("-") for argument in rest):
        own = arguments[: len(arguments) - len(rest)]
        raise SandboxError(
            f"write -- before the command, because its options would be the sandbox's: "
            f"cfn-sandbox {shlex.join([*own, '--', *rest])}"
        )


def _exit(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
