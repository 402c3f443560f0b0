"""AWS::Serverless-2016-10-31: expanded by SAM's own translator, which CloudFormation runs too."""

from __future__ import annotations

import copy
import json

import boto3

from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.cloudformation.templates.parsing import parse_part
from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.errors import ValidationError

NAME = "AWS::Serverless-2016-10-31"


def expand(evaluator: Evaluator) -> Template:
    """Return a template, whose Transform section was taken out, with SAM's resources expanded.

    Raises:
        ValidationError: SAM refuses the template; with SAM's message.
    """
    template, parameters, pseudo = evaluator.template, evaluator.parameters, evaluator.pseudo
    for logical_id, definition in template.resources.items():
        properties = definition.get("Properties")
        location = properties.get("Location") if isinstance(properties, dict) else None
        if definition.get("Type") == "AWS::Serverless::Application" and isinstance(location, dict):
            words = "Applications of the Serverless Application Repository can't be fetched here"
            raise ValidationError(f"Transform {NAME} failed with: {words}: leave {logical_id} out.")
    from samtranslator.internal.managed_policies import (  # noqa: PLC0415 - SAM takes half a second to import
        get_bundled_managed_policy_map,
    )
    from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template  # noqa: PLC0415

    partition = str(pseudo.value("AWS::Partition"))
    values = {key: parameters.as_text(key) for key in parameters.values}
    values |= {"AWS::Region": pseudo.region, "AWS::Partition": partition}
    document = copy.deepcopy({"Transform": NAME, **template.body})
    to_py27_compatible_template(document, values)  # generated logical ids contain hashes computed as in Python 2
    session = boto3.Session(region_name=pseudo.region, aws_access_key_id="sandbox", aws_secret_access_key="sandbox")
    translator = Translator(None, Parser(), boto_session=session)
    try:
        translated = translator.translate(
            document, values, get_managed_policy_map=lambda: get_bundled_managed_policy_map(partition) or {}
        )
    except InvalidDocumentException as error:
        causes = " ".join(cause.message for cause in error.causes)
        raise ValidationError(f"Transform {NAME} failed with: {error.message} {causes}") from error
    finally:
        translator.metrics.publish()  # sends nothing, but without it the translator warns of unpublished metrics
    body = parse_part(json.dumps(translated))  # the translator returns its own classes
    if not isinstance(body, dict):
        raise ValidationError(f"Transform {NAME} failed with: the result is no template")
    return Template({name: member for name, member in body.items() if name != "Transform"}, template.expanded_by)
