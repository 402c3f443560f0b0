"""A resource type's schema: its property pointers, its references, and what they say about a resource.

A pointer such as `/properties/Outer/Inner` becomes the path ("Outer", "Inner"). `*` stands for an array's items.

Sources: "Resource type schema" in the CloudFormation CLI's user guide, and provider.definition.schema.v1.json in
aws-cloudformation/cloudformation-resource-schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Literal, cast

from cfn_sandbox.values import JSON, Unknown, Value, is_known

Path = tuple[str, ...]
Schema = Mapping[str, JSON]
Replacement = Literal["Always", "Never", "Conditionally"]

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MAX_DIGITS = 400  # Python refuses to parse thousands of them
# The keywords whose value is schemas by name, and those whose value is a schema or a list of schemas.
_NAMED_SCHEMAS = ("properties", "patternProperties", "definitions", "dependencies")
_INNER_SCHEMAS = (
    *("items", "additionalProperties", "additionalItems", "contains", "propertyNames", "not", "if", "then", "else"),
    *("allOf", "anyOf", "oneOf"),
)


def path_of(pointer: str) -> Path:
    """Return a property pointer's path: `/properties/Outer/Inner` is ("Outer", "Inner")."""
    keys = pointer.removeprefix("#").removeprefix("/").split("/")
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in keys[1:])


def referenced(document: JSON, reference: str) -> JSON:
    """Return the schema in a document that a `$ref` refers to; None if it is not there."""
    if not reference.startswith("#"):
        return None
    for key in path_of("/" + reference.removeprefix("#")):
        document = document.get(key) if isinstance(document, dict) else None
    return document


def at(model: Value, path: Iterable[str]) -> Value:
    """Return a model's value at a path without `*`; None if it has none, the Unknown on the way if there is one."""
    for key in path:
        if isinstance(model, Unknown):
            return model
        model = model.get(key) if isinstance(model, dict) else None
    return model


def put(model: dict[str, Value], path: Path, value: Value) -> None:
    """Set a model's value at a path without `*`."""
    *outer, last = path
    for key in outer:
        model = cast("dict[str, Value]", model.setdefault(key, {}))
    model[last] = value


def changed(paths: Iterable[Path], before: Mapping[str, Value], after: Mapping[str, Value]) -> list[Path]:
    """Return the paths at which two models differ. A path with `*` compares the whole array."""
    arrays = ((path, _up_to_array(path)) for path in paths)
    return [path for path, outer in arrays if at(dict(before), outer) != at(dict(after), outer)]


def subschemas(schema: JSON, place: str = "#") -> Iterator[tuple[str, dict[str, JSON]]]:
    """Yield a schema and the schemas inside it, each after its place as a JSON pointer. References aren't followed."""
    if not isinstance(schema, dict):
        return
    yield place, schema
    for keyword in _NAMED_SCHEMAS:
        for name, member in _mapping(schema.get(keyword)).items():
            yield from subschemas(member, f"{place}/{keyword}/{name}")
    for keyword in _INNER_SCHEMAS:
        inner = schema.get(keyword)
        yield from subschemas(inner, f"{place}/{keyword}")
        for number, branch in enumerate(inner if isinstance(inner, list) else ()):
            yield from subschemas(branch, f"{place}/{keyword}/{number}")


