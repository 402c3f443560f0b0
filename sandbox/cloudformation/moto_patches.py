"""Every place where moto is bent, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

from moto.cloudformation import models
from moto.cloudformation.exceptions import AlreadyExistsException
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id

from sandbox.cloudformation import change_sets
from sandbox.cloudformation.stack import Stack


def _create_stack(
    self: models.CloudFormationBackend,
    name: str,
    template: str,
    parameters: dict[str, Any],
    **options: Any,  # noqa: ANN401 - moto's
) -> Stack:
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    stack_id = generate_stack_id(name, self.region_name, self.account_id)
    stack = Stack(  # type: ignore[abstract]  # as moto's own
        stack_id, name, template, parameters, self.account_id, self.region_name, **options
    )
    self.stacks[stack_id] = stack
    stack.change("CREATE", template, parameters, stack.tags)
    return stack


def _update_stack(
    self: models.CloudFormationBackend,
    name: str,
    template: str,
    role_arn: str | None,
    parameters: list[dict[str, Any]],
    tags: dict[str, str] | None,
) -> Stack:
    stack = cast("Stack", self.get_stack(name))
    given = {item["ParameterKey"]: item.get("ParameterValue") for item in parameters}
    previous = {key: stack.parameters[key] for key, value in given.items() if value is None and key in stack.parameters}
    values = {key: value for key, value in given.items() if value is not None} | previous
    stack.change("UPDATE", template, values, stack.tags if tags is None else tags)
    stack.role_arn = role_arn
    return stack


def _delete_stack(self: models.CloudFormationBackend, name_or_stack_id: str) -> None:
    for stack in list(self.stacks.values()):
        if name_or_stack_id in {stack.name, stack.stack_id}:
            stack.delete()


class Patch(NamedTuple):
    """What stands for a member of moto's, and why."""

    owner: Any
    name: str
    value: Any
    reason: str


_BACKEND = models.CloudFormationBackend

PATCHES = (
    Patch(models, "Stack", Stack, "moto's stacks don't roll back, replace, or run in the background."),
    Patch(_BACKEND, "create_stack", _create_stack, "It answers when all is made, or broken."),
    Patch(_BACKEND, "update_stack", _update_stack, "The same; and a previous value may be none."),
    Patch(_BACKEND, "delete_stack", _delete_stack, "It forgets a stack before its resources are deleted."),
    Patch(_BACKEND, "create_change_set", change_sets.create_change_set, "It takes a change of tags for none."),
    Patch(_BACKEND, "execute_change_set", change_sets.execute_change_set, "It applies changes in no order."),
    Patch(
        CloudFormationResponse,
        "_validate_different_update",
        lambda *_: None,
        "It overlooks tags; `Stack.change` does not.",
    ),
)


@contextmanager
def installed() -> Iterator[None]:
    """Have moto bent until the context ends."""
    theirs = [(patch.owner, patch.name, getattr(patch.owner, patch.name)) for patch in PATCHES]
    for patch in PATCHES:
        setattr(patch.owner, patch.name, patch.value)
    try:
        yield
    finally:
        for owner, name, value in theirs:
            setattr(owner, name, value)
