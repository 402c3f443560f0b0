"""What costs time at every start and is of no use to a resource type, put off until somebody asks for it.

While the plugin library and botocore are imported below, stand-ins take the place of some modules; whoever uses
something of theirs later gets the real ones.
"""

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class PutOff(ModuleType):
    """Stands in for a module until a name of it is used."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        if name.startswith("__"):  # the import system's questions
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:  # somebody does `from ... import name`
            return PutOffName(self.__name__, name)
        return getattr(importlib.import_module(self.__name__), name)


class PutOffName:
    """Stands in for a class or a function of a module until it is called."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - those of the real one
        """Call the real one."""
        return getattr(importlib.import_module(self._module), self._name)(*arguments, **named)


@contextmanager
def putting_off(*names: str) -> Iterator[None]:
    """Have stand-ins imported instead of these modules, unless they are there already.

    Args:
        names: The modules, each submodule beside its package.
    """
    stand_ins = {name: PutOff(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


_OF_NO_USE = (
    "boto3",  # makes the library's sessions (ours: sessions.py), and imports s3transfer
    "boto3.session",
    "botocore.docs.bcdoc.docstringparser",  # renders what help() prints, and imports an HTML parser
    "importlib.metadata",  # tells urllib3 the version of an HTTP/2 library; imports zipfile, csv, tempfile and others
    "requests",  # fetches the library's payloads of hooks
    "requests.adapters",
)

with putting_off(*_OF_NO_USE):
    importlib.import_module("cloudformation_cli_python_lib")
    importlib.import_module("botocore.session")

# What has been imported stays: the garbage collector need not go through it again and again.
gc.freeze()