class ResourceSchema:
    """A resource type's schema.

    Args:
        document: the schema as its author or AWS publishes it.
    """

    def __init__(self, document: Schema) -> None:
        self.document = document
        self.name: str = str(document["typeName"])

    @property
    def properties(self) -> dict[str, JSON]:
        """The schemas of the top-level properties."""
        return _mapping(self.document.get("properties"))

    @property
    def read_only(self) -> list[Path]:
        """The paths of properties that only the type sets."""
        return self._paths("readOnlyProperties")

    @property
    def write_only(self) -> list[Path]:
        """The paths of properties that READ doesn't return."""
        return self._paths("writeOnlyProperties")

    @property
    def create_only(self) -> list[Path]:
        """The paths of properties whose change requires replacement."""
        return self._paths("createOnlyProperties")

    @property
    def conditional_create_only(self) -> list[Path]:
        """The paths of properties whose change can require replacement."""
        return self._paths("conditionalCreateOnlyProperties")

    @property
    def primary_identifier(self) -> list[Path]:
        """The paths of the primary identifier's parts."""
        return self._paths("primaryIdentifier")

    @property
    def additional_identifiers(self) -> list[list[Path]]:
        """The paths of each further identifier's parts."""
        identifiers = self.document.get("additionalIdentifiers")
        return [_pointers(pointers) for pointers in identifiers] if isinstance(identifiers, list) else []

    def _paths(self, keyword: str) -> list[Path]:
        return _pointers(self.document.get(keyword))

    @property
    def taggable(self) -> bool:
        """Whether resources of this type get the stack's tags."""
        tagging = _mapping(self.document.get("tagging"))
        return bool(tagging.get("taggable", self.document.get("taggable", True)))

    @property
    def tag_property(self) -> str | None:
        """The property with the resource's own tags; None if the type is not taggable, or the property is nested."""
        path = path_of(str(_mapping(self.document.get("tagging")).get("tagProperty", "/properties/Tags")))
        return path[0] if self.taggable and len(path) == 1 else None

    def handler(self, action: str) -> dict[str, JSON] | None:
        """Return what the schema says of an action's handler; None if it lists handlers without this one."""
        handlers = self.document.get("handlers")
        if not isinstance(handlers, Mapping):
            return {}
        handler = handlers.get(action.lower())
        return None if handler is None else _mapping(handler)

    def resolve(self, schema: JSON) -> dict[str, JSON]:
        """Return a schema with its reference followed; an empty one if it refers to itself or to nothing."""
        seen: set[str] = set()
        current = _mapping(schema)
        while isinstance(reference := current.get("$ref"), str):
            if reference in seen:
                return {}
            seen.add(reference)
            current = _mapping(referenced(dict(self.document), reference))
        return current

    def branches(self, schema: JSON) -> Iterator[dict[str, JSON]]:
        """Yield a schema and the schemas that it combines, with references followed."""
        pending, seen = [schema], 0
        while pending and seen < 100:  # a schema can combine itself
            current = self.resolve(pending.pop(0))
            seen += 1
            yield current
            for keyword in ("allOf", "anyOf", "oneOf"):
                branches = current.get(keyword)
                pending += branches if isinstance(branches, list) else []

    def kinds(self, schema: JSON) -> frozenset[str]:
        """Return the JSON types that a schema allows, in any of its branches; empty if it allows every type."""
        kinds: set[str] = set()
        for branch in self.branches(schema):
            kind = branch.get("type")
            kinds |= (
                {kind} if isinstance(kind, str) else {str(item) for item in kind} if isinstance(kind, list) else set()
            )
            if "properties" in branch:
                kinds.add("object")
            if "items" in branch:
                kinds.add("array")
        return frozenset(kinds)

    def members(self, schema: JSON, key: str) -> list[JSON]:
        """Return the schemas that an object's schema has for a member, one for each branch that has one."""
        found: list[JSON] = []
        for branch in self.branches(schema):
            properties = _mapping(branch.get("properties"))
            if key in properties:
                found.append(properties[key])
            else:
                found += _mapping(branch.get("patternProperties")).values()
                if isinstance(branch.get("additionalProperties"), Mapping):
                    found.append(branch["additionalProperties"])
        return found

    def items(self, schema: JSON) -> list[JSON]:
        """Return the schemas that an array's schema has for its items, one for each branch that has one."""
        return [branch["items"] for branch in self.branches(schema) if isinstance(branch.get("items"), Mapping)]

    def at(self, path: Iterable[str]) -> list[JSON]:
        """Return the schemas of the property at a path; empty if the schema doesn't have it."""
        schemas: list[JSON] = [{"properties": self.properties}]
        for key in path:
            schemas = [
                member
                for schema in schemas
                for member in (self.items(schema) if key == "*" else self.members(schema, key))
            ]
        return schemas

    def identifier(self, model: Mapping[str, Value]) -> str | None:
        """Return the primary identifier (the value of Ref), its parts joined by `|`; None if a part isn't known."""
        parts = [at(dict(model), path) for path in self.primary_identifier]
        unknown = not parts or any(part is None or not is_known(part) for part in parts)
        return None if unknown else "|".join(_text(part) for part in parts)

    def replacement(self, name: str, previous: Value, desired: Value) -> Replacement:
        """Return whether changing a top-level property replaces the resource.

        Args:
            name: the property's name.
            previous: its previous value; None if it was absent.
            desired: its desired value; None if it is absent. It can be or contain an Unknown.
        """
        if any(path[0] == name for path in self.conditional_create_only):
            return "Conditionally"
        paths = [_up_to_array(path)[1:] for path in self.create_only if path[0] == name]
        if () in paths:
            return "Always"
        if not paths:
            return "Never"
        if previous is not None and (desired is None or isinstance(desired, Unknown)):
            return "Conditionally"
        pairs = [(at(previous, path), at(desired, path)) for path in paths]
        if any(not is_known(value) for pair in pairs for value in pair):
            return "Conditionally"
        return "Always" if any(before != after for before, after in pairs) else "Never"

    def replaces(self, previous: Mapping[str, Value], desired: Mapping[str, Value]) -> bool:
        """Return whether a create-only property differs, so that the update requires replacement."""
        return bool(changed(self.create_only, previous, desired))

    @staticmethod
    def without(model: Mapping[str, Value], paths: Iterable[Path]) -> dict[str, Value]:
        """Return a copy of a model without some properties. An object that becomes empty is left out too."""
        copy = deepcopy(dict(model))
        for path in paths:
            _remove(copy, path)
        return copy

    def typed(self, properties: Mapping[str, Value]) -> dict[str, Value]:
        """Return a template's properties in the schema's types: CloudFormation accepts `"50"` for 50 and vice versa.

        Null members are left out, and an Unknown stays as it is.
        """
        return {
            key: self._typed(value, [self.properties[key]] if key in self.properties else [])
            for key, value in properties.items()
            if value is not None
        }

    def _typed(self, value: Value, schemas: list[JSON]) -> Value:
        if isinstance(value, dict):
            return {
                key: self._typed(member, [found for schema in schemas for found in self.members(schema, key)])
                for key, member in value.items()
                if member is not None
            }
        if isinstance(value, list):
            inner = [found for schema in schemas for found in self.items(schema)]
            return [self._typed(item, inner) for item in value if item is not None]
        kinds = [self.kinds(schema) for schema in schemas]
        return (
            value if isinstance(value, Unknown) or frozenset() in kinds else _scalar(value, frozenset().union(*kinds))
        )


