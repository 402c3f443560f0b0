"""Change sets: an operation of a stack, shown before it is done."""

from __future__ import annotations

from typing import Any, cast

from moto.cloudformation import models
from moto.cloudformation.exceptions import ValidationError

from sandbox.cloudformation.stack import READY, Stack

JSON = Any

_create_change_set_of_moto = models.CloudFormationBackend.create_change_set


def create_change_set(self: models.CloudFormationBackend, *arguments: JSON, **options: JSON) -> tuple[str, str]:
    """In place of moto's: a change of tags alone is a change."""
    if options["change_set_type"] not in READY:
        raise ValidationError(message=f"This sandbox has no change sets of type {options['change_set_type']}.")
    change_set_id, stack_id = _create_change_set_of_moto(self, *arguments, **options)
    change_set = self.change_sets[change_set_id]
    if change_set.status == "FAILED" and change_set.tags and change_set.tags != self.stacks[stack_id].tags:
        change_set.status, change_set.execution_status, change_set.status_reason = "CREATE_COMPLETE", "AVAILABLE", None
    return change_set_id, stack_id


def execute_change_set(
    self: models.CloudFormationBackend,
    change_set_name: str,
    stack_name: str | None = None,  # noqa: ARG001 - moto's
) -> None:
    """In place of moto's: the stack follows the change set as it does an operation of its own."""
    change_set = cast("models.ChangeSet", self.describe_change_set(change_set_name))
    stack = cast("Stack", self.stacks[change_set.stack_id])
    stack.change(change_set.change_set_type, change_set.template, change_set.parameters, change_set.tags or stack.tags)
    change_set.execution_status = "EXECUTE_COMPLETE"
