"""Outputs and exports.

Source: "Outputs" in the user guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cfn_sandbox.cloudformation.templates.functions import is_scalar
from cfn_sandbox.errors import ValidationError, format_error
from cfn_sandbox.values import Unknown, text

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
    from cfn_sandbox.cloudformation.templates.template import Object

_EXPORT_NAME = re.compile("[A-Za-z0-9:-]+")


@dataclass(frozen=True)
class Output:
    """An output of a stack."""

    key: str  # its name in the template
    value: str | Unknown
    description: str | None = None
    export: str | None = None  # the name under which it is exported; None if it isn't

    def described(self) -> dict[str, str]:
        """Return the output as DescribeStacks shows it."""
        optional = {"Description": self.description, "ExportName": self.export}
        shown = {name: text for name, text in optional.items() if text is not None}
        return {"OutputKey": self.key, "OutputValue": str(self.value), **shown}


def outputs(evaluator: Evaluator) -> list[Output]:
    """Return the template's outputs whose condition holds, in the template's order.

    Raises:
        ValidationError: a value is no text, or two outputs export one name.
    """
    active = {key: one for key, one in evaluator.template.members("Outputs").items() if evaluator.is_active(one)}
    found = [_output(key, definition, evaluator) for key, definition in active.items()]
    names = [output.export for output in found if output.export is not None]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise format_error(f"Outputs export the name {', '.join(repeated)} more than once.")
    return found


def _output(key: str, definition: Object, evaluator: Evaluator) -> Output:
    value = evaluator.evaluate(definition["Value"])
    if not is_scalar(value) and not (isinstance(value, Unknown) and value.kind not in {"array", "object"}):
        raise not_a_text()
    description = definition.get("Description")
    known = value if isinstance(value, Unknown) else text(value)
    return Output(key, known, None if description is None else str(description), _export(key, definition, evaluator))


def _export(key: str, definition: Object, evaluator: Evaluator) -> str | None:
    export = definition.get("Export")
    if not isinstance(export, dict):
        return None
    name = evaluator.evaluate(export.get("Name"))
    if isinstance(name, Unknown):
        words = "The Name field of Export must not depend on any resources, imported values, or Fn::GetAZs."
        raise format_error(f"Output {key} is malformed.  {words}")  # with two spaces, in cfn-lint's issue 1632
    if not is_scalar(name) or not is_export_name(text(name)):
        raise malformed_export(key)
    return text(name)


def is_export_name(name: object) -> bool:
    """Return whether something is a name that an export can have."""
    return isinstance(name, str) and _EXPORT_NAME.fullmatch(name) is not None


def malformed_export(key: str) -> ValidationError:
    """Return the error of an export without a name, or with one that isn't allowed."""
    words = "The Name field of every Export member must be specified and consist only of alphanumeric characters"
    return format_error(f"Output {key} is malformed. {words}, colons, or hyphens.")


def not_a_text() -> ValidationError:
    """Return the error of an output that is no text."""
    return format_error("The Value field of every Outputs member must evaluate to a String.")
