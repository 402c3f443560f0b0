"""`make mutate`: change a module of the type in one place at a time, run its tests, and say which changes they miss.

First the module's tests run on its unchanged source, which must pass. Coverage notes which test runs which line. Then
each mutant runs in a child process, with the tests that run its line, the fastest first, until one fails; a line that
runs during the import needs all tests. A mutant is killed if a test fails or it can't be imported; one whose tests take
ten times as long as they should has timed out. If its tests pass, it has survived.

tools/mutants.toml lists the survivors that change nothing that anybody can see, each with its reason. Any other
survivor makes the command fail, and so does a mutant for which there was no time, or an entry that doesn't survive.
"""

import argparse
import ast
import copy
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest

from tools.envelopes import ROOT

PACKAGE = "aws_sagemaker_modelqualityjobdefinition"
EQUIVALENT = Path(__file__).with_name("mutants.toml")

TESTS = {
    "ownership": ("unit/test_ownership.py", "handlers/test_update.py", "handlers/test_create.py",
                  "handlers/test_read.py", "handlers/test_bad_events.py"),
    "handlers": ("handlers/test_update.py", "handlers/test_create.py", "handlers/test_delete.py",
                 "handlers/test_read.py", "handlers/test_list.py", "handlers/test_what_users_read.py"),
    "job_definitions": ("unit/test_job_definitions.py", "unit/test_sessions.py", "handlers/test_entry_point.py",
                        "handlers/test_bad_events.py", "handlers/test_what_users_read.py", "test_repository.py"),
    "runtime.attempts": ("unit/test_attempts.py",),
    "runtime.errors": ("unit/test_errors.py", "unit/test_attempts.py"),
    "progress": ("unit/test_progress.py", "unit/test_knowledge.py", "faults/test_whose.py"),
    "comparison": ("unit/test_translation.py",),
    "tags": ("unit/test_tags.py",),
    "identity": ("unit/test_identity.py", "unit/test_moments.py", "faults/test_whose.py"),
    "redaction": ("unit/test_redaction.py",),
}  # fmt: skip
"""The tests of each module, below tests/."""

PRELOADED = (
    *("boto3", "moto", "moto.sagemaker.models", "moto.cloudformation.models", "moto.iam.models", "time_machine"),
    *("hypothesis.stateful", "cloudformation_cli_python_lib", "tools.sagemaker.rules"),
)
"""What most tests import and no mutant changes. The type's package is imported in each child."""

SWAPPED: dict[type[ast.AST], Any] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A module with one change.

    Attributes:
        line: The line of the change, in the source as `ast.unparse` writes it.
        change: The function that is changed, what stood there and what stands there now; numbered if there are several.
        source: The changed source.
    """

    line: int
    change: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module: swapped operators, other constants, statements and conditions left out.

    Args:
        source: The module's source, as `ast.unparse` writes it.
    """
    tree = ast.parse(source)
    hints = {part for node in ast.walk(tree) for hint in _hints(node) for part in ast.walk(hint)}
    places = _places(tree)
    seen: Counter[str] = Counter()
    for number, node in enumerate(ast.walk(tree)):
        if node in hints:
            continue
        for step in range(3):
            changed = copy.deepcopy(tree)
            target = next(other for at, other in enumerate(ast.walk(changed)) if at == number)
            before = _text(target)
            if not _change(changed, target, step):
                break
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text != source:
                after = "left out" if isinstance(node, ast.stmt) else _text(target)
                change = f"{places.get(node, 'module')}: {before} -> {after}"
                seen[change] += 1
                times = f" ({seen[change]})" if seen[change] > 1 else ""
                yield Mutant(getattr(node, "lineno", 0), change + times, text)


def _places(tree: ast.Module) -> dict[ast.AST, str]:
    """Return the innermost function or class that each node is in."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {part: node.name for node in ast.walk(tree) if isinstance(node, kinds) for part in ast.walk(node)}


def _hints(node: ast.AST) -> list[ast.expr]:
    """Return the types in a node, which change nothing when the code runs."""
    hints = [getattr(node, name, None) for name in ("annotation", "returns")]
    return [hint for hint in hints if isinstance(hint, ast.expr)]


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:100] if isinstance(node, ast.expr | ast.stmt) else type(node).__name__


def _change(tree: ast.Module, node: Any, step: int) -> bool:  # noqa: ANN401 - a node of any kind
    """Change a node in place; return whether it has a change of that number."""
    if isinstance(node, ast.Compare) and step < len(node.ops) and type(node.ops[step]) in SWAPPED:
        node.ops[step] = SWAPPED[type(node.ops[step])]()
    elif isinstance(node, ast.BoolOp | ast.BinOp) and step == 0 and type(node.op) in SWAPPED:
        node.op = SWAPPED[type(node.op)]()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and step == 0:
        node.operand = ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.Constant) and step == 0 and not _is_docstring(tree, node):
        node.value = _other(node.value)
    elif isinstance(node, ast.Raise | ast.Return | ast.Expr | ast.Continue | ast.Break) and step == 0:
        return _leave_out(tree, node)
    else:
        return False
    return True


def _other(value: Any) -> Any:  # noqa: ANN401 - a constant
    """Return another constant of the same kind; the same one for None and an ellipsis."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}?" if isinstance(value, str) else value


