"""Tellers show steps to a person on a terminal, to a pipe and to a script."""

import io
import json
import re
import time

import pytest

from cfn_sandbox.cli import waiting
from cfn_sandbox.cli.teller import JsonTeller, Teller, TextTeller


class Terminal(io.StringIO):
    """A text file that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def show_steps(teller: Teller) -> None:
    """Run a step with a detail inside, a detail after it, and commands at the end."""
    with teller.step("Create [the] stack"):
        teller.detail("on the way")
    teller.detail("afterwards")
    teller.commands("Next:", ["make test"])


def test_a_pipe_gets_plain_lines() -> None:
    """A pipe gets plain lines, each step before its details; text that looks like rich's markup stays text."""
    out = io.StringIO()
    show_steps(TextTeller(out))
    step, *rest = out.getvalue().splitlines()
    assert re.fullmatch(r"Create \[the\] stack \.+ +\d\.\d s", step)
    assert rest == ["    on the way", "    afterwards", "", "Next:", "", "    make test"]


def test_a_pipe_is_told_that_a_long_step_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the step, whose own line comes at its end."""
    monkeypatch.setattr(waiting, "SILENCE_SECONDS", 0.05)
    out = io.StringIO()
    with TextTeller(out).step("Create the stack"):
        deadline = time.monotonic() + 10
        while "still" not in out.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    first, *_, last = out.getvalue().splitlines()
    assert first == "    Create the stack:  still at it, for 0 s"
    assert last.startswith("Create the stack ...")


def test_a_terminal_gets_the_same_in_colour_and_a_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets coloured lines, and a live line with a hidden cursor while a step runs."""
    for name in ("NO_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    show_steps(TextTeller(terminal))
    output = terminal.getvalue()
    assert "\033[?25l" in output  # hides the cursor while a step runs
    assert output.count("\033[?25l") == output.count("\033[?25h")
    assert re.search(r"\033\[[0-9;]*m +\d\.\d s\033\[0m", output)


def fail_step(teller: Teller, error: BaseException) -> None:
    """Run a step that adds a detail and then raises an exception."""
    with teller.step("Do it"):
        teller.detail("half of it")
        raise error


@pytest.mark.parametrize(
    ("error", "word"),
    [(ValueError(), "failed"), (KeyboardInterrupt(), "interrupted"), (SystemExit(143), "interrupted")],
)
def test_a_step_that_does_not_end_well_says_so(error: BaseException, word: str) -> None:
    """A step that ends with an exception says so in its line or status, and still shows its details."""
    text, objects = io.StringIO(), io.StringIO()
    for teller in (TextTeller(text), JsonTeller(objects)):
        with pytest.raises(type(error)):
            fail_step(teller, error)
    assert re.fullmatch(rf"Do it \.+ {word}\n    half of it\n", text.getvalue())
    step, detail = map(json.loads, objects.getvalue().splitlines())
    assert (step["step"], step["status"], detail) == ("Do it", word, {"detail": "half of it"})


def test_a_script_gets_an_object_a_line() -> None:
    """A script gets one JSON object a line, and nothing else."""
    out = io.StringIO()
    show_steps(JsonTeller(out))
    step, *rest = map(json.loads, out.getvalue().splitlines())
    assert step.pop("seconds") >= 0
    assert step == {"step": "Create [the] stack", "status": "done"}
    assert rest == [{"detail": "on the way"}, {"detail": "afterwards"}, {"title": "Next:", "commands": ["make test"]}]
