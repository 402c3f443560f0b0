"""The report of the contract suites: each test's expectation, calls and answers, and a table of the suites."""

from __future__ import annotations

import html
import inspect
import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pytest
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cfn_sandbox.contract import causes
from cfn_sandbox.contract.resource import Call
from cfn_sandbox.packaging.package import tail

if TYPE_CHECKING:
    from cfn_sandbox.contract.session import Outcome

FAILED_CALL = pytest.StashKey[str]()
"""What the handler logged in a test's last call that failed, of a suite that calls it in another process."""


def describe(item: pytest.Item, report: pytest.TestReport, own: str = "") -> None:
    """Add a test's expectation, calls and answers to its report, for JUnit XML, the HTML page and the terminal.

    Args:
        item: the test.
        report: its report.
        own: the project's top-level package (see causes.condensed).
    """
    if report.outcome == "passed" and report.when != "call":
        return
    rule = inspect.getdoc(getattr(item, "function", None)) or ""
    expected, _, reading = rule.partition("\n\n")
    calls = [call for value in getattr(item, "funcargs", {}).values() for call in _calls(value)]
    results = ", ".join(f"{call.action} {_result_of(call)}" for call in calls)
    if report.when != "teardown":
        item.user_properties += [("expected", expected.replace("\n", " ")), ("called", results)]
    report.expected = html.escape(expected)  # type: ignore[attr-defined]  # a report takes attributes for other hooks
    page = "".join(f"<p>{html.escape(part)}</p>" for part in (expected, *filter(None, [reading])))
    page += "".join(_call_html(number, call) for number, call in enumerate(calls, 1))
    failed_call = calls[-1].log if calls and calls[-1].failed else item.stash.get(FAILED_CALL, "")
    report.failed_call = causes.condensed(failed_call, own)  # type: ignore[attr-defined]  # as above
    logs = (_logs(calls, own) or report.failed_call) if report.outcome == "failed" else ""
    if logs:
        item.user_properties.append(("log", logs))
        report.sections.append(("the handler's log", logs))
    report.extras = [  # type: ignore[attr-defined]  # pytest-html reads it
        {"name": "called", "format_type": "html", "content": page, "mime_type": None, "extension": None}
    ]


def table(outcome: Outcome, places: Mapping[str, str], terminal: Any) -> None:  # noqa: ANN401 - pytest's terminal reporter has no public name
    """Write the causes of failures and a table of the suites to pytest's output, in colour if that is a terminal.

    Args:
        outcome: the outcome of all tests.
        places: the place of each handler, by action.
        terminal: pytest's terminal reporter.
    """
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
    found = causes.of_failures(outcome.failures)
    if found and found[0].message.startswith(causes.CLEAN_UP):
        console.print("Repair DELETE first: its failures can hide others.", style="red", highlight=False)
    for line in causes.page(found, places, whole=terminal.config.getoption("verbose") > 0):
        style = "default" if line.startswith(" ") else "red"
        console.print(line, style=style, highlight=False, soft_wrap=True, markup=False)
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


def _logs(calls: Sequence[Call], own: str) -> str:
    """Return what the function logged in the calls that failed, or else in the last call; the end of a long log."""
    failed = [call for call in calls if call.failed] or list(calls[-1:])
    logs = (causes.condensed(call.log, own) for call in failed)
    return "\n".join(dict.fromkeys(tail(log) for log in logs if log))


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
        f"<b>called with</b><pre>{request}</pre><b>came</b><pre>{answer}</pre>"
        f"{f'<b>logged</b><pre>{html.escape(call.log)}</pre>' if call.log else ''}</details>"
    )
