"""Cloud Control, added to moto: creates, reads, lists, updates and deletes a resource without a stack.

It invokes the same handlers as stacks do. moto has no Cloud Control, so this adds a response class like moto's own,
driven by botocore's model of the API. It serves registered types and those of aws_types.py, not moto's own resources.

Sources: botocore's model of cloudcontrol with its documentation; for the wording of refusals, messages that users
quote: pulumi/pulumi-aws-native issues 581 and 941, aws-cloudformation/cloudformation-coverage-roadmap issue 2205.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from re import compile as pattern
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from jsonpatch import JsonPatch, JsonPatchException, JsonPointerException
from moto import backend_index
from moto.cloudformation import urls
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from cfn_sandbox import SandboxError
from cfn_sandbox.cloudformation import catalogue, operations
from cfn_sandbox.cloudformation.properties import InvalidIdentifier, changed_pointers, model_of, without
from cfn_sandbox.cloudformation.resource_type import HandlerFailure, Request, ResourceType

HOST = r"https?://cloudcontrolapi\.(.+)\.amazonaws\.com"
TARGET = "CloudApiService"
TOKEN_LIFETIME = timedelta(hours=36)  # how long a client token is remembered
PAGE_SIZE = 20
CANCELLABLE = ("PENDING", "IN_PROGRESS")

EXCEPTIONS = {
    "InternalFailure": "HandlerInternalFailureException",
    "NotFound": "ResourceNotFoundException",
    "GeneralServiceException": "GeneralServiceException",
    "AccessDenied": "GeneralServiceException",  # the API has no specific error for this code
    "UnauthorizedTaggingOperation": "GeneralServiceException",
    **{
        code: f"{code}Exception"
        for code in (
            *("AlreadyExists", "InvalidCredentials", "InvalidRequest", "NetworkFailure"),
            *("NotStabilized", "NotUpdatable", "ResourceConflict", "ServiceInternalError", "ServiceLimitExceeded"),
            "Throttling",
        )
    },
}
"""The API's error for each handler error code. Any other code becomes a HandlerFailureException."""

JSON = dict[str, Any]
_start_lock = threading.Lock()  # two equal requests at the same time create one resource


class CloudControlError(ServiceException):
    """An error of the API: a code and a message. moto would take its own exception's module for a service's name."""


class Cancelled(Exception):  # noqa: N818 - not an error: the client cancelled the request
    """A request that was cancelled before its next invocation."""


@dataclass
class ResourceRequest:
    """A request to create, update or delete a resource, with its current status."""

    type_name: str
    operation: str
    parameters: JSON
    identifier: str | None = None
    status: str = "PENDING"
    message: str | None = None
    code: str | None = None
    model: JSON | None = None
    token: str = field(default_factory=lambda: str(uuid4()))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def event(self) -> JSON:
        """The API's ProgressEvent."""
        return {
            "TypeName": self.type_name,
            "Identifier": self.identifier,
            "RequestToken": self.token,
            "Operation": self.operation,
            "OperationStatus": self.status,
            "EventTime": self.started_at,
            "ResourceModel": json.dumps(self.model, default=str) if self.model else None,
            "StatusMessage": self.message,
            "ErrorCode": self.code,
        }

    def run(self, kind: ResourceType, handle: Callable[[ResourceType], JSON]) -> None:
        """Invoke the handler until it ends. A cancellation takes effect before the next invocation.

        Args:
            kind: the resource type.
            handle: invokes the handler of the type that it is passed.
        """

        def invoke(event: JSON) -> JSON:
            if self.status == "CANCEL_IN_PROGRESS":
                raise Cancelled
            answer = kind.invoke(event)
            self.identifier = kind.identifier(answer.get("resourceModel") or {}) or self.identifier
            return answer

        cancellable = copy(kind)
        cancellable.invoke = invoke
        try:
            self.model = handle(cancellable) or None
        except Cancelled:
            self.status = "CANCEL_COMPLETE"
        except HandlerFailure as failure:
            self.status, self.code, self.message = "FAILED", failure.code, failure.handler_message
        except Exception as error:  # noqa: BLE001 - no caller waits for this thread: the request reports the error
            self.status, self.code, self.message = "FAILED", "InternalFailure", f"{type(error).__name__}: {error}"
        else:
            self.status = "SUCCESS"


