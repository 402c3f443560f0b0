"""A simulated network: connections that answer, stall, break and send wrong answers, in the time of the test's clock.

It replaces TCP and TLS below urllib3. The code above it is what ships: botocore, its retries, its parser, urllib3's
pools, http.client, and all that this project adds to them.
"""

import socket
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from unittest.mock import patch

import urllib3.connection
from botocore.httpsession import URLLib3Session

from tests.faults.clock import Clock
from tests.faults.fault import UNSENT, Fault, Script, http, script_of

LATENCY = 0.02
"""Seconds that an answer takes."""

HANDSHAKE = 0.01
"""Seconds that it takes to open a connection."""


class Service(Protocol):
    """A service that answers requests."""

    lagged: bool

    def answer(self, operation: str, body: bytes) -> bytes:
        """Carry out a request and return the answer as HTTP."""


@dataclass
class Call:
    """A request that was sent, or that a fault kept from being sent."""

    operation: str
    body: bytes = field(repr=False)
    fault: Fault | None
    took_effect: bool = False
    lagged: bool = False
    """Whether its answer was out of date."""
    was_heard: bool = False
    """Whether anything of its answer arrived in time."""
    was_read: bool = False
    """Whether the client read its answer to the end: it stops when its time is over."""

    @property
    def is_good(self) -> bool:
        """Whether it took effect, and SageMaker's answer was read and was up to date."""
        return self.took_effect and self.fault is None and not self.lagged and self.was_read


class Network:
    """All connections of this process, and the faults of the calls over them.

    Args:
        clock: The clock that calls move forward.
        sagemaker: The service that answers SageMaker's operations.
    """

    def __init__(self, clock: Clock, sagemaker: Service) -> None:
        self.clock = clock
        self.calls: list[Call] = []
        """All calls to SageMaker, and the deliveries that could not be sent, in order."""
        self.delivered: list[bytes] = []
        """The bodies of the requests to the services of logs and metrics."""
        self.faults: list[Fault] = []
        """The planned faults."""
        self.decide: Callable[[str, int], Fault | None] = self._planned_fault
        """Returns the fault that hits the nth call of an operation, or None."""
        self.before_call: Callable[[str, int], None] = _do_nothing
        """Called before the nth call of an operation, so that a test can make others act at that moment."""
        self.latency = LATENCY
        self._sagemaker = sagemaker
        self._counts: Counter[str] = Counter()
        self._upcoming: Fault | None = None
        self._open: list[Connection] = []
        self._fixed_response: bytes | None = None

    @property
    def operations(self) -> list[str]:
        """The operations of all calls, sent or not, in order."""
        return [call.operation for call in self.calls]

    def forget(self) -> None:
        """Forget calls and faults, and count calls from one again."""
        self.calls.clear()
        self.faults.clear()
        self._counts.clear()

    def drop(self) -> None:
        """Close every connection from the other side, as happens to idle ones."""
        while self._open:
            self._open.pop().drop()

    def announce(self, request: Any) -> None:  # noqa: ANN401 - botocore's prepared request
        """Note a request that is about to be sent, and decide on its fault."""
        operation = _operation(request)
        self._counts[operation] += 1
        self.before_call(operation, self._counts[operation])
        self._upcoming = self.decide(operation, self._counts[operation])
        if self._upcoming and self._upcoming.name in UNSENT:
            self.drop()
            self.calls.append(Call(operation, request.body or b"", self._upcoming))

    def connect(self, timeout: object) -> "Connection":
        """Return a new connection."""
        if self._upcoming and self._upcoming.name in UNSENT and self._upcoming.name != "no-tls":
            slow = self._upcoming.name == "connect-timeout"
            self.clock.sleep(float(timeout) if slow and isinstance(timeout, int | float) else HANDSHAKE)
            raise UNSENT[self._upcoming.name]
        self.clock.sleep(HANDSHAKE)
        self._open.append(Connection(self))
        self._open[-1].settimeout(timeout if isinstance(timeout, int | float) else None)
        return self._open[-1]

    def secure(self, connection: "Connection") -> "Connection":
        """Return a connection after its TLS handshake."""
        if self._upcoming and self._upcoming.name == "no-tls":
            raise UNSENT["no-tls"]
        return connection

    def serve(self, head: str, body: bytes) -> tuple[Script, Call | None]:
        """Return what a connection does after it receives a request, and the call; None for logs and metrics."""
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
        fault, self._upcoming = self._upcoming, None
        service = headers["host"].split(".")[0]
        if service in {"logs", "monitoring"}:
            self.delivered.append(body)
            response = _delivery_response(headers)
            return [self.latency, *(script_of(fault.name, response) if fault else [response])], None
        operation = headers["x-amz-target"].rpartition(".")[2]
        operation = next(name for name in OPERATIONS if name.lower() == operation)
        call = Call(operation, body, fault)
        self.calls.append(call)
        if fault and fault.moment == "before":
            return [
                self.latency,
                *script_of(fault.name, http(200, b'{"JobDefinitionArn": "arn:aws:sagemaker:"}')),
            ], call
        response = self._fixed_response or self._sagemaker.answer(operation, body)
        call.took_effect, call.lagged = b"200" in response.split(b"\r\n")[0], self._sagemaker.lagged
        return [self.latency, *(script_of(fault.name, response) if fault else [response])], call

    def answer_all(self, status: int, body: bytes) -> None:
        """Answer every request to SageMaker with this status and body."""
        self._fixed_response = http(status, body)

    def _planned_fault(self, operation: str, number: int) -> Fault | None:
        matching = (fault for fault in self.faults if fault.operation == operation and number in fault.calls)
        return next(matching, None)


