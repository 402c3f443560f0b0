"""Parses templates in JSON and YAML as CloudFormation reads them."""

from __future__ import annotations

from cfn_sandbox.cloudformation.templates.template import Template

MAXIMUM_BYTES = 51_200  # of a TemplateBody, in UTF-8; a template in S3 may have 1 MB


def parse(text: str, *, from_url: bool = False) -> Template:
    """Parse a template in YAML or JSON.

    Args:
        text: the request's TemplateBody, or what its TemplateURL holds.
        from_url: whether the text comes from a TemplateURL, which may be longer.

    Raises:
        ValidationError: the text is too long, not well-formed, no object, or has YAML aliases or repeated keys.
    """
    raise NotImplementedError
