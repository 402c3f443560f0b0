"""The operations of the registry, as functions of a call, with their lists in pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

from cfn_sandbox.cloudformation.api.paging import page

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.api.service import Answer, Call
    from cfn_sandbox.cloudformation.registry.extensions import Parameters
    from cfn_sandbox.cloudformation.registry.registry import Place, Registry

_LISTS = {
    "list_type_registrations": "RegistrationTokenList",
    "list_types": "TypeSummaries",
    "list_type_versions": "TypeVersionSummaries",
}
_OTHERS = (
    *("register_type", "describe_type_registration", "describe_type", "set_type_default_version"),
    *("deregister_type", "test_type", "set_type_configuration"),
)


def type_operations(registry: Registry) -> object:
    """Return an object that has the registry's operations."""
    names = [*_OTHERS, *_LISTS]
    return SimpleNamespace(**{name: partial(_answer, getattr(registry, name), _LISTS.get(name)) for name in names})


def _answer(operation: Callable[[Parameters, Place], dict[str, object]], items: str | None, call: Call) -> Answer:
    answer = operation(call.parameters, (call.account, call.region))
    found = answer.get(items) if items else None
    if items is None or not isinstance(found, list):
        return answer
    shown, token = page(found, call.parameters.get("NextToken"), call.parameters.get("MaxResults", 100))
    return {items: shown, "NextToken": token}
