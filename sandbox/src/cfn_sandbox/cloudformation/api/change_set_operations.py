"""The operations on change sets, and a plan as DescribeChangeSet shows it.

Source: ResourceChange, ResourceChangeDetail and ResourceTargetDefinition in the API reference.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cfn_sandbox.cloudformation.api.stack_operations import options_of, settings_of, submission_of
from cfn_sandbox.cloudformation.stacks import change_sets
from cfn_sandbox.cloudformation.stacks.nested import include_nested_stacks
from cfn_sandbox.cloudformation.stacks.plan import MASKED
from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.protocols.paging import page
from cfn_sandbox.protocols.tokens import once
from cfn_sandbox.values import JSON, Value, problem_in, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cfn_sandbox.cloudformation.stacks.plan import Change, Plan, ResourceChange
    from cfn_sandbox.protocols.service import Answer, Call

_INCOMPLETE = "[WARN] --include-property-values option can return incomplete ChangeSet data because: ChangeSet creation"


@once("ClientToken")
def create_change_set(call: Call) -> Answer:
    """Answer CreateChangeSet. Without a ChangeSetType, the change set is an UPDATE of an existing stack."""
    given, space = call.parameters, call.space
    stack = space.find(given["StackName"])
    submission, options = submission_of(call, stack), options_of(call)
    token, parameters = given.get("ClientToken"), given.get("Parameters")
    request = change_sets.Request(
        given["ChangeSetName"],
        given.get("ChangeSetType", "UPDATE"),
        given.get("Description"),
        "DO_NOTHING" if options.on_failure == "DO_NOTHING" else given.get("OnStackFailure"),
        tuple(given.get("ResourcesToImport", ())),
        import_existing=given.get("ImportExistingResources", False),
        settings=settings_of(call, stack.settings if stack else None),
        validate=options.validate,
        include_nested=given.get("IncludeNestedStacks", False),
        identity={"ClientToken": token, "Template": submission.text, "Parameters": parameters},
    )
    made = change_sets.create(space, given["StackName"], submission, request)
    if request.include_nested:
        include_nested_stacks(made)
    return {"Id": made.change_set_id, "StackId": made.stack.identity.stack_id}


def describe_change_set(call: Call) -> Answer:
    """Answer DescribeChangeSet. Values before and after are included only with IncludePropertyValues."""
    change_set = _find(call)
    proposal, settings = change_set.proposal, change_set.proposal.request.settings
    with_values = call.parameters.get("IncludePropertyValues", False)
    return {
        **_summary(change_set),
        "StatusReason": change_set.reason or (warning(proposal.plan) if with_values else None),
        **page(call, "Changes", described(proposal.plan, with_values=with_values)),
        "Parameters": proposal.definition.parameters.described() or None,
        "Capabilities": proposal.definition.capabilities,
        "NotificationARNs": proposal.definition.notification_arns,
        "RollbackConfiguration": settings.rollback_configuration if settings else {},
        "Tags": [{"Key": key, "Value": value} for key, value in proposal.definition.tags.items()] or None,
        "OnStackFailure": proposal.request.on_failure,
        "DeploymentConfig": {"Mode": "STANDARD", "DisableRollback": proposal.options.on_failure == "DO_NOTHING"},
    }


def list_change_sets(call: Call) -> Answer:
    """Answer ListChangeSets for one stack."""
    found = change_sets.of_stack(call.space, call.space.named(call.parameters["StackName"]))
    return page(call, "Summaries", found, _summary)


def delete_change_set(call: Call) -> Answer:
    """Answer DeleteChangeSet. Deleting a missing change set succeeds if its stack exists."""
    try:
        change_sets.delete(call.space, _find(call))
    except CloudFormationError as error:
        if error.code != "ChangeSetNotFound":
            raise
    return {}


@once("ClientRequestToken")
def execute_change_set(call: Call) -> Answer:
    """Answer ExecuteChangeSet: start the operation on the stack."""
    given = call.parameters
    change_sets.execute(
        _find(call),
        disable_rollback=given.get("DisableRollback"),
        retain_except_on_create=given.get("RetainExceptOnCreate", False),
        token=given.get("ClientRequestToken"),
    )
    return {}


def _find(call: Call) -> change_sets.ChangeSet:
    return change_sets.find(call.space, call.parameters["ChangeSetName"], call.parameters.get("StackName"))


def _summary(change_set: change_sets.ChangeSet) -> dict[str, object]:
    """Return the API's ChangeSetSummary."""
    identity, request = change_set.stack.identity, change_set.proposal.request
    return {
        "ChangeSetId": change_set.change_set_id,
        "ChangeSetName": change_set.name,
        "StackId": identity.stack_id,
        "StackName": identity.name,
        "Description": request.description,
        "CreationTime": change_set.proposal.created,
        "Status": change_set.status,
        "StatusReason": change_set.reason,
        "ExecutionStatus": change_set.execution_status,
        "IncludeNestedStacks": request.include_nested,
        "ParentChangeSetId": change_set.parent and change_set.parent.change_set_id,
        "RootChangeSetId": change_set.root.change_set_id if change_set.parent else None,
        "ImportExistingResources": request.import_existing or None,
    }


