"""Requests are read, and answers and errors written, in each service's protocol, in front of any other application."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from werkzeug.wrappers import Request

from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.protocols.service import Answer, Call, Service
from sandbox.tests.cloudformation.api.servers import client, serving

CREATED = datetime(2026, 11, 28, 15, 30, 12, 345000, tzinfo=UTC)


@dataclass
class Functions:
    """The functions of a few operations. They record every call, and raise `error` if there is one."""

    calls: list[Call] = field(default_factory=list)
    error: Exception | None = None
    stacks: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"StackName": "a\x00b", "CreationTime": CREATED, "StackStatus": "CREATE_COMPLETE", "Tags": []}
        ]
    )

    def _answer(self, call: Call, answer: Answer) -> Answer:
        self.calls.append(call)
        if self.error:
            raise self.error
        return answer

    def create_stack(self, call: Call) -> Answer:
        """Answer CreateStack."""
        return self._answer(call, {"StackId": "arn:stack", "OperationId": None})

    def describe_stacks(self, call: Call) -> Answer:
        """Answer DescribeStacks."""
        return self._answer(call, {"Stacks": self.stacks})

    def get_resource(self, call: Call) -> Answer:
        """Answer GetResource."""
        return self._answer(call, {"TypeName": call.parameters["TypeName"], "ResourceDescription": {"Identifier": "i"}})

    def list_resource_requests(self, call: Call) -> Answer:
        """Answer ListResourceRequests."""
        return self._answer(call, {"ResourceRequestStatusSummaries": [{"EventTime": CREATED}]})


def no_space(account: str, region: str) -> Any:  # noqa: ANN401 - it returns nothing
    """Fail: these operations don't ask for stacks."""
    raise AssertionError((account, region))


@pytest.fixture
def functions() -> Functions:
    """Return the operations' functions."""
    return Functions()


@pytest.fixture
def endpoint(functions: Functions) -> Iterator[str]:
    """Yield the address of a server with the layer."""
    services = {
        "cloudformation": Service("cloudformation", "CloudFormation", [functions], "eu-west-1", no_space),
        "cloudcontrolapi": Service("cloudcontrol", "Cloud Control", [functions], "eu-west-1", no_space),
    }
    with serving(services) as endpoint:
        yield endpoint


def refusal(call: Any, **parameters: Any) -> tuple[str, str, int]:  # noqa: ANN401 - a client's method, and its parameters
    """Return the code, the message and the status of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    answer = refused.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_cloudformation_s_protocol(endpoint: str, functions: Functions) -> None:
    """A request's lists, structures, numbers and booleans arrive as such, with the account and the region."""
    tags = [{"Key": "k", "Value": "v"}]
    answer = client(endpoint, "cloudformation").create_stack(
        StackName="a", Tags=tags, Capabilities=[], DisableRollback=True, TimeoutInMinutes=5
    )
    assert answer["StackId"] == "arn:stack"
    assert answer["ResponseMetadata"]["RequestId"] == answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    expected = {"StackName": "a", "Tags": tags, "Capabilities": [], "DisableRollback": True, "TimeoutInMinutes": 5}
    assert functions.calls == [Call(expected, "123456789012", "eu-west-1", no_space)]


def test_answers(endpoint: str) -> None:
    """Times and empty lists come back; a character that XML can't have is replaced."""
    (stack,) = client(endpoint, "cloudformation").describe_stacks()["Stacks"]
    assert (stack["CreationTime"], stack["Tags"], stack["StackName"]) == (CREATED, [], "a\N{REPLACEMENT CHARACTER}b")
    (event,) = client(endpoint, "cloudcontrol").list_resource_requests()["ResourceRequestStatusSummaries"]
    assert event["EventTime"] == CREATED


