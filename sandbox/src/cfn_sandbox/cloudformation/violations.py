r"""Lists how properties violate a type's schema, with CloudFormation's wording.

Patterns are Java's, so this uses `regex`: unlike Python's `re`, it supports `\p{L}`.

Source: messages of failed validations that users quote from stack events (aws/aws-cdk, issue 28984). They are those of
everit's validator, without the values.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import regex
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

JSON = Any

JSON_NAMES = {dict: "JSONObject", list: "JSONArray", str: "String", bool: "Boolean", int: "Integer", float: "Number"}
SCHEMA_NAMES = {"object": "JSONObject", "array": "JSONArray"}


def lines(schema: Mapping[str, Any], properties: Mapping[str, Any]) -> list[str]:
    """Return a line for each error. No line repeats a value.

    Args:
        schema: the schema of the properties.
        properties: the properties, in the schema's types.
    """
    errors = sorted(_Validator(schema).iter_errors(properties), key=lambda error: [*map(str, error.path)])
    return list(dict.fromkeys(line for error in errors for line in _lines(error)))


def _pattern(_validator: JSON, rule: str, instance: JSON, _schema: JSON) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not regex.search(rule, instance):
        yield ValidationError("pattern")


def _pattern_properties(
    validator: JSON, rules: Mapping[str, Any], instance: JSON, _schema: JSON
) -> Iterator[ValidationError]:
    for pattern, schema in rules.items():
        for key, value in instance.items() if isinstance(instance, dict) else ():
            if regex.search(pattern, key):
                yield from validator.descend(value, schema, path=key, schema_path=pattern)


def _additional_properties(validator: JSON, rule: JSON, instance: JSON, schema: JSON) -> Iterator[ValidationError]:
    for key in _extraneous(schema, instance) if isinstance(instance, dict) else ():
        if rule is False:
            yield ValidationError("additionalProperties")
        elif isinstance(rule, Mapping):
            yield from validator.descend(instance[key], rule, path=key)


def _extraneous(schema: Mapping[str, Any], instance: Mapping[str, Any]) -> list[str]:
    """Return the keys that a schema doesn't define."""
    patterns = schema.get("patternProperties", {})
    return [
        key
        for key in instance
        if key not in schema.get("properties", {}) and not any(regex.search(pattern, key) for pattern in patterns)
    ]


_Validator = extend(  # type: ignore[no-untyped-call]  # jsonschema has no types for this function
    Draft7Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    },
)


def _lines(error: ValidationError) -> Iterator[str]:
    """Yield the lines for an error, with CloudFormation's wording."""
    location = "#" + "".join(f"/{key}" for key in error.absolute_path)
    rule: Any = error.validator_value
    instance: Any = error.instance
    if error.validator == "additionalProperties" and rule is False:
        schema: Any = error.schema
        extraneous = _extraneous(schema, instance)
        yield from (f"{location}: extraneous key [{key}] is not permitted" for key in extraneous)
    elif error.validator == "required":
        yield from (f"{location}: required key [{key}] not found" for key in rule if key not in instance)
    elif error.validator == "type" and isinstance(rule, str):
        found = JSON_NAMES.get(type(instance), "null")
        yield f"{location}: expected type: {SCHEMA_NAMES.get(rule, rule.capitalize())}, found: {found}"
    else:
        hint = "" if error.context else _hint(error)
        yield f"{location}: failed validation constraint for keyword [{error.validator}]{hint}"
        # For a combination (oneOf, anyOf), each branch says why it doesn't match: `buildFullExceptionMessage` in
        # aws-cloudformation/cloudformation-resource-schema (ValidationException.java) adds all causes.
        for cause in error.context or ():
            yield from _lines(cause)


def _hint(error: ValidationError) -> str:
    """Return a hint about the keyword's limit. It is marked as the sandbox's, because AWS's stack events have none."""
    rule: Any = error.validator_value
    schema: Any = error.schema
    limits = {
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "multipleOf": "a multiple of {}",
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minItems": "at least {} items",
        "maxItems": "at most {} items",
        "minProperties": "at least {} of its properties",
        "maxProperties": "at most {} of its properties",
        "pattern": "text that matches {}",
        "const": "{}",
        "uniqueItems": "no item twice",
    }
    keyword = str(error.validator)
    if keyword == "enum":
        limit = "one of " + ", ".join(map(str, rule))
    elif keyword in limits:
        limit = limits[keyword].format(rule)
    else:
        limit = "see the schema"
    meaning = str(schema.get("description", "")).split("\n", 1)[0] if isinstance(schema, Mapping) else ""
    return f" (sandbox's hint: {limit}{'. ' + meaning if meaning else ''})"
