"""The schemas that AWS publishes of AWS types, in the copy that cfn-lint bundles."""

from __future__ import annotations

import importlib.util
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from cfn_sandbox.schemas.schema import ResourceSchema

REGION = "us-east-1"  # has nearly all schemas, and they hardly differ between regions


@lru_cache(maxsize=256)
def schema(name: str) -> ResourceSchema | None:
    """Return a type's published schema; None if cfn-lint has none of that name."""
    index = _index()
    document = _document_by_linter(name) if index is None else _document(index[name]) if name in index else None
    return None if document is None else ResourceSchema({"properties": {}, **document})


def _folder() -> Path:
    package = importlib.util.find_spec("cfnlint")
    if package is None or package.origin is None:
        message = "cfn-lint, which has AWS's published schemas, is not installed"
        raise ModuleNotFoundError(message)
    return Path(package.origin).with_name("data") / "schemas"


@lru_cache(maxsize=1)
def _index() -> dict[str, str] | None:
    """Return the name of each type's file; None if this version of cfn-lint keeps them otherwise.

    The files are read without importing cfn-lint: with sympy and networkx, its imports take a second, a third of what
    an account takes to open.
    """
    file = _folder() / "providers" / f"{REGION}.json"
    if not file.is_file():
        return None
    names: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return names


def _document(name: str) -> dict[str, Any]:
    file = _folder() / "resources" / f"{name}.json"
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def _document_by_linter(name: str) -> dict[str, Any] | None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415 - takes a second

    try:
        document: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema
    except ResourceNotFoundError:
        return None
    return document
