"""How long an invocation may take, kept whatever comes over the wire.

The time limits of botocore hold for one read of a socket each: an answer that drips in, a byte at a time, is waited for
without end. Connections that are watched here have an end for the whole answer instead.
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
"""The largest answer that is read, in bytes: more than any of SageMaker's, and little of a function's 256 MB."""

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give what runs inside this many seconds, or what is left of an outer limit."""
    before = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(before)


def left() -> float:
    """Return how many seconds are left: infinitely many where no limit was set, never fewer than none."""
    return max(0.0, _ends.get() - time.monotonic())


def watch(client: Any) -> None:  # noqa: ANN401 - a client of any service
    """Have a client open connections that keep the limit. Those that it has opened before are not affected."""
    client._endpoint.http_session._pool_classes_by_scheme.update(http=_HTTPPool, https=_HTTPSPool)


class _Answer(HTTPResponse):
    """An answer that has to be complete within the read timeout of its connection."""

    def __init__(self, sock: Any, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - a socket; HTTPResponse's own
        super().__init__(sock, *arguments, **named)
        self.fp: Any = io.BufferedReader(_Stream(sock, self.fp.detach()))


class _Stream(io.RawIOBase):
    def __init__(self, sock: Any, raw: Any) -> None:  # noqa: ANN401 - a socket, in the clear or not, and its stream
        self._socket, self._raw, self._size = sock, raw, 0
        self._ends = time.monotonic() + min(sock.gettimeout() or math.inf, left())

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - whatever bytes can be written to
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
    """Tells failures to connect, TLS included, from those of a connection that a request may have gone out on."""

    response_class = _Answer

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]  # a mixin of connections
        except ssl.SSLCertVerificationError:
            raise  # it says what is wrong with the certificate
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
