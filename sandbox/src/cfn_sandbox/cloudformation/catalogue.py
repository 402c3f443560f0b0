"""The resource types that templates can use, by account and region, in addition to moto's."""

from cfn_sandbox.cloudformation import aws_types
from cfn_sandbox.cloudformation.resource_type import ResourceType

_types: dict[tuple[str, str, str], ResourceType] = {}


def add_type(account: str, region: str, resource_type: ResourceType) -> None:
    """Let templates use a type. From now on every stack uses this version, existing stacks too."""
    _types[account, region, resource_type.name] = resource_type


def find_type(account: str, region: str, name: str) -> ResourceType | None:
    """Return the type that templates can use by this name; None if there is none."""
    return _types.get((account, region, name)) or aws_types.resource_type(name)


def remove_type(account: str, region: str, name: str) -> None:
    """Stop templates from using a type. Existing stacks can no longer update or delete resources of it."""
    _types.pop((account, region, name), None)


def clear() -> None:
    """Forget every type."""
    _types.clear()