class CloudControlResponse(BaseResponse):
    """The API's actions. moto finds an action's method by its name."""

    def __init__(self) -> None:
        super().__init__(service_name="cloudcontrol")
        self.automated_parameter_parsing = True

    def create_resource(self) -> ActionResult:
        """Start to create a resource, unless the schema refuses the desired state."""
        kind = self._find_type("create")

        def start(request: ResourceRequest) -> None:
            desired = kind.typed(_json("DesiredState", self.params["DesiredState"], dict))
            _refuse_violations(kind.violations(desired))
            self._run(request, kind, lambda cancellable: cancellable.handle("CREATE", self._handler_request, desired))

        return self._start_once("CREATE", start)

    def update_resource(self) -> ActionResult:
        """Apply a patch to the model that READ returns, and start the update. Refuse to change fixed properties."""
        kind = self._find_type("update")

        def start(request: ResourceRequest) -> None:
            current = self._read(kind)
            desired = _apply_patch(current, _json("PatchDocument", self.params["PatchDocument"], list))
            read_only = kind.schema.get("readOnlyProperties", [])
            fixed = changed_pointers(read_only, current, desired)
            if fixed:
                raise _validation_error(
                    f"Invalid patch update: readOnlyProperties [{', '.join(fixed)}] cannot be updated"
                )
            fixed = changed_pointers(kind.schema.get("createOnlyProperties", []), current, desired)
            if fixed:
                message = f"Invalid patch update: createOnlyProperties [{', '.join(fixed)}] cannot be updated"
                raise CloudControlError("NotUpdatableException", message)
            _refuse_violations(kind.violations(without(desired, read_only)))
            request.identifier = kind.identifier(current)
            self._run(
                request,
                kind,
                lambda cancellable: cancellable.handle("UPDATE", self._handler_request, desired, current, current),
            )

        return self._start_once("UPDATE", start)

    def delete_resource(self) -> ActionResult:
        """Start to delete a resource."""
        kind = self._find_type("delete")

        def start(request: ResourceRequest) -> None:
            model = self._identified_model(kind)
            if kind.identifier(model) is None:  # the request has an additional identifier
                model = model_of(kind.schema, str(kind.identifier(self._read(kind))))
            request.identifier = kind.identifier(model)
            self._run(
                request,
                kind,
                lambda cancellable: cancellable.handle("DELETE", self._handler_request, model, model=model),
            )

        return self._start_once("DELETE", start)

    def get_resource(self) -> ActionResult:
        """Return the model that READ returns."""
        kind = self._find_type("read")
        return ActionResult({"TypeName": kind.name, "ResourceDescription": _description(kind, self._read(kind))})

    def list_resources(self) -> ActionResult:
        """Return what LIST returns: one page, and the handler's token for the next page."""
        kind = self._find_type("list")
        filter_text = self.params.get("ResourceModel")
        model = _json("ResourceModel", filter_text, dict) if filter_text else {}
        required = kind.schema.get("handlers", {}).get("list", {}).get("handlerSchema", {}).get("required", [])
        missing = [f"#: required key [{key}] not found" for key in required if key not in model]
        if missing:
            text = f"Missing or invalid ResourceModel property in {kind.name} list handler request input. "
            raise CloudControlError("InvalidRequestException", f"{text}Required property: ({', '.join(missing)})")
        event = kind.event("LIST", self._handler_request, kind.typed(model))
        event["nextToken"] = self.params.get("NextToken")
        if not filter_text:
            del event["requestData"]["resourceProperties"]
        try:
            answer = kind.invoke(event)
        except SandboxError as error:  # the function crashed, or did not answer in time
            raise CloudControlError("HandlerFailureException", str(error)) from error
        if answer.get("status") != "SUCCESS":
            code, message = answer.get("errorCode") or "InternalFailure", answer.get("message") or ""
            raise _handler_error(kind, code, message, event["bearerToken"])
        descriptions = [_description(kind, model) for model in answer.get("resourceModels") or []]
        return ActionResult(
            {"TypeName": kind.name, "ResourceDescriptions": descriptions, "NextToken": answer.get("nextToken")}
        )

    def get_resource_request_status(self) -> ActionResult:
        """Return the status of a request."""
        return ActionResult({"ProgressEvent": self._find_request().event})

    def list_resource_requests(self) -> ActionResult:
        """Return one page of the region's requests, newest first."""
        status_filter = self.params.get("ResourceRequestStatusFilter", {})
        events = [
            request.event
            for request in reversed(self._requests.values())
            if request.operation in status_filter.get("Operations", [request.operation])
            and request.status in status_filter.get("OperationStatuses", [request.status])
        ]
        start = int(self.params.get("NextToken", 0))
        end = start + self.params.get("MaxResults", PAGE_SIZE)
        token = str(end) if end < len(events) else None
        return ActionResult({"ResourceRequestStatusSummaries": events[start:end], "NextToken": token})

    def cancel_resource_request(self) -> ActionResult:
        """Stop a handler in progress from being invoked again. What it has done so far is not undone."""
        request = self._find_request()
        if request.status in CANCELLABLE:
            request.status = "CANCEL_IN_PROGRESS"
        elif not request.status.startswith("CANCEL"):
            raise _validation_error(
                f"A request that is {request.status} can't be cancelled, only one that is {' or '.join(CANCELLABLE)}"
            )
        return ActionResult({"ProgressEvent": request.event})

    @property
    def _requests(self) -> dict[str, ResourceRequest]:
        """The requests by token. They live in moto's backend, so that a reset of moto removes them."""
        backend = cloudformation_backends[self.current_account][self.region]
        requests: dict[str, ResourceRequest] = vars(backend).setdefault("resource_requests", {})
        return requests

    @property
    def _handler_request(self) -> Request:
        return Request(self.current_account, self.region)

    def _find_type(self, handler: str) -> ResourceType:
        """Return the type that the request names. Refuse an unknown type, and one without this handler."""
        name, version = self.params["TypeName"], self.params.get("TypeVersionId")
        kind = catalogue.find_type(self.current_account, self.region, name)
        if kind is None or version not in {None, kind.version}:
            raise CloudControlError(
                "TypeNotFoundException",
                f"The type {name} {version or ''} is not found. (In this sandbox, Cloud Control supports "
                "registered types, not those of AWS's types that moto creates.)",
            )
        if handler not in kind.schema.get("handlers", {handler: {}}):
            message = f"Resource type {name} does not support {handler.upper()} action"
            raise CloudControlError("UnsupportedActionException", message)
        return kind

    def _identified_model(self, kind: ResourceType) -> JSON:
        try:
            return model_of(kind.schema, self.params["Identifier"])
        except InvalidIdentifier as error:
            raise _validation_error(str(error)) from error

    def _read(self, kind: ResourceType) -> JSON:
        model = self._identified_model(kind)
        try:
            return kind.handle("READ", self._handler_request, model, model=model)
        except HandlerFailure as failure:
            raise _handler_error(kind, failure.code, failure.handler_message, failure.token) from failure

    def _start_once(self, operation: str, start: Callable[[ResourceRequest], None]) -> ActionResult:
        """Return the event of the earlier request with this client token, or begin a new request."""
        parameters = {key: value for key, value in self.params.items() if key != "ClientToken"}
        token, now = self.params.get("ClientToken"), datetime.now(UTC)
        backend = cloudformation_backends[self.current_account][self.region]
        by_token: dict[str, ResourceRequest] = vars(backend).setdefault("resource_client_tokens", {})
        with _start_lock:
            earlier = by_token.get(token or "")
            if earlier and now - earlier.started_at < TOKEN_LIFETIME:
                if (earlier.operation, earlier.parameters) != (operation, parameters):
                    message = f"The client token {token} has been used for another request"
                    raise CloudControlError("ClientTokenConflictException", message)
                return ActionResult({"ProgressEvent": earlier.event})
            request = ResourceRequest(self.params["TypeName"], operation, parameters)
            start(request)
            if token:
                by_token[token] = request
        return ActionResult({"ProgressEvent": request.event})

    def _run(self, request: ResourceRequest, kind: ResourceType, handle: Callable[[ResourceType], JSON]) -> None:
        for other in self._requests.values():
            same = (other.type_name, other.identifier) == (request.type_name, request.identifier)
            if same and request.identifier and other.status in {*CANCELLABLE, "CANCEL_IN_PROGRESS"}:
                raise CloudControlError(
                    "ConcurrentOperationException",
                    f"Request {other.token} on {request.identifier} is {other.status}; wait until it is over",
                )
        self._requests[request.token] = request
        request.status = "IN_PROGRESS"
        name = f"{request.operation} {request.type_name}"
        operations.begin(name, lambda: request.run(kind, handle), patience=0)

    def _find_request(self) -> ResourceRequest:
        token = self.params["RequestToken"]
        if token not in self._requests:
            raise CloudControlError("RequestTokenNotFoundException", f"Request with token {token} was not found")
        return self._requests[token]


