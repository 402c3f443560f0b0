"""A real server on loopback that answers as a test chooses: at once, slowly, endlessly or never."""

import json
import socket
import socketserver
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.faults.fault import Fault, http, script_of
from tests.faults.network import OPERATIONS, Service

Manner = Callable[["ClientConnection", str, bytes], None]
"""How a server answers: a function of the connection, the operation and the right answer."""


class ClientConnection(socketserver.StreamRequestHandler):
    """A connection whose requests the server answers in its manner, until the client closes it."""

    server: "Server"

    def handle(self) -> None:
        """Answer the requests of the connection."""
        with suppress(OSError):  # the client closed the connection, as it should
            while head := self._head():
                body = self.rfile.read(int(head.get("content-length", 0)))
                target = head.get("x-amz-target", "").rpartition(".")[2]
                operation = target if target in OPERATIONS else "delivery"
                with self.server.lock:
                    self.server.request_counts[operation] += 1
                    fault = self.server.decide(operation)
                    has_no_effect = operation not in OPERATIONS or (fault and fault.moment == "before")
                    response = http(200, b"{}") if has_no_effect else self.server.service.answer(operation, body)
                if fault:
                    self.fail(fault, response)
                else:
                    self.server.manner(self, operation, response)

    def fail(self, fault: Fault, response: bytes) -> None:
        """Answer as a fault prescribes.

        Raises:
            ConnectionAbortedError: The fault ends the connection.
        """
        for step in script_of(fault.name, response):
            if isinstance(step, bytes):
                self.send(step)
            elif isinstance(step, float):
                self.wait(step)
            else:
                if step == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise ConnectionAbortedError

    def send(self, part: bytes) -> None:
        """Send a part of an answer."""
        self.wfile.write(part)
        self.wfile.flush()

    def wait(self, seconds: float) -> None:
        """Wait, unless the test is over.

        Raises:
            ConnectionAbortedError: The test is over.
        """
        if self.server.closing.wait(seconds):
            raise ConnectionAbortedError

    def _head(self) -> dict[str, str]:
        lines = iter(lambda: self.rfile.readline().strip(), b"")
        return {
            name.lower(): value.strip() for name, _, value in (line.decode("latin-1").partition(":") for line in lines)
        }


class Server(socketserver.ThreadingTCPServer):
    """A server on a free port.

    Args:
        service: The service that has the right answers.
        manner: How the server gives them.
        lock: Lets one request at a time reach a service that several servers share.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, service: Service, manner: Manner, lock: threading.Lock) -> None:
        super().__init__(("127.0.0.1", 0), ClientConnection)
        self.service, self.manner, self.lock = service, manner, lock
        self.request_counts: Counter[str] = Counter()
        """How many requests arrived, by operation. Those for logs and metrics all count as "delivery"."""
        self.decide: Callable[[str], Fault | None] = lambda _: None
        """Returns the fault that hits the next call of an operation, or None."""
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def run_server(service: Service, manner: Manner, lock: threading.Lock) -> Iterator[Server]:
    """Run a server until the block ends."""
    with Server(service, manner, lock) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def at_once(connection: ClientConnection, _: str, response: bytes) -> None:
    """Send the answer at once."""
    connection.send(response)


def dripping(connection: ClientConnection, _: str, response: bytes) -> None:
    """Send a byte every two seconds, so that no single wait is long."""
    for n in range(len(response)):
        connection.send(response[n : n + 1])
        connection.wait(2)


def dripping_body(connection: ClientConnection, operation: str, response: bytes) -> None:
    """Send the headers at once, and a byte of the body every two seconds."""
    head, _, body = response.partition(b"\r\n\r\n")
    connection.send(head + b"\r\n\r\n")
    dripping(connection, operation, body)


def silent(connection: ClientConnection, _: str, __: bytes) -> None:
    """Send nothing."""
    connection.wait(10_000)


def endless(connection: ClientConnection, operation: str, response: bytes) -> None:
    """Answer after a tenth of a second. ListTags always has a next page."""
    connection.wait(0.1)
    connection.send(
        http(200, json.dumps({"Tags": [], "NextToken": "more"}).encode()) if operation == "ListTags" else response
    )


def flooding(connection: ClientConnection, operation: str, response: bytes) -> None:
    """Answer Describe with endless whitespace."""
    if operation != "DescribeModelQualityJobDefinition":
        return connection.send(response)
    connection.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 99999999999\r\n\r\n"
    )
    while not connection.server.closing.is_set():
        connection.send(b" " * 4096)
        connection.wait(0.05)
    return None


def slow(connection: ClientConnection, operation: str, response: bytes) -> None:
    """Answer after 3.3 s; every third answer is a 503 that says to wait for 5 s."""
    connection.wait(3.3)
    if operation != "delivery" and sum(connection.server.request_counts.values()) % 3 == 1:
        body = b'{"__type": "ServiceUnavailable", "message": "slow down"}'
        return connection.send(http(503, body, x_amz_retry_after="5000"))
    return connection.send(response)


def only_delivery(manner: Manner) -> Manner:
    """Return a manner that answers SageMaker's requests at once, and logs and metrics in the manner given."""

    def mixed(connection: ClientConnection, operation: str, response: bytes) -> None:
        (manner if operation == "delivery" else at_once)(connection, operation, response)

    return mixed


def call_function(event: Any) -> Any:  # noqa: ANN401 - JSON
    """Call the function in this process; return its answer and the seconds that it took."""
    from aws_sagemaker_modelqualityjobdefinition.handlers import resource  # noqa: PLC0415 - only the calling process needs it

    start = time.monotonic()
    response = resource(event, None)
    return {"answer": response, "seconds": time.monotonic() - start}
