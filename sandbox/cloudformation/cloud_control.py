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

from sandbox import SandboxError
from sandbox.cloudformation import catalogue, operations
from sandbox.cloudformation.properties import InvalidIdentifier, changed, identified, without
from sandbox.cloudformation.resource_type import HandlerFailure, Request, ResourceType

HOST = r"https?://cloudcontrolapi\.(.+)\.amazonaws\.com"
TARGET = "CloudApiService"
TOKENS = timedelta(hours=36)  # how long a client token is remembered
PAGE = 20
OPEN = ("PENDING", "IN_PROGRESS")

EXCEPTIONS = {
    "InternalFailure": "HandlerInternalFailureException",
    "NotFound": "ResourceNotFoundException",
    "GeneralServiceException": "GeneralServiceException",
    "AccessDenied": "GeneralServiceException",  # the API has no error of its own for this code
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
_beginning = threading.Lock()  # two equal requests at the same time create one resource


class CloudControlError(ServiceException):
    """An error of the API: a code and a message. moto would take its own exception's module for a service's name."""


class Cancelled(Exception):  # noqa: N818 - not an error: the client cancelled the request
    """A request that was cancelled before its next invocation."""


@dataclass
class ResourceRequest:
    """A request to create, update or delete a resource, with its current status."""

    type_name: str
    operation: str
    given: JSON
    identifier: str | None = None
    status: str = "PENDING"
    message: str | None = None
    code: str | None = None
    model: JSON | None = None
    token: str = field(default_factory=lambda: str(uuid4()))
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def event(self) -> JSON:
        """The API's ProgressEvent."""
        return {
            "TypeName": self.type_name,
            "Identifier": self.identifier,
            "RequestToken": self.token,
            "Operation": self.operation,
            "OperationStatus": self.status,
            "EventTime": self.begun,
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

        watched = copy(kind)
        watched.invoke = invoke
        try:
            self.model = handle(watched) or None
        except Cancelled:
            self.status = "CANCEL_COMPLETE"
        except HandlerFailure as failure:
            self.status, self.code, self.message = "FAILED", failure.code, failure.said
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
        kind = self._kind("create")

        def begin(request: ResourceRequest) -> None:
            desired = kind.typed(_json("DesiredState", self.params["DesiredState"], dict))
            _refuse(kind.violations(desired))
            self._run(request, kind, lambda watched: watched.handle("CREATE", self._request, desired))

        return self._begun("CREATE", begin)

    def update_resource(self) -> ActionResult:
        """Apply a patch to the model that READ returns, and start the update. Refuse to change fixed properties."""
        kind = self._kind("update")

        def begin(request: ResourceRequest) -> None:
            current = self._read(kind)
            desired = _patched(current, _json("PatchDocument", self.params["PatchDocument"], list))
            read_only = kind.schema.get("readOnlyProperties", [])
            fixed = changed(read_only, current, desired)
            if fixed:
                raise _invalid(f"Invalid patch update: readOnlyProperties [{', '.join(fixed)}] cannot be updated")
            fixed = changed(kind.schema.get("createOnlyProperties", []), current, desired)
            if fixed:
                message = f"Invalid patch update: createOnlyProperties [{', '.join(fixed)}] cannot be updated"
                raise CloudControlError("NotUpdatableException", message)
            _refuse(kind.violations(without(desired, read_only)))
            request.identifier = kind.identifier(current)
            self._run(request, kind, lambda watched: watched.handle("UPDATE", self._request, desired, current, current))

        return self._begun("UPDATE", begin)

    def delete_resource(self) -> ActionResult:
        """Start to delete a resource."""
        kind = self._kind("delete")

        def begin(request: ResourceRequest) -> None:
            named = self._named(kind)
            if kind.identifier(named) is None:  # the request has an additional identifier
                named = identified(kind.schema, str(kind.identifier(self._read(kind))))
            request.identifier = kind.identifier(named)
            self._run(request, kind, lambda watched: watched.handle("DELETE", self._request, named, model=named))

        return self._begun("DELETE", begin)

    def get_resource(self) -> ActionResult:
        """Return the model that READ returns."""
        kind = self._kind("read")
        return ActionResult({"TypeName": kind.name, "ResourceDescription": _description(kind, self._read(kind))})

    def list_resources(self) -> ActionResult:
        """Return what LIST returns: one page, and the handler's token for the next page."""
        kind = self._kind("list")
        given = self.params.get("ResourceModel")
        model = _json("ResourceModel", given, dict) if given else {}
        wanted = kind.schema.get("handlers", {}).get("list", {}).get("handlerSchema", {}).get("required", [])
        missing = [f"#: required key [{key}] not found" for key in wanted if key not in model]
        if missing:
            text = f"Missing or invalid ResourceModel property in {kind.name} list handler request input. "
            raise CloudControlError("InvalidRequestException", f"{text}Required property: ({', '.join(missing)})")
        event = kind.event("LIST", self._request, kind.typed(model))
        event["nextToken"] = self.params.get("NextToken")
        if not given:
            del event["requestData"]["resourceProperties"]
        try:
            answer = kind.invoke(event)
        except SandboxError as error:  # the function crashed, or did not answer in time
            raise CloudControlError("HandlerFailureException", str(error)) from error
        if answer.get("status") != "SUCCESS":
            code, message = answer.get("errorCode") or "InternalFailure", answer.get("message") or ""
            raise _failure(kind, code, message, event["bearerToken"])
        found = [_description(kind, model) for model in answer.get("resourceModels") or []]
        return ActionResult(
            {"TypeName": kind.name, "ResourceDescriptions": found, "NextToken": answer.get("nextToken")}
        )

    def get_resource_request_status(self) -> ActionResult:
        """Return the status of a request."""
        return ActionResult({"ProgressEvent": self._found().event})

    def list_resource_requests(self) -> ActionResult:
        """Return one page of the region's requests, newest first."""
        wanted = self.params.get("ResourceRequestStatusFilter", {})
        chosen = [
            request.event
            for request in reversed(self._requests.values())
            if request.operation in wanted.get("Operations", [request.operation])
            and request.status in wanted.get("OperationStatuses", [request.status])
        ]
        begin = int(self.params.get("NextToken", 0))
        end = begin + self.params.get("MaxResults", PAGE)
        token = str(end) if end < len(chosen) else None
        return ActionResult({"ResourceRequestStatusSummaries": chosen[begin:end], "NextToken": token})

    def cancel_resource_request(self) -> ActionResult:
        """Stop a handler in progress from being invoked again. What it has done so far is not undone."""
        request = self._found()
        if request.status in OPEN:
            request.status = "CANCEL_IN_PROGRESS"
        elif not request.status.startswith("CANCEL"):
            raise _invalid(
                f"A request that is {request.status} can't be cancelled, only one that is {' or '.join(OPEN)}"
            )
        return ActionResult({"ProgressEvent": request.event})

    @property
    def _requests(self) -> dict[str, ResourceRequest]:
        """The requests by token. They live in moto's backend, so that a reset of moto removes them."""
        backend = cloudformation_backends[self.current_account][self.region]
        kept: dict[str, ResourceRequest] = vars(backend).setdefault("resource_requests", {})
        return kept

    @property
    def _request(self) -> Request:
        return Request(self.current_account, self.region)

    def _kind(self, handler: str) -> ResourceType:
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

    def _named(self, kind: ResourceType) -> JSON:
        try:
            return identified(kind.schema, self.params["Identifier"])
        except InvalidIdentifier as error:
            raise _invalid(str(error)) from error

    def _read(self, kind: ResourceType) -> JSON:
        named = self._named(kind)
        try:
            return kind.handle("READ", self._request, named, model=named)
        except HandlerFailure as failure:
            raise _failure(kind, failure.code, failure.said, failure.token) from failure

    def _begun(self, operation: str, begin: Callable[[ResourceRequest], None]) -> ActionResult:
        """Return the event of the earlier request with this client token, or begin a new request."""
        given = {key: value for key, value in self.params.items() if key != "ClientToken"}
        token, now = self.params.get("ClientToken"), datetime.now(UTC)
        backend = cloudformation_backends[self.current_account][self.region]
        known: dict[str, ResourceRequest] = vars(backend).setdefault("resource_client_tokens", {})
        with _beginning:
            earlier = known.get(token or "")
            if earlier and now - earlier.begun < TOKENS:
                if (earlier.operation, earlier.given) != (operation, given):
                    message = f"The client token {token} has been used for another request"
                    raise CloudControlError("ClientTokenConflictException", message)
                return ActionResult({"ProgressEvent": earlier.event})
            request = ResourceRequest(self.params["TypeName"], operation, given)
            begin(request)
            if token:
                known[token] = request
        return ActionResult({"ProgressEvent": request.event})

    def _run(self, request: ResourceRequest, kind: ResourceType, handle: Callable[[ResourceType], JSON]) -> None:
        for other in self._requests.values():
            same = (other.type_name, other.identifier) == (request.type_name, request.identifier)
            if same and request.identifier and other.status in {*OPEN, "CANCEL_IN_PROGRESS"}:
                raise CloudControlError(
                    "ConcurrentOperationException",
                    f"Request {other.token} on {request.identifier} is {other.status}; wait until it is over",
                )
        self._requests[request.token] = request
        request.status = "IN_PROGRESS"
        name = f"{request.operation} {request.type_name}"
        operations.begin(name, lambda: request.run(kind, handle), patience=0)

    def _found(self) -> ResourceRequest:
        token = self.params["RequestToken"]
        if token not in self._requests:
            raise CloudControlError("RequestTokenNotFoundException", f"Request with token {token} was not found")
        return self._requests[token]


def _json(name: str, text: str, kind: type) -> Any:  # noqa: ANN401 - any JSON value
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _invalid(f"{name} is not JSON: {error}") from error
    if not isinstance(value, kind):
        raise _invalid(f"{name} is not a JSON {'object' if kind is dict else 'array'}")
    return value


def _patched(current: JSON, operations_: list[JSON]) -> JSON:
    try:
        patched: JSON = JsonPatch(operations_).apply(current)
    except (JsonPatchException, JsonPointerException) as error:
        raise _invalid(f"Invalid patch update: {error}") from error
    return patched


def _refuse(violations: list[str]) -> None:
    if violations:
        raise _invalid("Model validation failed ({})".format("\n".join(violations)))


def _invalid(message: str) -> CloudControlError:
    """Return the error for a request that the service itself refuses. The API's model does not list this error."""
    return CloudControlError("ValidationException", message)


def _failure(kind: ResourceType, code: str, message: str, token: str) -> CloudControlError:
    told = f"{kind.name} Handler returned status FAILED: {message} (HandlerErrorCode: {code}, RequestToken: {token})"
    return CloudControlError(EXCEPTIONS.get(code, "HandlerFailureException"), told)


def _description(kind: ResourceType, model: Mapping[str, Any]) -> JSON:
    return {"Identifier": kind.identifier(model), "Properties": json.dumps(model, default=str)}


@contextmanager
def served() -> Iterator[None]:
    """Have moto serve Cloud Control until the context ends.

    moto maps a host name to a service, and builds one application per service. So this maps Cloud Control's host to the
    CloudFormation application, which recognizes Cloud Control's requests by their X-Amz-Target header.
    """
    of_moto = CloudFormationResponse._dispatch  # noqa: SLF001 - the method that this replaces

    def dispatch(self: BaseResponse, request: Any, *rest: Any) -> TYPE_RESPONSE:  # noqa: ANN401 - moto's
        if str(request.headers.get("X-Amz-Target", "")).startswith(f"{TARGET}."):
            return CloudControlResponse()._dispatch(request, *rest)  # noqa: SLF001 - like moto's own `dispatch`
        return of_moto(self, request, *rest)

    known = ("cloudformation", pattern(HOST))
    with patch.object(CloudFormationResponse, "_dispatch", dispatch):
        backend_index.backend_url_patterns.append(known)
        urls.url_bases.append(HOST)
        try:
            yield
        finally:
            backend_index.backend_url_patterns.remove(known)
            urls.url_bases.remove(HOST)
