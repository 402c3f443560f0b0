"""The compiled modules in a package: whether Lambda's Python, and the Python here, can import them.

A file's name has the version of CPython that it is for (PEP 3149), unless it is for the stable ABI or no extension at
all. The processor is in the file's header (ELF, e_machine). The C library that it needs is among its names of versions
("Symbol Versioning" in the Linux Standard Base); what is built on a newer system than Lambda's needs a newer one.
"""

import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cfn_sandbox.packaging import PackagerError
from cfn_sandbox.packaging.sources import SETTINGS

__all__ = ["ARCHITECTURES", "Target", "check", "check_runs", "target_of"]

ARCHITECTURES = ("x86_64", "arm64")
"""Lambda's processors, by Lambda's names. CloudFormation runs resource types on the first."""

_COMPILED = re.compile(r"\.so(\.\d+)*$|\.(pyd|dylib)$")
_CPYTHON = re.compile(r"\.cpython-(\d)(\d+)[a-z]*(-[\w-]+)?\.so$")
_ELF_MACHINES = {62: "x86_64", 183: "arm64"}
_MACHINES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64"}  # os.uname's names
_GLIBC = re.compile(rb"\0GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)")
_GLIBC_OF_LAMBDA = 34  # of Amazon Linux 2023
_OLD_GLIBC = dict.fromkeys(("3.8", "3.9", "3.10", "3.11"), 26)  # of Amazon Linux 2, by the runtimes that it has
_HEADER = 20  # bytes of an ELF header, up to and with e_machine


@dataclass(frozen=True)
class Target:
    """What a package must run on.

    Args:
        python: the version of Lambda's Python, such as 3.12.
        architecture: the processor, from ARCHITECTURES.
        glibc: the minor version of its glibc 2; None if that isn't compared.
    """

    python: str
    architecture: str = ARCHITECTURES[0]
    glibc: int | None = None

    def __str__(self) -> str:
        return f"Python {self.python} on {self.architecture}"


@dataclass(frozen=True)
class Module:
    """A compiled file in a package.

    Args:
        distribution: the distribution or the top-level package that has it.
        path: its path in the function's package.
        python: the version of CPython that it is for; empty if its name has none.
        platform: the processor, or the system if that is not Linux with glibc.
        glibc: the minor version of glibc 2 that it needs; 0 if it needs none.
    """

    distribution: str
    path: str
    python: str
    platform: str
    glibc: int = 0

    @property
    def stem(self) -> str:
        """The path without the tag and the suffix: what is imported."""
        path = PurePosixPath(self.path)
        return str(path.with_name(path.name.partition(".")[0]))

    def fits(self, target: Target) -> bool:
        """Return whether a target can load it."""
        return (
            self.python in {"", target.python}
            and self.platform == target.architecture
            and not self.is_too_new_for(target)
        )

    def is_too_new_for(self, target: Target) -> bool:
        """Return whether a target's C library is too old."""
        return target.glibc is not None and self.glibc > target.glibc

    def described(self, target: Target) -> str:
        """Return the distribution, the file and what it is for, and what of that a target lacks."""
        built_for = " on ".join(filter(None, [self.python and f"Python {self.python}", self.platform]))
        newer = (
            f" with glibc 2.{self.glibc}, newer than Lambda's 2.{target.glibc}" if self.is_too_new_for(target) else ""
        )
        return f"{self.distribution} ({self.path}, for {built_for}{newer})"


def target_of(settings: dict[str, object]) -> Target:
    """Return what a package must run on.

    Args:
        settings: the content of the package's .rpdk-config.
    """
    own = settings.get("settings")
    architecture = own.get("architecture", ARCHITECTURES[0]) if isinstance(own, dict) else ARCHITECTURES[0]
    python = str(settings.get("runtime")).removeprefix("python")
    return Target(python, str(architecture), _OLD_GLIBC.get(python, _GLIBC_OF_LAMBDA))