def described(plan: Plan, *, with_values: bool) -> list[JSON]:
    """Return the API's Changes, with values if the request has IncludePropertyValues."""
    changes = (_resource(change, with_values=with_values) for change in plan.values())
    return [{"Type": "Resource", "ResourceChange": change} for change in changes if change is not None]


def warning(plan: Plan) -> str | None:
    """Return what AWS says with the values if it can't work one out: of an unknown list's Fn::Join, a missing export.

    Source: LocalStack's recording in test_change_set_fn_split.snapshot.json, and its own description of exports.
    """
    for change in plan.values():
        if (problem := problem_in(dict(change.after or {}))) is not None:
            return f"{_INCOMPLETE} failed for resource [{change.logical_id}] because: {problem}"
    return None


def _resource(change: ResourceChange, *, with_values: bool) -> dict[str, JSON] | None:
    details = [detail for one in change.changes for detail in _details(one, with_values=with_values)]
    details.sort(key=lambda detail: "CausingEntity" not in detail)  # references first: AWS, recorded by LocalStack
    if change.action == "Modify" and not details:
        return None
    answer: dict[str, JSON] = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.kind,
        "Scope": list(dict.fromkeys(one.attribute for one in change.changes)),
        "Details": [*details],
        "PolicyAction": change.policy,
        "ChangeSetId": change.change_set_id,
        "Replacement": change.replacement if change.action == "Modify" else None,
    }
    if with_values:
        answer |= {"BeforeContext": _context(change.before), "AfterContext": _context(change.after)}
    return {key: value for key, value in answer.items() if value is not None}


def _context(properties: Mapping[str, Value] | None) -> str | None:
    return None if properties is None else json.dumps({"Properties": shown(dict(properties))})


def _details(change: Change, *, with_values: bool) -> Iterator[dict[str, JSON]]:
    target: dict[str, JSON] = {"Attribute": change.attribute, "RequiresRecreation": change.recreation}
    if change.name is not None:
        target["Name"] = change.name
    if with_values:
        target |= _values(change)
    for cause in change.causes:
        if with_values in cause.views:
            entity: dict[str, JSON] = {} if cause.entity is None else {"CausingEntity": cause.entity}
            yield {"Target": {**target}, "Evaluation": cause.evaluation, "ChangeSource": cause.source, **entity}


def _values(change: Change) -> dict[str, JSON]:
    path = f"/{change.attribute}" if change.name is None else f"/{change.attribute}/{change.name}"
    kind = "Add" if change.before is None else "Remove" if change.after is None else "Modify"
    answer: dict[str, JSON] = {"Path": path, "AttributeChangeType": kind}
    for name, value in (("BeforeValue", change.before), ("AfterValue", change.after)):
        if value is not None and value != MASKED:
            visible = shown(value)
            answer[name] = visible if isinstance(visible, str) else json.dumps(visible)
    return answer
