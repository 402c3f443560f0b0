"""Tests that every invocation ends in time, against real sockets that answer slowly, in drips or never."""

import json
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from aws_sagemaker_modelqualityjobdefinition.handlers import resource_type
from aws_sagemaker_modelqualityjobdefinition.runtime import deadline, sessions
from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS, Time, Wire
from tests.wires import invoke
from tools.envelopes import Json, arn, event, maximal, minimal

pytestmark = pytest.mark.slow

# All times are multiplied by this, so that the tests are fast: 45 s become 1.8 s.
SCALE = 0.04

Serve = Callable[[socket.socket, str, Json], None]
Behaviour = Callable[["Server"], Serve]


class Server:
    """An HTTP server that answers each request as a test chooses."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._serve = behaviour(self)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._closing = threading.Event()
        self.operations: list[str] = []
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def start(self) -> None:
        """Accept connections in a thread."""
        self._run(self._accept)

    def end(self) -> None:
        """Shut down the sockets, which wakes the threads that wait for data, and join every thread."""
        self._closing.set()
        for waiting_socket in (self._listening, *self._connections):
            with suppress(OSError):
                waiting_socket.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def wait(self, seconds: float) -> None:
        """Wait some seconds; raise ConnectionError if the server ends before."""
        if self._closing.wait(seconds):
            raise ConnectionError

    def _run(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self._connections.append(connection)
                self._run(self._serve_connection, connection)

    def _serve_connection(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream, suppress(OSError):
            while stream.readline():
                headers = {}
                while line := stream.readline().decode().strip():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                body = json.loads(stream.read(int(headers["content-length"])))
                operation = headers["x-amz-target"].rpartition(".")[2]
                self.operations.append(operation)
                self._serve(connection, operation, body)


def http(body: Json, status: str = "200 OK", **headers: str) -> bytes:
    """Return an HTTP answer as bytes."""
    content = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/x-amz-json-1.1", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def answer_of(operation: str, body: Json) -> Json:
    """Return SageMaker's answer about a definition that exists and has the tag a=1."""
    name = body.get("JobDefinitionName", "fraud-quality")
    description = {key: value for key, value in maximal().items() if key not in ("EndpointName", "Tags")}
    answers: dict[str, Json] = {
        "CreateModelQualityJobDefinition": {"JobDefinitionArn": arn(name)},
        "DescribeModelQualityJobDefinition": description
        | {"JobDefinitionArn": arn(name), "JobDefinitionName": name, "CreationTime": 1700000000},
        "ListTags": {"Tags": [{"Key": "a", "Value": "1"}]},
        "ListModelQualityJobDefinitions": {"JobDefinitionSummaries": []},
    }
    return answers.get(operation) or {}


