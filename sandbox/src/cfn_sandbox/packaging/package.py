"""A resource type's package: the zip that cfn builds from a project, cached until the project changes."""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from cfn_sandbox import settings as project_settings
from cfn_sandbox.packaging import PackagerError, bytecode, cfn, compiled, requirements, sources
from cfn_sandbox.packaging.project import read as read_settings
from cfn_sandbox.packaging.renaming import Renamer

__all__ = ["build_without_docker", "copy_project", "package"]

SETTINGS = sources.SETTINGS

SMALL = "python312-small"
"""The name of our language plugin (packaging/plugin.py)."""

_LANGUAGES = "rpdk.v1.languages"  # the group of entry points in which cfn finds its language plugins

END_OF_LOG = "The end of its log:"
"""What precedes the tail of the function's log in the text of a crash."""

CACHE_SIZE = 10
"""How many packages of a project stay in its cache: those used last."""


def package(
    project: Path, cache: Path | None = None, language: str | None = None, type_name: str | None = None
) -> Path:
    """Return the zip that `cfn submit --dry-run` writes for a project, building it in the cache if it isn't there.

    Args:
        project: the folder with .rpdk-config. Nothing in it changes except the default cache.
        cache: the folder of the packages, named by a hash of their input; by default the project's .cache/packages.
        language: cfn's language plugin; by default the one in the project's settings (cfn_sandbox.settings), or else
            the one in .rpdk-config.
        type_name: the type's name in the package; by default the project's.

    Raises:
        PackagerError: the folder has no project, cfn or the language plugin is not installed, or cfn failed; with cfn's
            reason. Or Lambda can't import what is in the package.
        SandboxError: the project's settings can't be read, or the name is none of a type.
    """
    project = project.resolve()
    settings = read_settings(project)
    renamer = Renamer.to(settings["typeName"], type_name) if type_name else None
    settings = json.loads(renamer.rename(json.dumps(settings))) if renamer else settings
    settings["language"] = language or language_of(project)
    _check_language(settings["language"])
    build_without_docker(settings)
    own = project_settings.read(project)
    settings["settings"] |= {"architecture": own.architecture} if own.architecture else {}
    settings["settings"] |= {"drop": [*own.drop]} if own.drop else {}
    packages = cache or project / ".cache" / "packages"
    inputs = sorted(_inputs(project, settings["language"]))
    package_file = packages / f"{_digest(project, inputs, settings)}.zip"
    if not package_file.exists():
        packages.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=packages) as scratch:
            _copy(inputs, project, Path(scratch), renamer)
            Path(scratch, SETTINGS).write_text(json.dumps(settings, indent=4))
            _submit_dry_run(Path(scratch)).replace(package_file)
    _touch(package_file)
    compiled.check(package_file)
    with suppress(FileNotFoundError):  # another process may be deleting them too
        for old in sorted(packages.glob("*.zip"), key=lambda path: path.stat().st_mtime_ns)[:-CACHE_SIZE]:
            old.unlink()
    return package_file


def _touch(path: Path) -> None:
    """Mark a package as used now, with Python's clock, because the file system's is too coarse to order packages."""
    os.utime(path, ns=(time.time_ns(),) * 2)


def copy_project(project: Path, folder: Path) -> None:
    """Copy the files of a project that cfn reads into an empty folder."""
    _copy(_inputs(project, language_of(project)), project, folder)


def _copy(files: Iterable[Path], project: Path, folder: Path, renamer: Renamer | None = None) -> None:
    for path in files:
        name = path.relative_to(project)
        if renamer:
            renamer.copy(path, folder / renamer.rename(name.as_posix()))
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def language_of(project: Path) -> str:
    """Return the name of a project's language plugin: the one in its settings, or else the one in .rpdk-config.

    Raises:
        PackagerError: the folder has no project.
        SandboxError: the project's settings can't be read.
    """
    language: str = project_settings.read(project).language or read_settings(project)["language"]
    return language


def untracked_files(project: Path) -> list[str]:
    """Return a line for each file that git neither tracks nor ignores: whether it is in the package.

    Without git, only hidden files are named.

    Args:
        project: the folder with .rpdk-config.
    """
    project = project.resolve()
    small = language_of(project) == SMALL
    text = "isn't in the package, because git doesn't track it" if small else "ships, although git doesn't track it"
    files, tops = sources.Files(project), _shipping(project)
    hidden = "ships, as with cfn, though it is hidden: git doesn't track this project"
    return [
        *(f"{path.relative_to(project)} {text}" for path in files.untracked(*tops)),
        *(f"{path.relative_to(project)} {hidden}" for path in files.hidden(*tops)),
    ]


