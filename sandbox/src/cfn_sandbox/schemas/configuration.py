"""A type's configuration: what SetTypeConfiguration keeps, and what the events of the type's handlers have.

Source: SetTypeConfiguration in the CloudFormation API Reference, and "Edit configuration data for extensions in your
account" in the user guide.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cfn_sandbox import SandboxError
from cfn_sandbox.schemas.validator import Validator

__all__ = ["KEYWORD", "Configuration", "checked"]

Configuration = Mapping[str, Any]

KEYWORD = "typeConfiguration"
"""The part of a schema that describes the configuration."""


def checked(text: str, schema: Mapping[str, Any]) -> Configuration:
    """Return a configuration after comparing it with a type's schema.

    Args:
        text: the configuration, as JSON.
        schema: the type's schema.

    Raises:
        SandboxError: the text is no JSON object, or not as the schema has it; with the place.
    """
    try:
        configuration = json.loads(text)
    except ValueError as error:
        raise SandboxError(f"the type configuration is not JSON: {error}") from error
    if not isinstance(configuration, dict):
        raise SandboxError("the type configuration is not a JSON object")
    if KEYWORD not in schema:
        raise SandboxError(f"the schema of {schema.get('typeName')} has no {KEYWORD}, so its handlers get none")
    rules = {"type": "object", **schema[KEYWORD], "definitions": schema.get("definitions", {})}
    lines = Validator(rules).lines(configuration)
    if lines:
        raise SandboxError(f"the type configuration is not as the schema's {KEYWORD} has it: {'; '.join(lines)}")
    return configuration
