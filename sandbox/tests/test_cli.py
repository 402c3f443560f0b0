"""The command cfn-sandbox, run in its own process as a person runs it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest

from cfn_sandbox import __main__ as command_line
from cfn_sandbox.cli import commands
from sandbox.tests.processes import descendants, processes_in, wait_until_ended, wait_until_gone
from sandbox.tests.toys import echo

pytestmark = pytest.mark.slow

BEGINNING = "cfn-sandbox: starting an account\n"


def sandbox(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the sandbox to its end, and return the completed process."""
    return subprocess.run(
        [sys.executable, "-m", "cfn_sandbox", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def said(completed: subprocess.CompletedProcess[str]) -> str:
    """Return what a command said on standard error, without the lines that it says while something takes long."""
    return "".join(line for line in completed.stderr.splitlines(keepends=True) if "  still at it, for " not in line)


SHOW_AND_WAIT = "echo command $$; exec sleep 60"


def command_and_folder(process: subprocess.Popen[str]) -> tuple[int, Path]:
    """Return the process ID of a command that runs SHOW_AND_WAIT, and the folder of its sandbox's function."""
    command = int(lines_until(process, "command")[-1].split()[1])
    for descendant in descendants(process.pid):
        with suppress(OSError):  # it ended
            if "aws-lambda-rie" in Path(f"/proc/{descendant}/cmdline").read_text().split("\0")[0]:
                return command, Path(f"/proc/{descendant}/cwd").readlink()
    raise AssertionError("no emulator")


@contextmanager
def start_sandbox(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a running command of the sandbox, in its own process group as in a shell, and kill it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cfn_sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def lines_until(process: subprocess.Popen[str], text: str, *, of_stderr: bool = False) -> list[str]:
    """Return the lines that a process prints, up to the one that holds a text."""
    lines: list[str] = []
    while not lines or text not in lines[-1]:
        stream = process.stderr if of_stderr else process.stdout
        line = stream.readline() if stream else ""
        assert line, f"the process ended before it said {text!r}: {lines}"
        lines.append(line.rstrip("\n"))
    return lines


@pytest.mark.usefixtures("toy_package")
class TestRun:
    """`cfn-sandbox run -- COMMAND` runs one command with an account and the function."""

    def test_the_command_reaches_account_and_function(self, toy_project: Path) -> None:
        """The command reaches account and function by variables, and standard output has only its output."""
        script = (
            "import boto3, json, os; "
            "print(boto3.client('sts').get_caller_identity()['Account']); "
            "c = boto3.client('lambda', endpoint_url=os.environ['CFN_SANDBOX_FUNCTION_ENDPOINT']); "
            "answer = c.invoke(FunctionName=os.environ['CFN_SANDBOX_FUNCTION_NAME'], Payload=b'{}'); "
            "print(json.load(answer['Payload'])['status'])"
        )
        completed = sandbox("run", "--project", toy_project, "--", "python", "-c", script)
        assert completed.stdout == "123456789012\nSUCCESS\n", completed.stderr
        assert completed.returncode == 0

    def test_the_type_can_be_used_in_templates(self, toy_project: Path) -> None:
        """CloudFormation knows the project's type by its schema, whatever type it is."""
        template = '{"Resources": {"Toy": {"Type": "Toy::Test::Type", "Properties": {"Name": "toy"}}}}'
        create = (
            "import boto3; c = boto3.client('cloudformation'); "
            f"c.create_stack(StackName='s', TemplateBody='{template}'); "
            "c.get_waiter('stack_create_complete').wait(StackName='s', WaiterConfig={'Delay': 1}); "
            "print(c.describe_stack_resources(StackName='s')['StackResources'][0]['PhysicalResourceId'])"
        )
        completed = sandbox("run", "--project", toy_project, "--", "python", "-c", create)
        assert completed.stdout == "toy\n", completed.stderr

    @pytest.mark.parametrize(
        ("command", "code"), [(["false"], 1), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137)]
    )
    def test_the_exit_code_is_passed_on(self, toy_project: Path, command: list[str], code: int) -> None:
        """`run` returns the command's exit code as a shell does: 128 plus the signal if one killed it."""
        assert sandbox("run", "--project", toy_project, "--", *command).returncode == code

    def test_a_handler_that_crashed_is_shown_with_its_log(self, toy_project: Path) -> None:
        """If the handler crashed and the command fails, standard error has the end of the handler's log."""
        crash = (
            "import boto3, os; "
            "c = boto3.client('lambda', endpoint_url=os.environ['CFN_SANDBOX_FUNCTION_ENDPOINT']); "
            "c.invoke(FunctionName='function', Payload=b'{\"import\": \"toy_other\"}'); raise SystemExit(5)"
        )
        completed = sandbox("run", "--project", toy_project, "--", "python", "-c", crash)
        assert completed.returncode == 5
        assert "cfn-sandbox: the handler crashed; the end of its log:" in completed.stderr
        assert "ModuleNotFoundError: No module named 'toy_other'" in completed.stderr

    def test_an_exception_that_the_library_caught_is_shown_with_its_place(self, toy_project: Path) -> None:
        """If the command fails, standard error has the traceback that a handler printed, its own lines alone."""
        log = (
            "Exception caught boom\\nTraceback (most recent call last):\\n"
            '  File "/x/task/library.py", line 5, in call\\n    call()\\n'
            '  File "/x/task/toy_test_type/handlers.py", line 9, in create\\n    raise RuntimeError("boom")\\n'
            "RuntimeError: boom"
        )
        fail = (
            "import boto3, json, os; "
            "c = boto3.client('lambda', endpoint_url=os.environ['CFN_SANDBOX_FUNCTION_ENDPOINT']); "
            f"c.invoke(FunctionName='function', Payload=json.dumps({{'print': '{log}'}})); raise SystemExit(5)"
        )
        completed = sandbox("run", "--project", toy_project, "--", "python", "-c", fail)
        assert completed.returncode == 5
        assert completed.stderr.endswith(
            "cfn-sandbox: the handler reported an error; the end of its log:\n"
            "the handler was called\nException caught boom\nTraceback (most recent call last):\n"
            '  File "src/toy_test_type/handlers.py", line 9, in create\n    raise RuntimeError("boom")\n'
            "RuntimeError: boom\n"
        )

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_everything(self, toy_project: Path, number: signal.Signals) -> None:
        """Ctrl-C reaches all of a terminal's processes, SIGTERM the sandbox alone; neither leaves anything running."""
        with start_sandbox("run", "--project", toy_project, "--", "sh", "-c", SHOW_AND_WAIT) as process:
            command, folder = command_and_folder(process)
            (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
            assert process.wait(20) == 128 + number
        assert not Path(f"/proc/{command}").exists()
        wait_until_gone(folder)
        assert not folder.exists()

    def test_a_signal_while_the_command_starts_ends_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A SIGTERM during Popen ends the command, although the sandbox doesn't know its process yet."""
        started: list[subprocess.Popen[bytes]] = []

        class Interrupted(subprocess.Popen[bytes]):
            def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - passed on to Popen
                super().__init__(*arguments, **options)
                started.append(self)
                signal.raise_signal(signal.SIGTERM)

        monkeypatch.setattr(subprocess, "Popen", Interrupted)
        before = signal.signal(signal.SIGTERM, command_line._exit)
        try:
            with pytest.raises(SystemExit, match="143"):
                commands._run_command(["sleep", "60"], {"PATH": os.defpath})
            assert signal.getsignal(signal.SIGTERM) is command_line._exit
        finally:
            signal.signal(signal.SIGTERM, before)
        assert started[0].returncode == -signal.SIGTERM

    def test_a_sandbox_that_is_killed_leaves_nothing(
        self, toy_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Emulator and command end even if their sandbox is killed; the next sandbox deletes its folders."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        with start_sandbox("run", "--project", toy_project, "--", "sh", "-c", SHOW_AND_WAIT) as process:
            command, folder = command_and_folder(process)
            process.kill()
            wait_until_gone(folder)
            wait_until_ended(command)
        assert folder.is_relative_to(tmp_path)
        assert folder.exists()
        assert sandbox("run", "--project", toy_project, "--", "true").returncode == 0
        assert list((tmp_path / "cfn-sandbox" / "run").iterdir()) == []

    def test_a_failed_stacks_events_are_shown(self, toy_project: Path) -> None:
        """If the command fails, its stacks' failure events are shown, and no others; their account ends with it."""
        template = '{"Resources": {"Toy": {"Type": "Toy::Test::Type", "Properties": {"Nam": "toy"}}}}'
        deploy = (
            "import boto3; c = boto3.client('cloudformation'); "
            f"c.create_stack(StackName='monitoring', TemplateBody='{template}'); "
            "c.get_waiter('stack_create_complete').wait(StackName='monitoring', WaiterConfig={'Delay': 1})"
        )
        completed = sandbox("run", "--project", toy_project, "--", "python", "-c", deploy)
        assert completed.returncode == 1
        lines = [line for line in said(completed).splitlines() if line.startswith("cfn-sandbox: ")]
        assert lines[0] == "cfn-sandbox: starting an account"
        assert lines[3] == "cfn-sandbox: stack monitoring is ROLLBACK_COMPLETE:"
        assert lines[4].startswith("cfn-sandbox:   CREATE_FAILED Toy (Toy::Test::Type): ")
        assert lines[4].endswith("#: extraneous key [Nam] is not permitted")
        assert len(lines) == 5

    def test_moto_prints_nothing_on_stdout(self, toy_project: Path) -> None:
        """What moto prints goes to standard error, because standard output belongs to the command."""
        script = "import boto3; boto3.client('chime-sdk-voice').list_voice_connectors()"
        completed = sandbox("run", "--project", toy_project, "--", "python", "-c", script)
        assert "This sandbox has no service Chime." in completed.stderr
        assert "Unable to find appropriate backend" in completed.stderr
        assert completed.stdout == ""

    def test_a_profile_that_does_not_exist_is_ignored(self, toy_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sandbox and command ignore the caller's profile and configuration file."""
        monkeypatch.setenv("AWS_PROFILE", "nosuch")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/no/such/file")
        show = "env | grep -c nosuch; echo $AWS_CONFIG_FILE"
        completed = sandbox("run", "--project", toy_project, "--", "sh", "-c", show)
        assert (completed.returncode, completed.stdout) == (0, "0\n/dev/null\n"), completed.stderr

    def test_another_region_has_the_type_when_asked(self, toy_project: Path) -> None:
        """The type exists in the requested region. In any other, the error names the region that has it."""
        template = '{"Resources": {"Toy": {"Type": "Toy::Test::Type"}}}'
        script = (
            "import boto3, os; print(os.environ['AWS_REGION']); "
            "c = boto3.client('cloudformation', 'eu-west-1'); "
            "print([one['TypeName'] for one in c.list_types()['TypeSummaries']]); "
            "c = boto3.client('cloudformation', 'us-east-1'); "
            f"c.create_stack(StackName='s', TemplateBody='{template}')"
        )
        completed = sandbox("run", "--project", toy_project, "--region", "eu-west-1", "--", "python", "-c", script)
        assert completed.stdout == "eu-west-1\n['Toy::Test::Type']\n"
        assert "Unrecognized resource types: [Toy::Test::Type]" in completed.stderr
        hint = (
            "This request is for us-east-1; the sandbox has its types in eu-west-1: `cfn-sandbox up --region us-east-1`"
        )
        assert hint in completed.stderr


@pytest.mark.usefixtures("toy_package")
class TestUp:
    """`cfn-sandbox up` runs an account and the function until Ctrl-C."""

    def test_the_variables_are_in_a_file_too(self, toy_project: Path, tmp_path: Path) -> None:
        """While the account is open, an env file has the same variables, in the format of Docker and editors."""
        with start_sandbox("up", "--project", toy_project, "--env-file", tmp_path / ".env") as process:
            exports = lines_until(process, "export CFN_SANDBOX_FUNCTION_NAME")
            lines = (tmp_path / ".env").read_text().splitlines()
            assert [f"export {line}" for line in lines] == [line for line in exports if line.startswith("export ")]
            assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
            process.terminate()
            assert process.wait(20) == 128 + signal.SIGTERM
        assert list(tmp_path.iterdir()) == []

    def test_the_variables_lead_there_until_ctrl_c(self, toy_project: Path) -> None:
        """Standard output is for a shell's eval; Ctrl-C leaves no process and no folder."""
        with start_sandbox("up", "--project", toy_project) as process:
            exports = lines_until(process, "export CFN_SANDBOX_FUNCTION_NAME")
            log = lines_until(process, "the function's log is", of_stderr=True)[-1].split(" is ")[1].split(";")[0]
            lines = [line.removeprefix("export ") for line in exports if line.startswith("export ")]
            variables = dict(line.split("=", 1) for line in lines)
            sts = boto3.client(
                "sts",
                variables["AWS_REGION"],
                endpoint_url=variables["AWS_ENDPOINT_URL"],
                aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            )
            assert sts.get_caller_identity()["Account"] == "123456789012"
            sts.close()
            folder = Path(log).parent / "task"
            assert processes_in(folder)
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(20) == 130
        wait_until_gone(folder)
        assert not folder.exists()

    @pytest.mark.parametrize("link", [True, False])
    def test_a_file_that_exists_is_left_alone(self, toy_project: Path, tmp_path: Path, *, link: bool) -> None:
        """An env file that exists, or a link with its name, is refused before anything starts, and stays as it was."""
        file = tmp_path / ".env"
        if link:
            file.symlink_to(tmp_path / "elsewhere")
        else:
            file.write_text("MINE=1\n")
        for detach in ([], ["--detach"]):
            completed = sandbox("up", "--project", toy_project, "--env-file", file, *detach)
            assert completed.returncode == 1
            beginning = "" if detach else BEGINNING
            assert said(completed) == f"{beginning}cfn-sandbox: {file} exists: name another file, or delete it first\n"
        assert [path.name for path in tmp_path.iterdir()] == [".env"]
        assert link or file.read_text() == "MINE=1\n"

    def test_a_missing_folder_is_one_line(self, toy_project: Path, tmp_path: Path) -> None:
        """An env file in a folder that doesn't exist is refused."""
        file = tmp_path / "missing" / ".env"
        completed = sandbox("up", "--project", toy_project, "--env-file", file)
        assert completed.returncode == 1
        assert said(completed) == f"{BEGINNING}cfn-sandbox: can't write {file}: there is no folder {file.parent}\n"

    def test_a_taken_port_is_one_line(self, toy_project: Path) -> None:
        """A taken port is reported in one line, without a traceback, before the project is packaged."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            completed = sandbox("up", "--project", toy_project, "--port", str(port))
        assert completed.returncode == 1
        assert said(completed) == (
            f"{BEGINNING}cfn-sandbox: port {port} of 127.0.0.1 can't be used: Address already in use\n"
        )


class TestErrors:
    """An error that the user can fix takes one line."""

    def test_no_such_region(self, toy_project: Path) -> None:
        """A region that botocore doesn't know is refused before the project is packaged."""
        completed = sandbox("run", "--project", toy_project, "--region", "eu-west-11", "--", "true")
        assert completed.returncode == 1
        assert said(completed) == f"{BEGINNING}cfn-sandbox: eu-west-11 is not a region that has CloudFormation\n"

    def test_no_project(self, tmp_path: Path) -> None:
        """A folder without a project is named in the message."""
        completed = sandbox("run", "--project", tmp_path, "--", "true")
        assert completed.returncode == 1
        assert (
            completed.stderr.splitlines()[-1] == f"cfn-sandbox: no resource type in {tmp_path}: it has no .rpdk-config"
        )

    def test_no_such_command(self, toy_project: Path) -> None:
        """A missing command is named in the message."""
        completed = sandbox("run", "--project", toy_project, "--", "no-such-command")
        assert completed.returncode == 1
        assert completed.stderr.splitlines()[-1] == "cfn-sandbox: can't run no-such-command: No such file or directory"

    def test_options_of_the_command_need_a_separator(self) -> None:
        """Without --, a command's options would be the sandbox's: the message shows the command as it has to be."""
        completed = sandbox("run", "--project", "p", "aws", "s3", "ls", "--region", "eu-west-1")
        assert (completed.returncode, completed.stderr) == (
            1,
            "cfn-sandbox: write -- before the command, because its options would be the sandbox's: "
            "cfn-sandbox run --project p -- aws s3 ls --region eu-west-1\n",
        )

    def test_no_command(self) -> None:
        """Without a command, the usage is shown."""
        completed = sandbox()
        assert completed.returncode == 2
        assert "usage: cfn-sandbox" in completed.stderr


def test_a_command_that_fails_is_not_a_handler_that_crashed(tmp_path: Path) -> None:
    """A crash of the handler in the registry's test call isn't reported when a command fails."""
    project = echo.write(tmp_path, "def resource(event, context):\n    return event['action']\n")
    completed = sandbox("run", "--project", project, "--", "false")
    assert completed.returncode == 1
    assert "is registered" in completed.stderr
    assert "crashed" not in completed.stderr
