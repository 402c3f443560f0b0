"""The sandbox finds the project that is meant, and prints variables that a shell can evaluate."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.cli import shell


def test_the_project_is_the_nearest_folder_that_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project is found from the working directory upwards, as git finds a repository."""
    (tmp_path / "src" / "type").mkdir(parents=True)
    (tmp_path / ".rpdk-config").touch()
    monkeypatch.chdir(tmp_path / "src" / "type")
    assert shell.project(None) == tmp_path


def test_elsewhere_it_is_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside any project, it is the working directory, and the command reports that it has no project."""
    monkeypatch.chdir(tmp_path)
    assert shell.project(None) == tmp_path


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
@pytest.mark.parametrize("part", ["", ".rpdk-config"])
def test_another_users_project_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """A project that another user put above the working directory is refused, unless it is named."""
    (tmp_path / "mine").mkdir()
    (tmp_path / ".rpdk-config").touch()
    os.chown(tmp_path / part, 65534, 65534)
    monkeypatch.chdir(tmp_path / "mine")
    with pytest.raises(SandboxError, match=f"the project in {tmp_path} is another user's: name it, with --project"):
        shell.project(None)
    assert shell.project(tmp_path) == tmp_path


def test_what_is_named_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named folder is used even if it isn't a project; the command reports that."""
    monkeypatch.chdir(tmp_path)
    assert shell.project(Path("sub")) == tmp_path / "sub"


SHELLS = [shell for shell in ("sh", "bash", "zsh") if shutil.which(shell)]


def evaluated(interpreter: str, script: str, environment: dict[str, str], *arguments: str) -> str:
    """Return what a script prints, strict about unset variables, in a shell that gets only these variables."""
    command = [interpreter, "-c", f"set -eu; {script}", interpreter, *arguments]
    return subprocess.run(
        command, env={"PATH": os.defpath, **environment}, capture_output=True, text=True, check=True
    ).stdout


SHOW = """
for name in GIVEN AWS_PROFILE AWS_ENDPOINT_URL_S3 AWS_REGION; do eval "printf '%s;' \\"\\${$name-none}\\""; done
"""


@pytest.mark.parametrize("interpreter", SHELLS)
def test_a_shell_reads_the_exports_as_they_are_meant(interpreter: str) -> None:
    """A shell reads any value unchanged, and unsets what would lead a client elsewhere, exported or not."""
    value = "a 'quoted' $HOME\nvalue"
    lines = shell.exports({"GIVEN": value}, ["AWS_ENDPOINT_URL_S3"])
    environment = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    shown = evaluated(interpreter, f'AWS_PROFILE=work; eval "$1"; {SHOW}', environment, lines)
    assert shown == f"{value};none;none;none;"


@pytest.mark.parametrize("interpreter", SHELLS)
def test_a_shell_gets_its_own_variables_back(interpreter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`down` gives back what `up` set or unset, exported or not as before, after a second `up` too."""
    environment = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9", "AWS_REGION": "eu-west-3"}
    for name in environment:
        monkeypatch.delenv(name, raising=False)
    up = shell.exports({"GIVEN": "1", "AWS_REGION": "us-east-1"}, [*environment])
    again = shell.exports({"GIVEN": "2", "AWS_REGION": "us-east-1"}, ["AWS_REGION", "GIVEN"])
    down = shell.restoration()
    show = f"{SHOW} echo ----; env; echo ----"
    script = f'AWS_PROFILE=\'my "work"\'; eval "$1"; eval "$2"; {show}; eval "$3"; {show}; set'
    output = evaluated(interpreter, script, environment, up, again, down)
    during, exported, after, exported_after, kept = output.split("----\n", 4)
    assert during.rstrip() == "2;none;none;us-east-1;"
    assert "saved" not in exported
    assert after.rstrip() == 'none;my "work";http://127.0.0.1:9;eu-west-3;'
    assert "AWS_PROFILE" not in exported_after
    assert "AWS_REGION=eu-west-3" in exported_after.splitlines()
    assert "_cfn_sandbox" not in kept.replace(up, "").replace(down, "")


@pytest.mark.parametrize("interpreter", SHELLS)
def test_a_shell_without_a_sandbox_is_left_alone(interpreter: str) -> None:
    """`down` changes nothing in a shell that evaluated no `up`."""
    shown = evaluated(interpreter, f'eval "$1"; {SHOW}', {"AWS_REGION": "eu-west-3"}, shell.restoration())
    assert shown == "none;none;none;eu-west-3;"


def test_a_file_of_variables_is_its_owners_until_the_end(tmp_path: Path) -> None:
    """A file of variables has one NAME=VALUE a line, for its owner only, and goes at the end."""
    variables = {"ONE": "1", "TWO": "a=b"}
    file = tmp_path / ".env"
    with shell.written_variables(file, variables):
        assert file.read_text() == "ONE=1\nTWO=a=b\n"
        assert file.stat().st_mode & 0o777 == 0o600
        assert shell.read_variables(file) == variables
        assert list(tmp_path.iterdir()) == [file]
    assert list(tmp_path.iterdir()) == []


def test_somebody_elses_file_is_neither_written_nor_deleted(tmp_path: Path) -> None:
    """A file that exists or a link is refused; one that has taken the name meanwhile stays."""
    file = tmp_path / ".env"
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    file.write_text("mine")
    for name in (".env", "link"):
        with pytest.raises(SandboxError, match="exists"), shell.written_variables(tmp_path / name, {"ONE": "1"}):
            pass
    assert file.read_text() == "mine"
    file.unlink()
    with shell.written_variables(file, {"ONE": "1"}):
        file.unlink()
        file.write_text("mine")
    assert file.read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("text", ["", "MINE=1\n"])
def test_the_next_sandbox_deletes_a_killed_one_s_variables(tmp_path: Path, text: str) -> None:
    """After a kill, the file with the dead account's key goes with the next start or `down`, unless it has changed."""
    program = (
        "import os, sys, pathlib; from cfn_sandbox.cli import shell\n"
        "with shell.written_variables(pathlib.Path(sys.argv[1]), {'AWS_ACCESS_KEY_ID': 'a'}):\n"
        "    os.kill(os.getpid(), 9)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(shell.__file__).parents[2]), "XDG_CACHE_HOME": str(tmp_path)}
    file = tmp_path / "variables"
    assert subprocess.run([sys.executable, "-c", program, file], env=environment, check=False).returncode == -9
    assert file.read_text() == "AWS_ACCESS_KEY_ID=a\n"
    if text:
        file.write_text(text)
    program = "from cfn_sandbox.account import scratch; scratch.reclaim()"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert file.exists() == bool(text)
    assert list((tmp_path / "cfn-sandbox" / "run").iterdir()) == []


def test_what_the_sandbox_logs_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """While an account is open, a warning of the sandbox is one line of standard error; another library's isn't."""
    with shell.told_log():
        for _ in range(2):
            logging.getLogger("cfn_sandbox.resource_types.moto_adapter").warning("%s has no effect", "X")
        logging.getLogger("another").warning("Not this")
    logging.getLogger("cfn_sandbox").warning("Nor this")
    assert capsys.readouterr().err == "cfn-sandbox: X has no effect\n"
    assert not logging.getLogger("cfn_sandbox").handlers
