"""Stages the project under another type name, as a complete cfn project that is ready to test and submit."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args

from cfn_sandbox import settings as sandbox_settings
from cfn_sandbox.packaging import cfn, role, sources
from cfn_sandbox.packaging.package import build_without_docker
from cfn_sandbox.packaging.renaming import Renamer
from cfn_sandbox.packaging.sources import SETTINGS
from tools.publishing.errors import PublishingError
from tools.publishing.names import TypeName

TagUpdates = Literal["replace", "in-place"]
TAG_UPDATES: tuple[TagUpdates, ...] = get_args(TagUpdates)
_REQUIRED = (SETTINGS, "requirements.txt")
_OPTIONAL = ("LICENSE", "examples/contract-tests.yaml", "inputs", "overrides.json", "sam-tests", "template.yml")
# The schema's sentence about changes of tags, and its replacement if tags change in place.
_TYPE_DESCRIPTION = (
    "A definition can't be updated in place: changing any property except EndpointName requires replacement.",
    "Only a definition's tags can be updated in place: changing any property except EndpointName and Tags requires "
    "replacement.",
)
_TAGS_DESCRIPTION = " Changing tags updates the definition in place."


def type_name_of(project: Path) -> TypeName:
    """Return the name of a project's type, from cfn's settings.

    Raises:
        PublishingError: The folder is not a cfn project of a resource type.
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

    Schema, settings, package, inputs and events are copied, with the name changed in each of its spellings.
    `cfn generate` writes models.py, resource-role.yaml and docs/. The same project gives the same bytes.

    Args:
        project: The folder of the original.
        type_name: The name of the copy's type; the original's name gives a plain copy.
        out: The folder to write, which must be missing or empty.
        tag_updates: Whether a change of tags replaces the resource, as in the original, or happens in place.
        small: Whether cfn packages the copy with the plugin in the project's settings ([tool.cfn-sandbox]), which must
            then be installed where cfn runs.

    Raises:
        PackagerError: The project can't be staged; nothing was written.
        OSError: The folder can't be written; nothing was written.
    """
    project, out = project.resolve(), out.resolve()
    old = type_name_of(project)
    _refuse_folder(project, out)
    required = [*_REQUIRED, f"{old.stem}.json", f"src/{old.package}"]
    missing = [name for name in required if not (project / name).exists()]
    if missing:
        raise PublishingError(f"{project} is not a complete cfn project: it has no {', '.join(missing)}.")
    files = sources.Files(project)
    untracked = [name for name in required if not any(files.shipped(name))]
    if untracked:
        raise PublishingError(f"Only files that git tracks ship, and it does not track {', '.join(untracked)}.")

    settings = sandbox_settings.read(project)
    # On the file system of its destination, so that it appears there completely or not at all.
    existing = next(folder for folder in out.parents if folder.exists())
    with tempfile.TemporaryDirectory(prefix=".staging-", dir=existing) as scratch:
        staged = Path(scratch) / out.name
        renamer = Renamer(old, type_name)
        for path in files.shipped(*required, *_OPTIONAL):
            copy = staged / renamer.rename(path.relative_to(project).as_posix())
            renamer.copy(path, copy)
            shutil.copymode(path, copy)
        if small:
            _set_language(staged / SETTINGS, settings.language)
        if tag_updates == "in-place":
            _update_tags_in_place(staged / f"{type_name.stem}.json")
        cfn.run(["generate"], staged)
        role.narrow(staged / role.FILE, settings.role)
        for log in cfn.LOGS:
            (staged / log).unlink(missing_ok=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(out)


def untracked_files(project: Path) -> list[Path]:
    """Return the files that a copy of a project lacks because git neither tracks nor ignores them.

    Args:
        project: The folder of the original.
    """
    return sources.Files(project.resolve()).untracked("src", *_OPTIONAL)


def _refuse_folder(project: Path, out: Path) -> None:
    """Raise an error if a staged project can't be written to the folder."""
    if out.is_dir() and any(out.iterdir()):
        raise PublishingError(f"{out} is not empty: name a folder that is, or one that does not exist yet.")
    if out.exists() and not out.is_dir():
        raise PublishingError(f"{out} is a file: name a folder.")
    for name in ("src", *_OPTIONAL):
        if out.is_relative_to(project / name):
            raise PublishingError(f"{out} is inside {name}, which is part of the project: name another folder.")


def _set_language(settings_file: Path, language: str | None) -> None:
    """Put a language plugin into cfn's settings, unless it is None."""
    settings = json.loads(settings_file.read_bytes())
    settings["language"] = language or settings["language"]
    build_without_docker(settings)
    settings_file.write_text(json.dumps(settings, indent=4) + "\n", encoding="utf-8")


def _update_tags_in_place(schema_file: Path) -> None:
    """Rewrite a schema so that a change of tags no longer replaces the resource."""
    schema: dict[str, Any] = json.loads(schema_file.read_bytes())
    tagging = schema.get("tagging", {})
    tags = tagging.get("tagProperty", "/properties/Tags")
    create_only: list[str] = schema.get("createOnlyProperties", [])
    if tags not in create_only:
        raise PublishingError(
            "Tags are not createOnly in this schema, so they replace nothing: leave out TAG_UPDATES=in-place."
        )
    allowed = schema["handlers"].get("update", {}).get("permissions", [])
    not_allowed = sorted(set(tagging.get("permissions", [])) - set(allowed))
    if not_allowed:
        raise PublishingError(f"Tags can't be updated in place: the update handler has no {', '.join(not_allowed)}.")
    create_only.remove(tags)
    tagging["tagUpdatable"] = True
    schema["description"] = schema["description"].replace(*_TYPE_DESCRIPTION)
    schema["properties"][tags.rpartition("/")[2]]["description"] += _TAGS_DESCRIPTION
    schema_file.write_text(json.dumps(schema, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
