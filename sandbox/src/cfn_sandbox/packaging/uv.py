"""Installs a package's requirements with uv instead of pip, which takes a tenth of the time, where that is the same.

uv doesn't read pip's settings, which say where packages come from. So they are read here, and passed on. If one of them
means something that is not known here, or if uv fails for any reason, pip installs, and its message is the one that the
author sees.

Sources: "Configuration" in pip's documentation (the files and their order); "Compatibility with pip" in uv's.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["install", "options"]

_OPTIONS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "trusted-host": "--allow-insecure-host",
    "constraint": "--constraint",
}
_VARIABLES = {"cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY"}
_WITHOUT_EFFECT = frozenset(
    (
        *(
            "break-system-packages",
            "cache-dir",
            "compile",
            "config-file",
            "default-timeout",
            "disable-pip-version-check",
        ),
        *("log", "no-cache-dir", "no-color", "no-input", "no-warn-script-location", "progress-bar", "quiet", "retries"),
        *("root-user-action", "timeout", "use-feature", "verbose"),
    )
)
"""Settings of pip that don't change what is installed."""


def install(target: Path, requirements: Path, python: Path | None, version: str, machine: str, glibc: int) -> bool:
    """Install requirements from wheels for Lambda, and return whether that worked. Nothing is left if it didn't.

    Args:
        target: the folder to install into, which doesn't exist.
        requirements: the requirements.txt.
        python: an interpreter of that version, which decides on environment markers; None if there is none.
        version: the version of Lambda's Python, such as 3.12.
        machine: the processor, as in a wheel's name.
        glibc: the newest minor version of glibc 2 that a wheel may need.
    """
    uv, settings = shutil.which("uv"), options()
    if uv is None or settings is None:
        return False
    arguments, variables = settings
    command: list[str | Path] = [uv, "pip", "install", "--quiet", "--no-config", "--link-mode", "copy"]
    command += ["--target", target, "--requirement", requirements, "--only-binary", ":all:"]
    command += ["--python", python or sys.executable, "--python-platform", f"{machine}-manylinux_2_{glibc}"]
    command += [] if python else ["--python-version", version]
    # pip prefers no index to another, and demands hashes of all requirements if one has some.
    command += ["--index-strategy", "unsafe-best-match"]
    command += ["--require-hashes"] if "--hash" in requirements.read_text(encoding="utf-8", errors="replace") else []
    own = {name: value for name, value in os.environ.items() if not name.startswith("UV_") or name == "UV_CACHE_DIR"}
    environment = own | {"UV_PYTHON_DOWNLOADS": "never"} | variables
    done = subprocess.run(
        [*command, *arguments], cwd=requirements.parent, env=environment, capture_output=True, check=False
    )
    if done.returncode:
        shutil.rmtree(target, ignore_errors=True)
    return done.returncode == 0


def options() -> tuple[list[str], dict[str, str]] | None:
    """Return pip's settings as uv's options and variables; None if uv has no counterpart of one of them."""
    arguments: list[str] = []
    variables: dict[str, str] = {}
    try:
        settings = _settings(os.environ)
    except (configparser.Error, UnicodeError):
        return None
    for name, value in settings.items():
        if name in _OPTIONS:
            arguments += [part for word in value.split() for part in (_OPTIONS[name], word)]
        elif name in _VARIABLES:
            variables[_VARIABLES[name]] = value
        elif name == "no-index" and value.lower() in {"1", "true", "yes", "on"}:
            arguments.append("--no-index")
        elif name not in _WITHOUT_EFFECT:
            return None
    return arguments, variables


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of `pip install`, by their long names; a later source replaces an earlier one's."""
    settings: dict[str, str] = {}
    for file in _files(environment):
        parser = configparser.RawConfigParser()
        with suppress(OSError):
            parser.read(file, encoding="utf-8")
        for section in ("global", "install"):
            settings |= dict(parser.items(section)) if parser.has_section(section) else {}
    variables = {name.lower(): value for name, value in environment.items() if name.startswith("PIP_") and value}
    settings |= {name.removeprefix("pip_").replace("_", "-"): value for name, value in variables.items()}
    return {name.replace("_", "-"): value for name, value in settings.items()}


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield pip's configuration files on Linux and macOS, the least important first."""
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:  # pip then reads none at all
        return
    home = Path.home()
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    folders = (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    yield from (Path(folder, "pip", "pip.conf") for folder in reversed(folders))
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield config / "pip" / "pip.conf"
    if sys.platform == "darwin":
        yield Path("/Library/Application Support/pip/pip.conf")
        yield home / "Library" / "Application Support" / "pip" / "pip.conf"
    yield Path(sys.prefix) / "pip.conf"
    if named:
        yield Path(named)
