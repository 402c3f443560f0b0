"""The sandbox's command line: python -m sandbox up | run | demo | test."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from packager import PackagerError
from packager.package import package, tail
from sandbox import SandboxError
from sandbox.account import Account, bare_environment
from sandbox.cloudformation.registry import Registry
from sandbox.contract import command as contract
from sandbox.contract.session import SUITES
from sandbox.function import Function
from sandbox.model_quality import demo
from sandbox.teller import JsonTeller, TextTeller


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; what the user can act on is said in a line, without a traceback."""
    options = _parser().parse_args(arguments)
    for name in ("SIGTERM", "SIGHUP"):  # Ctrl-C raises KeyboardInterrupt by itself
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _leave)
    try:
        return int(options.command(options))
    except (SandboxError, PackagerError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="An AWS account on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    project = argparse.ArgumentParser(add_help=False)
    project.add_argument(
        "--project", type=Path, default=Path(), metavar="DIR", help="the resource type's project (default: here)"
    )
    account = argparse.ArgumentParser(add_help=False)
    account.add_argument(
        "--strict", action="store_true", help="SageMaker refuses a role it can't assume and a missing endpoint"
    )
    up = commands.add_parser(
        "up", parents=[project, account], help="start the account and the packaged type, until Ctrl-C"
    )
    up.add_argument("--port", type=int, default=0, metavar="N", help="the account's port (default: a free one)")
    up.set_defaults(command=_up)
    run = commands.add_parser(
        "run", parents=[project, account], help="the same around one command; its exit code is passed on"
    )
    run.add_argument("argv", nargs="+", metavar="COMMAND", help="the command and its arguments, after --")
    run.set_defaults(command=_run)
    show = commands.add_parser("demo", parents=[project], help="the life of the documentation's example, step by step")
    show.add_argument("--json", action="store_true", help="an object a line, for scripts")
    show.set_defaults(command=_demo)
    test = commands.add_parser("test", parents=[project], help="AWS's contract suites against the packaged type")
    test.add_argument("--suite", action="append", choices=SUITES, help="which one; repeatable (default: all)")
    test.add_argument("--inputs", type=Path, metavar="DIR", help="input files, instead of the project's inputs/")
    test.add_argument("--previous", type=Path, metavar="SCHEMA", help="the version before, to be compatible with")
    test.add_argument("--report", type=Path, metavar="DIR", help="where to write report.html and junit.xml")
    test.add_argument("-k", metavar="EXPRESSION", help="only the tests of matching names, as pytest has it")
    test.add_argument("pytest", nargs="*", metavar="ARGUMENT", help="more for pytest, after --")
    test.set_defaults(command=_test)
    return parser


def _up(options: argparse.Namespace) -> int:
    with _sandbox(options.project, options.port, strict=options.strict) as (variables, function):
        print("unset AWS_PROFILE AWS_DEFAULT_PROFILE")
        for name, value in variables.items():
            print(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        _tell(f"the function's log is {function.log_file}; Ctrl-C ends everything")
        threading.Event().wait()
    return 0


def _run(options: argparse.Namespace) -> int:
    with _sandbox(options.project, strict=options.strict) as (variables, function):
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        before = len(function.log)  # the registry has tried the handler
        code = _call(options.argv, bare_environment() | {"PATH": path} | variables)
        said = function.log[before:]
        if code and "[ERROR]" in said:
            _tell(f"the handler crashed; the end of its log:\n{tail(said)}")
    return code


def _demo(options: argparse.Namespace) -> int:
    demo.run(options.project.resolve(), JsonTeller(sys.stdout) if options.json else TextTeller(sys.stdout))
    return 0


def _test(options: argparse.Namespace) -> int:
    arguments = [*(["-k", options.k] if options.k else []), *options.pytest]
    return contract.main(
        options.project.resolve(),
        options.suite or SUITES,
        options.inputs,
        options.previous,
        options.report,
        arguments,
    )


@contextmanager
def _sandbox(project: Path, port: int = 0, *, strict: bool = False) -> Iterator[tuple[dict[str, str], Function]]:
    """An account whose CloudFormation has the project's type; the variables to reach it, and the type's function."""
    _tell(f"packaging {project.resolve()} with cfn, unless it is packaged already")
    packaged = package(project)
    with Account(port, strict=strict) as account, Registry(account) as registry:
        function = registry.add(packaged)
        _tell("the type is registered and ready")
        variables = account.environment() | {
            "SANDBOX_FUNCTION_ENDPOINT": function.endpoint,
            "SANDBOX_FUNCTION_NAME": function.name,
        }
        yield variables, function


def _call(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run a command to its end and return its exit code, as a shell has it."""
    # A terminal sends Ctrl-C to the command too, and what happens then is the command's own decision.
    interrupt = signal.signal(signal.SIGINT, lambda *_: None)
    # SIGTERM waits until there is a process to end: in the middle of Popen it would leave one behind.
    waiting: list[int] = []
    leave = signal.signal(signal.SIGTERM, lambda number, _: waiting.append(number))
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise SandboxError(f"can't run {command[0]}: {error.strerror}") from error
    else:
        try:
            signal.signal(signal.SIGTERM, leave)
            for number in waiting:
                signal.raise_signal(number)
            code = process.wait()
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
    finally:
        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, interrupt)
    return code if code >= 0 else 128 - code


def _leave(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _tell(text: str) -> None:
    print(f"sandbox: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
