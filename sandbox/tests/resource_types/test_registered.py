"""A registered type's function is invoked until it succeeds or fails, and the outcome is a value."""

from collections.abc import Callable
from typing import Any

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.resource_types.interface import Instance, Outcome, Request, ResourceType
from cfn_sandbox.resource_types.registered import RegisteredType

JSON = dict[str, Any]

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/toys/1"
REQUEST = Request("123456789012", "eu-west-1", STACK, "Bear", {"team": "a"}, {"team": "b"})
BEAR = Instance("toy-1", {"Id": "toy-1", "Name": "bear"})
SCHEMA: JSON = {
    "typeName": "Acme::Test::Robot",
    "properties": {"Id": {"type": "string"}, "Name": {"type": "string"}, "Size": {"type": "integer"}},
    "readOnlyProperties": ["/properties/Id"],
    "primaryIdentifier": ["/properties/Id"],
    "handlers": {"create": {"timeoutInMinutes": 2}, "read": {}},
    "additionalProperties": False,
}


class Handler:
    """A function that gives queued answers, and keeps the events."""

    def __init__(self, *answers: JSON | SandboxError | None) -> None:
        self.answers = list(answers)
        self.events: list[JSON] = []
        self.waits: list[float] = []
        self.kind = RegisteredType(SCHEMA, self.invoke, wait=self.waits.append)

    def invoke(self, event: JSON) -> Any:  # noqa: ANN401 - a handler can answer anything
        """Give the next answer, the last one for ever."""
        self.events.append({**event, "requestData": dict(event["requestData"])})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, SandboxError):
            raise answer
        return answer


def success(**model: object) -> JSON:
    """Return a final answer."""
    return {"status": "SUCCESS", "resourceModel": model}


def failed(code: str, message: str = "No", model: JSON | None = None) -> JSON:
    """Return a failed progress event."""
    return {"status": "FAILED", "errorCode": code, "message": message, "resourceModel": model}


def test_create_sends_the_envelope_of_cloudformation() -> None:
    """CREATE sends the properties as text, the stack and its tags, and the model is the resource."""
    handler = Handler(success(Id="toy-1", Name="bear"))
    kind: ResourceType = handler.kind
    assert kind.create(REQUEST, {"Name": "bear", "Size": 3}) == Outcome(BEAR)
    (event,) = handler.events
    token = event.pop("bearerToken")
    assert len(token) == 36
    assert event == {
        "action": "CREATE",
        "awsAccountId": "123456789012",
        "nextToken": None,
        "region": "eu-west-1",
        "resourceType": "Acme::Test::Robot",
        "resourceTypeVersion": "00000001",
        "stackId": STACK,
        "callbackContext": None,
        "requestData": {
            "callerCredentials": {"accessKeyId": "sandbox", "secretAccessKey": "sandbox", "sessionToken": "sandbox"},
            "logicalResourceId": "Bear",
            "resourceProperties": {"Name": "bear", "Size": "3"},
            "stackTags": {"team": "a"},
            "systemTags": {
                "aws:cloudformation:stack-name": "toys",
                "aws:cloudformation:stack-id": STACK,
                "aws:cloudformation:logical-id": "Bear",
            },
        },
    }


def test_an_identifier_inside_a_property() -> None:
    """A part of the identifier that isn't known leaves no empty object; a known one gets to its place."""
    handler = Handler(success(Name="bear", Facts={"Id": "1"}))
    nested = {"primaryIdentifier": ["/properties/Facts/Id", "/properties/Name"]}
    kind = RegisteredType(SCHEMA | nested, handler.invoke)
    assert kind.create(REQUEST, {"Name": "bear"}).failure is None
    model: JSON = {"Name": "bear", "Facts": {"Id": "1"}}
    assert kind.read(REQUEST, model).failure is None
    sent = [event["requestData"]["resourceProperties"] for event in handler.events]
    assert sent == [{"Name": "bear"}, model]


def test_update_sends_what_was_before() -> None:
    """UPDATE sends the previous properties and tags, and the identifier in both models."""
    handler = Handler(success(Id="toy-1", Name="cub"))
    outcome = handler.kind.update(REQUEST, {"Name": "cub"}, {"Name": "bear"}, BEAR)
    assert outcome == Outcome(Instance("toy-1", {"Id": "toy-1", "Name": "cub"}))
    data = handler.events[0]["requestData"]
    assert data["resourceProperties"] == {"Name": "cub", "Id": "toy-1"}
    assert data["previousResourceProperties"] == {"Name": "bear", "Id": "toy-1"}
    assert (data["stackTags"], data["previousStackTags"]) == ({"team": "a"}, {"team": "b"})
    assert data["previousSystemTags"] == data["systemTags"]


