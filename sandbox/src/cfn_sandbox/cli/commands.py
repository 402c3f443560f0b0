"""The commands that run an account: up, run."""

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from pathlib import Path

from cfn_sandbox import downloads, plugins
from cfn_sandbox.account import isolation
from cfn_sandbox.account.account import REGION, Account, bare_environment
from cfn_sandbox.account.function import Function
from cfn_sandbox.cli import aws_cli, tethered
from cfn_sandbox.cli.shell import check_new, exports, project, tell, told_log, written_variables
from cfn_sandbox.cli.waiting import told
from cfn_sandbox.contract.causes import condensed
from cfn_sandbox.packaging.package import notes, package, tail
from cfn_sandbox.packaging.project import read as read_settings


def up(options: argparse.Namespace) -> int:
    """Run an account with the type until Ctrl-C. Standard output gets the export lines and nothing else."""
    stdout = sys.stdout
    for file in options.env_file:
        check_new(file)
    with ExitStack() as running:
        account, function = running.enter_context(_sandbox(options))
        variables = _variables(options, account, function)
        for file in options.env_file:
            running.enter_context(written_variables(file, variables))
        print(exports(variables, options.exported), file=stdout, flush=True)
        by_key = "; Ctrl-C ends everything" if sys.stdin.isatty() else ""  # `up --detach` has no terminal
        tell(f"the function's log is {function.log_file}{by_key}")
        threading.Event().wait()
    return 0


def run(options: argparse.Namespace) -> int:
    """Run a command with a new account. If it fails, show the failures before the account is deleted."""
    if warning := aws_cli.warning(options.argv):
        tell(warning)
    with _sandbox(options) as (account, function):
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        before = len(function.log)  # skips what the registry's test invocation has logged
        code = _run_command(options.argv, bare_environment() | {"PATH": path} | _variables(options, account, function))
        if code:
            for line in failures(account):
                tell(line)
            for text in _logged(function.log[before:], project(options.project)):
                tell(text)
    return code


def _logged(log: str, root: Path) -> Iterator[str]:
    """Yield the end of a function's log, with the project's own lines of tracebacks, if that has an error.

    The plugin library catches most exceptions: the answer then has no message, and only the log has the cause.

    Args:
        log: what the function logged.
        root: the project's folder.
    """
    if re.search(r"^\[ERROR\] ", log, re.MULTILINE):
        verdict = "crashed"  # the runtime client writes this line; a logger's has a tab there
    elif "[ERROR]" in log or "Traceback (most recent call last):" in log:
        verdict = "reported an error"
    else:
        return
    own = str(read_settings(root).get("entrypoint", "")).partition(".")[0]
    yield f"the handler {verdict}; the end of its log:\n{tail(condensed(log, own))}"


def failures(account: Account) -> list[str]:
    """Return a line for every failed event of an account's stacks, deleted stacks included."""
    cloudformation = account.client("cloudformation")
    lines = []
    for page in cloudformation.get_paginator("list_stacks").paginate():
        for stack in page["StackSummaries"]:
            events = [
                event
                for events in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack["StackId"])
                for event in events["StackEvents"]
                if event["ResourceStatus"].endswith("FAILED")
            ]
            if events:
                lines.append(f"stack {stack['StackName']} is {stack['StackStatus']}:")
            lines += [
                f"  {event['ResourceStatus']} {event['LogicalResourceId']} ({event['ResourceType']}): "
                f"{' '.join(event.get('ResourceStatusReason', 'no reason given').split())}"
                for event in reversed(events)  # oldest first
            ]
    return lines


@contextmanager
def _sandbox(options: argparse.Namespace) -> Iterator[tuple[Account, Function]]:
    """Yield an account whose CloudFormation has the project's type, and the type's function.

    moto's output goes to standard error, because standard output belongs to the shell or to the user's command.
    """
    root = project(options.project)
    with redirect_stdout(sys.stderr), told_log():
        port = getattr(options, "port", 0)
        # Opened first: a wrong port or region is reported at once, not after the packaging.
        with ExitStack() as running:
            with told("", tell):
                account = running.enter_context(
                    Account(
                        port,
                        options.region or REGION,
                        plugins.rules(plugins.of_project(root), options),
                        validate_registered=getattr(options, "validate_registered", False),
                    )
                )
            with told(f"packaging {root} with cfn, unless it is packaged already", tell):
                packaged = package(root, type_name=options.type_name)
            for line in notes(root):
                tell(line)
            downloads.EMULATOR.fetched()  # it says so itself
            with told("", tell):
                function = account.registry.add_package(packaged)
            tell(f"{_type_name(options)} is registered and ready")
            if function.python_note:
                tell(function.python_note)
            if not isolation.is_available():
                tell(
                    "the function has its own TMPDIR, but this system allows no mount namespaces: "
                    "whether it writes to other places, which fails in Lambda, is not checked"
                )
            yield account, function


def _type_name(options: argparse.Namespace) -> str:
    name: str = options.type_name or read_settings(project(options.project))["typeName"]
    return name


def _variables(options: argparse.Namespace, account: Account, function: Function) -> dict[str, str]:
    return account.environment() | {
        "CFN_SANDBOX_TYPE_NAME": _type_name(options),
        "CFN_SANDBOX_FUNCTION_ENDPOINT": function.endpoint,
        "CFN_SANDBOX_FUNCTION_NAME": function.name,
    }


def _run_command(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run a command to its end and return its exit code, as a shell would."""
    # A terminal sends Ctrl-C to the command too. The command decides what happens then.
    previous_sigint = signal.signal(signal.SIGINT, lambda *_: None)
    # A SIGTERM is held back until the process exists: during Popen, it would leave the process running.
    pending: list[int] = []
    previous_sigterm = signal.signal(signal.SIGTERM, lambda number, _: pending.append(number))
    try:
        tether: list[str | Path] = [sys.executable, "-I", "-S", Path(tethered.__file__), str(os.getpid())]
        process = subprocess.Popen([*tether, *command], env=environment)
        try:
            signal.signal(signal.SIGTERM, previous_sigterm)
            for number in pending:
                signal.raise_signal(number)
            code = process.wait()
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
    finally:
        signal.signal(signal.SIGTERM, previous_sigterm)
        signal.signal(signal.SIGINT, previous_sigint)
    return code if code >= 0 else 128 - code
