"""Every patch of moto, each with its reason. Each is small enough to be sent to moto."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from moto.cloudformation import models
from moto.cloudformation.exceptions import AlreadyExistsException
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id

from cfn_sandbox.cloudformation import change_sets, macros, stack_actions
from cfn_sandbox.cloudformation import moto_templates as templates
from cfn_sandbox.cloudformation.requests import as_moto_action, template_at
from cfn_sandbox.cloudformation.stack import DesiredStack, Stack

_ABSENT: Any = object()


class Patch(NamedTuple):
    """A value that replaces a member of one of moto's objects, or is added to it, with the reason."""

    owner: Any
    name: str
    value: Any
    reason: str


def _create_stack(
    self: models.CloudFormationBackend,
    name: str,
    template: str,
    parameters: dict[str, Any],
    tags: dict[str, str] | None = None,
    **options: Any,  # noqa: ANN401 - moto's signature
) -> Stack:
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    stack_id = generate_stack_id(name, self.region_name, self.account_id)
    stack = Stack(  # type: ignore[abstract]  # moto's own Stack is abstract too
        stack_id, name, {}, {}, self.account_id, self.region_name, **options
    )
    parsed = templates.parse(template)
    templates.check(parsed)
    desired = DesiredStack(template, macros.expand(parsed, parameters, self.region_name), parameters, tags or {})
    stack.change("CREATE", desired)
    return stack


def _delete_stack(self: models.CloudFormationBackend, name_or_stack_id: str) -> None:
    for stack in list(self.stacks.values()):
        if name_or_stack_id in {stack.name, stack.stack_id}:
            stack.delete()


def _action(name: str, action: Any, reason: str) -> Patch:  # noqa: ANN401 - a function of another module
    return Patch(CloudFormationResponse, name, as_moto_action(action), reason)


_BACKEND = models.CloudFormationBackend
_NO_ACTION = "moto has no such action."
_STATUS = "It reports the stack's status, or CREATE_COMPLETE, for every resource, and a hard-coded time."

PATCHES = (
    Patch(models, "Stack", Stack, "moto's stacks don't roll back, replace, or run in the background."),
    Patch(_BACKEND, "create_stack", _create_stack, "It returns only at the end. Nested stacks call it."),
    Patch(_BACKEND, "delete_stack", _delete_stack, "It forgets a stack before its resources are deleted."),
    Patch(
        CloudFormationResponse,
        "_get_stack_from_s3_url",
        lambda self, url: template_at(url, self.current_account, self.partition),
        'It recognizes a local path-style URL only by the word "localhost", so 127.0.0.1 becomes a bucket.',
    ),
    _action("create_stack", stack_actions.create_stack, "It ignores OnFailure, DisableRollback and Capabilities."),
    _action("update_stack", stack_actions.update_stack, "As create_stack; it also misses changed tags and SSM values."),
    _action("delete_stack", stack_actions.delete_stack, "It ignores RetainResources and DeletionMode."),
    _action("rollback_stack", stack_actions.rollback_stack, _NO_ACTION),
    _action("continue_update_rollback", stack_actions.continue_update_rollback, _NO_ACTION),
    _action("update_termination_protection", stack_actions.update_termination_protection, _NO_ACTION),
    _action("describe_stack_resource", stack_actions.describe_stack_resource, _STATUS),
    _action("describe_stack_resources", stack_actions.describe_stack_resources, _STATUS),
    _action("list_stack_resources", stack_actions.list_stack_resources, _STATUS),
    _action("get_template", stack_actions.get_template, "It returns no processed templates, and none of change sets."),
    _action(
        "get_template_summary", stack_actions.get_template_summary, "It lacks capabilities and import identifiers."
    ),
    _action("validate_template", stack_actions.validate_template, "It returns no parameters, and refuses unused ones."),
    _action(
        "create_change_set",
        change_sets.create_change_set,
        "Without a type it creates a second stack. UsePreviousValue of an SSM parameter takes its value for a name.",
    ),
    _action("describe_change_set", change_sets.describe_change_set, "It finds a change set by its name, in any stack."),
    Patch(
        CloudFormationResponse,
        "RESPONSE_KEY_PATH_TO_TRANSFORMER",
        {
            path: transform
            for path, transform in CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
            if not path.startswith("DescribeChangeSetOutput")
        },
        "It transforms only answers built from moto's own change sets.",
    ),
    _action("list_change_sets", change_sets.list_change_sets, "It lists the change sets of all stacks."),
    _action("delete_change_set", change_sets.delete_change_set, "It crashes if the change set doesn't exist."),
    _action(
        "execute_change_set", change_sets.execute_change_set, "It ignores dependency order, and rolls nothing back."
    ),
)


@contextmanager
def install() -> Iterator[None]:
    """Apply the patches to moto until the context ends."""
    originals = [(patch.owner, patch.name, vars(patch.owner).get(patch.name, _ABSENT)) for patch in PATCHES]
    for patch in PATCHES:
        setattr(patch.owner, patch.name, patch.value)
    try:
        yield
    finally:
        for owner, name, value in originals:
            if value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
