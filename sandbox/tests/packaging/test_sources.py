"""Only files that git tracks ship; a project that git doesn't track is packaged as cfn does."""

import json
import os
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest

from cfn_sandbox.packaging import PackagerError, sources
from cfn_sandbox.packaging import package as packages
from cfn_sandbox.packaging.package import copy_project


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, without the user's configuration and hooks."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Create a project outside of any repository."""
    package = tmp_path / "repository" / "project" / "src" / "toy"
    package.mkdir(parents=True)
    root = package.parents[1]
    for name in (".rpdk-config", "src/toy/handlers.py", "src/toy/.env", "src/toy/notes.md", "toy.json"):
        (root / name).write_text(name)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "handlers.pyc").touch()
    return root


@pytest.fixture
def tracked(project: Path) -> Path:
    """Create a project in a folder of a repository that tracks its settings, handlers and schema."""
    git(project.parent, "init")
    git(project, "add", ".rpdk-config", "src/toy/handlers.py", "toy.json")
    return project


def write_settings(project: Path, language: str) -> None:
    """Write a project's settings, with its language plugin."""
    settings = {"typeName": "Toy::Test::Type", "language": language, "runtime": "python3.12"}
    (project / ".rpdk-config").write_text(json.dumps(settings))


def shipped_names(project: Path, *tops: str) -> list[str]:
    """Return the files that ship, by their paths in the project."""
    return [str(path.relative_to(project)) for path in sources.Files(project).shipped(*tops)]


def test_only_tracked_files_ship(tracked: Path) -> None:
    """Tracked files ship as they are now, with uncommitted changes; untracked notes and keys don't."""
    (tracked / "src" / "toy" / "handlers.py").write_text("changed")
    assert shipped_names(tracked, ".rpdk-config", "src", "inputs") == [".rpdk-config", "src/toy/handlers.py"]


def test_files_left_out_are_reported_unless_git_ignores_them(tracked: Path) -> None:
    """The list names a new module that was not added yet, and leaves out what git ignores on purpose."""
    (tracked / ".gitignore").write_text(".env\n__pycache__/\n")
    assert [path.name for path in sources.Files(tracked).untracked("src")] == ["notes.md"]


