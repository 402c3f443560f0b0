"""Reads what a request asks a stack to be, and starts to make it so.

That is: its template, evaluated as far as it is known, and what it acknowledges. Source: CreateStack and UpdateStack in
the API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cfn_sandbox.cloudformation.stacks.scope import Scope
from cfn_sandbox.cloudformation.stacks.space import Services, Space
from cfn_sandbox.cloudformation.stacks.stack import Stack
from cfn_sandbox.cloudformation.stacks.state import NOTHING, Definition, Options, Settings
from cfn_sandbox.cloudformation.templates import macros, parameters, summary, table
from cfn_sandbox.cloudformation.templates.checking import check, check_stack_name
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.errors import CloudFormationError, ValidationError, format_error
from cfn_sandbox.resource_types.catalogue import similar_type
from cfn_sandbox.values import JSON

# An S3 endpoint: one of AWS's, with the bucket before or behind it; localhost or an IP address, as clients have here.
_S3 = re.compile(r"https?://(([^/]+\.)?s3[.-]|localhost[:/]|\[|[\d.]+[:/])", re.IGNORECASE)


@dataclass(frozen=True)
class Submission:
    """What CreateStack, UpdateStack and CreateChangeSet have in common."""

    text: str  # the template
    from_url: bool = False  # whether it comes from a TemplateURL, or is the stack's previous one
    parameters: tuple[Mapping[str, JSON], ...] = ()  # the request's Parameters
    tags: Mapping[str, str] | None = None  # the stack's tags; None keeps those that it has
    capabilities: tuple[str, ...] = ()  # the capabilities that the request acknowledges
    resource_types: tuple[str, ...] | None = None  # the request's ResourceTypes; None allows all
    # the request's NotificationARNs; None keeps those that the stack has
    notification_arns: tuple[str, ...] | None = None
    unknown: tuple[str, ...] = ()  # keys of parameters known after apply, in the change set of a nested stack


def template_at(services: Services, url: str) -> str:
    """Return the template at a TemplateURL; ValidationError if that leads to none, as LocalStack recorded of AWS."""
    if url.startswith("s3://"):
        raise ValidationError(f"S3 error: Domain name specified in {url.split('/')[2]} is not a valid S3 domain")
    if not _S3.match(url):
        raise ValidationError("TemplateURL must be a supported URL.")
    if (found := services.text_at(url)) is None:
        raise ValidationError("S3 error: The specified key does not exist.")
    return found


def create_stack(space: Space, name: str, submission: Submission, options: Options, settings: Settings) -> Stack:
    """Start to create a stack, or one that has only change sets so far; CloudFormationError refuses the request."""
    check_stack_name(name)
    stack = space.find(name)
    if stack is not None and stack.status.name != "REVIEW_IN_PROGRESS":
        raise CloudFormationError("AlreadyExistsException", f"Stack [{name}] already exists")
    if stack is None:
        stack = Stack(space.new_identity(name), settings)
    space.check_role(settings.role_arn)
    stack.change("CREATE", define(submission, stack), options, settings)
    return stack


def update_stack(stack: Stack, submission: Submission, options: Options, settings: Settings) -> None:
    """Start to update a stack; CloudFormationError refuses the request."""
    stack.check_can_begin("UPDATE", options)
    stack.space.check_role(settings.role_arn)
    stack.change("UPDATE", define(submission, stack), options, settings)


def define(submission: Submission, stack: Stack, *, for_change_set: bool = False) -> Definition:
    """Return the definition that a request gives a stack.

    AWS expands macros after it has answered. So a macro that refuses the template, or makes one that is refused, is the
    definition's failure, and no error. Source: LocalStack's recordings, TestMacros of test_template_engine.

    What the request leaves out stays as it is. CloudFormationError refuses the request: also because a macro doesn't
    exist, unless it makes a change set.
    """
    before, services = stack.definition, stack.space.services
    template = parse(submission.text, from_url=submission.from_url)
    check(template)
    values = parameters.resolve(
        template, submission.parameters, before.parameters, services.parameter, submission.unknown
    )
    arns = before.notification_arns if submission.notification_arns is None else submission.notification_arns
    capabilities = submission.capabilities
    if not for_change_set:
        macros.check_names(template, stack.space.account)
    summary.check_capabilities(template, template, capabilities, for_change_set=for_change_set)
    tags = before.tags if submission.tags is None else submission.tags
    acknowledged = capabilities or (() if for_change_set else before.capabilities)  # as LocalStack recorded of AWS
    definition = Definition(submission.text, template, values, tags, acknowledged, arns)
    try:
        expanded = macros.expand(template, values, stack.identity.pseudo(arns), services.text_at)
        if expanded is not template:
            check(expanded)
            summary.check_capabilities(template, expanded, capabilities, for_change_set=for_change_set)
            definition = replace(definition, template=expanded)
        _check_active(definition, stack, submission.resource_types)
    except ValidationError as error:
        if not macros.uses_macros(template):
            raise
        return replace(definition, template=NOTHING.template, failure=error.message)
    return definition


def _check_active(definition: Definition, stack: Stack, resource_types: Iterable[str] | None) -> None:
    """Refuse what is wrong in the active part of a template while its resources are not known."""
    evaluation = Scope(definition, stack.identity).evaluator()
    kinds = [definition.template.types[logical_id] for logical_id in evaluation.active()]
    for kind in kinds:
        table.refuse("types", kind)
    refuse_unknown_types(kinds, stack.space)
    if resource_types is not None:
        for kind in kinds:
            if not any(_matches(kind, pattern) for pattern in resource_types):
                allowed = f"[{', '.join(resource_types)}]"
                raise ValidationError(f"Resource type {kind} is not allowed by parameter ResourceTypes {allowed}")
    evaluation.check(stack.space.services.dynamic)


def _matches(kind: str, pattern: str) -> bool:
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern


def refuse_unknown_types(names: Iterable[str], space: Space) -> None:
    """Refuse types that nobody offers: ValidationError, with all of them."""
    unknown = sorted({name for name in names if space.find_type(name) is None})
    if unknown:
        message = f"Unrecognized resource types: [{', '.join(unknown)}]"
        if any(name.startswith("AWS::") for name in unknown):
            message += " (this sandbox supports only some of AWS's own types: guides/sandbox.md says which)"
        if similar := sorted({found for name in unknown if (found := similar_type(space.account, space.region, name))}):
            message += f" (sandbox's hint: did you mean {' or '.join(similar)}?)"
        raise format_error(message)
