"""A resource type as CloudFormation sees it: a schema, and a function that is invoked until it succeeds or fails.

Sources: for the error codes and which of them are retried, AWS's "Handler error codes" in the CloudFormation CLI's user
guide; for the envelope, `HandlerRequest` in cloudformation_cli_python_lib.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from cfn_sandbox import SandboxError
from cfn_sandbox.cloudformation import violations

__all__ = ["InvalidProperties", "Invoke", "Request", "ResourceType"]

JSON = Any
Invoke = Callable[[dict[str, Any]], dict[str, Any]]

RETRIABLE = frozenset({"NetworkFailure", "ResourceConflict", "ServiceInternalError", "Throttling"})
ATTEMPTS = 3  # AWS documents that CloudFormation retries, but not how often
DEFAULT_TIMEOUT = 120  # minutes: the default of a handler's timeoutInMinutes in AWS's definition of resource schemas


class HandlerFailure(Exception):  # noqa: N818 - the contract's word: a handler fails, with a code
    """A handler's final failure: the error code, the message, and the last model that the handler returned, if any."""

    def __init__(self, code: str, message: str, token: str, model: dict[str, Any] | None = None) -> None:
        super().__init__(
            f'Resource handler returned message: "{message}" (RequestToken: {token}, HandlerErrorCode: {code})'
        )
        self.code = code
        self.handler_message = message
        self.token = token
        self.model = model


class InvalidProperties(Exception):  # noqa: N818 - named for what is wrong, like the service's own message
    """Properties that the schema refuses, found before any handler is called."""


@dataclass(frozen=True)
class Request:
    """What CloudFormation sends a handler besides the properties: account, region, stack, logical id and stack tags."""

    account: str
    region: str
    stack_id: str | None = None
    logical_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    previous_tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def system_tags(self) -> dict[str, str]:
        """CloudFormation's own tags, which only AWS's types can set on a resource."""
        if self.stack_id is None or self.logical_id is None:
            return {}
        return {
            "aws:cloudformation:stack-name": self.stack_id.split("/")[1],
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": self.logical_id,
        }


