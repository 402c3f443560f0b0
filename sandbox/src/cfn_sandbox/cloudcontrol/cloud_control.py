"""Cloud Control: creates, reads, lists, updates and deletes a resource without a stack, by the type that stacks use.

It serves registered types and those that the sandbox plays, not those that moto makes.

Sources: botocore's model of cloudcontrol with its documentation; for the wording of refusals, messages that users
quote: pulumi/pulumi-aws-native issues 581 and 941, aws-cloudformation/cloudformation-coverage-roadmap issue 2205;
LocalStack's test_cloudcontrol_api, recorded against AWS; for RetryAfter, the times and the ResourceModel of an update,
cloudcontrol_lifecycle.json in testdata/aws/cloudformation of radkawar/stackd, recorded against AWS.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from cfn_sandbox import operations
from cfn_sandbox.cloudcontrol.identifiers import invalid, model_of, patched, pointers_of
from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.protocols.paging import page
from cfn_sandbox.protocols.service import log_defect
from cfn_sandbox.resource_types.catalogue import find_type
from cfn_sandbox.resource_types.interface import Action, Failure, Instance, Outcome, Request
from cfn_sandbox.resource_types.registered import Event, RegisteredType
from cfn_sandbox.schemas.schema import changed

if TYPE_CHECKING:
    from cfn_sandbox.protocols.service import Answer, Call
    from cfn_sandbox.values import JSON, Value

TOKEN_LIFETIME = timedelta(hours=36)  # how long a client token is remembered
PAGE_SIZE = 20
MAXIMUM_MESSAGE = 2048  # characters of a StatusMessage
RUNNING = ("PENDING", "IN_PROGRESS")

ERRORS = {
    "InternalFailure": "HandlerInternalFailureException",
    "NotFound": "ResourceNotFoundException",
    "GeneralServiceException": "GeneralServiceException",
    "AccessDenied": "GeneralServiceException",  # the API has no error for this code and the next
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


class Cancelled(Exception):  # noqa: N818 - not an error: the client cancelled the request
    """A request that was cancelled before the handler's next invocation."""


@dataclass
class Progress:
    """How far a request is."""

    identifier: str | None = None
    status: str = "IN_PROGRESS"
    message: str | None = None
    code: str | None = None
    model: str | None = None  # until the handler of an UPDATE has answered: what it is asked for
    time: datetime = field(default_factory=lambda: datetime.now(UTC))  # when it got there
    retry: datetime | None = None  # when a handler in progress is invoked again

    def note(self, answer: Event) -> None:
        """Note that the handler answers now; an empty answer is the end."""
        self.model, self.time, self.message = None, datetime.now(UTC), answer.get("message")
        delay = timedelta(seconds=float(answer.get("callbackDelaySeconds") or 0))
        self.retry = self.time + delay if answer.get("status") == "IN_PROGRESS" else None


@dataclass(frozen=True, eq=False)
class ResourceRequest:
    """A request to create, update or delete a resource."""

    call: Call  # the API's call
    operation: str  # CREATE, UPDATE or DELETE
    progress: Progress = field(default_factory=Progress)  # how far it is
    token: str = field(default_factory=lambda: str(uuid4()))  # its RequestToken
    began: datetime = field(default_factory=lambda: datetime.now(UTC))  # when it began

    @property
    def event(self) -> dict[str, object]:
        """The API's ProgressEvent. In recordings, only the first one of an UPDATE has a ResourceModel."""
        progress = self.progress
        return {
            "TypeName": self.call.parameters["TypeName"],
            "Identifier": progress.identifier,
            "RequestToken": self.token,
            "Operation": self.operation,
            "OperationStatus": progress.status,
            "EventTime": progress.time,
            "ResourceModel": progress.model,
            "RetryAfter": progress.retry if progress.status in RUNNING else None,
            "StatusMessage": progress.message and progress.message[:MAXIMUM_MESSAGE],
            "ErrorCode": progress.code,
        }

    def is_repeated_by(self, call: Call, operation: str) -> bool:
        """Return whether a call with the same client token asks for the same."""
        return (self.operation, dict(self.call.parameters)) == (operation, dict(call.parameters))


Operate = Callable[[RegisteredType, Request], Outcome]
"""Invokes the handler of a type until it ends."""

