"""The trimmed service models agree with botocore's own for everything the handlers do."""

import ast
import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import Session
from botocore.validate import ParamValidator

from aws_sagemaker_modelqualityjobdefinition.runtime import delivery, plugin, sessions
from cfn_sandbox import settings
from cfn_sandbox.packaging import service_models
from tests.wires import RawBody, resource
from tools.benchmarks import events
from tools.benchmarks.service import Fault, Service
from tools.envelopes import ROOT

SETTINGS = settings.read(ROOT)
CALLS = SETTINGS.service_models
DATA = service_models.folder(ROOT)
OPERATIONS = [(service, name) for service, names in CALLS.items() for name in names]


def models(service: str) -> tuple[ServiceModel, ServiceModel]:
    """Return botocore's own model of a service and the trimmed one."""
    return tuple(  # type: ignore[return-value]  # mypy does not count a generator's items
        ServiceModel(loader.load_service_model(service, "service-2"), service)
        for loader in (Loader(), sessions._ModelLoader())
    )


def test_they_are_what_the_script_makes() -> None:
    """The shipped files are current; after an update of botocore, run `make models`."""
    generated = dict(service_models.files(CALLS, SETTINGS.service_model_members))
    shipped = {str(path.relative_to(DATA)) for path in DATA.rglob("*.*")}
    assert set(generated) == shipped
    for path, text in generated.items():
        assert (DATA / path).read_text() == text, path


def test_they_have_every_operation_that_the_handlers_call() -> None:
    """A new call in job_definitions.py needs a line in pyproject.toml, [tool.cfn-sandbox.service-models]."""
    source = DATA.with_name("job_definitions.py").read_text()
    methods = {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self._client"
    }
    assert methods == {xform_name(name) for name in CALLS["sagemaker"]}


