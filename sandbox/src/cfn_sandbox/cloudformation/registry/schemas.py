"""What AWS's loader of schemas (Java) refuses and cfn's own loader accepts.

Source: software.amazon.cloudformation:aws-cloudformation-resource-schema 2.0.10, run on schemas with one mistake each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cfn_sandbox.cloudformation.types.patterns import (
    UnreadablePatternError,
    UntranslatedPatternError,
    compiled,
    what_is_wrong,
)
from cfn_sandbox.cloudformation.types.schema import ResourceSchema, path_of
from cfn_sandbox.cloudformation.values import JSON

_POINTERS = (
    *("readOnlyProperties", "writeOnlyProperties", "createOnlyProperties", "conditionalCreateOnlyProperties"),
    *("nonPublicProperties", "nonPublicDefinitions", "deprecatedProperties", "primaryIdentifier"),
    "additionalIdentifiers",
)
_MAPS = ("properties", "patternProperties", "definitions", "dependencies")  # keywords with schemas by name
_SCHEMAS = ("items", "additionalProperties", "additionalItems", "contains", "propertyNames", "not", "if", "then")
_LISTS = ("allOf", "anyOf", "oneOf")


def mistakes(schema: Mapping[str, JSON]) -> list[str]:
    """Return what AWS refuses in a schema that cfn's loader accepts: a sentence for each mistake, with its place.

    A pattern that the sandbox can't read is none: Java may accept it, and then AWS does. See `unread_patterns`.
    """
    patterns = (sentence for sentence, error in _patterns(dict(schema), "#") if not _is_untranslated(error))
    return [*_no_pointers(schema), *_tagging(schema), *patterns]


def unread_patterns(schema: Mapping[str, JSON]) -> list[str]:
    """Return a sentence for each pattern that Java may accept and the sandbox can't read, with its place."""
    return [sentence for sentence, error in _patterns(dict(schema), "#") if _is_untranslated(error)]


def _is_untranslated(error: UnreadablePatternError) -> bool:
    return isinstance(error, UntranslatedPatternError)


def unhashable_sets(schema: Mapping[str, JSON]) -> list[str]:
    """Return a sentence for each array of a schema that the plugin library for Python can't read, with its place.

    cfn makes a set of an array with uniqueItems and without insertionOrder, and the library then puts the items into a
    set as they come, which fails for objects and arrays: "unhashable type: 'dict'".
    """
    types = ResourceSchema(schema)
    return [
        f'{place}: every model with this property fails in the handler with "unhashable type", because the plugin '
        "library makes a set of its items, which are objects or arrays: remove uniqueItems, or insertionOrder"
        for place, array in _arrays(dict(schema), "#")
        if array.get("uniqueItems") is True and array.get("insertionOrder") is False
        if any(types.kinds(item) & {"object", "array"} for item in types.items(dict(array)))
    ]


def _arrays(value: JSON, place: str) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    if isinstance(value, dict):
        if "items" in value:
            yield place, value
        for key, member in value.items():
            yield from _arrays(member, f"{place}/{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _arrays(item, f"{place}/{number}")


def _no_pointers(schema: Mapping[str, JSON]) -> Iterator[str]:
    for keyword in _POINTERS:
        for item in _flat(schema.get(keyword)):
            escaped = str(item).replace("~0", "").replace("~1", "")
            if not isinstance(item, str) or "~" in escaped or (item and not item.startswith("/")):
                yield f"#/{keyword}: [{item}] is not a valid JSON pointer, such as /properties/Name"


def _flat(value: JSON) -> Iterator[JSON]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif value is not None:
        yield value


def _tagging(schema: Mapping[str, JSON]) -> Iterator[str]:
    tagging = schema.get("tagging")
    if not isinstance(tagging, dict):
        return
    if "taggable" in schema:
        yield "#/taggable: it is deprecated beside tagging: remove it"
    taggable = tagging.get("taggable", True)
    if taggable and "tagProperty" in tagging and not ResourceSchema(schema).at(path_of(str(tagging["tagProperty"]))):
        yield f"#/tagging/tagProperty: the schema has no property {tagging['tagProperty']}"


def _patterns(schema: JSON, place: str) -> Iterator[tuple[str, UnreadablePatternError]]:
    """Yield a sentence and the error for each pattern that can't be read, in a schema and the schemas inside it."""
    if not isinstance(schema, dict):
        return
    named = schema.get("patternProperties")
    for pattern in [schema.get("pattern"), *(named if isinstance(named, dict) else ())]:
        try:
            compiled(str(pattern or ""))
        except UnreadablePatternError as error:
            yield f"{place}/pattern: {what_is_wrong(str(pattern), error)}", error
    for keyword in _MAPS:
        members = schema.get(keyword)
        for name, member in members.items() if isinstance(members, dict) else ():
            yield from _patterns(member, f"{place}/{keyword}/{name}")
    for keyword in _SCHEMAS:
        yield from _patterns(schema.get(keyword), f"{place}/{keyword}")
    for keyword in _LISTS:
        branches = schema.get(keyword)
        for number, branch in enumerate(branches if isinstance(branches, Sequence) else ()):
            yield from _patterns(branch, f"{place}/{keyword}/{number}")
