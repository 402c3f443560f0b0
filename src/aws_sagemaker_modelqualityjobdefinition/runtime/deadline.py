"""The time limit of an invocation, enforced even when an answer arrives byte by byte.

botocore's timeouts apply to each read of a socket, so an answer that arrives slowly can take forever. Clients that are
watched here apply the timeout to the whole answer.
"""

import io
import math
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPException, HTTPResponse
from typing import Any

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

ANSWER_SIZE = 8_000_000
"""The largest answer that is read, in bytes. AWS's are smaller, and it fits easily in a function's 256 MB."""

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Limit the code inside to this many seconds, or to the rest of an outer limit if that is shorter."""
    before = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(before)


def remaining() -> float:
    """Return the seconds that remain: infinity without a limit, never below 0."""
    return max(0.0, _ends.get() - time.monotonic())


def watch(client: Any) -> None:  # noqa: ANN401 - a client of any service
    """Apply the limit to the connections that a client opens from now on."""
    client._endpoint.http_session._pool_classes_by_scheme.update(http=_HTTPPool, https=_HTTPSPool)


class _Response(HTTPResponse):
    """An answer that must be complete within the read timeout of its connection."""

    def __init__(self, sock: Any, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - a socket; HTTPResponse's own
        super().__init__(sock, *arguments, **named)
        self.fp: Any = io.BufferedReader(_Stream(sock, self.fp.detach()))


class _Stream(io.RawIOBase):
    def __init__(self, sock: Any, raw: Any) -> None:  # noqa: ANN401 - a plain or TLS socket, and its stream
        self._socket, self._raw, self._size = sock, raw, 0
        self._ends = time.monotonic() + min(sock.gettimeout() or math.inf, remaining())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any writable buffer
        remaining = self._ends - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("The answer did not come to an end in time.")
        self._socket.settimeout(remaining if remaining < math.inf else None)
        count: int | None = self._raw.readinto(buffer)
        self._size += count or 0
        if self._size > ANSWER_SIZE:
            raise HTTPException("The answer is too large.")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Connection:
    """Separates failures to connect, TLS included, from failures after a request may have been sent."""

    response_class = _Response

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]  # a mixin of connections
        except ssl.SSLCertVerificationError:
            raise  # its text names the problem with the certificate
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "TLS was not agreed on in time.") from error
        except OSError as error:
            raise NewConnectionError(self, type(error).__name__) from error  # type: ignore[arg-type]  # a mixin


class _HTTPConnection(_Connection, AWSHTTPConnection):  # type: ignore[misc]  # botocore's stubs clash with urllib3
    pass


class _HTTPSConnection(_Connection, AWSHTTPSConnection):  # type: ignore[misc]  # as above
    pass


class _HTTPPool(AWSHTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(AWSHTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection
