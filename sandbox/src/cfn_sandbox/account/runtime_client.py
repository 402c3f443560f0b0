"""Replaces the compiled half of awslambdaric when the function runs in another Python than it was compiled for.

The names and signatures are those of awslambdaric's own runtime_client. The requests follow AWS's document "Using the
Lambda runtime API for custom runtimes".
"""

import http.client
import os
from collections.abc import Mapping
from email.message import Message

_INVOCATION = "/2018-06-01/runtime/invocation"


def initialize_client(user_agent: str) -> None:
    """Do nothing: the emulator needs no user agent."""


def next() -> tuple[bytes, Message]:  # noqa: A001  awslambdaric calls it by this name
    """Wait for the next event; return its body and its headers."""
    return _call("GET", "/next")


def post_invocation_result(invoke_id: str, result: bytes, content_type: str, _invocation_id: str | None = None) -> None:
    """Answer an invocation with a result."""
    _call("POST", f"/{invoke_id}/response", result, {"Content-Type": content_type})


def post_error(invoke_id: str, error: str, xray_fault: str, _invocation_id: str | None = None) -> None:
    """Answer an invocation with an error."""
    headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-XRay-Error-Cause": xray_fault}
    _call("POST", f"/{invoke_id}/error", error.encode(), headers)


def _call(
    method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[bytes, Message]:
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, _INVOCATION + path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.read(), answer.headers
    finally:
        connection.close()
