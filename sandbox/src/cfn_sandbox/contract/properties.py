"""The property paths of a schema and of documents, and the differences between documents.

A path is a tuple of names. `*` stands for an array's items and for a map's keys.
"""

from collections.abc import Iterator, Mapping
from typing import Any

JSON = Any
Path = tuple[str, ...]
Schema = Mapping[str, Any]

COMBINERS = ("allOf", "anyOf", "oneOf")


def declared_paths(schema: Schema) -> set[Path]:
    """Return every property path of a schema, at every depth, following a recursive definition once."""
    return set(_declared(schema, schema, frozenset()))


def used_paths(schema: Schema, document: Mapping[str, Any]) -> set[Path]:
    """Return the property paths that a document has."""
    return set(_used(schema, [schema], document))


def listed_paths(schema: Schema, keyword: str) -> set[Path]:
    """Return the paths under a keyword of the schema: readOnlyProperties, writeOnlyProperties, primaryIdentifier ..."""
    return {tuple(pointer.split("/")[2:]) for pointer in schema.get(keyword, [])}


def is_within(path: Path, others: set[Path]) -> bool:
    """Return whether a path is one of others, or below one of them."""
    return any(path[: len(other)] == other for other in others)


def without(document: JSON, paths: set[Path]) -> JSON:
    """Return a document without some of its properties."""
    if isinstance(document, Mapping):
        return {
            key: without(value, _paths_below(paths, key))
            for key, value in document.items()
            if (key,) not in paths and ("*",) not in paths
        }
    if isinstance(document, list):
        return [without(item, _paths_below(paths, "*")) for item in document]
    return document


def lacks(document: JSON, path: Path) -> bool:
    """Return whether a document lacks a property although it has the property's parent."""
    key, below = path[0], path[1:]
    if key == "*":
        items = document if isinstance(document, list) else list(document.values()) if document else []
        return bool(below) and any(lacks(item, below) for item in items)
    if not isinstance(document, Mapping):
        return False
    return lacks(document[key], below) if below and key in document else not below and key not in document


def path_text(path: Path) -> str:
    """Return a path as text, for people."""
    return "/".join(path)


def differences(schema: Schema, requested: Mapping[str, Any], returned: Mapping[str, Any]) -> list[str]:
    """Return a line for each value of `requested` that `returned` lacks or has differently.

    Additional properties in `returned` don't count, nor does the order of an array with `insertionOrder: false`.
    """
    return list(_differences(schema, [schema], requested, returned, ()))


def _paths_below(paths: set[Path], key: str) -> set[Path]:
    return {path[1:] for path in paths if len(path) > 1 and path[0] in {key, "*"}}


def _branches(root: Schema, node: JSON, seen: frozenset[str] = frozenset()) -> Iterator[tuple[Schema, frozenset[str]]]:
    """Yield a schema and the schemas that it combines, each with the references followed to reach it."""
    if not isinstance(node, Mapping):
        return
    reference = node.get("$ref")
    if reference is not None:
        if reference not in seen:
            target: JSON = root
            for key in reference.partition("#")[2].split("/")[1:]:
                target = target[key]
            yield from _branches(root, target, seen | {reference})
        return
    yield node, seen
    for combiner in COMBINERS:
        for branch in node.get(combiner, []):
            yield from _branches(root, branch, seen)


def _element_schemas(branch: Schema) -> list[JSON]:
    """Return the schemas of a map's values and of an array's items."""
    items = branch.get("items", [])
    return [
        *branch.get("patternProperties", {}).values(),
        branch.get("additionalProperties"),
        *(items if isinstance(items, list) else [items]),
    ]


def _declared(root: Schema, node: JSON, seen: frozenset[str]) -> Iterator[Path]:
    for branch, followed in _branches(root, node, seen):
        for name, member in branch.get("properties", {}).items():
            yield (name,)
            yield from ((name, *path) for path in _declared(root, member, followed))
        for other in _element_schemas(branch):
            yield from (("*", *path) for path in _declared(root, other, followed))


def _members(root: Schema, nodes: list[JSON], key: str | None) -> tuple[str, list[JSON]]:
    """Return the path's name for a key, or for an item if the key is None, and the schemas of the value."""
    branches = [branch for node in nodes for branch, _ in _branches(root, node)]
    known = [branch["properties"][key] for branch in branches if key in branch.get("properties", {})]
    if key is not None and known:
        return key, known
    return "*", [other for branch in branches for other in _element_schemas(branch)]


def _used(root: Schema, nodes: list[JSON], value: JSON) -> Iterator[Path]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            name, schemas = _members(root, nodes, key)
            if name != "*":
                yield (name,)
            yield from ((name, *path) for path in _used(root, schemas, member))
    elif isinstance(value, list):
        for item in value:
            yield from (("*", *path) for path in _used(root, _members(root, nodes, None)[1], item))


def _differences(root: Schema, nodes: list[JSON], requested: JSON, returned: JSON, path: Path) -> Iterator[str]:
    if isinstance(requested, Mapping) and isinstance(returned, Mapping):
        for key, value in requested.items():
            here = (*path, key)
            if key not in returned:
                yield f"{path_text(here)} is missing"
            else:
                yield from _differences(root, _members(root, nodes, key)[1], value, returned[key], here)
    elif isinstance(requested, list) and isinstance(returned, list):
        yield from _list_differences(root, nodes, requested, returned, path)
    elif isinstance(requested, bool) != isinstance(returned, bool) or requested != returned:
        yield f"{path_text(path)} is {returned!r}, not {requested!r}"


def _list_differences(
    root: Schema, nodes: list[JSON], requested: list[JSON], returned: list[JSON], path: Path
) -> Iterator[str]:
    items = _members(root, nodes, None)[1]
    if len(requested) != len(returned):
        yield f"{path_text(path)} has {len(returned)} items, not {len(requested)}"
    elif any(branch.get("insertionOrder") is False for node in nodes for branch, _ in _branches(root, node)):
        remaining = list(returned)
        for item in requested:
            match = next(
                (candidate for candidate in remaining if not any(_differences(root, items, item, candidate, path))),
                None,
            )
            if match is None:
                yield f"{path_text(path)} has no {item!r}"
            else:
                remaining.remove(match)
    else:
        for number, (item, other) in enumerate(zip(requested, returned, strict=True)):
            yield from _differences(root, items, item, other, (*path, str(number)))