def _remove(value: Value, path: Path) -> None:
    key, *rest = path
    if key == "*" and isinstance(value, list):
        for item in value:
            _remove(item, tuple(rest))
    elif isinstance(value, dict) and key in value:
        if rest:
            _remove(value[key], tuple(rest))
        if not rest or value[key] == {}:
            del value[key]


def _mapping(value: JSON) -> dict[str, JSON]:
    return dict(value) if isinstance(value, Mapping) else {}


def _pointers(value: JSON) -> list[Path]:
    return [path_of(pointer) for pointer in value if isinstance(pointer, str)] if isinstance(value, list) else []


def _up_to_array(path: Path) -> Path:
    return path[: path.index("*")] if "*" in path else path


def _scalar(value: Value, kinds: frozenset[str]) -> Value:
    """Return a scalar in the type that a schema allows, if there is one way to read it so."""
    if isinstance(value, str):
        if "string" in kinds:
            return value
        if "boolean" in kinds and value in {"true", "false"}:
            return value == "true"
        if kinds & {"integer", "number"} and len(value) < _MAX_DIGITS and _NUMBER.fullmatch(value):
            number: JSON = json.loads(value)
            return number
        return value
    kind = "boolean" if isinstance(value, bool) else "number"
    allowed = kind in kinds or (kind == "number" and "integer" in kinds)
    return value if allowed or "string" not in kinds else _text(value)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)
