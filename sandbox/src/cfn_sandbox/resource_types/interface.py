"""What stacks and Cloud Control need of a resource type, whatever implements it.

Every type has a schema, which says what it accepts, which attributes it has, and what replaces a resource.

An operation's result is a value, an `Outcome`. It says what exists now and, if the operation failed, why: both, because
a resource can exist although its creation failed. Only defects of the sandbox are raised as exceptions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Self, cast
from uuid import uuid4

from cfn_sandbox.errors import ValidationError
from cfn_sandbox.schemas import attributes
from cfn_sandbox.schemas.patterns import unreadable
from cfn_sandbox.schemas.schema import ResourceSchema, at
from cfn_sandbox.schemas.validator import Validator
from cfn_sandbox.schemas.violations import Violation
from cfn_sandbox.values import JSON, Value

__all__ = ["Action", "Request"]

_LOG = logging.getLogger(__name__)

Properties = Mapping[str, Value]
Action = Literal["CREATE", "READ", "UPDATE", "DELETE", "LIST"]


@dataclass(frozen=True)
class Instance:
    """A resource that exists, as its type last reported it.

    Args:
        identifier: the primary identifier, its parts joined by `|`. This is the physical id, and the value of Ref.
        model: the properties that the type last reported, read-only ones included.
        state: what the type keeps for later operations, such as moto's object. Others pass it back unchanged.
    """

    identifier: str
    model: Properties
    state: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Failure:
    """Why an operation failed.

    Args:
        code: a handler error code, such as NotFound.
        message: the handler's message, which Cloud Control shows.
        reason: the reason in the stack event: the message with what CloudFormation adds to it.
        token: the token of the failed request, which Cloud Control shows.
    """

    code: str
    message: str
    reason: str
    token: str = ""

    @classmethod
    def of_handler(cls, code: str | None, message: str, token: str | None = None) -> Self:
        """Return a handler's failure, with the reason in CloudFormation's words. One without a code is internal."""
        token = token or str(uuid4())
        ending = f"(RequestToken: {token}, HandlerErrorCode: {code or 'null'})"
        return cls(
            code or "InternalFailure", message, f'Resource handler returned message: "{message}" {ending}', token
        )


@dataclass(frozen=True)
class Outcome:
    """The result of an operation on one resource.

    Args:
        instance: the resource that exists now; None if there is none, or if what exists is as it was before.
        failure: why the operation failed; None if it succeeded. A failed CREATE with an instance has left a resource
            that must be deleted.
    """

    instance: Instance | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Page:
    """One page of LIST's results, with the token for the next page."""

    instances: Sequence[Instance] = ()
    next_token: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Request:
    """For whom an operation is done.

    Args:
        account: the account's number.
        region: the region's name.
        stack_id: the stack's ARN; None outside stacks.
        logical_id: the resource's name in the template; None outside stacks.
        tags: the stack's tags.
        previous_tags: the stack's previous tags, on UPDATE.
        undo: whether an UPDATE undoes one of the same stack operation.
        watch: called before each invocation of a handler, with the resource as far as it has been reported. What it
            raises ends the operation: a cancelled request is not invoked again.
    """

    account: str
    region: str
    stack_id: str | None = None
    logical_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    previous_tags: Mapping[str, str] = field(default_factory=dict)
    undo: bool = False
    watch: Callable[[Instance | None], object] = field(default=lambda _: None, compare=False, repr=False)

    @property
    def stack_name(self) -> str | None:
        """The stack's name; None outside stacks."""
        return self.stack_id.split("/")[1] if self.stack_id else None

    @property
    def system_tags(self) -> dict[str, str]:
        """CloudFormation's own tags, which only AWS's types can set on a resource."""
        if self.stack_id is None or self.stack_name is None or self.logical_id is None:
            return {}
        return {
            "aws:cloudformation:stack-name": self.stack_name,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": self.logical_id,
        }


