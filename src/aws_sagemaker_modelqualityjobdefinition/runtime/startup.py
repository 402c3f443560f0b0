"""Lazy imports: parts that slow down a cold start and are rarely used load on first use.

While `load` imports the plugin library, botocore and the models, stand-ins replace some modules, all regular
expressions, and the methods that `dataclass` generates. A stand-in loads the real object when it is used.
"""

import dataclasses
import functools
import gc
import importlib
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_compile, _dataclass = re.compile, dataclasses.dataclass


class Lazy:
    """A stand-in that creates the real object when it is called or an attribute is read.

    Args:
        make: Creates the real object from the other arguments.
    """

    def __init__(self, make: Callable[..., Any], *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - make's
        self.made = functools.cache(functools.partial(make, *arguments, **named))

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the real object's
        """Call the real object."""
        return self.made()(*arguments, **named)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of the real object
        vars(self)[name] = found = getattr(self.made(), name)
        return found


class LazyText(str):
    """A stand-in for a docstring that botocore renders when it is read."""

    made: Callable[[], str]

    @classmethod
    def of(cls, make: Callable[..., str], **named: Any) -> "LazyText":  # noqa: ANN401 - make's
        """Return a stand-in for the text that `make` returns."""
        text = cls()
        text.made = functools.cache(functools.partial(make, **named))
        return text

    def __str__(self) -> str:
        return str(self.made())

    def expandtabs(self, *size: int) -> str:  # type: ignore[override]  # str names the argument
        """Expand the real text. help() calls this first."""
        return str(self).expandtabs(*size)


class LazyModule(ModuleType):
    """A stand-in for a module, imported when one of its names is used."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.lent: list[Lazy] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any name of the module
        if name.startswith("__"):  # the import system looks for these
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is not self:
            return getattr(self._real(), name)
        # This is a `from ... import name`.
        if submodule := sys.modules.get(f"{self.__name__}.{name}"):
            return submodule
        self.lent.append(found := Lazy(lambda: getattr(self._real(), name)))
        return functools.partial(LazyText.of, found) if self.__name__ == "botocore.docs.docstring" else found

    @functools.cache  # noqa: B019 - modules are never freed anyway
    def _real(self) -> ModuleType:
        real, lent, self.lent = importlib.import_module(self.__name__), self.lent, []
        for module in list(sys.modules.values()) if lent else ():  # an `except` accepts only the class itself
            for name, value in list(vars(module).items()):
                if isinstance(value, Lazy) and value in lent:
                    setattr(module, name, value.made())
        return real


class LazyMember:
    """A stand-in for a member that `dataclass` generates. The first use of one generates all of them."""

    NAMES = ("__init__", "__repr__", "__eq__", "__match_args__", "__dataclass_fields__", "__dataclass_params__")

    def __init__(self, kind: type, name: str) -> None:
        self._kind, self._name = kind, name

    def __get__(self, instance: object, _: type) -> Any:  # noqa: ANN401 - a method or a mapping of fields
        with _generating:
            if vars(self._kind).get(self._name) is self:  # else another thread has generated it
                _generate(self._kind)
        return getattr(self._kind if instance is None else instance, self._name)


_generating = threading.RLock()


def _generate(kind: type) -> None:
    """Generate a dataclass's members, on a copy of the class: other threads must find a stand-in or the member."""
    kept = {name: value for name, value in vars(kind).items() if not isinstance(value, LazyMember)}
    kept = {name: value for name, value in kept.items() if name not in ("__dict__", "__weakref__")}
    kept["__doc__"] = kind.__doc__ or kind.__name__  # else dataclass writes the signature, which is slow
    made: type = _dataclass(type(kind)(kind.__name__, kind.__bases__, kept))
    for name, value in vars(made).items():
        if name not in ("__dict__", "__weakref__") and vars(kind).get(name, _generating) is not value:
            setattr(kind, name, value)
    for name in kept.keys() - vars(made).keys():  # a field without a default, but with settings
        delattr(kind, name)


def lazy_dataclass(kind: type | None = None, **options: Any) -> Any:  # noqa: ANN401 - dataclass's
    """Return a class that becomes a dataclass on first use as one; with options, immediately."""
    if kind is None or options:
        return _dataclass(kind, **options)
    for name in [name for name in LazyMember.NAMES if name not in vars(kind)]:
        setattr(kind, name, LazyMember(kind, name))
    return kind


@contextmanager
def lazy_imports(*names: str) -> Iterator[None]:
    """Replace regular expressions, dataclasses and modules that are not yet imported with stand-ins.

    Args:
        names: The modules; a submodule needs its package in the list too.
    """
    stand_ins = {name: LazyModule(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    re.compile = functools.partial(Lazy, _compile)  # type: ignore[assignment]  # overloaded
    dataclasses.dataclass = lazy_dataclass
    try:
        yield
    finally:
        re.compile, dataclasses.dataclass = _compile, _dataclass
        for name in stand_ins:
            del sys.modules[name]


_LAZY_MODULES = {
    "sessions of the library; sessions.py replaces them": ("boto3", "boto3.session"),
    "payloads of hooks": ("requests", "requests.adapters", "cloudformation_cli_python_lib.hook"),
    "the texts of help()": ("botocore.docs.service", "botocore.docs.docstring"),
    "endpoint discovery, client-side monitoring": ("botocore.discovery", "botocore.monitoring"),
    "waiters, queries on answers": ("botocore.waiter", "jmespath"),
    "credentials and settings on a disk": ("configparser", "getpass", "subprocess", "shlex"),
    "the path of the bundle, through importlib.resources; tls.py finds it": ("certifi",),
    "the version of an HTTP/2 library, for urllib3": ("importlib.metadata",),
    "proxies; sessions.py needs it only where the environment has some": ("urllib.request",),
    "event streams": ("botocore.eventstream",),
    "forms, XML, times as text": (
        "urllib3.filepost",
        "xml.etree",
        "xml.etree.ElementTree",
        "dateutil.parser",
    ),
    "text that is not ASCII": ("email.header", "stringprep", "unicodedata", "locale"),
    "files, random numbers": ("pathlib", "tempfile", "random"),
}


def load(models: str) -> None:
    """Import the plugin library, botocore and a type's models. Call it before anything else imports them.

    Args:
        models: The name of the module that `cfn generate` writes.
    """
    gc.disable()  # collections during the imports find nothing to free
    with lazy_imports(*(name for names in _LAZY_MODULES.values() for name in names)):
        for name in ("cloudformation_cli_python_lib", "botocore.session", "encodings.idna", models):
            importlib.import_module(name)
    gc.freeze()  # later collections skip what has been imported: it is never freed
    gc.enable()
