"""A pytest session that runs the contract suites: fixtures for the tests, and a record of the outcomes."""

from __future__ import annotations

import contextlib
import importlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.contract import SUITES, causes, lint, report
from cfn_sandbox.contract import inputs as input_files
from cfn_sandbox.contract.inputs import Inputs
from cfn_sandbox.contract.resource import Call, HandlerHangs, Model, Resource, Type

if TYPE_CHECKING:
    from cfn_sandbox.contract import v1  # it imports moto, which lint and v2 don't need

FOLDER = Path(__file__).with_name("suites")


class LintWarning(UserWarning):
    """A warning of one of AWS's rules."""


@dataclass(frozen=True)
class Subject:
    """The type under test, with the parts that each suite needs."""

    schema: Mapping[str, Any]
    previous: Mapping[str, Any] | None = None
    """The previous version's schema, for the compatibility rules."""
    folder: Path | None = None
    """The folder of the inputs, for v1 and v2."""
    inputs: Sequence[Inputs] = ()
    kind: Type | None = None
    """The type with its handlers, for v2."""
    cfn: AbstractContextManager[v1.Suite] | None = None
    """`cfn test`, not started yet, for v1."""
    renew: Callable[[], Sequence[Inputs]] | None = None
    """Empties the account, for v2, after a test that left a resource behind or may have, and returns the inputs for the
    new one; None if that can't be done."""
    with_setup: bool = False
    """Whether a setup fills variables of the inputs."""
    own: str = ""
    """The project's top-level package, whose frames a traceback shows; empty for all."""
    places: Mapping[str, str] = field(default_factory=dict)
    """The file and line of each handler, by action, where that is known."""


@dataclass(frozen=True)
class TestResult:
    """A test's outcome."""

    suite: str
    name: str
    outcome: str
    """passed, failed or skipped."""
    message: str = ""
    """Why it failed or was skipped."""
    seconds: float = 0.0
    log: str = ""
    """What the handler logged in the call that failed, without what is not the project's."""


@dataclass
class Outcome:
    """The outcome of all tests."""

    tests: list[TestResult] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    exit_code: int = 0
    interrupted: bool = False
    """Whether Ctrl-C, a signal or a hanging handler ended the tests."""
    stopped: str = ""
    """A sentence that says why the tests ended early."""
    left_behind: list[str] = field(default_factory=list)
    """What failed when tests deleted their resources: the test and the handler's answer."""

    def count(self, outcome: str, suite: str | None = None) -> int:
        """Return how many tests passed, failed or were skipped, in all suites or in one."""
        return sum(test.outcome == outcome and suite in {None, test.suite} for test in self.tests)

    @property
    def failures(self) -> list[TestResult]:
        """The tests that failed."""
        return [test for test in self.tests if test.outcome == "failed"]

    @property
    def passed(self) -> bool:
        """Whether there were tests and none failed."""
        return self.exit_code == 0


@dataclass(frozen=True)
class Reading:
    """READ's model of a resource, with the properties that were requested."""

    schema: Mapping[str, Any]
    requested: Model
    returned: Model
    calls: tuple[Call, ...]


