"""The sandbox finds the project that is meant, and prints variables that a shell can evaluate."""

import subprocess
from pathlib import Path

import pytest

from cfn_sandbox.cli import shell


def test_the_project_is_the_nearest_folder_that_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project is found from the working directory upwards, as git finds a repository."""
    (tmp_path / "src" / "type").mkdir(parents=True)
    (tmp_path / ".rpdk-config").touch()
    monkeypatch.chdir(tmp_path / "src" / "type")
    assert shell.project(None) == tmp_path


def test_elsewhere_it_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside any project, the working directory is used; the command reports that it has no type."""
    monkeypatch.chdir(tmp_path)
    assert shell.project(None) == tmp_path


def test_what_is_named_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named folder is used even if it isn't a project; the command reports that."""
    monkeypatch.chdir(tmp_path)
    assert shell.project(Path("sub")) == tmp_path / "sub"


def test_a_shell_reads_the_exports_as_they_are_meant() -> None:
    """A shell reads any value unchanged, and unsets a profile, which would win over the variables."""
    value = "a 'quoted' $HOME\nvalue"
    show = 'printf "%s;" "$GIVEN" "$AWS_PROFILE"'
    script = f'AWS_PROFILE=work; eval "$1"; {show}; {shell.unset(["GIVEN"])}; {show}'
    completed = subprocess.run(
        ["sh", "-c", script, "sh", shell.exports({"GIVEN": value})], capture_output=True, text=True, check=True
    )
    assert completed.stdout == f"{value};;;;"


def test_a_file_of_variables_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A file of variables has one NAME=VALUE a line; no temporary file stays in its folder."""
    variables = {"ONE": "1", "TWO": "a=b"}
    shell.write_variables(tmp_path / ".env", variables)
    assert (tmp_path / ".env").read_text() == "ONE=1\nTWO=a=b\n"
    assert shell.read_variables(tmp_path / ".env") == variables
    assert list(tmp_path.iterdir()) == [tmp_path / ".env"]