class ResourceType:
    """A resource type. Long operations return when they have ended: callbacks and retries happen inside.

    Args:
        schema: the type's schema.

    Attributes:
        version: the version's id.
        always_updated: whether an update of a stack updates its resources of this type even if nothing differs.
        called_by_aws: whether its handlers are the user's, which are called when AWS calls them and not otherwise.
    """

    version = "00000001"
    always_updated = False
    called_by_aws = False

    def __init__(self, schema: ResourceSchema) -> None:
        self.schema = schema

    @property
    def name(self) -> str:
        """The type's name, such as AWS::SNS::Topic."""
        return self.schema.name

    def supports(self, action: Action) -> bool:
        """Return whether the type has a handler for an action. Without READ there is no import and no drift."""
        return self.schema.handler(action) is not None

    def typed(self, properties: Properties) -> dict[str, Value]:
        """Return a template's properties in the schema's types: `"50"` becomes 50 where the schema has a number.

        Raises:
            ValidationError: they are nested hundreds of levels deep.
        """
        try:
            return self.schema.typed(properties)
        except RecursionError as error:
            raise ValidationError(f"The properties of {self.name} are nested too deep") from error

    @cached_property
    def _validator(self) -> Validator:
        """The validator of what a template can set: read-only properties are extraneous."""
        read_only = {path[0] for path in self.schema.read_only if len(path) == 1}
        settable = {key: rules for key, rules in self.schema.properties.items() if key not in read_only}
        configuration = self.schema.document.get("typeConfiguration")
        for sentence, _ in [
            *unreadable(dict(self.schema.document)),
            *unreadable(configuration, "#/typeConfiguration"),
        ]:
            _LOG.warning("%s has a pattern that is not checked: %s", self.name, sentence)
        return Validator({**self.schema.document, "type": "object", "properties": settable})

    def check(self, properties: Properties) -> list[str]:
        """Return a line for each violation of the schema, with CloudFormation's wording and the sandbox's hints.

        Args:
            properties: typed properties. An Unknown satisfies every rule.
        """
        return self._validator.lines(properties)

    def violations(self, properties: Properties) -> list[Violation]:
        """Return the violations themselves, which pre-deployment validation words in another way."""
        return self._validator.violations(properties)

    def attribute_refusal(self, name: str) -> str | None:
        """Return why Fn::GetAtt of an attribute is refused, in CloudFormation's words; None if it is allowed.

        Args:
            name: the attribute's name, `Outer.Inner` for a nested one.
        """
        return attributes.refusal(self.schema, name)

    def attribute_kinds(self, name: str) -> frozenset[str]:
        """Return the JSON types that an attribute can have, such as {"string"}; empty if the schema doesn't say."""
        return frozenset().union(*(self.schema.kinds(rules) for rules in self.schema.at(name.split("."))))

    def attribute(self, instance: Instance, name: str) -> JSON:
        """Return the value of Fn::GetAtt; None if the resource doesn't report it."""
        return cast("JSON", at(dict(instance.model), name.split(".")))  # what a type reports is known

    def create(self, request: Request, properties: Properties) -> Outcome:
        """Create a resource from typed properties."""
        return self._unsupported("create")

    def read(self, request: Request, model: Properties) -> Outcome:
        """Return the resource that an identifier's properties belong to. The failure NotFound says it doesn't exist."""
        return self._unsupported("read")

    def update(self, request: Request, desired: Properties, previous: Properties, instance: Instance) -> Outcome:
        """Update a resource in place.

        Args:
            request: with the stack's tags, and its tags before.
            desired: the template's typed properties.
            previous: the previous template's typed properties.
            instance: the resource, as the last operation returned it.
        """
        return self._unsupported("update")

    def delete(self, request: Request, properties: Properties, instance: Instance) -> Outcome:
        """Delete a resource. One that is gone already is a success."""
        return self._unsupported("delete")

    def clean_up(self, request: Request, instance: Instance) -> bool:
        """End an update: the stack's operation succeeded, and what is no longer needed can be deleted.

        Return whether there was one to end.
        """
        return False

    def list(self, request: Request, model: Properties | None, next_token: str | None = None) -> Page:
        """Return a page of existing resources. `model` has the properties that narrow it; None if none were sent."""
        return Page(failure=self._unsupported("list").failure)

    def _unsupported(self, action: str) -> Outcome:
        text = f"The sandbox can't {action} {self.name}: moto, which implements the type here, can't {action} it"
        advice = ". Give the resource another logical id to replace it" if action == "update" else ""
        return Outcome(failure=Failure.of_handler("InvalidRequest", text + advice))
