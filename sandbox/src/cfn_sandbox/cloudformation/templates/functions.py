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

from cfn_sandbox.cloudformation.errors import ValidationError, template_error
from cfn_sandbox.cloudformation.values import JSON, Unknown, Value, is_known, text, unknown_from

_JOIN = (
    "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a"
    " function that returns a list of strings (such as Fn::GetAZs) to be joined."
)
_SPLIT = (
    "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function"
    " that returns a string to be split."
)
_SELECT = "Fn::Select requires a list argument with two elements: an integer index and a list"
_CIDR = (
    "every Fn::Cidr object requires three parameters, (1) a CIDR block, (2) the number of CIDRs to generate, between 1"
    " and 256, and (3) the number of subnet bits for each"
)
_BASE64 = "every Fn::Base64 object must have a String-typed value."
_LENGTH = "every Fn::Length object requires a list, or a function that returns a list."
_TO_JSON_STRING = "every Fn::ToJsonString object requires an object or a list."
MAXIMUM_LENGTH = 1_000_000  # of a text that a function makes; no template is longer
Scalar = bool | int | float | str


def is_scalar(value: Value) -> TypeGuard[Scalar]:
    """Return whether a value is a text, a number or a boolean."""
    return isinstance(value, (bool, int, float, str))


def join(argument: Value) -> Value:
    """Return the members of a list as one text. A list of which a part is unknown makes an unknown text."""
    delimiter, members = _two(argument, _JOIN)
    if not may_be(delimiter, "string") or not may_be(members, "array"):
        raise template_error(_JOIN)
    parts = members if isinstance(members, list) else []
    if not all(may_be(part, "string") for part in parts):
        raise template_error(_JOIN)
    if not is_known(argument):
        return unknown_from(argument, kind="string")
    return limited(text(_scalar(delimiter)).join(text(_scalar(part)) for part in parts))


def limited(result: str) -> str:
    """Return a text that isn't too long. Functions that double a text in each other would fill the memory."""
    if len(result) > MAXIMUM_LENGTH:
        raise template_error(f"a function makes a text of more than {MAXIMUM_LENGTH} characters")
    return result


def split(argument: Value) -> Value:
    """Return the parts of a text between delimiters."""
    delimiter, source = _two(argument, _SPLIT)
    if not may_be(delimiter, "string") or not may_be(source, "string") or delimiter == "":
        raise template_error(_SPLIT)
    if not is_known(argument):
        return unknown_from(argument, kind="array")
    parts: list[Value] = [*text(_scalar(source)).split(text(_scalar(delimiter)))]
    return parts


def select(argument: Value) -> Value:
    """Return a list's member at an index."""
    index, members = _two(argument, _SELECT)
    if not may_be(index, "string") or not may_be(members, "array"):
        raise template_error(_SELECT)
    if isinstance(index, Unknown) or isinstance(members, Unknown):
        return unknown_from(index, members)
    digits = text(_scalar(index))
    if not re.fullmatch(r"-?[0-9]{1,9}", digits):
        raise template_error(_SELECT)
    number, found = int(digits), members if isinstance(members, list) else []
    if not 0 <= number < len(found):
        raise template_error(f"Fn::Select cannot select nonexistent value at index {number}")
    return found[number]


def base64_of(argument: Value) -> Value:
    """Return the Base64 representation of a text in UTF-8."""
    if not may_be(argument, "string"):
        raise template_error(_BASE64)
    if isinstance(argument, Unknown):
        return unknown_from(argument, kind="string")
    return limited(base64.b64encode(text(_scalar(argument)).encode()).decode())


