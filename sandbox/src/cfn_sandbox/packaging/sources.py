"""Decides which files of a project ship: the regular files that git tracks.

Nobody has reviewed a file that isn't committed: a note, a key or an `.env` in src/ must not reach a bucket. A tracked
file ships as it is in the working tree, with changes that are not committed. A link may lead to any file of the user's,
so one instead of a tracked file, or of a folder above it, is refused.

A project outside any repository, or one that its repository doesn't track (a staged copy), is packaged as cfn does:
all its files ship, hidden ones too. `hidden_files` returns those, so that a line can name them.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cfn_sandbox.packaging import PackagerError

__all__ = ["SETTINGS", "hidden_files", "shipped_files", "untracked_files"]

SETTINGS = ".rpdk-config"
"""The file of cfn's settings, which makes a folder a project."""


def shipped_files(project: Path, *tops: str) -> Iterator[Path]:
    """Yield the files that ship, in a fixed order and without byte code.

    Args:
        project: The project's folder.
        tops: Files and folders by their path in the project; missing ones are skipped.

    Raises:
        PackagerError: The project is in a repository, and git is missing or fails, or a link stands for a tracked file.
    """
    tracked = _git_files(project, "--cached")
    if project / SETTINGS not in tracked:
        tracked = frozenset()
    _refuse_links(project, tops, tracked)
    for path in _files_below(project, tops):
        if not tracked or path in tracked:
            yield path


def all_files(project: Path, *tops: str) -> Iterator[Path]:
    """Yield the files that cfn itself packages, tracked or not, in a fixed order and without byte code.

    Args:
        project: As for `shipped_files`.
        tops: As for `shipped_files`.
    """
    yield from _files_below(project, tops)


def untracked_files(project: Path, *tops: str) -> list[Path]:
    """Return the files that don't ship because git neither tracks nor ignores them; somebody may have forgotten them.

    Args:
        project: As for `shipped_files`.
        tops: As for `shipped_files`.

    Raises:
        PackagerError: As for `shipped_files`.
    """
    if project / SETTINGS not in _git_files(project, "--cached"):
        return []
    others = _git_files(project, "--others", "--exclude-standard")
    return [path for path in _files_below(project, tops) if path in others]


def hidden_files(project: Path, *tops: str) -> list[Path]:
    """Return the hidden files of a project that git doesn't track: they ship, which their author may not expect.

    Args:
        project: As for `shipped_files`.
        tops: As for `shipped_files`.

    Raises:
        PackagerError: As for `shipped_files`.
    """
    if project / SETTINGS in _git_files(project, "--cached"):
        return []
    return [path for path in _files_below(project, tops) if _is_hidden(path, project, tops)]


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


def _git_files(project: Path, *options: str) -> frozenset[Path]:
    """Return the files that `git ls-files` lists for a project, or none if it is in no repository."""
    if not any((folder / ".git").exists() for folder in (project, *project.parents)):
        return frozenset()
    # In a git hook, GIT_ variables point to the hook's repository, which may be another one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(project), "ls-files", "-z", *options]
    try:
        result = subprocess.run(command, env=environment, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise PackagerError("Only files that git tracks ship, and there is no git on the PATH: install it.") from error
    except subprocess.CalledProcessError as error:
        message = os.fsdecode(error.stderr).strip().replace("\n", " ")
        raise PackagerError(
            f"Only files that git tracks ship, and git can't tell which in {project}: {message}"
        ) from error
    return frozenset(project / os.fsdecode(name) for name in result.stdout.split(b"\0") if name)
