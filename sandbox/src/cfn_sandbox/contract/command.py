"""The command `cfn-sandbox test`: AWS's contract suites against a project's type, without Docker or an account."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfn_sandbox import SandboxError, downloads, platforms, plugins
from cfn_sandbox.account.account import Account
from cfn_sandbox.account.configuration import resolved
from cfn_sandbox.account.function import MEMORY, Function
from cfn_sandbox.account.invocation import TIMEOUT
from cfn_sandbox.cli.shell import project as project_of
from cfn_sandbox.cli.shell import tell, told_log
from cfn_sandbox.cli.waiting import told
from cfn_sandbox.contract import SUITES, lint, places, session, setup, v1
from cfn_sandbox.contract import inputs as input_files
from cfn_sandbox.contract.inputs import Inputs
from cfn_sandbox.contract.log import Log
from cfn_sandbox.contract.resource import Type
from cfn_sandbox.contract.session import Outcome, Subject
from cfn_sandbox.packaging.package import notes, package
from cfn_sandbox.packaging.project import read as read_settings
from cfn_sandbox.resource_types.interface import Request
from cfn_sandbox.schemas import configuration
from cfn_sandbox.schemas.mistakes import mistakes, unhashable_sets, unread_patterns


@dataclass(frozen=True)
class Around:
    """What a type needs around it while it is tested.

    Args:
        setup: a template that is deployed first: its exports fill v1's variables, its outputs and exports v2's.
        configuration: a file with the type's configuration, as SetTypeConfiguration takes it.
    """

    setup: Path | None = None
    configuration: Path | None = None


def run(  # noqa: PLR0913 - the command's options
    project: Path,
    suites: Sequence[str] = SUITES,
    *,
    inputs: Path | None = None,
    previous: Path | None = None,
    report: Path | None = None,
    arguments: Sequence[str] = (),
    timeout: int = TIMEOUT,
    around: Around = Around(),
) -> Outcome:
    """Run suites against a project's type, packaged, in AWS's Lambda emulator.

    Args:
        project: the folder with .rpdk-config.
        suites: the names of the suites, from SUITES.
        inputs: a folder of inputs, instead of the project's.
        previous: the previous version's schema, for the rules that compare versions.
        report: the folder for report.html and junit.xml.
        arguments: additional arguments for pytest.
        timeout: seconds that a handler may take.
        around: what the type needs around it.

    Raises:
        SandboxError: the project, its schema, its inputs or the previous schema can't be used. Nothing was started.
    """
    schema = project_schema(project)
    _check_schema(schema)
    if {"v1", "v2"} & {*suites}:
        platforms.require_linux()
    if "lint" in suites:
        lint.check()
    previous_schema = None if previous is None else _json(previous)
    folder = inputs or project / "inputs"
    template = None if around.setup is None else setup.read(around.setup)
    with ExitStack() as stack:
        if not {"v1", "v2"} & {*suites}:
            return session.run(Subject(schema, previous_schema), suites, folder=report, arguments=arguments)
        # A mistake in the inputs is reported before the slow steps. Their variables' values need the account.
        input_files.read_unfilled(folder, with_setup=template is not None)
        configured = _configuration(around.configuration, schema)
        with told(f"packaging {project} with cfn, unless it is packaged already", tell):
            package_file = package(project)
        for line in notes(project):
            tell(line)
        stack.enter_context(told_log())
        downloads.EMULATOR.fetched()  # it says so itself
        with told("", tell):
            account = stack.enter_context(Account(rules=plugins.rules(plugins.of_project(project))))
            function = stack.enter_context(Function(package_file, account, timeout=timeout))
            function.check()
        if function.python_note:
            tell(function.python_note)

        def filled() -> list[Inputs]:
            values = {} if template is None else setup.deploy(account, template)
            return input_files.read(folder, values | v1.variables(account))

        def renewed() -> list[Inputs]:
            account.reset()
            return filled()

        inputs_now = filled()
        own = str(read_settings(project).get("entrypoint", "")).partition(".")[0]
        if configured is not None:
            configured = resolved(configured, account.account_id, account.region)
        subject = Subject(
            schema,
            previous_schema,
            folder,
            inputs_now,
            Type(
                schema,
                function.invoke,
                Request(account.account_id, account.region),
                timeout=timeout,
                log=Log(lambda: function.log),
                configuration=configured,
            ),
            v1.suite(project, account, function, inputs, configured),
            renewed,
            template is not None,
            own,
            places.of_handlers(project, own),
        )
        outcome = session.run(subject, suites, folder=report, arguments=arguments)
        if function.peak_memory > MEMORY:
            tell(
                f"the handlers used {function.peak_memory} MB of memory; CloudFormation is assumed to give them "
                f"{MEMORY} MB, and Lambda ends a function that uses more"
            )
        return outcome


def main(
    project: Path,
    suites: Sequence[str],
    inputs: Path | None,
    previous: Path | None,
    report: Path | None,
    arguments: Sequence[str],
    around: Around,
) -> int:
    """Run suites as `run` does, and return the command's exit code: 0 if every test passed."""
    outcome = run(project, suites, inputs=inputs, previous=previous, report=report, arguments=arguments, around=around)
    if report is not None:
        print(
            f"cfn-sandbox: the report is {report / 'report.html'}, for machines {report / 'junit.xml'}", file=sys.stderr
        )
    if outcome.stopped:
        print(f"cfn-sandbox: {outcome.stopped}", file=sys.stderr)
        return 1
    if outcome.interrupted:
        return outcome.exit_code if outcome.exit_code > 128 else 128 + signal.SIGINT
    return outcome.exit_code


