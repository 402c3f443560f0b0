"""What costs time at every start and is of no use to a resource type, put off until somebody asks for it.

While the plugin library, botocore and the models are imported below, stand-ins take the place of some modules, of
regular expressions and of what `dataclass` writes into a class. Whoever uses one of them later gets the real one.
"""

import dataclasses
import functools
import gc
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_compile, _dataclass = re.compile, dataclasses.dataclass


class PutOff:
    """Stands in for something until it is called or asked for a name.

    Args:
        make: Returns the real one, called with the other arguments.
    """

    def __init__(self, make: Callable[..., Any], *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - make's
        self.made = functools.cache(functools.partial(make, *arguments, **named))

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - those of the real one
        """Call the real one."""
        return self.made()(*arguments, **named)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the real one has
        vars(self)[name] = found = getattr(self.made(), name)
        return found


class PutOffText(str):
    """Stands in for a docstring that botocore renders, until it is read."""

    made: Callable[[], str]

    @classmethod
    def of(cls, make: Callable[..., str], **named: Any) -> "PutOffText":  # noqa: ANN401 - make's
        """Return the stand-in for what make returns."""
        text = cls()
        text.made = functools.cache(functools.partial(make, **named))
        return text

    def __str__(self) -> str:
        return str(self.made())

    def expandtabs(self, *size: int) -> str:  # type: ignore[override]  # str's has a name for it
        """Do what help() asks for first."""
        return str(self).expandtabs(*size)


class PutOffModule(ModuleType):
    """Stands in for a module until a name of it is used."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.lent: list[PutOff] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        if name.startswith("__"):  # the import system's questions
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is not self:
            return getattr(self._real(), name)
        # Somebody does `from ... import name`.
        if submodule := sys.modules.get(f"{self.__name__}.{name}"):
            return submodule
        self.lent.append(found := PutOff(lambda: getattr(self._real(), name)))
        return functools.partial(PutOffText.of, found) if self.__name__ == "botocore.docs.docstring" else found

    @functools.cache  # noqa: B019 - modules stay
    def _real(self) -> ModuleType:
        real, lent, self.lent = importlib.import_module(self.__name__), self.lent, []
        for module in list(sys.modules.values()) if lent else ():  # an `except` takes nothing but the class itself
            for name, value in list(vars(module).items()):
                if isinstance(value, PutOff) and value in lent:
                    setattr(module, name, value.made())
        return real


class PutOffMember:
    """Stands in for what `dataclass` writes into a class, until the first of it is used."""

    NAMES = ("__init__", "__repr__", "__eq__", "__match_args__", "__dataclass_fields__", "__dataclass_params__")

    def __init__(self, kind: type, name: str) -> None:
        self._kind, self._name = kind, name

    def __get__(self, instance: object, _: type) -> Any:  # noqa: ANN401 - a method, or what describes the fields
        kind = self._kind
        for name in [name for name, member in vars(kind).items() if isinstance(member, PutOffMember)]:
            delattr(kind, name)
        kind.__doc__ = kind.__doc__ or kind.__name__  # dataclass would write the signature, and takes its time
        _dataclass(kind)
        return getattr(kind if instance is None else instance, self._name)


def put_off_dataclass(kind: type | None = None, **options: Any) -> Any:  # noqa: ANN401 - dataclass's
    """Return a class that becomes a dataclass when it is used as one; with options, it does so at once."""
    if kind is None or options:
        return _dataclass(kind, **options)
    for name in [name for name in PutOffMember.NAMES if name not in vars(kind)]:
        setattr(kind, name, PutOffMember(kind, name))
    return kind


@contextmanager
def putting_off(*names: str) -> Iterator[None]:
    """Have stand-ins made: for regular expressions, for dataclasses, and for modules that are not there already.

    Args:
        names: The modules, each submodule beside its package.
    """
    stand_ins = {name: PutOffModule(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    re.compile = functools.partial(PutOff, _compile)  # type: ignore[assignment]  # overloaded
    dataclasses.dataclass = put_off_dataclass
    try:
        yield
    finally:
        re.compile, dataclasses.dataclass = _compile, _dataclass
        for name in stand_ins:
            del sys.modules[name]


_OF_NO_USE = {
    "makes the library's sessions (ours: sessions.py)": ("boto3", "boto3.session"),
    "fetches the payloads of hooks": ("requests", "requests.adapters", "cloudformation_cli_python_lib.hook"),
    "renders what help() prints": ("botocore.docs.service", "botocore.docs.docstring"),
    "asks a service, or tells an agent on this machine": ("botocore.discovery", "botocore.monitoring"),
    "waits, or looks into answers": ("botocore.waiter", "jmespath"),
    "looks for credentials and settings": ("configparser", "getpass", "subprocess", "shlex"),
    "tells where its bundle is (ours: sessions.py), with importlib.resources": ("certifi",),
    "tells urllib3 the version of an HTTP/2 library": ("importlib.metadata",),
    "finds proxies (sessions.py asks where there are any)": ("urllib.request",),
    "follows answers that go on": ("botocore.eventstream",),
    "reads and writes forms, XML, time as text": (
        "urllib3.filepost",
        "xml.etree",
        "xml.etree.ElementTree",
        "dateutil.parser",
    ),
    "knows text that is not ASCII": ("email.header", "stringprep", "unicodedata", "locale"),
    "works on files, at random": ("pathlib", "tempfile", "random"),
}

gc.disable()  # it would go through what is imported again and again
with putting_off(*(name for names in _OF_NO_USE.values() for name in names)):
    for _name in ("cloudformation_cli_python_lib", "botocore.session", "encodings.idna", f"{__package__}.models"):
        importlib.import_module(_name)
gc.freeze()  # what has been imported stays: nor later
gc.enable()
