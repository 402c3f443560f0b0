"""cfn's language plugin `python312-small`, which builds a smaller package that starts faster, for Python 3.12.

It builds like the official plugin, then removes what no resource type runs (_UNUSED, _unneeded_files), adds byte code
for Lambda's interpreter, and compresses. It depends on no type.
"""

import logging
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from rpdk.core.exceptions import DownstreamError
from rpdk.core.project import Project
from rpdk.python.codegen import Python312LanguagePlugin

from cfn_sandbox.packaging import archive, bytecode, certificates

__all__ = ["SmallPythonLanguagePlugin"]

LOG = logging.getLogger(__name__)

#: Files that pip installs and no resource type runs: patterns below the build directory, each with its reason.
_UNUSED = (
    "bin",  # commands
    "setuptools",  # a requirement of the plugin library, which never imports it
    "setuptools-*.dist-info",
    "_distutils_hack",  # a part of setuptools, as are the next two
    "distutils-precedence.pth",
    "pkg_resources",
    "*.dist-info/RECORD",  # for uninstalling; METADATA stays for importlib.metadata, licences because they must ship
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/top_level.txt",
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

    def package(self, project: Project, zip_file: zipfile.ZipFile) -> None:
        """Write the function's package and its source into the uploaded zip, compressed; cfn doesn't compress it."""
        zip_file.compression = zipfile.ZIP_DEFLATED
        super().package(project, zip_file)  # type: ignore[no-untyped-call]  # cfn ships no types

    def _pre_package(self, build_path: Path) -> BinaryIO:
        """Return the function's package as an open file; the same input gives the same bytes."""
        models = build_path / str(self.package_name) / "data"
        for pattern in _UNUSED:
            _remove(build_path.glob(pattern))
        _remove(_unneeded_files(build_path, models))
        bundle = build_path / "certifi" / "cacert.pem"
        if bundle.exists():  # it does for every type that uses the plugin library
            certificates.write_directory(bundle)
        python = bytecode.interpreter(self.RUNTIME.removeprefix("python"))
        if python is None:
            LOG.warning(bytecode.ADVICE)
        else:
            try:
                bytecode.compile_tree(build_path, python)
            except subprocess.CalledProcessError as error:
                raise DownstreamError(f"A module does not compile: {error.stdout}") from error
        files = [path for path in build_path.rglob("*") if path.is_file()]
        return archive.write({path.relative_to(build_path).as_posix(): path.read_bytes() for path in files})


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
