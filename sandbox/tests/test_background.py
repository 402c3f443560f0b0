"""`cfn-sandbox up --detach` and `cfn-sandbox down` work from any folder, and print lines for a shell's eval."""

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from cfn_sandbox import SandboxError
from cfn_sandbox.cli import background, shell
from sandbox.tests.processes import descendants, wait_until_ended, wait_until_gone
from sandbox.tests.toys import echo

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).with_name("cfn-sandbox")

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(toy_project: Path, toy_package: Path) -> Iterator[Path]:
    """Yield the toy's packaged project; afterwards, end its background sandbox if one is left."""
    assert toy_package
    yield toy_project
    subprocess.run([COMMAND, "down", "--project", toy_project], capture_output=True, check=False, timeout=60)


@pytest.fixture
def sandbox(project: Path, tmp_path: Path) -> Call:
    """Return a function that runs the installed command to its end, from a folder outside any project."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [COMMAND, arguments[0], "--project", project, *arguments[1:]]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    return call


def pid_of(project: Path) -> int:
    """Return the process ID of a project's background sandbox."""
    return int((project / ".cache" / "sandbox" / "lock").read_text())


def variables(exports: str) -> dict[str, str]:
    """Return a shell's variables after it evaluates the output of `up`."""
    script = 'eval "$1"; env'
    completed = subprocess.run(
        ["sh", "-c", script, "sh", exports], env={"PATH": os.defpath}, capture_output=True, text=True, check=True
    )
    return dict(line.split("=", 1) for line in completed.stdout.splitlines())


