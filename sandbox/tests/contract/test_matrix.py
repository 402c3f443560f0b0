"""Types in the shape of those that authors publish, each with what `cfn-sandbox test` makes of it.

Those that run are toys in this process, tested by v2; the others are projects, refused before anything is packaged.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.contract import command, inputs, session
from cfn_sandbox.contract.resource import Type
from cfn_sandbox.contract.session import Subject
from cfn_sandbox.resource_types.interface import Request
from sandbox.tests.packaging import wheels
from sandbox.tests.toys import contract as toys
from sandbox.tests.toys import echo
from sandbox.tests.toys.contract import Event, Generated, Model, Toy, failure, success

VALUES = {"region": "us-east-1", "account": "123456789012", "partition": "aws"}
CONFIGURATION = {"typeConfiguration": {"properties": {"Token": {"type": "string"}}, "additionalProperties": False}}


def without(handler: str, **changes: object) -> dict[str, Any]:
    """Return the toy's schema without a handler."""
    handlers = {name: value for name, value in toys.SCHEMA["handlers"].items() if name != handler}
    return toys.SCHEMA | {"handlers": handlers} | changes


class Compound(Toy):
    """A toy that its name and its colour identify together."""

    schema: ClassVar[dict[str, Any]] = toys.SCHEMA | {
        "primaryIdentifier": ["/properties/Name", "/properties/Colour"],
        "createOnlyProperties": ["/properties/Name", "/properties/Colour"],
    }

    def key(self, model: Model) -> str:
        """Return both parts."""
        return f"{model.get('Name')}|{model.get('Colour')}"

    def list(self, _desired: Model) -> Event:
        """Return both parts of each."""
        parts = (key.partition("|") for key in self.existing)
        return success(resourceModels=[{"Name": name, "Colour": colour} for name, _, colour in parts])


class NoUpdate(Toy):
    """A toy that can't be updated."""

    schema: ClassVar[dict[str, Any]] = without(
        "update", createOnlyProperties=[f"/properties/{name}" for name in ("Name", "Colour", "Size", "Secret")]
    )


class NoList(Toy):
    """A toy that can't be listed."""

    schema: ClassVar[dict[str, Any]] = without("list")


class ThirdParty(Toy):
    """A toy of another company's API, which takes a token from the type's configuration."""

    schema: ClassVar[dict[str, Any]] = toys.SCHEMA | CONFIGURATION

    def __call__(self, event: Event) -> Event:
        """Refuse an event without the token."""
        if event["requestData"].get("typeConfiguration") != {"Token": "sesame"}:
            return failure("InvalidCredentials", "401 Unauthorized")
        return super().__call__(event)


class Callbacks(Toy):
    """A toy whose CREATE and DELETE need three invocations, with a counter in the callback context."""

    def __call__(self, event: Event) -> Event:
        """Work in the third invocation."""
        count = (event.get("callbackContext") or {}).get("count", 0)
        if event["action"] not in {"CREATE", "DELETE"} or count == 2:
            return super().__call__(event)
        model = event["requestData"]["resourceProperties"]
        exists = self.key(model) in self.existing
        if exists != (event["action"] == "DELETE"):  # said before a model is returned, which would be deleted
            return failure("AlreadyExists" if exists else "NotFound")
        return {
            "status": "IN_PROGRESS",
            "callbackContext": {"count": count + 1},
            "callbackDelaySeconds": 5,
            "resourceModel": model,
        }


@dataclass(frozen=True)
class Shape:
    """A type that runs: its inputs, its configuration, and the outcome: how many pass, and why the others don't."""

    toy: type[Toy]
    passed: int
    skipped: frozenset[str] = frozenset()
    """The reasons."""
    failed: frozenset[str] = frozenset()
    """The messages."""
    files: dict[str, Any] = field(default_factory=lambda: {"1_create": toys.CREATE, "1_update": toys.UPDATE})
    configuration: Mapping[str, Any] | None = None


