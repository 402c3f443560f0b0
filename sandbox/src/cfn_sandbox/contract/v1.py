"""AWS's contract suite, `cfn test`, against a project's packaged handler in the emulator."""

import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.utilities.utils import get_partition

from cfn_sandbox import SandboxError, plugins
from cfn_sandbox.account.account import Account, bare_environment
from cfn_sandbox.account.function import Function
from cfn_sandbox.account.invocation import Answer
from cfn_sandbox.account.scratch import scratch_folder
from cfn_sandbox.contract import cfn_test
from cfn_sandbox.contract.cfn_reports import MARK
from cfn_sandbox.contract.inputs import VARIABLES
from cfn_sandbox.contract.log import Log
from cfn_sandbox.contract.resource import lacking
from cfn_sandbox.packaging import cfn
from cfn_sandbox.packaging.package import SETTINGS, copy_project, package

__all__ = ["Counts", "Result", "run"]

EXPORTS = "contract-test-exports"
"""The stack that exports the variables of input files. `cfn test` reads them from its exports."""


@dataclass(frozen=True)
class Counts:
    """The numbers of tests, by outcome, of one set of inputs."""

    passed: int = 0
    skipped: int = 0
    failed: int = 0
    """Includes errors in a test's setup or teardown."""


@dataclass(frozen=True)
class Verdict:
    """A test's outcome (passed, skipped or failed) and its reason."""

    outcome: str
    message: str = ""
    log: str = ""
    """What the function logged in the last call that failed."""


@dataclass(frozen=True)
class Result:
    """The suite's result: the counts of each set of inputs in order, the exit code and the output.

    cfn stops after the first set with a failed test.
    """

    sets: tuple[Counts, ...]
    exit_code: int
    output: str


class Failures:
    """The calls of `cfn test` that failed: cfn says of them only that the status should be another.

    Args:
        log: returns the function's log so far.
    """

    def __init__(self, log: Callable[[], str]) -> None:
        self._log = log
        self._read = len(log())
        self._found: list[tuple[str, str]] = []

    def observe(self, event: Any, answer: Answer) -> None:  # noqa: ANN401 - as cfn sends it
        """Keep a call's failure, with what the function logged meanwhile."""
        log = self._log()
        new, self._read = log[self._read :], len(log)
        try:
            progress = json.loads(answer.body)
        except ValueError:  # the emulator's text of a timeout
            progress = {"errorType": answer.body.decode(errors="replace")}
        if not isinstance(progress, dict) or progress.get("status", "FAILED") != "FAILED":
            return
        code = progress.get("errorCode") or progress.get("errorType")
        message = progress.get("message") or progress.get("errorMessage") or ""
        action = event.get("action") if isinstance(event, dict) else None
        self._found.append((f"{action} failed with {code}: {message}{lacking(new)}", new))

    def take(self) -> tuple[str, str]:
        """Return the failures since the last call of this method, as a sentence and a log; empty if there are none.

        A test that fails still deletes its resource, which can fail too. So all are named, and the log is the first
        one's with a traceback.
        """
        found, self._found = self._found, []
        sentences = list(dict.fromkeys(sentence for sentence, _ in found))
        logs = [log for _, log in found]
        log = next((log for log in logs if "Traceback" in log), next(iter(logs), ""))
        return f"the handler's failures: {'; '.join(sentences)}" if found else "", log


class Suite:
    """A running `cfn test`.

    Args:
        process: the process that runs it, with a pipe as its output.
        failures: the calls that failed.
    """

    def __init__(self, process: subprocess.Popen[str], failures: Failures) -> None:
        self._process = process
        self._failures = failures
        self._phases: dict[tuple[int, str], dict[str, Verdict]] = {}
        self._failed_setups: dict[str, tuple[str, str]] = {}
        self.output = ""

    def verdict(self, number: int, name: str) -> Verdict | None:
        """Wait for a test's verdict with one set of inputs and return it, or None if cfn didn't run the test.

        Raises:
            SandboxError: cfn failed before any test.
        """
        while "teardown" not in self._phases.get((number, name), {}) and self._read():
            pass
        if not self._phases:
            raise SandboxError(f"cfn test ran no test:\n{self.output}")
        phases = self._phases.get((number, name))
        return None if phases is None else _verdict_of(phases)

    def finish(self) -> Result:
        """Wait until `cfn test` ends, and return its result."""
        while self._read():
            pass
        verdicts = [(number, _verdict_of(phases).outcome) for (number, _), phases in self._phases.items()]
        counts = {
            number: [outcome for set_number, outcome in verdicts if set_number == number] for number, _ in verdicts
        }
        sets = (Counts(*map(counts[number].count, ("passed", "skipped", "failed"))) for number in sorted(counts))
        return Result(tuple(sets), self._process.wait(), self.output)

    def _read(self) -> bool:
        """Read a line, and return whether there was one."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if line.startswith(MARK):
            report = json.loads(line.removeprefix(MARK))
            phases = self._phases.setdefault((report["set"], report["name"]), {})
            failure, log = self._failures.take()
            failed = report["outcome"] == "failed"
            if failed and report["when"] == "setup":
                # pytest repeats the failure of a fixture that tests share, without a call: the cause is the first's.
                if failure:
                    self._failed_setups[report["message"]] = failure, log
                failure, log = self._failed_setups.get(report["message"], (failure, log))
            message = "\n".join(filter(None, [_sentence(report["message"]), failure if failed else ""]))
            phases[report["when"]] = Verdict(report["outcome"], message, log if failed else "")
        else:
            self.output += line
        return bool(line)


def _sentence(message: str) -> str:
    """Return an assertion's message without the values that pytest explains, and in one line."""
    return " ".join(message.partition("\nassert ")[0].split())