def _scaled(seconds: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(second * SCALE for second in seconds)


LIMITS = DEFAULTS._replace(
    handlers={action: seconds * SCALE for action, seconds in DEFAULTS.handlers.items()},
    wire=Wire(*_scaled(DEFAULTS.wire)),
    retries=DEFAULTS.retries._replace(
        least_time=DEFAULTS.retries.least_time * SCALE, longest_pause=DEFAULTS.retries.longest_pause * SCALE
    ),
    checks=DEFAULTS.checks._replace(
        looks=_scaled(DEFAULTS.checks.looks),
        replicas=_scaled(DEFAULTS.checks.replicas),
        look_time=DEFAULTS.checks.look_time * SCALE,
    ),
    time=Time(jitter=lambda: SCALE),
)
scaled = resource_type(LIMITS)


def invoke_scaled(*arguments: Any, **named: Any) -> Json:  # noqa: ANN401 - event()'s arguments
    """Send an event to the function with scaled limits, and return its answer."""
    answer: Json = scaled(event(*arguments, **named), None)
    return answer


StartServer = Callable[[Behaviour], Server]


@pytest.fixture
def start_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StartServer]:
    """Yield a function that starts a server and directs SageMaker's requests to it."""
    servers: list[Server] = []

    def run(behaviour: Behaviour) -> Server:
        servers.append(Server(behaviour))
        servers[-1].start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", servers[-1].url)
        return servers[-1]

    yield run
    for server in servers:
        server.end()


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the fixture that starts moto: in these tests the requests reach a socket."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(sessions, "_idle", defaultdict(list))  # kept clients have another test's address
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def check_duration(action: str) -> Iterator[None]:
    """Check that the code inside keeps the contract's limit."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < (30 if action in ("READ", "LIST") else 60) * SCALE + 0.5


def slow(seconds: float) -> Behaviour:
    """Answer each call after this many seconds."""

    def behaviour(server: Server) -> Serve:
        def serve(connection: socket.socket, operation: str, body: Json) -> None:
            server.wait(seconds * SCALE)
            connection.sendall(http(answer_of(operation, body)))

        return serve

    behaviour.__name__ = f"slow-{seconds}"
    return behaviour


def slow_and_busy(server: Server) -> Serve:
    """Answer each call after 2.5 s, every other call with a 503 that requests a wait of 5 s."""

    def serve(connection: socket.socket, operation: str, body: Json) -> None:
        server.wait(2.5 * SCALE)
        busy = {"__type": "ServiceUnavailable", "message": "busy"}
        if len(server.operations) % 2:
            connection.sendall(http(busy, "503 Busy", x_amz_retry_after="5000", x_amzn_RequestId="request-1"))
        else:
            connection.sendall(http(answer_of(operation, body)))

    return serve


def dripping(server: Server) -> Serve:
    """Answer with a byte every two seconds."""

    def serve(connection: socket.socket, operation: str, body: Json) -> None:
        for byte in http(answer_of(operation, body)):
            connection.sendall(bytes([byte]))
            server.wait(2 * SCALE)

    return serve


def dripping_body(server: Server) -> Serve:
    """Answer with the headers at once, then with a byte of the body every two seconds."""

    def serve(connection: socket.socket, operation: str, body: Json) -> None:
        head, end, content = http(answer_of(operation, body) | {"x": "x" * 1000}).partition(b"\r\n\r\n")
        connection.sendall(head + end)
        for byte in content:
            connection.sendall(bytes([byte]))
            server.wait(2 * SCALE)

    return serve


def silent(server: Server) -> Serve:
    """Never answer."""

    def serve(_connection: socket.socket, _operation: str, _body: Json) -> None:
        server.wait(1000)

    return serve


def throttling(server: Server) -> Serve:  # noqa: ARG001 - all of them have one signature
    """Refuse every call with ThrottlingException."""

    def serve(connection: socket.socket, _operation: str, _body: Json) -> None:
        refusal = {"__type": "ThrottlingException", "message": "slow down"}
        connection.sendall(http(refusal, "400 Bad", x_amz_retry_after="60000"))

    return serve


def endless_tags(server: Server) -> Serve:
    """Answer slowly, and always with a token for another page of tags."""

    def serve(connection: socket.socket, operation: str, body: Json) -> None:
        server.wait(SCALE)
        more = {"NextToken": "more"} if operation == "ListTags" else {}
        connection.sendall(http(answer_of(operation, body) | more))

    return serve


def flooding(server: Server) -> Serve:  # noqa: ARG001 - all of them have one signature
    """Answer with an endless body, as fast as the client reads it."""

    def serve(connection: socket.socket, _operation: str, _body: Json) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 100_000)

    return serve


BEHAVIOURS = [
    slow(2.5),
    slow(4),
    slow_and_busy,
    dripping,
    dripping_body,
    silent,
    throttling,
    endless_tags,
    flooding,
]


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.__name__)
@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("CREATE", None),
        *((action, "Fraud-Quality") for action in ("CREATE", "READ", "UPDATE", "DELETE", "LIST")),
    ],
)
def test_an_invocation_ends_in_time(
    start_server: StartServer, behaviour: Behaviour, action: str, name: str | None
) -> None:
    """An invocation that can't finish answers IN_PROGRESS or fails with an error that CloudFormation retries."""
    server = start_server(behaviour)
    properties = maximal() | {"JobDefinitionName": name}
    with check_duration(action):
        answer = invoke_scaled(action, properties, properties, tags={"b": "2"}, previous_tags={"a": "1"})
    if answer["status"] == "FAILED":
        retriable = ["NetworkFailure", "ServiceInternalError", "Throttling"]
        foreign = ["AlreadyExists"] if action == "CREATE" and name else []  # the server's definition has other tags
        assert answer["errorCode"] in retriable + foreign, answer
    elif answer["status"] == "IN_PROGRESS":
        assert action in ("CREATE", "UPDATE", "DELETE")
        assert answer["resourceModel"]["JobDefinitionArn"]
    if action == "CREATE" and name is None and behaviour is not throttling:
        assert answer["resourceModel"]["JobDefinitionArn"]
    assert len(server.operations) < 60


