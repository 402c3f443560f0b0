"""The state of a stack: what requests asked for, and what exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cfn_sandbox.cloudformation.templates.outputs import Output
from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.cloudformation.templates.pseudo import PseudoParameters
from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.cloudformation.types.interface import Instance, Request
from cfn_sandbox.cloudformation.values import JSON

AT_REST = frozenset(
    {
        *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"),
        *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
    }
)
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
    """Which stack it is. None of this ever changes.

    Attributes:
        account: the account's number.
        region: the region's name.
        name: the stack's name.
        stack_id: the stack's ARN.
        created: when it was created.
        parent_id: the ARN of the stack that it is nested in; None if it isn't nested.
        root_id: the ARN of the topmost stack that it is nested in; None if it isn't nested.
    """

    account: str
    region: str
    name: str
    stack_id: str
    created: datetime
    parent_id: str | None = None
    root_id: str | None = None

    def pseudo(self, notification_arns: tuple[str, ...]) -> PseudoParameters:
        """Return the stack's pseudo parameters."""
        return PseudoParameters(self.account, self.region, self.stack_id, self.name, list(notification_arns))

    def request(
        self, logical_id: str, tags: Mapping[str, str], previous_tags: Mapping[str, str] | None = None
    ) -> Request:
        """Return the request for an operation on one of the stack's resources."""
        return Request(self.account, self.region, self.stack_id, logical_id, tags, previous_tags or {})


@dataclass(frozen=True)
class Settings:
    """What requests set on a stack besides its definition."""

    termination_protection: bool = False
    disable_rollback: bool = False
    timeout_minutes: int | None = None
    role_arn: str | None = None
    rollback_configuration: Mapping[str, JSON] = field(default_factory=dict)
    retain_except_on_create: bool = False


@dataclass(frozen=True)
class Options:
    """How one operation is done.

    Attributes:
        on_failure: ROLLBACK, DO_NOTHING (keep the resources as they are) or, for a new stack, DELETE.
        retain_except_on_create: whether a rollback deletes new resources whose DeletionPolicy is Retain.
        imports: the resources to import: by logical id, the properties that identify each.
        token: the request's ClientRequestToken, which the operation's events have.
        change_set_id: the change set that is executed.
        validate: whether the resources are validated first.
        nested: whether it is a part of an operation of the stack that this one is nested in.
    """

    on_failure: str = "ROLLBACK"
    retain_except_on_create: bool = False
    imports: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    token: str | None = None
    change_set_id: str | None = None
    nested: bool = False
    validate: bool = False


@dataclass(frozen=True)
class Definition:
    """What a stack is asked to be.

    Attributes:
        text: the template as the user wrote it.
        template: the template with its macros expanded.
        parameters: the parameters' values.
        tags: the stack's tags.
        capabilities: the capabilities that the request acknowledged.
        notification_arns: the topics of NotificationARNs.
    """

    text: str
    template: Template
    parameters: Parameters = field(default_factory=Parameters)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    notification_arns: tuple[str, ...] = ()


NOTHING = Definition("", Template({}))
"""The definition of a stack before its first operation."""


@dataclass(frozen=True)
class Resource:
    """A resource that exists.

    Attributes:
        logical_id: its name in the template.
        kind: the type's name.
        instance: the resource, as its type last reported it.
        properties: the template's properties, evaluated, with dynamic references as written.
        sent: these properties as the type received them: typed, and with dynamic references resolved.
        tags: the stack's tags that the type last received.
        shown: the properties as events show them: JSON, with values of NoEcho parameters masked.
        deletion_policy: the template's DeletionPolicy.
        failed: whether its creation failed.
    """

    logical_id: str
    kind: str
    instance: Instance
    properties: Mapping[str, JSON]
    sent: Mapping[str, JSON]
    tags: Mapping[str, str]
    shown: str = "{}"
    deletion_policy: str = "Delete"
    failed: bool = False

    @property
    def physical_id(self) -> str:
        """The physical id."""
        return self.instance.identifier

    def at(self, instance: Instance | None) -> Resource:
        """Return the resource as an operation reported it; unchanged if it reported nothing."""
        return self if instance is None else replace(self, instance=instance)


@dataclass
class Status:
    """A stack's status and its history.

    Attributes:
        name: the status.
        reason: its reason.
        operations: how many operations were started: a change set is valid only until the next one.
        updated: when the last update began.
        deleted: when the stack was deleted.
        change_set_id: the change set that was executed last.
    """

    name: str = "CREATE_PENDING"
    reason: str | None = None
    operations: int = 0
    updated: datetime | None = None
    deleted: datetime | None = None
    change_set_id: str | None = None


@dataclass
class Contents:
    """What a stack has: its definition, and what was made of it.

    Attributes:
        definition: what it was asked to be.
        resources: the resources that exist, by logical id, each after those that it depends on.
        outputs: its outputs.
        imported: the names of the exports that it uses.
    """

    definition: Definition = NOTHING
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    imported: frozenset[str] = frozenset()
