"""Pages of a list: the token of the next page is the number of items before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from cfn_sandbox.cloudformation.errors import CloudFormationError

Item = TypeVar("Item")


def page(
    items: Sequence[Item], token: str | None, size: int = 100, code: str = "ValidationError"
) -> tuple[list[Item], str | None]:
    """Return a page of items, and the token of the next page; None at the end.

    Args:
        items: all items.
        token: the request's NextToken; None for the first page.
        size: how many items a page has at most.
        code: the code of the error for a token that no answer gave.

    Raises:
        CloudFormationError: the token is none of this list's.
    """
    begin = int(token) if token is not None and token.isascii() and token.isdigit() and len(token) < 10 else None
    if token is not None and (begin is None or not 0 < begin < len(items)):
        raise CloudFormationError(code, "The value of NextToken is not one that this operation returned.")
    begin = begin or 0
    end = begin + size
    return list(items[begin:end]), str(end) if end < len(items) else None