def test_cloud_control_s_protocol(endpoint: str, functions: Functions) -> None:
    """A JSON request arrives as it is."""
    answer = client(endpoint, "cloudcontrol").get_resource(TypeName="Acme::Test::Toy", Identifier="i")
    assert answer["ResourceDescription"] == {"Identifier": "i"}
    assert functions.calls[0].parameters == {"TypeName": "Acme::Test::Toy", "Identifier": "i"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "Value null at 'stackName' failed to satisfy constraint: Member must not be null"),
        (
            {"StackName": "a", "Capabilities": ["CAPABILITY_FLY"]},
            "Value '[CAPABILITY_FLY]' at 'capabilities' failed to satisfy constraint: Member must satisfy constraint: "
            "[Member must satisfy enum value set: [CAPABILITY_IAM, CAPABILITY_NAMED_IAM, CAPABILITY_AUTO_EXPAND]]",
        ),
        (
            {"StackName": "a", "OnFailure": "PANIC"},
            "Value 'PANIC' at 'onFailure' failed to satisfy constraint: Member must satisfy enum value set: "
            "[DO_NOTHING, ROLLBACK, DELETE]",
        ),
        (
            {"StackName": "a", "TimeoutInMinutes": 0},
            "Value '0' at 'timeoutInMinutes' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            {"StackName": "a", "ClientRequestToken": "_"},
            "Value '_' at 'clientRequestToken' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9][-a-zA-Z0-9]*",
        ),
        (
            {"StackName": "a", "Tags": [{"Key": "k" * 129, "Value": "v"}]},
            f"Value '{'k' * 129}' at 'tags.1.member.key' failed to satisfy constraint: "
            "Member must have length less than or equal to 128",
        ),
    ],
)
def test_the_model_s_constraints(endpoint: str, functions: Functions, parameters: dict[str, Any], message: str) -> None:
    """A value that the service's model doesn't allow is refused in the words of AWS's front end."""
    refused = refusal(client(endpoint, "cloudformation").create_stack, **parameters)
    assert refused == ("ValidationError", f"1 validation error detected: {message}", 400)
    assert functions.calls == []


def test_several_violations_are_told_at_once(endpoint: str) -> None:
    """All violations are in one message, with their number."""
    code, message, status = refusal(client(endpoint, "cloudcontrol").get_resource, TypeName="A::Bc::De")
    assert (code, status) == ("ValidationException", 400)
    assert message.startswith("3 validation errors detected: Value null at 'identifier' failed to satisfy constraint: ")
    assert message.count("; Value 'A::Bc::De' at 'typeName' failed to satisfy constraint: ") == 2


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (CloudFormationError("ValidationError", "No"), "ValidationError", 400),
        (CloudFormationError("AlreadyExistsException", "No"), "AlreadyExistsException", 400),
        (CloudFormationError("ChangeSetNotFoundException", "No"), "ChangeSetNotFound", 404),
        (CloudFormationError("TypeNotFoundException", "No"), "TypeNotFoundException", 404),
        (CloudFormationError("InternalFailure", "No"), "InternalFailure", 500),
    ],
)
def test_errors_of_cloudformation(
    endpoint: str, functions: Functions, error: Exception, code: str, status: int
) -> None:
    """An error has the code and the status of the service's model."""
    functions.error = error
    assert refusal(client(endpoint, "cloudformation").describe_stacks) == (code, "No", status)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((f"{name}Exception", 500) for name in ("HandlerInternalFailure", "HandlerFailure", "NetworkFailure")),
        *((f"{name}Exception", 500) for name in ("ServiceInternalError", "ConcurrentModification")),
        *((f"{name}Exception", 400) for name in ("ResourceNotFound", "Throttling", "Validation", "NotUpdatable")),
    ],
)
def test_errors_of_cloud_control(endpoint: str, functions: Functions, code: str, status: int) -> None:
    """An error that the model marks as a fault is a 500, so that clients try again; the others are 400."""
    functions.error = CloudFormationError(code, "No")
    parameters = {"TypeName": "Acme::Test::Toy", "Identifier": "i"}
    assert refusal(client(endpoint, "cloudcontrol").get_resource, **parameters) == (code, "No", status)


def test_a_defect_is_an_internal_failure(
    endpoint: str, functions: Functions, capfd: pytest.CaptureFixture[str]
) -> None:
    """A defect is a 500 in the service's protocol without Python's words; its place, without values, is in the log."""
    functions.error = KeyError("a property's value")
    message = "This sandbox failed on CloudFormation's DescribeStacks: its own log has the place. Please report it."
    assert refusal(client(endpoint, "cloudformation").describe_stacks) == ("InternalFailure", message, 500)
    log = capfd.readouterr().err
    assert "test_front.py" in log
    assert "KeyError in CloudFormation's DescribeStacks" in log
    assert "a property's value" not in log


