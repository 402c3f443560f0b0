"""AWS::LanguageExtensions: expands Fn::ForEach and similar functions, as CloudFormation does before an operation.

moto ignores the transform. cfn-lint implements it, because it lints the expanded template; this module uses that.
"""

import copy
import json
from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

NAME = "AWS::LanguageExtensions"


def expand(template: Mapping[str, Any], values: Mapping[str, str], region: str) -> dict[str, Any]:
    """Return a template with its language extensions expanded.

    Args:
        template: The parsed template.
        values: The given parameter values: Fn::ForEach can loop over one.
        region: The stack's region.

    Raises:
        ValidationError: The transform refuses the template; with the transform's own message.
    """
    # Imported here: cfn-lint takes a second to import, and most templates have no transform.
    from cfnlint.decode import decode_str  # noqa: PLC0415
    from cfnlint.template.template import Template  # noqa: PLC0415

    document = copy.deepcopy(dict(template))
    for name, value in values.items():
        if name in document.get("Parameters", {}):  # cfn-lint resolves a reference to the parameter's default
            document["Parameters"][name]["Default"] = value
    decoded, _ = decode_str(json.dumps(document))
    cfn_template = Template("template", decoded or {}, [region])
    errors = cfn_template.transform()
    if errors:
        raise ValidationError(message=f"Transform {NAME} failed with: {'; '.join(match.message for match in errors)}")
    result: dict[str, Any] = json.loads(json.dumps(cfn_template.template))
    if "Parameters" in template:
        result["Parameters"] = template["Parameters"]
    return result
