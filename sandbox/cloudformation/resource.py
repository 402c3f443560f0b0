"""A resource of a stack, and what goes with it: where its stack is, its stack's events, its failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.exceptions import ServiceException

from sandbox.cloudformation.resource_type import HandlerFailure, InvalidProperties, ResourceType

# moto makes none of these, and nothing here depends on what they do: they are there in name. Every CDK stack has
# the first; the stacks of cfn, CDK and SAM have a bucket's policy.
NOMINAL = frozenset({"AWS::CDK::Metadata", "AWS::S3::BucketPolicy", *parsing.NULL_MODELS})

Definition = dict[str, Any]  # a resource as the template has it, or with what it refers to resolved
Made = Any  # what stands for a resource: a Resource, or an object of moto's
JSON = Any


class Note(Protocol):
    """Adds a resource's event to its stack."""

    def __call__(
        self, status: str, logical_id: str, kind: str, resource: Made = None, reason: str | None = None
    ) -> None:
        """`kind` is the type's name; `resource` is what exists so far, if it does."""


@dataclass(frozen=True)
class Place:
    """Where a stack is, and which it is."""

    account: str
    region: str
    stack_id: str
    stack_name: str


class ResourceFailure(Exception):  # noqa: N818 - CloudFormation's word: a resource failed to create
    """A resource failed to create, update or delete. `text` is the reason of its event."""

    def __init__(self, logical_id: str, verb: str, error: Exception) -> None:
        told = isinstance(error, HandlerFailure | InvalidProperties | ServiceException)
        self.text = str(getattr(error, "message", error)) if told else f"{type(error).__name__}: {error}"
        super().__init__(f"The following resource(s) failed to {verb.lower()}: [{logical_id}]. {self.text}")


class Resource:
    """A resource of a taught type, with the attributes that moto looks for in whatever a stack has made."""

    drift_status = "NOT_CHECKED"

    def __init__(
        self, kind: ResourceType, logical_id: str, properties: Definition, tags: dict[str, str], model: Definition
    ) -> None:
        self.cf_resource_type = kind.name
        self.logical_resource_id = logical_id
        self.physical_resource_id = kind.identifier(model)
        self.kind = kind
        self.properties = properties  # as the template has them, resolved, in the schema's types
        self.tags = tags  # the stack's, when the handler was told of them last
        self.model = model  # as the handler reported it last

    def get_cfn_attribute(self, name: str) -> JSON:
        """What Fn::GetAtt returns: a read-only property of the model."""
        if not self.kind.has_attribute(name):
            raise UnformattedGetAttTemplateException
        return self.kind.attribute(self.model, name)


class Nominal:
    """A resource that is there in name only: an identifier, and no attribute."""

    def __init__(self, kind: str, logical_id: str) -> None:
        self.cf_resource_type = kind
        self.logical_resource_id = logical_id
        self.physical_resource_id = str(uuid4())

    def get_cfn_attribute(self, _name: str) -> JSON:
        """None of its attributes is known here."""
        raise UnformattedGetAttTemplateException
