"""Every place where moto is bent, each with its reason: as the small patches that could be sent to moto."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from moto.cloudformation import models
from moto.cloudformation.exceptions import AlreadyExistsException
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id

from sandbox.cloudformation import change_sets, macros, stack_actions, templates
from sandbox.cloudformation.requests import answering, template_at
from sandbox.cloudformation.stack import Stack, Wish

_ABSENT: Any = object()


class Patch(NamedTuple):
    """What stands for a member of moto's, or is added to it, and why."""

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
    **options: Any,  # noqa: ANN401 - moto's
) -> Stack:
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    stack_id = generate_stack_id(name, self.region_name, self.account_id)
    stack = Stack(  # type: ignore[abstract]  # as moto's own
        stack_id, name, {}, {}, self.account_id, self.region_name, **options
    )
    parsed = templates.parse(template)
    templates.check(parsed)
    wish = Wish(template, macros.expanded(parsed, parameters, self.region_name), parameters, tags or {})
    stack.change("CREATE", wish)
    return stack


def _delete_stack(self: models.CloudFormationBackend, name_or_stack_id: str) -> None:
    for stack in list(self.stacks.values()):
        if name_or_stack_id in {stack.name, stack.stack_id}:
            stack.delete()


def _action(name: str, action: Any, reason: str) -> Patch:  # noqa: ANN401 - a function of another room
    return Patch(CloudFormationResponse, name, answering(action), reason)


_BACKEND = models.CloudFormationBackend
_NO_ACTION = "moto has no such action."
_STATUS = "It says the stack's status of every resource, or CREATE_COMPLETE, and a time that is written into it."

PATCHES = (
    Patch(models, "Stack", Stack, "moto's stacks don't roll back, replace, or run in the background."),
    Patch(_BACKEND, "create_stack", _create_stack, "It answers when all is made, or broken. Nested stacks call it."),
    Patch(_BACKEND, "delete_stack", _delete_stack, "It forgets a stack before its resources are deleted."),
    Patch(
        CloudFormationResponse,
        "_get_stack_from_s3_url",
        lambda self, url: template_at(url, self.current_account, self.partition),
        'It takes an address for path-style if the word "localhost" is in it, so that 127.0.0.1 becomes a bucket.',
    ),
    _action(
        "create_stack", stack_actions.create_stack, "It reads neither OnFailure, DisableRollback nor Capabilities."
    ),
    _action("update_stack", stack_actions.update_stack, "The same; and it overlooks a change of tags or SSM values."),
    _action("delete_stack", stack_actions.delete_stack, "It reads neither RetainResources nor DeletionMode."),
    _action("rollback_stack", stack_actions.rollback_stack, _NO_ACTION),
    _action("continue_update_rollback", stack_actions.continue_update_rollback, _NO_ACTION),
    _action("update_termination_protection", stack_actions.update_termination_protection, _NO_ACTION),
    _action("describe_stack_resource", stack_actions.describe_stack_resource, _STATUS),
    _action("describe_stack_resources", stack_actions.describe_stack_resources, _STATUS),
    _action("list_stack_resources", stack_actions.list_stack_resources, _STATUS),
    _action("get_template", stack_actions.get_template, "It has no processed template, and none of change sets."),
    _action("get_template_summary", stack_actions.get_template_summary, "No capabilities, no identifiers for imports."),
    _action("validate_template", stack_actions.validate_template, "It returns no parameters, and refuses unused ones."),
    _action(
        "create_change_set",
        change_sets.create_change_set,
        "Without a type it makes a second stack. UsePreviousValue of an SSM parameter takes its value for a name.",
    ),
    _action("describe_change_set", change_sets.describe_change_set, "It finds one by its name, whatever the stack."),
    Patch(
        CloudFormationResponse,
        "RESPONSE_KEY_PATH_TO_TRANSFORMER",
        {
            path: transform
            for path, transform in CloudFormationResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
            if not path.startswith("DescribeChangeSetOutput")
        },
        "It makes answers of moto's own change sets, which are none of these.",
    ),
    _action("list_change_sets", change_sets.list_change_sets, "It lists those of all stacks."),
    _action("delete_change_set", change_sets.delete_change_set, "It crashes if there is none."),
    _action(
        "execute_change_set", change_sets.execute_change_set, "It applies changes in no order, and rolls none back."
    ),
)


@contextmanager
def installed() -> Iterator[None]:
    """Have moto bent until the context ends."""
    theirs = [(patch.owner, patch.name, vars(patch.owner).get(patch.name, _ABSENT)) for patch in PATCHES]
    for patch in PATCHES:
        setattr(patch.owner, patch.name, patch.value)
    try:
        yield
    finally:
        for owner, name, value in theirs:
            if value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