Start = Callable[[ResourceRequest], Operate]
"""Checks a request, and returns what is to be done. It raises a CloudFormationError to refuse the request."""


class CloudControl:
    """Cloud Control's operations, each by its name in the API, and the requests of every account and region.

    A request locks the resource that it is about, and nothing else.
    """

    def __init__(self) -> None:
        self._requests: dict[str, ResourceRequest] = {}
        self._by_client_token: dict[tuple[str, str, str], Future[ResourceRequest]] = {}
        self._holders: dict[tuple[str, str, str, str], ResourceRequest] = {}  # by account, region, type, identifier
        self._lock = threading.Lock()  # held for the dictionaries only, never while a handler runs

    def create_resource(self, call: Call) -> Answer:
        """Start to create a resource, unless the schema refuses the desired state."""
        kind = _find(call, "CREATE")

        def start(resource_request: ResourceRequest) -> Operate:
            given = cast("dict[str, Value]", _json(call, "DesiredState", dict))
            desired = kind.typed(given)
            _refuse_violations(kind.check(given))
            resource_request.progress.identifier = kind.schema.identifier(desired)
            return lambda kind, request: kind.create(request, desired)

        return self._start_once(call, kind, "CREATE", start)

    def update_resource(self, call: Call) -> Answer:
        """Apply a patch to the model that READ returns, and start the update. Refuse to change fixed properties."""
        kind = _find(call, "UPDATE")

        def start(resource_request: ResourceRequest) -> Operate:
            operations = cast("list[JSON]", _json(call, "PatchDocument", list))
            instance = self._hold_existing(resource_request, kind)
            current = dict(instance.model)
            desired = patched(current, operations)
            if fixed := pointers_of(changed(kind.schema.read_only, current, desired)):
                raise invalid(f"Invalid patch update: readOnlyProperties [{fixed}] cannot be updated")
            if fixed := pointers_of(changed(kind.schema.create_only, current, desired)):
                text = f"Invalid patch update: createOnlyProperties [{fixed}] cannot be updated"
                raise CloudFormationError("NotUpdatableException", text)
            asked = kind.schema.without(desired, kind.schema.read_only)
            _refuse_violations(kind.check(asked))
            resource_request.progress.model = json.dumps(asked)
            return lambda kind, request: kind.update(request, kind.typed(desired), current, instance)

        return self._start_once(call, kind, "UPDATE", start)

    def delete_resource(self, call: Call) -> Answer:
        """Start to delete a resource."""
        kind = _find(call, "DELETE")

        def start(resource_request: ResourceRequest) -> Operate:
            model = model_of(kind.schema, call.parameters["Identifier"])
            identifier = kind.schema.identifier(model)
            if identifier is None:  # the request has an additional identifier
                model = model_of(kind.schema, self._hold_existing(resource_request, kind).identifier)
            else:
                self._hold(resource_request, identifier)
            return lambda kind, request: kind.handle("DELETE", request, model, model=model)

        return self._start_once(call, kind, "DELETE", start)

    def get_resource(self, call: Call) -> Answer:
        """Return the model that READ returns."""
        kind = _find(call, "READ")
        instance = _read(call, kind, model_of(kind.schema, call.parameters["Identifier"]))
        return {"TypeName": kind.name, "ResourceDescription": _described(instance)}

    def list_resources(self, call: Call) -> Answer:
        """Return what LIST returns: one page, and the handler's token for the next page."""
        kind = _find(call, "LIST")
        given = "ResourceModel" in call.parameters
        model = cast("dict[str, Value]", _json(call, "ResourceModel", dict)) if given else {}
        input_schema = (kind.schema.handler("LIST") or {}).get("handlerSchema")
        required = input_schema.get("required") if isinstance(input_schema, dict) else None
        names = required if isinstance(required, list) else []
        missing = [f"#: required key [{name}] not found" for name in names if name not in model]
        if missing:
            text = f"Missing or invalid ResourceModel property in {kind.name} list handler request input. "
            raise CloudFormationError("InvalidRequestException", f"{text}Required property: ({', '.join(missing)})")
        found = kind.list(
            Request(call.account, call.region), kind.typed(model) if given else None, call.parameters.get("NextToken")
        )
        if found.failure is not None:
            raise _handler_error(kind, found.failure)
        descriptions = [_described(instance) for instance in found.instances]
        return {"TypeName": kind.name, "ResourceDescriptions": descriptions, "NextToken": found.next_token}

    def get_resource_request_status(self, call: Call) -> Answer:
        """Return the status of a request."""
        return {"ProgressEvent": self._named(call).event}

    def list_resource_requests(self, call: Call) -> Answer:
        """Return one page of the region's requests, newest first."""
        wanted = call.parameters.get("ResourceRequestStatusFilter", {})
        events = [
            request.event
            for request in reversed(list(self._requests.values()))
            if (request.call.account, request.call.region) == (call.account, call.region)
            and request.operation in wanted.get("Operations", [request.operation])
            and request.progress.status in wanted.get("OperationStatuses", [request.progress.status])
        ]
        return page(call, "ResourceRequestStatusSummaries", events, size=PAGE_SIZE, code="ValidationException")

    def cancel_resource_request(self, call: Call) -> Answer:
        """Stop a handler in progress from being invoked again. What it has done so far is not undone."""
        request = self._named(call)
        with self._lock:
            status = request.progress.status
            if status in RUNNING:
                request.progress.status = "CANCEL_IN_PROGRESS"
            elif not status.startswith("CANCEL"):
                raise invalid(f"Request {request.token} is already in status {status}")
            return {"ProgressEvent": request.event}

    def _start_once(self, call: Call, kind: RegisteredType, operation: str, start: Start) -> Answer:
        """Begin a request, or return the event of the earlier one with this client token."""
        own: Future[ResourceRequest] = Future()
        key = (call.account, call.region, call.parameters.get("ClientToken") or str(uuid4()))
        while True:
            with self._lock:
                known = self._by_client_token.setdefault(key, own)
            if known is own:
                break
            try:
                earlier = known.result()
            except CloudFormationError:
                continue  # that request was refused, and its token is free again
            if datetime.now(UTC) - earlier.began < TOKEN_LIFETIME:
                if earlier.is_repeated_by(call, operation):
                    return {"ProgressEvent": earlier.event}
                text = f"ClientToken {key[2]} is already associated with an existing operation with RequestToken "
                text += earlier.token
                raise CloudFormationError("ClientTokenConflictException", text)
            with self._lock:
                if self._by_client_token.get(key) is known:
                    del self._by_client_token[key]
        request = ResourceRequest(call, operation)
        try:
            operate = start(request)
        except BaseException as error:
            with self._lock:
                del self._by_client_token[key]
            self._release(request)
            refusal = CloudFormationError("InternalFailure", "The request failed.")
            own.set_exception(error if isinstance(error, CloudFormationError) else refusal)
            raise
        with self._lock:
            self._requests[request.token] = request
            event = request.event
        own.set_result(request)
        name = f"{operation} {call.parameters['TypeName']}"
        operations.begin(name, lambda: self._run(request, kind, operate), patience=0)
        return {"ProgressEvent": event}

    def _run(self, request: ResourceRequest, kind: RegisteredType, operate: Operate) -> None:
        """Do what a request asks for, and keep its outcome. A cancellation takes effect before the next invocation."""
        progress, watched = request.progress, copy(kind)

        def invoke(event: Event) -> Event:
            if progress.status == "CANCEL_IN_PROGRESS":
                raise Cancelled
            answer = kind.invoke(event)
            self._report(request, kind.schema.identifier(answer.get("resourceModel") or {}))
            progress.note(answer)
            return answer

        watched.invoke = invoke
        try:
            outcome = operate(watched, Request(request.call.account, request.call.region))
        except Cancelled:
            status, failure = "CANCEL_COMPLETE", None
        except Exception as error:  # noqa: BLE001 - no caller waits for this thread: the request reports the defect
            text = log_defect(error, f"{request.operation} of {kind.name}")
            status, failure = "FAILED", Failure("InternalFailure", text, text)
        else:
            status, failure = ("FAILED" if outcome.failure else "SUCCESS"), outcome.failure
        with self._lock:
            progress.note({})
            progress.code, progress.message = (failure.code, failure.message) if failure else (None, None)
            progress.status = status
        self._release(request)

    def _report(self, request: ResourceRequest, identifier: str | None) -> None:
        """Keep the identifier that a handler reported, and lock the new resource."""
        if identifier is not None:
            request.progress.identifier = identifier
            with self._lock:
                self._holders.setdefault(_key(request, identifier), request)

    def _hold(self, request: ResourceRequest, identifier: str) -> None:
        """Lock a resource for a request.

        Raises:
            CloudFormationError: another request has it.
        """
        with self._lock:
            holder = self._holders.setdefault(_key(request, identifier), request)
        request.progress.identifier = identifier
        if holder is not request:
            text = f"Request {holder.token} on {identifier} is {holder.progress.status}; wait until it is over"
            raise CloudFormationError("ConcurrentOperationException", text)

    def _hold_existing(self, request: ResourceRequest, kind: RegisteredType) -> Instance:
        """Lock the resource that a call names by any identifier, and return what READ returns of it."""
        model = model_of(kind.schema, request.call.parameters["Identifier"])
        identifier = kind.schema.identifier(model)
        if identifier is not None:
            self._hold(request, identifier)
        instance = _read(request.call, kind, model)
        if identifier is None:
            self._hold(request, instance.identifier)
        return instance

    def _release(self, request: ResourceRequest) -> None:
        with self._lock:
            for key in [key for key, holder in self._holders.items() if holder is request]:
                del self._holders[key]

    def _named(self, call: Call) -> ResourceRequest:
        token = call.parameters["RequestToken"]
        request = self._requests.get(token)
        if request is None or (request.call.account, request.call.region) != (call.account, call.region):
            raise CloudFormationError("RequestTokenNotFoundException", f"Request with token {token} was not found")
        return request