def _is_docstring(tree: ast.Module, node: ast.Constant) -> bool:
    return any(isinstance(parent, ast.Expr) and parent.value is node for parent in ast.walk(tree))


def _leave_out(tree: ast.Module, node: ast.stmt) -> bool:
    """Leave out a statement that does something."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.Yield):
        return False
    for parent in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and node in block:
                block[block.index(node)] = ast.Pass()
                return True
    return False


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):  # type: ignore[misc]  # typeshed's two disagree
    """Loads a module from a mutant's source."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name, self._path, self._source = name, path, source

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(self._path))

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - importlib's signature
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:  # noqa: ARG002 - as above
        return self._source.encode()

    def path_stats(self, path: str | bytes) -> dict[str, float]:  # noqa: ARG002 - as above
        raise OSError  # no byte code is read or written


@dataclass
class Baseline:
    """What is known of a module's tests from their run on its unchanged source.

    Attributes:
        seconds: How long each test takes, by its node id.
        by_line: The tests that run a line. A line that is run during the import isn't in it.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    by_line: dict[int, list[str]] = field(default_factory=dict)

    def tests_of(self, line: int) -> dict[str, float]:
        """Return the tests that can notice a change of a line, the fastest first, and how long each takes."""
        wanted = self.by_line.get(line, self.seconds)
        return dict(sorted(((test, self.seconds[test]) for test in wanted), key=lambda item: item[1]))


class _Recorder:
    """A plugin of pytest that notes how long each test takes, and makes coverage note what it runs."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._measured = measured

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._measured.switch_context(nodeid)

    def pytest_runtest_logfinish(self) -> None:
        self._measured.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "skipped":
            self.seconds[report.nodeid] += report.duration


class _Selection:
    """A plugin of pytest that runs these tests alone, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._order = {test: at for at, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self._order), key=lambda item: self._order[item.nodeid])


_ARGUMENTS = ("-x", "-q", "-p", "no:cacheprovider", "--tb=no", "-m", "not slow")
_NOT_RUN = 10


def _path(module: str) -> Path:
    return ROOT / "src" / PACKAGE / f"{module.replace('.', '/')}.py"


def _child(module: str, source: str) -> _Finder:
    """Make this process, which was just forked, use a source for a module, and print nothing."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # no test of these needs a plugin, and they start slowly
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    # The same examples for each mutant, as much time as they need, and no search for a shorter one after a failure.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutate", deadline=None, database=None, derandomize=True, phases=phases)
    hypothesis.settings.load_profile("mutate")
    finder = _Finder(f"{PACKAGE}.{module}", _path(module), source)
    sys.meta_path.insert(0, finder)
    return finder


def _is_used(finder: _Finder, module: str) -> bool:
    return getattr(sys.modules.get(f"{PACKAGE}.{module}"), "__loader__", None) is finder


def measure(module: str, source: str) -> Baseline:
    """Run a module's tests on its unchanged source.

    Raises:
        SystemExit: One fails, or they don't use the module.
    """
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        pid = os.fork()
        if not pid:
            finder = _child(module, source)
            measured = coverage.Coverage(data_file=None, include=[str(_path(module))], config_file=False)
            recorder = _Recorder(measured)
            measured.start()
            tests = [str(ROOT / "tests" / test) for test in TESTS[module]]
            code = int(pytest.main([*_ARGUMENTS, *tests], plugins=[recorder]))
            measured.stop()
            contexts = measured.get_data().contexts_by_lineno(str(_path(module)))
            lines = {line: [*tests] for line, tests in contexts.items() if "" not in tests}
            report.write_text(json.dumps([dict(recorder.seconds), lines]))
            os._exit(code or (0 if _is_used(finder, module) and lines else _NOT_RUN))
        _, status = os.waitpid(pid, 0)
        if status:
            raise SystemExit(f"{module}: its tests fail without a change, or don't use it")
        seconds, lines = json.loads(report.read_text())
    return Baseline(seconds, {int(line): tests for line, tests in lines.items()})


