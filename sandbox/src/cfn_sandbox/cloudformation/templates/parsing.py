"""Parses templates in JSON and YAML as CloudFormation reads them.

Sources: "Template format" in the user guide; for the words, validations of AWS that LocalStack recorded.
"""

from __future__ import annotations

import json
import math
import re
from typing import Final

import yaml

from cfn_sandbox.cloudformation.templates.template import UNPRINTABLE, Object, Template
from cfn_sandbox.errors import ValidationError, format_error
from cfn_sandbox.values import JSON

__all__ = ["parse"]

MAXIMUM_BYTES = 51_200  # of a TemplateBody
MAXIMUM_BYTES_IN_S3 = 1_000_000  # of what a TemplateURL leads to
MAXIMUM_NODES: Final = 100_000  # of an included file, with its aliases written out
MAXIMUM_DEPTH: Final = 100  # levels; AWS's limit isn't documented, and no real template comes near

_TAG = "tag:yaml.org,2002:"
_KINDS: dict[type[yaml.Node], frozenset[str]] = {
    yaml.ScalarNode: frozenset({"bool", "float", "int", "null", "str"}),
    yaml.SequenceNode: frozenset({"seq"}),
    yaml.MappingNode: frozenset({"map"}),
}
_LONG_NAMES = {"!Ref": "Ref", "!Condition": "Condition"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # a base that is found at run time
    """YAML as CloudFormation reads it: dates, `=` and `<<` are plain strings."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers if tag.removeprefix(_TAG) not in {"timestamp", "value", "merge"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(body: str, *, from_url: bool = False) -> Template:
    """Parse a template in YAML or JSON: a TemplateBody or, if it is `from_url`, a TemplateURL's, which may be longer.

    ValidationError: the text is too long, not well-formed, no object, or has YAML aliases or repeated keys.
    """
    _check_size(body, from_url=from_url)
    parsed = parse_part(body)
    if not isinstance(parsed, dict):
        raise format_error("unsupported structure.")
    return Template(parsed)


def parse_part(body: str, *, included: bool = False) -> JSON:
    """Parse a text in YAML or JSON that needn't be a whole template.

    If it is `included`, by AWS::Include, YAML's aliases are allowed, and no short forms of functions. ValidationError:
    it is not well-formed, has repeated keys, null, control characters, or is nested too deep.
    """
    if not body.isascii() and _SURROGATE.search(body):
        raise format_error("unsupported characters.")
    try:
        parsed = _json(body) if body.lstrip("\ufeff \t\r\n").startswith(("{", "[")) else _yaml(body, included=included)
        return _normalized(parsed, [])
    except RecursionError as error:
        raise _too_deep() from error


def _check_size(body: str, *, from_url: bool) -> None:
    size = len(body.encode(errors="replace"))
    start = f"1 validation error detected: Value '{body}' at 'templateBody' failed to satisfy constraint"
    refusal = f"{start}: Member must have length"
    if size == 0:
        raise ValidationError(f"{refusal} greater than or equal to 1")
    if from_url and size > MAXIMUM_BYTES_IN_S3:
        raise ValidationError(f"Template may not exceed {MAXIMUM_BYTES_IN_S3} bytes in size.")
    if not from_url and size > MAXIMUM_BYTES:
        raise ValidationError(f"{refusal} less than or equal to {MAXIMUM_BYTES}")


def _too_deep() -> ValidationError:
    return format_error(f"The template is nested more than {MAXIMUM_DEPTH} levels deep.")


def _json(body: str) -> JSON:
    try:
        parsed: JSON = json.loads(
            body.lstrip("\ufeff"), object_pairs_hook=_unrepeated, parse_constant=_refuse_constant, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        place = f"(line {error.lineno}, column {error.colno + 1})"
        raise format_error(f"JSON not well-formed. {place}") from error
    except ValueError as error:  # a number with thousands of digits
        raise format_error("JSON not well-formed. (a number is too long)") from error
    return parsed


def _unrepeated(pairs: list[tuple[str, JSON]]) -> Object:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [key for key, _ in pairs]
        repeated = next(key for key in names if names.count(key) > 1)
        raise format_error(f"The key {repeated} is given more than once in one object.")
    return members


def _refuse_constant(name: str) -> JSON:
    raise format_error(f"JSON not well-formed. ({name} is no JSON number)")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise format_error("JSON not well-formed. (a number is too large)")
    return number


def _yaml(body: str, *, included: bool) -> JSON:
    try:
        _check_events(body, included=included)
        node = yaml.compose(body, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"(line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise format_error(f"YAML not well-formed. {place}".strip()) from error
    except yaml.YAMLError as error:
        raise format_error("YAML not well-formed. (a character is not allowed)") from error
    if node is None:
        return None
    if included and _size(node, {}) > MAXIMUM_NODES:
        raise format_error("YAML not well-formed. (its aliases make it too large)")
    return _constructed(node)


def _check_events(body: str, *, included: bool) -> None:
    """Refuse what libyaml's composer can't take: it follows endless aliases, and deep YAML overflows its stack."""
    depth = 0
    for event in yaml.parse(body, _Loader):
        if isinstance(event, yaml.AliasEvent) and not included:
            raise ValidationError("YAML aliases are not allowed in CloudFormation templates")
        if included and str(getattr(event, "tag", None) or "").startswith("!"):
            raise format_error("YAML short forms of functions are not supported in included files.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAXIMUM_DEPTH:
            raise _too_deep()


def _size(node: yaml.Node, sizes: dict[int, float]) -> float:
    """Return how many nodes there are when aliases are written out; without an end if one leads back to itself."""
    if id(node) not in sizes:
        sizes[id(node)] = math.inf
        members: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            members = node.value
        elif isinstance(node, yaml.MappingNode):
            members = [part for pair in node.value for part in pair]
        sizes[id(node)] = 1 + sum(_size(member, sizes) for member in members)
    return sizes[id(node)]


def _constructed(node: yaml.Node, path: str = "") -> JSON:
    tag = str(node.tag)
    if not tag.startswith("!") and tag.removeprefix(_TAG) not in _KINDS[type(node)]:
        raise _unsupported(tag)
    value: JSON
    if isinstance(node, yaml.ScalarNode):
        value = _scalar(tag, str(node.value))
    elif isinstance(node, yaml.SequenceNode):
        value = [_constructed(item, f"{path}/{index}") for index, item in enumerate(node.value)]
    else:
        pairs = ((_key(key, path), member) for key, member in node.value)
        value = _unrepeated([(key, _constructed(member, f"{path}/{key}")) for key, member in pairs])
    return value if not tag.startswith("!") else {_LONG_NAMES.get(tag, f"Fn::{tag[1:]}"): value}


def _key(node: yaml.Node, path: str) -> str:
    kind = str(node.tag).removeprefix(_TAG)
    if not isinstance(node, yaml.ScalarNode) or kind.startswith("!"):
        raise format_error(f"[{path}] map keys must be strings; received a map instead")
    if kind in {"int", "float"}:
        raise format_error(f"[{path}] map keys must be strings; received numeric [{node.value}] instead")
    return str(node.value)


def _scalar(tag: str, value: str) -> JSON:
    """Return a scalar as YAML's types have it; as its text if JSON can't hold it, such as `.inf`."""
    if tag.startswith("!") or tag == f"{_TAG}str":
        return value
    try:
        scalar: JSON = yaml.constructor.SafeConstructor().construct_object(yaml.ScalarNode(tag, value))
    except LookupError as error:  # what is no boolean, or an empty number
        raise _unsupported(tag) from error
    except (OverflowError, ValueError) as error:
        raise format_error("YAML not well-formed. (a number is too long)") from error
    return value if isinstance(scalar, float) and not math.isfinite(scalar) else scalar


def _unsupported(tag: str) -> ValidationError:
    return format_error(f"YAML not well-formed. (the tag {tag} is not supported)")


def _normalized(value: JSON, path: list[str]) -> JSON:
    """Return a part with each Fn::GetAtt as a list of a logical id and an attribute's whole name; refuse null."""
    if isinstance(value, str):
        if not value.isprintable() and UNPRINTABLE.search(value):
            raise format_error(f"[/{'/'.join(path)}] control characters are not allowed in templates")
        return value
    if value is None:
        raise ValidationError(f"[/{'/'.join(path)}] 'null' values are not allowed in templates")
    if len(path) > MAXIMUM_DEPTH:
        raise _too_deep()
    if isinstance(value, list):
        return [_normalized(item, [*path, str(index)]) for index, item in enumerate(value)]
    if isinstance(value, dict):
        members = {key: _normalized(member, [*path, key]) for key, member in value.items()}
        return {"Fn::GetAtt": _attribute(members["Fn::GetAtt"])} if members.keys() == {"Fn::GetAtt"} else members
    return value


def _attribute(argument: JSON) -> JSON:
    if isinstance(argument, str):
        logical_id, dot, name = argument.partition(".")
        return [logical_id, name] if dot else [logical_id]
    if isinstance(argument, list) and len(argument) > 1 and all(isinstance(part, str) for part in argument):
        return [argument[0], ".".join(map(str, argument[1:]))]
    return argument
