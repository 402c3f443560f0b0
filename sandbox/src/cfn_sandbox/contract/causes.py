"""The causes of failed tests: one defect fails many tests, and is shown once, with the code that it is in.

A traceback of the handler is shortened to the frames of the project's own code, because those of botocore and of the
plugin library fill a page and hide the line that is to be changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cfn_sandbox.packaging.package import END_OF_LOG

if TYPE_CHECKING:
    from cfn_sandbox.contract.session import TestResult

__all__ = ["CLEAN_UP", "Cause", "condensed", "of_failures", "page"]

CLEAN_UP = "the clean-up after the test failed"
"""How the message of a test begins that couldn't delete its resource."""

_NOISE = re.compile(r"^(START|END|REPORT) RequestId: ")  # the emulator's lines about each invocation
_LOGGED = re.compile(r"^\[(\w+)\]\t\S+\t\S+\t")  # awslambdaric's level, time and request
_FRAME = re.compile(r'^(\s*)File "(?:[^"]*/task/)?(?P<path>[^"]+)", line (?P<line>\d+)')
_MARKS = re.compile(r"^\s*[\^~]+\s*$")  # under a source line
_CHAIN = re.compile(r"^(The above exception was the direct cause|During handling of the above exception)")
_ACTION = re.compile(r"\b(?:CREATE|READ|UPDATE|DELETE|LIST)\b")
_TRACEBACK = "Traceback (most recent call last):"

_LOG_LINES = 12  # of one cause
_MESSAGE_LINES = 4
_LONGEST = 400  # characters of a line
_WIDTH = 100  # characters of a line on a page
_PAGE = 20  # lines that the causes of a run may have together, the first cause excepted
_TESTS = 2  # names of tests that a cause shows


@dataclass
class Cause:
    """Why one or more tests failed.

    Args:
        message: the message of the first of them.
        log: what the handler logged there, condensed.
        tests: their names, as pytest takes them.
    """

    message: str
    log: str
    tests: list[str] = field(default_factory=list)

    def lines(self, places: Mapping[str, str]) -> Iterator[str]:
        """Yield the lines that say it: the message, the tests, and the log or else the place of the handler.

        Args:
            places: the place of each handler, by action.
        """
        message = self.message.partition(f"\n{END_OF_LOG}")[0] if self.log else self.message
        yield from (_cut(line) for line in message.strip().splitlines()[:_MESSAGE_LINES])
        names = ", ".join(self.tests[:_TESTS])
        more = len(self.tests) - _TESTS
        yield f"    in {names}{f' and {more} more' if more > 0 else ''}"
        action = _ACTION.search(message)
        if action and action[0] in places and not _place(self.log):
            yield f"    {action[0]}: {places[action[0]]}"
        yield from (f"    | {_cut(line)}" for line in self.log.splitlines()[-_LOG_LINES:])


def of_failures(failures: Iterable[TestResult]) -> list[Cause]:
    """Return the causes of failed tests, in the order of the tests; failed clean-ups come first, as they hide others.

    Tests have the same cause if their handler's traceback ends the same way, or else if their messages are equal.
    """
    causes: list[Cause] = []
    by_key: dict[object, Cause] = {}
    for test in failures:
        message, place = _without_identifier(test.message), _place(test.log)
        cause = by_key.get(place or message)
        if cause is None:
            cause = Cause(test.message, test.log)
            causes.append(cause)
        by_key.setdefault(place or message, cause)
        by_key.setdefault(message, cause)  # of a test whose log is another's, because they share a resource
        cause.tests.append(f"{test.suite}: {test.name}")
    return sorted(causes, key=lambda cause: not cause.message.startswith(CLEAN_UP))


def page(causes: Sequence[Cause], places: Mapping[str, str], *, whole: bool = False) -> list[str]:
    """Return the lines that show causes, as many as fit on a page: always the first, then those that still fit.

    Args:
        causes: the causes, the most important ones first.
        places: the place of each handler, by action.
        whole: whether to show all, however long that is.
    """
    lines: list[str] = []
    for number, cause in enumerate(causes):
        more = list(cause.lines(places))
        if lines and not whole and _height(lines) + _height(more) > _PAGE:
            tests = sum(len(other.tests) for other in causes[number:])
            left = len(causes) - number
            lines.append(
                f"... and {left} more cause{'s' * (left > 1)}, of {tests} failed tests; all: cfn-sandbox test -- -v"
            )
            break
        lines += more
    return lines


def condensed(log: str, own: str = "") -> str:
    """Return a function's log for people: without the emulator's lines, and with the project's frames alone.

    Args:
        log: what the function and the emulator wrote.
        own: the project's top-level package, whose frames stay. Without it all stay.
    """
    lines: list[str] = []
    dropping = False
    for line in log.splitlines():
        frame = _FRAME.match(line)
        if frame:
            mine = frame["path"].startswith(f"{own}/")
            dropping = bool(own) and not mine
            path = f"src/{frame['path']}" if own and mine else frame["path"]
            line = f'{frame[1]}File "{path}", line {frame["line"]}{line[frame.end() :]}'  # noqa: PLW2901 - shortened
        elif not line.startswith(" "):
            dropping = not line or bool(_NOISE.match(line) or _CHAIN.match(line))
        if not dropping and not _MARKS.match(line):
            if lines and lines[-1] == _TRACEBACK and not frame:
                lines.pop()  # none of its frames is the project's
            lines.append(_LOGGED.sub(r"[\1] ", line))
    return "\n".join(_once(lines))


def _once(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines without the tracebacks, and their exceptions, that came before: the library logs one twice."""
    seen: set[tuple[str, ...]] = set()
    block: list[str] = []
    for line in lines:
        if line == _TRACEBACK or (block and line.startswith(" ")):
            block.append(line)
            continue
        if block and tuple(block) not in seen:
            seen.add(tuple(block))
            yield from block
        elif block and (line,) in seen:
            line = ""  # noqa: PLW2901 - said before
        if block:
            seen.add((line,))
        block = []
        if line:
            yield line
    yield from block


def _place(log: str) -> tuple[str, ...]:
    """Return where a condensed log's tracebacks lead: their frames, and the kinds of their exceptions."""
    found, inside = [], False
    for line in log.splitlines():
        if frame := _FRAME.match(line):
            found.append(f"{frame['path']}:{frame['line']}")
            inside = True
        elif inside and not line.startswith(" "):
            found.append(line.partition(":")[0])
            inside = False
    return tuple(found)


def _without_identifier(message: str) -> str:
    """Return a message without what differs in each test: the resource that a clean-up left, the request's token."""
    message = re.sub(r"RequestToken: [0-9a-f-]{36}", "RequestToken", message)
    return re.sub(r"DELETE of .*? failed with", "DELETE failed with", message)


def _height(lines: Iterable[str]) -> int:
    """Return how many lines of a terminal these lines take."""
    return sum(1 + len(line) // _WIDTH for line in lines)


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
