"""The state of a stack: what requests asked for, and what exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from cfn_sandbox.cloudformation.stacks.events import Subject
from cfn_sandbox.cloudformation.templates.outputs import Output
from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.cloudformation.templates.pseudo import PseudoParameters
from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.resource_types.interface import Instance, Request
from cfn_sandbox.values import JSON

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.stacks.space import Space

AT_REST = frozenset(f"{one}_COMPLETE" for one in ("CREATE", "UPDATE", "UPDATE_ROLLBACK", "IMPORT", "IMPORT_ROLLBACK"))
FAILED_WITHOUT_ROLLBACK = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})
NOT_CREATED = frozenset({"CREATE_PENDING", "REVIEW_IN_PROGRESS"})
READY: Mapping[str, frozenset[str]] = {
    "CREATE": NOT_CREATED,
    "UPDATE": AT_REST | FAILED_WITHOUT_ROLLBACK,
    "IMPORT": AT_REST | NOT_CREATED,
}
"""By kind of operation: the statuses of a stack in which it can begin."""


@dataclass(frozen=True)
class Identity:
    """Which stack it is. None of this ever changes."""

    space: Space = field(repr=False)  # its account and region
    name: str  # the stack's name
    stack_id: str  # the stack's ARN
    created: datetime  # when it was created
    parent_id: str | None = None  # the ARN of the stack that it is nested in; None if it isn't nested
    root_id: str | None = None  # the ARN of the topmost stack that it is nested in; None if it isn't nested

    def pseudo(self, notification_arns: tuple[str, ...]) -> PseudoParameters:
        """Return the stack's pseudo parameters."""
        return PseudoParameters(self.space.account, self.space.region, self.stack_id, self.name, notification_arns)

    def request(
        self, logical_id: str, tags: Mapping[str, str] | None = None, previous_tags: Mapping[str, str] | None = None
    ) -> Request:
        """Return the request for an operation on one of the stack's resources."""
        space = self.space
        return Request(space.account, space.region, self.stack_id, logical_id, tags or {}, previous_tags or {})


@dataclass(frozen=True)
class Settings:
    """What requests set on a stack besides its definition."""

    termination_protection: bool = False
    disable_rollback: bool = False
    timeout_minutes: int | None = None
    role_arn: str | None = None
    rollback_configuration: Mapping[str, JSON] = field(default_factory=dict)
    on_failure: str | None = None  # CreateStack's OnFailure


@dataclass(frozen=True)
class Options:
    """How one operation is done."""

    on_failure: str = "ROLLBACK"  # ROLLBACK, DO_NOTHING (keep the resources as they are) or, for a new stack, DELETE
    retain_except_on_create: bool = False  # whether a rollback deletes new resources whose DeletionPolicy is Retain
    # the resources to import: by logical id, the properties that identify each
    imports: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    token: str | None = None  # the request's ClientRequestToken, which the operation's events have
    change_set_id: str | None = None  # the change set that is executed
    nested: bool = False  # whether it is a part of an operation of the stack that this one is nested in
    validate: bool = False  # whether the resources are validated first


@dataclass(frozen=True)
class Definition:
    """What a stack is asked to be."""

    text: str  # the template as the user wrote it
    template: Template  # the template with its macros expanded
    parameters: Parameters = field(default_factory=Parameters)  # the parameters' values
    tags: Mapping[str, str] = field(default_factory=dict)  # the stack's tags
    capabilities: tuple[str, ...] = ()  # the capabilities that the request acknowledged
    notification_arns: tuple[str, ...] = ()  # the topics of NotificationARNs
    failure: str | None = None  # why a macro's failure leaves no template, so that an operation fails; None without


NOTHING = Definition("", Template({}))
"""The definition of a stack before its first operation."""


@dataclass(frozen=True)
class Draft:
    """A resource as the template wants it."""

    logical_id: str  # its name in the template
    kind: str  # the type's name
    properties: Mapping[str, JSON]  # its properties, evaluated, with dynamic references as written
    tags: Mapping[str, str]  # the stack's tags, as far as the type takes them
    shown: str | None  # the properties as events show them: JSON, with NoEcho values masked; None if they show none
    deletion_policy: str  # its DeletionPolicy

    def subject(self, physical_id: str = "") -> Subject:
        """Return what events of this resource are about."""
        return Subject(self.logical_id, self.kind, physical_id, self.shown)

    def made(self, sent: Mapping[str, JSON], instance: Instance, *, failed: bool = False) -> Resource:
        """Return the resource that was made of it."""
        return Resource(**vars(self), sent=sent, instance=instance, failed=failed)


@dataclass(frozen=True)
class Resource(Draft):
    """A resource that exists."""

    instance: Instance  # the resource, as its type last reported it
    sent: Mapping[str, JSON]  # the properties as the type received them: typed, and with dynamic references resolved
    failed: bool = False  # whether its creation failed

    @property
    def physical_id(self) -> str:
        """The physical id."""
        return self.instance.identifier

    def at(self, instance: Instance | None) -> Resource:
        """Return the resource as an operation reported it; unchanged if it reported nothing."""
        return self if instance is None else replace(self, instance=instance)


@dataclass
class Status:
    """A stack's status and its history."""

    name: str = "CREATE_PENDING"  # the status
    reason: str | None = None  # its reason
    operations: int = 0  # how many operations were started: a change set is valid only until the next one
    updated: datetime | None = None  # when the last update, or the last execution of a change set, began
    deleted: datetime | None = None  # when the deletion of the stack or of what its creation made began, or ended
    change_set_id: str | None = None  # the change set that the last operation executed; None if it had none


@dataclass
class Contents:
    """What a stack has: its definition, and what was made of it."""

    definition: Definition = NOTHING  # what it was asked to be
    resources: dict[str, Resource] = field(default_factory=dict)  # by logical id, each after those that it depends on
    outputs: list[Output] = field(default_factory=list)  # its outputs
    imported: frozenset[str] = frozenset()  # the names of the exports that it uses
