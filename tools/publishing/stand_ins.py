"""Stand-ins: texts in inputs for values that depend on the account, such as its ids and the name of an endpoint.

A project's template for contract tests lists them in its metadata, each with the output that has the value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfn_sandbox.cloudformation.templates.parsing import parse

if TYPE_CHECKING:
    from tools.publishing.place import Place

TEMPLATE = Path("examples", "contract-tests.yaml")


def of(project: Path) -> dict[str, str]:
    """Return the output's name for each stand-in of a project."""
    if not (project / TEMPLATE).exists():
        return {}
    metadata: Any = parse((project / TEMPLATE).read_text(encoding="utf-8")).body.get("Metadata", {})
    return dict(metadata.get("StandIns", {}))


def used_in(folder: Path, stand_ins: Mapping[str, str]) -> set[str]:
    """Return the stand-ins that a folder's input files use."""
    return {text for document in _documents(folder).values() for text in strings(document) if text in stand_ins}


def fill(folder: Path, stand_ins: Mapping[str, str], outputs: Mapping[str, str], place: Place) -> list[str]:
    """Replace the stand-ins in input files by this account's values.

    Region and account become variables in the values, because contract tests refuse them hard-coded.

    Args:
        folder: The folder of the input files, which are changed in place.
        stand_ins: The output's name for each stand-in.
        outputs: The stack's outputs.
        place: The account and region.

    Returns:
        The names of the outputs that the files need and the stack lacks. If there are any, nothing is written.
    """
    files = _documents(folder)
    used = used_in(folder, stand_ins)
    missing = sorted(stand_ins[text] for text in used if stand_ins[text] not in outputs)
    if used and not missing:
        values = {text: _as_input(outputs[stand_ins[text]], place) for text in used}
        for file, document in files.items():
            file.write_text(json.dumps(_with_values(document, values), indent=2) + "\n", encoding="utf-8")
    return missing


def _documents(folder: Path) -> dict[Path, Any]:
    """Return the input files that are valid JSON; the checks of inputs report the others."""
    documents = {}
    for file in sorted(folder.glob("*.json")):
        with suppress(ValueError):
            documents[file] = json.loads(file.read_bytes())
    return documents


def _as_input(value: str, place: Place) -> str:
    """Return a value with variables for region and account."""
    return value.replace(place.region, "{{region}}").replace(place.account, "{{account}}")


def strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    """Yield every text in a document, except keys."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(item)
    if isinstance(value, str):
        yield value


def _with_values(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, dict):
        return {key: _with_values(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_values(item, values) for item in value]
    return values.get(value, value) if isinstance(value, str) else value