def check(package: Path) -> None:
    """Check that Lambda can import every compiled module of a package.

    Args:
        package: the zip that `cfn submit` uploads.

    Raises:
        PackagerError: it can't; with the names of the distributions and what to do.
    """
    target, modules = _read(package)
    foreign = _unusable(modules, target)
    if foreign:
        too_new = any(module.is_too_new_for(target) for module in foreign)
        linux = f"Linux with glibc 2.{target.glibc} or older" if too_new else "Linux"
        raise PackagerError(
            f"Lambda can't import what is compiled for another Python or platform than its {target}: "
            f"{_names(foreign, target)}. Install cfn-sandbox with Python {target.python} on {linux}; or write "
            '`language = "python312-small"` into [tool.cfn-sandbox] of pyproject.toml, which lets pip fetch wheels for '
            "Lambda (pip's --python-version and --platform); for AWS, `cfn submit` can also build in Docker "
            "(`use_docker` in .rpdk-config)."
        )


def check_runs(package: Path, python: str) -> None:
    """Check that a Python on this machine can import every compiled module of a package.

    Args:
        package: the zip that `cfn submit` uploads.
        python: the version of the Python that will run the handler.

    Raises:
        PackagerError: it can't; with the names of the distributions and what to do.
    """
    target, modules = _read(package)
    here = Target(python, _MACHINES.get(os.uname().machine, os.uname().machine))
    foreign = _unusable(modules, here)
    if foreign and here.architecture != target.architecture:
        raise PackagerError(
            f"the package is for Lambda's {target.architecture} and can't run on this machine, which is "
            f"{here.architecture}, because of {_names(foreign, here)}: test it on a machine of that kind"
        )
    if foreign:
        raise PackagerError(
            f"the package is for Lambda's Python {target.python} and can't run on Python {python}, because of "
            f"{_names(foreign, here)}: install that Python, for example with `uv python install {target.python}`"
        )


def _read(package: Path) -> tuple[Target, list[Module]]:
    with zipfile.ZipFile(package) as outer:
        target = target_of(json.loads(outer.read(SETTINGS)))
        with zipfile.ZipFile(io.BytesIO(outer.read("ResourceProvider.zip"))) as function:
            return target, list(_modules(function))


def _unusable(modules: list[Module], target: Target) -> list[Module]:
    """Return the modules that a target can't load, unless the package has the same one for that target too."""
    usable = {module.stem for module in modules if module.fits(target)}
    return [module for module in modules if module.stem not in usable]


def _names(modules: list[Module], target: Target) -> str:
    """Return the first module of each distribution, as one text."""
    first = {one.distribution: one for one in reversed(modules)}
    return ", ".join(module.described(target) for module in first.values())


def _modules(function: zipfile.ZipFile) -> Iterator[Module]:
    names = [name for name in function.namelist() if _COMPILED.search(name)]
    owners = _owners(function) if names else {}
    for name in sorted(names):
        tag = _CPYTHON.search(name)
        content = function.read(name)
        platform = _platform(content[:_HEADER], name, (tag and tag[3]) or "")
        glibc = max(map(int, _GLIBC.findall(content)), default=0)
        owner, python = owners.get(name, name.partition("/")[0]), f"{tag[1]}.{tag[2]}" if tag else ""
        yield Module(owner, name, python, platform, glibc)


def _platform(header: bytes, name: str, tag: str) -> str:
    if tag.endswith("musl"):
        return "Linux with musl"
    if header.startswith(b"\x7fELF"):
        machine = int.from_bytes(header[18:20], "big" if header[5:6] == b"\x02" else "little")
        return _ELF_MACHINES.get(machine, f"another processor ({machine})")
    if name.endswith(".pyd") or header.startswith(b"MZ"):
        return "Windows"
    return "macOS" if name.endswith(".dylib") or "darwin" in tag else "another system than Linux"


def _owners(function: zipfile.ZipFile) -> dict[str, str]:
    """Return the distribution of each file, as the RECORD files have it (PEP 376)."""
    owners = {}
    for name in function.namelist():
        if name.endswith(".dist-info/RECORD"):
            distribution = name.partition(".dist-info")[0].partition("-")[0]
            for line in function.read(name).decode(errors="replace").splitlines():
                owners[line.partition(",")[0]] = distribution
    return owners
