"""cfn's language plugin `python312-small`, which builds a smaller package that starts faster, for Python 3.12.

It builds like the official plugin, but from wheels for Lambda's Python and processor. Then it removes what no resource
type runs (_UNUSED, unused.py, _unneeded_files), imports the package once in Lambda's version of Python, adds byte code
for it, and compresses. It depends on no type.
"""

import logging
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar

from rpdk.core.exceptions import DownstreamError
from rpdk.core.project import Project
from rpdk.python.codegen import Python312LanguagePlugin

from cfn_sandbox.packaging import archive, bytecode, certificates, cfn, importing, requirements, unused, uv
from cfn_sandbox.packaging.compiled import ARCHITECTURES

__all__ = ["SmallPythonLanguagePlugin"]

LOG = logging.getLogger(__name__)

#: Files that pip installs and no resource type runs: patterns below the build directory, each with its reason.
_UNUSED = (
    "*.dist-info/RECORD",  # for uninstalling; METADATA stays for importlib.metadata, licences because they must ship
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/top_level.txt",
    "*.dist-info/direct_url.json",  # of a file of the project: where it was
    "*.dist-info/uv_*.json",  # what uv keeps for itself
    "**/__pycache__",  # for the interpreter that ran pip, which may not be Lambda's
    "**/*.pyi",  # types
    "**/py.typed",
    "boto3/examples",
    "botocore/cacert.pem",  # botocore uses certifi's bundle if certifi is installed, as it is here
)

#: botocore's files of a service besides its model and endpoint rules: documentation examples, paginators, waiters.
_UNUSED_OF_SERVICES = ("examples-1.json", "paginators-1*.json", "waiters-2.json")