def test_outside_a_stack() -> None:
    """Without a stack, no tags are sent; with a log group, credentials for logging are."""
    handler = Handler(success(Id="toy-1"))
    RegisteredType(SCHEMA, handler.invoke, "00000002", "logs").read(Request("1", "r"), {"Id": "toy-1"})
    (event,) = handler.events
    assert (event["stackId"], event["resourceTypeVersion"]) == (None, "00000002")
    assert set(event["requestData"]) == {
        *("callerCredentials", "providerCredentials", "providerLogGroupName", "resourceProperties"),
    }
    assert event["requestData"]["resourceProperties"] == {"Id": "toy-1"}


def test_a_handler_in_progress_is_invoked_again() -> None:
    """The context and the model go back to the handler unchanged, after the delay that it asks for."""
    progress = {
        "status": "IN_PROGRESS",
        "callbackContext": {"step": 1},
        "callbackDelaySeconds": 5,
        "resourceModel": {"Id": "toy-1", "Size": 3},
    }
    handler = Handler(progress, success(Id="toy-1"))
    seen: list[Instance | None] = []
    request = Request("1", "r", watch=seen.append)
    assert handler.kind.create(request, {"Name": "bear"}) == Outcome(Instance("toy-1", {"Id": "toy-1"}))
    assert handler.waits == [5.0]
    assert handler.events[1]["callbackContext"] == {"step": 1}
    assert handler.events[1]["requestData"]["resourceProperties"] == {"Id": "toy-1", "Size": 3}
    assert seen == [None, Instance("toy-1", {"Id": "toy-1", "Size": 3})]


def test_retriable_errors() -> None:
    """A retriable error is tried again twice, with growing pauses; the third one ends the operation."""
    handler = Handler(failed("Throttling"), failed("NetworkFailure"), success(Id="toy-1"))
    assert handler.kind.create(REQUEST, {}).failure is None
    assert handler.waits == [2.0, 4.0]
    handler = Handler(failed("Throttling"))
    outcome = handler.kind.create(REQUEST, {})
    assert outcome.failure is not None
    assert (outcome.failure.code, len(handler.events)) == ("Throttling", 3)


def test_a_failure_keeps_the_last_model() -> None:
    """A terminal error ends at once, in CloudFormation's words, and knows what the handler has made."""
    handler = Handler(
        {"status": "IN_PROGRESS", "resourceModel": {"Id": "toy-1", "Name": "bear"}}, failed("AccessDenied", "Not you")
    )
    outcome = handler.kind.create(REQUEST, {})
    token = handler.events[0]["bearerToken"]
    assert outcome.instance == BEAR
    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.message, outcome.failure.token) == ("AccessDenied", "Not you", token)
    assert outcome.failure.reason == (
        f'Resource handler returned message: "Not you" (RequestToken: {token}, HandlerErrorCode: AccessDenied)'
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (SandboxError("It crashed."), "It crashed."),
        ({"errorMessage": "boom"}, "boom"),
        ({"status": "FAILED"}, "null"),
        (None, "The handler's answer is no object"),
        (success(), "The handler succeeded with the primary identifier None, not one"),
        ({"status": "SUCCESS"}, "The handler succeeded with the primary identifier None, not one"),
    ],
)
def test_what_is_no_success(answer: JSON | SandboxError | None, message: str) -> None:
    """A crash, an answer that is none, and a success without an identifier are internal failures."""
    outcome = Handler(answer).kind.create(REQUEST, {})
    assert outcome.failure is not None
    assert (outcome.failure.code, outcome.failure.message, outcome.instance) == ("InternalFailure", message, None)


