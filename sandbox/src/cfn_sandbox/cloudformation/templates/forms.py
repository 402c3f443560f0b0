"""Checks the form of functions in a template, also of those that are never evaluated.

Source: "Intrinsic function reference" in the user guide; eucalyptus, which was written against AWS, for older words.
"""

from __future__ import annotations

from cfn_sandbox.cloudformation.templates import evaluation, table
from cfn_sandbox.cloudformation.templates.conditions import Booleans
from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.cloudformation.templates.functions import is_function
from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.cloudformation.templates.pseudo import PseudoParameters
from cfn_sandbox.cloudformation.templates.references import references
from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.errors import template_error
from cfn_sandbox.values import JSON, Unknown, Value, objects


class Forms(Evaluator):
    """An evaluator to which every value is unknown, but for its kind: so it finds wrong forms, and no wrong values."""

    def __init__(self, template: Template) -> None:
        super().__init__(template, Parameters(), PseudoParameters("", "", "", ""))

    def evaluate(self, part: JSON) -> Value:
        """Return an unknown of a part's kind; ValidationError for a function of a wrong form, or that doesn't exist."""
        return super().evaluate(part) if isinstance(part, (dict, list)) else Unknown(kind="string")

    def condition(self, name: str) -> bool:
        """Refuse a condition that doesn't exist."""
        if name not in self.template.section("Conditions"):
            raise evaluation.no_condition(name)
        return True

    def check_boolean(self, part: JSON, *, rules: bool = False) -> None:
        """Refuse a part of Conditions or Rules that is no function of conditions, or whose arguments are wrong."""

        def argument(part: JSON) -> Value:
            if _uses(part, "Fn::ImportValue"):
                raise template_error(f"Cannot use Fn::ImportValue in {'Rules' if rules else 'Conditions'}.")
            self.evaluate(part)
            return [] if isinstance(part, list) else ""

        _Booleans(argument, lambda _: True, rules).holds(part)

    def _named(self, name: str) -> Value:  # noqa: ARG002 - the evaluator's signature
        return Unknown()

    def _attribute(self, logical_id: str, name: JSON) -> Value:
        if not logical_id or not (is_function_call(name) or (isinstance(name, str) and name)):
            raise table.malformed("Fn::GetAtt")
        return Unknown()

    def _chosen(self, condition: str, *branches: JSON) -> Value:
        self.condition(condition)
        for branch in branches:
            self.evaluate(branch)
        return Unknown()

    def _find_in_map(self, argument: JSON) -> Value:
        if self._rests_on_resources(argument):
            raise template_error("the arguments of Fn::FindInMap must not depend on any resources")
        if isinstance(argument, list) and len(argument) == 3 and isinstance(argument[0], str):
            evaluation.check_map(self.template, argument[0])
        return super()._find_in_map(argument)

    def _import_value(self, argument: JSON) -> Value:
        if self._rests_on_resources(argument) or _uses(argument, "Fn::ImportValue", "Fn::GetAZs"):
            raise table.malformed("Fn::ImportValue")
        self.evaluate(argument)
        return Unknown()

    def _rests_on_resources(self, argument: JSON) -> bool:
        return any(reference.name in self.template.section("Resources") for reference in references(argument))


class _Booleans(Booleans):
    """Walks through functions of conditions without their values."""

    def _of_rules(self, name: str, argument: JSON) -> bool:
        self._two(name, argument)
        return True


def is_function_call(part: JSON) -> bool:
    """Return whether a part is an object with one function as its only member."""
    return isinstance(part, dict) and len(part) == 1 and is_function(next(iter(part)))


def _uses(part: JSON, *names: str) -> bool:
    return any(name in one for one in objects(part) for name in names)


def without_branches(part: JSON) -> JSON:
    """Return a part with each Fn::If left out."""
    if isinstance(part, list):
        return [without_branches(item) for item in part]
    if isinstance(part, dict):
        return {name: without_branches(member) for name, member in part.items() if name != "Fn::If"}
    return part