class SmallPythonLanguagePlugin(Python312LanguagePlugin):
    """The official plugin with another ResourceProvider.zip, and with compression of the zip around it."""

    NAME = "python312-small"
    architecture: ClassVar[str] = ARCHITECTURES[0]
    drop: ClassVar[tuple[str, ...]] = ()
    module: ClassVar[str | None] = None

    def package(self, project: Project, zip_file: zipfile.ZipFile) -> None:
        """Write the function's package and its source into the uploaded zip, compressed; cfn doesn't compress it."""
        zip_file.compression = zipfile.ZIP_DEFLATED
        # cfn calls _pip_build on the class.
        own = type(self)
        settings = project.settings or {}
        own.architecture = settings.get("architecture", ARCHITECTURES[0])
        own.drop = tuple(settings.get("drop", ()))
        own.module = str(project.entrypoint).rpartition(".")[0]
        super().package(project, zip_file)  # type: ignore[no-untyped-call]  # cfn ships no types

    def _pre_package(self, build_path: Path) -> BinaryIO:
        """Return the function's package as an open file; the same input gives the same bytes."""
        models = build_path / str(self.package_name) / "data"
        for pattern in _UNUSED:
            _remove(build_path.glob(pattern))
        _remove(_unneeded_files(build_path, models))
        _remove(unused.files(build_path))
        _remove(path for name in self.drop for path in build_path.glob(name))
        bundle = build_path / "certifi" / "cacert.pem"
        if bundle.exists():  # it does for every type that uses the plugin library
            certificates.write_directory(bundle)
        python = bytecode.interpreter(self.RUNTIME.removeprefix("python"))
        if python is None:
            LOG.warning(bytecode.ADVICE)
        else:
            if self.module is not None:
                _import(self.module, build_path, python)
            try:
                bytecode.compile_tree(build_path, python)
            except subprocess.CalledProcessError as error:
                raise DownstreamError(f"A module does not compile: {error.stdout}") from error
        files = [path for path in build_path.rglob("*") if path.is_file()]
        return archive.write({path.relative_to(build_path).as_posix(): path.read_bytes() for path in files})

    @classmethod
    def _make_pip_command(cls, base_path: Path) -> list[str]:
        """Return cfn's command with the options that take wheels for Lambda only, whatever runs pip."""
        command = super()._make_pip_command(base_path)  # type: ignore[no-untyped-call]  # as above
        python = bytecode.interpreter(cls.RUNTIME.removeprefix("python"))
        machine = _MACHINES[cls.architecture]
        systems = [*(f"manylinux_2_{minor}" for minor in range(_GLIBC, 4, -1)), "manylinux2014", "linux"]
        wheels, hashed = base_path / _PURE, base_path / _HASHED
        if hashed.is_file():
            command[command.index("--requirement") + 1] = str(hashed)
        return [
            command[0],
            *(["--python", str(python)] if python else []),  # it then decides on environment markers too
            *command[1:],
            *(option for system in systems for option in ("--platform", f"{system}_{machine}")),
            *("--python-version", cls.RUNTIME.removeprefix("python"), "--implementation", "cp"),
            *("--only-binary", ":all:"),
            *(["--find-links", str(wheels)] if wheels.is_dir() else []),
        ]

    @classmethod
    def _pip_build(cls, base_path: Path) -> None:
        """Install the requirements from wheels, by uv or else by pip.

        If that fails, pip installs them again with the wheels of pure source distributions.
        """
        version = cls.RUNTIME.removeprefix("python")
        file, machine = base_path / "requirements.txt", _MACHINES[cls.architecture]
        if uv.install(base_path / "build", file, bytecode.interpreter(version), version, machine, _GLIBC):
            return
        try:
            super()._pip_build(base_path)  # type: ignore[no-untyped-call]  # as above
        except DownstreamError:
            if not cls._build_pure_wheels(base_path):
                raise
            (base_path / cfn.PIP_LOG).unlink(missing_ok=True)  # what failed before is no error now
            # pip has compared the source distributions with their hashes; the wheels that it built have others.
            text = requirements.with_hashes(file.read_text(encoding="utf-8"), (base_path / _PURE).glob("*.whl"))
            (base_path / _HASHED).write_text(text, encoding="utf-8")
            try:
                super()._pip_build(base_path)  # type: ignore[no-untyped-call]  # as above
            finally:
                (base_path / _HASHED).unlink()

    @classmethod
    def _build_pure_wheels(cls, base_path: Path) -> bool:
        """Build wheels of all requirements as pip does here, keep the pure ones, and return whether there are any."""
        wheels = base_path / _PURE
        python = bytecode.interpreter(cls.RUNTIME.removeprefix("python"))
        command = ["pip", *(["--python", str(python)] if python else []), "wheel", "--wheel-dir", str(wheels)]
        command += ["--disable-pip-version-check", "--requirement", str(base_path / "requirements.txt")]
        built = subprocess.run(command, cwd=base_path, capture_output=True, check=False)
        for wheel in wheels.glob("*.whl"):
            if not wheel.name.endswith("-none-any.whl"):
                wheel.unlink()
        return built.returncode == 0


_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}  # by Lambda's names
_GLIBC = 34  # 2.34, of Amazon Linux 2023, which runtime python3.12 has
_PURE = ".pure-wheels"
_HASHED = ".requirements-with-hashes.txt"


def _import(module: str, build: Path, python: Path) -> None:
    """Import the handlers' module in a clean process, as Lambda will.

    Raises:
        DownstreamError: it can't be imported; with the reason and its place.
    """
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "PATH": os.defpath}
    reason = importing.failure(module, build, [python], environment)
    if reason is not None:
        text = f"Python {bytecode.LAMBDA} can't import {module} from the package: {reason}"
        raise DownstreamError(text) from ImportError(text)  # cfn prints the cause alone


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _unneeded_files(build: Path, models: Path) -> Iterator[Path]:
    """Yield the files of botocore and boto3 that a type with its own service models doesn't need.

    Args:
        build: The build directory.
        models: The type's models: SERVICE/VERSION/service-2.json for every service that it calls, and endpoints.json.
    """
    botocore_data = build / "botocore" / "data"
    services = {path.parents[1].name for path in models.glob("*/*/service-2.json")}
    if not services:
        return
    yield from build.glob("boto3/data")  # boto3's resources, which need the removed models
    for service in botocore_data.iterdir():
        if service.is_dir() and service.name not in services:
            yield service
        elif service.is_dir():
            for pattern in _UNUSED_OF_SERVICES:
                yield from service.glob(f"*/{pattern}")
    for file in models.rglob("*.json"):
        yield from (botocore_data / file.relative_to(models).parent).glob(f"{file.name}*")
