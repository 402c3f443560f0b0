"""What pip installs and is proven unused in a package: nothing that is left out here is named by what stays."""

import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["files"]

_SETUPTOOLS = ("setuptools", "setuptools-*.dist-info", "_distutils_hack", "distutils-precedence.pth")
"""A requirement of the plugin library, which never imports it."""

_PKG_RESOURCES = "pkg_resources"
"""A module of setuptools that some libraries import."""

_IMPORTS_SETUPTOOLS = re.compile(
    rb"^\s*(?:import|from)\s+(?:setuptools|_distutils_hack|distutils)\b|import_module\(\s*.(?:setuptools|distutils)\b",
    re.MULTILINE,
)
# pip's two forms (distlib/scripts.py). A system's Python in /usr/bin can be one that an author wrote.
_SHEBANG = re.compile(rb"#!(?!/usr/bin/|/bin/)\S*/python[\d.]*\n|#!/bin/sh\n'''exec' ")


def files(build: Path) -> Iterator[Path]:
    """Yield the files and folders of a build that nothing in it uses.

    setuptools goes if no other module imports it, pkg_resources if no other module names it. A command that pip wrote
    goes, because it begins with the path of this machine's Python; other files in bin/ stay.

    Args:
        build: the build directory.
    """
    yield from _commands(build / "bin")
    modules = [path.read_bytes() for path in build.rglob("*.py") if not _is_setuptools(path.relative_to(build))]
    if any(_PKG_RESOURCES.encode() in module for module in modules):
        return  # it needs setuptools
    yield from build.glob(_PKG_RESOURCES)
    if not any(_IMPORTS_SETUPTOOLS.search(module) for module in modules):
        for pattern in _SETUPTOOLS:
            yield from build.glob(pattern)


def _is_setuptools(path: Path) -> bool:
    return path.parts[0] in {"setuptools", "_distutils_hack", _PKG_RESOURCES}


def _commands(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    commands = [path for path in folder.iterdir() if path.is_file() and _SHEBANG.match(path.read_bytes()[:1000])]
    others = [path for path in folder.rglob("*") if path.is_file() and path not in commands and path.suffix != ".pyc"]
    yield from commands if others else [folder]
