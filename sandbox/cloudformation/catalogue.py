"""The resource types that templates may use, by account and region, in addition to those that moto makes."""

from sandbox.cloudformation import aws_types
from sandbox.cloudformation.resource_type import ResourceType

_taught: dict[tuple[str, str, str], ResourceType] = {}


def teach(account: str, region: str, resource_type: ResourceType) -> None:
    """Let templates use a type: from now on this version of it, for stacks that have it already too."""
    _taught[account, region, resource_type.name] = resource_type


def taught(account: str, region: str, name: str) -> ResourceType | None:
    """The type that templates may use by this name."""
    return _taught.get((account, region, name)) or aws_types.resource_type(name)


def forget(account: str, region: str, name: str) -> None:
    """Let templates use a type no longer. Stacks that have it can't change or delete it."""
    _taught.pop((account, region, name), None)


def clear() -> None:
    """Forget every type."""
    _taught.clear()
