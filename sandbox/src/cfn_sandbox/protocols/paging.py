"""Pages of a list: the token of the next page is the number of items before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from cfn_sandbox.errors import CloudFormationError

if TYPE_CHECKING:
    from cfn_sandbox.protocols.service import Call

Item = TypeVar("Item")


def page(
    call: Call,
    member: str,
    items: Sequence[Item],
    describe: Callable[[Item], object] = lambda item: item,
    *,
    size: int = 100,
    code: str = "ValidationError",
) -> dict[str, object]:
    """Return the page of a list that a call asks for, as members of the answer.

    Args:
        call: the call, with NextToken and MaxResults if it has them.
        member: the answer's member that has the items.
        items: all items.
        describe: returns what the answer has of an item.
        size: how many items a page has without MaxResults.
        code: the code of the error for a token that no answer gave.

    Raises:
        CloudFormationError: the token is none of this list's.
    """
    token, begin = call.parameters.get("NextToken"), 0
    if token is not None:
        begin = int(token) if token.isascii() and token.isdigit() and len(token) < 10 else 0
        if not 0 < begin < len(items):
            raise CloudFormationError(code, "The value of NextToken is not one that this operation returned.")
    end = begin + call.parameters.get("MaxResults", size)
    return {member: [*map(describe, items[begin:end])], "NextToken": str(end) if end < len(items) else None}
