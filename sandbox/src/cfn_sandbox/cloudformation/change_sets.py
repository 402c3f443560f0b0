"""Change sets: a stack operation that is shown before it is executed.

They replace moto's change sets. moto finds a change set by its name alone, in any stack. For an existing stack, a
request without ChangeSetType creates a second stack of the same name. A missing change set gives the same error code as
an invalid request. moto supports neither replacement nor import.

Sources: CreateChangeSet, DescribeChangeSet, ExecuteChangeSet and DeleteChangeSet in the API reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_changeset_id
from moto.core.exceptions import ServiceException

from cfn_sandbox.cloudformation import imports, macros, parameters
from cfn_sandbox.cloudformation.changes import Plan
from cfn_sandbox.cloudformation.requests import Answer, flag, named_stack, tags, template_text
from cfn_sandbox.cloudformation.stack import READY, DesiredStack, Stack
from cfn_sandbox.cloudformation.stack_actions import new_stack, parse_and_check

UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set."
TYPES = ("CREATE", "UPDATE", "IMPORT")


class ChangeSetNotFound(ServiceException):
    """A change set that the stack doesn't have."""

    code = "ChangeSetNotFoundException"


class InvalidChangeSetStatus(ServiceException):
    """A change set that can't be executed in its current state, or that no longer fits the stack."""

    code = "InvalidChangeSetStatusException"


class ChangeSetExists(ServiceException):
    """A change set whose name is already used in the stack."""

    code = "AlreadyExistsException"


@dataclass
class ChangeSet:
    """A change set of a stack: the operation, and the changes that it would make."""

    change_set_id: str
    change_set_name: str
    kind: str
    stack: Stack
    desired: DesiredStack
    changes: list[dict[str, Any]]
    description: str | None
    capabilities: list[str]
    role_arn: str | None
    shown_parameters: list[dict[str, Any]]
    operation_count: int  # how many operations the stack had started when this change set was created
    status: str = "CREATE_COMPLETE"
    status_reason: str | None = None
    executed: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def template(self) -> str:
        """The template as the user wrote it."""
        return self.desired.text

    @property
    def template_dict(self) -> dict[str, Any]:
        """The parsed template with its macros expanded."""
        return self.desired.template

    @property
    def execution_status(self) -> str:
        """The API's ExecutionStatus. Any later operation of the stack makes the change set OBSOLETE."""
        if self.executed:
            return "EXECUTE_COMPLETE"
        if self.status != "CREATE_COMPLETE":
            return "UNAVAILABLE"
        return "AVAILABLE" if self.stack.operation_count == self.operation_count else "OBSOLETE"

    @property
    def summary(self) -> Answer:
        """The API's ChangeSetSummary, as in ListChangeSets."""
        return {
            "ChangeSetId": self.change_set_id,
            "ChangeSetName": self.change_set_name,
            "StackId": self.stack.stack_id,
            "StackName": self.stack.name,
            "Description": self.description,
            "CreationTime": self.created,
            "Status": self.status,
            "StatusReason": self.status_reason,
            "ExecutionStatus": self.execution_status,
            "IncludeNestedStacks": False,
            "ImportExistingResources": False,
        }


def create_change_set(response: CloudFormationResponse) -> Answer:
    """Answer CreateChangeSet. Without a ChangeSetType, the change set is an UPDATE of an existing stack."""
    request = response.params
    name, kind = request["ChangeSetName"], request.get("ChangeSetType", "UPDATE")
    _check_name_and_type(name, kind)
    stack = _find_or_create_stack(response, kind)
    if any(change_set.change_set_name == name for change_set in _change_sets_of(stack)):
        raise ChangeSetExists(f"ChangeSet {name} cannot be created: it already exists")
    text = template_text(response, stack)
    template = parse_and_check(response, text, for_change_set=True)
    before = stack.parameter_values if stack.status != "CREATE_PENDING" else None
    values = parameters.values(request.get("Parameters") or [], template, before)
    requested_tags = tags(response)
    on_failure = request.get("OnStackFailure", "ROLLBACK")
    desired = DesiredStack(
        text,
        macros.expand(template, values, response.region),
        values,
        stack.tags if requested_tags is None else requested_tags,
        imports.to_import(request.get("ResourcesToImport") or [], template, stack) if kind == "IMPORT" else {},
        on_failure="ROLLBACK" if on_failure == "DELETE" and kind != "CREATE" else on_failure,
    )
    resources = stack.resources(desired.template, desired.parameters, desired.tags)
    if flag(response, "ImportExistingResources"):
        desired = replace(desired, imports={**imports.find_existing(resources, stack), **desired.imports})
    unchanged = kind == "UPDATE" and not stack.differs(resources)
    identifiers = imports.identifiers(desired.imports, template, stack)
    change_set = ChangeSet(
        generate_changeset_id(name, response.region, response.current_account),
        name,
        kind,
        stack,
        desired,
        [] if unchanged else Plan(resources, stack.resource_map, identifiers).changes(),
        request.get("Description"),
        list(request.get("Capabilities") or []),
        request.get("RoleARN"),
        parameters.described(values, template, resources.resolved_parameters),
        stack.operation_count,
    )
    if unchanged:
        change_set.status, change_set.status_reason = "FAILED", UNCHANGED
    elif kind == "IMPORT":
        imports.refuse_other_changes(change_set.changes)
    if stack.status == "CREATE_PENDING":
        stack.enter_review()
    stack.backend.change_sets[change_set.change_set_id] = change_set  # type: ignore[assignment]  # in place of moto's
    return {"Id": change_set.change_set_id, "StackId": stack.stack_id}


