"""A long step says that it still runs, and a step that speaks itself isn't interrupted."""

import subprocess
import sys
import time

import pytest

from cfn_sandbox.cli import waiting

# Each command ends at the first import that takes long where Python has no byte code of it yet.
BEGINNINGS = """
import sys
from cfn_sandbox import __main__

class Ends:
    def find_spec(self, name, *_):
        if name in {"boto3", "botocore", "cfn_sandbox.packaging.package", "moto", "pytest", "rpdk"}:
            sys.exit("imports")

sys.meta_path.insert(0, Ends())
for arguments in (["up"], ["run", "--", "true"], ["test"], ["package"]):
    try:
        __main__.main(arguments)
    except SystemExit as end:
        print(arguments[0], end, file=sys.stderr)
"""


def test_the_first_line_comes_before_long_imports() -> None:
    """A command says what it starts before it imports moto, boto3, pytest or the packager."""
    ended = subprocess.run([sys.executable, "-c", BEGINNINGS], capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines() == [
        "cfn-sandbox: starting an account",
        "up imports",
        "cfn-sandbox: starting an account",
        "run imports",
        "cfn-sandbox: loading AWS's contract suites",
        "test imports",
        "cfn-sandbox: loading the packager",
        "package imports",
    ]


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
