"""The resources of the contract tests: calls to their handlers, as RegisterType's test runner makes them.

The events are CloudFormation's (cfn_sandbox/resource_types/registered.py), but don't come from a stack: they have
no stack id, no tags and no logical id, and each request has a new token.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.contract.inputs import Inputs
from cfn_sandbox.resource_types.interface import Action, Instance, Outcome, Properties, Request
from cfn_sandbox.resource_types.registered import Event, Invoke, RegisteredType
from cfn_sandbox.schemas.schema import at

Model = Mapping[str, Any]

_LACKS = re.compile(r"^This sandbox (?:has no|failed on) .*$", re.MULTILINE)  # account/refusals.py

PATIENCE = 8
"""Minutes until a handler that stays in progress counts as failed: twice the 240 seconds of `cfn test`, as there."""

PAGES = 100
"""The most pages that LIST may have."""


def lacking(log: str) -> str:
    """Return what a call asked of the account in vain, in brackets; an empty text if nothing.

    Args:
        log: what the call logged (see cfn_sandbox.contract.log).
    """
    found = dict.fromkeys(_LACKS.findall(log))
    return f" ({' '.join(found)})" if found else ""


class HandlerHangs(Exception):  # noqa: N818 - the name says what the handler does
    """A handler that didn't answer in time. The tests end, because every further call would take as long."""


@dataclass(frozen=True)
class Call:
    """An invocation's request and answer."""

    action: str
    request: Mapping[str, Any]
    answer: Mapping[str, Any]
    log: str = ""
    """What the function printed and logged meanwhile, tracebacks included."""

    @property
    def failed(self) -> bool:
        """Whether the handler crashed, or answered with a failure."""
        return "crash" in self.answer or self.answer.get("status") == "FAILED"


@dataclass(frozen=True)
class Answer:
    """A handler's final answer."""

    action: str
    status: str
    code: str = ""
    message: str = ""
    model: Model = field(default_factory=dict)
    models: list[Model] = field(default_factory=list)
    """The models of all pages of LIST."""

    def succeeds(self) -> Answer:
        """Return the answer, or fail the test if it isn't a success."""
        if self.status != "SUCCESS":
            pytest.fail(f"{self.action} was to succeed; it failed with {self.code}: {self.message}", pytrace=False)
        return self

    def fails_with(self, code: str) -> Answer:
        """Return the answer, or fail the test if it isn't a failure with an error code."""
        if self.status == "SUCCESS":
            pytest.fail(f"{self.action} was to fail with {code}; it succeeded", pytrace=False)
        if self.code != code:
            pytest.fail(
                f"{self.action} was to fail with {code}; it failed with {self.code}: {self.message}", pytrace=False
            )
        return self


class Type(RegisteredType):
    """A type under test, which accepts any identifier in a success, because the tests judge it.

    Args:
        schema: the type's schema.
        invoke: takes an event and returns the handler's progress event.
        request: the account and region of the requests.
        timeout: seconds that `invoke` gives a handler.
        wait: takes the seconds to wait until the next invocation.
        log: returns the function's log so far.
        configuration: the type's configuration, resolved; None if it has none.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        invoke: Invoke,
        request: Request,
        *,
        timeout: float = 60,
        wait: Callable[[float], object] = time.sleep,
        log: Callable[[], str] = str,
        configuration: Mapping[str, Any] | None = None,
    ) -> None:
        handlers = {
            name: {**handler, "timeoutInMinutes": min(handler.get("timeoutInMinutes", PATIENCE), PATIENCE)}
            for name, handler in schema.get("handlers", {}).items()
        }
        super().__init__({**schema, "handlers": handlers}, self._invoke, wait=wait, configuration=lambda: configuration)
        self.request = request
        self._handler = invoke
        self._timeout = timeout
        self._hang_message = ""
        self._log = log
        self.calls: list[Call] = []

    def has(self, handler: str) -> bool:
        """Return whether the schema has a handler."""
        return handler in self.document["handlers"]

    @property
    def document(self) -> dict[str, Any]:
        """The type's schema."""
        return dict(self.schema.document)

    def identifier(self, model: Model) -> str | None:
        """Return a model's primary identifier, its parts joined by `|`; None if the model lacks a part."""
        return self.schema.identifier(model)

    def _success(self, action: Action, answer: Event, model: Properties | None, token: str) -> Outcome:  # noqa: ARG002 - the overridden method's signature
        returned = answer.get("resourceModel") or {}
        return Outcome(Instance(self.identifier(returned) or "", returned))

    def _invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        request = {
            key: value
            for key, value in {
                "desired": event["requestData"].get("resourceProperties"),
                "previous": event["requestData"].get("previousResourceProperties"),
                "callbackContext": event.get("callbackContext"),
                "nextToken": event.get("nextToken"),
                "token": event["bearerToken"],
            }.items()
            if value is not None
        }
        if self._hang_message:
            raise HandlerHangs(self._hang_message)
        started_at = time.monotonic()
        before = len(self._log())
        try:
            answer = self._handler(event)
        except SandboxError as error:
            self.calls.append(Call(event["action"], request, {"crash": str(error)}, self._log()[before:]))
            if time.monotonic() - started_at >= self._timeout:
                self._hang_message = f"{event['action']} did not answer within {self._timeout:g} s: the tests end here"
                raise HandlerHangs(self._hang_message) from error
            raise
        self.calls.append(Call(event["action"], request, answer, self._log()[before:]))
        return answer

    def call(self, action: Action, desired: Model, previous: Model | None = None, model: Model | None = None) -> Answer:
        """Call a handler until it succeeds or fails; see `handle` for the arguments."""
        outcome = self.handle(action, self.request, desired, previous, model)
        returned = outcome.instance.model if outcome.instance else {}
        if outcome.failure is None:
            return Answer(action, "SUCCESS", model=returned)
        answer = self.calls[-1].answer
        message = answer.get("message") or answer.get("errorMessage") or answer.get("crash") or outcome.failure.reason
        return Answer(action, "FAILED", outcome.failure.code, f"{message}{self._lacks()}", returned)

    def _lacks(self) -> str:
        """Return what the last call asked of the account in vain."""
        return lacking(self.calls[-1].log) if self.calls else ""

    def pages(self, desired: Model, model: Model) -> Answer:
        """Call LIST until it returns no token for another page."""
        models: list[Model] = []
        event = self.event("LIST", self.request, desired, model=model)
        for _ in range(PAGES):
            try:
                answer = self._invoke(event)
            except SandboxError as error:
                return Answer("LIST", "FAILED", "InternalFailure", str(error))
            if answer.get("status") != "SUCCESS":
                return Answer(
                    "LIST",
                    "FAILED",
                    answer.get("errorCode") or "InternalFailure",
                    f"{answer.get('message')}{self._lacks()}",
                )
            if not isinstance(answer.get("resourceModels"), list):
                return Answer("LIST", "FAILED", "InternalFailure", "a SUCCESS without resourceModels")
            models += answer["resourceModels"]
            if answer.get("nextToken") is None:
                return Answer("LIST", "SUCCESS", models=models)
            event["nextToken"] = answer["nextToken"]
        return Answer("LIST", "FAILED", "InternalFailure", f"a nextToken on each of {PAGES} pages")


