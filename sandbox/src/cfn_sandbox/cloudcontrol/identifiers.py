"""Identifiers and patches of Cloud Control, read by a type's schema.

Sources: "Identifying resources" in Cloud Control's user guide, and its API reference (UpdateResource, Identifier).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from jsonpatch import JsonPatch, JsonPatchException, JsonPointerException

from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.schemas.schema import Path, ResourceSchema, put
from cfn_sandbox.values import JSON, Value

Model = dict[str, Value]


def invalid(message: str) -> CloudFormationError:
    """Return the error for a request that Cloud Control itself refuses. The API's model doesn't list this error."""
    return CloudFormationError("ValidationException", message)


def pointers_of(paths: Iterable[Path]) -> str:
    """Return paths as schemas write them: ("Outer", "Inner") is `/properties/Outer/Inner`."""
    return ", ".join("/".join(("/properties", *path)) for path in paths)


def model_of(schema: ResourceSchema, identifier: str) -> Model:
    """Return a model with the properties of an identifier, be it the primary or an additional identifier.

    Args:
        schema: the type's schema.
        identifier: the primary identifier as text, its parts joined by `|`; or any identifier as a JSON object.

    Raises:
        CloudFormationError: the identifier's parts are not those in the schema.
    """
    primary = schema.primary_identifier
    members = _object(identifier)
    if members is None:
        parts = identifier.split("|") if len(primary) > 1 else [identifier]
        if len(parts) == len(primary):
            return _built(dict(zip(primary, parts, strict=True)))
    else:
        for paths in [primary, *schema.additional_identifiers]:
            if {path[-1] for path in paths} == members.keys():
                return _built({path: members[path[-1]] for path in paths})
    raise invalid(f"Identifier {identifier} is not valid for identifier [{pointers_of(primary)}]")


def _object(text: str) -> dict[str, JSON] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _built(values: Mapping[Path, JSON]) -> Model:
    model: Model = {}
    for path, value in values.items():
        put(model, path, value)
    return model


def patched(current: Mapping[str, Value], operations: Sequence[JSON]) -> Model:
    """Return a model with a patch applied.

    Args:
        current: the model.
        operations: the operations of a JSON Patch (RFC 6902).

    Raises:
        CloudFormationError: the patch is malformed, or doesn't fit the model.
    """
    try:
        result = JsonPatch(cast("Sequence[dict[str, JSON]]", operations)).apply(dict(current))
    except (JsonPatchException, JsonPointerException) as error:
        raise invalid(f"Invalid patch update: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # the library's, for what is no patch at all
        raise invalid("Invalid patch update: PatchDocument is not a JSON Patch") from error
    if not isinstance(result, dict):
        raise invalid("Invalid patch update: the result is not an object")
    return result