def test_git_is_asked_once(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list of a project's files comes from one question, which git answers in tens of milliseconds."""
    asked = Mock(wraps=subprocess.run)
    monkeypatch.setattr(subprocess, "run", asked)
    files = sources.Files(tracked)
    assert (len([*files.shipped("src")]), len(files.untracked("src")), files.hidden("src")) == (1, 2, [])
    assert asked.call_count == 1


def test_a_tracked_file_that_is_gone_is_no_failure(tracked: Path) -> None:
    """A tracked file that was deleted, but not yet committed as deleted, is left out."""
    (tracked / "src" / "toy" / "handlers.py").unlink()
    assert shipped_names(tracked, "src") == []


OUTSIDE = ["src/toy/.env", "src/toy/handlers.py", "src/toy/notes.md"]


def test_outside_of_a_repository_all_files_ship_as_with_cfn(project: Path) -> None:
    """A project without git is packaged as cfn does, hidden files too, and a line names each of those."""
    assert shipped_names(project, ".rpdk-config", "src") == [".rpdk-config", *OUTSIDE]
    write_settings(project, "python312-small")
    line = "src/toy/.env ships, as with cfn, though it is hidden: git doesn't track this project"
    assert packages.untracked_files(project) == [line]


def test_a_project_that_its_repository_ignores_counts_as_outside(tracked: Path) -> None:
    """An ignored project, such as the copy that staging makes in .cache, ships all its files."""
    git(tracked, "rm", "--cached", "-r", "-q", ".")
    assert shipped_names(tracked, "src") == OUTSIDE


@pytest.mark.parametrize("committed", [True, False])
def test_a_link_is_refused(tracked: Path, *, committed: bool) -> None:
    """A link that git tracks, or one that has replaced a tracked file, could ship any file of the user's."""
    (tracked.parent / "key").write_text("secret")
    handlers = tracked / "src" / "toy" / "handlers.py"
    handlers.unlink()
    handlers.symlink_to(tracked.parent / "key")
    if committed:
        git(tracked, "add", "src/toy/handlers.py")
    with pytest.raises(PackagerError, match=r"^src/toy/handlers\.py is a link\. Only regular files ship: put a copy"):
        shipped_names(tracked, "src")


@pytest.mark.parametrize("top", ["src", "src/toy"])
def test_a_file_behind_a_linked_folder_is_refused(tracked: Path, top: str) -> None:
    """A folder of tracked files that was replaced by a link to another folder is refused."""
    (tracked / "src").rename(tracked.parent / "elsewhere")
    (tracked / "src").symlink_to(tracked.parent / "elsewhere")
    with pytest.raises(PackagerError, match=r"^src is a link, and src/toy/handlers\.py is behind it\."):
        shipped_names(tracked, top)


def test_inputs_that_are_a_link_are_refused(tracked: Path) -> None:
    """A tracked `inputs` that links to a file of secrets is refused."""
    (tracked / ".env.local").write_text("KEY=secret")
    (tracked / "inputs").symlink_to(".env.local")
    assert shipped_names(tracked, "inputs") == []  # not tracked, so that it doesn't ship
    git(tracked, "add", "inputs")
    with pytest.raises(PackagerError, match=r"^inputs is a link\."):
        shipped_names(tracked, "inputs")


def test_a_link_that_does_not_ship_is_no_failure(tracked: Path) -> None:
    """A tracked link outside of what ships, for example to a README, is left alone."""
    (tracked / "README.md").symlink_to("toy.json")
    git(tracked, "add", "README.md")
    assert shipped_names(tracked, "src", "toy.json") == ["src/toy/handlers.py", "toy.json"]


@pytest.mark.parametrize(
    ("language", "shipped", "line"),
    [
        ("python312", True, "src/toy/notes.md ships, although git doesn't track it"),
        ("python312-small", False, "src/toy/notes.md isn't in the package, because git doesn't track it"),
    ],
)
def test_the_official_plugins_package_is_cfns(
    tracked: Path, tmp_path: Path, language: str, line: str, *, shipped: bool
) -> None:
    """The official plugin packages what cfn would, tracked or not; a line names each file that git doesn't track."""
    (tracked / ".gitignore").write_text(".env\n__pycache__/\n")
    write_settings(tracked, language)
    (tmp_path / "copy").mkdir()
    copy_project(tracked, tmp_path / "copy")
    assert (tmp_path / "copy" / "src" / "toy" / "notes.md").exists() == shipped
    (tracked / "my-notes.json").write_text("{}")  # next to .rpdk-config, where cfn reads it and doesn't package it
    assert packages.untracked_files(tracked) == [line]


@pytest.mark.parametrize(("name", "told"), [("use_docker", True), ("useDocker", True), ("no_docker", False)])
def test_docker_that_is_overridden_is_told(project: Path, name: str, *, told: bool) -> None:
    """A project that asks for Docker gets a line, because this machine's pip packages it."""
    settings = {
        "typeName": "Toy::Test::Type",
        "language": "python312",
        "runtime": "python3.12",
        "settings": {name: True},
    }
    (project / ".rpdk-config").write_text(json.dumps(settings))
    told_lines = {line.partition(":")[0] for line in packages.notes(project)}
    assert ("use_docker in .rpdk-config is overridden" in told_lines) == told


def test_a_hooks_variables_do_not_lead_astray(tracked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIT_DIR and similar variables, which git sets in hooks, don't point the check at another repository."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert shipped_names(tracked, "src") == ["src/toy/handlers.py"]


def test_a_repository_without_git_is_refused(tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git the package fails, because it might ship untracked files."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PackagerError, match=r"^Only files that git tracks ship, and there is no git on the PATH"):
        shipped_names(tracked, "src")


def test_a_repository_that_git_cannot_read_is_refused_in_gits_words(tracked: Path) -> None:
    """A repository that git refuses to read, for example another user's, fails with git's message."""
    (tracked.parent / ".git" / "HEAD").unlink()
    with pytest.raises(PackagerError, match=r"git can't tell which in .*: fatal: not a git repository"):
        shipped_names(tracked, "src")


def test_what_cfn_packages_is_what_ships(tracked: Path, tmp_path: Path) -> None:
    """The copy that cfn builds from contains only tracked files."""
    write_settings(tracked, "python312-small")
    (tmp_path / "copy").mkdir()
    copy_project(tracked, tmp_path / "copy")
    copied = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert copied == {".rpdk-config", "src/toy/handlers.py", "toy.json"}