class Plugin:
    """The pytest plugin that provides the suites' fixtures and records the tests' outcomes.

    Args:
        subject: the type under test.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._inputs = {input_set.number: input_set for input_set in subject.inputs}
        self.outcome = Outcome()

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make test ids relative to the suites, whatever the working directory is."""
        config.cwd_relative_nodeid = lambda nodeid: nodeid  # type: ignore[method-assign]  # there is no option for it

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Let the terminal show each file's path below the suites."""
        terminal = session.config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None:
            terminal.startpath = FOLDER

    # Parameters and fixtures.

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Generate a test for each set of inputs, each rule and each of cfn's tests."""
        subject, names = self._subject, metafunc.fixturenames
        if "inputs" in names:
            metafunc.parametrize("inputs", subject.inputs, ids=lambda input_set: input_set.name, scope="module")
        if "unfilled_inputs" in names and subject.folder is not None:
            unfilled = input_files.read_unfilled(subject.folder, with_setup=subject.with_setup)
            metafunc.parametrize("unfilled_inputs", unfilled, ids=lambda input_set: input_set.name)
        if "rule" in names:
            metafunc.parametrize("rule", lint.rules(compares=False), indirect=True)
        if "compatibility_rule" in names:
            rules = lint.rules(compares=True) if subject.previous else []
            metafunc.parametrize("compatibility_rule", rules, indirect=True)
        if "contract_test" in names:
            numbers = [input_set.number for input_set in subject.inputs]
            metafunc.parametrize("number", numbers, ids=[input_set.name for input_set in subject.inputs])
            metafunc.parametrize("contract_test", importlib.import_module("cfn_sandbox.contract.v1").tests())

    @pytest.fixture
    def schema(self) -> Mapping[str, Any]:
        """Return the type's schema."""
        return self._subject.schema

    @pytest.fixture
    def folder(self) -> Path | None:
        """Return the folder of the inputs."""
        return self._subject.folder

    @pytest.fixture
    def resource(self, inputs: Inputs) -> Iterator[Resource]:
        """Yield a resource with one set of inputs, not created yet, and clean up after the test."""
        resource = Resource(self._kind, self._inputs[inputs.number])
        yield resource
        self._clean([resource])

    @pytest.fixture
    def resources(self) -> Iterator[list[Resource]]:
        """Yield a resource for each set of inputs, none created yet, and clean up after the test."""
        resources = [Resource(self._kind, inputs) for inputs in self._inputs.values()]
        yield resources
        self._clean(resources)

    @pytest.fixture(scope="module", params=["create", "update"])
    def reading(self, inputs: Inputs, request: pytest.FixtureRequest) -> Reading:
        """Return READ's model after a CREATE or an UPDATE, one for all tests of READ."""
        resource = Resource(self._kind, inputs)
        requested: Model = inputs.create
        try:
            model = resource.create().succeeds().model
            if request.param == "update":
                model = resource.update(model).succeeds().model
                requested = inputs.update or {}
            returned = resource.read(model).succeeds().model
        finally:
            self._clean([resource])
        typed = self._kind.typed({key: value for key, value in requested.items() if value is not None})
        return Reading(self._subject.schema, typed, returned, tuple(resource.calls))

    @pytest.fixture(scope="session")
    def lint_results(self) -> dict[tuple[str, bool], lint.Result]:
        """Return the result of every rule."""
        results = lint.results(self._subject.schema, self._subject.previous)
        return {(result.name, result.compares): result for result in results}

    @pytest.fixture
    def rule(self, request: pytest.FixtureRequest, lint_results: dict[tuple[str, bool], lint.Result]) -> lint.Result:
        """Return a rule's result for the schema."""
        return lint_results[request.param, False]

    @pytest.fixture
    def compatibility_rule(
        self, request: pytest.FixtureRequest, lint_results: dict[tuple[str, bool], lint.Result]
    ) -> lint.Result:
        """Return a rule's result for the schema and the previous one."""
        return lint_results[request.param, True]

    @pytest.fixture(scope="session")
    def cfn(self) -> Iterator[v1.Suite]:
        """Yield a running `cfn test`."""
        if self._subject.cfn is None:
            raise RuntimeError("v1 was not prepared")
        with self._subject.cfn as suite:
            yield suite

    def _clean(self, resources: Sequence[Resource]) -> None:
        """Delete what a test left, and fail if that fails: the next tests would then find what this one left.

        Where the account can be emptied, the next test starts in an empty one. So one defect of DELETE or CREATE is
        one failure, not AlreadyExists in every test after it.
        """
        left = [sentence for resource in resources for sentence in resource.clean()]
        self.outcome.left_behind += left
        if self._subject.renew is not None and (left or any(resource.in_doubt for resource in resources)):
            self._inputs = {input_set.number: input_set for input_set in self._subject.renew()}
        if left:
            pytest.fail("; ".join([causes.CLEAN_UP, *left]), pytrace=False)

    @property
    def _kind(self) -> Type:
        if self._subject.kind is None:
            raise RuntimeError("v2 was not prepared")
        return self._subject.kind

    # Outcomes.

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:  # pluggy's form of a wrapper, whose return value is the hook's result
        """Add a test's expectation, calls and answers to its report."""
        test_report: pytest.TestReport = yield  # type: ignore[assignment]  # see above
        error = call.excinfo and call.excinfo.value
        if isinstance(error, HandlerHangs | SandboxError):
            test_report.longrepr = str(error)
        if isinstance(error, HandlerHangs):
            self.outcome.stopped = item.session.shouldstop = str(error)
        report.describe(item, test_report, self._subject.own)
        return test_report  # type: ignore[return-value]  # see above

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a test's outcome, which a failed teardown replaces."""
        if report.when != "call" and report.outcome == "passed":
            return
        suite, _, name = report.nodeid.partition("/")
        message = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        result = TestResult(
            suite,
            name.rpartition("::")[2],
            report.outcome,
            message.removeprefix("Skipped: "),
            report.duration,
            getattr(report, "failed_call", ""),
        )
        previous = self.outcome.tests[-1] if self.outcome.tests else None
        if previous is not None and (previous.suite, previous.name) == (result.suite, result.name):
            self.outcome.tests.pop()
        self.outcome.tests.append(result)

    def pytest_warning_recorded(self, warning_message: Any) -> None:  # noqa: ANN401 - warnings.WarningMessage
        """Record a warning of AWS's rules."""
        if issubclass(warning_message.category, LintWarning):
            self.outcome.warnings.append(str(warning_message.message))

    def pytest_keyboard_interrupt(self) -> None:
        """Record that the session was interrupted."""
        self.outcome.interrupted = True

    def pytest_internalerror(self, excrepr: object) -> None:
        """Record an error in the suites themselves or in collecting them."""
        self.outcome.stopped = str(excrepr)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest has no public name
        """Write the table at the end."""
        report.table(self.outcome, self._subject.places, terminalreporter)

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:  # noqa: ANN401 - pytest-html ships no types
        """Set the page's title."""
        report.title = f"Contract tests of {self._subject.schema.get('typeName')}"

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Add a column for the expectation."""
        cells.insert(2, "<th>Expected</th>")

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:  # noqa: ANN401 - see above
        """Add a test's expectation to its row."""
        cells.insert(2, f"<td>{getattr(report, 'expected', '')}</td>")


