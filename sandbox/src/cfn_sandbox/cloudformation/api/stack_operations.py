"""The operations that create, change and delete stacks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cfn_sandbox.cloudformation.stacks import lifecycle
from cfn_sandbox.cloudformation.stacks.state import FAILED_WITHOUT_ROLLBACK, Options, Settings
from cfn_sandbox.cloudformation.stacks.submission import Submission, template_at
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.protocols.tokens import once

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.stacks.stack import Stack
    from cfn_sandbox.protocols.service import Answer, Call

FAREWELL = timedelta(seconds=10)  # how long a deleted stack is shown by its name to the program that deleted it
_deleted_by: WeakKeyDictionary[Stack, str] = WeakKeyDictionary()


@once("ClientRequestToken")
def create_stack(call: Call) -> Answer:
    """Answer CreateStack."""
    given = call.parameters
    if "OnFailure" in given and "DisableRollback" in given:
        raise ValidationError("You can specify either DisableRollback or OnFailure, but not both")
    reused = [one["ParameterKey"] for one in given.get("Parameters", ()) if one.get("UsePreviousValue")]
    if reused:
        text = "Cannot specify usePreviousValue as true for a parameter key not in the previous template"
        raise ValidationError(f"Invalid input for parameter key {reused[0]}. {text}")
    name, submission = given["StackName"], submission_of(call)
    stack = lifecycle.create_stack(call.space, name, submission, options_of(call), settings_of(call))
    return _started(stack, "CREATE_STACK")


@once("ClientRequestToken")
def update_stack(call: Call) -> Answer:
    """Answer UpdateStack. What the request leaves out stays as it is."""
    stack = call.space.named(call.parameters["StackName"], deleted=False)
    lifecycle.update_stack(stack, submission_of(call, stack), options_of(call), settings_of(call, stack.settings))
    return _started(stack, "UPDATE_STACK")


def delete_stack(call: Call) -> Answer:
    """Answer DeleteStack. A missing stack is no error."""
    given = call.parameters
    stack = call.space.find(given["StackName"])
    if stack is not None:
        lifecycle.check_role(call.space, given.get("RoleARN"))
        force = given.get("DeletionMode") == "FORCE_DELETE_STACK"
        _deleted_by[stack] = _program(call)
        stack.delete(given.get("RetainResources", ()), force=force, token=given.get("ClientRequestToken"))
    return {}


def just_deleted(call: Call, name: str) -> Stack | None:
    """Return the stack that the calling program deleted a moment ago, once; None if there is none.

    In AWS a stack is DELETE_IN_PROGRESS when DeleteStack returns, and some programs wait for its end by its name. Here
    it is gone by then. The AWS CLI doesn't count: each of its commands is a separate program, and `deploy` must not
    find the stack that `delete-stack` deleted.
    """
    newest = next((stack for stack in reversed(call.space.stacks) if stack.identity.name == name), None)
    deleted = newest.status.deleted if newest and newest.status.name == "DELETE_COMPLETE" else None
    if newest is None or deleted is None or datetime.now(UTC) - deleted >= FAREWELL:
        return None
    return newest if _deleted_by.pop(newest, None) == _program(call) != "" else None


def _program(call: Call) -> str:
    """Return what tells the calling program from others: its User-Agent without the features that a call uses."""
    return "" if call.client.startswith("aws-cli/") else re.sub(r" m/\S+", "", call.client)


@once("ClientRequestToken")
def rollback_stack(call: Call) -> Answer:
    """Answer RollbackStack: undo an operation that failed with rollback disabled."""
    return _roll_back(call, FAILED_WITHOUT_ROLLBACK)


@once("ClientRequestToken")
def continue_update_rollback(call: Call) -> Answer:
    """Answer ContinueUpdateRollback: continue a rollback that failed."""
    return _roll_back(call, frozenset({"UPDATE_ROLLBACK_FAILED"}))


def _roll_back(call: Call, ready: frozenset[str]) -> Answer:
    given = call.parameters
    stack = call.space.named(given["StackName"], deleted=False)
    lifecycle.check_role(call.space, given.get("RoleARN"))
    stack.roll_back(ready, given.get("ResourcesToSkip", ()), given.get("ClientRequestToken"))
    return _started(stack, "ROLLBACK")


def update_termination_protection(call: Call) -> Answer:
    """Answer UpdateTerminationProtection."""
    stack = call.space.named(call.parameters["StackName"], deleted=False)
    stack.protect(enabled=call.parameters["EnableTerminationProtection"])
    return {"StackId": stack.identity.stack_id}


def get_stack_policy(call: Call) -> Answer:
    """Answer GetStackPolicy. No stack has a policy, because requests that set one are refused."""
    call.space.named(call.parameters["StackName"])
    return {}


def _started(stack: Stack, kind: str) -> Answer:
    """Return the ids of a stack and of its latest operation of a kind."""
    operations = reversed(stack.steps.events.operations)
    found = next((operation.operation_id for operation in operations if operation.kind == kind), None)
    return {"StackId": stack.identity.stack_id, "OperationId": found}


def template_of(call: Call, stack: Stack | None = None) -> tuple[str, bool]:
    """Return the text of the template that a request has or links to, and whether it may be a long one.

    UsePreviousTemplate means the template of `stack`. ValidationError: the request gives no template, or more than one.
    """
    body, url = call.parameters.get("TemplateBody"), call.parameters.get("TemplateURL")
    previous = call.parameters.get("UsePreviousTemplate")
    if previous and (body or url):
        raise ValidationError("You cannot specify both usePreviousTemplate and Template Body/Template URL.")
    if body and url:
        raise ValidationError("You cannot specify both Template Body and Template URL.")
    if previous and stack is not None:
        return stack.definition.text, True
    if url:
        return template_at(call.space.services, url), True
    if not body:
        raise ValidationError("Either Template URL or Template Body must be specified.")
    return body, False


def submission_of(call: Call, stack: Stack | None = None) -> Submission:
    """Return what a request asks a stack to be. An empty list of tags removes them; a missing one keeps them."""
    given = call.parameters
    text, is_long = template_of(call, stack)
    tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags", ())}
    if any(key.lower().startswith("aws:") for key in tags):
        raise ValidationError("aws: prefixed tag key names are not allowed for external use.")
    if len(tags) < len(given.get("Tags", ())):
        raise ValidationError("The request has a tag key more than once.")
    types, topics = given.get("ResourceTypes"), given.get("NotificationARNs")
    for topic in topics or ():
        if not re.fullmatch(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+", topic):
            raise ValidationError(f"Invalid notification ARN: {topic} is not the ARN of an SNS topic.")
    return Submission(
        text,
        is_long,
        tuple(given.get("Parameters", ())),
        tags if "Tags" in given else None,
        tuple(given.get("Capabilities", ())),
        None if types is None else tuple(types),
        None if topics is None else tuple(topics),
    )


def options_of(call: Call) -> Options:
    """Return how a request wants its operation done."""
    given = call.parameters
    disabled = given.get("DisableRollback") or given.get("DeploymentConfig", {}).get("DisableRollback")
    return Options(
        given.get("OnFailure", "DO_NOTHING" if disabled else "ROLLBACK"),
        retain_except_on_create=given.get("RetainExceptOnCreate", False),
        token=given.get("ClientRequestToken"),
        validate=not given.get("DisableValidation", False),
    )


def settings_of(call: Call, before: Settings | None = None) -> Settings:
    """Return the settings of a stack after a request; what the request leaves out stays as it was."""
    before, given = before or Settings(), call.parameters
    return Settings(
        given.get("EnableTerminationProtection", before.termination_protection),
        before.disable_rollback,
        given.get("TimeoutInMinutes", before.timeout_minutes),
        given.get("RoleARN", before.role_arn),
        given.get("RollbackConfiguration", before.rollback_configuration),
        given.get("OnFailure", before.on_failure),
    )
