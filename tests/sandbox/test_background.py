"""`sandbox up --detach` and `sandbox down`, as a person uses them: from any folder, in a shell's eval."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox import toy
from tests.sandbox.processes import wait_until_ended, wait_until_gone

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).with_name("sandbox")

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(toy_project: Path, toy_package: Path) -> Iterator[Path]:
    """The toy's project, packaged; its background sandbox is ended whatever a test leaves."""
    assert toy_package
    yield toy_project
    subprocess.run([COMMAND, "down", "--project", toy_project], capture_output=True, check=False, timeout=60)


@pytest.fixture
def sandbox(project: Path, tmp_path: Path) -> Call:
    """Run the installed command in a folder that is nothing's, to its end."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [COMMAND, arguments[0], "--project", project, *arguments[1:]]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    return call


def number(project: Path) -> int:
    """The process of a project's background sandbox."""
    return int((project / ".cache" / "sandbox" / "lock").read_text())


def variables(exports: str) -> dict[str, str]:
    """What a shell would have after evaluating the output of `up`."""
    show = 'eval "$1"; env'
    told = subprocess.run(
        ["sh", "-c", show, "sh", exports], env={"PATH": os.defpath}, capture_output=True, text=True, check=True
    )
    return dict(line.split("=", 1) for line in told.stdout.splitlines())


def test_it_is_up_until_down(sandbox: Call, project: Path) -> None:
    """Standard output is for eval alone, of both commands; in between any client reaches the account."""
    started = sandbox("up", "--detach")
    assert started.returncode == 0, started.stderr
    assert {line.split()[0] for line in started.stdout.splitlines()} == {"unset", "export"}
    environment = variables(started.stdout)
    ask = "import boto3; print(boto3.client('cloudformation').list_types()['TypeSummaries'][0]['TypeName'])"
    told = subprocess.run(
        [sys.executable, "-c", ask], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert told.stdout == "Toy::Test::Type\n", told.stderr
    running, log = number(project), started.stderr.partition("the function's log is ")[2].partition(";")[0]

    ended = sandbox("down")
    assert (ended.returncode, ended.stderr) == (0, f"sandbox: the sandbox of {project} has ended\n")
    wait_until_ended(running)
    assert not Path(log).exists()
    wait_until_gone(Path(log).parent / "task")
    forget = f"{started.stdout}\n{ended.stdout}"
    assert not [name for name in variables(forget) if name.startswith(("AWS_", "SANDBOX_"))]


def test_up_twice_is_the_same_sandbox(sandbox: Call, project: Path) -> None:
    """So that a second terminal joins it; in another region it is not, and says what to do."""
    first = sandbox("up", "--detach", "--region", "eu-west-1")
    second = sandbox("up", "--detach")
    assert first.stdout == second.stdout != ""
    assert f"sandbox: the sandbox of {project} is up already" in second.stderr
    other = sandbox("up", "--detach", "--region", "us-west-2")
    assert (other.returncode, other.stdout) == (1, "")
    assert other.stderr == "sandbox: a sandbox of this project is up in eu-west-1: `sandbox down` ends it\n"


def test_down_without_up_is_said(sandbox: Call, project: Path) -> None:
    """And is no failure: nothing is up, as was wanted."""
    assert sandbox("down").returncode == 0
    ended = sandbox("down")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr == f"sandbox: no sandbox of {project} is up\n"


def test_one_that_was_killed_is_not_taken_for_up(sandbox: Call, project: Path) -> None:
    """Its file with a process's number is still there; the number may be another process's by now."""
    sandbox("up", "--detach")
    os.kill(number(project), signal.SIGKILL)
    wait_until_ended(number(project))
    assert sandbox("down").stderr == f"sandbox: no sandbox of {project} is up\n"
    again = sandbox("up", "--detach")
    assert "is up already" not in again.stderr
    assert again.returncode == 0


def test_one_that_cannot_start_says_why(sandbox: Call, project: Path) -> None:
    """With its own words and its exit code; nothing runs, and nothing is to be evaluated."""
    failed = sandbox("up", "--detach", "--port", "70000")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.endswith("sandbox: 70000 is not a port: give a number from 1 to 65535, or 0 for a free port\n")
    assert sandbox("down").stderr == f"sandbox: no sandbox of {project} is up\n"


def test_a_folder_without_a_project_is_not_written_to(tmp_path: Path) -> None:
    """Neither by up nor by down."""
    for command in (["up", "--detach"], ["down"]):
        subprocess.run([COMMAND, *command, "--project", tmp_path], capture_output=True, check=False, timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_it_starts_ends_it(tmp_path: Path) -> None:
    """It is in its own session, which a terminal's Ctrl-C does not reach."""
    # A module that is imported while cfn packages: it never ends.
    project = toy.write(tmp_path / "project", requirements="--no-index\n")
    (project / "toy-test-type.json").unlink()
    os.mkfifo(project / "toy-test-type.json")  # reading the schema waits for a writer
    with subprocess.Popen(
        [COMMAND, "up", "--detach", "--project", project],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as process:
        lock = project / ".cache" / "sandbox" / "lock"
        deadline = time.monotonic() + 30
        while not (lock.exists() and lock.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        child = number(project)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    wait_until_ended(child)
