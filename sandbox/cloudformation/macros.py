"""Macros, expanded as CloudFormation does before it follows a template.

Source: "Transform" in the user guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from sandbox.cloudformation import templates

SERVERLESS = "AWS::Serverless-2016-10-31"


def expanded(template: dict[str, Any], values: Mapping[str, str], region: str) -> dict[str, Any]:
    """The template without its macros; the template itself if it has none.

    Args:
        template: as it was parsed.
        values: of its parameters, as they are given.
        region: where it is for.

    Raises:
        ValidationError: a macro is not there, or refuses the template.
    """
    for name in templates.transforms(template):
        raise ValidationError(message=f"No transform named {name} found.")
    return template