def test_it_is_up_until_down(sandbox: Call, project: Path) -> None:
    """Clients reach the account between `up` and `down`, whose standard output has only lines for eval."""
    started = sandbox("up", "--detach")
    assert started.returncode == 0, started.stderr
    environment = variables(started.stdout)
    code = "import boto3; print(boto3.client('cloudformation').list_types()['TypeSummaries'][0]['TypeName'])"
    completed = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert completed.stdout == "Toy::Test::Type\n", completed.stderr
    pid, log = pid_of(project), started.stderr.partition("the function's log is ")[2].partition("\n")[0]

    cache = project / ".cache" / "sandbox"
    assert {path.name: path.stat().st_mode & 0o777 for path in [cache, *cache.iterdir()]} == {
        "sandbox": 0o700,
        "lock": 0o600,
        "log": 0o600,
        "variables": 0o600,
    }
    secrets = [environment[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    running = "".join(Path(f"/proc/{number}/cmdline").read_text() for number in [pid, *descendants(pid)])
    assert "aws-lambda-rie" in running
    for secret in secrets:
        assert secret not in (cache / "log").read_text() + Path(log).read_text() + running

    assert "Ctrl-C" not in started.stderr

    ended = sandbox("down")
    assert not (cache / "variables").exists()
    assert (ended.returncode, ended.stderr) == (0, f"cfn-sandbox: the sandbox of {project} has ended\n")
    wait_until_ended(pid)
    assert not Path(log).exists()
    wait_until_gone(Path(log).parent / "task")
    script = f"{started.stdout}\n{ended.stdout}"
    assert not [name for name in variables(script) if name.startswith(("AWS_", "CFN_SANDBOX_"))]


def test_up_twice_is_the_same_sandbox(sandbox: Call, project: Path) -> None:
    """A second `up` joins the running sandbox; with another region, it fails and says what to do."""
    first = sandbox("up", "--detach", "--region", "eu-west-1")
    second = sandbox("up", "--detach")
    assert first.stdout == second.stdout != ""
    assert f"cfn-sandbox: the sandbox of {project} is up already" in second.stderr
    other = sandbox("up", "--detach", "--region", "us-west-2")
    assert (other.returncode, other.stdout) == (1, "")
    assert other.stderr == "cfn-sandbox: a sandbox of this project is up in eu-west-1: `cfn-sandbox down` ends it\n"


def test_the_type_has_another_name_on_request(sandbox: Call) -> None:
    """Schema, package and handlers are under the new name; a template with the project's own gets a hint."""
    started = sandbox("up", "--detach", "--type-name", "Acme::Test::Type")
    assert "cfn-sandbox: Acme::Test::Type is registered and ready\n" in started.stderr
    environment = variables(started.stdout)
    assert environment["CFN_SANDBOX_TYPE_NAME"] == "Acme::Test::Type"
    client = boto3.client(
        "cloudformation",
        environment["AWS_REGION"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
    )
    template = '{"Resources": {"Toy": {"Type": "%s", "Properties": {"Name": "toy"}}}}'
    with pytest.raises(ClientError, match=r"\[Toy::Test::Type\] \(sandbox's hint: did you mean Acme::Test::Type\?\)"):
        client.create_stack(StackName="s", TemplateBody=template % "Toy::Test::Type")
    with pytest.raises(ClientError, match=r"\[Acme::Test::Tipe\] \(sandbox's hint: did you mean Acme::Test::Type\?\)"):
        client.create_stack(StackName="s", TemplateBody=template % "Acme::Test::Tipe")
    client.create_stack(StackName="s", TemplateBody=template % "Acme::Test::Type")
    client.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    client.close()
    assert sandbox("up", "--detach").stdout == started.stdout
    other = sandbox("up", "--detach", "--type-name", "Acme::Test::Other")
    assert other.stderr == (
        "cfn-sandbox: a sandbox of this project is up with the type Acme::Test::Type: `cfn-sandbox down` ends it\n"
    )


def test_down_without_up_is_reported(sandbox: Call, project: Path) -> None:
    """`down` without a running sandbox succeeds, and says that none is up."""
    assert sandbox("down").returncode == 0
    ended = sandbox("down")
    assert (ended.returncode, ended.stdout) == (0, f"{shell.restoration()}\n")
    assert ended.stderr == f"cfn-sandbox: no sandbox of {project} is up\n"


def test_down_spares_a_process_with_the_number_of_another(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number in the lock's file that is another process's by now is not a reason to end that process."""
    monkeypatch.setattr(background, "PATIENCE_SECONDS", 0.1)
    cache = project / ".cache" / "sandbox"
    cache.mkdir(parents=True, exist_ok=True)
    innocent = subprocess.Popen(["sleep", "60"])
    with innocent, (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(str(innocent.pid))
            lock.flush()
            with pytest.raises(SandboxError, match="a process that isn't the sandbox uses"):
                background.down(argparse.Namespace(project=project))
            assert innocent.poll() is None
        finally:
            innocent.kill()


def test_one_that_was_killed_is_not_taken_for_up(sandbox: Call, project: Path) -> None:
    """A killed sandbox counts as down. Its lock file still has a process ID, which another process may have by now."""
    sandbox("up", "--detach")
    os.kill(pid_of(project), signal.SIGKILL)
    wait_until_ended(pid_of(project))
    assert sandbox("down").stderr == f"cfn-sandbox: no sandbox of {project} is up\n"
    again = sandbox("up", "--detach")
    assert "is up already" not in again.stderr
    assert again.returncode == 0


def test_one_that_cannot_start_says_why(sandbox: Call, project: Path) -> None:
    """If the sandbox can't start, `up` prints its message, returns its exit code, and leaves nothing to evaluate."""
    failed = sandbox("up", "--detach", "--port", "70000")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.endswith(
        "cfn-sandbox: 70000 is not a port: give a number from 1 to 65535, or 0 for a free port\n"
    )
    assert sandbox("down").stderr == f"cfn-sandbox: no sandbox of {project} is up\n"


def test_a_folder_without_a_project_is_not_written_to(tmp_path: Path) -> None:
    """Neither `up` nor `down` writes to a folder without a project."""
    for command in (["up", "--detach"], ["down"]):
        subprocess.run([COMMAND, *command, "--project", tmp_path], capture_output=True, check=False, timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_it_starts_ends_it(tmp_path: Path) -> None:
    """Ctrl-C during `up` ends the sandbox, although its own session keeps the terminal's Ctrl-C from reaching it."""
    # Packaging never ends here: the schema is a named pipe, and reading it waits for a writer.
    project = echo.write(tmp_path / "project", requirements="--no-index\n")
    (project / "toy-test-type.json").unlink()
    os.mkfifo(project / "toy-test-type.json")
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
        child = pid_of(project)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    wait_until_ended(child)
