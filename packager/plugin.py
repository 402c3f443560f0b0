"""cfn's language plugin for Python 3.12, with a smaller package that starts faster: language `python312-small`.

It builds as the official plugin does, then leaves out what no resource type runs, adds byte code for Lambda's
interpreter, and compresses. Nothing of it depends on this type: see _UNUSED and _services for what goes.
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

from packager import archive, bytecode, certificates

LOG = logging.getLogger(__name__)

#: What pip installs and no resource type runs. Patterns below the build directory, each with its reason.
_UNUSED = (
    "bin",  # commands
    "setuptools",  # a requirement of the plugin library's that it never imports
    "setuptools-*.dist-info",
    "_distutils_hack",  # setuptools' own
    "distutils-precedence.pth",
    "pkg_resources",
    "*.dist-info/RECORD",  # for uninstalling; METADATA stays for importlib.metadata, licences for the law
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/top_level.txt",
    "**/__pycache__",  # of whichever interpreter pip ran in
    "**/*.pyi",  # types
    "**/py.typed",
    "boto3/examples",
    "botocore/cacert.pem",  # botocore takes certifi's, which is there
)

#: What botocore has of a service beside its model and rules: documentation's examples, paginators and waiters.
_UNUSED_OF_SERVICES = ("examples-1.json", "paginators-1*.json", "waiters-2.json")


class SmallPythonLanguagePlugin(Python312LanguagePlugin):
    """The official plugin, save for what goes into ResourceProvider.zip, and for what lies beside that uncompressed."""

    NAME = "python312-small"

    def package(self, project: Project, zip_file: zipfile.ZipFile) -> None:
        """Write the function's package and its source into the zip that is uploaded; compressed, where cfn stores."""
        zip_file.compression = zipfile.ZIP_DEFLATED
        super().package(project, zip_file)  # type: ignore[no-untyped-call]  # cfn ships no types

    def _pre_package(self, build_path: Path) -> BinaryIO:
        """Return the function's package as an open file: same input, same bytes."""
        models = build_path / str(self.package_name) / "data"
        for pattern in _UNUSED:
            _remove(build_path.glob(pattern))
        _remove(_replaced(build_path, models))
        bundle = build_path / "certifi" / "cacert.pem"
        if bundle.exists():  # every type that uses the plugin library has it
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


def _replaced(build: Path, ours: Path) -> Iterator[Path]:
    """Yield what a type that ships its own service models does not need of botocore's and boto3's.

    Args:
        build: Where everything is.
        ours: The type's models: SERVICE/VERSION/service-2.json for every service that it calls, and endpoints.json.
    """
    theirs = build / "botocore" / "data"
    called = {path.parents[1].name for path in ours.glob("*/*/service-2.json")}
    if not called:
        return
    yield from build.glob("boto3/data")  # descriptions of resources, made of models that are not there
    for service in theirs.iterdir():
        if service.is_dir() and service.name not in called:
            yield service
        elif service.is_dir():
            for pattern in _UNUSED_OF_SERVICES:
                yield from service.glob(f"*/{pattern}")
    for file in ours.rglob("*.json"):
        yield from (theirs / file.relative_to(ours).parent).glob(f"{file.name}*")
