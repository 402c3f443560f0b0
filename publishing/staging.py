"""Stages the project under another type name: a complete cfn project, ready to test and submit."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args

from packager import cfn, role, sources
from packager.package import build_here, smaller
from packager.sources import SETTINGS
from publishing.errors import PublishingError
from publishing.names import TypeName

TagUpdates = Literal["replace", "in-place"]
TAG_UPDATES: tuple[TagUpdates, ...] = get_args(TagUpdates)
_NEEDED = (SETTINGS, "requirements.txt")
_TAKEN_ALONG = ("LICENSE", "examples/contract-tests.yaml", "inputs", "overrides.json", "sam-tests", "template.yml")
# What the schema says about a change of tags, and what is true where they change in place.
_SAID_OF_THE_TYPE = (
    "A definition can't be changed once it exists: every property but EndpointName replaces it.",
    "A definition can't be changed once it exists, only its tags can: every property but EndpointName and "
    "Tags replaces it.",
)
_SAID_OF_TAGS = " A change of tags is made in place and replaces nothing."


def type_name_of(project: Path) -> TypeName:
    """Give the name of a project's type, from cfn's settings.

    Raises:
        PublishingError: There is no cfn project of a resource type.
    """
    try:
        return TypeName(json.loads((project / SETTINGS).read_bytes())["typeName"])
    except FileNotFoundError as error:
        raise PublishingError(f"{project} is not a cfn project: it has no {SETTINGS}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise PublishingError(f"{project / SETTINGS} is not cfn's: {error!r}.") from error


def stage(
    project: Path, type_name: TypeName, out: Path, tag_updates: TagUpdates = "replace", *, small: bool = False
) -> None:
    """Write a copy of a project whose type has another name.

    Schema, settings, package, inputs and events are copied with the name changed wherever they spell it;
    models.py, resource-role.yaml and docs/ are written by `cfn generate`. The same project gives the same bytes.

    Args:
        project: The folder of the original.
        type_name: The name of the copy's type; the original's own gives a plain copy.
        out: The folder to write: missing or empty.
        tag_updates: Whether a change of tags replaces the resource, as in the original, or is made in place.
        small: Whether cfn is to package it by our own plugin, which has to be installed wherever that is done.

    Raises:
        PackagerError: It can't be done; nothing was written.
        OSError: The folder can't be written; nothing was.
    """
    project, out = project.resolve(), out.resolve()
    old = type_name_of(project)
    _refuse_folder(project, out)
    needed = [*_NEEDED, f"{old.stem}.json", f"src/{old.package}"]
    missing = [name for name in needed if not (project / name).exists()]
    if missing:
        raise PublishingError(f"{project} is not a complete cfn project: it has no {', '.join(missing)}.")
    untracked = [name for name in needed if not any(sources.shipped(project, name))]
    if untracked:
        raise PublishingError(f"Only files that git tracks ship, and it does not track {', '.join(untracked)}.")

    # On the same file system as its destination, so that it appears there whole or not at all.
    existing = next(folder for folder in out.parents if folder.exists())
    with tempfile.TemporaryDirectory(prefix=".staging-", dir=existing) as scratch:
        staged = Path(scratch) / out.name
        renamed = _Renamed(old, type_name)
        for path in sources.shipped(project, *needed, *_TAKEN_ALONG):
            renamed.copy(path, staged / renamed.text(path.relative_to(project).as_posix()))
        if small:
            _package_small(staged / SETTINGS)
        if tag_updates == "in-place":
            _update_tags_in_place(staged / f"{type_name.stem}.json")
        cfn.run(["generate"], staged)
        role.narrow(staged / role.FILE)
        for log in cfn.LOGS:
            (staged / log).unlink(missing_ok=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(out)


def left_out(project: Path) -> list[Path]:
    """Return the files that a copy of a project does not have because git neither tracks nor ignores them.

    Args:
        project: The folder of the original.
    """
    return sources.left_out(project.resolve(), "src", *_TAKEN_ALONG)


def _refuse_folder(project: Path, out: Path) -> None:
    """Raise an error unless the folder can take a staged project."""
    if out.is_dir() and any(out.iterdir()):
        raise PublishingError(f"{out} is not empty: name a folder that is, or one that does not exist yet.")
    if out.exists() and not out.is_dir():
        raise PublishingError(f"{out} is a file: name a folder.")
    for source in ("src", *_TAKEN_ALONG):
        if out.is_relative_to(project / source):
            raise PublishingError(f"{out} is inside {source}, which is part of the project: name another folder.")


class _Renamed:
    """Copies with one type name replaced by another, in each of its spellings."""

    def __init__(self, old: TypeName, new: TypeName) -> None:
        self._new = dict(zip((s.encode() for s in old.spellings), (s.encode() for s in new.spellings), strict=True))
        names = b"|".join(re.escape(spelling) for spelling in self._new)
        # An address stays: what it points to is not renamed.
        self._pattern = re.compile(rb"https?://[^\s\"'<>)]+|(?<![A-Za-z0-9_])(?:" + names + rb")(?![A-Za-z0-9_])")

    def text(self, text: str) -> str:
        """The text under the new name."""
        return self._bytes(text.encode()).decode()

    def copy(self, source: Path, destination: Path) -> None:
        """Copy a file."""
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(self._bytes(source.read_bytes()))
        shutil.copymode(source, destination)

    def _bytes(self, content: bytes) -> bytes:
        return self._pattern.sub(lambda match: self._new.get(match[0], match[0]), content)


def _package_small(settings_file: Path) -> None:
    """Name our own plugin in cfn's settings, where there is one for the language."""
    settings = json.loads(settings_file.read_bytes())
    settings["language"] = smaller(settings["language"])
    build_here(settings)
    settings_file.write_text(json.dumps(settings, indent=4) + "\n", encoding="utf-8")


def _update_tags_in_place(schema_file: Path) -> None:
    """Rewrite a schema such that a change of its tags no longer replaces the resource."""
    schema: dict[str, Any] = json.loads(schema_file.read_bytes())
    tagging = schema.get("tagging", {})
    tags = tagging.get("tagProperty", "/properties/Tags")
    create_only: list[str] = schema.get("createOnlyProperties", [])
    if tags not in create_only:
        raise PublishingError("There is nothing to change for tag updates in place: Tags replace nothing already.")
    allowed = schema["handlers"].get("update", {}).get("permissions", [])
    not_allowed = sorted(set(tagging.get("permissions", [])) - set(allowed))
    if not_allowed:
        raise PublishingError(f"Tags can't be updated in place: the update handler has no {', '.join(not_allowed)}.")
    create_only.remove(tags)
    tagging["tagUpdatable"] = True
    schema["description"] = schema["description"].replace(*_SAID_OF_THE_TYPE)
    schema["properties"][tags.rpartition("/")[2]]["description"] += _SAID_OF_TAGS
    schema_file.write_text(json.dumps(schema, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
