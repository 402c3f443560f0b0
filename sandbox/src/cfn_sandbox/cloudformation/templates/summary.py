"""What ValidateTemplate and GetTemplateSummary say of a template, and the capabilities that it needs."""

from __future__ import annotations

from collections.abc import Iterable

from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.cloudformation.values import JSON


def validated(template: Template) -> dict[str, JSON]:
    """Return the members of ValidateTemplate's answer. `template` is checked, and need not be expanded."""
    raise NotImplementedError


def summarized(template: Template) -> dict[str, JSON]:
    """Return the members of GetTemplateSummary's answer, without ResourceIdentifierSummaries and Warnings."""
    raise NotImplementedError


def check_capabilities(
    template: Template, expanded: Template, acknowledged: Iterable[str], *, for_change_set: bool
) -> None:
    """Refuse a template that needs capabilities which the request doesn't acknowledge.

    Args:
        template: the template as the user wrote it.
        expanded: the template with its macros expanded.
        acknowledged: the request's Capabilities.
        for_change_set: whether the template is for a change set, which doesn't need CAPABILITY_AUTO_EXPAND.

    Raises:
        ValidationError: a capability that doesn't exist.
        InsufficientCapabilitiesError: with the missing capabilities.
    """
    raise NotImplementedError
