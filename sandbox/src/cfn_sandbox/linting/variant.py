"""A schema as AWS's cloudformation-validate takes it, with the same meaning.

The linter refuses dependencies in schema form: `"dependencies": {"Csv": {...}}`. Here each is written with keywords
that it knows. Three of them come from cfn-lint, whose rules it has: `dependentExcluded`, `requiredOr`, `requiredXor`.
Of the first and the last, only the last heeds `Fn::If`, so it is taken where exactly one of some properties is needed.
"""

from copy import deepcopy
from typing import cast

from cfn_sandbox import SandboxError
from cfn_sandbox.schemas.schema import subschemas
from cfn_sandbox.values import JSON

__all__ = ["linted"]

Object = dict[str, JSON]


def linted(schema: Object, type_name: str | None = None) -> Object:
    """Return a schema for the linter.

    Args:
        schema: the type's schema. It stays as it is.
        type_name: the type's name in the result; by default the schema's.

    Raises:
        SandboxError: a dependency can't be written for the linter.
    """
    result = deepcopy(schema)
    if type_name:
        result["typeName"] = type_name
    for place, rules in [*subschemas(result)]:
        dependencies = rules.pop("dependencies", None)
        for name, dependency in dependencies.items() if isinstance(dependencies, dict) else ():
            rest: Object = dict(dependency) if isinstance(dependency, dict) else {"required": dependency}
            _exclude(rules, name, rest)
            _require(rules, name, rest)
            if rest:
                where = place.removeprefix("#") or "/"
                raise SandboxError(
                    f"cloudformation-validate has no form for the dependency of {name} at {where}: "
                    f"{', '.join(sorted(rest))}"
                )
    for place, rules in [*subschemas(result)]:
        _exactly_one(rules, [other for _, other in subschemas(result) if other.get("$ref") == place])
    return result


def _exclude(rules: Object, name: str, rest: Object) -> None:
    """Write that a property excludes all those that its dependency doesn't name, and rules for its own value."""
    inner, properties = rest.get("properties", {}), rules.get("properties")
    if not isinstance(inner, dict) or not isinstance(properties, dict) or "patternProperties" in rules:
        return
    if any(rule and member != name for member, rule in inner.items()):
        return
    value, own = properties.get(name), inner.get(name)
    if isinstance(own, dict) and isinstance(value, dict):
        if own.keys() & value.keys():
            return
        properties[name] = value | own
    rest.pop("properties", None)
    if rest.get("additionalProperties") is False:
        del rest["additionalProperties"]
        others: list[JSON] = [other for other in properties if other not in inner]
        if others:
            cast("Object", rules.setdefault("dependentExcluded", {}))[name] = others


def _require(rules: Object, name: str, rest: Object) -> None:
    """Write that a property requires others, or, if it is required itself, one of others."""
    if isinstance(rest.get("required"), list):
        cast("Object", rules.setdefault("dependencies", {}))[name] = rest.pop("required")
    branches, required = rest.get("anyOf"), rules.get("required")
    if not isinstance(branches, list) or not isinstance(required, list) or name not in required:
        return
    names = [branch["required"][0] for branch in branches if _requires_one(branch)]  # type: ignore[index,call-overload]  # _requires_one says so
    if len(names) == len(branches) and "requiredOr" not in rules:
        rules["requiredOr"] = names
        del rest["anyOf"]


def _exactly_one(rules: Object, references: list[Object]) -> None:
    """Write in one keyword that properties exclude one another, and that one of them is needed.

    Args:
        rules: the rules of an object.
        references: all references to it, any of which can say that one of the properties is needed.
    """
    excluded = rules.get("dependentExcluded")
    names = [*excluded] if isinstance(excluded, dict) else []
    if not names or any(set(names) - {name} != set(cast("list[str]", excluded[name])) for name in names):  # type: ignore[index,call-overload]  # it is a dict if there are names
        return
    needed: JSON = [{"required": [name]} for name in names]
    if set(cast("list[str]", rules.get("requiredOr", []))) == set(names):
        del rules["requiredOr"]
    elif references and all(reference.get("anyOf") == needed for reference in references):
        for reference in references:
            del reference["anyOf"]
    else:
        return
    del rules["dependentExcluded"]
    rules["requiredXor"] = [*names]


def _requires_one(branch: JSON) -> bool:
    required = branch.get("required") if isinstance(branch, dict) and len(branch) == 1 else None
    return isinstance(required, list) and len(required) == 1
