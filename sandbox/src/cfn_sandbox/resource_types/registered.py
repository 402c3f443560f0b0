"""A type with a function that is invoked until it succeeds or fails, as CloudFormation invokes registered types.

Sources: for the error codes and which of them are retried, AWS's "Handler error codes" in the CloudFormation CLI's user
guide; for the envelope, `HandlerRequest` in cloudformation_cli_python_lib.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, cast
from uuid import uuid4

from cfn_sandbox import SandboxError
from cfn_sandbox.resource_types.interface import (
    Action,
    Failure,
    Instance,
    Outcome,
    Page,
    Properties,
    Request,
    ResourceType,
)
from cfn_sandbox.schemas.schema import ResourceSchema, at, put
from cfn_sandbox.values import Value

__all__ = ["RegisteredType"]

Event = dict[str, Any]  # the handlers' side of the envelope, whose shape botocore doesn't have
Invoke = Callable[[Event], Event]

RETRIABLE = frozenset({"NetworkFailure", "ResourceConflict", "ServiceInternalError", "Throttling"})
ATTEMPTS = 3  # AWS documents that CloudFormation retries, but not how often
DEFAULT_TIMEOUT = 120  # minutes: the default of a handler's timeoutInMinutes in AWS's definition of resource schemas


class RegisteredType(ResourceType):
    """A type: its schema, and the function with its handlers.

    Args:
        document: the type's schema.
        invoke: takes an event and returns the handler's progress event.
        version: the version in the registry, of eight digits.
        log_group: the log group in the type's logging configuration. If given, events carry credentials for logging.
        wait: called with the seconds to wait until the next invocation.
        configuration: returns the type's configuration, or None if it has none. It can raise SandboxError.
    """

    called_by_aws = True

    def __init__(
        self,
        document: Mapping[str, Any],
        invoke: Invoke,
        version: str = "00000001",
        log_group: str | None = None,
        *,
        wait: Callable[[float], object] = time.sleep,
        configuration: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> None:
        super().__init__(ResourceSchema(document))
        self.version = version
        self.invoke = invoke
        self._log_group = log_group
        self._wait = wait
        self._configuration = configuration

    def create(self, request: Request, properties: Properties) -> Outcome:
        """Create a resource."""
        return self.handle("CREATE", request, properties)

    def read(self, request: Request, model: Properties) -> Outcome:
        """Return the resource that an identifier's properties belong to."""
        return self.handle("READ", request, {}, model=model)

    def update(self, request: Request, desired: Properties, previous: Properties, instance: Instance) -> Outcome:
        """Update a resource in place."""
        return self.handle("UPDATE", request, desired, previous, instance.model)

    def delete(self, request: Request, properties: Properties, instance: Instance) -> Outcome:
        """Delete a resource. One that is gone already is a success."""
        outcome = self.handle("DELETE", request, properties, model=instance.model)
        return Outcome() if outcome.failure and outcome.failure.code == "NotFound" else outcome

    def list(self, request: Request, model: Properties | None, next_token: str | None = None) -> Page:
        """Return a page of existing resources. Without a model, the event has empty properties, as AWS sends it."""
        try:
            event = self.event("LIST", request, self.typed(model or {}))
        except SandboxError as error:
            return Page(failure=_failure({"message": str(error)}, str(uuid4())))
        event["nextToken"] = next_token
        request.watch(None)
        answer = self._answer(event)
        if answer.get("status") != "SUCCESS":
            return Page(failure=_failure(answer, event["bearerToken"]))
        models = answer.get("resourceModels") or []
        instances = [Instance(self.schema.identifier(each) or "", each) for each in models]
        return Page(instances, answer.get("nextToken"))

    def handle(
        self,
        action: Action,
        request: Request,
        desired: Properties,
        previous: Properties | None = None,
        model: Properties | None = None,
    ) -> Outcome:
        """Invoke a handler until it succeeds: again while it is in progress, and after a retriable error.

        Like CloudFormation, this sends a template's numbers and booleans as strings; the plugin library casts them back
        (recast.py). The model that a handler returns with IN_PROGRESS is sent back to it unchanged.

        Args:
            action: CREATE, READ, UPDATE or DELETE.
            request: the account, region, stack and tags to send.
            desired: the template's properties.
            previous: the previous template's properties, on UPDATE.
            model: the model that the handlers last returned; its primary identifier is added to the properties.

        Returns:
            The resource in the handler's final event; with a failure at a terminal error, after ATTEMPTS retriable
            errors, or at the handler's timeout.
        """
        try:
            event = self.event(action, request, desired, previous, model)
        except SandboxError as error:
            return Outcome(None, _failure({"message": str(error)}, str(uuid4())))
        token = event["bearerToken"]
        minutes = int((self.schema.handler(action) or {}).get("timeoutInMinutes") or DEFAULT_TIMEOUT)  # type: ignore[arg-type]  # a number, by AWS's definition
        deadline = time.monotonic() + minutes * 60
        failures, latest = 0, None
        while True:
            request.watch(self._instance(latest))
            answer = self._answer(event)
            latest = answer.get("resourceModel") or latest
            if answer.get("status") == "SUCCESS":
                return self._success(action, answer, model, token)
            if answer.get("status") == "IN_PROGRESS":
                event["callbackContext"] = answer.get("callbackContext")
                event["requestData"]["resourceProperties"] = latest or event["requestData"]["resourceProperties"]
                delay = float(answer.get("callbackDelaySeconds") or 0)
            else:
                failures += 1
                failure = _failure(answer, token)
                if failure.code not in RETRIABLE or failures == ATTEMPTS:
                    return Outcome(self._instance(latest), failure)
                delay = 2.0**failures
            deadline -= delay  # counted even if `wait` returns at once, as in tests
            if time.monotonic() > deadline:
                text, hint = (
                    "Resource timed out waiting for completion",
                    f"(sandbox's hint: {minutes} minutes are over)",
                )
                reason = f"{text} (RequestToken: {token}) {hint}"
                return Outcome(self._instance(latest), Failure("NotStabilized", f"{text} {hint}", reason, token))
            self._wait(delay)

    def _answer(self, event: Event) -> Event:
        """Invoke the handler once; a function that crashed or did not answer in time has failed."""
        try:
            answer = self.invoke(event)
        except SandboxError as error:
            return {"errorMessage": str(error)}
        return answer if isinstance(answer, dict) else {"errorMessage": "The handler's answer is no object"}

    def _instance(self, model: Properties | None) -> Instance | None:
        identifier = self.schema.identifier(model or {})
        return Instance(identifier, model or {}) if identifier else None

    def _success(self, action: Action, answer: Event, model: Properties | None, token: str) -> Outcome:
        """Return a success's outcome. Refuse one without a primary identifier, or with another one than before."""
        if action == "DELETE":
            return Outcome()
        instance, before = self._instance(answer.get("resourceModel")), self.schema.identifier(model or {})
        changed = action == "UPDATE" and before and instance and instance.identifier != before
        if instance is None or changed:
            reported = instance.identifier if instance else None
            text = f"The handler succeeded with the primary identifier {reported}, not {before or 'one'}"
            return Outcome(None, _failure({"message": text}, token))
        return Outcome(instance)

    def event(
        self,
        action: Action,
        request: Request,
        desired: Properties,
        previous: Properties | None = None,
        model: Properties | None = None,
    ) -> Event:
        """Return the event of a first invocation. `handle` describes the arguments.

        Raises:
            SandboxError: the type's configuration can't be resolved.
        """
        credentials = {"accessKeyId": "sandbox", "secretAccessKey": "sandbox", "sessionToken": "sandbox"}
        in_stack, again = request.stack_id is not None, request.stack_id is not None and action == "UPDATE"
        data = {
            "callerCredentials": credentials,
            "providerCredentials": credentials if self._log_group else None,
            "providerLogGroupName": self._log_group,
            "logicalResourceId": request.logical_id,
            "resourceProperties": self._identified(desired, model),
            "previousResourceProperties": None if previous is None else self._identified(previous, model),
            "stackTags": dict(request.tags) if in_stack else None,
            "previousStackTags": dict(request.previous_tags) if again else None,
            "systemTags": request.system_tags if in_stack else None,
            "previousSystemTags": request.system_tags if again else None,
            "typeConfiguration": self._configuration(),
        }
        return {
            "action": action,
            "awsAccountId": request.account,
            "bearerToken": str(uuid4()),
            "nextToken": None,
            "region": request.region,
            "requestData": {key: value for key, value in data.items() if value is not None},
            "resourceType": self.name,
            "resourceTypeVersion": self.version,
            "stackId": request.stack_id,
            "callbackContext": None,
        }

    def _sent(self, properties: Properties) -> Event:
        """Return properties with their numbers and booleans as strings."""
        return cast("Event", _text(dict(properties)))

    def _identified(self, properties: Properties, model: Properties | None) -> Event:
        """Return properties as they are sent, with the primary identifier that a model has."""
        event = self._sent(properties)
        for path in self.schema.primary_identifier:
            value = at(dict(model or {}), path)
            if value is not None:
                put(event, path, deepcopy(value))
        return event


def _failure(answer: Event, token: str) -> Failure:
    """Return the failure that an answer is: a handler's, in which null is what it leaves out, or an internal one."""
    message, code = answer.get("message", answer.get("errorMessage")), answer.get("errorCode")
    internal = None if answer.get("status") == "FAILED" else "InternalFailure"
    return Failure.of_handler(str(code) if code else internal, "null" if message is None else str(message), token)


def _text(value: Value) -> Value:
    """Return the value with its numbers and booleans as strings."""
    if isinstance(value, dict):
        return {key: _text(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value, default=str)
