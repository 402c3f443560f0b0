"""The files of a project that its requirements.txt names, which pip reads while cfn packages.

Source: "Requirements File Format" in pip's documentation.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from cfn_sandbox.packaging import PackagerError

__all__ = ["local_paths", "with_hashes"]

FILE = "requirements.txt"

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_CONTINUED = re.compile(r"\\\n")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_OPTION = re.compile(r"(?:(-[rcfe])\s*|(--requirement|--constraint|--find-links|--editable)(?:\s+|=))(?P<path>\S.*)")
_FILE_URL = re.compile(r"(?:\S+\s*@\s*)?file:(?://(?:localhost)?)?(?P<path>[^\s;#]+)")
_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg", "MANIFEST.in", "README.md", "src")
_NESTED = {"-r", "-c", "--requirement", "--constraint"}


def local_paths(project: Path) -> list[str]:
    """Return the files and folders that requirements.txt names, and the files that it includes, by their path.

    Args:
        project: the project's folder.

    Raises:
        PackagerError: one is outside the project, or there is none of that name.
    """
    return list(dict.fromkeys(_paths(project, project / FILE)))


def with_hashes(text: str, wheels: Iterable[Path]) -> str:
    """Return requirements with the hashes of wheels added to those of their distributions, which have hashes already.

    Args:
        text: the content of requirements.txt.
        wheels: files of wheels.
    """
    by_name = {_normalized(wheel.name.partition("-")[0]): hashlib.sha256(wheel.read_bytes()) for wheel in wheels}
    lines = []
    for line in _CONTINUED.sub("", text).splitlines():
        name = _NAME.match(line)
        digest = by_name.get(_normalized(name[0])) if name and "--hash" in line else None
        lines.append(f"{_COMMENT.sub('', line)} --hash=sha256:{digest.hexdigest()}" if digest else line)
    return "\n".join([*lines, ""])


def _normalized(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _paths(project: Path, file: Path) -> Iterator[str]:
    if not file.is_file():
        return
    for line in _CONTINUED.sub("", file.read_text(encoding="utf-8", errors="replace")).splitlines():
        text = _COMMENT.sub("", line).strip()
        option = _OPTION.fullmatch(text)
        kind = (option[1] or option[2]) if option else ""
        named = option["path"] if option else text
        if "://" in named and not named.partition("@")[2].strip().startswith("file:") and not named.startswith("file:"):
            continue
        path = _local(named, requirement=kind in {"", "-e", "--editable"})
        if path is None:
            continue
        # pip takes an included file's path relative to the file that includes it, every other path as cfn's folder.
        target = ((file.parent if kind in _NESTED else project) / path).resolve()
        if not target.is_relative_to(project.resolve()):
            raise PackagerError(f"{file.name} names {path}, which is outside the project: put a copy into the project")
        if not target.exists():
            raise PackagerError(f"{file.name} names {path}, and there is no such file in the project")
        if target == project.resolve():
            yield from _PROJECT
            continue
        yield str(target.relative_to(project.resolve()))
        if kind in _NESTED:
            yield from _paths(project, target)


def _local(named: str, *, requirement: bool) -> str | None:
    """Return the path that a requirement or an option names; None if a requirement is a distribution's name."""
    url = _FILE_URL.match(named)
    if url:
        return unquote(url["path"])
    if not requirement:
        return named
    path = re.split(r"\s*;|\s+--|\[", named)[0].strip()
    is_path = path.startswith((".", "/")) or "/" in path or path.endswith((".whl", ".zip", ".tar.gz"))
    return path if path and not path.startswith("-") and "@" not in path and is_path else None
