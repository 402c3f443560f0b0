"""Functions of conditions and rules.

Sources: "Condition functions" and "Rule-specific intrinsic functions" in the user guide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from cfn_sandbox.cloudformation.templates import table
from cfn_sandbox.cloudformation.templates.functions import texts_equal
from cfn_sandbox.cloudformation.templates.template import Object
from cfn_sandbox.errors import format_error, template_error
from cfn_sandbox.values import JSON, Value, is_known, text, unknown_from

OF_CONDITIONS = frozenset({"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"})
OF_RULES = frozenset({"Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn"})


@dataclass(frozen=True)
class Booleans:
    """Evaluates functions that return true or false."""

    evaluate: Callable[[JSON], Value]  # returns an argument, evaluated
    condition: Callable[[str], bool]  # returns the value of a condition
    rules: bool = False  # whether functions of rules are allowed

    def holds(self, part: JSON) -> bool:
        """Return what a function of conditions or rules returns; ValidationError if it is none, or malformed."""
        if isinstance(part, dict) and len(part) == 1:
            ((name, argument),) = part.items()
            if name == "Condition" and isinstance(argument, str):
                return self.condition(argument)
            if name in {"Fn::And", "Fn::Or"}:
                return self._many(name, argument)
            if name == "Fn::Not":
                if not isinstance(argument, list) or len(argument) != 1:
                    raise table.malformed(name)
                return not self.holds(argument[0])
            if name == "Fn::Equals":
                return texts_equal(*self._two(name, argument))
            if self.rules and name in OF_RULES:
                return self._of_rules(name, argument)
        place = "Rules" if self.rules else "Conditions"
        raise format_error(f"{place} can only be boolean operations on parameters and other conditions")

    def _many(self, name: str, argument: JSON) -> bool:
        if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
            raise table.malformed(name)
        values = [self.holds(part) for part in argument]
        return all(values) if name == "Fn::And" else any(values)

    def _two(self, name: str, argument: JSON) -> tuple[JSON, JSON]:
        if not isinstance(argument, list) or len(argument) != 2:
            raise table.malformed(name)
        one, other = (known(self.evaluate(part)) for part in argument)
        return one, other

    def _of_rules(self, name: str, argument: JSON) -> bool:
        members, value = self._two(name, argument)
        if not isinstance(members, list) or (name == "Fn::EachMemberIn") != isinstance(value, list):
            raise table.malformed(name)
        if isinstance(value, list):
            return all(any(texts_equal(member, one) for one in value) for member in members)
        return (any if name == "Fn::Contains" else all)(texts_equal(member, value) for member in members)


def known(value: Value) -> JSON:
    """Return a value, which must not rest on resources: a ValidationError says that a part of it is unknown."""
    if not is_known(value):
        names = sorted({reference.name for reference in unknown_from(value).references})
        words = f"Unresolved dependencies [{', '.join(names)}]. Cannot reference resources in the Conditions block"
        raise format_error(f"{words} of the template")
    return cast("JSON", value)


def check_rules(rules: dict[str, Object], booleans: Booleans) -> None:
    """Refuse parameters for which assertions of Rules don't hold: ValidationError, with their descriptions."""
    failed = [text(words) for name, rule in rules.items() for words in _failed(name, rule, booleans)]
    if failed:
        raise template_error(" ".join(failed))


def _failed(name: str, rule: Object, booleans: Booleans) -> list[JSON]:
    if "RuleCondition" in rule and not booleans.holds(rule["RuleCondition"]):
        return []
    assertions = rule.get("Assertions")
    return [
        assertion.get("AssertDescription", f"An assertion of the rule {name} does not hold.")
        for assertion in (assertions if isinstance(assertions, list) else [])
        if isinstance(assertion, dict) and not booleans.holds(assertion.get("Assert"))
    ]
