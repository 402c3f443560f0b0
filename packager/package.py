"""A resource type's package: the zip that cfn makes of a project, kept for as long as the project stays the same."""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from packager import PackagerError

SETTINGS = ".rpdk-config"
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
    settings["language"] = language or _smaller(settings["language"])
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
    """What cfn reads of a project: the schema and other files beside .rpdk-config, src/ and inputs/."""
    yield project / SETTINGS
    for pattern in ("*.json", "*.txt", "resource-role.yaml", "src/**/*", "inputs/**/*"):
        yield from (path for path in project.glob(pattern) if path.is_file() and "__pycache__" not in path.parts)


def _smaller(language: str) -> str:
    """The smaller twin of a language plugin, where one is installed; else the plugin itself."""
    twin = f"{language}-small"
    return twin if importlib.metadata.entry_points(group="rpdk.v1.languages", name=twin) else language


def _digest(project: Path, inputs: list[Path], language: str) -> str:
    digest = hashlib.sha256(f"{sys.version} {language}".encode())
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
    bin_folder = str(Path(sys.executable).parent)
    cfn = shutil.which("cfn", path=bin_folder)
    if cfn is None:
        raise PackagerError(f"no cfn beside {sys.executable}: `make setup` installs it")
    pip_log = project / "pip.log"
    environment = _environment() | {
        "PATH": os.pathsep.join([bin_folder, os.environ.get("PATH", os.defpath)]),  # cfn calls the first pip on it
        "PIP_LOG": str(pip_log),  # cfn keeps to itself what pip says
    }
    done = subprocess.run(
        [cfn, "submit", "--dry-run"],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    written = list(project.glob("*.zip"))  # named after the type
    if done.returncode or len(written) != 1:
        said = f"{_ends(done.stdout)}\n{_pip_errors(pip_log)}{_cfn_log(project)}"
        raise PackagerError(f"cfn submit --dry-run failed (exit code {done.returncode}):\n{said.rstrip()}")
    return written[0]


def _environment() -> dict[str, str]:
    """This process's environment without any AWS_* variable: packaging needs no account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _ends(text: str) -> str:
    """Both ends of a text: cfn's complaint about a schema begins with the reason and goes on with the schema."""
    lines = text.splitlines()
    return "\n".join([*lines[:10], "...", *lines[-10:]] if len(lines) > 21 else lines)


def _cfn_log(project: Path) -> str:
    """The last line of cfn's log, where it puts the exception that it did not expect."""
    log = project / "rpdk.log"
    return f"--- rpdk.log:\n{tail(log.read_text(), 1)}" if log.exists() else ""


def _pip_errors(log: Path) -> str:
    """What pip called an error in its log, without its traceback and the times."""
    text = re.sub(r"^\S+ ", "", log.read_text(), flags=re.MULTILINE) if log.exists() else ""
    errors = re.findall(r"^ *ERROR: .*?(?=^Exception information:|\Z)", text, re.MULTILINE | re.DOTALL)
    return f"--- pip:\n{''.join(errors)}" if errors else ""


def tail(text: str, lines: int = 20) -> str:
    """The last lines of a text."""
    return "\n".join(text.splitlines()[-lines:])