def example(shape: Any, seen: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - a botocore shape, and a value of its type
    """Return a value with every member that a shape can have."""
    if shape.type_name == "structure":
        return {
            name: example(member, (*seen, shape.name))
            for name, member in shape.members.items()
            if member.name not in seen
        }
    if shape.type_name == "list":
        return [example(shape.member, seen)]
    if shape.type_name == "map":
        return {"key": example(shape.value, seen)}
    return {
        "string": "text" * 10,
        "integer": 50,
        "long": 7,
        "double": 0.5,
        "float": 0.5,
        "boolean": True,
        "timestamp": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    }[shape.type_name]


def on_the_wire(value: Any) -> Any:  # noqa: ANN401 - any value that JSON can hold
    """Return an answer's members as SageMaker sends them."""
    if isinstance(value, dict):
        return {key: on_the_wire(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [on_the_wire(inner) for inner in value]
    return value.timestamp() if isinstance(value, dt.datetime) else value


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_requests_are_the_same(service: str, operation: str) -> None:
    """Both models serialize a request the same, with every member set at every depth."""
    full, trimmed = (model.operation_model(operation) for model in models(service))
    assert full.input_shape is not None
    request = example(full.input_shape)
    serialized = [
        create_serializer(model.service_model.resolved_protocol).serialize_to_request(request, model)
        for model in (full, trimmed)
    ]
    assert serialized[0] == serialized[1]
    assert full.auth_type == trimmed.auth_type
    assert full.resolved_auth_type == trimmed.resolved_auth_type
    assert full.metadata == trimmed.metadata


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_refused_requests_are_refused_in_the_same_words(service: str, operation: str) -> None:
    """Both models give the same message for an empty request and for wrong types."""
    full, trimmed = (model.operation_model(operation) for model in models(service))
    assert full.input_shape is not None
    for request in ({}, dict.fromkeys(full.input_shape.members, object())):
        reports = [ParamValidator().validate(request, model.input_shape) for model in (full, trimmed)]
        messages = [report.generate_report().replace(" object at 0x", "") for report in reports]
        assert messages[0] == messages[1]
        assert reports[0].has_errors() == reports[1].has_errors()


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_answers_are_the_same(service: str, operation: str) -> None:
    """Both models parse an answer the same: with every member, with an unknown member, and for every error."""
    full, trimmed = (model.operation_model(operation) for model in models(service))
    shape = full.output_shape
    answers: list[tuple[int, dict[str, Any]]] = [(200, on_the_wire(example(shape)) if shape else {})]
    answers.append((200, answers[0][1] | {"OfTomorrow": {"Depth": 1}}))
    answers += [(400, {"__type": error.name, "message": "words"}) for error in full.error_shapes]
    for status, body in answers:
        raw = {"status_code": status, "headers": {}, "body": json.dumps(body).encode()}
        parsed = [
            create_parser(model.service_model.resolved_protocol).parse(raw, model.output_shape)
            for model in (full, trimmed)
        ]
        for summary in parsed[0].get("JobDefinitionSummaries", []):  # LIST parses what it reads, and nothing else
            assert [summary.pop(member, None) for member in ("CreationTime", "EndpointName")] != [None, None]
        assert parsed[0] == parsed[1]
    assert [error.error_code for error in full.error_shapes] == [error.error_code for error in trimmed.error_shapes]


def clients(service: str, region: str) -> Iterator[Any]:
    """Yield a client with botocore's data and one with ours."""
    for loader in (Loader(), sessions._ModelLoader()):
        session = _SESSIONS.setdefault(type(loader), Session())
        session.register_component("data_loader", _LOADERS.setdefault(type(loader), loader))
        yield session.create_client(service, region, aws_access_key_id="", aws_secret_access_key="")  # type: ignore[call-overload]  # the stubs accept only a literal name


_SESSIONS: dict[type, Session] = {}
_LOADERS: dict[type, Loader] = {}


@pytest.mark.parametrize("service", CALLS)
def test_endpoints_are_the_same(service: str) -> None:
    """Both give the same endpoint in every region that botocore knows, and in an unknown one."""
    partitions = Loader().load_data("endpoints")["partitions"]
    for region in [*(name for partition in partitions for name in partition["regions"]), "eu-nowhere-9"]:
        full, trimmed = clients(service, region)
        assert full.meta.endpoint_url == trimmed.meta.endpoint_url
        assert full.meta.partition == trimmed.meta.partition
        assert full._request_signer.signing_name == trimmed._request_signer.signing_name
        assert full._request_signer.region_name == trimmed._request_signer.region_name


VOLATILE = {"Authorization", "X-Amz-Date", "amz-sdk-invocation-id"}
TIMES = re.compile(r"ttl=\w+|(?<=\"timestamp\":) \d+|(?<=\"Began\":) [\d.]+")


@pytest.mark.parametrize(
    "fault",
    [None, Fault(400, "ThrottlingException"), Fault(400, "ResourceNotFound"), Fault(503, "ServiceUnavailable")],
)
def test_the_handlers_send_and_answer_the_same(monkeypatch: pytest.MonkeyPatch, fault: Fault | None) -> None:
    """Requests with their headers (except times and signatures) and the handlers' answers are equal byte for byte."""
    monkeypatch.setattr(plugin, "_now", lambda: dt.datetime(2026, 1, 2, 3, 4, 5, 678900))  # noqa: DTZ001 - the library takes naive UTC
    exchanges = [_play_actions(loader, fault) for loader in (Loader(), sessions._ModelLoader())]
    assert len(exchanges[0]) > 10
    assert exchanges[0] == exchanges[1]


def _play_actions(loader: Loader, fault: Fault | None) -> list[str]:
    """Play every action to the production entry point, and return every request and every answer."""
    service, wire = Service(), []

    def answer(request: AWSRequest, **_: object) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        headers = {name: str(value) for name, value in request.headers.items() if name not in VOLATILE}
        headers["User-Agent"] = "".join(sorted(headers["User-Agent"]))  # botocore writes a set into it, in any order
        wire.append(TIMES.sub("", f"{request.method} {request.url} {headers} {request.body.decode()}"))
        result = (
            fault if fault and "JobDefinition" in operation else service.answer(operation, json.loads(request.body))
        )
        if isinstance(result, Fault):
            status, body = result.status, {"__type": result.code, "message": result.message}
        else:
            status, body = 200, result
        return AWSResponse(request.url, status, {"x-amzn-RequestId": "request-1"}, RawBody(json.dumps(body).encode()))

    session = Session()
    session.register_component("data_loader", loader)
    session.get_component("event_emitter").register_first("before-send", answer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "_session", lambda: session)
        patch.setattr(sessions, "_idle", type(sessions._idle)(list))
        patch.setattr(delivery, "_known_streams", set())
        for action in ("CREATE", "READ", "UPDATE", "LIST", "DELETE"):
            event = events.event(action, properties=events.model(environment=50, tags=10))
            wire.append(TIMES.sub("", json.dumps(resource(event, None))))
    return wire
