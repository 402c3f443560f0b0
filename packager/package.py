"""A resource type's package: the zip that cfn makes of a project, kept for as long as the project stays the same."""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from packager import PackagerError, bytecode, cfn, sources

SETTINGS = sources.SETTINGS

SMALLER = "-small"
"""What our own plugins are called after those that they make smaller (packager/plugin.py)."""

KEPT = 10
"""Packages of a project that stay in its cache: the ones used last."""


def package(project: Path, cache: Path | None = None, language: str | None = None) -> Path:
    """The zip that `cfn submit --dry-run` writes for a project; nothing else of the project is written to.

    Args:
        project: the folder with .rpdk-config.
        cache: where packages are kept, by a hash of all that goes in; .cache/packages of the project unless given.
        language: cfn's language plugin, instead of the one that .rpdk-config names, or of its smaller twin, where one
            is installed (packager/plugin.py).

    Raises:
        PackagerError: no project there, no cfn, or cfn failed: with the end of its output.
    """
    project = project.resolve()
    if not (project / SETTINGS).is_file():
        raise PackagerError(f"no resource type in {project}: it has no {SETTINGS}")
    settings = json.loads((project / SETTINGS).read_text())
    settings["language"] = language or smaller(settings["language"])
    build_here(settings)
    kept = cache or project / ".cache" / "packages"
    packaged = kept / f"{_digest(project, sorted(_inputs(project)), settings['language'])}.zip"
    if not packaged.exists():
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept) as scratch:
            copy_project(project, Path(scratch))
            Path(scratch, SETTINGS).write_text(json.dumps(settings, indent=4))
            _submit_dry_run(Path(scratch)).replace(packaged)
    _touch(packaged)
    with suppress(FileNotFoundError):  # another process is at it too
        for old in sorted(kept.glob("*.zip"), key=lambda path: path.stat().st_mtime_ns)[:-KEPT]:
            old.unlink()
    return packaged


def _touch(path: Path) -> None:
    """Note that a package is used now; the file system's own clock ticks too slowly to tell two packages apart."""
    os.utime(path, ns=(time.time_ns(),) * 2)


def copy_project(project: Path, folder: Path) -> None:
    """Copy what cfn reads of a project into an empty folder."""
    for path in _inputs(project):
        target = folder / path.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _inputs(project: Path) -> Iterator[Path]:
    """What cfn reads of a project, as far as it ships: the files next to .rpdk-config, src/ and inputs/."""
    beside = (path.name for pattern in ("*.json", "*.txt") for path in sorted(project.glob(pattern)))
    return sources.shipped(project, SETTINGS, *beside, "resource-role.yaml", "src", "inputs")


def smaller(language: str) -> str:
    """The smaller twin of a language plugin, where one is installed; else the plugin itself."""
    twin = f"{language}{SMALLER}"
    return twin if importlib.metadata.entry_points(group="rpdk.v1.languages", name=twin) else language


def build_here(settings: dict[str, Any]) -> None:
    """Change a project's settings so that cfn builds with the pip of this machine, not in a container.

    Args:
        settings: What is in .rpdk-config. cfn prefers Docker if any of the three says so, and asks if none says
            anything (rpdk/python/codegen.py, _init_from_project).
    """
    of_language = settings.setdefault("settings", {})
    of_language.pop("useDocker", None)
    of_language.update(use_docker=False, no_docker=True)


def _digest(project: Path, inputs: list[Path], language: str) -> str:
    compiler = ""
    if language.endswith(SMALLER):  # it adds byte code, where it can
        python = bytecode.interpreter(bytecode.LAMBDA)
        compiler = bytecode.full_version(python) if python else "no byte code"
    digest = hashlib.sha256(f"{sys.version} {language} {compiler}".encode())
    plugin_files = (
        path
        for plugin in importlib.metadata.entry_points(group="rpdk.v1.languages", name=language)
        if (module := importlib.util.find_spec(plugin.module)) and module.origin
        for path in sorted(Path(module.origin).parent.glob("*.py"))
    )
    for path in (*plugin_files, *inputs):
        name = path.relative_to(project) if path.is_relative_to(project) else path.name
        digest.update(f"\0{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _submit_dry_run(project: Path) -> Path:
    """Run `cfn submit --dry-run` in a project and return the zip that it wrote."""
    without_account = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    said = cfn.run(["submit", "--dry-run"], project, without_account)
    written = list(project.glob("*.zip"))  # named after the type
    if len(written) != 1:
        raise PackagerError(f"cfn submit --dry-run wrote {len(written)} packages instead of one. {' '.join(said)}")
    return written[0]


def tail(text: str, lines: int = 20) -> str:
    """The last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])
