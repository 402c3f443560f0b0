"""Parameters: their types, constraints, and the values that a request gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.cloudformation.values import JSON

# Looks a name (or `name:version`) up in Parameter Store; None if there is no such parameter.
ParameterStore = Callable[[str], str | None]


@dataclass(frozen=True)
class Parameters:
    """The values of a template's parameters.

    Attributes:
        given: the texts that requests gave, or took over by UsePreviousValue, by key. Defaults are not in it.
        texts: each parameter's text, defaults included; of an SSM parameter, the name in Parameter Store.
        values: what Ref returns: a text, or a list of texts for a list parameter; of an SSM parameter, what Parameter
            Store had.
        hidden: the keys of NoEcho parameters.
        resolved: the keys of SSM parameters: DescribeStacks shows their ResolvedValue.
    """

    given: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, JSON] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    resolved: frozenset[str] = frozenset()

    def described(self) -> list[dict[str, str]]:
        """Return the parameters as DescribeStacks and DescribeChangeSet show them. NoEcho values are `****`."""
        raise NotImplementedError


def resolve(
    template: Template,
    requested: Iterable[Mapping[str, JSON]],
    previous: Parameters | None,
    parameter_store: ParameterStore,
) -> Parameters:
    """Return the values of a template's parameters for a request.

    Args:
        template: the template; checked.
        requested: the request's Parameters: ParameterKey, and ParameterValue or UsePreviousValue.
        previous: the stack's present values; None if there is no stack.
        parameter_store: reads Parameter Store, for SSM parameter types.

    Raises:
        ValidationError: a value is missing, refused, or not in Parameter Store. No message repeats a NoEcho value.
    """
    raise NotImplementedError
