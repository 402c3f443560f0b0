"""The API's actions on stacks that moto lacks, or whose parameters it ignores in part."""

from __future__ import annotations

import json
from typing import Any

from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id

from cfn_sandbox.cloudformation import macros, parameters, published
from cfn_sandbox.cloudformation import moto_templates as templates
from cfn_sandbox.cloudformation.catalogue import find_type
from cfn_sandbox.cloudformation.requests import Answer, flag, named_stack, tags, template_text
from cfn_sandbox.cloudformation.resource import AnyResource
from cfn_sandbox.cloudformation.stack import FAILED_WITHOUT_ROLLBACK, DesiredStack, Stack


def create_stack(response: CloudFormationResponse) -> Answer:
    """Answer CreateStack, with OnFailure, DisableRollback and Capabilities, which moto ignores."""
    name = response.params["StackName"]
    text = template_text(response)
    template = parse_and_check(response, text, for_change_set=False)
    if any(stack.name == name for stack in response.cloudformation_backend.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    on_failure = response.params.get("OnFailure")
    if on_failure and "DisableRollback" in response.params:
        raise ValidationError(message="You can specify either DisableRollback or OnFailure, but not both")
    values = parameters.values(response.params.get("Parameters") or [], template)
    stack = new_stack(response, name)
    stack.enable_termination_protection = flag(response, "EnableTerminationProtection")
    stack.policy = response.params.get("StackPolicyBody") or ""
    desired = DesiredStack(
        text,
        macros.expand(template, values, response.region),
        values,
        tags(response) or {},
        on_failure="DO_NOTHING" if flag(response, "DisableRollback") else on_failure or "ROLLBACK",
    )
    stack.disable_rollback = desired.on_failure == "DO_NOTHING"
    stack.change("CREATE", desired)
    return {"StackId": stack.stack_id}


def update_stack(response: CloudFormationResponse) -> Answer:
    """Answer UpdateStack, with DisableRollback, Capabilities, and UsePreviousValue, which moto handles only in part."""
    stack = named_stack(response, deleted=False)
    text = template_text(response, stack)
    template = parse_and_check(response, text, for_change_set=False)
    values = parameters.values(response.params.get("Parameters") or [], template, stack.parameter_values)
    requested_tags = tags(response)
    desired = DesiredStack(
        text,
        macros.expand(template, values, response.region),
        values,
        stack.tags if requested_tags is None else requested_tags,
        on_failure="DO_NOTHING" if flag(response, "DisableRollback") else "ROLLBACK",
    )
    stack.change("UPDATE", desired)
    stack.role_arn = response.params.get("RoleARN") or stack.role_arn
    return {"StackId": stack.stack_id}


def delete_stack(response: CloudFormationResponse) -> Answer:
    """Answer DeleteStack, with RetainResources and DeletionMode. A missing stack is no error."""
    try:
        stack = named_stack(response, deleted=False)
    except ValidationError:
        return {}
    force = response.params.get("DeletionMode") == "FORCE_DELETE_STACK"
    stack.delete(response.params.get("RetainResources") or [], force=force)
    return {}


def rollback_stack(response: CloudFormationResponse) -> Answer:
    """Answer RollbackStack: undo an operation that failed with rollback disabled."""
    stack = named_stack(response, deleted=False)
    stack.roll_back(FAILED_WITHOUT_ROLLBACK)
    return {"StackId": stack.stack_id}


def continue_update_rollback(response: CloudFormationResponse) -> Answer:
    """Answer ContinueUpdateRollback: continue a rollback that failed."""
    stack = named_stack(response, deleted=False)
    stack.roll_back({"UPDATE_ROLLBACK_FAILED"}, response.params.get("ResourcesToSkip") or [])
    return {}


def update_termination_protection(response: CloudFormationResponse) -> Answer:
    """Answer UpdateTerminationProtection."""
    stack = named_stack(response, deleted=False)
    stack.enable_termination_protection = flag(response, "EnableTerminationProtection")
    return {"StackId": stack.stack_id}


def describe_stack_resource(response: CloudFormationResponse) -> Answer:
    """Answer DescribeStackResource, with the resource's own status and time instead of the stack's."""
    stack = named_stack(response)
    found = _resources(stack, response.params["LogicalResourceId"])
    if not found:
        text = f"Resource {response.params['LogicalResourceId']} does not exist for stack {stack.name}"
        raise ValidationError(message=text)
    metadata = stack.resource_map.resolved[found[0]["LogicalResourceId"]].get("Metadata")
    return {"StackResourceDetail": found[0] | {"Metadata": metadata and json.dumps(metadata)}}


def describe_stack_resources(response: CloudFormationResponse) -> Answer:
    """Answer DescribeStackResources, with each resource's own status and time."""
    return {"StackResources": _resources(named_stack(response), response.params.get("LogicalResourceId"))}


def list_stack_resources(response: CloudFormationResponse) -> Answer:
    """Answer ListStackResources, with each resource's own status and time."""
    return {"StackResourceSummaries": _resources(named_stack(response))}


def _resources(stack: Stack, logical_id: str | None = None) -> list[Answer]:
    # After a replacement, the last event of a logical id is the deletion of the old resource, so events are found by
    # physical id. The event of a failed creation has no physical id.
    exact = {(event.logical_resource_id, event.physical_resource_id): event for event in stack.events}
    latest = {event.logical_resource_id: event for event in stack.events}
    resources = [
        (
            resource,
            exact.get(
                (resource.logical_resource_id, str(resource.physical_resource_id)), latest[resource.logical_resource_id]
            ),
        )
        for resource in stack.stack_resources
    ]
    return [
        {
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "LogicalResourceId": resource.logical_resource_id,
            "PhysicalResourceId": str(getattr(resource, "physical_resource_id", "")),
            "ResourceType": resource.cf_resource_type,
            "ResourceStatus": event.resource_status,
            "ResourceStatusReason": event.resource_status_reason,
            "Timestamp": event.timestamp,
            "LastUpdatedTimestamp": event.timestamp,
            "DriftInformation": {"StackResourceDriftStatus": _drift_status(resource)},
        }
        for resource, event in resources
        if logical_id in {None, resource.logical_resource_id, getattr(resource, "physical_resource_id", None)}
    ]


def _drift_status(resource: AnyResource) -> str:
    return getattr(resource, "drift_status", "NOT_CHECKED")


def get_template(response: CloudFormationResponse) -> Answer:
    """Answer GetTemplate for a stack or a change set, with the original or the processed template."""
    source: Any = named_stack(response)
    if name := response.params.get("ChangeSetName"):
        source = next(
            (
                change_set
                for change_set in source.backend.change_sets.values()
                if name in {change_set.change_set_name, change_set.change_set_id}
            ),
            source,
        )
    processed = response.params.get("TemplateStage", "Original") == "Processed" and templates.transforms(
        templates.parse(source.template)
    )
    body = json.dumps(source.template_dict) if processed else source.template
    return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}


