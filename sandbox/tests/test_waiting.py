"""A long step says that it still runs, and a step that speaks itself isn't interrupted."""

import time

import pytest

from cfn_sandbox.cli import waiting


def test_silence_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the limit, as long as the step takes, and never after its end."""
    monkeypatch.setattr(waiting, "SILENCE_SECONDS", 0.05)
    lines: list[str] = []
    with waiting.told("packaging", lines.append):
        deadline = time.monotonic() + 10
        while len(lines) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert lines[:3] == ["packaging", "  still at it, for 0 s", "  still at it, for 0 s"]
    ended = [*lines]
    time.sleep(0.1)
    assert lines == ended


def test_a_step_that_speaks_is_left_alone() -> None:
    """Its own lines count, and a short step has its title alone."""
    lines: list[str] = []
    with waiting.told("packaging", lines.append) as say:
        say("half of it")
    assert lines == ["packaging", "half of it"]
