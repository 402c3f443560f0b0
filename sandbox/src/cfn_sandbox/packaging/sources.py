"""Decides which files of a project ship: the regular files that git tracks.

Nobody has reviewed a file that isn't committed: a note, a key or an `.env` in src/ must not reach a bucket. A tracked
file ships as it is in the working tree, with changes that are not committed. A link may lead to any file of the user's,
so one instead of a tracked file, or of a folder above it, is refused.

A project outside any repository, or one that its repository doesn't track (a staged copy), is packaged as cfn does:
all its files ship, hidden ones too. `Files.hidden` returns those, so that a line can name them.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cfn_sandbox.packaging import PackagerError

__all__ = ["SETTINGS", "Files", "all_files"]

SETTINGS = ".rpdk-config"
"""The file of cfn's settings, which makes a folder a project."""


class Files:
    """The files of a project, by what git says of them. git is asked once, when this object is made.

    The methods take files and folders by their path in the project; missing ones are skipped.

    Args:
        project: The project's folder.

    Raises:
        PackagerError: The project is in a repository, and git is missing or fails.
    """

    def __init__(self, project: Path) -> None:
        self._project = project
        tracked, others = _git_files(project)
        self._in_git = project / SETTINGS in tracked
        self._tracked, self._others = (tracked, others) if self._in_git else (frozenset(), frozenset())

    def shipped(self, *tops: str) -> Iterator[Path]:
        """Yield the files that ship, in a fixed order and without byte code.

        Raises:
            PackagerError: A link stands for a tracked file.
        """
        _refuse_links(self._project, tops, self._tracked)
        for path in _files_below(self._project, tops):
            if not self._in_git or path in self._tracked:
                yield path

    def untracked(self, *tops: str) -> list[Path]:
        """Return the files that git neither tracks nor ignores; somebody may have forgotten them."""
        return [path for path in _files_below(self._project, tops) if path in self._others]

    def hidden(self, *tops: str) -> list[Path]:
        """Return the hidden files of a project that git doesn't track: they ship, which nobody may expect."""
        found = [] if self._in_git else _files_below(self._project, tops)
        return [path for path in found if _is_hidden(path, self._project, tops)]


def all_files(project: Path, *tops: str) -> Iterator[Path]:
    """Yield the files that cfn itself packages, tracked or not, in a fixed order and without byte code.

    Args:
        project: The project's folder.
        tops: Files and folders by their path in the project; missing ones are skipped.
    """
    yield from _files_below(project, tops)


def _files_below(project: Path, tops: tuple[str, ...]) -> Iterator[Path]:
    for name in tops:
        top = project / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                yield path


def _refuse_links(project: Path, tops: tuple[str, ...], tracked: frozenset[Path]) -> None:
    """Raise an error if a tracked file below one of the tops is a link, or is behind one.

    Raises:
        PackagerError: There is one; with its name.
    """
    checked: set[Path] = set()
    for file in sorted(tracked):
        if any(file.is_relative_to(project / top) for top in tops):
            for path in (file, *file.parents):
                if path == project or path in checked:
                    break
                checked.add(path)
                if path.is_symlink():
                    behind = "" if path == file else f", and {file.relative_to(project)} is behind it"
                    raise PackagerError(
                        f"{path.relative_to(project)} is a link{behind}. Only regular files ship: put a copy of its "
                        "target there, or `git rm` it."
                    )


def _is_hidden(path: Path, project: Path, tops: tuple[str, ...]) -> bool:
    """Return whether a path below its top has a part that begins with a dot; the top itself may, as .rpdk-config."""
    name = path.relative_to(project)
    top = next(Path(top) for top in tops if name.is_relative_to(top))
    return any(part.startswith(".") for part in name.relative_to(top).parts)


def _git_files(project: Path) -> tuple[frozenset[Path], frozenset[Path]]:
    """Return the files that git tracks in a project, and those that it neither tracks nor ignores.

    Both are empty if the project is in no repository.
    """
    if not any((folder / ".git").exists() for folder in (project, *project.parents)):
        return frozenset(), frozenset()
    # In a git hook, GIT_ variables point to the hook's repository, which may be another one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(project), "ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard"]
    try:
        result = subprocess.run(command, env=environment, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise PackagerError("Only files that git tracks ship, and there is no git on the PATH: install it.") from error
    except subprocess.CalledProcessError as error:
        message = os.fsdecode(error.stderr).strip().replace("\n", " ")
        raise PackagerError(
            f"Only files that git tracks ship, and git can't tell which in {project}: {message}"
        ) from error
    # A line is a tag, a space and a name; the tag of an untracked file is a question mark.
    lines = [os.fsdecode(line).split(" ", 1) for line in result.stdout.split(b"\0") if line]
    return (
        frozenset(project / name for tag, name in lines if tag != "?"),
        frozenset(project / name for tag, name in lines if tag == "?"),
    )
