"""The resource types that templates can use, by account and region: registered ones first, then AWS's."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from cfn_sandbox.resource_types.interface import ResourceType

__all__ = ["find_type"]

_everywhere: dict[str, Callable[[], ResourceType]] = {}
_registered: dict[tuple[str, str, str], ResourceType] = {}


def add_type(account: str, region: str, resource_type: ResourceType) -> None:
    """Let templates use a type. From now on every stack uses this version, existing stacks too."""
    _registered[account, region, resource_type.name] = resource_type


@contextmanager
def offered(name: str, make: Callable[[], ResourceType]) -> Iterator[None]:
    """Let templates of every account and region use a type of the sandbox's until the context ends.

    Args:
        name: the type's name.
        make: makes the type when it is first used: cfn-lint's schemas take half a second to load.
    """
    before = _everywhere.get(name)
    _everywhere[name] = cache(make)
    try:
        yield
    finally:
        if before is None:
            del _everywhere[name]
        else:
            _everywhere[name] = before


def find_type(account: str, region: str, name: str) -> ResourceType | None:
    """Return the type that templates can use by this name; None if there is none.

    Raises:
        LookupError: a type that is offered has no published schema.
    """
    if own := _registered.get((account, region, name)):
        return own
    if make := _everywhere.get(name):
        return make()
    from cfn_sandbox.resource_types import moto_adapter  # noqa: PLC0415 - imports all of moto's services

    return moto_adapter.find(name)


def similar_type(account: str, region: str, name: str) -> str | None:
    """Return the name of a registered or a played type that a misspelt one is like; None if none is.

    A name that differs in its first part alone, as in a template written for another account, is like it, too.
    """
    registered = [kind for owner, place, kind in _registered if (owner, place) == (account, region)]
    rest = name.partition("::")[2]
    same = next((kind for kind in registered if kind.partition("::")[2] == rest), None)
    return same or next(iter(difflib.get_close_matches(name, [*registered, *_everywhere], 1, 0.8)), None)


def is_registered(account: str, region: str, name: str) -> bool:
    """Return whether a type of this name is registered, so that templates use it instead of AWS's."""
    return (account, region, name) in _registered


def remove_type(account: str, region: str, name: str) -> None:
    """Stop templates from using a type. Existing stacks can no longer update or delete resources of it."""
    _registered.pop((account, region, name), None)


def clear() -> None:
    """Forget every registered type."""
    _registered.clear()
