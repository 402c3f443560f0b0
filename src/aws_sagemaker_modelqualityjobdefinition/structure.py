"""Converts JSON to the generated dataclasses, by their type hints, without losing an empty object.

CloudFormation sends numbers and booleans as strings. A message names the wrong value by its JSON pointer, and never
quotes it.
"""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from functools import cache
from math import isfinite
from typing import Any, NamedTuple, cast, get_args, get_origin, get_type_hints

from . import messages
from .models import ResourceModel
from .runtime import words


def structured(value: Any, *, strict: bool) -> ResourceModel:  # noqa: ANN401 - JSON of any shape
    """Return the model for properties in JSON.

    Args:
        value: The properties, or SageMaker's description of a definition.
        strict: Whether an unknown property is an error. If not, it is dropped.

    Raises:
        InvalidRequest: A property has another type, or more members than any of this resource can have.
    """
    return cast("ResourceModel", _structured(ResourceModel, value, "", strict=strict))


class _Kind(NamedTuple):
    """A type that a hint of the generated model gives."""

    form: type
    """Of a dataclass: Mapping; of a list or a map: list or dict; otherwise a primitive."""
    make: Any = None
    """The dataclass."""
    members: Mapping[str, Any] = {}
    """The hints of the dataclass's members, or, as "", that of the container's."""


@cache
def _kind(hint: Any) -> _Kind:  # noqa: ANN401 - a type, as hints give it
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Sequence:
        return _Kind(list, members={"": arguments[0]})
    if origin is MutableMapping:
        return _Kind(dict, members={"": arguments[1]})
    if arguments:  # an optional one
        return _kind(arguments[0])
    return _Kind(Mapping, hint, get_type_hints(hint)) if is_dataclass(hint) else _Kind(hint)


def _structured(hint: Any, value: Any, path: str, *, strict: bool) -> Any:  # noqa: ANN401 - typed by hints at run time
    """Convert JSON to the type that a hint of the generated model gives.

    Args:
        hint: The hint: a dataclass, a container, a primitive, or an optional one of these.
        value: The JSON.
        path: The value's JSON pointer, for messages.
        strict: Whether an unknown property is an error. If not, it is dropped.

    Raises:
        InvalidRequest: The value has another type, or more members than any of this resource can have.
    """
    form, make, members = _kind(hint)
    if form is Mapping:
        _sized(value, Mapping, path)
        unknown = next((name for name in value if name not in members), None) if strict else None
        if unknown is not None:
            raise messages.UNKNOWN_PROPERTY.error(path=_member(path, unknown))
        return make(
            **{
                name: _structured(hint, value[name], f"{path}/{name}", strict=strict)
                if value.get(name) is not None
                else None
                for name, hint in members.items()
            }
        )
    if form is list:
        _sized(value, list, path)
        return [_structured(members[""], item, f"{path}/{at}", strict=strict) for at, item in enumerate(value)]
    if form is dict:
        _sized(value, Mapping, path)
        return {
            _primitive(str, key, _member(path, key)): _structured(members[""], item, _member(path, key), strict=strict)
            for key, item in value.items()
        }
    return _primitive(form, value, path)


def _sized(value: Any, kind: Any, path: str) -> None:  # noqa: ANN401 - typed by hints at run time
    path = path or "The properties"
    if not isinstance(value, kind):
        raise messages.WRONG_TYPE.error(path=path, kind="a list" if kind is list else "an object")
    if len(value) > _MOST_MEMBERS:
        raise messages.TOO_MANY_MEMBERS.error(path=path, count=len(value))


_MOST_MEMBERS = 1000


def _member(path: str, name: object) -> str:
    """Return the JSON pointer of a member whose name is the user's."""
    return f"{path}/{words.shown(str(name).replace('~', '~0').replace('/', '~1'))}"


def _primitive(kind: type, value: Any, path: str) -> Any:  # noqa: ANN401 - typed by hints at run time
    if kind is str:
        return _text(value, path)
    if kind is bool:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if isinstance(value, bool):
            return value
    elif not isinstance(value, bool) and _is_number(kind, value):
        return kind(value)
    raise messages.WRONG_TYPE.error(path=path, kind=_WORDS[kind])


def _text(value: Any, path: str) -> str:  # noqa: ANN401 - typed by hints at run time
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if not words.is_unicode(value):
            raise messages.HALF_A_CHARACTER.error(path=path)
        return value
    if isinstance(value, int | float) and _is_number(float, value):
        return str(value)
    raise messages.NO_TEXT.error(path=path)


def _is_number(kind: type, value: Any) -> bool:  # noqa: ANN401 - typed by hints at run time
    """Return whether a value is a finite number in JSON's notation, as a number or a string, and within 64 bits."""
    if isinstance(value, str):
        return bool(re.fullmatch(_NUMBERS[kind], value)) and isfinite(float(value))
    if isinstance(value, int):
        return abs(value) < 2**63
    return isinstance(value, float) and isfinite(value) and (kind is float or value.is_integer())


# Python's int and float accept more: "1_0", spaces, digits of other scripts.
_NUMBERS: Mapping[type, str] = {
    float: r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
    int: r"-?[0-9]{1,18}",
}
_WORDS: Mapping[type, str] = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
}