def _check_name_and_type(name: str, kind: str) -> None:
    if kind not in TYPES:
        text = f"Value '{kind}' at 'changeSetType' failed to satisfy constraint: Member must satisfy enum value set"
        raise ValidationError(message=f"1 validation error detected: {text}: [IMPORT, UPDATE, CREATE]")
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name):
        text = f"Value '{name}' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression"
        raise ValidationError(message=f"1 validation error detected: {text} pattern: [a-zA-Z][-a-zA-Z0-9]*")


def _find_or_create_stack(response: CloudFormationResponse, kind: str) -> Stack:
    """Return the stack that a new change set is for: an existing one, or a new one for CREATE and IMPORT."""
    name = response.params["StackName"]
    try:
        stack = named_stack(response, deleted=False)
    except ValidationError:
        if kind == "UPDATE":
            raise
        return new_stack(response, name)
    if kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
        change_set = response.params["ChangeSetName"]
        text = f"Stack [{name}] already exists and cannot be created again with the changeSet [{change_set}]."
        raise ValidationError(message=text)
    if stack.status not in READY[kind]:
        raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
    return stack


def _change_sets_of(stack: Stack) -> list[ChangeSet]:
    change_sets: Mapping[str, Any] = stack.backend.change_sets
    return [change_set for change_set in change_sets.values() if change_set.stack is stack]


def _find_change_set(response: CloudFormationResponse) -> ChangeSet:
    """Return the change set that the request names, by its id, or by its name and its stack.

    Raises:
        ValidationError: the stack does not exist, or the request names none.
        ChangeSetNotFound: the change set does not exist.
    """
    name = response.params["ChangeSetName"]
    change_sets: Mapping[str, Any] = response.cloudformation_backend.change_sets
    if name.startswith("arn:"):
        found = change_sets.get(name)
        if found is None:
            raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")
        return found  # type: ignore[no-any-return]  # moto declares the dict with its own class of change sets
    if "StackName" not in response.params:
        raise ValidationError(message="StackName must be specified if ChangeSetName is not specified as an ARN.")
    for change_set in _change_sets_of(named_stack(response)):
        if change_set.change_set_name == name:
            return change_set
    raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")


def describe_change_set(response: CloudFormationResponse) -> Answer:
    """Answer DescribeChangeSet. Values before and after are included only with IncludePropertyValues."""
    change_set = _find_change_set(response)
    changes = change_set.changes
    if not flag(response, "IncludePropertyValues"):
        changes = [_without_values(change) for change in changes]
    return change_set.summary | {
        "Parameters": change_set.shown_parameters,
        "Capabilities": change_set.capabilities,
        "NotificationARNs": change_set.stack.notification_arns,
        "Tags": [{"Key": key, "Value": value} for key, value in change_set.desired.tags.items()],
        "OnStackFailure": change_set.desired.on_failure,
        "Changes": [{"Type": "Resource", "ResourceChange": change} for change in changes],
    }


def _without_values(change: dict[str, Any]) -> dict[str, Any]:
    hidden = {"BeforeValue", "AfterValue", "Path", "AttributeChangeType"}
    details = [
        detail | {"Target": {key: value for key, value in detail["Target"].items() if key not in hidden}}
        for detail in change["Details"]
    ]
    without_contexts = {key: value for key, value in change.items() if key not in {"BeforeContext", "AfterContext"}}
    return without_contexts | {"Details": details}


def list_change_sets(response: CloudFormationResponse) -> Answer:
    """Answer ListChangeSets for one stack. moto lists the change sets of all stacks."""
    return {"Summaries": [change_set.summary for change_set in _change_sets_of(named_stack(response))]}


def delete_change_set(response: CloudFormationResponse) -> Answer:
    """Answer DeleteChangeSet. Deleting a missing change set succeeds if its stack exists."""
    try:
        change_set = _find_change_set(response)
    except ChangeSetNotFound:
        return {}
    del response.cloudformation_backend.change_sets[change_set.change_set_id]
    return {}


def execute_change_set(response: CloudFormationResponse) -> Answer:
    """Answer ExecuteChangeSet: start the operation on the stack."""
    change_set = _find_change_set(response)
    if change_set.execution_status != "AVAILABLE":
        state = change_set.status if change_set.status != "CREATE_COMPLETE" else change_set.execution_status
        text = f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of [{state}]"
        raise InvalidChangeSetStatus(text)
    desired = change_set.desired
    if flag(response, "DisableRollback"):
        desired = replace(desired, on_failure="DO_NOTHING")
    change_set.stack.change(change_set.kind, desired)
    change_set.executed = True
    change_set.stack.role_arn = change_set.role_arn or change_set.stack.role_arn
    return {}