def cidr(argument: Value) -> Value:
    """Return CIDR blocks within a CIDR block."""
    if not isinstance(argument, list) or len(argument) != 3 or not all(may_be(part, "string") for part in argument):
        raise template_error(_CIDR)
    if not is_known(argument):
        return unknown_from(argument, kind="array")
    block, *digits = (text(_scalar(part)) for part in argument)
    if not all(re.fullmatch("[0-9]{1,3}", number) for number in digits):
        raise template_error(_CIDR)
    count, bits = map(int, digits)
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError as error:
        raise template_error(f"Fn::Cidr can't use {block}: it is not a CIDR block") from error
    prefix = network.max_prefixlen - bits
    if not 1 <= count <= 256:
        raise template_error(_CIDR)
    if prefix < network.prefixlen or count > 2 ** (prefix - network.prefixlen):
        raise template_error(f"Fn::Cidr can't make {count} blocks of {bits} bits in {block}")
    first, size = int(network.network_address), 2**bits
    make = type(network.network_address)
    blocks: list[Value] = [f"{make(first + number * size)}/{prefix}" for number in range(count)]
    return blocks


def to_json_string(argument: Value) -> Value:
    """Return an object or a list as JSON, without spaces."""
    if is_scalar(argument) or (isinstance(argument, Unknown) and argument.kind not in {None, "array", "object"}):
        raise template_error(_TO_JSON_STRING)
    if not is_known(argument):
        return unknown_from(argument, kind="string")
    return limited(json.dumps(argument, separators=(",", ":"), ensure_ascii=False))


def length(argument: Value) -> Value:
    """Return how many members a list has."""
    if not may_be(argument, "array"):
        raise template_error(_LENGTH)
    if isinstance(argument, list):
        return len(argument)
    return unknown_from(argument, kind="integer")


# The functions that evaluate their whole argument first.
OF_VALUES: dict[str, Callable[[Value], Value]] = {
    "Fn::Base64": base64_of,
    "Fn::Cidr": cidr,
    "Fn::Join": join,
    "Fn::Length": length,
    "Fn::Select": select,
    "Fn::Split": split,
    "Fn::ToJsonString": to_json_string,
}
SUPPORTED = (
    *("Fn::Base64", "Fn::GetAtt", "Fn::GetAZs", "Fn::ImportValue", "Fn::Join", "Fn::Split", "Fn::FindInMap"),
    *("Fn::Select", "Ref", "Fn::Equals", "Fn::If", "Fn::Not", "Condition", "Fn::And", "Fn::Or", "Fn::Contains"),
    *("Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::ValueOf", "Fn::ValueOfAll", "Fn::RefAll", "Fn::Sub", "Fn::Cidr"),
)
OF_LANGUAGE_EXTENSIONS = frozenset({"Fn::Length", "Fn::ToJsonString"})


def unsupported(name: str) -> ValidationError:
    """Return the error of a function that doesn't exist."""
    listed = ", ".join(SUPPORTED)
    return template_error(f"Encountered unsupported function: {name} Supported functions are: [{listed}]")


def is_function(name: str) -> bool:
    """Return whether a single member of an object with this name makes the object a function."""
    return name == "Ref" or name.startswith("Fn::")


def texts_equal(one: JSON, other: JSON) -> bool:
    """Return whether two values are equal when numbers and booleans are compared as texts."""
    if is_scalar(one) and is_scalar(other):
        return text(one) == text(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(texts_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(texts_equal(one[key], other[key]) for key in one)
    return one is None and other is None


def _two(argument: Value, words: str) -> tuple[Value, Value]:
    if not isinstance(argument, list) or len(argument) != 2:
        raise template_error(words)
    return argument[0], argument[1]


def may_be(value: Value, kind: str) -> bool:
    """Return whether a value is, or may turn out to be, a text (`string`, from any scalar) or a list (`array`)."""
    if isinstance(value, Unknown):
        return value.kind is None or (value.kind not in {"array", "object"} if kind == "string" else value.kind == kind)
    return isinstance(value, list) if kind == "array" else is_scalar(value)


def _scalar(value: Value) -> Scalar:
    if not is_scalar(value):
        raise template_error("a function requires a string and got something else")
    return value