def validate_template(response: CloudFormationResponse) -> Answer:
    """Answer ValidateTemplate. moto uses cfn-lint for it, which refuses more than CloudFormation does."""
    template = templates.parse(template_text(response))
    templates.check(template)
    return templates.summary(template)


def get_template_summary(response: CloudFormationResponse) -> Answer:
    """Answer GetTemplateSummary for a template or a stack, with the identifiers that an import needs."""
    if "StackName" in response.params:
        stack = named_stack(response)
        if stack.status == "REVIEW_IN_PROGRESS":
            raise ValidationError(message="GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.")
        text = str(stack.template)
    else:
        text = template_text(response)
    template = templates.parse(text)
    templates.check(template)
    types: dict[str, list[str]] = {}
    for logical_id, definition in template["Resources"].items():
        types.setdefault(definition["Type"], []).append(logical_id)
    summaries = []
    for name, logical_ids in types.items():
        kind = find_type(response.current_account, response.region, name) or published.resource_type(name)
        if kind:
            identifiers = [".".join(path) for path in kind.identifier_paths]
            summary = {"ResourceType": name, "LogicalResourceIds": logical_ids, "ResourceIdentifiers": identifiers}
            summaries.append(summary)
    return templates.summary(template) | {
        "ResourceTypes": list(types),
        "Version": template.get("AWSTemplateFormatVersion"),
        "Metadata": json.dumps(template["Metadata"]) if "Metadata" in template else None,
        "ResourceIdentifierSummaries": summaries,
    }


def parse_and_check(response: CloudFormationResponse, text: str, *, for_change_set: bool) -> dict[str, Any]:
    """Parse a template, check it and its capabilities, and return it.

    Args:
        response: moto's object for the request.
        text: the template.
        for_change_set: whether the template is for a change set.

    Raises:
        ValidationError: the template is refused.
        InsufficientCapabilities: the template needs more capabilities than the request acknowledges.
    """
    template = templates.parse(text)
    templates.check(template)
    templates.check_capabilities(template, response.params.get("Capabilities") or [], for_change_set=for_change_set)
    return template


def new_stack(response: CloudFormationResponse, name: str) -> Stack:
    """Return a stack without resources. The account lists it only once its first operation begins."""
    return Stack(  # type: ignore[abstract]  # moto's own Stack is abstract too
        generate_stack_id(name, response.region, response.current_account),
        name,
        {},
        {},
        response.current_account,
        response.region,
        notification_arns=response.params.get("NotificationARNs"),
        role_arn=response.params.get("RoleARN"),
        timeout_in_mins=response.params.get("TimeoutInMinutes"),
    )
