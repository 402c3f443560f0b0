"""What AWS's loader of schemas (Java) refuses and cfn's own loader accepts.

Source: software.amazon.cloudformation:aws-cloudformation-resource-schema 2.0.10, run on schemas with one mistake each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cfn_sandbox.schemas.patterns import UntranslatedPatternError, unreadable
from cfn_sandbox.schemas.schema import ResourceSchema, path_of, subschemas
from cfn_sandbox.values import JSON

_POINTERS = (
    *("readOnlyProperties", "writeOnlyProperties", "createOnlyProperties", "conditionalCreateOnlyProperties"),
    *("nonPublicProperties", "nonPublicDefinitions", "deprecatedProperties", "primaryIdentifier"),
    "additionalIdentifiers",
)


def mistakes(schema: Mapping[str, JSON]) -> list[str]:
    """Return what AWS refuses in a schema that cfn's loader accepts: a sentence for each mistake, with its place.

    A pattern that the sandbox can't read is none: Java may accept it, and then AWS does. See `unread_patterns`.
    """
    patterns = (text for text, error in unreadable(dict(schema)) if not isinstance(error, UntranslatedPatternError))
    return [*_no_pointers(schema), *_tagging(schema), *patterns]


def unread_patterns(schema: Mapping[str, JSON]) -> list[str]:
    """Return a sentence for each pattern that Java may accept and the sandbox can't read, with its place."""
    return [text for text, error in unreadable(dict(schema)) if isinstance(error, UntranslatedPatternError)]


def unhashable_sets(schema: Mapping[str, JSON]) -> list[str]:
    """Return a sentence for each array of a schema that the plugin library for Python can't read, with its place.

    cfn makes a set of an array with uniqueItems and without insertionOrder, and the library then puts the items into a
    set as they come, which fails for objects and arrays: "unhashable type: 'dict'".
    """
    types = ResourceSchema(schema)
    return [
        f'{place}: every model with this property fails in the handler with "unhashable type", because the plugin '
        "library makes a set of its items, which are objects or arrays: remove uniqueItems, or insertionOrder"
        for place, array in subschemas(dict(schema))
        if array.get("uniqueItems") is True and array.get("insertionOrder") is False
        if any(types.kinds(item) & {"object", "array"} for item in types.items(array))
    ]


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
