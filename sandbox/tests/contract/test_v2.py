"""Contract tests v2 pass for a type that keeps the contract, and each test catches its defect."""

from __future__ import annotations

import importlib.machinery
import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cfn_sandbox.contract import __main__ as process
from cfn_sandbox.contract import inputs, session
from cfn_sandbox.contract.resource import Type
from cfn_sandbox.contract.session import Outcome, Subject
from cfn_sandbox.registry import type_tests
from cfn_sandbox.resource_types.interface import Request
from sandbox.tests.contract.defects import CASES, DEFECTS, Defect
from sandbox.tests.toys import contract as toys
from sandbox.tests.toys.contract import Event, Generated, Model, Toy, failure, success

VALUES = {"region": "us-east-1", "account": "123456789012", "partition": "aws"}
REQUEST = Request(VALUES["account"], VALUES["region"])


def run_v2(toy: Toy, folder: Path, files: dict[str, Any] | None = None, *arguments: str) -> Outcome:
    """Run contract tests v2 on a toy, with other input files if given."""
    files = {"1_create": toys.CREATE, "1_update": toys.UPDATE} if files is None else files
    for name, content in files.items():
        (folder / f"inputs_{name}.json").write_text(json.dumps(content))
    kind = Type(toy.schema, toy, REQUEST, wait=lambda _: None)
    subject = Subject(toy.schema, folder=folder, inputs=inputs.read(folder, VALUES), kind=kind)
    return session.run(subject, ["v2"], arguments=arguments, quiet=True)


def failed_tests(outcome: Outcome) -> list[str]:
    """Return the names of the failed tests, without parameters or repeats."""
    return sorted({test.name.partition("[")[0] for test in outcome.failures})


@pytest.mark.parametrize("toy", [Toy, Generated])
def test_a_type_that_keeps_the_contract_passes(toy: type[Toy], tmp_path: Path) -> None:
    """The tests pass for a user-provided and for a generated identifier, and no resource is left afterwards."""
    instance = toy()
    outcome = run_v2(instance, tmp_path)
    assert outcome.failures == []
    assert outcome.passed
    assert outcome.count("passed") == 31
    assert {test.name for test in outcome.tests if test.outcome == "skipped"} == {
        "test_create_create_primary_id_check[inputs_1]" if toy is Toy else "test_create_create[inputs_1]"
    }
    assert instance.existing == {}


@pytest.mark.parametrize(("name", "defect"), CASES, ids=[f"{name}-{defect.toy.__name__}" for name, defect in CASES])
def test_a_defect_is_caught_by_the_test_that_is_meant_to(name: str, defect: Defect, tmp_path: Path) -> None:
    """Only the named test fails, with those that need what the defect breaks; each failure is a sentence."""
    outcome = run_v2(defect.toy(), tmp_path, defect.inputs, *(("-k", name) if defect.alone else ()))
    assert failed_tests(outcome) == sorted({name, *defect.also_failing})
    assert not outcome.passed
    assert all(test.message and "Traceback" not in test.message for test in outcome.failures)


def test_every_test_has_its_defect(tmp_path: Path) -> None:
    """A test without a defect might be unable to fail."""
    outcome = run_v2(Toy(), tmp_path)
    assert {test.name.partition("[")[0] for test in outcome.tests} == set(DEFECTS)


