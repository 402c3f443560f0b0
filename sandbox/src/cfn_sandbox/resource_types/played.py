"""Types of AWS that moto lacks: each is AWS's published schema with handlers in Python.

They are registered types (registered.py) whose function runs in this process. So stacks, change sets, import, drift and
Cloud Control support them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.interface import Action, Properties, Request
from cfn_sandbox.resource_types.registered import Event, RegisteredType
from cfn_sandbox.schemas import published
from cfn_sandbox.values import Value

__all__ = ["Call", "Handler", "Refusal", "called", "offer"]

Model = dict[str, Any]  # the handlers of a type know its shape


@dataclass(frozen=True, kw_only=True)
class Call(Request):
    """The input of a handler: for whom it is, and the properties.

    Args:
        desired: the desired properties, in the schema's types; with the primary identifier once the resource has one.
        previous: the previous properties, on UPDATE.
    """

    desired: Model
    previous: Model


Handler = Callable[[Call], Model | list[Model] | None]
"""Returns the model; LIST returns a list of models, DELETE returns None."""


class Refusal(Exception):  # noqa: N818 - named for what the handler does: it refuses, with a code
    """A handler's refusal, which becomes a FAILED progress event.

    Args:
        code: the handler error code, such as NotFound.
        message: the reason, shown in the stack event.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class PlayedType(RegisteredType):
    """A type by its published schema.

    Args:
        name: the type's name.
        handlers: the handlers by action: CREATE, READ, UPDATE, DELETE, LIST.

    Raises:
        LookupError: cfn-lint has no schema of that name.
    """

    def __init__(self, name: str, handlers: Mapping[str, Handler]) -> None:
        schema = published.schema(name)
        if schema is None:
            raise LookupError(f"cfn-lint has no schema of {name}")
        super().__init__(schema.document, self._play)
        self._handlers = handlers

    def supports(self, action: Action) -> bool:
        """Return whether there is a handler for an action."""
        return action in self._handlers

    def typed(self, properties: Properties) -> dict[str, Value]:
        """Return properties in the schema's types; a document, an object or its text in AWS's schemas, as an object.

        That AWS, too, sees no difference between the two is assumed.
        """
        typed = super().typed(properties)
        return {key: _object(value) if self._is_document(key) else value for key, value in typed.items()}

    def _is_document(self, name: str) -> bool:
        return self.schema.kinds(self.schema.properties.get(name)) == {"object", "string"}

    def _sent(self, properties: Properties) -> Event:
        """Return properties as they are: a filter policy tells numbers from strings, and nothing casts them back."""
        return deepcopy(dict(properties))

    def _play(self, event: Event) -> Event:
        handler, data = self._handlers.get(event["action"]), event["requestData"]
        if handler is None:
            return _failed("InvalidRequest", f"This sandbox has no {event['action']} of {self.name}")
        call = Call(
            account=event["awsAccountId"],
            region=event["region"],
            stack_id=event.get("stackId"),
            logical_id=data.get("logicalResourceId"),
            tags=data.get("stackTags") or {},
            previous_tags=data.get("previousStackTags") or {},
            desired=self.typed(data.get("resourceProperties") or {}),
            previous=self.typed(data.get("previousResourceProperties") or {}),
        )
        try:
            answer = handler(call)
        except Refusal as refusal:
            return _failed(refusal.code, str(refusal))
        key = "resourceModels" if event["action"] == "LIST" else "resourceModel"
        return {"status": "SUCCESS", key: answer}


def called(client: Any, operation: str, codes: Mapping[str, str], /, **parameters: object) -> dict[str, Any]:  # noqa: ANN401 - boto3 creates the class at run time
    """Return what a service answers a handler.

    Args:
        client: a client of the service.
        operation: the client's method.
        codes: the handler error codes of the service's error codes; InvalidRequest is that of all others.
        parameters: the operation's parameters.

    Raises:
        Refusal: the service refused.
    """
    try:
        answer: dict[str, Any] = getattr(client, operation)(**parameters)
    except ClientError as error:
        code = codes.get(error.response["Error"]["Code"], "InvalidRequest")
        raise Refusal(code, error.response["Error"]["Message"]) from error
    return answer


def offer(name: str, handlers: Mapping[str, Handler]) -> AbstractContextManager[None]:
    """Let stacks of every account and region use one of AWS's types until the context ends.

    Args:
        name: the type's name.
        handlers: the handlers by action: CREATE, READ, UPDATE, DELETE, LIST.
    """
    return catalogue.offered(name, lambda: PlayedType(name, handlers))


def _object(value: Value) -> Value:
    """Return the object that a text is in JSON; the value itself if it is none."""
    try:
        document = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return value
    return document if isinstance(document, dict) else value


def _failed(code: str, message: str) -> Event:
    return {"status": "FAILED", "errorCode": code, "message": message}
