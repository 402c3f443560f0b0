"""The tables of what is honoured: every operation of a service, and every member of an honoured operation's input.

A row of tables/*.json is about an operation. If `refused` is a sentence, it refuses the operation and says what to do
instead. Otherwise `honoured` lists members by their paths, `without effect` says why a member is accepted and changes
nothing, `limited` has the only values (as text) that a member may have, and `refused` the sentence for a member. A
member that is not in the row is refused too: it is newer than this sandbox.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from typing import TypedDict

from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.values import JSON

# Parameters of the query protocol and of a signature in the query string: members of no operation.
_OF_THE_PROTOCOL = re.compile(r"Action|Version|AWSAccessKeyId|Signature\w*|Timestamp|Expires|SecurityToken|X-Amz-.*")


class Limit(TypedDict, total=False):
    """The values that a member may have, the sentence for any other, and that error's code."""

    to: list[str]
    otherwise: str
    code: str


Row = TypedDict(
    "Row",
    {
        "honoured": list[str],
        "without effect": dict[str, str],
        "limited": dict[str, Limit],
        "refused": "str | dict[str, str]",
        "code": str,
    },
    total=False,
)


class Table:
    """The table of a service.

    Args:
        service: botocore's name of the service.
        title: the service's name in messages.
        codes: the codes of the errors for an operation that is not supported, and for a member that isn't.
    """

    def __init__(self, service: str, title: str, codes: tuple[str, str]) -> None:
        text = files("cfn_sandbox.protocols").joinpath("tables", f"{service}.json").read_text()
        self.rows: Mapping[str, Row] = json.loads(text)
        self._title = title
        self._operation_code, self._member_code = codes

    def check_operation(self, operation: str) -> None:
        """Refuse an operation that isn't supported.

        Raises:
            CloudFormationError: the operation is unknown, or refused by the table.
        """
        row = self.rows.get(operation, {"refused": ""})
        sentence = row.get("refused", {})
        if isinstance(sentence, str):
            text = f"This sandbox has no {self._title}'s {operation}. {sentence}".strip()
            raise CloudFormationError(row.get("code", self._operation_code), text)

    def check_members(self, operation: str, members: Iterable[tuple[str, str]]) -> None:
        """Refuse a member that isn't supported.

        Args:
            operation: an operation that is supported.
            members: the request's members: the path of each, and its value as text.

        Raises:
            CloudFormationError: a member is unknown, or refused by the table.
        """
        row = self.rows[operation]
        refused = row.get("refused", {})
        accepted = {*row.get("honoured", ()), *row.get("without effect", ())}
        for path, text in members:
            if path in accepted:
                continue
            limit = row.get("limited", {}).get(path, {})
            if text.lower() in map(str.lower, limit.get("to", ())):
                continue
            sentence = limit.get("otherwise") or (refused.get(path) if isinstance(refused, dict) else None)
            sentence = sentence or f"It is no member of {operation} that this sandbox knows: leave it out."
            value = f" {text}" if limit else ""
            raise CloudFormationError(
                limit.get("code", self._member_code), f"{operation} with {path}{value} is not supported. {sentence}"
            )


def members_of_form(form: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the members of a request of the query protocol: the path of each in the input's shape, and its text."""
    for key, text in form:
        if not _OF_THE_PROTOCOL.fullmatch(key):
            path = re.sub(r"\.entry\.\d+\.(key|value)\b", "", re.sub(r"\.member\.\d+", "[]", key))
            yield path.removesuffix("[]"), text


def members_of_json(value: JSON, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the members of a request of the JSON protocol: the path of each in the input's shape, and its text."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from members_of_json(member, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for item in value:
            yield from members_of_json(item, f"{path}[]")
    elif value is not None:
        yield path.removesuffix("[]"), str(value)
