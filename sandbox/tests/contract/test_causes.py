"""Failed tests are shown by their cause, with the lines of the project alone."""

from __future__ import annotations

from pathlib import Path

from cfn_sandbox.contract import causes, places, session

LOG = """START RequestId: 1 Version: $LATEST
[ERROR]\t2026-11-28T18:32:11.679Z\t0f8e71ff\tHandler error
Traceback (most recent call last):
  File "/cache/sandbox-72/task/library/resource.py", line 63, in __call__
    return self.handler(event)
           ^^^^^^^^^^^^^^^^^^^
  File "/cache/sandbox-72/task/acme_toy/handlers.py", line 12, in create
    raise ValueError(name)
ValueError: bear

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/cache/sandbox-72/task/library/resource.py", line 70, in __call__
    raise InternalFailure() from error
library.InternalFailure: null
Traceback (most recent call last):
  File "/cache/sandbox-72/task/library/resource.py", line 63, in __call__
    return self.handler(event)
  File "/cache/sandbox-72/task/acme_toy/handlers.py", line 12, in create
    raise ValueError(name)
ValueError: bear
the author's own line
END RequestId: 1
REPORT RequestId: 1\tDuration: 3 ms
"""
CONDENSED = """[ERROR] Handler error
Traceback (most recent call last):
  File "src/acme_toy/handlers.py", line 12, in create
    raise ValueError(name)
ValueError: bear
library.InternalFailure: null
the author's own line"""


def failed(name: str, message: str, log: str = "") -> session.TestResult:
    """Return the result of a failed test."""
    return session.TestResult("v2", name, "failed", message, 0.1, log)


def test_a_log_shows_the_project_s_lines() -> None:
    """The emulator's lines, the libraries' frames and repeated tracebacks go; what the author wrote stays."""
    assert causes.condensed(LOG, "acme_toy") == CONDENSED


def test_one_defect_is_one_cause() -> None:
    """Tests with the same place in the code, or else the same message, have one cause; a clean-up's comes first."""
    other = CONDENSED.replace("bear", "wolf")
    found = causes.of_failures(
        [
            failed("one", "CREATE failed with InternalFailure: bear", CONDENSED),
            failed("two", "CREATE failed with InternalFailure: wolf", other),
            failed("three", "CREATE failed with InternalFailure: bear"),
            failed("four", "LIST leaves the created resource out"),
            failed("five", f"{causes.CLEAN_UP}; DELETE of a failed with X: no"),
            failed("six", f"{causes.CLEAN_UP}; DELETE of b failed with X: no"),
        ]
    )
    assert [[name.removeprefix("v2: ") for name in cause.tests] for cause in found] == [
        ["five", "six"],
        ["one", "two", "three"],
        ["four"],
    ]


def test_the_token_of_a_request_makes_no_cause_of_its_own() -> None:
    """A handler that raises without a message is quoted with its request's token, which differs in each test."""
    message = 'CREATE failed with InternalFailure: Resource handler returned message: "null" (RequestToken: {}, ...)'
    tokens = ("c2444be3-bab7-43e7-8898-18e9c6c42d56", "dedf799e-9bcb-4d59-a2d0-68ef102e3852")
    (cause,) = causes.of_failures([failed(token, message.format(token)) for token in tokens])
    assert len(cause.tests) == 2


def test_a_page_has_what_fits() -> None:
    """The first cause is shown in any case, and what is left out is counted."""
    found = causes.of_failures([failed(f"test {n}", f"message {n}\n" * 4) for n in range(8)])
    lines = causes.page(found, {})
    assert lines[-1] == "... and 4 more causes, of 4 failed tests; all: cfn-sandbox test -- -v"
    assert len(lines) <= 21
    assert len(causes.page(found, {}, whole=True)) == 40


def test_a_cause_without_a_traceback_names_the_handler(tmp_path: Path) -> None:
    """Of a wrong answer no line is known, but the handler's is."""
    source = tmp_path / "src" / "acme_toy" / "handlers.py"
    source.parent.mkdir(parents=True)
    source.write_text("@resource.handler(Action.UPDATE)\ndef update(session, request, context):\n    pass\n")
    known = places.of_handlers(tmp_path, "acme_toy")
    assert known == {"UPDATE": "src/acme_toy/handlers.py:2"}
    (cause,) = causes.of_failures([failed("test_delete_update", "UPDATE was to fail with NotFound; it succeeded")])
    assert list(cause.lines(known)) == [
        "UPDATE was to fail with NotFound; it succeeded",
        "    in v2: test_delete_update",
        "    UPDATE: src/acme_toy/handlers.py:2",
    ]
