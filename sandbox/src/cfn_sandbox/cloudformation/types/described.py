"""What every type knows by its schema: the properties that it accepts, its attributes, what is replaced."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import cast

from cfn_sandbox.cloudformation.types import attributes
from cfn_sandbox.cloudformation.types.interface import Action, Instance, Properties
from cfn_sandbox.cloudformation.types.patterns import unreadable
from cfn_sandbox.cloudformation.types.schema import Replacement, ResourceSchema, at
from cfn_sandbox.cloudformation.types.validator import Validator
from cfn_sandbox.cloudformation.types.violations import Violation
from cfn_sandbox.cloudformation.values import JSON, Value

_LOG = logging.getLogger(__name__)


class DescribedType:
    """A type with a schema. interface.py describes its methods.

    Args:
        schema: the type's schema.
    """

    version = "00000001"

    def __init__(self, schema: ResourceSchema) -> None:
        self.schema = schema

    @property
    def name(self) -> str:
        """The type's name."""
        return self.schema.name

    def supports(self, action: Action) -> bool:
        """Return whether the schema lists a handler for an action, or none at all."""
        return self.schema.handler(action) is not None

    def typed(self, properties: Properties) -> dict[str, Value]:
        """Return a template's properties in the schema's types."""
        return self.schema.typed(properties)

    @cached_property
    def _validator(self) -> Validator:
        """The validator of what a template can set: read-only properties are extraneous."""
        read_only = {path[0] for path in self.schema.read_only if len(path) == 1}
        settable = {key: rules for key, rules in self.schema.properties.items() if key not in read_only}
        for place, reason in unreadable(dict(self.schema.document)):
            _LOG.warning("%s: the pattern at %s is not checked: %s", self.name, place, reason)
        return Validator({**self.schema.document, "type": "object", "properties": settable})

    def check(self, properties: Properties) -> list[str]:
        """Return a line for each violation of the schema, with CloudFormation's wording and the sandbox's hints."""
        return self._validator.lines(properties)

    def violations(self, properties: Properties) -> list[Violation]:
        """Return the violations themselves, which pre-deployment validation words in another way."""
        return self._validator.violations(properties)

    def attribute_refusal(self, name: str) -> str | None:
        """Return why Fn::GetAtt of an attribute is refused; None if it is allowed."""
        return attributes.refusal(self.schema, name)

    def attribute_kinds(self, name: str) -> frozenset[str]:
        """Return the JSON types that an attribute can have; empty if the schema doesn't say."""
        return frozenset().union(*(self.schema.kinds(rules) for rules in self.schema.at(name.split("."))))

    def attribute(self, instance: Instance, name: str) -> JSON:
        """Return the value of Fn::GetAtt; None if the resource doesn't report it."""
        return cast("JSON", at(dict(instance.model), name.split(".")))  # what a type reports is known

    def replacement(self, name: str, previous: Value, desired: Value) -> Replacement:
        """Return whether changing a top-level property requires replacement."""
        return self.schema.replacement(name, previous, desired)
