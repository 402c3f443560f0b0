"""Which files of a project ship: those that git tracks.

A file that nobody committed has been seen by nobody: a note, a key, an `.env` in src/ is not to reach a bucket. What
ships is a tracked file as it is in the working tree, committed or changed since. A project that is in no repository, or
that its repository doesn't track (a staged copy), ships all its files except hidden ones.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from packager import PackagerError

SETTINGS = ".rpdk-config"
"""cfn's settings: the file that makes a folder a project."""


def shipped(project: Path, *tops: str) -> Iterator[Path]:
    """Yield the files that ship, in a fixed order; byte code never does.

    Args:
        project: The project's folder.
        tops: Files and folders of the project, by their path in it; those that are missing are passed over.

    Raises:
        PackagerError: The project is in a repository, and git can't be asked about it.
    """
    tracked = _listed(project, "--cached")
    if project / SETTINGS not in tracked:
        tracked = frozenset()
    for path in _below(project, tops):
        if path in tracked if tracked else not _hidden(path, project, tops):
            yield path


def left_out(project: Path, *tops: str) -> list[Path]:
    """Return the files that don't ship because git neither tracks nor ignores them: often they were forgotten.

    Args:
        project: As for `shipped`.
        tops: As for `shipped`.

    Raises:
        PackagerError: As for `shipped`.
    """
    if project / SETTINGS not in _listed(project, "--cached"):
        return []
    others = _listed(project, "--others", "--exclude-standard")
    return [path for path in _below(project, tops) if path in others]


def _below(project: Path, tops: tuple[str, ...]) -> Iterator[Path]:
    for name in tops:
        top = project / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
                yield path


def _hidden(path: Path, project: Path, tops: tuple[str, ...]) -> bool:
    """Whether a name below one of the tops begins with a dot; a top is asked for by its name, as .rpdk-config is."""
    name = path.relative_to(project)
    top = next(Path(top) for top in tops if name.is_relative_to(top))
    return any(part.startswith(".") for part in name.relative_to(top).parts)


def _listed(project: Path, *which: str) -> frozenset[Path]:
    """What git lists of a project; nothing where there is no repository."""
    if not any((folder / ".git").exists() for folder in (project, *project.parents)):
        return frozenset()
    # A hook of git's has variables set that point to another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(project), "ls-files", "-z", *which]
    try:
        told = subprocess.run(command, env=environment, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise PackagerError("Only files that git tracks ship, and there is no git on the PATH: install it.") from error
    except subprocess.CalledProcessError as error:
        said = os.fsdecode(error.stderr).strip().replace("\n", " ")
        raise PackagerError(
            f"Only files that git tracks ship, and git can't tell which in {project}: {said}"
        ) from error
    return frozenset(project / os.fsdecode(name) for name in told.stdout.split(b"\0") if name)
