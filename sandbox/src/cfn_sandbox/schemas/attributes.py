"""Which attributes Fn::GetAtt gives, by a type's schema.

Most types give their read-only properties. Some of AWS's, which are older than schemas, give every property but lists
of objects, and some give a few more. attributes.json has both lists.

Source of the words for what a schema lacks: aws-cloudformation/cloudformation-resource-schema pull request 101.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from cfn_sandbox.schemas.schema import Path, ResourceSchema
from cfn_sandbox.values import JSON

_WITH_OUTPUTS = {
    "AWS::CloudFormation::Stack",
    "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
    "AWS::Serverless::Application",
}
_DEEPEST = 10  # levels of an attribute's name; a schema can refer to itself without end


@lru_cache
def _table() -> tuple[frozenset[str], dict[str, list[str]]]:
    table = json.loads(files(__package__).joinpath("attributes.json").read_text("utf-8"))
    return frozenset(table["all_properties"]), table["further"]


def attribute_paths(schema: ResourceSchema) -> set[Path]:
    """Return the paths of a type's attributes: ("Outer", "Inner") is `Outer.Inner` in a template."""
    every, further = _table()
    if schema.name in every:
        return {path for name, rules in schema.properties.items() for path in _leaves(schema, rules, (name,))}
    read_only = {path for path in schema.read_only if "*" not in path}
    return read_only | {(name,) for name in further.get(schema.name, ())}


def refusal(schema: ResourceSchema, name: str) -> str | None:
    """Return why Fn::GetAtt of an attribute is refused, in CloudFormation's words; None if it is allowed."""
    has_outputs = schema.name in _WITH_OUTPUTS and name.startswith("Outputs.")
    if has_outputs or tuple(name.split(".")) in attribute_paths(schema):
        return None
    if not schema.at(name.split(".")):
        return f"Requested attribute {name} does not exist in schema for {schema.name}"
    return f"Requested attribute {name} must be a readonly property in schema for [{schema.name}]"


def _leaves(schema: ResourceSchema, rules: JSON, path: Path) -> Iterator[Path]:
    """Yield the paths of the properties below one that are neither objects nor lists of objects."""
    resolved = rules if isinstance(rules, dict) and "type" in rules else schema.resolve(rules)  # as cfn-lint reads it
    kind = resolved.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "object" in kinds:
        inner = resolved.get("properties")
        for name, member in inner.items() if isinstance(inner, dict) and len(path) < _DEEPEST else ():
            yield from _leaves(schema, member, (*path, name))
    elif "array" not in kinds or schema.resolve(resolved.get("items")).get("type") not in {"object", "array"}:
        yield path
