"""Intrinsic functions of values: what each makes of its evaluated argument.

Any function of an unknown value is unknown, unless the unknown part can't matter (Fn::Select of another member,
Fn::Length of a list with an unknown member). None stands for AWS::NoValue: it is left out of lists and objects.

Source: "Intrinsic function reference" in the user guide.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable
from typing import TypeGuard

from cfn_sandbox.cloudformation.templates import table
from cfn_sandbox.errors import template_error
from cfn_sandbox.values import JSON, Unknown, Value, is_known, text, unknown_from

MAXIMUM_LENGTH = 1_000_000  # of a text that a function makes; no template is longer
OF_LANGUAGE_EXTENSIONS = frozenset({"Fn::Length", "Fn::ToJsonString"})
# The functions that evaluate their whole argument first.
OF_VALUES: dict[str, Callable[[Value], Value]] = {}
_STRUCTURES = frozenset({"array", "object"})


def is_scalar(value: Value) -> TypeGuard[bool | int | float | str]:
    """Return whether a value is a text, a number or a boolean."""
    return isinstance(value, (bool, int, float, str))


def is_function(name: str) -> bool:
    """Return whether a single member of an object with this name makes the object a function."""
    return name == "Ref" or name.startswith("Fn::")


def may_be(value: Value, kind: str) -> bool:
    """Return whether a value is, or may turn out to be, of a kind.

    Kinds are `string` (any scalar), `text` (a string that isn't empty), `array`, `strings` (an array of strings), and
    `structure` (an array or an object).
    """
    if kind == "text":
        return value != "" and may_be(value, "string")
    if kind == "strings":
        parts = value if isinstance(value, list) else []
        return may_be(value, "array") and all(may_be(part, "string") for part in parts)
    if isinstance(value, Unknown):
        kinds = {"string": value.kind not in _STRUCTURES, "structure": value.kind in _STRUCTURES}
        return value.kind is None or kinds.get(kind, value.kind == kind)
    return isinstance(value, list) if kind == "array" else is_scalar(value) == (kind == "string")


def _function(name: str, *kinds: str, makes: str | None) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Let a function of Python implement one of templates, whose arguments are of `kinds`, as `may_be` names them.

    It is called once its arguments are known, with scalars as texts. Until then, the JSON type of its value is `makes`.
    """

    def implement(work: Callable[..., Value]) -> Callable[..., Value]:
        def function(argument: Value) -> Value:
            arguments = [argument] if len(kinds) == 1 else argument
            if (
                not isinstance(arguments, list)
                or len(arguments) != len(kinds)
                or not all(map(may_be, arguments, kinds))
            ):
                raise table.malformed(name)
            if any(map(_is_open, arguments, kinds)):
                no_list = kinds[-1] == "strings" and isinstance(arguments[-1], Unknown)
                return unknown_from(arguments, kind=makes, problem=str(table.malformed(name)) if no_list else None)
            return work(*(text(one) if is_scalar(one) else one for one in arguments))

        OF_VALUES[name] = function
        return work

    return implement


def _is_open(argument: Value, kind: str) -> bool:
    """Return whether a function has to wait for an argument. That it is an `array` is enough to look at its members."""
    return isinstance(argument, Unknown) if kind == "array" else not is_known(argument)


@_function("Fn::Join", "string", "strings", makes="string")
def join(delimiter: str, members: list[JSON]) -> Value:
    """Return the members of a list as one text."""
    return limited(delimiter.join(map(text, members)))


def limited(result: str) -> str:
    """Return a text that isn't too long. Functions that double a text in each other would fill the memory."""
    if len(result) > MAXIMUM_LENGTH:
        raise template_error(f"a function makes a text of more than {MAXIMUM_LENGTH} characters")
    return result


@_function("Fn::Split", "text", "string", makes="array")
def split(delimiter: str, source: str) -> list[Value]:
    """Return the parts of a text between delimiters."""
    return [*source.split(delimiter)]


@_function("Fn::Select", "string", "array", makes=None)
def select(index: str, members: list[Value]) -> Value:
    """Return a list's member at an index."""
    if not re.fullmatch(r"-?[0-9]{1,9}", index):
        raise table.malformed("Fn::Select")
    if not 0 <= int(index) < len(members):
        raise template_error(f"Fn::Select  cannot select nonexistent value at index {int(index)}")
    return members[int(index)]


@_function("Fn::Base64", "string", makes="string")
def base64_of(source: str) -> Value:
    """Return the Base64 representation of a text in UTF-8."""
    return limited(base64.b64encode(source.encode()).decode())


@_function("Fn::Cidr", "string", "string", "string", makes="array")
def cidr(block: str, count: str, bits: str) -> list[Value]:
    """Return CIDR blocks within a CIDR block."""
    if not all(re.fullmatch("[0-9]{1,3}", number) for number in (count, bits)):
        raise table.malformed("Fn::Cidr")
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError as error:
        raise template_error(f"Fn::Cidr can't use {block}: it is not a CIDR block") from error
    prefix = network.max_prefixlen - int(bits)
    if not 1 <= int(count) <= 256:
        raise table.malformed("Fn::Cidr")
    if prefix < network.prefixlen or int(count) > 2 ** (prefix - network.prefixlen):
        raise template_error(f"Fn::Cidr can't make {int(count)} blocks of {int(bits)} bits in {block}")
    first, size = network.network_address, 2 ** int(bits)
    return [f"{first + number * size}/{prefix}" for number in range(int(count))]


@_function("Fn::ToJsonString", "structure", makes="string")
def to_json_string(structure: JSON) -> Value:
    """Return an object or a list as JSON, without spaces."""
    return limited(json.dumps(structure, separators=(",", ":"), ensure_ascii=False))


@_function("Fn::Length", "array", makes="integer")
def length(members: list[Value]) -> Value:
    """Return how many members a list has."""
    return len(members)


def texts_equal(one: JSON, other: JSON) -> bool:
    """Return whether two values are equal when numbers and booleans are compared as texts."""
    if is_scalar(one) and is_scalar(other):
        return text(one) == text(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(texts_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(texts_equal(one[key], other[key]) for key in one)
    return one is None and other is None
