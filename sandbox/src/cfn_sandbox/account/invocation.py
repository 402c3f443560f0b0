"""Invokes a function in AWS's Lambda emulator, from any process; serves Lambda's API for it at the account's door."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from werkzeug.wrappers import Request, Response

from cfn_sandbox import SandboxError
from cfn_sandbox.packaging.package import END_OF_LOG, tail

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NAME = "function"
"""The emulator's name for every function."""

TIMEOUT = 60
"""Seconds that CloudFormation gives one invocation of a handler."""

_PATH = f"/2015-03-31/functions/{NAME}/invocations"
_CONTEXT = "X-Amz-Client-Context"


@dataclass(frozen=True)
class Answer:
    """The answer to an invocation: the emulator's HTTP status, and the body."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Emulated:
    """A function in an emulator.

    Args:
        endpoint: the emulator's address.
        events: the folder of the events on their way to the handler (see cfn_sandbox.account.bootstrap).
        timeout: the seconds that an invocation can take.
        log: the file with the function's log.
        credentials: the credentials of the handler, as an event has them.
    """

    endpoint: str
    events: Path
    timeout: float
    log: Path
    credentials: Mapping[str, str] = field(repr=False)

    def post(self, body: bytes) -> Answer:
        """Invoke the function and return what the handler, or the emulator about a handler that failed, answers.

        Raises:
            requests.RequestException: the emulator is gone.
        """
        ticket, mark = secrets.token_hex(16), secrets.token_hex(16).encode()
        file = self.events / ticket
        with open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as event:  # noqa: PTH123 - of a descriptor
            event.write(mark + b"\n" + body)
        try:
            with requests.Session() as session:
                session.trust_env = False
                url = f"{self.endpoint}{_PATH}"
                answer = session.post(url, data=json.dumps(ticket), timeout=self.timeout + 30)
        finally:
            file.unlink()
        if answer.content.startswith(mark):
            return Answer(answer.status_code, answer.content.removeprefix(mark))
        return Answer(answer.status_code, _failure(answer.content))


def _failure(content: bytes) -> bytes:
    """Return an answer without the function's mark if it is a failure that the emulator reports, or else a failure."""
    try:
        reported = json.loads(content)
    except ValueError:  # plain text from the emulator itself: the invocation timed out
        return content
    if isinstance(reported, dict) and "errorType" in reported:
        return content
    text = "Another process answered instead of the function."
    return json.dumps({"errorType": "Sandbox.ForeignAnswer", "errorMessage": text}).encode()


def invoke(function: Emulated, event: Mapping[str, Any]) -> dict[str, Any]:
    """Invoke a function and return its answer.

    Args:
        function: the function.
        event: the event for the handler. Credentials in it are replaced by the account's own.

    Raises:
        SandboxError: the handler did not load, raised, ended its process or timed out; with the end of the function's
            log.
    """

    def end_of_log() -> str:
        return f"{END_OF_LOG}\n{tail(function.log.read_text(errors='replace') if function.log.exists() else '')}"

    try:
        answer = function.post(json.dumps(with_credentials(event, function.credentials)).encode())
    except requests.RequestException as error:
        raise SandboxError(f"the Lambda emulator is gone: {error}\n{end_of_log()}") from error
    text = answer.body.decode(errors="replace")
    try:
        result = json.loads(answer.body)
    except ValueError:  # plain text from the emulator itself: the invocation timed out
        raise SandboxError(f"the handler crashed: {text}\n{end_of_log()}") from None
    if not isinstance(result, dict):
        raise SandboxError(f"the handler returned no progress event but {text}\n{end_of_log()}")
    if "errorType" in result:
        crash = f"{result['errorType']}: {result.get('errorMessage', '')}"
        raise SandboxError(f"the handler crashed: {crash}\n{end_of_log()}")
    return result


def with_credentials(event: Mapping[str, Any], credentials: Mapping[str, str]) -> dict[str, Any]:
    """Return an event whose credentials are an account's, in each place that has some.

    CloudFormation sends the handler's credentials in `requestData`; an event of `cfn invoke` or for the test entrypoint
    has them in `credentials`.
    """
    changed = dict(event)
    if isinstance(event.get("credentials"), Mapping):
        changed["credentials"] = dict(credentials)
    data = event.get("requestData")
    if isinstance(data, Mapping):
        names = ("callerCredentials", "providerCredentials")
        own = {name: dict(credentials) for name in names if isinstance(data.get(name), Mapping)}
        changed["requestData"] = {**data, **own}
    return changed


class InvokeApi:
    """A WSGI application with Lambda's Invoke for one function, one invocation at a time.

    Args:
        function: the function.
        lock: held during an invocation, because the emulator serves one at a time.
        observe: takes each event and its answer, before the client gets that.
    """

    def __init__(
        self, function: Emulated, lock: threading.Lock, observe: Callable[[Any, Answer], object] = lambda *_: None
    ) -> None:
        self._function = function
        self._lock = lock
        self._observe = observe

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if (request.method, request.path) != ("POST", _PATH):
            return _error(404, "ResourceNotFoundException", f"The sandbox's function has Invoke only, at {_PATH}.")
        if _CONTEXT in request.headers:
            return _error(400, "InvalidParameterValueException", "A handler of a resource type gets no client context.")
        if request.headers.get("X-Amz-Invocation-Type", "RequestResponse") != "RequestResponse":
            return _error(400, "InvalidParameterValueException", "The sandbox invokes its function synchronously only.")
        try:
            event = json.loads(request.get_data() or b"{}")
        except ValueError:
            return _error(400, "InvalidRequestContentException", "The payload is not JSON.")
        if isinstance(event, Mapping):
            event = with_credentials(event, self._function.credentials)
        try:
            with self._lock:
                answer = self._function.post(json.dumps(event).encode())
                self._observe(event, answer)
        except requests.RequestException as error:
            return _error(502, "ServiceException", f"The Lambda emulator is gone: {error}")
        return Response(answer.body, answer.status, mimetype="application/json")


def _error(status: int, code: str, text: str) -> Response:
    body = json.dumps({"Type": "User", "Message": text})
    return Response(body, status, {"x-amzn-ErrorType": code}, mimetype="application/json")
