"""Templates with a transform, as CloudFormation processes them: Fn::ForEach and its kin.

moto reads past Transform. cfn-lint has the transform, because it lints what comes out.
"""

import copy
import json
from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

EXTENSIONS = "AWS::LanguageExtensions"
SAM = "AWS::Serverless-2016-10-31"
"""Accepted, because SAM templates have it, and not expanded: AWS::Serverless::Function is an unknown type here."""


def named(template: Mapping[str, Any]) -> list[str]:
    """Return the transforms that a template names, in their order."""
    given = template.get("Transform", [])
    return [given] if isinstance(given, str) else list(given)


def processed(template: Mapping[str, Any], parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """Return a template after its transforms: the same if it names none.

    Args:
        template: The template, parsed.
        parameters: The values given for the stack: a collection of Fn::ForEach may be one.
        region: The stack's region.

    Raises:
        ValidationError: The sandbox has no such transform, or it refuses the template; in the transform's words.
    """
    result: dict[str, Any] = copy.deepcopy(dict(template))
    names = named(template)
    if not names:
        return result
    unknown = [name for name in names if name not in {EXTENSIONS, SAM}]
    if unknown:
        raise ValidationError(message=f"This sandbox has no transform {', '.join(unknown)}; it has {EXTENSIONS}.")
    # Imported here: cfn-lint takes a second to import, and most templates have no transform.
    from cfnlint.decode import decode_str  # noqa: PLC0415
    from cfnlint.template.template import Template  # noqa: PLC0415

    for name, value in parameters.items():
        if name in result.get("Parameters", {}):  # cfn-lint resolves a reference to its default
            result["Parameters"][name]["Default"] = value
    decoded, _ = decode_str(json.dumps(result))
    expanding = Template("template", decoded or {}, [region])
    refused = expanding.transform()
    if refused:
        raise ValidationError(message=f"Transform failed with: {'; '.join(match.message for match in refused)}")
    result = json.loads(json.dumps(expanding.template))
    result.pop("Transform", None)
    for name in parameters:
        if name in template.get("Parameters", {}):
            result["Parameters"][name] = template["Parameters"][name]
    return result
