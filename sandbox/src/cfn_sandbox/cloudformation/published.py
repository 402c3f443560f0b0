"""AWS's own resource types by the schemas that AWS publishes, in cfn-lint's copy.

moto creates resources of these types, but has no schemas, which say what identifies a resource and what is create-only.
"""

from functools import lru_cache
from typing import Any, NoReturn

from cfn_sandbox.cloudformation.resource_type import ResourceType

REGION = "us-east-1"  # has nearly all schemas, and they hardly differ between regions


@lru_cache
def resource_type(name: str) -> ResourceType | None:
    """Return a type by its published schema, without handlers; None if cfn-lint has no schema of that name."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415 - takes half a second

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema
    except ResourceNotFoundError:
        return None
    return ResourceType({"properties": {}, **schema}, _no_handlers)


def _no_handlers(_event: dict[str, Any]) -> NoReturn:
    raise NotImplementedError("A published schema comes without handlers.")