class ResourceType:
    """A resource type: its schema, and the function with its handlers.

    Args:
        schema: the resource type's schema.
        invoke: takes an event and returns the handler's progress event.
        version: the version in the registry, of eight digits.
        log_group: the log group in the type's logging configuration. If given, events carry credentials for logging.
        wait: called with the seconds to wait until the next invocation.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        invoke: Invoke,
        *,
        version: str = "00000001",
        log_group: str | None = None,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.schema = schema
        self.name: str = schema["typeName"]
        self.version = version
        self.invoke = invoke
        self._log_group = log_group
        self._wait = wait
        read_only = {path[0] for path in self._paths("readOnlyProperties") if len(path) == 1}
        self._property_schema = {
            **{key: value for key, value in schema.items() if key not in {"handlers", "description"}},
            "type": "object",
            "properties": {key: value for key, value in schema["properties"].items() if key not in read_only},
        }

    def _paths(self, keyword: str) -> list[list[str]]:
        """Return the property pointers under a keyword of the schema, as paths. A path ends at the first array."""
        pointers: list[str] = self.schema.get(keyword, [])
        return [pointer.partition("/*")[0].split("/")[2:] for pointer in pointers]

    @property
    def identifier_paths(self) -> list[list[str]]:
        """The paths of the primary identifier's parts in a model."""
        return self._paths("primaryIdentifier")

    @property
    def tag_property(self) -> str | None:
        """The property with the resource's own tags; None if the type is not taggable."""
        pointer: str = self.schema.get("tagging", {}).get("tagProperty", "/properties/Tags")
        return pointer.rpartition("/")[2] if self.taggable else None

    def recreation(self, name: str, previous: JSON, desired: JSON) -> str:
        """Return whether changing a top-level property replaces the resource: Always, Never or Conditionally.

        Args:
            name: the property's name.
            previous: its previous value.
            desired: its desired value; None if it is absent or not known yet.
        """
        if any(path[0] == name for path in self._paths("conditionalCreateOnlyProperties")):
            return "Conditionally"
        paths = [path[1:] for path in self._paths("createOnlyProperties") if path[0] == name]
        if [] in paths:
            return "Always"
        if not paths:
            return "Never"
        if desired is None and previous is not None:
            return "Conditionally"
        return "Always" if any(_at(previous, path) != _at(desired, path) for path in paths) else "Never"

    def identifier(self, model: Mapping[str, Any]) -> str | None:
        """Return the primary identifier (the value of Ref), its parts joined by `|`; None if the model lacks a part."""
        parts = [_at(model, path) for path in self._paths("primaryIdentifier")]
        return None if None in parts else "|".join(str(part) for part in parts)

    @property
    def taggable(self) -> bool:
        """Whether resources of this type get the stack's tags."""
        return bool(self.schema.get("tagging", {}).get("taggable", True))

    def has_attribute(self, name: str) -> bool:
        """Return whether Fn::GetAtt has this attribute: a read-only property, `Outer.Inner` if it is nested."""
        return name.split(".") in self._paths("readOnlyProperties")

    def attribute(self, model: Mapping[str, Any], name: str) -> JSON:
        """Return the value of a read-only property in a model."""
        return _at(model, name.split("."))

    def replaces(self, previous: Mapping[str, Any], desired: Mapping[str, Any]) -> bool:
        """Return whether a create-only property differs, so that the update requires replacement."""
        return any(_at(previous, path) != _at(desired, path) for path in self._paths("createOnlyProperties"))

    def typed(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return a template's properties in the schema's types: CloudFormation accepts `"50"` for 50 and vice versa."""
        typed: dict[str, Any] = self._typed(properties, self._property_schema)
        return typed

    def _typed(self, value: JSON, schema: JSON) -> JSON:
        schema = schema if isinstance(schema, Mapping) else {}
        if "$ref" in schema:
            target: Any = self.schema
            for key in schema["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            return self._typed(value, target)
        if isinstance(value, Mapping):
            known = schema.get("properties", {})
            other = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
            return {
                key: self._typed(member, known.get(key, other)) for key, member in value.items() if member is not None
            }
        if isinstance(value, list):
            return [self._typed(item, schema.get("items")) for item in value if item is not None]
        return _typed_scalar(value, schema.get("type"))

    def violations(self, properties: Mapping[str, Any]) -> list[str]:
        """Return a line for each violation of the schema, with CloudFormation's wording. No line repeats a value."""
        return violations.lines(self._property_schema, properties)

    def validate(self, logical_id: str, properties: Mapping[str, Any]) -> None:
        """Check properties against the schema, as CloudFormation does before it calls a handler.

        Raises:
            InvalidProperties: the schema refuses them; with the `violations`.
        """
        lines = self.violations(properties)
        if lines:
            raise InvalidProperties(
                f"Properties validation failed for resource {logical_id} with message:\n" + "\n".join(lines)
            )

    def handle(
        self,
        action: str,
        request: Request,
        desired: Mapping[str, Any],
        previous: Mapping[str, Any] | None = None,
        model: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
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
            The model in the handler's final event; empty if it has none.

        Raises:
            HandlerFailure: at a terminal error, after ATTEMPTS retriable errors, or at the handler's timeout; with the
                model of the last event that had one.
        """
        event = self.event(action, request, desired, previous, model)
        token = event["bearerToken"]
        minutes = self.schema.get("handlers", {}).get(action.lower(), {}).get("timeoutInMinutes", DEFAULT_TIMEOUT)
        deadline = time.monotonic() + minutes * 60
        failures, latest = 0, None
        while True:
            try:
                answer = self.invoke(event)
            except SandboxError as error:  # the function crashed, or did not answer in time
                answer = {"status": "FAILED", "errorCode": "InternalFailure", "message": str(error)}
            latest = answer.get("resourceModel") or latest
            status, code = answer.get("status"), answer.get("errorCode") or "InternalFailure"
            if status == "SUCCESS":
                if action in {"CREATE", "UPDATE"}:
                    self._check_identifier(latest or {}, model, token)
                return answer.get("resourceModel") or {}
            if status == "IN_PROGRESS":
                event["callbackContext"] = answer.get("callbackContext")
                event["requestData"]["resourceProperties"] = latest or event["requestData"]["resourceProperties"]
                delay = float(answer.get("callbackDelaySeconds") or 0)
            else:
                failures += 1
                if code not in RETRIABLE or failures == ATTEMPTS:
                    message = answer.get("message") or answer.get("errorMessage") or "null"
                    raise HandlerFailure(code, message, token, latest)
                delay = 2.0**failures
            deadline -= delay  # counted even if `wait` returns at once, as in tests
            if time.monotonic() > deadline:
                raise HandlerFailure("NotStabilized", f"Exceeded the {minutes} minutes of this handler", token, latest)
            self._wait(delay)

    def _check_identifier(self, reported: Mapping[str, Any], model: Mapping[str, Any] | None, token: str) -> None:
        """Refuse a success without a primary identifier, or with another one than before."""
        identifier, before = self.identifier(reported), self.identifier(model or {})
        if identifier is None or (before and identifier != before):
            text = f"The handler succeeded with the primary identifier {identifier}, not {before or 'one'}"
            raise HandlerFailure("InternalFailure", text, token)

    def event(
        self,
        action: str,
        request: Request,
        desired: Mapping[str, Any],
        previous: Mapping[str, Any] | None = None,
        model: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the event of a first invocation. `handle` describes the arguments."""
        model = model or {}
        identifier = [(path, _at(model, path)) for path in self._paths("primaryIdentifier")]
        credentials = {"accessKeyId": "sandbox", "secretAccessKey": "sandbox", "sessionToken": "sandbox"}
        data = {
            "callerCredentials": credentials,
            "providerCredentials": credentials if self._log_group else None,
            "providerLogGroupName": self._log_group,
            "logicalResourceId": request.logical_id,
            "resourceProperties": _set_members(_text(desired), identifier),
            "previousResourceProperties": None if previous is None else _set_members(_text(previous), identifier),
            "stackTags": dict(request.tags) if request.stack_id else None,
            "previousStackTags": dict(request.previous_tags) if request.stack_id and action == "UPDATE" else None,
            "systemTags": request.system_tags if request.stack_id else None,
            "previousSystemTags": request.system_tags if request.stack_id and action == "UPDATE" else None,
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


def _typed_scalar(value: JSON, kind: JSON) -> JSON:
    if kind == "string":
        return _text(value)
    if kind in {"integer", "number", "boolean"} and isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            return value
        return parsed if isinstance(parsed, bool) == (kind == "boolean") else value
    return value


def _at(model: JSON, path: list[str]) -> JSON:
    for key in path:
        model = model.get(key) if isinstance(model, Mapping) else None
    return model


def _set_members(properties: dict[str, Any], members: list[tuple[list[str], Any]]) -> dict[str, Any]:
    for path, value in members:
        inner = properties
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        if value is not None:
            inner[path[-1]] = value
    return properties


def _text(value: JSON) -> JSON:
    """Return the value with its numbers and booleans as strings."""
    if isinstance(value, Mapping):
        return {key: _text(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value, default=str)
