"""AWS's own resource types by the schemas that AWS publishes, as cfn-lint bundles them.

moto makes resources of them, and has no schema that says what identifies one or what can't be changed.
"""

from functools import lru_cache
from typing import Any, NoReturn

from sandbox.cloudformation.resource_type import ResourceType

REGION = "us-east-1"  # has nearly all of them; the schemas of regions differ in hardly anything


@lru_cache
def resource_type(name: str) -> ResourceType | None:
    """A type by its published schema, without handlers; None if cfn-lint has no schema of that name."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415 - takes half a second

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema
    except ResourceNotFoundError:
        return None
    return ResourceType({"properties": {}, **schema}, _no_handlers)


def _no_handlers(_event: dict[str, Any]) -> NoReturn:
    raise NotImplementedError("A published schema comes without handlers.")
