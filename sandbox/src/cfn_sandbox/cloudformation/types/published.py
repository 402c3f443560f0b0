"""The schemas that AWS publishes of AWS types, in the copy that cfn-lint bundles."""

from __future__ import annotations

from functools import lru_cache

from cfn_sandbox.cloudformation.types.schema import ResourceSchema

REGION = "us-east-1"  # has nearly all schemas, and they hardly differ between regions


@lru_cache(maxsize=256)
def schema(name: str) -> ResourceSchema | None:
    """Return a type's published schema; None if cfn-lint has none of that name."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415 - takes half a second

    try:
        document = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema
    except ResourceNotFoundError:
        return None
    return ResourceSchema({"properties": {}, **document})
