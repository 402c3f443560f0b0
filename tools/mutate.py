"""`make mutate`: change a module of the type in one place at a time, run its tests, and say which changes they miss.

Each mutant runs in a child process that was forked after the imports which every test needs. A mutant that its tests
don't notice has survived. tools/mutants.toml lists the survivors that change nothing that anybody can see, each with
its reason; any other survivor makes the command fail.
"""

import argparse
import ast
import copy
import importlib
import importlib.abc
import importlib.machinery
import os
import signal
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.envelopes import ROOT

PACKAGE = "aws_sagemaker_modelqualityjobdefinition"
EQUIVALENT = Path(__file__).with_name("mutants.toml")

TESTS = {
    "ownership": ("faults/test_whose.py", "handlers/test_ownership.py", "handlers/test_create.py"),
    "handlers": ("handlers/test_update.py", "handlers/test_create.py", "handlers/test_delete.py",
                 "handlers/test_read.py", "handlers/test_list.py", "faults/test_whose.py"),
    "job_definitions": ("handlers/test_list.py", "handlers/test_answers.py", "faults/test_whose.py"),
    "runtime.attempts": ("unit/test_attempts.py", "faults/test_whose.py"),
    "runtime.errors": ("unit/test_errors.py", "unit/test_attempts.py"),
    "progress": ("handlers/test_create.py", "handlers/test_update.py", "handlers/test_delete.py",
                 "faults/test_whose.py"),
    "knowledge": ("unit/test_knowledge.py", "faults/test_whose.py"),
    "moments": ("unit/test_moments.py", "faults/test_whose.py"),
    "comparison": ("unit/test_translation.py",),
    "tags": ("unit/test_tags.py",),
    "identity": ("unit/test_identity.py",),
    "redaction": ("unit/test_redaction.py",),
}  # fmt: skip
"""The tests of each module, below tests/."""

PRELOADED = ("pytest", "boto3", "moto", "moto.sagemaker.models", "moto.cloudformation.models", "moto.iam.models")
"""What most tests import and no mutant changes. The type's package is imported in each child."""

SWAPPED: dict[type[ast.AST], Any] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A module with one change."""

    line: int
    change: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module: swapped operators, other constants, statements and conditions left out."""
    tree = ast.parse(source)
    hints = {part for node in ast.walk(tree) for hint in _hints(node) for part in ast.walk(hint)}
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
            if text != ast.unparse(tree):
                line = getattr(node, "lineno", 0)
                after = "left out" if isinstance(node, ast.stmt) else _text(target)
                yield Mutant(line, f"{before} -> {after}", text)


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


def run(module: str, source: str) -> int:
    """Start a child that runs a module's tests on a source; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    path = ROOT / "src" / PACKAGE / f"{module.replace('.', '/')}.py"
    sys.meta_path.insert(0, _Finder(f"{PACKAGE}.{module}", path, source))
    pytest = importlib.import_module("pytest")
    tests = [str(ROOT / "tests" / test) for test in TESTS[module]]
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", "--tb=no", "-m", "not slow"]
    os._exit(int(pytest.main([*quiet, *tests])))


def survivors(module: str, minutes: float, jobs: int) -> Iterator[tuple[Mutant, str]]:
    """Run every mutant of a module, and yield those that survive and those for which there was no time.

    Args:
        module: Its name in the package.
        minutes: The time limit for the whole module.
        jobs: How many mutants run at once.
    """
    source = (ROOT / "src" / PACKAGE / f"{module.replace('.', '/')}.py").read_text()
    begin = time.monotonic()
    _, status = os.waitpid(run(module, source), 0)
    if status:
        raise SystemExit(f"{module}: its tests fail without a change")
    longest = 30 + 5 * (time.monotonic() - begin)
    waiting, running = list(mutants(source)), dict[int, tuple[Mutant, float]]()
    total = len(waiting)
    while waiting or running:
        while waiting and len(running) < jobs and time.monotonic() - begin < minutes * 60:
            running[run(module, waiting[0].source)] = waiting.pop(0), time.monotonic()
        for pid, (mutant, since) in list(running.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                del running[pid]
                if status == 0:
                    yield mutant, "survives"
            elif time.monotonic() - since > longest:
                os.kill(pid, signal.SIGKILL)
        if not running and waiting and time.monotonic() - begin >= minutes * 60:
            yield from ((mutant, "not run") for mutant in waiting)
            break
        time.sleep(0.05)
    print(f"{module}: {total} mutants in {time.monotonic() - begin:.0f} s", flush=True)


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
    for name in PRELOADED:
        importlib.import_module(name)
    known = tomllib.loads(EQUIVALENT.read_text())
    missed = 0
    for module in options.modules or TESTS:
        reasons = known.get(module, {})
        for mutant, state in survivors(module, options.minutes, options.jobs):
            if state == "not run" or mutant.change not in reasons:
                missed += 1
                print(f"{module}:{mutant.line}: {state}: {mutant.change}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
