"""A type's configuration as its handlers get it: with what its dynamic references name in the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cfn_sandbox import SandboxError
from cfn_sandbox.account.services import MotoServices
from cfn_sandbox.cloudformation.templates import dynamic
from cfn_sandbox.errors import ValidationError

if TYPE_CHECKING:
    from cfn_sandbox.values import Value

__all__ = ["resolved"]


def resolved(configuration: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
    """Return a configuration as the handlers get it: with its dynamic references resolved.

    Args:
        configuration: the configuration.
        account: the account's number.
        region: the region's name.

    Raises:
        SandboxError: what a reference names doesn't exist.
    """
    try:
        found = dynamic.resolve(cast("Value", dict(configuration)), MotoServices(account, region).dynamic)
    except ValidationError as error:
        raise SandboxError(f"the type configuration can't be resolved: {error}") from error
    return cast("Mapping[str, Any]", found)
