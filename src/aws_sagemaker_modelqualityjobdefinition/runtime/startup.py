"""A fast start: what slows the imports down and is rarely used loads on first use.

PLAIN_STARTUP=1 in the environment turns all of it off, for debugging. What each part saves of a cold CREATE is in its
docstring, in millions of instructions (M), of 598 that are left.
"""

import functools
import gc
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Any

PLAIN = bool(os.environ.get("PLAIN_STARTUP"))
"""Whether the environment turns this module off. sessions.py then makes no client before the first event either."""

_compile = re.compile


class Lazy:
    """A stand-in that makes the real object, from the arguments, when it is called or an attribute is read."""

    def __init__(self, make: Callable[..., Any], *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - make's
        self.made = functools.cache(functools.partial(make, *arguments, **named))

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the real object's
        """Call the real object."""
        return self.made()(*arguments, **named)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of the real object
        vars(self)[name] = found = getattr(self.made(), name)
        return found


class LazyModule(ModuleType):
    """A stand-in for a module, imported when one of its names is used. Saves 266 M."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.lent: dict[Any, str] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any name of the module
        if name.startswith("__"):  # the import system looks for these
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is not self:
            return getattr(self._real(), name)
        if submodule := sys.modules.get(f"{self.__name__}.{name}"):  # this is a `from ... import name`
            return submodule
        self.lent[found := Lazy(lambda: getattr(self._real(), name))] = name
        return found

    @functools.cache  # noqa: B019 - modules are never freed anyway
    def _real(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:  # it is used during the imports already
            del sys.modules[self.__name__]
        real = importlib.import_module(self.__name__)
        for module in list(sys.modules.values()) if self.lent else ():  # an `except` accepts only the class itself
            for name, value in list(getattr(module, "__dict__", {}).items()):  # None is a module that can't be imported
                if isinstance(value, Lazy) and value in self.lent:
                    setattr(module, name, getattr(real, self.lent[value]))
        return real


class LazyPattern(Lazy):
    """A stand-in for a regular expression, compiled when it is used.

    Saves 84 M, 32 by four patterns of IPv6 addresses, with which each host is matched: one without a colon is none.
    """

    IPV6 = tuple(f"{start}(?:(?:[0-9A-Fa-f]{{1,4}}:){{6}}" for start in ("^", r"^\["))

    def __init__(self, pattern: Any, flags: int = 0) -> None:  # noqa: ANN401 - a text, bytes or a pattern
        super().__init__(_compile, pattern, flags)
        if isinstance(pattern, str) and pattern.startswith(self.IPV6):
            self.match = lambda text, *ends: self.made().match(text, *ends) if ":" in text else None


def plain_dataclass(real: Callable[..., Any], kind: type | None = None, **options: Any) -> Any:  # noqa: ANN401 - dataclass's
    """Return a dataclass with methods that serve any class, instead of compiling them for each. Saves 41 M."""
    if kind is None or options:
        return real(kind, **options)
    kind.__doc__ = kind.__doc__ or kind.__name__  # else dataclass writes the signature, which is slow
    for name, method in {"__init__": _set_fields, "__eq__": _equals, "__hash__": None}.items():
        if name not in vars(kind):
            setattr(kind, name, method)
    return real(init=False, repr=False, eq=False)(kind)


def _set_fields(self: Any, *values: Any, **named: Any) -> None:  # noqa: ANN401 - any dataclass, its fields' values
    fields, missing = self.__dataclass_fields__, sys.modules["dataclasses"].MISSING
    given = dict(zip(fields, values, strict=False)) | named if values else named
    complete = len(given) == len(values) + len(named)
    for name in fields.keys() - given.keys():
        make = fields[name].default_factory
        given[name] = fields[name].default if make is missing else make()
        complete = complete and given[name] is not missing
    if not complete or len(given) != len(fields):
        raise TypeError(f"{type(self).__name__} needs its fields, each once: {', '.join(fields)}")
    vars(self).update(given)


def _equals(self: object, other: object) -> bool:
    return vars(self) == vars(other) if type(self) is type(other) else NotImplemented


@contextmanager
def lazy_imports(*names: str) -> Iterator[None]:
    """Replace regular expressions and modules that are not yet imported with stand-ins, and make dataclasses plain.

    A submodule needs its package among the names too.
    """
    stand_ins = {name: LazyModule(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    if signatures := stand_ins.get("inspect"):
        vars(signatures)["get_annotations"] = lambda kind: {**vars(kind).get("__annotations__", {})}  # for dataclasses
    dataclasses: Any = importlib.import_module("dataclasses")
    real = dataclasses.dataclass
    re.compile, dataclasses.dataclass = LazyPattern, functools.partial(plain_dataclass, real)  # type: ignore[assignment]  # overloaded
    try:
        yield
    finally:
        re.compile, dataclasses.dataclass = _compile, real
        for name in stand_ins:
            if isinstance(sys.modules.get(name), LazyModule):
                vars(sys.modules.pop(name)).pop("get_annotations", None)


_LAZY_MODULES = {
    "sessions of the library; sessions.py replaces them": ("boto3", "boto3.session"),
    "payloads of hooks": ("requests", "requests.adapters", "cloudformation_cli_python_lib.hook"),
    "the texts of help()": tuple(
        f"botocore.docs.{name}" for name in ("service", "method", "paginator", "waiter", "bcdoc.restdoc")
    ),
    "endpoint discovery, client-side monitoring": ("botocore.discovery", "botocore.monitoring"),
    "waiters, queries on answers, event streams": ("botocore.waiter", "jmespath", "botocore.eventstream"),
    "credentials and settings on a disk, proxies": ("configparser", "getpass", "subprocess", "shlex", "urllib.request"),
    "the bundle's path, which sessions.py finds; HTTP/2's version": ("certifi", "importlib.metadata"),
    "forms, XML, times as text": ("urllib3.filepost", "xml.etree", "xml.etree.ElementTree", "dateutil.parser"),
    "text that is not ASCII": ("email.header", "stringprep", "unicodedata", "locale"),
    "files, random numbers, signatures": ("pathlib", "tempfile", "random", "inspect"),
}


def load(models: str) -> None:
    """Import the plugin library, botocore and the named module that `cfn generate` writes. Call it before all else."""
    gc.disable()  # collections during the imports find nothing to free
    with nullcontext() if PLAIN else lazy_imports(*(name for names in _LAZY_MODULES.values() for name in names)):
        for name in ("cloudformation_cli_python_lib", "botocore.session", "encodings.idna", models):
            importlib.import_module(name)
    gc.freeze()  # later collections skip what has been imported: it is never freed
    gc.enable()
