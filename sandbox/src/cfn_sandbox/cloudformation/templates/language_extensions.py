"""AWS::LanguageExtensions: loops, and functions where CloudFormation allows only texts without it.

Functions of parameters, pseudo parameters and mappings are replaced by their values; Fn::If and conditions stay.

Sources: "AWS::LanguageExtensions transform" and "Fn::ForEach" in the user guide; LocalStack's recordings of AWS,
api/test_transformers.snapshot.json; aws-cloudformation/cfn-language-discussion issue 102 (a processed template, with
Conditions); what ministackorg/ministack pull request 1739 measured in an account (where identifiers are replaced).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from cfn_sandbox.cloudformation.templates import pseudo
from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.cloudformation.templates.functions import is_function, is_scalar
from cfn_sandbox.cloudformation.templates.references import references, with_variables
from cfn_sandbox.cloudformation.templates.template import POLICIES, Object, Template
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import JSON, Value, is_known, objects, text

NAME = "AWS::LanguageExtensions"
MAXIMUM_MEMBERS = 1000  # of an object; a template has at most 500 resources
_LOOP = "Fn::ForEach::"
_LOOP_NAME = re.compile(r"Fn::ForEach::[A-Za-z0-9]+")
_PLACE = re.compile(r"([$&])\{([A-Za-z0-9]+)\}")
_IN_SECTIONS = ("Conditions", "Outputs", "Resources")
_REPLACED = frozenset(
    {
        *("Fn::Base64", "Fn::FindInMap", "Fn::Join", "Fn::Length", "Fn::Select", "Fn::Split", "Fn::Sub"),
        *("Fn::ToJsonString", "Ref"),
    }
)
_KEPT = frozenset({"AWS::NoValue", "AWS::NotificationARNs"})
_LAYOUT = "Fn::ForEach layout is incorrect"


def refused(words: str) -> ValidationError:
    """Return the transform's error."""
    return ValidationError(f"Transform {NAME} failed with: {words}")


def expand(evaluator: Evaluator) -> Template:
    """Return a template, whose Transform section was taken out, with its loops expanded and its functions replaced.

    Raises:
        ValidationError: the transform refuses the template.
    """
    template = evaluator.template
    looped = {name: _expanded(template.body[name], {}, evaluator) for name in _IN_SECTIONS if name in template.body}
    evaluator = evaluator.of(replace(template, body=template.body | looped))
    body = evaluator.template.body | {name: _collapsed(member, evaluator) for name, member in looped.items()}
    defined = replace(template, body=body)
    resources: JSON = {key: _defined(one, evaluator) for key, one in defined.section("Resources").items()}
    return replace(template, body=body | {"Resources": resources})


def _defined(definition: JSON, evaluator: Evaluator) -> JSON:
    """Return a resource's definition with its policies evaluated, and a DependsOn of one resource as a text."""
    if not isinstance(definition, dict):
        return definition
    evaluated: Object = {
        name: _text(evaluator.evaluate(definition[name]), name)
        for name in POLICIES
        if isinstance(definition.get(name), dict)
    }
    others = definition.get("DependsOn")
    if isinstance(others, list) and len(others) == 1:
        evaluated["DependsOn"] = others[0]
    return {**definition, **evaluated}


