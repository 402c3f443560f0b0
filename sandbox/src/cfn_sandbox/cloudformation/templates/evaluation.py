"""The evaluator: every intrinsic function, over values that are known or known after apply."""

from __future__ import annotations

from typing import Protocol

from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.cloudformation.templates.pseudo import PseudoParameters
from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.cloudformation.values import JSON, Reference, Value


class Scope(Protocol):
    """What the evaluator asks for: values that only the stack, the account or the region can tell.

    Each method returns a value, or an Unknown with the reference that asked for it. Each may raise ValidationError.
    """

    def ref(self, logical_id: str) -> Value:
        """Return what Ref returns for an active resource of the template."""

    def attribute(self, logical_id: str, name: str) -> Value:
        """Return an attribute (`Endpoint.Port`) of an active resource of the template."""

    def import_value(self, name: str) -> Value:
        """Return an exported value."""

    def availability_zones(self, region: str) -> list[str]:
        """Return the names of a region's availability zones."""


class Evaluator:
    """Evaluates a template. It is lazy: only what is asked for is resolved, and only the taken branch of Fn::If.

    All methods raise ValidationError, and nothing else but what the scope raises.

    Args:
        template: the template, expanded and checked.
        parameters: the parameters' values.
        pseudo: the pseudo parameters.
        scope: what only the stack can tell. It is asked each time; nothing is remembered.
    """

    def __init__(self, template: Template, parameters: Parameters, pseudo: PseudoParameters, scope: Scope) -> None:
        self._template, self._parameters, self._pseudo, self._scope = template, parameters, pseudo, scope

    def condition(self, name: str) -> bool:
        """Return a condition's value."""
        raise NotImplementedError

    def active(self) -> list[str]:
        """Return the logical ids of the resources whose condition holds, in the template's order."""
        raise NotImplementedError

    def properties(self, logical_id: str) -> dict[str, Value]:
        """Return a resource's properties, evaluated. Dynamic references are left as they are."""
        raise NotImplementedError

    def attribute(self, logical_id: str, name: str) -> Value:
        """Return an attribute of a resource's definition (`Metadata`, `DeletionPolicy`), evaluated; None without it."""
        raise NotImplementedError

    def references(self, logical_id: str, name: str | None = None) -> list[Reference]:
        """Return the references in a resource's definition, or in one of its properties.

        Only active references count: not those in a branch of Fn::If that isn't taken. References of Conditions that
        decide are left out too. Metadata doesn't count.

        Args:
            logical_id: the resource's logical id.
            name: a property's name; None for the whole definition.
        """
        raise NotImplementedError

    def dependencies(self, logical_id: str) -> list[str]:
        """Return the logical ids that a resource depends on by reference or DependsOn; only active resources."""
        raise NotImplementedError

    def order(self) -> list[str]:
        """Return the active resources' logical ids, each after those that it depends on, else in the template's order.

        Raises:
            ValidationError: the dependencies are circular.
        """
        raise NotImplementedError

    def check(self) -> None:
        """Refuse what CloudFormation refuses as soon as parameters have values, before anything is made.

        That is: assertions of Rules, references to resources whose condition is false, missing map keys, and all that
        evaluating the active resources and outputs shows while resources' values are unknown.
        """
        raise NotImplementedError

    def evaluate(self, part: JSON, path: str = "") -> Value:
        """Return a part of the template, evaluated.

        Args:
            part: the part.
            path: where it stands (`/Resources/Topic/Properties/Name`), for errors.
        """
        raise NotImplementedError