def run(
    project: Path,
    cache: Path | None = None,
    language: str | None = None,
    python: Path | None = None,
    inputs: Path | None = None,
    rules: Sequence[AbstractContextManager[object]] | None = None,
) -> Result:
    """Package a project and run the contract suite against it in a new account.

    Args:
        project: the folder with .rpdk-config and, for cfn, inputs/.
        cache: where packages are kept (see cfn_sandbox.packaging.package.package).
        language: cfn's language plugin, instead of the one that .rpdk-config names.
        python: the interpreter of the function (see cfn_sandbox.account.function.Function).
        inputs: a folder of inputs, instead of the project's.
        rules: rules of services, instead of those of the project's plugins.

    Raises:
        SandboxError: the package can't be built, or the function can't be started.
    """
    package_file = package(project, cache, language)
    if rules is None:
        rules = plugins.rules(plugins.of_project(project))
    with (
        Account(rules=rules) as account,
        Function(package_file, account, python=python) as function,
        suite(project, account, function, inputs) as cfn_test,
    ):
        result = cfn_test.finish()
        log = function.log
    return Result(result.sets, result.exit_code, f"{result.output}\n{log}")


@contextmanager
def suite(
    project: Path,
    account: Account,
    function: Function,
    inputs: Path | None = None,
    configuration: Mapping[str, Any] | None = None,
) -> Iterator[Suite]:
    """Run `cfn test` against a function until the block ends, with exports for the variables of the inputs.

    Args:
        project: the folder with .rpdk-config.
        account: the account where cfn gets credentials and exports.
        function: the packaged handler.
        inputs: a folder of inputs, instead of the project's.
        configuration: the type's configuration, resolved; None if it has none.
    """
    with _project_copy(project, inputs) as copy, _exports(account):
        environment = bare_environment() | account.environment() | {cfn_test.ENDPOINT: function.unsigned_endpoint}
        arguments: list[str | Path] = [
            *("--function-name", function.name),
            *("--region", account.region),
            *_configured(copy, configuration),
            # Options for pytest. Without the first one, the output repeats every model several times.
            *("--", "-o", "log_cli=false", "-p", "cfn_sandbox.contract.cfn_reports"),
        ]
        environment["HOME"] = str(copy)
        failures = Failures(Log(lambda: function.log))
        function.observers.append(failures.observe)
        try:
            with cfn.start(arguments, copy, environment, program="cfn_sandbox.contract.cfn_test") as process:
                yield Suite(process, failures)
        finally:
            function.observers.remove(failures.observe)


def _configured(copy: Path, configuration: Mapping[str, Any] | None) -> list[str | Path]:
    """Write the type's configuration into the copy, where only this user can read it, and return cfn's option."""
    if configuration is None:
        return []
    file = copy / "typeConfiguration.json"
    file.write_text(json.dumps(configuration))
    return ["--typeconfig", file]


def tests() -> list[str]:
    """Return the names of cfn's tests, in the order in which cfn runs them."""
    spec = importlib.util.find_spec("rpdk.core")
    folders = [
        Path(place, "contract", "suite", "resource") for place in (spec and spec.submodule_search_locations) or ()
    ]
    files = [file for folder in folders for file in sorted(folder.glob("handler_*.py"))]
    return [name for file in files for name in re.findall(r"^def (contract_\w+)", file.read_text(), re.MULTILINE)]


def _verdict_of(phases: dict[str, Verdict]) -> Verdict:
    """Return a test's verdict: that of the first phase (setup, call, teardown) that didn't pass."""
    return next((verdict for verdict in phases.values() if verdict.outcome != "passed"), Verdict("passed"))


@contextmanager
def _exports(account: Account) -> Iterator[None]:
    """Create a stack that exports the values of the input files' variables, and delete it at the block's end."""
    cloudformation = account.client("cloudformation")
    values = variables(account)
    template: dict[str, Any] = {
        "Resources": {"LogGroup": {"Type": "AWS::Logs::LogGroup"}},  # a stack must have a resource
        "Outputs": {name: {"Value": values[name], "Export": {"Name": name}} for name in VARIABLES},
    }
    cloudformation.create_stack(StackName=EXPORTS, TemplateBody=json.dumps(template))
    try:
        yield
    finally:
        cloudformation.delete_stack(StackName=EXPORTS)


def variables(account: Account) -> dict[str, str]:
    """Return the values of the input files' variables in an account."""
    region = account.region
    return {"region": region, "account": account.account_id, "partition": get_partition(region)}


@contextmanager
def _project_copy(project: Path, inputs: Path | None) -> Iterator[Path]:
    """Yield a copy of the project, set to work without Docker, because cfn and pytest write where they run."""
    with scratch_folder() as copy:
        copy_project(project, copy)
        settings = json.loads((copy / SETTINGS).read_text())
        settings["settings"] = settings.get("settings", {}) | {"use_docker": False, "no_docker": True}
        (copy / SETTINGS).write_text(json.dumps(settings, indent=4))
        if inputs is not None:
            shutil.rmtree(copy / "inputs", ignore_errors=True)
            shutil.copytree(inputs, copy / "inputs")
        yield copy
