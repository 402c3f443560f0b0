"""AWS::LanguageExtensions: loops, and functions where CloudFormation allows only texts without it.

Fn::Length, Fn::ToJsonString and the default of Fn::FindInMap are left to the evaluator.

Source: "AWS::LanguageExtensions transform" and "Fn::ForEach" in the user guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.cloudformation.templates.functions import is_scalar
from cfn_sandbox.cloudformation.templates.template import Object, Template
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import JSON, Value, text

NAME = "AWS::LanguageExtensions"
MAXIMUM_MEMBERS = 1000  # of an object; a template has at most 500 resources
_LOOP = "Fn::ForEach::"
_LOOP_NAME = re.compile(r"Fn::ForEach::[A-Za-z0-9]+")
_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
_IN_SECTIONS = ("Conditions", "Outputs", "Resources")


def refused(words: str) -> ValidationError:
    """Return the transform's error."""
    return ValidationError(f"Transform {NAME} failed with: {words}")


def expand(evaluator: Evaluator) -> Template:
    """Return a template, whose Transform section was taken out, with its loops expanded.

    Names and policies that are functions are evaluated.

    Raises:
        ValidationError: the transform refuses the template.
    """
    template = evaluator.template
    body = {
        name: _expanded(member, {}, evaluator) if name in _IN_SECTIONS else member
        for name, member in template.body.items()
    }
    looped = replace(template, body=body)
    evaluator = evaluator.of(looped)
    for name in _IN_SECTIONS:
        if name in body:
            body[name] = _named(body[name], evaluator)
    resources = {logical_id: _with_policies(one, evaluator) for logical_id, one in looped.section("Resources").items()}
    return replace(template, body={**body, "Resources": resources})


def _with_policies(definition: JSON, evaluator: Evaluator) -> JSON:
    if not isinstance(definition, dict):
        return definition
    evaluated = {
        name: _text(evaluator.evaluate(definition[name]), name)
        for name in _POLICIES
        if isinstance(definition.get(name), dict)
    }
    return {**definition, **evaluated}


def _named(part: JSON, evaluator: Evaluator) -> JSON:
    """Return a part with each function that stands for a logical id or an attribute evaluated."""
    if isinstance(part, list):
        return [_named(item, evaluator) for item in part]
    if not isinstance(part, dict):
        return part
    if part.keys() == {"Ref"} and isinstance(part["Ref"], dict):
        return {"Ref": _text(evaluator.evaluate(part["Ref"]), "Ref")}
    argument = part.get("Fn::GetAtt")
    if len(part) == 1 and isinstance(argument, list):
        return {"Fn::GetAtt": [_text(evaluator.evaluate(one), "Fn::GetAtt") for one in argument]}
    return {name: _named(member, evaluator) for name, member in part.items()}


def _text(value: Value, name: str) -> str:
    if not is_scalar(value):
        raise refused(f"{name} must be a string, or a function of parameters that returns one")
    return text(value)


def _expanded(part: JSON, values: Mapping[str, str], evaluator: Evaluator) -> JSON:
    """Return a part with its loops expanded, and the identifiers of the loops around it replaced."""
    if isinstance(part, str):
        return _replaced(part, values)
    if isinstance(part, list):
        return [_expanded(item, values, evaluator) for item in part]
    if not isinstance(part, dict):
        return part
    if part.keys() == {"Ref"} and isinstance(part["Ref"], str) and part["Ref"] in values:
        return values[part["Ref"]]
    members: Object = {}
    for name, member in part.items():
        found = [(_replaced(name, values), _expanded(member, values, evaluator))]
        if name.startswith(_LOOP):
            found = [*_loop(name, member, values, evaluator)]
        for key, value in found:
            if key in members:
                raise refused(f"Fn::ForEach makes {key} more than once")
            if len(members) >= MAXIMUM_MEMBERS:
                raise refused(f"Fn::ForEach makes more than {MAXIMUM_MEMBERS} members")
            members[key] = value
    return members


def _loop(name: str, argument: JSON, values: Mapping[str, str], evaluator: Evaluator) -> Iterator[tuple[str, JSON]]:
    if not _LOOP_NAME.fullmatch(name):
        raise refused(f"{name}: the name of a loop must be alphanumeric")
    if not isinstance(argument, list) or len(argument) != 3:
        raise refused(f"{name} layout is incorrect")
    identifier, collection, output = argument
    if not isinstance(identifier, str) or not isinstance(output, dict) or not output:
        raise refused(f"{name} layout is incorrect")
    if identifier in values or identifier in evaluator.template.section("Parameters"):
        raise refused(f"{name}: the identifier {identifier} is in use already")
    for member in _collection(name, collection, values, evaluator):
        expanded = _expanded(output, {**values, identifier: member}, evaluator)
        if isinstance(expanded, dict):
            yield from expanded.items()


def _collection(name: str, collection: JSON, values: Mapping[str, str], evaluator: Evaluator) -> list[str]:
    evaluated = evaluator.evaluate(_expanded(collection, values, evaluator))
    if not isinstance(evaluated, list):
        raise refused(f"{name}: the collection must be a list, or a function of parameters that returns one")
    members: list[str] = []
    for member in evaluated:
        members += map(text, member) if isinstance(member, list) else [_text(member, name)]  # type: ignore[arg-type]  # a list parameter has texts
    return [*dict.fromkeys(members)]


def _replaced(written: str, values: Mapping[str, str]) -> str:
    """Return a text with `${Identifier}` replaced, and `&{Identifier}` by the value's letters and digits."""
    for identifier, value in values.items():
        written = written.replace(f"${{{identifier}}}", value)
        written = written.replace(f"&{{{identifier}}}", re.sub("[^A-Za-z0-9]", "", value))
    return written