def test_an_answer_that_does_not_fit_is_a_defect(endpoint: str, functions: Functions) -> None:
    """An answer that doesn't fit the model is an InternalFailure in the service's protocol too."""
    functions.stacks = [{"StackName": "a", "CreationTime": "yesterday"}]
    assert refusal(client(endpoint, "cloudformation").describe_stacks)[::2] == ("InternalFailure", 500)


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("GetResource", b"{", "SerializationException"),
        ("GetResource", b"[]", "SerializationException"),
        ("GetResource", b"\xff\xfe", "SerializationException"),
        ("GetResource", b"[" * 100_000, "SerializationException"),
        ("GetResource", b'{"TypeName": 4, "Identifier": "i"}', "SerializationException"),
        ("ListResourceRequests", b'{"MaxResults": "many"}', "SerializationException"),
        ("ListResourceRequests", b'{"ResourceRequestStatusFilter": {"Operations": "all"}}', "SerializationException"),
        ("GetResource", b"{}", "ValidationException"),
        ("GetResource", b'{"TypeName": "Acme::Test::Toy", "Identifier": "i", "Moon": 1}', "ValidationException"),
        ("FlyToTheMoon", b"{}", "UnknownOperationException"),
    ],
)
def test_a_bad_json_request(endpoint: str, functions: Functions, target: str, body: bytes, code: str) -> None:
    """A body that isn't JSON or doesn't fit the model, and an unknown operation, are a 400 in JSON."""
    answer = requests.post(endpoint, body, headers={"X-Amz-Target": f"CloudApiService.{target}"}, timeout=10)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert answer.json()["__type"].endswith(f"#{code}")
    assert functions.calls == []


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("Action=FlyToTheMoon&Version=2010-05-15", "InvalidAction"),
        ("Action=ListGeneratedTemplates&Version=2010-05-15", "InvalidAction"),
        ("Action=DescribeStacks&Version=2010-05-15&Moon=1", "ValidationError"),
        ("Action=CreateStack&Version=2010-05-15&StackName=a&TimeoutInMinutes=many", "ValidationError"),
        ("Action=CreateStack&Version=2010-05-15&StackName=a&DisableRollback=perhaps", "ValidationError"),
        ("Action=DescribeStacks&Version=2010-05-15&StackName=%FF", "MalformedQueryString"),
    ],
)
def test_a_bad_query(endpoint: str, functions: Functions, form: str, code: str) -> None:
    """An unknown operation or member, and a value of the wrong type, are a 400 in XML."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(endpoint, form, headers=headers, timeout=10)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/xml"
    assert f"<Type>Sender</Type><Code>{code}</Code>" in answer.text
    assert functions.calls == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20261128/eu-west-1/cloudformation/aws4_request, x"},
        {"Host": "cloudformation.eu-west-1.amazonaws.com"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
    ids=["signed", "host", "unsigned"],
)
def test_requests_that_are_recognized(endpoint: str, functions: Functions, headers: dict[str, str]) -> None:
    """A request is CloudFormation's by its signature, its host, or the version of its API."""
    answer = requests.post(endpoint, "Action=DescribeStacks&Version=2010-05-15", headers=headers, timeout=10)
    assert answer.status_code == 200
    assert len(functions.calls) == 1


def test_a_request_in_the_address(endpoint: str, functions: Functions) -> None:
    """A request can be in the query string, as presigned ones are."""
    query = "Action=DescribeStacks&Version=2010-05-15&X-Amz-Credential=a%2F20261128%2Fx%2Fcloudformation%2Faws4_request"
    assert requests.get(f"{endpoint}/?{query}", timeout=10).status_code == 200
    assert functions.calls[0].parameters == {}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20261128/eu-west-1/s3/aws4_request, x"}),
        ("/moto-api/reset", {}),
        ("/", {"X-Amz-Target": "SageMaker.ListModels"}),
        ("/", {"Content-Type": "application/x-www-form-urlencoded"}),
    ],
)
def test_other_requests_are_passed_on(endpoint: str, functions: Functions, path: str, headers: dict[str, str]) -> None:
    """Another service's request is passed on with its whole body."""
    body = "Action=DescribeStacks&Version=2011-01-01"
    answer = requests.post(f"{endpoint}{path}", body, headers=headers, timeout=10)
    assert answer.text == f"behind: {body}"
    assert functions.calls == []


@pytest.mark.parametrize("service", ["cloudformation", "cloudcontrol"])
def test_an_error_names_the_region_that_has_the_types(functions: Functions, service: str) -> None:
    """In a region without the sandbox's types, the error about a type says which region has them, in each protocol."""
    functions.error = CloudFormationError("TypeNotFoundException", "The type A is not found.")
    environ = {"method": "POST", "headers": {"X-Amz-Target": "CloudApiService.GetResource"}}
    body = {
        "cloudformation": "Action=DescribeStacks",
        "cloudcontrol": '{"TypeName": "Acme::Test::Toy", "Identifier": "i"}',
    }
    request = Request.from_values(data=body[service], **environ)
    answer = Service(service, "Example", [functions], "eu-west-1", no_space).answer(
        request, "123456789012", "us-east-1"
    )
    hint = "The type A is not found. (This request is for us-east-1; the sandbox has its types in eu-west-1: "
    assert f"{hint}`cfn-sandbox up --region us-east-1`.)" in answer.get_data(as_text=True)
