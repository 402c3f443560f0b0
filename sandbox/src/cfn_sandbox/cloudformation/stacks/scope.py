"""What the evaluator asks a stack: its resources, the account's exports, the region's availability zones."""

from __future__ import annotations

from cfn_sandbox.cloudformation.stacks.state import Definition, Identity, Resource
from cfn_sandbox.cloudformation.templates import evaluation
from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.errors import ValidationError, template_error
from cfn_sandbox.resource_types.interface import ResourceType
from cfn_sandbox.values import Reference, Unknown, Value


class Scope(evaluation.Scope):
    """The values of resources and exports, as far as they are known.

    A resource without an entry in `resources` is known after apply.

    Args:
        definition: what is evaluated.
        identity: the stack.
        applying: whether everything must be known. Before that, a missing export is known after apply.
    """

    def __init__(self, definition: Definition, identity: Identity, *, applying: bool = False) -> None:
        self.resources: dict[str, Resource] = {}
        self.identifiers: dict[str, str] = {}  # of resources whose attributes are known after apply
        self.imported: set[str] = set()  # the names of the exports that were asked for
        self.definition, self._identity, self._applying = definition, identity, applying

    def evaluator(self) -> Evaluator:
        """Return an evaluator of the definition in this scope."""
        pseudo = self._identity.pseudo(self.definition.notification_arns)
        return Evaluator(self.definition.template, self.definition.parameters, pseudo, self)

    def ref(self, logical_id: str) -> Value:
        """Return a resource's physical id."""
        if logical_id in self.resources:
            return self.resources[logical_id].physical_id
        return self.identifiers.get(logical_id, Unknown((Reference(logical_id),), "string"))

    def attribute(self, logical_id: str, name: str) -> Value:
        """Return a resource's attribute. It is refused if the type doesn't have it, known or not."""
        kind = self.kind(logical_id)
        if kind is not None and (refusal := kind.attribute_refusal(name)) is not None:
            raise ValidationError(refusal)
        if logical_id not in self.resources:
            kinds = kind.attribute_kinds(name) if kind is not None else frozenset()
            return Unknown((Reference(logical_id, name),), next(iter(kinds)) if len(kinds) == 1 else None)
        if kind is None:
            raise ValidationError(f"The type of resource {logical_id} is not registered any more.")
        value = kind.attribute(self.resources[logical_id].instance, name)
        if value is None:
            raise template_error(f"resource {logical_id} does not have a value for attribute {name} in Fn::GetAtt")
        return value

    def kind(self, logical_id: str) -> ResourceType | None:
        """Return a resource's type; None if templates can't use it."""
        name = self.definition.template.types.get(logical_id)
        return None if name is None else self._identity.space.find_type(name)

    def import_value(self, name: str) -> Value:
        """Return an exported value."""
        self.imported.add(name)
        if (export := self._identity.space.exports().get(name)) is not None:
            return export.value
        if self._applying:
            raise ValidationError(f"No export named {name} found")
        return Unknown((), "string", f"No export named {name}")

    def availability_zones(self, region: str) -> list[str]:
        """Return the names of a region's availability zones."""
        return self._identity.space.services.availability_zones(region)