def run(module: str, source: str, tests: Sequence[str]) -> int:
    """Start a child that runs tests on a module's source; return its process id. It ends with pytest's exit code."""
    files = dict.fromkeys(str(ROOT / test.partition("::")[0]) for test in tests)
    if not files or not all(map(os.path.isfile, files)):
        raise SystemExit(f"{module}: there are no tests to run")
    pid = os.fork()
    if pid:
        return pid
    finder = _child(module, source)
    code = int(pytest.main([*_ARGUMENTS, *files], plugins=[_Selection(tests)]))
    is_run = code != pytest.ExitCode.OK or _is_used(finder, module)
    os._exit(code if is_run else _NOT_RUN)


_STATES: Mapping[int, str] = {
    pytest.ExitCode.OK: "survives",
    pytest.ExitCode.TESTS_FAILED: "killed",
    pytest.ExitCode.INTERRUPTED: "killed",
    pytest.ExitCode.USAGE_ERROR: "killed",
}
"""By exit code. A module that can't be imported interrupts the collection of its tests, or a conftest.py can't be."""


def results(module: str, minutes: float, jobs: int) -> Iterator[tuple[Mutant, str]]:
    """Run every mutant of a module, and yield each with its state: killed, timed out, survives or not run.

    Args:
        module: Its name in the package.
        minutes: The time limit for the whole module.
        jobs: How many mutants run at once.

    Raises:
        SystemExit: The tests fail without a change, or a mutant can't be run.
    """
    begin = time.monotonic()
    source = ast.unparse(ast.parse(_path(module).read_text()))
    baseline = measure(module, source)
    waiting, running = list(mutants(source)), dict[int, tuple[Mutant, float]]()
    while waiting or running:
        has_time = time.monotonic() - begin < minutes * 60
        while waiting and len(running) < jobs and has_time:
            mutant = waiting.pop(0)
            tests = baseline.tests_of(mutant.line)
            ends = time.monotonic() + 30 + 10 * sum(tests.values())
            running[run(module, mutant.source, [*tests])] = mutant, ends
        for pid, (mutant, ends) in list(running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                del running[pid]
                yield mutant, _state(mutant, status)
            elif time.monotonic() > ends:
                os.kill(pid, signal.SIGKILL)
        if not running and not has_time:
            yield from ((mutant, "not run") for mutant in waiting)
            break
        time.sleep(0.02)


def _state(mutant: Mutant, status: int) -> str:
    if os.WIFSIGNALED(status):
        return "timed out"
    code = os.waitstatus_to_exitcode(status)
    if code not in _STATES:
        raise SystemExit(f"{mutant.change}: its tests could not be run (exit code {code})")
    return _STATES[code]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants of the named modules, all of them if none is named; return 1 if one survives without a reason.

    Args:
        arguments: The command line, without the program's name.
    """
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules of the type (MODULES=), all of them unless given")
    parser.add_argument("--minutes", type=float, default=30, help="the time limit for each module (MINUTES=)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at once")
    options = parser.parse_args(arguments)
    if any(name.partition(".")[0] == PACKAGE for name in sys.modules):
        raise SystemExit(f"{PACKAGE} was imported before a child could change it")
    for name in PRELOADED:
        importlib.import_module(name)
    known: Mapping[str, Mapping[str, str]] = tomllib.loads(EQUIVALENT.read_text())
    missed = 0
    for module in options.modules or TESTS:
        begin, counts = time.monotonic(), Counter[str]()
        unseen = dict(known.get(module, {}))
        for mutant, found in results(module, options.minutes, options.jobs):
            is_listed = found == "survives" and unseen.pop(mutant.change, None) is not None
            state = "survives as listed" if is_listed else found
            counts[state] += 1
            missed += state in ("survives", "not run")
            if state in ("survives", "not run", "timed out"):
                print(f"{module}: {state}: {mutant.change}", flush=True)
        for change in unseen if not counts["not run"] else ():
            missed += 1
            print(f"{module}: listed in {EQUIVALENT.name}, but doesn't survive: {change}", flush=True)
        summary = ", ".join(f"{count} {state}" for state, count in counts.items())
        print(f"{module}: {counts.total()} mutants, {summary}, in {time.monotonic() - begin:.0f} s", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
