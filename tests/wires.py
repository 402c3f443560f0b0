"""The function's entry point, called as Lambda calls it, and the requests and answers behind it."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import formatdate
from typing import Any, cast

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber
from moto.sagemaker.models import sagemaker_backends

from aws_sagemaker_modelqualityjobdefinition.handlers import resource_type
from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS, Time
from tools.envelopes import ACCOUNT, REGION, Json, event

LIMITS = DEFAULTS._replace(time=Time(pause=lambda _: None))
"""The type's limits, without pauses."""

resource = resource_type(LIMITS)

Reply = Callable[[AWSPreparedRequest], Any]


class Wire:
    """A record of every request, with answers in place of moto's for some of them."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Json]] = []
        self.urls: list[str] = []
        self.headers: list[Any] = []
        self._replies: dict[str, deque[Reply]] = {}

    def reply(self, operation: str, *replies: Reply) -> None:
        """Answer the next requests of an operation with these replies, in order; moto answers the others."""
        self._replies.setdefault(operation, deque()).extend(replies)

    def forget_replies(self) -> None:
        """Forget the replies that are still unused, so that moto answers from now on."""
        self._replies.clear()

    @property
    def operations(self) -> list[str]:
        """The operations requested from SageMaker, in order."""
        return [operation for operation, _ in self.requests]

    def body(self, operation: str) -> Json:
        """Return the body of an operation's only request."""
        (only_body,) = [body for name, body in self.requests if name == operation]
        return only_body

    def __call__(self, request: AWSPreparedRequest) -> Any:  # noqa: ANN401 - botocore's own signature
        """Record a request and answer it, or return None to leave it to moto."""
        target = dict(request.headers).get("X-Amz-Target", b"")
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        service = str(request.url).split("/")[2].split(".")[0]
        if service == "api" or "sagemaker" in str(request.url):
            self.requests.append((operation, json.loads(cast("bytes", request.body) or b"{}")))
            self.urls.append(str(request.url))
            self.headers.append(dict(request.headers))
        replies = self._replies.get(operation) or self._replies.get(service)
        return replies.popleft()(request) if replies else None


def json_reply(status: int, body: Json) -> Reply:
    """Return a reply with a status and a JSON body."""
    return lambda request: AWSResponse(
        request.url,
        status,
        HTTPHeaders.from_dict(
            {
                "x-amzn-RequestId": "request-1",
                "Content-Type": "application/x-amz-json-1.1",
                "Date": formatdate(usegmt=True),
            }
        ),
        RawBody(json.dumps(body).encode()),
    )


def error_reply(code: str, message: str = "because", status: int = 400) -> Reply:
    """Return a reply with an AWS error."""
    return json_reply(status, {"__type": code, "message": message})


def raising_reply(error: Exception) -> Reply:
    """Return a reply that raises an error: the connection fails and nothing happens."""

    def reply(_: AWSPreparedRequest) -> None:
        raise error

    return reply


def lost_answer(error: Exception) -> Reply:
    """Return a reply that lets moto handle the request, then raises an error: the answer is lost."""

    def reply(request: AWSPreparedRequest) -> None:
        _moto(botocore_stubber, "before-send.sagemaker", request)
        raise error

    return reply


def reply_after_effect(other: Reply) -> Reply:
    """Return a reply that lets moto handle the request, then gives another answer."""

    def reply(request: AWSPreparedRequest) -> Any:  # noqa: ANN401 - botocore's answer
        _moto(botocore_stubber, "before-send.sagemaker", request)
        return other(request)

    return reply


def changed_reply(change: Callable[[Json], Json]) -> Reply:
    """Return a reply that lets moto answer, and changes the body of its answer."""

    def reply(request: AWSPreparedRequest) -> Any:  # noqa: ANN401 - botocore's answer
        answer = _moto(botocore_stubber, "before-send.sagemaker", request)
        assert answer is not None
        return json_reply(answer.status_code, change(json.loads(answer.content)))(request)

    return reply


def raw_reply(status: int, body: bytes, content_type: str = "application/x-amz-json-1.1") -> Reply:
    """Return a reply with a status and any bytes."""
    headers = {"x-amzn-RequestId": "request-1", "Content-Type": content_type}
    return lambda request: AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), RawBody(body))


def moto_definitions() -> Any:  # noqa: ANN401 - moto's dictionary
    """Return moto's definitions, by their names in lower case."""
    return sagemaker_backends[ACCOUNT][REGION].model_quality_job_definitions


def create_foreign(properties: Json, age: float = 20, **more: Any) -> None:  # noqa: ANN401 - members of the request
    """Create a definition as another user would, with a creation time some seconds ago."""
    request = {name: value for name, value in properties.items() if name != "EndpointName"} | more
    boto3.client("sagemaker", REGION).create_model_quality_job_definition(**request)
    moto_definitions()[properties["JobDefinitionName"].lower()].creation_time -= timedelta(seconds=age)


class RawBody:
    """A response's body, as urllib3 hands it to botocore."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield the whole content."""
        yield self._content

    def read(self) -> bytes:
        """Return the whole content."""
        return self._content


active_wires: list[Wire] = []
"""The wire of the running test; empty where a test uses none."""


_moto = BotocoreStubber.__call__


def _answer_or_moto(self: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **rest: object) -> Any:  # noqa: ANN401 - botocore's signature
    answer = active_wires[-1](request) if active_wires else None
    return _moto(self, event_name, request, **rest) if answer is None else answer


# botocore calls every listener, even after one has answered, so moto's listener is wrapped to answer in its place.
BotocoreStubber.__call__ = _answer_or_moto  # type: ignore[method-assign]  # a method replaced, see above


def invoke(*arguments: Any, **named: Any) -> Json:  # noqa: ANN401 - event()'s arguments
    """Send the function an event and return its answer."""
    answer: Json = resource(event(*arguments, **named), None)
    return answer


def create_definition(properties: Json, **named: Any) -> Json:  # noqa: ANN401 - event()'s arguments
    """Create a definition and return its model."""
    answer = invoke("CREATE", properties, **named)
    assert answer["status"] == "SUCCESS", answer
    model: Json = answer["resourceModel"]
    return model


def call_until_done(answer: Json, *arguments: Any, **named: Any) -> tuple[Json, list[int]]:  # noqa: ANN401 - as above
    """Call again while the answer is IN_PROGRESS, as CloudFormation does; return the last answer and the delays."""
    delays = []
    while answer["status"] == "IN_PROGRESS":
        assert answer["resourceModel"]["JobDefinitionArn"]
        assert "errorCode" not in answer
        delays.append(answer["callbackDelaySeconds"])
        action, _, *rest = arguments
        answer = invoke(action, answer["resourceModel"], *rest, context=answer["callbackContext"], **named)
    return answer, delays
