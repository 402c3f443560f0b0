"""The sandbox's SageMaker, with reads that lag behind writes, and a way to see what it actually holds."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import formatdate
from typing import Any

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.request import normalize_request
from moto.sagemaker import urls
from moto.sagemaker.models import sagemaker_backends
from werkzeug.exceptions import HTTPException

from tests.faults.clock import Clock
from tests.faults.fault import http
from tools.envelopes import ACCOUNT, REGION, Json
from tools.sagemaker import rules

HOST = f"https://api.sagemaker.{REGION}.amazonaws.com/"


@dataclass
class Replicas:
    """Replicas that are older than the last write, by how many answers come from them."""

    old_describes: int = 0
    """Answers of Describe that still show a definition after its deletion."""
    old_tags: int = 0
    """Answers of ListTags that don't know the definition."""


@dataclass
class Times:
    """What the service says about time."""

    ahead: float = 0.0
    """Seconds that the service's clock is ahead of the function's."""
    creation_behind: float = 0.0
    """Seconds that CreationTime is behind the service's clock."""
    creation: Any = None
    """The CreationTime in every answer of Describe, in JSON; ABSENT for none. None: the true one."""
    date: str | None = None
    """The Date of every answer; ABSENT for none. None: the service's clock."""


ABSENT = "absent"


@dataclass
class Definition:
    """A definition as SageMaker holds it."""

    name: str
    arn: str
    tags: dict[str, str]
    request: Json = field(repr=False)


class SageMaker:
    """The job definitions of one account and region.

    Args:
        clock: The test's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.describe_lag = 0
        """How many answers of Describe don't show a definition after its creation."""
        self.tag_lag = 0
        """How many answers of ListTags are out of date after each change of tags."""
        self.replicas = Replicas()
        self.times = Times()
        self._unseen: Counter[str] = Counter()
        self._deleted: dict[str, bytes] = {}
        self._stale: dict[str, tuple[int, list[Any]]] = {}
        self.created: Counter[str] = Counter()
        """How many definitions the function created under each name, in lower case."""
        self.lagged = False
        """Whether the last answer was out of date."""

    @property
    def definitions(self) -> dict[str, Definition]:
        """The definitions that actually exist, by name in lower case, even while reads lag."""
        return {
            name: Definition(
                definition.job_definition_name,
                definition.arn,
                {tag["Key"]: tag["Value"] for tag in definition.tags},
                definition.request,
            )
            for name, definition in self._moto_definitions.items()
        }

    def call(self, operation: str, **request: Any) -> Json:  # noqa: ANN401 - an operation's members
        """Call an operation as another stack or a person does, with no lag and no fault."""
        status, body = self._moto(operation, json.dumps(request).encode())
        assert status == 200, body
        response: Json = json.loads(body or b"{}")
        return response

    def create_foreign(self, request: Mapping[str, Any], tags: Mapping[str, str], age: float = 20) -> str:
        """Create a definition as another stack, and return its ARN.

        Args:
            request: The Create request, without tags.
            tags: The definition's tags.
            age: How many seconds ago it was created.
        """
        wire_tags = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._deleted.pop(str(request["JobDefinitionName"]).lower(), None)
        arn = self.call("CreateModelQualityJobDefinition", **{**request, "Tags": wire_tags})["JobDefinitionArn"]
        self._shift(str(request["JobDefinitionName"]).lower(), self.times.ahead - age)
        return str(arn)

    def answer(self, operation: str, body: bytes) -> bytes:
        """Carry out a request and return the answer as HTTP. Reads lag as set."""
        request = json.loads(body)
        self.lagged = False
        name = self._name(request)
        if operation == "ListTags" and self.replicas.old_tags:
            self.replicas.old_tags -= 1
            self.lagged = True
            return self._http(400, b'{"__type": "ValidationException", "message": "no such resource"}')
        if operation == "DescribeModelQualityJobDefinition" and name in self._deleted and self.replicas.old_describes:
            self.replicas.old_describes -= 1
            self.lagged = True
            return self._http(200, self._deleted[name])
        previous_tags = list(self._moto_definitions[name].tags) if name in self._moto_definitions else []
        if operation == "DescribeModelQualityJobDefinition" and self._unseen[name]:
            self._unseen[name] -= 1
            self.lagged = True
            return self._http(400, b'{"__type": "ResourceNotFound", "message": "lags"}')
        if operation == "ListTags" and name in self._moto_definitions and self._stale.get(name, (0,))[0]:
            remaining, tags = self._stale[name]
            self._stale[name] = (remaining - 1, tags)
            self.lagged = True
            return self._http(200, json.dumps({"Tags": tags}).encode())
        status, content = self._moto(operation, body)
        if status == 200 and operation == "DescribeModelQualityJobDefinition":
            content = self._dated(content)
        if status == 200 and operation == "CreateModelQualityJobDefinition":
            self.created[name] += 1
            self._deleted.pop(name, None)
            self._shift(name, self.times.ahead - self.times.creation_behind)
            self._unseen[name], self._stale[name] = self.describe_lag, (self.tag_lag, [])
        if status == 200 and operation == "DeleteModelQualityJobDefinition":
            self._unseen.pop(name, None)
            self._stale.pop(name, None)
        if status == 200 and operation in {"AddTags", "DeleteTags"}:
            remaining, tags = self._stale.get(name, (0, []))
            self._stale[name] = (self.tag_lag, tags if remaining else previous_tags)
        return self._http(status, content)

    def _http(self, status: int, content: bytes) -> bytes:
        date = formatdate(time.time() + self.times.ahead, usegmt=True) if self.times.date is None else self.times.date
        return http(status, content, Date="" if date == ABSENT else date)

    def _dated(self, content: bytes) -> bytes:
        if self.times.creation is None:
            return content
        body = json.loads(content)
        del body["CreationTime"]
        return json.dumps(
            body if self.times.creation == ABSENT else body | {"CreationTime": self.times.creation}
        ).encode()

    def _shift(self, name: str, seconds: float) -> None:
        definition = self._moto_definitions[name]
        definition.creation_time += timedelta(seconds=seconds)

    @property
    def _moto_definitions(self) -> dict[str, Any]:
        definitions: dict[str, Any] = sagemaker_backends[ACCOUNT][REGION].model_quality_job_definitions
        return definitions

    def _name(self, request: Mapping[str, Any]) -> str:
        return str(request.get("JobDefinitionName") or request.get("ResourceArn", "")).rpartition("/")[2].lower()

    def _moto(self, operation: str, body: bytes) -> tuple[int, bytes]:
        name = self._name(json.loads(body))
        if operation == "DeleteModelQualityJobDefinition" and name in self._moto_definitions:
            describe = json.dumps({"JobDefinitionName": name}).encode()
            self._deleted[name] = self._moto("DescribeModelQualityJobDefinition", describe)[1]
        headers = {"X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        request = normalize_request(
            AWSPreparedRequest("POST", HOST, HTTPHeaders.from_dict(headers), body, stream_output=False)
        )
        try:
            status, _, content = next(iter(urls.url_paths.values()))(request, request.url, request.headers)
        except HTTPException as error:
            status, content = int(error.code or 500), error.get_body()
        return int(status), content.encode() if isinstance(content, str) else content


@contextmanager
def sagemaker(clock: Clock) -> Iterator[SageMaker]:
    """Open an empty account in this process, with the sandbox's rules for SageMaker."""
    sagemaker_backends.reset()
    with rules.rules():
        yield SageMaker(clock)
