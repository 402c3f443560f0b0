"""AWS::LanguageExtensions: Fn::ForEach and its kin, expanded as CloudFormation does before it follows a template.

moto reads past the transform. cfn-lint has it, because it lints what comes out.
"""

import copy
import json
from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

NAME = "AWS::LanguageExtensions"


def expanded(template: Mapping[str, Any], values: Mapping[str, str], region: str) -> dict[str, Any]:
    """Return a template without the extensions of the language that it uses.

    Args:
        template: As it was parsed.
        values: Of its parameters, as they are given: a collection of Fn::ForEach may be one.
        region: Where it is for.

    Raises:
        ValidationError: The transform refuses the template; in its words.
    """
    # cfn-lint takes a second to import, and most templates have no transform.
    from cfnlint.decode import decode_str  # noqa: PLC0415
    from cfnlint.template.template import Template  # noqa: PLC0415

    given = copy.deepcopy(dict(template))
    for name, value in values.items():
        if name in given.get("Parameters", {}):  # cfn-lint resolves a reference to its default
            given["Parameters"][name]["Default"] = value
    decoded, _ = decode_str(json.dumps(given))
    expanding = Template("template", decoded or {}, [region])
    refused = expanding.transform()
    if refused:
        raise ValidationError(message=f"Transform {NAME} failed with: {'; '.join(match.message for match in refused)}")
    result: dict[str, Any] = json.loads(json.dumps(expanding.template))
    if "Parameters" in template:
        result["Parameters"] = template["Parameters"]
    return result
