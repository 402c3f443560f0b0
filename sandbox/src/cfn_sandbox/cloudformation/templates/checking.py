"""Checks a template: what CloudFormation refuses at once, before parameters have values."""

from __future__ import annotations

from cfn_sandbox.cloudformation.templates.template import Template


def check(template: Template) -> None:
    """Refuse a template with wrong sections, members, functions, references or circular dependencies.

    A template that has macros yet to be expanded is checked as far as possible: its sections and parameters. Types,
    attributes and properties are the business of types/.

    Args:
        template: the template; expanded, to be checked whole.

    Raises:
        ValidationError: in AWS's words, where they are known.
    """
    raise NotImplementedError


def check_stack_name(name: str) -> None:
    """Refuse a stack name that CloudFormation refuses.

    Raises:
        ValidationError: in AWS's words.
    """
    raise NotImplementedError
