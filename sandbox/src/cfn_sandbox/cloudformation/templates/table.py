"""The table of what is honoured, without effect here, or refused in a template: tables/template.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from cfn_sandbox.cloudformation.errors import ValidationError, format_error, template_error


@cache
def accepted(group: str) -> frozenset[str]:
    """Return the names of a group that are honoured, or accepted without effect."""
    rows = _table()[group]
    return frozenset([*rows.get("honoured", ()), *rows.get("without effect", ())])


@cache
def refusal(group: str, name: str) -> str | None:
    """Return the sentence with which a name is refused; None if it isn't."""
    refused = _table()[group].get("refused", {})
    assert isinstance(refused, dict)  # noqa: S101 - the data file's form
    return next((sentence for pattern, sentence in refused.items() if fnmatchcase(name, pattern)), None)


def check(group: str, names: Iterable[str], kind: str, words: str) -> None:
    """Refuse names that a group doesn't accept.

    Args:
        group: the table's group.
        names: what the template has.
        kind: what they are, for a refusal of this sandbox's.
        words: AWS's words for a name that doesn't exist, with `{}` for the names.

    Raises:
        ValidationError: with the table's sentence, or AWS's words.
    """
    wrong = [name for name in names if name not in accepted(group)]
    for name in wrong:
        if sentence := refusal(group, name):
            raise not_supported(kind, name, sentence)
    if wrong:
        raise ValidationError(words.format(", ".join(sorted(wrong))))


def not_supported(kind: str, name: str, sentence: str) -> ValidationError:
    """Return the error of what exists in AWS, and not here."""
    return ValidationError(f"{kind} {name} is not supported by this sandbox. {sentence}")


def check_policy(logical_id: str, kind: str, name: str, policy: object) -> None:
    """Refuse a DeletionPolicy or UpdateReplacePolicy that doesn't exist, or not for a type.

    Raises:
        ValidationError: in AWS's words.
    """
    group = "deletion policies" if name == "DeletionPolicy" else "update replace policies"
    if policy not in accepted(group):
        raise format_error(f"Unrecognized {name} {policy} for resource {logical_id}")
    if policy == "Snapshot" and kind not in accepted("types with snapshots"):
        words = "deletion policy" if name == "DeletionPolicy" else "update replace policy"
        raise template_error(f"resource type {kind} does not support {words} Snapshot")


@cache
def _table() -> dict[str, dict[str, list[str] | dict[str, str]]]:
    table: dict[str, dict[str, list[str] | dict[str, str]]] = json.loads(
        files(__package__).joinpath("tables/template.json").read_text("utf-8")
    )
    return table
