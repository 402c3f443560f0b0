"""Expands a template's macros: AWS::LanguageExtensions, AWS::Include, AWS::Serverless-2016-10-31."""

from __future__ import annotations

from collections.abc import Callable

from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.cloudformation.templates.pseudo import PseudoParameters
from cfn_sandbox.cloudformation.templates.template import Template

# Returns the text at a Location of AWS::Include (`s3://bucket/key`, `https://...`); None if there is none.
Fetch = Callable[[str], str | None]


def uses_macros(template: Template) -> bool:
    """Return whether a template has a Transform section or an Fn::Transform anywhere."""
    raise NotImplementedError


def expand(template: Template, parameters: Parameters, pseudo: PseudoParameters, fetch: Fetch) -> Template:
    """Return the template with its macros expanded; the template itself if it has none.

    Args:
        template: the parsed template.
        parameters: the parameters' values.
        pseudo: the stack's pseudo parameters.
        fetch: reads what AWS::Include includes.

    Raises:
        ValidationError: a macro doesn't exist, or refuses the template. CreateStack and UpdateStack refuse the
            request; a change set is made and FAILED, with the message as its StatusReason.
    """
    raise NotImplementedError