@pytest.mark.parametrize("action", ["CREATE", "READ", "UPDATE", "DELETE", "LIST"])
def test_an_invocation_ends_in_time_although_the_name_server_hangs(
    monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """Two attempts wait as long as a connection may take; nothing was sent, so no failure names a definition."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", "http://sagemaker.example.com")
    opened, asked = threading.Event(), list[str]()

    def hang(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        opened.wait(60)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    properties = maximal() | {"JobDefinitionName": None}
    identifier = {} if action == "CREATE" else {"JobDefinitionName": "Fraud-Quality"}
    with check_duration(action):
        answer = invoke_scaled(action, properties | identifier, properties | identifier)
    opened.set()
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "NetworkFailure")
    assert "resourceModel" not in answer
    assert asked == ["sagemaker.example.com"] * 2


def test_a_slow_connection_is_thrown_away_and_the_next_request_is_well(start_server: StartServer) -> None:
    """A warm function closes the connection, so that the rest of a slow answer can't reach a later request."""
    drips = threading.Event()

    def behaviour(server: Server) -> Serve:
        def serve(connection: socket.socket, operation: str, body: Json) -> None:
            if drips.is_set():
                dripping_body(server)(connection, operation, body)
            else:
                connection.sendall(http(answer_of(operation, body)))

        return serve

    start_server(behaviour)
    identifier = {"JobDefinitionName": "Fraud-Quality"}
    assert invoke("READ", identifier)["status"] == "SUCCESS"
    drips.set()
    with deadline.within(1):
        assert invoke("READ", identifier)["errorCode"] == "NetworkFailure"
    drips.clear()
    for _ in range(3):
        assert invoke("READ", identifier)["status"] == "SUCCESS"


def test_two_threads_have_limits_of_their_own() -> None:
    """A limit belongs to an invocation, not to the process, and an inner limit can't extend it."""
    limits: list[float] = []
    with deadline.within(5):
        thread = threading.Thread(target=lambda: limits.append(deadline.remaining()))
        thread.start()
        thread.join()
        with deadline.within(50):
            assert deadline.remaining() <= 5
    assert limits == [float("inf")]
    assert deadline.remaining() == float("inf")


def test_a_refused_connection_has_no_effect(start_server: StartServer) -> None:
    """A refused connection sent nothing, so CREATE fails with NetworkFailure and returns no model."""
    server = start_server(silent)
    server.end()
    answer = invoke("CREATE", minimal())
    assert answer["errorCode"] == "NetworkFailure"
    assert "resourceModel" not in answer
    assert server.operations == []


def _leave_open(_: socket.socket) -> None:
    """Leave a connection open."""


def _close(connection: socket.socket) -> None:
    connection.close()


def _no_tls(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("behaviour", [_leave_open, _close, _no_tls])
def test_what_fails_before_tls_is_agreed_on_has_no_effect(
    monkeypatch: pytest.MonkeyPatch, behaviour: Callable[[socket.socket], None]
) -> None:
    """Before TLS is agreed on, no request is sent, so CREATE fails and returns no model."""
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", f"https://127.0.0.1:{listening.getsockname()[1]}")

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connections.append(listening.accept()[0])
                    behaviour(connections[-1])

        thread = threading.Thread(target=accept)
        thread.start()
        answer = invoke_scaled("CREATE", minimal())
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in connections:
        connection.close()
    assert answer["errorCode"] == "NetworkFailure"
    assert "resourceModel" not in answer
    assert len(connections) >= 2
