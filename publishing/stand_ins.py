"""What inputs write in place of what only an account knows: its ids, the name of an endpoint.

A project's template for contract tests says it in its metadata: the text that stands in, and the output for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import load

from publishing.place import Place

TEMPLATE = Path("examples", "contract-tests.yaml")


def of(project: Path) -> dict[str, str]:
    """Give the texts of inputs that stand in for what only an account knows, and the outputs that say it."""
    if not (project / TEMPLATE).exists():
        return {}
    template = load(str(project / TEMPLATE))  # type: ignore[no-untyped-call]  # cfn-lint does not type it
    return dict(template.get("Metadata", {}).get("StandIns", {}))


def used_in(folder: Path, stand_ins: Mapping[str, str]) -> set[str]:
    """Give the stand-ins that the input files of a folder have."""
    return {text for document in _documents(folder).values() for text in strings(document) if text in stand_ins}


def fill(folder: Path, stand_ins: Mapping[str, str], outputs: Mapping[str, str], place: Place) -> list[str]:
    """Write what only this account knows into input files, where they have a stand-in for it.

    Region and account are written as the variables that they are, because contract tests refuse them written out.

    Args:
        folder: The input files; changed in place.
        stand_ins: What stands in, and the name of the output that says what for.
        outputs: The outputs that there are.
        place: The account.

    Returns:
        The names of the outputs that files ask for and that are not there; then nothing is written.
    """
    files = _documents(folder)
    used = used_in(folder, stand_ins)
    lacking = sorted(stand_ins[text] for text in used if stand_ins[text] not in outputs)
    if used and not lacking:
        written = {text: _as_input(outputs[stand_ins[text]], place) for text in used}
        for file, document in files.items():
            file.write_text(json.dumps(_replaced(document, written), indent=2) + "\n", encoding="utf-8")
    return lacking


def _documents(folder: Path) -> dict[Path, Any]:
    """The input files that are JSON; of the others the checks of inputs say what is wrong."""
    documents = {}
    for file in sorted(folder.glob("*.json")):
        with suppress(ValueError):
            documents[file] = json.loads(file.read_bytes())
    return documents


def _as_input(value: str, place: Place) -> str:
    """A value as input files may have it."""
    return value.replace(place.region, "{{region}}").replace(place.account, "{{account}}")


def strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    """Give every text in a document that is no key."""
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(item)
    if isinstance(value, str):
        yield value


def _replaced(value: Any, written: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, dict):
        return {key: _replaced(item, written) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, written) for item in value]
    return written.get(value, value) if isinstance(value, str) else value
