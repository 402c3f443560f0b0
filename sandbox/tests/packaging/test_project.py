"""A project that can't be packaged here is refused in one sentence, before anything is packaged or started."""

import json
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox.packaging import PackagerError
from cfn_sandbox.packaging.package import package
from cfn_sandbox.packaging.project import read

GOOD = {
    "artifact_type": "RESOURCE",
    "typeName": "Acme::Test::Whistle",
    "language": "python312",
    "runtime": "python3.12",
    "entrypoint": "acme_test_whistle.handlers.resource",
}


def write(folder: Path, **changes: object) -> Path:
    """Write a project's settings, with some of them changed, and return its folder."""
    (folder / ".rpdk-config").write_text(json.dumps(GOOD | changes))
    return folder


def test_a_type_in_python_is_read(tmp_path: Path) -> None:
    """The settings come back as they are."""
    assert read(write(tmp_path)) == GOOD


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"language": "python37", "runtime": "python3.7"},
            ".rpdk-config names the language python37, for which cfn has no plugin here: "
            "set language to python312 and runtime to python3.12",
        ),
        (
            {"runtime": "python3.9"},
            ".rpdk-config names the language python312 and the runtime python3.9, which don't match: "
            "set runtime to python3.12, or set language to python312 and runtime to python3.12",
        ),
        ({"language": "java"}, "{folder} is a type in java: only types in Python run here"),
        ({"language": "typescript"}, "{folder} is a type in typescript: only types in Python run here"),
        ({"artifact_type": "HOOK"}, "{folder} is the project of a hook: only resource types run here"),
        ({"artifact_type": "MODULE"}, "{folder} is the project of a module: only resource types run here"),
        ({"typeName": None}, "{folder} is no project of a resource type: .rpdk-config has no typeName"),
    ],
)
def test_what_is_no_type_in_python_is_a_sentence(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    """The sentence says what the project is, and what to change."""
    for reader in (read, package):
        with pytest.raises(PackagerError) as caught:
            reader(write(tmp_path, **changes))
        assert str(caught.value) == sentence.replace("{folder}", str(tmp_path))
    assert not (tmp_path / ".cache").exists()


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_settings_that_can_not_be_read_are_a_sentence(text: str, tmp_path: Path) -> None:
    """A file that is not a JSON object is named."""
    (tmp_path / ".rpdk-config").write_text(text, encoding="latin-1")
    with pytest.raises(PackagerError, match=r"\.rpdk-config can't be read: "):
        read(tmp_path)