def run(
    subject: Subject,
    suites: Sequence[str],
    *,
    folder: Path | None = None,
    arguments: Sequence[str] = (),
    quiet: bool = False,
) -> Outcome:
    """Run suites in this process.

    Args:
        subject: the type under test, with the parts that these suites need.
        suites: the names of the suites, from SUITES.
        folder: the folder for report.html and junit.xml.
        arguments: additional arguments for pytest.
        quiet: print nothing.
    """
    plugin = Plugin(subject)
    options = ["-c", str(FOLDER / "pytest.ini"), "--rootdir", str(FOLDER), "--confcutdir", str(FOLDER)]
    options += ["--disable-plugin-autoload", "-p", "no:cacheprovider"]
    options += (
        ["-p", "no:terminal"]
        if quiet
        else ["-o", "console_output_style=count", "--no-header", "--tb", "no", "-r", "N", "--disable-warnings"]
    )
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        options += ["-p", "pytest_metadata.plugin", "-p", "pytest_html.plugin", "--self-contained-html"]
        options += [f"--html={folder / 'report.html'}", f"--junitxml={folder / 'junit.xml'}"]
    with _exit_on_signals():
        options += [*arguments, *(str(FOLDER / suite) for suite in SUITES if suite in suites)]
        plugin.outcome.exit_code = int(pytest.main(options, plugins=[plugin]))
    return plugin.outcome


@contextmanager
def _exit_on_signals() -> Iterator[None]:
    """Make SIGTERM and SIGHUP end the session, because pytest treats their SystemExit as a test's failure."""

    def exit_session(number: int, _frame: object) -> NoReturn:
        pytest.exit(f"ended by signal {number}", returncode=128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous_handlers = {number: signal.signal(number, exit_session) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            with contextlib.suppress(TypeError):  # a handler that wasn't set from Python can't be restored
                signal.signal(number, handler)