@pytest.mark.parametrize(
    ("answer", "message", "code"),
    [
        ({"status": "FAILED"}, "null", "null"),
        ({"status": "FAILED", "errorCode": "AlreadyExists"}, "null", "AlreadyExists"),
        ({"status": "FAILED", "errorCode": "InternalFailure", "message": ""}, "", "InternalFailure"),
        (SandboxError("It crashed."), "It crashed.", "InternalFailure"),
        ({"errorMessage": "boom"}, "boom", "InternalFailure"),
    ],
)
def test_a_failure_that_says_little(answer: JSON | SandboxError, message: str, code: str) -> None:
    """What a failed handler leaves out is null in the event, and an empty message is empty.

    aws/copilot-cli's and Sysdig's users have no code, users of AWS::XRay::TransactionSearchConfig no message;
    DataDog/datadog-cloudformation-resources issue 202 has an empty one.
    """
    handler = Handler(answer)
    failure = handler.kind.create(REQUEST, {}).failure
    token = handler.events[0]["bearerToken"]
    assert failure is not None
    assert failure.reason == (
        f'Resource handler returned message: "{message}" (RequestToken: {token}, HandlerErrorCode: {code})'
    )


def test_another_identifier_after_an_update() -> None:
    """An update that succeeds with another identifier is an internal failure."""
    outcome = Handler(success(Id="toy-2")).kind.update(REQUEST, {}, {}, BEAR)
    assert outcome.failure is not None
    assert outcome.failure.message == "The handler succeeded with the primary identifier toy-2, not toy-1"


def test_a_handler_s_timeout() -> None:
    """A handler that is in progress for longer than its schema says has not stabilized.

    The words are those of users' logs of services in ECS (two public repositories).
    """
    handler = Handler({"status": "IN_PROGRESS", "callbackDelaySeconds": 50})
    outcome = handler.kind.create(REQUEST, {})
    assert outcome.failure is not None
    assert outcome.failure.code == "NotStabilized"
    hint = "(sandbox's hint: 2 minutes are over)"
    assert outcome.failure.message == f"Resource timed out waiting for completion {hint}"
    token = handler.events[0]["bearerToken"]
    assert outcome.failure.reason == f"Resource timed out waiting for completion (RequestToken: {token}) {hint}"
    assert handler.waits == [50.0, 50.0]


@pytest.mark.parametrize("answer", [{"status": "SUCCESS"}, failed("NotFound")])
def test_delete(answer: JSON) -> None:
    """A deleted resource is gone, also if it was gone before."""
    assert Handler(answer).kind.delete(REQUEST, {"Name": "bear"}, BEAR) == Outcome()


def test_read_of_a_missing_resource() -> None:
    """READ tells that a resource is missing."""
    outcome = Handler(failed("NotFound")).kind.read(REQUEST, {"Id": "toy-1"})
    assert outcome.failure is not None
    assert (outcome.instance, outcome.failure.code) == (None, "NotFound")


def test_list() -> None:
    """LIST sends the token and the filter, or empty properties, and returns a page."""
    answer = {"status": "SUCCESS", "resourceModels": [{"Id": "toy-1", "Name": "bear"}], "nextToken": "more"}
    handler = Handler(answer)
    page = handler.kind.list(REQUEST, {"Size": "3"}, "start")
    assert (list(page.instances), page.next_token, page.failure) == ([BEAR], "more", None)
    assert handler.events[0]["nextToken"] == "start"
    assert handler.events[0]["requestData"]["resourceProperties"] == {"Size": "3"}
    handler.kind.list(REQUEST, None)
    assert handler.events[1]["requestData"]["resourceProperties"] == {}
    failure = Handler(failed("InvalidRequest", "Which?")).kind.list(REQUEST, None).failure
    assert failure is not None
    assert (failure.code, failure.message) == ("InvalidRequest", "Which?")


def test_a_watch_ends_an_operation() -> None:
    """What a watch raises ends the operation before the next invocation."""

    class CancelledError(Exception):
        pass

    def cancel(_instance: Instance | None) -> None:
        raise CancelledError

    handler = Handler(success(Id="toy-1"))
    operations: list[Callable[[Request], object]] = [
        lambda request: handler.kind.create(request, {}),
        lambda request: handler.kind.list(request, None),
    ]
    for operation in operations:
        with pytest.raises(CancelledError):
            operation(Request("1", "r", watch=cancel))
    assert handler.events == []


def test_what_a_schema_says() -> None:
    """A type supports the handlers of its schema, and refuses read-only properties."""
    kind = Handler(None).kind
    assert kind.supports("CREATE")
    assert not kind.supports("LIST")
    assert kind.check(kind.typed({"Name": 1, "Size": "2"})) == []
    assert kind.check({"Id": "toy-1"}) == ["#: extraneous key [Id] is not permitted"]
    assert kind.attribute_refusal("Id") is None
    assert kind.attribute_kinds("Id") == {"string"}
    assert kind.attribute(BEAR, "Id") == "toy-1"
