"""The stacks, change sets and exports of one account in one region."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from cfn_sandbox.cloudformation.stacks.state import Identity
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.regions import partition
from cfn_sandbox.resource_types.catalogue import find_type
from cfn_sandbox.resource_types.interface import ResourceType

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.stacks.change_sets import ChangeSet
    from cfn_sandbox.cloudformation.stacks.drift import Detection
    from cfn_sandbox.cloudformation.stacks.stack import Stack
    from cfn_sandbox.cloudformation.templates.dynamic import DynamicReference
    from cfn_sandbox.cloudformation.templates.outputs import Output


class Services(Protocol):
    """What stacks ask of the account's other services, in one region."""

    def parameter(self, name: str) -> str | None:
        """Return what Parameter Store has under a name or `name:version`; None if there is nothing."""

    def dynamic(self, reference: DynamicReference) -> str | None:
        """Return a parameter's value or a whole secret; None if there is none."""

    def text_at(self, location: str) -> str | None:
        """Return the text of an S3 object at `s3://bucket/key` or a URL; None if there is none."""

    def can_assume(self, role_arn: str) -> bool:
        """Return whether CloudFormation can assume a role."""

    def availability_zones(self, region: str) -> list[str]:
        """Return the names of a region's availability zones."""

    def publish(self, topic_arn: str, subject: str, message: str) -> None:
        """Publish a message to an SNS topic; do nothing if there is no such topic."""


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
        """Return the stack of a name or an id, a deleted one too if `deleted`; ValidationError if there is none."""
        stack = self.find(name)
        if stack is None or (stack.status.name == "DELETE_COMPLETE" and not deleted):
            raise ValidationError(f"Stack [{name}] does not exist")
        return stack

    def owner(self, kind: str, physical_id: str) -> Stack | None:
        """Return the stack that has a resource; None if none has it."""
        wanted = kind, physical_id
        owners = (stack for stack in self.live() for one in stack.resources() if (one.kind, one.physical_id) == wanted)
        return next(owners, None)

    def check_role(self, role_arn: str | None) -> None:
        """Refuse a role that CloudFormation can't assume: ValidationError."""
        if role_arn is not None and not self.services.can_assume(role_arn):
            raise ValidationError(f"Role {role_arn} is invalid or cannot be assumed")

    def detection(self, detection_id: str) -> Detection:
        """Return a drift detection; ValidationError if there is none."""
        for stack in self.stacks:
            if detection_id in stack.drift.detections:
                return stack.drift.detections[detection_id]
        raise ValidationError(f"Drift detection {detection_id} does not exist")

    def find_type(self, name: str) -> ResourceType | None:
        """Return the type that templates can use by a name; None if there is none."""
        return find_type(self.account, self.region, name)

    def type_of(self, name: str) -> ResourceType:
        """Return the type of a resource; ValidationError says that there is none by its name any more."""
        kind = self.find_type(name)
        if kind is None:
            raise ValidationError(f"The type {name} is not registered any more.")
        return kind

    def readable_type(self, name: str) -> ResourceType | None:
        """Return a type by its name; None if there is none, or if its resources can't be read."""
        kind = self.find_type(name)
        return kind if kind is not None and kind.supports("READ") else None

    def exports(self) -> dict[str, Export]:
        """Return the exports by name."""
        return {
            str(output.export): Export(str(output.export), str(output.value), stack)
            for stack in self.live()
            for output in stack.contents.outputs
            if output.export is not None
        }

    def importers(self, export: str) -> list[Stack]:
        """Return the stacks that use an export."""
        return [stack for stack in self.live() if export in stack.contents.imported]

    def check_exports(self, stack_id: str, outputs: Iterable[Output]) -> None:
        """Refuse new outputs of a stack that export what another exports, or take away what one uses: ValidationError.

        The words are those that users quote.
        """
        after = {str(output.export): str(output.value) for output in outputs if output.export is not None}
        for name, export in self.exports().items():
            owner = export.stack.identity
            if owner.stack_id != stack_id:
                if name in after:
                    raise ValidationError(f"Export with name {name} is already exported by stack {owner.name}")
            elif after.get(name) != export.value and (importers := self.importers(name)):
                users = " and ".join(stack.identity.name for stack in importers)
                if name in after:
                    raise ValidationError(f"Export {name} cannot be updated as it is in use by {users}")
                raise ValidationError(f"Delete canceled. Cannot delete export {name} as it is in use by {users}.")

    def new_identity(self, name: str) -> Identity:
        """Return the identity of a new stack."""
        return Identity(self, name, self.new_arn("stack", name), datetime.now(UTC))

    def new_arn(self, kind: str, name: str) -> str:
        """Return the ARN of a new `stack` or `changeSet`."""
        return f"arn:{partition(self.region)}:cloudformation:{self.region}:{self.account}:{kind}/{name}/{uuid4()}"


_spaces: dict[tuple[str, str], Space] = {}
_lock = threading.Lock()


def find_space(
    account: str, region: str, services: Callable[[str, str], Services], *, validate_registered: bool = False
) -> Space:
    """Return what CloudFormation keeps of an account in a region.

    For the first request of an account and region, `services` returns the account's other services there.
    """
    with _lock:
        if (account, region) not in _spaces:
            space = Space(account, region, services(account, region), validate_registered=validate_registered)
            _spaces[account, region] = space
        return _spaces[account, region]


def clear() -> None:
    """Forget every account."""
    _spaces.clear()