def _json(name: str, text: str, kind: type) -> Any:  # noqa: ANN401 - any JSON value
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _validation_error(f"{name} is not JSON: {error}") from error
    if not isinstance(value, kind):
        raise _validation_error(f"{name} is not a JSON {'object' if kind is dict else 'array'}")
    return value


def _apply_patch(current: JSON, patch_operations: list[JSON]) -> JSON:
    try:
        patched: JSON = JsonPatch(patch_operations).apply(current)
    except (JsonPatchException, JsonPointerException) as error:
        raise _validation_error(f"Invalid patch update: {error}") from error
    return patched


def _refuse_violations(violations: list[str]) -> None:
    if violations:
        raise _validation_error("Model validation failed ({})".format("\n".join(violations)))


def _validation_error(message: str) -> CloudControlError:
    """Return the error for a request that the service itself refuses. The API's model does not list this error."""
    return CloudControlError("ValidationException", message)


def _handler_error(kind: ResourceType, code: str, message: str, token: str) -> CloudControlError:
    text = f"{kind.name} Handler returned status FAILED: {message} (HandlerErrorCode: {code}, RequestToken: {token})"
    return CloudControlError(EXCEPTIONS.get(code, "HandlerFailureException"), text)


def _description(kind: ResourceType, model: Mapping[str, Any]) -> JSON:
    return {"Identifier": kind.identifier(model), "Properties": json.dumps(model, default=str)}


@contextmanager
def serve() -> Iterator[None]:
    """Have moto serve Cloud Control until the context ends.

    moto maps a host name to a service, and builds one application per service. So this maps Cloud Control's host to the
    CloudFormation application, which recognizes Cloud Control's requests by their X-Amz-Target header.
    """
    moto_dispatch = CloudFormationResponse._dispatch  # noqa: SLF001 - the method that this replaces

    def dispatch(self: BaseResponse, request: Any, *rest: Any) -> TYPE_RESPONSE:  # noqa: ANN401 - moto's
        if str(request.headers.get("X-Amz-Target", "")).startswith(f"{TARGET}."):
            return CloudControlResponse()._dispatch(request, *rest)  # noqa: SLF001 - like moto's own `dispatch`
        return moto_dispatch(self, request, *rest)

    url_pattern = ("cloudformation", pattern(HOST))
    with patch.object(CloudFormationResponse, "_dispatch", dispatch):
        backend_index.backend_url_patterns.append(url_pattern)
        urls.url_bases.append(HOST)
        try:
            yield
        finally:
            backend_index.backend_url_patterns.remove(url_pattern)
            urls.url_bases.remove(HOST)
