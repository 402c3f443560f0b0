"""Outputs and exports."""

from __future__ import annotations

from dataclasses import dataclass

from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.cloudformation.values import Value


@dataclass(frozen=True)
class Output:
    """An output of a stack.

    Attributes:
        key: its name in the template.
        value: a text, or an Unknown.
        description: its Description.
        export: the name under which it is exported.
    """

    key: str
    value: Value
    description: str | None = None
    export: Value = None

    def described(self) -> dict[str, str]:
        """Return the output as DescribeStacks shows it."""
        raise NotImplementedError


def outputs(evaluator: Evaluator) -> list[Output]:
    """Return the template's outputs whose condition holds, in the template's order.

    Raises:
        ValidationError: a value is no text, or two outputs export one name.
    """
    raise NotImplementedError