def test_without_the_rules_engine_the_registry_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a wheel of the engine, v2 runs and the description says what was skipped and how to install it."""
    for name, content in (("1_create", toys.CREATE), ("1_update", toys.UPDATE)):
        (tmp_path / f"inputs_{name}.json").write_text(json.dumps(content))
    toy = Toy()
    monkeypatch.setattr(process, "invoke", lambda _function, event: toy(event))
    monkeypatch.setattr(importlib.machinery.PathFinder, "find_spec", lambda *_: None)
    request = {
        "schema": toys.SCHEMA,
        "previous": None,
        "inputs": str(tmp_path),
        "values": VALUES,
        "function": {"endpoint": "", "events": "", "timeout": 60, "log": str(tmp_path / "log"), "credentials": {}},
        "timeout": 60,
    }
    result = type_tests._describe(process.answer(request))
    assert result.status == "PASSED"
    assert result.description.startswith("31 contract tests passed, 1 skipped; AWS's rules for schemas can't run")
    assert "pip install --no-deps" in result.description


def test_a_set_without_its_update_fails(tmp_path: Path) -> None:
    """A missing update file fails the update tests of a type with an update handler."""
    outcome = run_v2(Toy(), tmp_path, {"1_create": toys.CREATE})
    assert {"test_update", "test_update_list", "test_delete_update"} <= set(failed_tests(outcome))
    missing = "inputs_1_update.json is missing, and the type has an update handler"
    assert {test.message for test in outcome.failures} == {missing}


def test_what_a_type_has_no_handler_for_is_skipped_with_the_reason(tmp_path: Path) -> None:
    """Tests of a missing handler are skipped with the reason, and none fails."""

    class Bare(Toy):
        schema: ClassVar[dict[str, Any]] = {
            **toys.SCHEMA,
            "handlers": {verb: {"permissions": ["toy:All"]} for verb in ("create", "read", "delete")},
        }

    outcome = run_v2(Bare(), tmp_path)
    assert outcome.failures == []
    assert {test.message for test in outcome.tests if test.outcome == "skipped"} == {
        "the schema has no update handler",
        "the schema has no list handler; AWS's rule PER010 is about that",
        "the second CREATE failed, with AlreadyExists",
    }


def test_the_envelopes_are_those_of_a_registration(tmp_path: Path) -> None:
    """Requests have no stack and a new token each; READ and DELETE get only the primary identifier."""
    toy = Toy()
    run_v2(toy, tmp_path)
    tokens = [event["bearerToken"] for event in toy.events if event["callbackContext"] is None]
    assert len(tokens) == len(set(tokens)) > 50
    assert {event["stackId"] for event in toy.events} == {None}
    assert {event["requestData"].get("logicalResourceId") for event in toy.events} == {None}
    requests = [
        event["requestData"]["resourceProperties"] for event in toy.events if event["action"] in {"READ", "DELETE"}
    ]
    assert all(properties.keys() == {"Name"} for properties in requests)


class Undeletable(Toy):
    """A toy whose DELETE fails, and whose handlers print a traceback for each failure."""

    def __init__(self) -> None:
        super().__init__()
        self.log = ""

    def delete(self, desired: Model) -> Event:
        """Fail for a toy that exists."""
        if self.key(desired) not in self.existing:
            return failure("NotFound")
        self.log += "Traceback (most recent call last):\nRuntimeError: boom\n"
        return failure("InternalFailure", "null")


class Losing(Toy):
    """A toy whose CREATE fails after it made the resource."""

    log = ""

    def create(self, desired: Model) -> Event:
        """Create a toy, and fail unless the name was taken before."""
        answer = super().create(desired)
        return answer if answer["status"] == "FAILED" else failure("InternalFailure", "null")


class Nameless(Losing):
    """A toy whose CREATE returns no identifier."""

    def create(self, desired: Model) -> Event:
        """Create a toy, and return no model."""
        answer = Toy.create(self, desired)
        return answer if answer["status"] == "FAILED" else success()


class Misnaming(Losing):
    """A toy whose CREATE returns another identifier than that of the resource."""

    def create(self, desired: Model) -> Event:
        """Create a toy, and return another name."""
        answer = Toy.create(self, desired)
        return answer if answer["status"] == "FAILED" else success(answer["resourceModel"] | {"Name": "other"})


def run_with_renewal(toy: Undeletable | Losing, folder: Path) -> Outcome:
    """Run v2 on a toy in an account that can be emptied."""
    for name, content in {"1_create": toys.CREATE, "1_update": toys.UPDATE}.items():
        (folder / f"inputs_{name}.json").write_text(json.dumps(content))
    kind = Type(toy.schema, toy, REQUEST, wait=lambda _: None, log=lambda: toy.log)

    def renew() -> list[inputs.Inputs]:
        toy.existing.clear()
        return inputs.read(folder, VALUES)

    subject = Subject(toy.schema, folder=folder, inputs=inputs.read(folder, VALUES), kind=kind, renew=renew)
    return session.run(subject, ["v2"], folder=folder / "report", quiet=True)


def test_a_clean_up_that_fails_is_a_failure_and_the_next_test_starts_in_an_empty_account(tmp_path: Path) -> None:
    """A DELETE that fails is named by the tests that need it, and doesn't become AlreadyExists in the others."""
    outcome = run_with_renewal(Undeletable(), tmp_path)
    message = "DELETE of bear failed with InternalFailure: null"
    assert set(outcome.left_behind) == {message}
    assert [test.name for test in outcome.failures if "AlreadyExists" in test.message] == []
    ends = {test.name.partition("[")[0]: test.message for test in outcome.failures}
    assert ends["test_create"] == f"the clean-up after the test failed; {message}"


@pytest.mark.parametrize(
    ("toy", "first", "message"),
    [
        (Losing, "test_create", "CREATE was to succeed; it failed with InternalFailure: null"),
        (Nameless, "test_create", "a model lacks Name of the primary identifier"),
        (Misnaming, "test_create_read", "READ was to succeed; it failed with NotFound: no"),
    ],
)
def test_what_a_defective_create_leaves_is_not_found_by_the_next_test(
    toy: type[Losing], first: str, message: str, tmp_path: Path
) -> None:
    """A CREATE that fails half-way, or that names another resource, doesn't become AlreadyExists in the other tests."""
    outcome = run_with_renewal(toy(), tmp_path)
    assert [test.name for test in outcome.failures if "AlreadyExists" in test.message] == []
    assert outcome.left_behind == []
    assert [(test.name, test.message) for test in outcome.failures[:1]] == [(f"{first}[inputs_1]", message)]


def test_a_failed_call_comes_with_the_handlers_log(tmp_path: Path) -> None:
    """The traceback that the handler logged is in junit.xml and in report.html."""
    run_with_renewal(Undeletable(), tmp_path)
    assert "RuntimeError: boom" in (tmp_path / "report" / "junit.xml").read_text()
    assert "RuntimeError: boom" in (tmp_path / "report" / "report.html").read_text()
