"""The operations on templates: ValidateTemplate, GetTemplateSummary, GetTemplate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cfn_sandbox.cloudformation.api.descriptions import existing
from cfn_sandbox.cloudformation.api.stack_operations import template_of
from cfn_sandbox.cloudformation.stacks import change_sets
from cfn_sandbox.cloudformation.stacks.submission import refuse_unknown_types
from cfn_sandbox.cloudformation.templates import summary
from cfn_sandbox.cloudformation.templates.checking import check
from cfn_sandbox.cloudformation.templates.macros import uses_macros
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.resource_types.catalogue import find_type

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.templates.template import Template
    from cfn_sandbox.protocols.service import Answer, Call


def validate_template(call: Call) -> Answer:
    """Answer ValidateTemplate. Types that a macro may replace are not looked up."""
    text, is_long = template_of(call)
    template = _checked(text, is_long=is_long)
    if not template.transforms:
        refuse_unknown_types(template.types.values(), call.space)
    return summary.validated(template)


def get_template_summary(call: Call) -> Answer:
    """Answer GetTemplateSummary for a template or a stack, with the identifiers that an import needs."""
    given = call.parameters
    if "StackName" in given:
        if "TemplateBody" in given or "TemplateURL" in given:
            raise ValidationError("Only one of StackName, Template Body and Template URL may be specified.")
        stack = call.space.named(given["StackName"])
        if stack.status.name == "REVIEW_IN_PROGRESS":
            raise ValidationError("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.")
        text, is_long = stack.definition.text, True
    else:
        text, is_long = template_of(call)
    template = _checked(text, is_long=is_long)
    logical_ids: dict[str, list[str]] = {}
    for logical_id, name in template.types.items():
        logical_ids.setdefault(name, []).append(logical_id)
    kinds = {name: find_type(call.account, call.region, name) for name in logical_ids}
    warnings = {"UnrecognizedResourceTypes": [name for name, kind in kinds.items() if kind is None]}
    if not given.get("TemplateSummaryConfig", {}).get("TreatUnrecognizedResourceTypesAsWarnings"):
        warnings = {}
        if not template.transforms:
            refuse_unknown_types(logical_ids, call.space)
    identifiers = [
        {
            "ResourceType": name,
            "LogicalResourceIds": logical_ids[name],
            "ResourceIdentifiers": [".".join(path) for path in kind.schema.primary_identifier],
        }
        for name, kind in kinds.items()
        if kind is not None
    ]
    return summary.summarized(template) | {"ResourceIdentifierSummaries": identifiers, "Warnings": warnings or None}


def get_template(call: Call) -> Answer:
    """Answer GetTemplate for a stack or a change set, with the original or the processed template."""
    given = call.parameters
    name, change_set_name = given.get("StackName"), given.get("ChangeSetName")
    if name is None and not str(change_set_name).startswith("arn:"):
        raise ValidationError("StackName is a required parameter.")
    if change_set_name is None:
        definition = existing(call, str(name)).definition
    else:
        definition = change_sets.find(call.space, change_set_name, name).proposal.definition
    processed = given.get("TemplateStage") == "Processed" and uses_macros(parse(definition.text, from_url=True))
    body = json.dumps(definition.template.body) if processed else definition.text
    return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}


def _checked(text: str, *, is_long: bool) -> Template:
    template = parse(text, from_url=is_long)
    check(template)
    return template
