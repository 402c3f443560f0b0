"""The report of the contract suites: each test's expectation, calls and answers, and a table of the suites."""

from __future__ import annotations

import html
import inspect
import io
import json
from typing import TYPE_CHECKING, Any, Literal

import pytest
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from sandbox.contract.resource import Call

if TYPE_CHECKING:
    from sandbox.contract.session import Outcome


def describe(item: pytest.Item, report: pytest.TestReport) -> None:
    """Add a test's expectation, calls and answers to its report, for JUnit XML and the HTML page."""
    if report.when == "teardown" or (report.when == "setup" and report.outcome == "passed"):
        return
    rule = inspect.getdoc(getattr(item, "function", None)) or ""
    calls = [call for value in getattr(item, "funcargs", {}).values() for call in _calls(value)]
    called = ", ".join(f"{call.action} {_ended(call)}" for call in calls)
    item.user_properties += [("expected", rule.partition("\n\n")[0].replace("\n", " ")), ("called", called)]
    expected, _, reading = rule.partition("\n\n")
    report.expected = html.escape(expected)  # type: ignore[attr-defined]  # a report takes attributes for other hooks
    page = "".join(f"<p>{html.escape(part)}</p>" for part in (expected, *filter(None, [reading])))
    page += "".join(_shown(number, call) for number, call in enumerate(calls, 1))
    report.extras = [  # type: ignore[attr-defined]  # pytest-html reads it
        {"name": "called", "format_type": "html", "content": page, "mime_type": None, "extension": None}
    ]


def table(outcome: Outcome, terminal: Any) -> None:  # noqa: ANN401 - pytest's terminal reporter has no public name
    """Write a table of the suites to pytest's output, in colour if that is a terminal."""
    drawn = Table(box=SIMPLE_HEAD)
    for name in ("suite", "passed", "failed", "skipped", "seconds"):
        drawn.add_column(name, justify="left" if name == "suite" else "right")
    suites = list(dict.fromkeys(test.suite for test in outcome.tests))
    for suite in suites:
        tests = [test for test in outcome.tests if test.suite == suite]
        counts = [outcome.count(kind, suite) for kind in ("passed", "failed", "skipped")]
        style = "red" if counts[1] else "green"
        drawn.add_row(suite, *map(str, counts), f"{sum(test.seconds for test in tests):.1f}", style=style)
    writer = terminal._tw  # noqa: SLF001 - the only way to pytest's terminal
    text = io.StringIO()
    colours: Literal["standard"] | None = "standard" if writer.hasmarkup else None
    console = Console(file=text, force_terminal=writer.hasmarkup, width=100, color_system=colours)
    if suites:
        console.print(drawn)
    for warning in outcome.warnings:
        console.print(
            f"AWS's rules warn, which fails nothing: {warning}", style="yellow", highlight=False, soft_wrap=True
        )
    terminal.ensure_newline()
    writer.write(
        text.getvalue() if writer.hasmarkup else "\n".join(map(str.rstrip, text.getvalue().splitlines())) + "\n"
    )


def _calls(value: object) -> tuple[Call, ...]:
    if isinstance(value, list):
        return tuple(call for one in value[:1] for call in _calls(one))  # the first resource has the calls of all
    calls = getattr(value, "calls", ())
    return tuple(call for call in calls if isinstance(call, Call))


def _ended(call: Call) -> str:
    if "crash" in call.came:
        return "crashed"
    return str(call.came.get("errorCode") or call.came.get("status"))


def _shown(number: int, call: Call) -> str:
    asked, came = (html.escape(json.dumps(side, indent=2, default=str)) for side in (call.asked, call.came))
    return (
        f"<details><summary>{number}. {call.action}: {html.escape(_ended(call))}</summary>"
        f"<b>called with</b><pre>{asked}</pre><b>came</b><pre>{came}</pre></details>"
    )