def _key(request: ResourceRequest, identifier: str) -> tuple[str, str, str, str]:
    call = request.call
    return call.account, call.region, call.parameters["TypeName"], identifier


def _find(call: Call, action: Action) -> RegisteredType:
    """Return the type that a call names. Refuse an unknown type, and one without a handler."""
    name, version = call.parameters["TypeName"], call.parameters.get("TypeVersionId")
    kind = find_type(call.account, call.region, name)
    if not isinstance(kind, RegisteredType) or version not in {None, kind.version}:
        text = f"The type '{name}' cannot be found."
        note = "(In this sandbox, Cloud Control supports registered types, not those of AWS's types that moto creates.)"
        ours = kind is None or isinstance(kind, RegisteredType)
        raise CloudFormationError("TypeNotFoundException", text if ours else f"{text} {note}")
    if not kind.supports(action) or (action == "CREATE" and not kind.supports("READ")):  # the answer has what it reads
        text = f"Resource type {name} does not support {action} action"
        raise CloudFormationError("UnsupportedActionException", text)
    return kind


def _read(call: Call, kind: RegisteredType, model: Mapping[str, Value]) -> Instance:
    outcome = kind.handle("READ", Request(call.account, call.region), model, model=model)
    if outcome.failure is not None or outcome.instance is None:
        raise _handler_error(kind, outcome.failure or Failure("NotFound", "null", "null"))
    return outcome.instance


def _json(call: Call, name: str, expected: type) -> JSON:
    """Return the JSON text of a parameter as a value."""
    try:
        value: JSON = json.loads(call.parameters[name])
    except (ValueError, RecursionError) as error:
        raise invalid(f"{name} is not JSON: {error}") from error
    if not isinstance(value, expected):
        raise invalid(f"{name} is not a JSON {'object' if expected is dict else 'array'}")
    return value


def _refuse_violations(lines: list[str]) -> None:
    if lines:
        raise invalid("Model validation failed ({})".format("\n".join(lines)))


def _handler_error(kind: RegisteredType, failure: Failure) -> CloudFormationError:
    text = f"{kind.name} Handler returned status FAILED: {failure.message} (HandlerErrorCode: {failure.code}"
    return CloudFormationError(
        ERRORS.get(failure.code, "HandlerFailureException"), f"{text}, RequestToken: {failure.token})"
    )


def _described(instance: Instance) -> dict[str, object]:
    return {"Identifier": instance.identifier, "Properties": json.dumps(instance.model, default=str)}
