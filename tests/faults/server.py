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

from tests.faults.fault import Fault, answer, http
from tests.faults.network import OPERATIONS, Service

Manner = Callable[["Talk", str, bytes], None]
"""How a server answers: a function of the connection, the operation and the right answer."""


class Talk(socketserver.StreamRequestHandler):
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
                    self.server.asked[operation] += 1
                    fault = self.server.decide(operation)
                    has_no_effect = operation not in OPERATIONS or (fault and fault.moment == "before")
                    right = http(200, b"{}") if has_no_effect else self.server.service.answer(operation, body)
                if fault:
                    self.fail(fault, right)
                else:
                    self.server.manner(self, operation, right)

    def fail(self, fault: Fault, right: bytes) -> None:
        """Answer as a fault prescribes.

        Raises:
            ConnectionAbortedError: The fault ends the connection.
        """
        for step in answer(fault.name, right):
            if isinstance(step, bytes):
                self.say(step)
            elif isinstance(step, float):
                self.wait(step)
            else:
                if step == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise ConnectionAbortedError

    def say(self, part: bytes) -> None:
        """Send a part of an answer."""
        self.wfile.write(part)
        self.wfile.flush()

    def wait(self, seconds: float) -> None:
        """Wait, unless the test is over.

        Raises:
            ConnectionAbortedError: The test is over.
        """
        if self.server.over.wait(seconds):
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
        super().__init__(("127.0.0.1", 0), Talk)
        self.service, self.manner, self.lock = service, manner, lock
        self.asked: Counter[str] = Counter()
        """How many requests arrived, by operation. Those for logs and metrics all count as "delivery"."""
        self.decide: Callable[[str], Fault | None] = lambda _: None
        """Returns the fault that hits the next call of an operation, or None."""
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(service: Service, manner: Manner, lock: threading.Lock) -> Iterator[Server]:
    """Run a server until the block ends."""
    with Server(service, manner, lock) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def at_once(talk: Talk, _: str, right: bytes) -> None:
    """Send the answer at once."""
    talk.say(right)


def dripping(talk: Talk, _: str, right: bytes) -> None:
    """Send a byte every two seconds, so that no single wait is long."""
    for n in range(len(right)):
        talk.say(right[n : n + 1])
        talk.wait(2)


def dripping_body(talk: Talk, operation: str, right: bytes) -> None:
    """Send the headers at once, and a byte of the body every two seconds."""
    head, _, body = right.partition(b"\r\n\r\n")
    talk.say(head + b"\r\n\r\n")
    dripping(talk, operation, body)


def silent(talk: Talk, _: str, __: bytes) -> None:
    """Send nothing."""
    talk.wait(10_000)


def endless(talk: Talk, operation: str, right: bytes) -> None:
    """Answer after a tenth of a second. ListTags always has a next page."""
    talk.wait(0.1)
    talk.say(http(200, json.dumps({"Tags": [], "NextToken": "more"}).encode()) if operation == "ListTags" else right)


def flooding(talk: Talk, operation: str, right: bytes) -> None:
    """Answer Describe with endless whitespace."""
    if operation != "DescribeModelQualityJobDefinition":
        return talk.say(right)
    talk.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 99999999999\r\n\r\n")
    while not talk.server.over.is_set():
        talk.say(b" " * 4096)
        talk.wait(0.05)
    return None


def slow(talk: Talk, operation: str, right: bytes) -> None:
    """Answer after 3.3 s; every third answer is a 503 that says to wait for 5 s."""
    talk.wait(3.3)
    if operation != "delivery" and sum(talk.server.asked.values()) % 3 == 1:
        body = b'{"__type": "ServiceUnavailable", "message": "slow down"}'
        return talk.say(http(503, body, x_amz_retry_after="5000"))
    return talk.say(right)


def only_delivery(manner: Manner) -> Manner:
    """Return a manner that answers SageMaker's requests at once, and logs and metrics in the manner given."""

    def mixed(talk: Talk, operation: str, right: bytes) -> None:
        (manner if operation == "delivery" else at_once)(talk, operation, right)

    return mixed


def answered(event: Any) -> Any:  # noqa: ANN401 - JSON
    """Call the function in this process; return its answer and the seconds that it took."""
    from aws_sagemaker_modelqualityjobdefinition.handlers import resource  # noqa: PLC0415 - only the calling process needs it

    start = time.monotonic()
    answer = resource(event, None)
    return {"answer": answer, "seconds": time.monotonic() - start}
