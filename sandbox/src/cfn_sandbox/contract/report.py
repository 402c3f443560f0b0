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

from cfn_sandbox.contract.resource import Call

if TYPE_CHECKING:
    from cfn_sandbox.contract.session import Outcome


def describe(item: pytest.Item, report: pytest.TestReport) -> None:
    """Add a test's expectation, calls and answers to its report, for JUnit XML and the HTML page."""
    if report.when == "teardown" or (report.when == "setup" and report.outcome == "passed"):
        return
    rule = inspect.getdoc(getattr(item, "function", None)) or ""
    calls = [call for value in getattr(item, "funcargs", {}).values() for call in _calls(value)]
    results = ", ".join(f"{call.action} {_result_of(call)}" for call in calls)
    item.user_properties += [("expected", rule.partition("\n\n")[0].replace("\n", " ")), ("called", results)]
    expected, _, reading = rule.partition("\n\n")
    report.expected = html.escape(expected)  # type: ignore[attr-defined]  # a report takes attributes for other hooks
    page = "".join(f"<p>{html.escape(part)}</p>" for part in (expected, *filter(None, [reading])))
    page += "".join(_call_html(number, call) for number, call in enumerate(calls, 1))
    report.extras = [  # type: ignore[attr-defined]  # pytest-html reads it
        {"name": "called", "format_type": "html", "content": page, "mime_type": None, "extension": None}
    ]


def table(outcome: Outcome, terminal: Any) -> None:  # noqa: ANN401 - pytest's terminal reporter has no public name
    """Write a table of the suites to pytest's output, in colour if that is a terminal."""
    summary = Table(box=SIMPLE_HEAD)
    for name in ("suite", "passed", "failed", "skipped", "seconds"):
        summary.add_column(name, justify="left" if name == "suite" else "right")
    suites = list(dict.fromkeys(test.suite for test in outcome.tests))
    for suite in suites:
        tests = [test for test in outcome.tests if test.suite == suite]
        counts = [outcome.count(kind, suite) for kind in ("passed", "failed", "skipped")]
        style = "red" if counts[1] else "green"
        summary.add_row(suite, *map(str, counts), f"{sum(test.seconds for test in tests):.1f}", style=style)
    writer = terminal._tw  # noqa: SLF001 - the only way to pytest's terminal
    text = io.StringIO()
    colours: Literal["standard"] | None = "standard" if writer.hasmarkup else None
    console = Console(file=text, force_terminal=writer.hasmarkup, width=100, color_system=colours)
    if suites:
        console.print(summary)
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


def _result_of(call: Call) -> str:
    if "crash" in call.answer:
        return "crashed"
    return str(call.answer.get("errorCode") or call.answer.get("status"))


def _call_html(number: int, call: Call) -> str:
    request, answer = (html.escape(json.dumps(side, indent=2, default=str)) for side in (call.request, call.answer))
    return (
        f"<details><summary>{number}. {call.action}: {html.escape(_result_of(call))}</summary>"
        f"<b>called with</b><pre>{request}</pre><b>came</b><pre>{answer}</pre></details>"
    )