class Resource:
    """A resource of a type with one set of inputs.

    READ and DELETE get the primary identifier alone: the handler contract requires them to work with it, and Cloud
    Control sends nothing else.

    Args:
        kind: the type.
        inputs: the properties of its CREATE and UPDATE.
    """

    def __init__(self, kind: Type, inputs: Inputs) -> None:
        self.kind = kind
        self.inputs = inputs
        self._first_call = len(kind.calls)
        self._existing: dict[str, Model] = {}
        self.in_doubt = False
        """Whether something may exist that `clean` can't delete: a CREATE failed half-way, or named no resource, or
        named one that DELETE doesn't find."""

    @property
    def calls(self) -> list[Call]:
        """All calls of the type since this resource was set up."""
        return self.kind.calls[self._first_call :]

    def identifier(self, model: Model) -> str:
        """Return a model's primary identifier, or fail the test if a part of it is missing."""
        identifier = self.kind.identifier(model)
        if not identifier:
            paths = (path for path in self.kind.schema.primary_identifier if at(dict(model), path) in (None, ""))
            missing = " and ".join(".".join(path) for path in paths)
            pytest.fail(f"a model lacks {missing} of the primary identifier", pytrace=False)
        return identifier

    def create(self, desired: Model | None = None) -> Answer:
        """Call CREATE with a new token, and with the create inputs unless `desired` replaces them."""
        answer = self.kind.call("CREATE", self.inputs.create if desired is None else desired)
        identifier = self.kind.identifier(answer.model)
        if answer.status == "SUCCESS" and identifier:
            self._existing[identifier] = answer.model
        elif answer.code != "AlreadyExists":
            self.in_doubt = True
        return answer

    def read(self, model: Model) -> Answer:
        """Call READ with a model's primary identifier."""
        return self.kind.call("READ", {}, model=model)

    def update(self, model: Model) -> Answer:
        """Call UPDATE from the create inputs to the update inputs."""
        if not self.kind.has("update"):
            pytest.skip("the schema has no update handler")
        if self.inputs.update is None:
            pytest.fail(f"{self.inputs.name}_update.json is missing, and the type has an update handler", pytrace=False)
        answer = self.kind.call("UPDATE", self.inputs.update, self.inputs.create, model)
        identifier = self.kind.identifier(model)
        if answer.status == "SUCCESS" and identifier:
            self._existing.setdefault(identifier, model)  # a defective UPDATE may create it
        return answer

    def delete(self, model: Model) -> Answer:
        """Call DELETE with a model's primary identifier."""
        answer = self.kind.call("DELETE", {}, model=model)
        if answer.status == "SUCCESS":
            self._existing.pop(self.kind.identifier(model) or "", None)
        return answer

    def list(self, model: Model, desired: Model | None = None) -> Answer:
        """Call LIST with the create inputs, which some types filter by, unless `desired` replaces them."""
        if not self.kind.has("list"):
            pytest.skip("the schema has no list handler; AWS's rule PER010 is about that")
        return self.kind.pages(self.inputs.create if desired is None else desired, model)

    def clean(self) -> Sequence[str]:
        """Delete the remaining resources, and return what went wrong with each that may still exist."""
        left = []
        with suppress(HandlerHangs):
            for identifier, model in list(self._existing.items()):
                answer = self.delete(model)
                if answer.status == "SUCCESS" or answer.code == "NotFound":
                    self._existing.pop(identifier, None)
                    self.in_doubt = self.in_doubt or answer.code == "NotFound"
                else:
                    left.append(f"DELETE of {identifier} failed with {answer.code}: {answer.message}")
        return left
