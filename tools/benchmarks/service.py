"""A stand-in for SageMaker, CloudWatch Logs and CloudWatch, with TLS on loopback and newly created certificates.

It answers the handlers' calls immediately and always in the same way, so that the package is measured and not the
service. It doesn't check requests; the sandbox has SageMaker's refusals.
"""

import datetime as dt
import functools
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

REGION = "us-east-1"
ACCOUNT = "123456789012"
OTHER_REGION = "eu-west-1"
HOSTS = (
    "localhost",
    *(f"{service}.{region}.amazonaws.com" for region in (REGION, OTHER_REGION) for service in ("*", "api.sagemaker")),
)


@dataclass(frozen=True)
class Fault:
    """An error answer in the services' JSON protocol.

    Attributes:
        status: The HTTP status.
        code: The error's code, as the service writes it in `__type`.
        message: The error's message.
    """

    status: int
    code: str
    message: str = "made for a test"


@dataclass
class Call:
    """A request that reached the stand-in: its host, operation, headers and body."""

    host: str
    operation: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """The stand-in's data and the requests that it received.

    Attributes:
        port: The port on 127.0.0.1.
        authority: The PEM certificate of the authority that clients must trust.
        definitions: Create requests by the definition's name.
        streams: The log streams that exist, by group and name. Every group exists.
        calls: Every request so far, in order of arrival.
        connections: All TLS connections so far, closed ones included.
        faults: Error answers for the next requests of an operation, in order.
    """

    port: int = 0
    authority: str = ""
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    streams: set[tuple[str, str]] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    connections: list[ssl.SSLSocket] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    def hang_up(self) -> None:
        """Close every connection, as services close connections that were idle for a while."""
        for connection in self.connections:
            with suppress(OSError):  # the connection is closed already
                connection.shutdown(socket.SHUT_RDWR)

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any] | Fault:
        """Answer a request of a JSON protocol, with UnknownOperationException for an operation without a method."""
        method = getattr(self, f"_{operation}", None)
        if method is None:
            return Fault(400, "UnknownOperationException", operation)
        answer: dict[str, Any] | Fault = method(request)
        return answer

    def _arn(self, name: str) -> str:
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-quality-job-definition/{name.lower()}"

    def _CreateModelQualityJobDefinition(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the API's name
        name = request["JobDefinitionName"]
        self.definitions[name] = request
        return {"JobDefinitionArn": self._arn(name)}

    def _DescribeModelQualityJobDefinition(self, request: dict[str, Any]) -> dict[str, Any] | Fault:  # noqa: N802 - the API's name
        name = request["JobDefinitionName"]
        if name not in self.definitions:
            return Fault(400, "ResourceNotFound", f"Could not find {name}")
        stored = {key: value for key, value in self.definitions[name].items() if key != "Tags"}
        defaults = {"StoppingCondition": {"MaxRuntimeInSeconds": 3600}}
        return {**defaults, **stored, "JobDefinitionArn": self._arn(name), "CreationTime": 1767225600.123}

    def _DeleteModelQualityJobDefinition(self, request: dict[str, Any]) -> dict[str, Any] | Fault:  # noqa: N802 - the API's name
        if self.definitions.pop(request["JobDefinitionName"], None) is None:
            return Fault(400, "ResourceNotFound", "Could not find it")
        return {}

    def _ListModelQualityJobDefinitions(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the API's name
        names = sorted(self.definitions)
        first = int(request.get("NextToken", 0))
        size = int(request.get("MaxResults", 10))
        page = [
            {
                "MonitoringJobDefinitionName": name,
                "MonitoringJobDefinitionArn": self._arn(name),
                "CreationTime": 1767225600.123,
                "EndpointName": "endpoint",
            }
            for name in names[first : first + size]
        ]
        more = {"NextToken": str(first + size)} if first + size < len(names) else {}
        return {"JobDefinitionSummaries": page, **more}

    def _definition_with_arn(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["ResourceArn"].rsplit("/", 1)[-1]
        return next((definition for key, definition in self.definitions.items() if key.lower() == name), {})

    def _ListTags(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the API's name
        return {"Tags": self._definition_with_arn(request).get("Tags", [])}

    def _AddTags(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the API's name
        definition = self._definition_with_arn(request)
        tags = {tag["Key"]: tag for tag in definition.get("Tags", [])} | {tag["Key"]: tag for tag in request["Tags"]}
        definition["Tags"] = list(tags.values())
        return {"Tags": definition["Tags"]}

    def _DeleteTags(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the API's name
        definition = self._definition_with_arn(request)
        definition["Tags"] = [tag for tag in definition.get("Tags", []) if tag["Key"] not in request["TagKeys"]]
        return {}

    def _PutLogEvents(self, request: dict[str, Any]) -> dict[str, Any] | Fault:  # noqa: N802 - the API's name
        if (request["logGroupName"], request["logStreamName"]) not in self.streams:
            return Fault(400, "ResourceNotFoundException", "The specified log stream does not exist.")
        return {"nextSequenceToken": "49590302938902938490283940283940"}

    def _PutMetricData(self, _request: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the API's name
        return {}

    def _CreateLogGroup(self, _request: dict[str, Any]) -> Fault:  # noqa: N802 - the API's name
        return Fault(400, "ResourceAlreadyExistsException", "The specified log group already exists")

    def _CreateLogStream(self, request: dict[str, Any]) -> dict[str, Any] | Fault:  # noqa: N802 - the API's name
        stream = request["logGroupName"], request["logStreamName"]
        if stream in self.streams:
            return Fault(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
        self.streams.add(stream)
        return {}


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service: Service

    def setup(self) -> None:
        self.request.do_handshake()
        self.service.connections.append(self.request)
        super().setup()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.headers["X-Amz-Target"].rsplit(".", 1)[-1]
        self.service.calls.append(Call(self.headers["Host"], operation, dict(self.headers), body))
        faults = self.service.faults.get(operation)
        answer = faults.pop(0) if faults else self.service.answer(operation, json.loads(body or b"{}"))
        if isinstance(answer, Fault):
            self._send(answer.status, {"__type": answer.code, "message": answer.message})
        else:
            self._send(200, answer)

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-RequestId", "7a62c49f-347e-4fc4-9331-6e8e1f6f3b2a")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing, because `Service.calls` has the requests."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext

    def get_request(self) -> tuple[Any, Any]:
        plain, address = super().get_request()
        return self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that close the connection or don't trust the authority, because tests have such clients."""


@contextmanager
def running(directory: Path) -> Iterator[Service]:
    """Run the stand-in on a free port of 127.0.0.1 until the context ends.

    Args:
        directory: The folder for the certificates. Stand-ins with the same folder have the same ones.

    Yields:
        The stand-in, with its port, its authority and the requests that it received.
    """
    service = Service()
    certificate, service.authority = _certificates(directory)
    handler = type("RequestHandler", (_RequestHandler,), {"service": service})
    server = _Server(("127.0.0.1", 0), handler)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(certificate)
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@functools.cache
def _keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    """Generate two keys of the kind and size of AWS's endpoints, once per process, because that is slow."""
    first, second = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    return first, second


@functools.cache
def _certificates(directory: Path) -> tuple[Path, str]:
    """Return the file of a server certificate and its key, and the authority's PEM, created once for each folder."""
    directory.mkdir(parents=True, exist_ok=True)
    root_key, key = _keys()
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stand-in  Authority")])
    now = dt.datetime.now(dt.UTC)

    def builder(subject: x509.Name) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )

    root = (
        builder(root_name)
        .public_key(root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    server = (
        builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])]))
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = directory / "server.pem"
    file.write_bytes(
        server.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file, root.public_bytes(pem).decode()