def notes(project: Path) -> list[str]:
    """Return a line for each thing about a project's package that its author may not expect.

    Args:
        project: the folder with .rpdk-config.
    """
    settings = read_settings(project.resolve()).get("settings") or {}
    docker = settings.get("use_docker") or settings.get("useDocker")
    overridden = ["use_docker in .rpdk-config is overridden: cfn packages with the pip of cfn-sandbox, without Docker"]
    return [*(overridden if docker else []), *untracked_files(project)]


def _inputs(project: Path, language: str) -> Iterator[Path]:
    """Return the files that ship and that cfn reads. The official plugin's package is what cfn alone would make."""
    tops = _tops(project)
    files = sources.Files(project).shipped(*tops) if language == SMALL else sources.all_files(project, *tops)
    # What pip installs from is read, and doesn't ship as it is: git can ignore it.
    read_by_pip = sources.all_files(project, *requirements.local_paths(project))
    return iter({*files, *read_by_pip})


def _shipping(project: Path) -> list[str]:
    """Return what is in the package or decides on it: not every file next to .rpdk-config that cfn may read."""
    schema = f"{read_settings(project)['typeName'].replace('::', '-').lower()}.json"
    return [SETTINGS, schema, "overrides.json", requirements.FILE, "src", "inputs"]


def _tops(project: Path) -> list[str]:
    """Return what cfn reads: the files next to .rpdk-config, src/ and inputs/."""
    top_level = (path.name for pattern in ("*.json", "*.txt") for path in sorted(project.glob(pattern)))
    return [SETTINGS, *top_level, "resource-role.yaml", "src", "inputs"]


def _check_language(language: str) -> None:
    names = importlib.metadata.entry_points(group=_LANGUAGES).names
    if language not in names:
        raise PackagerError(
            f"cfn has no language plugin {language} here; there are {', '.join(sorted(names))}. .rpdk-config names it, "
            "or `language` of [tool.cfn-sandbox] in pyproject.toml."
        )


def build_without_docker(settings: dict[str, Any]) -> None:
    """Change a project's settings so that cfn builds with this machine's pip instead of Docker.

    Args:
        settings: The content of .rpdk-config. cfn uses Docker if any of its three settings says so, and prompts if none
            is set (rpdk/python/codegen.py, _init_from_project).
    """
    language_settings = settings.setdefault("settings", {})
    language_settings.pop("useDocker", None)
    language_settings.update(use_docker=False, no_docker=True)


def _digest(project: Path, inputs: list[Path], settings: dict[str, Any]) -> str:
    compiler, language = "", settings["language"]
    if language == SMALL:  # our plugin adds the byte code of this interpreter
        python = bytecode.interpreter(bytecode.LAMBDA)
        compiler = bytecode.full_version(python) if python else "no byte code"
    # pip takes other wheels with other variables, for example PIP_PLATFORM.
    pip = sorted((name, value) for name, value in os.environ.items() if name.startswith("PIP_"))
    digest = hashlib.sha256(f"{sys.version} {compiler} {json.dumps([settings, pip], sort_keys=True)}".encode())
    plugin_files = (
        path
        for plugin in importlib.metadata.entry_points(group=_LANGUAGES, name=language)
        if (module := importlib.util.find_spec(plugin.module)) and module.origin
        for path in sorted(Path(module.origin).parent.glob("*.py"))
    )
    named = [(path.name, path) for path in plugin_files]  # without a folder: clones of a project share their packages
    named += [(str(path.relative_to(project)) if path.is_relative_to(project) else path.name, path) for path in inputs]
    for name, path in named:
        digest.update(f"\0{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _submit_dry_run(project: Path) -> Path:
    """Run `cfn submit --dry-run` in a project and return the zip that it wrote."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    lines = cfn.run(["submit", "--dry-run"], project, environment)
    zips = list(project.glob("*.zip"))  # named after the type
    if len(zips) != 1:
        raise PackagerError(f"cfn submit --dry-run wrote {len(zips)} packages instead of one. {' '.join(lines)}")
    return zips[0]


def tail(text: str, lines: int = 20) -> str:
    """Return the last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])
