"""The faults that one call can have, by name, and what each looks like on the wire.

A fault hits a call before it takes effect or after. If the request is never sent (UNSENT), or the service refuses it
(REFUSED), nothing has happened. With every other fault, the caller can't tell whether the call took effect.
"""

import json
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from email.utils import formatdate
from typing import Literal

Moment = Literal["before", "after"]
Script = list[float | bytes | Literal["eof", "reset"]]
"""The steps of a connection: seconds of silence, bytes, its end or its reset. After the last step it stays silent."""

FOREVER = 10_000_000.0
"""Seconds of silence, longer than every time limit."""

UNSENT: dict[str, Exception] = {
    "unreachable": ConnectionRefusedError(111, "Connection refused"),
    "connect-timeout": TimeoutError("timed out"),
    "unresolved": socket.gaierror(-2, "Name or service not known"),
    "no-tls": ssl.SSLError(1, "[SSL] handshake failure"),
}
"""The connection fails, so the request is never sent."""

REFUSED: dict[str, tuple[int, str]] = {
    "throttled": (400, "ThrottlingException"),
    "429": (429, "TooManyRequestsException"),
    "denied": (400, "AccessDeniedException"),
    "expired": (400, "ExpiredTokenException"),
    "unknown": (400, "NeverHeardOfThisException"),
    "invalid": (400, "ValidationException"),
    "quota": (400, "ResourceLimitExceeded"),
}
"""The service refuses the request and does nothing."""

FAILED: dict[str, tuple[int, str]] = {
    "500": (500, "InternalFailure"),
    "503": (503, "ServiceUnavailable"),
}
"""The service fails before or after the call takes effect. A 503 says how long to wait (x-amz-retry-after)."""

CUT = ("silence", "reset", "closed", "cut-in-status", "cut-in-headers", "cut-in-body")
"""The request is sent, but no answer arrives, or only a part of it."""

UNREADABLE = ("204", "302", "html", "empty", "garbage")
"""An answer arrives that is not the service's, for example a proxy's."""

NAMES = (*UNSENT, *REFUSED, *FAILED, *CUT, *UNREADABLE)
"""The names of all faults."""


@dataclass(frozen=True)
class Fault:
    """A fault that hits some calls of an operation.

    Args:
        name: The fault's name, one of NAMES.
        operation: The API operation; "logs" or "monitoring" means every operation of that service.
        moment: Whether the fault hits before the call takes effect or after.
        calls: Which calls of the operation it hits, counted from 1.
    """

    name: str
    operation: str
    moment: Moment = "before"
    calls: Collection[int] = (1,)

    def __post_init__(self) -> None:
        assert self.name in NAMES, self.name
        assert self.moment == "before" or self.name not in {*UNSENT, *REFUSED}, f"{self.name} is always before"


def http(status: int, body: bytes, content_type: str = "application/x-amz-json-1.1", **headers: str) -> bytes:
    """Return an HTTP answer as it is sent."""
    lines = {
        "x-amzn-RequestId": "0b0c1d2e-request",
        "Date": formatdate(usegmt=True),
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


def script_of(fault: str, response: bytes) -> Script:
    """Return what a connection does under a fault whose request was sent.

    Args:
        fault: The fault's name, not one of UNSENT.
        response: The answer without the fault.
    """
    if fault in REFUSED or fault in FAILED:
        status, code = (REFUSED | FAILED)[fault]
        body = json.dumps({"__type": code, "message": f"{fault}, on request"}).encode()
        headers = {"x_amz_retry_after": "2000"} if fault == "503" else {}
        return [http(status, body, **headers)]
    head, _, body = response.partition(b"\r\n\r\n")
    scripts: dict[str, Script] = {
        "silence": [FOREVER],
        "reset": ["reset"],
        "closed": ["eof"],
        "cut-in-status": [b"HTTP/1.1 2", "eof"],
        "cut-in-headers": [head[: len(head) - 20], "eof"],
        "cut-in-body": [head + b"\r\n\r\n" + (body or b"{}")[: len(body) // 2], "eof"],
        "204": [b"HTTP/1.1 204 No Content\r\nx-amzn-RequestId: 0b0c\r\n\r\n"],
        "302": [http(302, b"", Location="https://portal.example.com/")],
        "html": [http(200, b"<html><body>Please sign in.</body></html>", "text/html")],
        "empty": [http(200, b"{}")],
        "garbage": [http(200, b'{"JobDefinitionArn": ["?"], "Tags": "?", "JobDefinitionSummaries": 7}')],
    }
    return scripts[fault]
