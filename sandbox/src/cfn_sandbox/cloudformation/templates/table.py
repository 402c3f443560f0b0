"""The table of what is honoured, without effect here, or refused in a template: tables/template.json.

It also has AWS's words for names that don't exist, and for functions with wrong arguments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import cast

from cfn_sandbox.errors import ValidationError, format_error, template_error
from cfn_sandbox.values import JSON


@cache
def _group(name: str) -> dict[str, JSON]:
    table = json.loads(files(__package__).joinpath("tables/template.json").read_text("utf-8"))
    return cast("dict[str, JSON]", table[name])


def rows(group: str, key: str) -> Mapping[str, str]:
    """Return a group's names with what the table says of each under a key: honoured, without effect, refused, ..."""
    return cast("Mapping[str, str]", _group(group).get(key, {}))


@cache
def accepted(group: str) -> frozenset[str]:
    """Return the names of a group that are honoured, or accepted without effect."""
    return frozenset([*rows(group, "honoured"), *rows(group, "without effect")])


def refuse(group: str, name: str) -> None:
    """Refuse a name that exists in AWS, and not here: ValidationError, with the table's sentence."""
    for pattern, sentence in rows(group, "refused").items():
        if fnmatchcase(name, pattern):
            raise ValidationError(f"{_group(group)['kind']} {name} is not supported by this sandbox. {sentence}")


def check(group: str, names: Iterable[str]) -> None:
    """Refuse names that a group doesn't accept: ValidationError, with the table's sentence or AWS's words."""
    wrong = [name for name in names if name not in accepted(group)]
    for name in wrong:
        refuse(group, name)
    if wrong:
        raise ValidationError(str(_group(group)["unknown"]).format(", ".join(sorted(wrong))))


def unsupported_function(name: str) -> ValidationError:
    """Return the error of a function that doesn't exist. One that exists in AWS, and not here, is refused."""
    refuse("functions", name)
    return template_error(str(_group("functions")["unknown"]).format(name))


def malformed(function: str) -> ValidationError:
    """Return the error of a function whose arguments are wrong."""
    return template_error(rows("functions", "wrong arguments")[function])


def check_policy(logical_id: str, kind: str, name: str, policy: object) -> None:
    """Refuse a DeletionPolicy or UpdateReplacePolicy that doesn't exist, or not for a type: ValidationError."""
    if policy not in accepted(name):
        raise format_error(f"Unrecognized {name} {policy} for resource {logical_id}")
    if policy == "Snapshot" and kind not in accepted("types with snapshots"):
        words = "deletion policy" if name == "DeletionPolicy" else "update replace policy"
        raise template_error(f"resource type {kind} does not support {words} Snapshot")