class Connection(socket.socket):
    """One end of a pair of sockets. The network receives what is sent over it, and answers with a script."""

    def __init__(self, network: Network) -> None:
        own_end, self._other_end = socket.socketpair()
        super().__init__(own_end.family, own_end.type, own_end.proto, fileno=own_end.detach())
        weakref.finalize(self, self._other_end.close)  # else it stays open if this end is collected unclosed
        self._network = network
        self._sent = b""
        self._script: deque[Any] = deque()
        self._call: Call | None = None

    def sendall(self, data: Any, flags: int = 0, /) -> None:  # noqa: ANN401, ARG002 - a socket's own signature
        """Collect what is sent, and answer once the request is complete."""
        self._sent += bytes(data)
        head, end, body = self._sent.partition(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
        if end and len(body) >= length:
            self._sent = b""
            script, self._call = self._network.serve(head.decode(), body)
            self._script.extend(script)
            self._other_end.send(b".")  # a poll of this socket now says that there is something to read

    def send(self, data: Any, flags: int = 0, /) -> int:  # noqa: ANN401 - a socket's own signature
        """Send all the data."""
        self.sendall(data, flags)
        return len(data)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0, /) -> int:  # noqa: ANN401, ARG002 - as above
        """Fill the buffer with the next bytes. Silence moves the clock forward, up to the time limit."""
        limit = self.gettimeout()
        while not self._script or isinstance(self._script[0], float):
            silence = self._script.popleft() if self._script else 10_000_000.0
            if limit is not None and silence > limit:
                self._script.appendleft(silence - limit)
                self._network.clock.sleep(limit)
                raise TimeoutError("The read operation timed out")
            self._network.clock.sleep(silence)
        if self._script[0] == "eof":
            return 0
        if self._script[0] == "reset":
            raise ConnectionResetError(104, "Connection reset by peer")
        if self._call:
            self._call.was_heard = True
        size = nbytes or len(buffer)
        part, rest = self._script[0][:size], self._script[0][size:]
        self._script.popleft()
        if rest:
            self._script.appendleft(rest)
        if not self._script:
            super().recv(1)  # a poll now says that there is nothing to read
            if self._call:
                self._call.was_read = True
        buffer[: len(part)] = part
        return len(part)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Return the next bytes."""
        buffer = bytearray(bufsize)
        return bytes(buffer[: self.recv_into(buffer, bufsize, flags)])

    def setsockopt(self, *_: object) -> None:  # a pair of sockets has none of TCP's options
        """Ignore the option."""

    def drop(self) -> None:
        """Close the other end."""
        self._other_end.close()

    def close(self) -> None:
        """Close both ends."""
        self._other_end.close()
        super().close()


OPERATIONS = (
    "AddTags",
    "CreateModelQualityJobDefinition",
    "DeleteModelQualityJobDefinition",
    "DeleteTags",
    "DescribeModelQualityJobDefinition",
    "ListModelQualityJobDefinitions",
    "ListTags",
)


@contextmanager
def replace_network(network: Network) -> Iterator[Network]:
    """Replace the machine's network with a simulated one until the block ends."""
    send = URLLib3Session.send

    def announce_and_send(self: URLLib3Session, request: Any) -> Any:  # noqa: ANN401 - botocore's own
        network.announce(request)
        return send(self, request)

    def connect(_: object, timeout: object = None, **__: object) -> Connection:
        return network.connect(timeout)

    def resolve(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("192.0.2.1", 0))]

    def secure(sock: Connection, **_: object) -> urllib3.connection._WrappedAndVerifiedSocket:
        return urllib3.connection._WrappedAndVerifiedSocket(socket=network.secure(sock), is_verified=True)  # type: ignore[arg-type]  # a Connection does what urllib3 needs

    with (
        patch.object(URLLib3Session, "send", announce_and_send),
        patch("urllib3.util.connection.create_connection", connect),
        patch("socket.getaddrinfo", resolve),
        patch("urllib3.connection._ssl_wrap_socket_and_match_hostname", secure),
    ):
        try:
            yield network
        finally:
            network.drop()


def _operation(request: Any) -> str:  # noqa: ANN401 - botocore's prepared request
    service = str(request.url).split("/")[2].split(".")[0]
    if service in {"logs", "monitoring"}:
        return service
    target = request.headers["X-Amz-Target"]
    return (target.decode() if isinstance(target, bytes) else str(target)).rpartition(".")[2]


def _do_nothing(_: str, __: int) -> None:
    """Do nothing before a call."""


def _delivery_response(headers: dict[str, str]) -> bytes:
    """Return the answer of CloudWatch or CloudWatch Logs to any request."""
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return http(200, b"\xa0", "application/cbor", smithy_protocol="rpc-v2-cbor")
    return http(200, b"{}", headers.get("content-type", ""))
