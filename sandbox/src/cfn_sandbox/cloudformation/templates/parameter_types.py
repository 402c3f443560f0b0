"""Types of parameters and their constraints.

Source: "Parameters" and "CloudFormation-supplied parameter types" in the user guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cfn_sandbox.cloudformation.templates import table
from cfn_sandbox.cloudformation.templates.template import Object
from cfn_sandbox.errors import format_error, template_error
from cfn_sandbox.schemas.patterns import UnreadablePatternError, compiled
from cfn_sandbox.values import JSON, text

_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_OF_TEXTS = ("AllowedPattern", "MaxLength", "MinLength")
_OF_NUMBERS = ("MaxValue", "MinValue")
_STORED_NAME = "AWS::SSM::Parameter::Name"


@dataclass(frozen=True)
class Kind:
    """What a parameter's Type says."""

    name: str  # the type of the value, or of each member of a list: `String`, `Number`, `AWS::EC2::VPC::Id`
    is_list: bool = False  # whether Ref returns a list
    in_parameter_store: bool = False  # whether the given text is a name in Parameter Store
    resolves: bool = False  # whether Ref returns what Parameter Store has

    def value(self, given: str) -> JSON:
        """Return what Ref returns: a text, or the members of a list, trimmed."""
        return [*split(given)] if self.is_list else given


def split(given: str) -> list[str]:
    """Return the members of a comma-delimited list, trimmed. An empty text is a list of one empty text."""
    return [member.strip() for member in given.split(",")]


def kind(declaration: Object) -> Kind:
    """Return what the declaration's Type says; a ValidationError says that there is no such type."""
    name = declaration.get("Type")
    if not isinstance(name, str):
        raise format_error("Every Parameters object must contain a Type member.")
    if name == _STORED_NAME:
        return Kind("String", in_parameter_store=True)
    if match := re.fullmatch(r"AWS::SSM::Parameter::Value<(.+)>", name):
        stored = _plain(match[1])
        return Kind(stored.name, stored.is_list, in_parameter_store=True, resolves=True)
    found = _plain(name)
    if not found.is_list and found.name not in table.accepted("parameter types"):
        raise format_error(f"Unrecognized parameter type: {name}")
    return found


def _plain(name: str) -> Kind:
    """Return what a type says. In List<> and AWS::SSM::Parameter::Value<>, AWS accepts any (cfn-lint's rule W2002)."""
    if name == "CommaDelimitedList":
        return Kind("String", is_list=True)
    is_list = name.startswith("List<") and name.endswith(">")
    return Kind(name[len("List<") : -1] if is_list else name, is_list)


def check_constraints(key: str, declaration: Object) -> None:
    """Refuse constraints that don't fit a parameter's type, are malformed, or refuse its default: ValidationError."""
    is_number = kind(declaration).name == "Number"
    for name in _OF_TEXTS if is_number else _OF_NUMBERS:
        if name in declaration:
            of = "String" if is_number else "Number"
            raise template_error(f"Parameter '{key}' {name} must be on a parameter of type {of}")
    for name in (*_OF_TEXTS[1:], *_OF_NUMBERS):
        if name in declaration and not _NUMBER.fullmatch(text(declaration[name]).strip()):
            raise format_error(f"Every {name} member must be a number.")
    for least, most in (("MinLength", "MaxLength"), ("MinValue", "MaxValue")):
        if least in declaration and most in declaration and _number(declaration, least) > _number(declaration, most):
            raise template_error(f"Parameter '{key}' {least} must be less than {most}.")
    default = declaration.get("Default")
    if default is not None and (problem_with_default := problem(key, declaration, text(default))):
        raise template_error(problem_with_default)


def problem(key: str, declaration: Object, given: str) -> str | None:
    """Return what is wrong with a parameter's given text, in AWS's words; None if nothing is.

    The constraints of an SSM parameter apply to its value, which may be longer than what they are written for: they
    are left alone. The message repeats no value.
    """
    of = kind(declaration)
    if of.in_parameter_store:
        return None
    found = _violation(declaration, of, given)
    description = declaration.get("ConstraintDescription")
    if found and description is not None:  # without quotes, as users quote it
        return f"Parameter {key} failed to satisfy constraint: {text(description)}"
    return found and f"Parameter '{key}' {found}"


def _violation(declaration: Object, of: Kind, given: str) -> str | None:
    members = split(given) if of.is_list else [given]
    allowed = declaration.get("AllowedValues")
    # The whole text of a list may be one of them, too: cfn-lint, which AWS writes, accepts both.
    if isinstance(allowed, list) and not ({given} <= (texts := {*map(text, allowed)}) or {*members} <= texts):
        return "must be one of AllowedValues"
    if of.name == "Number":
        return _number_violation(declaration, members)
    if "MinLength" in declaration and min(map(len, members)) < _number(declaration, "MinLength"):
        return f"must contain at least {text(declaration['MinLength'])} characters"
    if "MaxLength" in declaration and max(map(len, members)) > _number(declaration, "MaxLength"):
        return f"must contain at most {text(declaration['MaxLength'])} characters"
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and not all(_matches(text(pattern), member) for member in members):
        return f"must match pattern {text(pattern)}"
    return None


def _matches(pattern: str, member: str) -> bool:
    try:
        return compiled(pattern).fullmatch(member) is not None
    except UnreadablePatternError as error:
        raise format_error(f"AllowedPattern {pattern} must be a valid regular expression.") from error


def _number_violation(declaration: Object, members: Iterable[str]) -> str | None:
    if not all(_NUMBER.fullmatch(member.strip()) for member in members):
        return "must be a number"
    numbers = [float(member) for member in members]
    if "MinValue" in declaration and min(numbers) < _number(declaration, "MinValue"):
        return f"must be a number not less than {text(declaration['MinValue'])}"
    if "MaxValue" in declaration and max(numbers) > _number(declaration, "MaxValue"):
        return f"must be a number not greater than {text(declaration['MaxValue'])}"
    return None


def _number(declaration: Object, name: str) -> float:
    return float(text(declaration[name]))