def project_schema(project: Path) -> dict[str, Any]:
    """Return the schema of a project's type.

    Raises:
        PackagerError: the folder has no resource type that can be packaged here.
        SandboxError: it has no schema.
    """
    type_name: str = read_settings(project)["typeName"]
    return _json(project / f"{type_name.replace('::', '-').lower()}.json")


def _configuration(file: Path | None, schema: dict[str, Any]) -> configuration.Configuration | None:
    """Return the type's configuration from a file, compared with the schema.

    Raises:
        SandboxError: the file can't be read, or is not as the schema has it.
    """
    if file is None:
        return None
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SandboxError(f"{file} can't be read: {error}") from error
    return configuration.checked(text, schema)


def _check_schema(schema: dict[str, Any]) -> None:
    """Refuse what AWS refuses in a schema, and say what will fail in every handler.

    Raises:
        SandboxError: AWS's loader of schemas refuses it; with the place of each mistake.
    """
    found = mistakes(schema)
    if found:
        raise SandboxError(f"AWS refuses the schema, which cfn's own loader accepts: {'; '.join(found)}")
    for sentence in [*unread_patterns(schema), *unhashable_sets(schema)]:
        tell(sentence)


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except OSError as error:
        raise SandboxError(f"{file} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise SandboxError(f"{file} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise SandboxError(f"{file} is not a JSON object")
    return content


def _default_suites() -> Sequence[str]:
    """Return all suites, without lint where AWS's rules have no engine, which is said; RegisterType does the same."""
    platforms.require_linux()
    try:
        lint.check()
    except lint.NoEngineError as error:
        print(f"cfn-sandbox: {error} The other suites run.", file=sys.stderr)
        return [suite for suite in SUITES if suite != "lint"]
    return SUITES


def from_options(options: argparse.Namespace) -> int:
    """Run the suites that the command line names, and return the exit code."""
    arguments = [*(["-k", options.k] if options.k else []), *options.pytest]
    suites, root = options.suite or _default_suites(), project_of(options.project)
    around = Around(options.setup, options.type_configuration)
    return main(root, suites, options.inputs, options.previous, options.report, arguments, around)
