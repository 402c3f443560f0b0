"""The sandbox's SageMaker, with reads that lag behind writes, and a way to see what it actually holds."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
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
        self._unseen: Counter[str] = Counter()
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
        arn = self.call("CreateModelQualityJobDefinition", **{**request, "Tags": wire_tags})["JobDefinitionArn"]
        self._moto_definitions[str(request["JobDefinitionName"]).lower()].creation_time -= timedelta(seconds=age)
        return str(arn)

    def answer(self, operation: str, body: bytes) -> bytes:
        """Carry out a request and return the answer as HTTP. Reads lag as set."""
        request = json.loads(body)
        self.lagged = False
        name = self._name(request)
        previous_tags = list(self._moto_definitions[name].tags) if name in self._moto_definitions else []
        if operation == "DescribeModelQualityJobDefinition" and self._unseen[name]:
            self._unseen[name] -= 1
            self.lagged = True
            return http(400, b'{"__type": "ResourceNotFound", "message": "lags"}')
        if operation == "ListTags" and name in self._moto_definitions and self._stale.get(name, (0,))[0]:
            remaining, tags = self._stale[name]
            self._stale[name] = (remaining - 1, tags)
            self.lagged = True
            return http(200, json.dumps({"Tags": tags}).encode())
        status, content = self._moto(operation, body)
        if status == 200 and operation == "CreateModelQualityJobDefinition":
            self.created[name] += 1
            self._unseen[name], self._stale[name] = self.describe_lag, (self.tag_lag, [])
        if status == 200 and operation == "DeleteModelQualityJobDefinition":
            self._unseen.pop(name, None)
            self._stale.pop(name, None)
        if status == 200 and operation in {"AddTags", "DeleteTags"}:
            remaining, tags = self._stale.get(name, (0, []))
            self._stale[name] = (self.tag_lag, tags if remaining else previous_tags)
        return http(status, content)

    @property
    def _moto_definitions(self) -> dict[str, Any]:
        definitions: dict[str, Any] = sagemaker_backends[ACCOUNT][REGION].model_quality_job_definitions
        return definitions

    def _name(self, request: Mapping[str, Any]) -> str:
        return str(request.get("JobDefinitionName") or request.get("ResourceArn", "")).rpartition("/")[2].lower()

    def _moto(self, operation: str, body: bytes) -> tuple[int, bytes]:
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