CHOSEN = frozenset({"the second CREATE made another resource, as the service chooses the identifier"})
TAKEN = frozenset({"the second CREATE failed, with AlreadyExists"})
RUNNING = {
    "read-only identifier": Shape(Generated, 31, CHOSEN),
    "compound identifier": Shape(
        Compound,
        31,
        TAKEN,
        files={"1_create": toys.CREATE, "1_update": toys.UPDATE | {"Colour": toys.CREATE["Colour"]}},
    ),
    "no update": Shape(NoUpdate, 21, TAKEN | {"the schema has no update handler"}, files={"1_create": toys.CREATE}),
    "no list": Shape(NoList, 27, TAKEN | {"the schema has no list handler; AWS's rule PER010 is about that"}),
    "type configuration": Shape(ThirdParty, 31, TAKEN, configuration={"Token": "sesame"}),
    "third party's API without its configuration": Shape(
        ThirdParty,
        4,
        failed=frozenset({"CREATE was to succeed; it failed with InvalidCredentials: 401 Unauthorized"}),
    ),
    "callbacks": Shape(Callbacks, 31, TAKEN),
}


@pytest.mark.parametrize("name", RUNNING)
def test_a_type_that_runs(name: str, tmp_path: Path) -> None:
    """A type of this shape passes v2, or each test says why it was skipped or failed."""
    shape = RUNNING[name]
    for file, content in shape.files.items():
        (tmp_path / f"inputs_{file}.json").write_text(json.dumps(content))
    request = Request(VALUES["account"], VALUES["region"])
    kind = Type(shape.toy.schema, shape.toy(), request, wait=lambda _: None, configuration=shape.configuration)
    subject = Subject(shape.toy.schema, folder=tmp_path, inputs=inputs.read(tmp_path, VALUES), kind=kind)
    outcome = session.run(subject, ["v2"], quiet=True)
    reasons = {
        kind: frozenset(test.message for test in outcome.tests if test.outcome == kind)
        for kind in ("skipped", "failed")
    }
    assert (outcome.count("passed"), reasons["skipped"], reasons["failed"]) == (
        shape.passed,
        shape.skipped,
        shape.failed,
    )


def write(folder: Path, schema: dict[str, Any] | None = None, **settings: object) -> Path:
    """Write a project's settings, with some of them changed, its schema and inputs, and return its folder."""
    project = echo.write(folder)
    (project / ".rpdk-config").write_text(json.dumps(echo.SETTINGS | settings))
    (project / "toy-test-type.json").write_text(json.dumps(echo.SCHEMA | (schema or {})))
    (project / "inputs").mkdir()
    (project / "inputs" / "inputs_1_create.json").write_text('{"Name": "toy"}')
    return project


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "old plugin": (
        lambda folder: write(folder, language="python37", runtime="python3.7"),
        "set language to python312 and runtime to python3.12",
    ),
    "hook": (lambda folder: write(folder, artifact_type="HOOK"), "is the project of a hook: only resource types run"),
    "module": (lambda folder: write(folder, artifact_type="MODULE"), "is the project of a module: only resource types"),
    "Java": (
        lambda folder: write(folder, language="java", runtime="java17"),
        "is a type in java: only types in Python",
    ),
    "TypeScript": (
        lambda folder: write(folder, language="typescript", runtime="nodejs20.x"),
        "is a type in typescript: only types in Python run here",
    ),
    "a pattern of Python's": (
        lambda folder: write(folder, {"properties": {"Name": {"type": "string", "pattern": "(?P<a>b)"}}}),
        "#/properties/Name/pattern: [(?P<a>b)] is not a regular expression of Java's",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_type_that_is_refused(name: str, tmp_path: Path) -> None:
    """A project of this shape is refused in a sentence, before anything is packaged."""
    project, sentence = REFUSED[name]
    folder = project(tmp_path / "project")
    with pytest.raises(SandboxError) as refused:
        command.run(folder, ["v2"])
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (folder / ".cache").exists()


@pytest.mark.slow
def test_a_native_wheel_for_another_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A type with a compiled requirement is not green where pip's Python isn't Lambda's."""
    here = f"{sys.version_info.major}{sys.version_info.minor}"
    if here == "312":
        pytest.skip("this is Lambda's Python")
    name, tag = f"native/fast.cpython-{here}-x86_64-linux-gnu.so", f"cp{here}-cp{here}-manylinux2014_x86_64"
    wheels.write(tmp_path / "wheels", "native", tag, {name: wheels.elf()})
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    project = write(tmp_path / "project")
    (project / "requirements.txt").write_text("native")
    with pytest.raises(SandboxError, match=r"Lambda can't import what is compiled for another Python .*: native "):
        command.run(project, ["v2"])
