"""The formats that AWS's validator checks. It ignores every other one, such as `AWS::KMS::Key.Arn` or `json`.

Sources: the validators of everit-org/json-schema for draft 7, with Java's java.time and java.net.URI below them. Two
are looser here: an e-mail address may end in any top-level domain, and a URI template needs closed braces only.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import date

import regex

from cfn_sandbox.schemas.patterns import UnreadablePatternError, compiled

_DAY = r"(?P<year>(?!0000)\d{4}|\+(?=\d{5,19}-)0*[1-9]\d{0,8})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])"
_TIME = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?|24:00:00(?:\.0{1,9})?)"
_OFFSET = r"(?:Z|[+-](?:(?:0\d|1[0-7]):[0-5]\d|18:00))"
_HEX = "[0-9A-Fa-f]"
# Java's "other" characters: neither ASCII, nor control characters, nor spaces.
_UNRESERVED = rf"(?:[\w\-.!~*'()]|%{_HEX}{{2}}|[^\x00-\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000])"
_PATH_CHARACTER = rf"(?:{_UNRESERVED}|[:@&=+$,;/])"
_URI_CHARACTER = rf"(?:{_UNRESERVED}|[;/?:@&=+$,\[\]])"
_AUTHORITY = (
    rf"(?:(?:{_UNRESERVED}|[$,;:&=+@])*@)?\[[0-9A-Fa-f:.]+(?:%[\w.]+)?\](?::\d*)?|(?:{_UNRESERVED}|[$,;:@&=+])*"
)
_TAIL = rf"(?:\?{_URI_CHARACTER}*)?"
_HIERARCHICAL = rf"(?://(?!\Z)(?:{_AUTHORITY})(?:/{_PATH_CHARACTER}*)?|/(?!/){_PATH_CHARACTER}*){_TAIL}"
_FRAGMENT = rf"(?:#{_URI_CHARACTER}*)?"
_OPAQUE = rf"(?!/){_URI_CHARACTER}+"
_URI = rf"[A-Za-z][A-Za-z0-9+.\-]*:(?:{_HIERARCHICAL}|{_OPAQUE}){_FRAGMENT}"
_RELATIVE = rf"(?:{_HIERARCHICAL}|(?:{_UNRESERVED}|[@&=+$,;])*(?:(?<!\A)/{_PATH_CHARACTER}*)?{_TAIL}){_FRAGMENT}"
_LABEL = r"(?:[\w\-]|[^\x00-\x7F]){0,61}"
_POINTER = r"(?:/(?:[^~/]|~[01])*)*"


def _matches(expression: str) -> Callable[[str], bool]:
    pattern = regex.compile(expression, regex.ASCII | regex.V1)
    return lambda text: pattern.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    match = regex.fullmatch(
        r"(?P<year>-?(?!0000)\d{4}|0000|[+-]\d{5,10})-(?P<month>\d{2})-(?P<day>\d{2})", text, regex.ASCII
    )
    if match is None:
        return False
    leap = int(match["year"]) % 400 == 0 or (int(match["year"]) % 4 == 0 and int(match["year"]) % 100 != 0)
    try:
        date(2000 if leap else 2001, int(match["month"]), int(match["day"]))
    except ValueError:
        return False
    return abs(int(match["year"])) < 1_000_000_000


def _is_address(kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            kind(text)
        except ValueError:
            return False
        return True

    return check


def _is_hostname(text: str) -> bool:
    name = regex.sub("[.\u3002\uff0e\uff61]", ".", text).removesuffix(".")
    labels = name.split(".")
    label = regex.compile(rf"(?![\-]){_LABEL}(?<!-)", regex.ASCII)
    right = all(0 < len(part) < 64 and label.fullmatch(part) and "_" not in part for part in labels)
    return right and len(name) <= 253 and not labels[-1][0].isdecimal()


def _is_regex(text: str) -> bool:
    try:
        compiled(text)
    except UnreadablePatternError:
        return False
    return True


FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": _matches(f"{_DAY}T{_TIME}{_OFFSET}"),
    "date": _is_date,
    "time": _matches(rf"{_TIME}(?:Z|[+-]\d\d:[0-5]\d)"),
    "uri": _matches(_URI),
    "uri-reference": _matches(f"{_URI}|{_RELATIVE}"),
    "uri-template": _matches(r"(?:[^{}]|\{[^{}]+\})*"),
    "email": _matches(
        r"""[^\s\x00-\x1f()<>@,;:'\\".\[\]]+(?:\.[^\s\x00-\x1f()<>@,;:'\\".\[\]]+)*@(?:[\w\-]+\.)*[a-zA-Z]{2,}"""
    ),
    "hostname": _is_hostname,
    "ipv4": _is_address(ipaddress.IPv4Address),
    "ipv6": _is_address(ipaddress.IPv6Address),
    "json-pointer": _matches(_POINTER),
    "relative-json-pointer": _matches(rf"(?:0|[1-9]\d*)(?:#|{_POINTER})"),
    "regex": _is_regex,
}
