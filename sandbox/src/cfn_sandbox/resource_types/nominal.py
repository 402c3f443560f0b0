"""Types whose resources exist in name only, and what every type tells of properties without effect.

moto doesn't implement these types, and nothing in the sandbox depends on what they do: only an identifier is created.
Every CDK stack has AWS::CDK::Metadata; the stacks of cfn, CDK and SAM have a bucket policy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

from cfn_sandbox.resource_types.interface import Action, Instance, Outcome, Properties, Request, ResourceType
from cfn_sandbox.schemas import published
from cfn_sandbox.schemas.schema import ResourceSchema

_LOG = logging.getLogger(__name__)

METADATA = "AWS::CDK::Metadata"
CONDITION = "AWS::CloudFormation::WaitCondition"
HANDLE = "AWS::CloudFormation::WaitConditionHandle"


class NominalType(ResourceType):
    """A type whose resources exist in name only: they have an identifier, and do nothing.

    Args:
        name: the type's name.
        told: returns the types and properties of which it was told, in the account and the region of a request, that
            they have no effect.
    """

    def __init__(self, name: str, told: Callable[[Request], set[tuple[str, str]]]) -> None:
        super().__init__(published.schema(name) or ResourceSchema({"typeName": name, "properties": {}}))
        self._told = told

    def supports(self, action: Action) -> bool:
        """Return whether this is one of CREATE, UPDATE and DELETE."""
        return action in {"CREATE", "UPDATE", "DELETE"}

    def check(self, properties: Properties) -> list[str]:
        """Accept every property of a type without a published schema."""
        return super().check(properties) if self.schema.properties else []

    def create(self, request: Request, properties: Properties) -> Outcome:
        """Create an identifier, and say that the properties have no effect here."""
        self._tell_ignored(request, properties)
        return Outcome(Instance(self._identifier(request, properties), properties))

    def _identifier(self, request: Request, properties: Properties) -> str:
        """Return an identifier of AWS's form: a handle's is an address to signal to, where nobody listens here.

        Recorded against AWS in LocalStack's test_cloudformation (test_waitcondition, test_waitconditionhandle).
        """
        if self.name == HANDLE and request.stack_id:
            host = f"cloudformation-waitcondition-{request.region}.s3.{request.region}.amazonaws.com"
            return f"https://{host}/{quote(f'{request.stack_id}/{request.logical_id}', safe='')}"
        address = urlsplit(str(properties.get("Handle", ""))) if self.name == CONDITION else urlsplit("")
        return unquote(address.path[1:]) or self.schema.identifier(properties) or str(uuid4())

    def update(self, request: Request, desired: Properties, previous: Properties, instance: Instance) -> Outcome:
        """Keep the identifier."""
        self._tell_ignored(request, desired)
        return Outcome(Instance(instance.identifier, desired))

    def delete(self, request: Request, properties: Properties, instance: Instance) -> Outcome:
        """Forget the identifier."""
        return Outcome()

    def _tell_ignored(self, request: Request, names: Iterable[str]) -> None:
        """Log properties that have no effect here, each once until the account is reset. `up` and `run` show it."""
        told = self._told(request)
        ignored = sorted({name for name in names if (self.name, name) not in told})
        told.update((self.name, name) for name in ignored)
        if ignored and self.name != METADATA:  # which has no effect in AWS either
            resource = f"{request.logical_id} ({self.name})" if request.logical_id else self.name
            _LOG.warning("%s: %s no effect in this sandbox", resource, _listed(ignored))


def _listed(names: Sequence[str]) -> str:
    return f"{names[0]} has" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} have"