def _collapsed(part: JSON, evaluator: Evaluator) -> JSON:
    """Return a part with each function replaced whose value is known, and isn't that of a NoEcho parameter."""
    if isinstance(part, list):
        return [_collapsed(item, evaluator) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {"DependsOn", "Type"} if "Type" in part else {}
    members: Object = {name: one if name in kept else _collapsed(one, evaluator) for name, one in part.items()}
    name, argument = next(iter(members.items())) if len(members) == 1 else ("", None)
    if name == "Ref" and isinstance(argument, dict):
        members = {name: _text(evaluator.evaluate(argument), name)}
    elif name == "Fn::GetAtt" and isinstance(argument, list):
        members = {name: [_text(evaluator.evaluate(one), name) for one in argument]}
    if name == "Fn::Length" and _is_later(members, evaluator):
        raise refused("The Fn::Length value could not be resolved for properties")
    try:
        value = evaluator.evaluate(members) if name in _REPLACED and _is_fixed(members, evaluator) else None
    except ValidationError:
        return part  # it is refused as it is written, if it is in use
    return members if value is None or not is_known(value) else cast("JSON", value)


def _is_fixed(part: JSON, evaluator: Evaluator) -> bool:
    """Return whether a part rests on nothing but values that this transform writes into the template."""
    kept = _KEPT | evaluator.parameters.hidden | evaluator.parameters.resolved
    rests_on_kept = any("Fn::If" in one for one in objects(part)) or any(one.name in kept for one in references(part))
    return not rests_on_kept and not _is_later(part, evaluator)


def _is_later(part: JSON, evaluator: Evaluator) -> bool:
    """Return whether a part rests on what is known only when the stack is made."""
    functions = {name for one in objects(part) for name in one if is_function(name)}
    names = {one.name for one in references(part)}
    return bool(functions - _REPLACED - {"Fn::If"} or names - evaluator.parameters.values.keys() - pseudo.NAMES)


def _text(value: Value, name: str) -> str:
    if not is_scalar(value):
        raise refused(f"{name} must be a string, or a function of parameters that returns one")
    return text(value)


def _expanded(part: JSON, values: Mapping[str, str], evaluator: Evaluator, *, named: bool = False) -> JSON:
    """Return a part with its loops expanded and identifiers replaced: if `named`, also in its members' names."""
    if isinstance(part, list):
        return [_expanded(item, values, evaluator) for item in part]
    if not isinstance(part, dict):
        return part
    if part.keys() == {"Ref"} and isinstance(part["Ref"], str) and part["Ref"] in values:
        return values[part["Ref"]]
    if part.keys() == {"Fn::Sub"}:
        return {"Fn::Sub": _substituted(part["Fn::Sub"], values, evaluator)}
    members: Object = {}
    for name, member in part.items():
        key = _replaced(name, values) if named else name
        is_loop = name.startswith(_LOOP)
        found = _loop(name, member, values, evaluator) if is_loop else [(key, _expanded(member, values, evaluator))]
        for key, value in found:
            if key in members:
                raise refused(f"Duplicate key '{key}' when merging keys to parent object in Fn::ForEach")
            if len(members) >= MAXIMUM_MEMBERS:
                raise refused(f"Fn::ForEach makes more than {MAXIMUM_MEMBERS} members")
            members[key] = value
    return members


def _substituted(argument: JSON, values: Mapping[str, str], evaluator: Evaluator) -> JSON:
    """Return the argument of Fn::Sub with each `${Identifier}` in its text replaced."""
    if isinstance(argument, str):
        return with_variables(argument, values)
    if isinstance(argument, list) and argument and isinstance(argument[0], str):
        return [with_variables(argument[0], values), *(_expanded(item, values, evaluator) for item in argument[1:])]
    return argument


def _loop(name: str, argument: JSON, values: Mapping[str, str], evaluator: Evaluator) -> Iterator[tuple[str, JSON]]:
    if not _LOOP_NAME.fullmatch(name):
        raise refused(f"{name}: the name of a loop must be alphanumeric")
    if not isinstance(argument, list) or len(argument) != 3:
        raise refused(_LAYOUT)
    identifier, collection, output = argument
    if not isinstance(identifier, str) or not isinstance(output, dict) or not output:
        raise refused(_LAYOUT)
    if identifier in values or identifier in evaluator.template.section("Parameters"):
        raise refused(f"{name}: the identifier {identifier} is in use already")
    for member in _collection(collection, values, evaluator):
        expanded = _expanded(output, {**values, identifier: member}, evaluator, named=True)
        if isinstance(expanded, dict):
            yield from expanded.items()


def _collection(collection: JSON, values: Mapping[str, str], evaluator: Evaluator) -> list[str]:
    evaluated = evaluator.evaluate(_expanded(collection, values, evaluator))
    if isinstance(evaluated, list):
        members = [one for item in evaluated for one in (item if isinstance(item, list) else [item])]
        if all(map(is_scalar, members)):
            return [*dict.fromkeys(map(text, members))]  # type: ignore[arg-type]  # scalars
    raise refused("Could not find a collection or could not be resolved for Fn::ForEach")


def _replaced(name: str, values: Mapping[str, str]) -> str:
    """Return a name with `${Identifier}` replaced, and `&{Identifier}` by the value's letters and digits."""

    def value(found: re.Match[str]) -> str:
        known = values.get(found[2])
        if known is None:
            return found[0]
        return known if found[1] == "$" else re.sub("[^A-Za-z0-9]", "", known)

    return _PLACE.sub(value, name)
