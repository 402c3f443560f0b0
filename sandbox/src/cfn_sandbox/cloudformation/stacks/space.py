"""The stacks, change sets and exports of one account in one region."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from cfn_sandbox.cloudformation.errors import ValidationError
from cfn_sandbox.cloudformation.stacks.services import Services
from cfn_sandbox.cloudformation.stacks.state import Identity

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.stacks.change_sets import ChangeSet
    from cfn_sandbox.cloudformation.stacks.drift import Detection
    from cfn_sandbox.cloudformation.stacks.stack import Stack


@dataclass(frozen=True)
class Export:
    """An exported output."""

    name: str  # the name under which it is exported
    value: str  # its value
    stack: Stack  # the stack that exports it


@dataclass(eq=False)
class Space:
    """What CloudFormation keeps of one account in one region."""

    account: str  # the account's number
    region: str  # the region's name
    services: Services  # the account's other services
    stacks: list[Stack] = field(default_factory=list)  # all stacks, deleted ones too, oldest first
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)  # the change sets by id, executed ones too
    detections: dict[str, Detection] = field(default_factory=dict)  # the drift detections by id
    validate_registered: bool = False  # whether pre-deployment validation covers registered types

    def live(self) -> Iterator[Stack]:
        """Yield the stacks that are not deleted, oldest first."""
        return (stack for stack in list(self.stacks) if stack.status.name != "DELETE_COMPLETE")

    def find(self, name: str) -> Stack | None:
        """Return the stack of a name, or of an id, which finds a deleted one too; None if there is none."""
        for stack in self.stacks:
            deleted = stack.status.name == "DELETE_COMPLETE"
            if name == stack.identity.stack_id or (name == stack.identity.name and not deleted):
                return stack
        return None

    def named(self, name: str, *, deleted: bool = True) -> Stack:
        """Return the stack of a name or an id.

        Args:
            name: a stack's name or id.
            deleted: whether to find a deleted stack by its id.

        Raises:
            ValidationError: there is none.
        """
        stack = self.find(name)
        if stack is None or (stack.status.name == "DELETE_COMPLETE" and not deleted):
            raise ValidationError(f"Stack [{name}] does not exist")
        return stack

    def exports(self) -> dict[str, Export]:
        """Return the exports by name."""
        return {
            str(output.export): Export(str(output.export), str(output.value), stack)
            for stack in self.live()
            for output in stack.contents.outputs
            if output.export is not None
        }

    def exported(self) -> dict[str, str]:
        """Return the exported values by name."""
        return {name: export.value for name, export in self.exports().items()}

    def importers(self, export: str) -> list[Stack]:
        """Return the stacks that use an export."""
        return [stack for stack in self.live() if export in stack.contents.imported]

    def new_identity(self, name: str) -> Identity:
        """Return the identity of a new stack."""
        arn = f"arn:{partition(self.region)}:cloudformation:{self.region}:{self.account}"
        return Identity(self.account, self.region, name, f"{arn}:stack/{name}/{uuid4()}", datetime.now(UTC))


def partition(region: str) -> str:
    """Return the partition of a region."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


_spaces: dict[tuple[str, str], Space] = {}
_lock = threading.Lock()


def find_space(
    account: str, region: str, services: Callable[[str, str], Services], *, validate_registered: bool = False
) -> Space:
    """Return what CloudFormation keeps of an account in a region.

    Args:
        account: the account's number.
        region: the region's name.
        services: returns the account's other services in the region, for the first request.
        validate_registered: whether pre-deployment validation covers registered types.
    """
    with _lock:
        if (account, region) not in _spaces:
            _spaces[account, region] = Space(
                account, region, services(account, region), validate_registered=validate_registered
            )
        return _spaces[account, region]


def clear() -> None:
    """Forget every account."""
    _spaces.clear()
