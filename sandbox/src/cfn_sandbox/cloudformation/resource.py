"""A resource of a stack, with the classes around it: the stack's place, its events, a resource's failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.exceptions import ServiceException

from cfn_sandbox.cloudformation.resource_type import HandlerFailure, InvalidProperties, ResourceType

# moto doesn't support these types, and nothing in the sandbox depends on what they do: only an identifier is created.
# Every CDK stack has the first; the stacks of cfn, CDK and SAM have a bucket policy.
NOMINAL_TYPES = frozenset({"AWS::CDK::Metadata", "AWS::S3::BucketPolicy", *parsing.NULL_MODELS})

Definition = dict[str, Any]  # a resource as in the template, with its references resolved or not
AnyResource = Any  # an existing resource: a Resource, a NominalResource, or one of moto's objects
JSON = Any


class AddEvent(Protocol):
    """A function that adds a resource's event to its stack."""

    def __call__(
        self, status: str, logical_id: str, kind: str, resource: AnyResource = None, reason: str | None = None
    ) -> None:
        """Add an event. `kind` is the type's name; `resource` is None if the resource doesn't exist yet."""


@dataclass(frozen=True)
class Place:
    """A stack's account, region, id and name."""

    account: str
    region: str
    stack_id: str
    stack_name: str


class ResourceFailure(Exception):  # noqa: N818 - CloudFormation's word: a resource failed to create
    """A resource's failure to create, update, delete or import. `text` is the reason in its event."""

    def __init__(self, logical_id: str, verb: str, error: Exception) -> None:
        has_own_message = isinstance(error, HandlerFailure | InvalidProperties | ServiceException)
        self.text = str(getattr(error, "message", error)) if has_own_message else f"{type(error).__name__}: {error}"
        super().__init__(f"The following resource(s) failed to {verb.lower()}: [{logical_id}]. {self.text}")


class Resource:
    """A resource of a type in the catalogue, with the attributes that moto reads from a stack's resources."""

    drift_status = "NOT_CHECKED"

    def __init__(
        self, kind: ResourceType, logical_id: str, properties: Definition, tags: dict[str, str], model: Definition
    ) -> None:
        self.cf_resource_type = kind.name
        self.logical_resource_id = logical_id
        self.physical_resource_id = kind.identifier(model)
        self.kind = kind
        self.properties = properties  # the template's properties, resolved, in the schema's types
        self.tags = tags  # the stack's tags that the handler last received
        self.model = model  # the model that the handler last returned

    def get_cfn_attribute(self, name: str) -> JSON:
        """Return the value of Fn::GetAtt: a read-only property of the model."""
        if not self.kind.has_attribute(name):
            raise UnformattedGetAttTemplateException
        return self.kind.attribute(self.model, name)


class NominalResource:
    """A resource that exists in name only: it has an identifier, and no attributes."""

    def __init__(self, kind: str, logical_id: str) -> None:
        self.cf_resource_type = kind
        self.logical_resource_id = logical_id
        self.physical_resource_id = str(uuid4())

    def get_cfn_attribute(self, _name: str) -> JSON:
        """Refuse any attribute."""
        raise UnformattedGetAttTemplateException
