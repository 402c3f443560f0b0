"""Expands a template's macros, as CloudFormation does before an operation.

SAM's own translator, which CloudFormation runs too, expands SAM's macro. cfn-lint expands AWS::LanguageExtensions.
Other macros are not supported.

Source: "Transform" in the user guide.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from moto.cloudformation.exceptions import ValidationError
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.utilities.utils import get_partition

from cfn_sandbox.cloudformation import language_extensions, parameters
from cfn_sandbox.cloudformation import moto_templates as templates

SERVERLESS = "AWS::Serverless-2016-10-31"


def expand(template: dict[str, Any], values: Mapping[str, str], region: str) -> dict[str, Any]:
    """Return the template with its macros expanded; the template itself if it has none.

    Args:
        template: the parsed template.
        values: the given parameter values.
        region: the stack's region.

    Raises:
        ValidationError: a macro is not supported, or refuses the template.
    """
    names = templates.transforms(template)
    unknown = [name for name in names if name not in {SERVERLESS, language_extensions.NAME}]
    if unknown:
        raise ValidationError(message=f"No transform named {unknown[0]} found.")
    if language_extensions.NAME in names:
        template = templates.normalize(language_extensions.expand(template, values, region))
    if SERVERLESS not in names:
        return {key: value for key, value in template.items() if key != "Transform"} if names else template
    from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415 - takes half a second
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template  # noqa: PLC0415

    partition = get_partition(region)
    session = boto3.Session(region_name=region, aws_access_key_id="sandbox", aws_secret_access_key="sandbox")
    parameter_values = parameters.with_defaults(values, template) | {"AWS::Region": region, "AWS::Partition": partition}
    document = copy.deepcopy(template)
    to_py27_compatible_template(
        document, parameter_values
    )  # generated logical ids contain hashes computed as in Python 2
    translator = Translator(None, Parser(), boto_session=session)
    try:
        translated = translator.translate(
            document, parameter_values, get_managed_policy_map=lambda: _managed_policies(partition)
        )
    except InvalidDocumentException as error:
        causes = " ".join(cause.message for cause in error.causes)
        text = f"Transform {SERVERLESS} failed with: {error.message} {causes}"
        raise ValidationError(message=text) from error
    finally:
        translator.metrics.publish()  # sends nothing, but without it the translator warns of unpublished metrics
    expanded: dict[str, Any] = templates.normalize(
        json.loads(json.dumps(translated))
    )  # the translator returns its own classes; JSON turns them into plain ones
    expanded.pop("Transform", None)
    return expanded


@cache
def _managed_policies(partition: str) -> dict[str, str]:
    """Return the ARNs of AWS's managed policies, by name."""
    policies = json.loads(aws_managed_policies_data)
    return {name: f"arn:{partition}:iam::aws:policy{policy['Path']}{name}" for name, policy in policies.items()}
