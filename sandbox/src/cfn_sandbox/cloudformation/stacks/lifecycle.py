"""CreateStack and UpdateStack: read the request, and start the operation.

Source: both operations in the API reference.
"""

from __future__ import annotations

from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.stacks.stack import Stack
from cfn_sandbox.cloudformation.stacks.state import Options, Settings
from cfn_sandbox.cloudformation.stacks.submission import Submission, define
from cfn_sandbox.cloudformation.templates.checking import check_stack_name
from cfn_sandbox.errors import CloudFormationError, ValidationError


def create_stack(space: Space, name: str, submission: Submission, options: Options, settings: Settings) -> Stack:
    """Start to create a stack, or one that has only change sets so far; CloudFormationError refuses the request."""
    check_stack_name(name)
    stack = space.find(name)
    if stack is not None and stack.status.name != "REVIEW_IN_PROGRESS":
        raise CloudFormationError("AlreadyExistsException", f"Stack [{name}] already exists")
    if stack is None:
        stack = Stack(space.new_identity(name), settings)
    check_role(space, settings.role_arn)
    stack.change("CREATE", define(submission, stack), options, settings)
    return stack


def update_stack(stack: Stack, submission: Submission, options: Options, settings: Settings) -> None:
    """Start to update a stack; CloudFormationError refuses the request."""
    stack.check_can_begin("UPDATE", options)
    check_role(stack.space, settings.role_arn)
    stack.change("UPDATE", define(submission, stack), options, settings)


def check_role(space: Space, role_arn: str | None) -> None:
    """Refuse a role that CloudFormation can't assume: ValidationError."""
    if role_arn is not None and not space.services.can_assume(role_arn):
        raise ValidationError(f"Role {role_arn} is invalid or cannot be assumed")
