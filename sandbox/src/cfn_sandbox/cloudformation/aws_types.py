"""AWS's own types that moto lacks: each is AWS's published schema with handlers in Python.

They are a ResourceType (resource_type.py), like every registered type. So stacks, change sets, import, drift and Cloud
Control support them, and changing a create-only property means replacement, which moto's resource models can't express.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cfn_sandbox.cloudformation import published
from cfn_sandbox.cloudformation.resource_type import ResourceType

JSON = dict[str, Any]
_handlers: dict[str, Mapping[str, "Handler"]] = {}


@dataclass(frozen=True)
class Call:
    """The input of a handler.

    Args:
        account: the account's number.
        region: the region's name.
        desired: the desired properties, in the schema's types; with the primary identifier once the resource has one.
        previous: the previous properties, on UPDATE.
        tags: the stack's tags.
        previous_tags: the stack's previous tags, on UPDATE.
        stack_id: the stack's ARN; None if the resource is in no stack.
        logical_id: the resource's name in the template; None if the resource is in no stack.
    """

    account: str
    region: str
    desired: JSON
    previous: JSON
    tags: Mapping[str, str]
    previous_tags: Mapping[str, str]
    stack_id: str | None
    logical_id: str | None


Handler = Callable[[Call], JSON | list[JSON] | None]
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


@contextmanager
def offer(name: str, handlers: Mapping[str, Handler]) -> Iterator[None]:
    """Let stacks of every account and region use one of AWS's types until the context ends.

    Args:
        name: the type's name.
        handlers: the handlers by action: CREATE, READ, UPDATE, DELETE, LIST.
    """
    previous = _handlers.get(name)
    _handlers[name] = handlers
    try:
        yield
    finally:
        if previous is None:
            del _handlers[name]
        else:
            _handlers[name] = previous


def resource_type(name: str) -> ResourceType | None:
    """Return one of AWS's types by its name; None if it is not offered."""
    if name not in _handlers:
        return None
    return _load_type(name)


@lru_cache
def _load_type(name: str) -> ResourceType:
    published_type = published.resource_type(name)
    if published_type is None:
        raise LookupError(f"cfn-lint has no schema of {name}")
    kind = copy(published_type)

    def invoke(event: JSON) -> JSON:
        handler, data = _handlers[name].get(event["action"]), event["requestData"]
        if handler is None:
            return _failed("InvalidRequest", f"This sandbox has no {event['action']} of {name}")
        call = Call(
            event["awsAccountId"],
            event["region"],
            kind.typed(data.get("resourceProperties") or {}),
            kind.typed(data.get("previousResourceProperties") or {}),
            data.get("stackTags") or {},
            data.get("previousStackTags") or {},
            event.get("stackId"),
            data.get("logicalResourceId"),
        )
        try:
            answer = handler(call)
        except Refusal as refusal:
            return _failed(refusal.code, str(refusal))
        key = "resourceModels" if event["action"] == "LIST" else "resourceModel"
        return {"status": "SUCCESS", key: answer}

    kind.invoke = invoke
    return kind


def _failed(code: str, message: str) -> JSON:
    return {"status": "FAILED", "errorCode": code, "message": message}
