"""What can go wrong with one call, by name, and what that looks like on the wire.

A fault strikes before the call takes effect or after it. Those that come to pass before a request is sent, and those
with which a service says that it refuses, prove that nothing happened (UNHEARD, REFUSED). All others leave it open: the
caller can't tell before from after.
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
"""What a connection does: seconds of silence, bytes, its end, its reset. A script that ends stays silent."""

FOREVER = 10_000_000.0
"""Seconds of silence that outlast every limit."""

UNHEARD: dict[str, Exception] = {
    "unreachable": ConnectionRefusedError(111, "Connection refused"),
    "connect-timeout": TimeoutError("timed out"),
    "unresolved": socket.gaierror(-2, "Name or service not known"),
    "no-tls": ssl.SSLError(1, "[SSL] handshake failure"),
}
"""No connection comes about: the request was never sent."""

REFUSED: dict[str, tuple[int, str]] = {
    "throttled": (400, "ThrottlingException"),
    "429": (429, "TooManyRequestsException"),
    "denied": (400, "AccessDeniedException"),
    "expired": (400, "ExpiredTokenException"),
    "unknown": (400, "NeverHeardOfThisException"),
    "invalid": (400, "ValidationException"),
    "quota": (400, "ResourceLimitExceeded"),
}
"""The service says that it has not done what was asked."""

FAILED: dict[str, tuple[int, str]] = {
    "500": (500, "InternalFailure"),
    "503": (503, "ServiceUnavailable"),
}
"""The service failed, on the way to doing it or afterwards. 503 says how long to wait (x-amz-retry-after)."""

CUT = ("silence", "reset", "closed", "cut-in-status", "cut-in-headers", "cut-in-body")
"""The request was sent, and its answer did not come, or not all of it."""

UNREADABLE = ("204", "302", "html", "empty", "garbage")
"""An answer came which is not one of this service's: a proxy's, say."""

NAMES = (*UNHEARD, *REFUSED, *FAILED, *CUT, *UNREADABLE)
"""All of them."""


@dataclass(frozen=True)
class Fault:
    """One call goes wrong.

    Args:
        name: What happens to it, one of NAMES.
        operation: The API operation, or "logs" or "monitoring" for all of that service's.
        moment: Whether it happens before the call takes effect or after.
        calls: Which calls of the operation, counted from 1.
    """

    name: str
    operation: str
    moment: Moment = "before"
    calls: Collection[int] = (1,)

    def __post_init__(self) -> None:
        assert self.name in NAMES, self.name
        assert self.moment == "before" or self.name not in {*UNHEARD, *REFUSED}, f"{self.name} proves that nothing was"


def http(status: int, body: bytes, content_type: str = "application/x-amz-json-1.1", **headers: str) -> bytes:
    """Return an HTTP answer."""
    lines = {
        "x-amzn-RequestId": "0b0c1d2e-request",
        "Date": formatdate(usegmt=True),
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


def answer(fault: str, right: bytes) -> Script:
    """Return what a connection does under a fault that is neither UNHEARD nor none.

    Args:
        fault: The fault's name.
        right: The answer that the service gives, or would have given.
    """
    if fault in REFUSED or fault in FAILED:
        status, code = (REFUSED | FAILED)[fault]
        body = json.dumps({"__type": code, "message": f"{fault}, on request"}).encode()
        later = {"x_amz_retry_after": "2000"} if fault == "503" else {}
        return [http(status, body, **later)]
    head, _, body = right.partition(b"\r\n\r\n")
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
