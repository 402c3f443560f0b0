"""`make demo` shows each step, fails when a step doesn't do what it says, and leaves nothing behind."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.cli.teller import JsonTeller, Teller, TextTeller
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.packaging.package import package
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.processes import descendants, wait_until_ended
from tools import sagemaker
from tools.sagemaker import __main__ as command_line
from tools.sagemaker import demo

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
STEPS = [
    "Start an AWS account",
    "Register the type with `cfn submit`",
    "Create the documentation's example",
    "READ it by its ARN alone",
    "LIST all definitions",
    "Give it an EndpointName: no interruption",
    "Change a stack tag: in place",
    "Change RoleArn: replacement",
    "Delete the stack",
]


def test_it_shows_every_step_with_its_time(capfd: pytest.CaptureFixture[str]) -> None:
    """The demo prints a plain line for each step, with its time, and ends within two minutes."""
    started_at = time.monotonic()
    completed = subprocess.run(
        [sys.executable, "-m", "tools.sagemaker"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (completed.returncode, completed.stderr) == (0, "")
    assert time.monotonic() - started_at < 120
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\uffff]", completed.stdout) is None
    life, _, next_commands = completed.stdout.partition("\nWhat you may want to try next:\n")
    steps = [line for line in life.splitlines() if not line.startswith("    ")]
    assert len(steps) == len(STEPS)
    assert all(line.startswith(step) for step, line in zip(STEPS, steps, strict=True))
    assert all(re.fullmatch(r".* \.+ +\d+\.\d s", line) for line in steps)
    assert "nothing is left" in life
    assert re.search(r"^    \d{3} contract tests passed, \d skipped; AWS's rules warn: TAG017", life, re.MULTILINE)
    assert len(re.findall(r"^    (\.venv/bin/cfn-sandbox|make) ", next_commands, re.MULTILINE)) == 3
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("change", "step", "message"),
    [
        ({"createOnlyProperties": ["/properties/EndpointName"]}, "Give it an EndpointName", "was replaced"),
        ({"createOnlyProperties": []}, "Change RoleArn", "UPDATE_ROLLBACK_COMPLETE.*NotUpdatable"),
    ],
)
def test_the_steps_check_what_they_say(change: dict[str, Any], step: str, message: str) -> None:
    """A schema with other update rules fails the step that shows the rule."""
    template = parse((PROJECT / "examples" / "documentation.yaml").read_text()).body
    out = io.StringIO()
    with sagemaker.account(region=demo.REGION) as account:
        function = account.registry.add_package(package(PROJECT))
        schema = json.loads((PROJECT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
        kind = RegisteredType(schema | change, function.invoke)
        catalogue.add_type(account.account_id, account.region, kind)
        with pytest.raises(SandboxError, match=message):
            demo.Demo(account, kind, TextTeller(out)).run(template)
    failed = [line for line in out.getvalue().splitlines() if line.endswith(" failed")]
    assert [line.startswith(step) for line in failed] == [True]


@pytest.mark.parametrize(
    ("number", "during"), [(signal.SIGINT, "Start an AWS account"), (signal.SIGTERM, "Register the type")]
)
def test_an_interrupted_demo_is_cleaned_up(number: int, during: str, tmp_path: Path) -> None:
    """An interrupted demo exits with 128 plus the signal, and leaves no traceback, process or file."""
    # The real submit takes half a minute, and the test of the steps runs it.
    # A shell starts what runs in its background with SIGINT ignored, which children inherit.
    script = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from cfn_sandbox.packaging.package import package
from tools.sagemaker import __main__, demo
demo._submit = lambda project, account: account.registry.add_package(package(project))
demo.Demo.run = lambda shown, _: shown._invoke("LIST") and input()
exit(__main__.main([]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,  # the stack's life waits here for a line that never comes
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(during):  # the demo prints a step's line when the step ends
                break
        deadline = time.monotonic() + 30
        while not (children := descendants(process.pid)) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(timeout=60) == 128 + number
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert children
    for pid in children:
        wait_until_ended(pid)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_shows_what_the_handler_s_log_says_of_it() -> None:
    """A failure shows the handler's log from its first error on, and nothing of a log without errors."""
    assert demo.error_excerpt("INFO one\n[ERROR] two\nTraceback three\n") == (
        "The handler's log says:\n[ERROR] two\nTraceback three"
    )
    assert demo.error_excerpt("INFO one\nINFO two\n") == ""


@pytest.mark.parametrize(("arguments", "kind"), [([], TextTeller), (["--json"], JsonTeller)])
def test_scripts_can_have_json(arguments: list[str], kind: type[Teller], monkeypatch: pytest.MonkeyPatch) -> None:
    """`--json` prints JSON for scripts."""
    tellers: list[Teller] = []
    monkeypatch.setattr(demo, "run", lambda _, teller: tellers.append(teller))
    assert command_line.main(arguments) == 0
    assert [type(teller) for teller in tellers] == [kind]
