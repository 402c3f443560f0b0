"""Steps as a person sees them on a terminal, as a pipe carries them, and as a script reads them."""

import io
import json
import re

import pytest

from sandbox.teller import JsonTeller, Teller, TextTeller


class Terminal(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def play(teller: Teller) -> None:
    """A step with a detail found on the way, another detail after it, and commands at the end."""
    with teller.step("Create [the] stack"):
        teller.detail("on the way")
    teller.detail("afterwards")
    teller.commands("Next:", ["make test"])


def test_a_pipe_gets_plain_lines() -> None:
    """A step's line comes before what it found, and what looks like rich's markup is text."""
    out = io.StringIO()
    play(TextTeller(out))
    step, *rest = out.getvalue().splitlines()
    assert re.fullmatch(r"Create \[the\] stack \.+ +\d\.\d s", step)
    assert rest == ["    on the way", "    afterwards", "", "Next:", "", "    make test"]


def test_a_terminal_gets_the_same_in_colour_and_a_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the codes that colour and move, the same words."""
    for name in ("NO_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    play(TextTeller(terminal))
    shown = terminal.getvalue()
    assert "\033[?25l" in shown  # the cursor is hidden while a step is under way
    assert shown.count("\033[?25l") == shown.count("\033[?25h")
    assert re.search(r"\033\[[0-9;]*m +\d\.\d s\033\[0m", shown)


def half(teller: Teller, raised: BaseException) -> None:
    """A step that finds something and then ends otherwise."""
    with teller.step("Do it"):
        teller.detail("half of it")
        raise raised


@pytest.mark.parametrize(
    ("raised", "word"),
    [(ValueError(), "failed"), (KeyboardInterrupt(), "interrupted"), (SystemExit(143), "interrupted")],
)
def test_a_step_that_does_not_end_well_says_so(raised: BaseException, word: str) -> None:
    """In its line, and as an object's status; what it had found is shown all the same."""
    text, objects = io.StringIO(), io.StringIO()
    for teller in (TextTeller(text), JsonTeller(objects)):
        with pytest.raises(type(raised)):
            half(teller, raised)
    assert re.fullmatch(rf"Do it \.+ {word}\n    half of it\n", text.getvalue())
    step, detail = map(json.loads, objects.getvalue().splitlines())
    assert (step["step"], step["status"], detail) == ("Do it", word, {"detail": "half of it"})


def test_a_script_gets_an_object_a_line() -> None:
    """Nothing else."""
    out = io.StringIO()
    play(JsonTeller(out))
    step, *rest = map(json.loads, out.getvalue().splitlines())
    assert step.pop("seconds") >= 0
    assert step == {"step": "Create [the] stack", "status": "done"}
    assert rest == [{"detail": "on the way"}, {"detail": "afterwards"}, {"title": "Next:", "commands": ["make test"]}]
