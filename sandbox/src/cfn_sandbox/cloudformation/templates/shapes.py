"""Checks the form of functions in a template, also of those that are never evaluated.

Source: "Intrinsic function reference" in the user guide; eucalyptus, which was written against AWS, for older words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cfn_sandbox.cloudformation.errors import template_error
from cfn_sandbox.cloudformation.templates import evaluation, functions, table
from cfn_sandbox.cloudformation.templates.conditions import OF_CONDITIONS, OF_RULES, Booleans
from cfn_sandbox.cloudformation.templates.functions import is_function
from cfn_sandbox.cloudformation.templates.references import references, variables
from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.cloudformation.values import JSON, Unknown, Value


def is_function_call(part: JSON) -> bool:
    """Return whether a part is an object with one function as its only member."""
    return isinstance(part, dict) and len(part) == 1 and is_function(next(iter(part)))


def check(part: JSON, template: Template) -> None:
    """Refuse functions in a part of a template whose form is wrong, or that don't exist.

    Raises:
        ValidationError: in AWS's words, where they are known.
    """
    if isinstance(part, list):
        for item in part:
            check(item, template)
    elif isinstance(part, dict):
        for name, argument in part.items():
            if is_function(name) and (len(part) == 1 or name != "Ref"):
                _check_function(name, argument, template, alone=len(part) == 1)
            check(argument, template)


def check_boolean(part: JSON, template: Template, *, rules: bool = False) -> None:
    """Refuse a part of Conditions or Rules that is no function of conditions, or whose arguments have a wrong form."""

    def argument(part: JSON) -> Value:
        if "Fn::ImportValue" in _names(part):
            raise template_error(f"Cannot use Fn::ImportValue in {'Rules' if rules else 'Conditions'}.")
        check(part, template)
        return [] if isinstance(part, list) else Unknown() if is_function_call(part) else part

    _Forms(argument, lambda _: True, rules).holds(part)


class _Forms(Booleans):
    """Walks through functions of conditions without their values."""

    def _two(self, argument: JSON, words: str) -> tuple[JSON, JSON]:
        if not isinstance(argument, list) or len(argument) != 2:
            raise template_error(words)
        for part in argument:
            self.evaluate(part)
        return "", ""

    def _of_rules(self, name: str, argument: JSON) -> bool:
        self._two(argument, f"every {name} object requires a list argument with two elements")
        return True


def _names(part: JSON) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _names(item)
    elif isinstance(part, dict):
        for name, member in part.items():
            yield name
            yield from _names(member)


def conditions_in(part: JSON) -> list[str]:
    """Return the names of the conditions that a condition uses."""
    if isinstance(part, list):
        return [name for item in part for name in conditions_in(item)]
    if not isinstance(part, dict):
        return []
    found = [name for member in part.values() for name in conditions_in(member)]
    for key in ("Condition", "Fn::If"):
        argument = part.get(key)
        name = argument[0] if isinstance(argument, list) and argument else argument
        found += [name] if isinstance(name, str) else []
    return found


def without_branches(part: JSON) -> JSON:
    """Return a part with each Fn::If left out."""
    if isinstance(part, list):
        return [without_branches(item) for item in part]
    if isinstance(part, dict):
        return {name: without_branches(member) for name, member in part.items() if name != "Fn::If"}
    return part


def _check_function(name: str, argument: JSON, template: Template, *, alone: bool) -> None:
    if sentence := table.refusal("functions", name):
        raise table.not_supported("The function", name, sentence)
    if name in OF_CONDITIONS | OF_RULES:
        raise template_error(f"{name} cannot be partially collapsed")
    form = FORMS.get(name)
    if form is None or (name in functions.OF_LANGUAGE_EXTENSIONS and not template.extended):
        raise functions.unsupported(name)
    if not alone:
        raise template_error(f"an object with {name} can have no other members")
    if (words := form(argument, template)) is not None:
        raise template_error(words)


def _list(length: int, words: str) -> Callable[[JSON, Template], str | None]:
    return lambda argument, _: None if isinstance(argument, list) and len(argument) == length else words


def _evaluated(call: Callable[[Value], Value]) -> Callable[[JSON, Template], str | None]:
    """Return a check that runs a function on unknown arguments of the kinds that the template gives."""

    def form(argument: JSON, _: Template) -> str | None:
        items: list[Value] = [_blurred(item) for item in argument] if isinstance(argument, list) else []
        call(items if items else _blurred(argument))
        return None

    return form


def _blurred(part: JSON) -> Value:
    """Return an unknown of a part's kind: whether its value is right is found out only if it is evaluated."""
    if is_function_call(part):
        return Unknown()
    return Unknown(kind="array" if isinstance(part, list) else "object" if isinstance(part, dict) else "string")


def _ref(argument: JSON, _: Template) -> str | None:
    return None if isinstance(argument, str) and argument else evaluation.REF


def _get_att(argument: JSON, _: Template) -> str | None:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not all(argument):
        return evaluation.GET_ATT
    return None if isinstance(argument[1], str) or is_function_call(argument[1]) else evaluation.GET_ATT


def _if(argument: JSON, template: Template) -> str | None:
    if not isinstance(argument, list) or not argument or not isinstance(argument[0], str):
        return evaluation.IF
    if len(argument) != 3:
        return "Fn::If requires a list argument with three elements"
    if argument[0] not in template.section("Conditions"):
        return f"unresolved condition dependency {argument[0]} in Fn::If"
    return None


def _sub(argument: JSON, _: Template) -> str | None:
    template = argument if isinstance(argument, str) else evaluation.sub_arguments(argument)[0]
    variables(template)
    return None


def _find_in_map(argument: JSON, template: Template) -> str | None:
    if not isinstance(argument, list) or len(argument) not in ({3, 4} if template.extended else {3}):
        return evaluation.FIND_IN_MAP
    name = argument[0]
    if isinstance(name, str) and len(argument) == 3 and name not in template.section("Mappings"):
        raise evaluation.unknown_map(name)
    return None


def _import_value(argument: JSON, template: Template) -> str | None:
    depends = any(reference.name in template.section("Resources") for reference in references(argument))
    return evaluation.IMPORT_VALUE if depends or {"Fn::ImportValue", "Fn::GetAZs"} & {*_names(argument)} else None


def _text_or_function(words: str) -> Callable[[JSON, Template], str | None]:
    return lambda argument, _: None if isinstance(argument, str) or is_function_call(argument) else words


FORMS: dict[str, Callable[[JSON, Template], str | None]] = {
    **{name: _evaluated(call) for name, call in functions.OF_VALUES.items()},
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _text_or_function("every Fn::GetAZs object must have a String-typed value."),
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Sub": _sub,
    "Ref": _ref,
}
