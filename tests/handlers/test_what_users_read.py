"""What users and operators read: messages of failures and of waiting, the log, and generated names."""

import logging
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from aws_sagemaker_modelqualityjobdefinition.runtime import deadline
from tests.wires import (
    Wire,
    call_until_done,
    create_definition,
    create_foreign,
    error_reply,
    invoke,
    json_reply,
    moto_definitions,
    raising_reply,
)
from tools.envelopes import Json, arn, maximal, minimal

URL = "https://api.sagemaker.eu-west-1.amazonaws.com/"
CLOSED = ConnectionClosedError(endpoint_url=URL)
CREATE, DESCRIBE = "CreateModelQualityJobDefinition", "DescribeModelQualityJobDefinition"
DELETE = "DeleteModelQualityJobDefinition"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("line\nline\ttab", "line line tab"),
        ("bell\x07 escape\x1b[31m", "bell\\x07 escape\\x1b[31m"),
        ("turned \u202e around", "turned \\u202e around"),
        ("isolated \u2066 text", "isolated \\u2066 text"),
        ("no\u00a0break", "no break"),
        ("Grüße 日本", "Grüße 日本"),
    ],
)
@pytest.mark.parametrize("length", [0, 2000])
def test_awss_text_is_made_printable(wire: Wire, sent: str, shown: str, length: int) -> None:
    """Control characters and those that turn text are escaped, in a short message and in one that is cut."""
    wire.reply(DESCRIBE, error_reply("ValidationException", sent + "x" * length))
    message = invoke("READ", {"JobDefinitionName": "fraud"})["message"]
    assert shown in message
    assert message.isprintable()


@pytest.mark.parametrize("action", ["CREATE", "UPDATE", "DELETE"])
def test_a_name_in_the_log_is_printable(wire: Wire, action: str, caplog: pytest.LogCaptureFixture) -> None:
    """SageMaker refuses such a name; nobody knows what a log's viewer does with it."""
    caplog.set_level(logging.INFO)
    odd = "fraud\u202e\x1b[31m"
    wire.reply(
        DESCRIBE,
        json_reply(200, minimal() | {"JobDefinitionName": odd, "JobDefinitionArn": arn("fraud"), "CreationTime": 1}),
    )
    wire.reply("ListTags", json_reply(200, {"Tags": []}))
    identifier = {"JobDefinitionName": odd} if action != "UPDATE" else {"JobDefinitionArn": arn("fraud")}
    state = minimal() | identifier
    invoke(action, state, state, tags={"a": "1"})
    assert "fraud\\u202e\\x1b[31m" in caplog.text
    assert odd not in caplog.text


def test_the_log_of_each_action(caplog: pytest.LogCaptureFixture) -> None:
    """The log names the definition, the resource in the template, and the result, and no value."""
    caplog.set_level(logging.INFO, "aws_sagemaker_modelqualityjobdefinition")
    model = create_definition(maximal())
    logged = [caplog.messages.copy()]
    for action, states in (("UPDATE", [model, model]), ("READ", [model]), ("DELETE", [model]), ("READ", [model])):
        caplog.clear()
        invoke(action, *states, tags={"secret": "1"} if action == "UPDATE" else {})
        logged.append(caplog.messages.copy())
    assert logged == [
        ["Creating Fraud-Quality for JobDefinition", "CREATE of JobDefinition: SUCCESS"],
        ["Changing tags of Fraud-Quality for JobDefinition", "UPDATE of JobDefinition: SUCCESS"],
        ["READ of JobDefinition: SUCCESS"],
        ["Deleting Fraud-Quality for JobDefinition", "DELETE of JobDefinition: SUCCESS"],
        [logged[4][0], "READ of JobDefinition: FAILED NotFound"],
    ]
    assert re.fullmatch(
        r"DescribeModelQualityJobDefinition, attempt 1: NotFound \(ResourceNotFound, request id \w+\)", logged[4][0]
    )


@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "RequestTimeTooSkewedException"])
def test_a_wrong_clock_is_named(wire: Wire, code: str) -> None:
    """The credentials are right, and another try doesn't help."""
    wire.reply(DESCRIBE, error_reply(code, "too skewed", 403))
    answer = invoke("READ", {"JobDefinitionName": "fraud"})
    assert answer["errorCode"] == "InvalidCredentials"
    assert answer["message"].startswith("The function's clock and SageMaker's differ too much. too skewed (SageMaker ")


def test_a_failed_connection_names_the_operation(wire: Wire) -> None:
    """Botocore's message names the address alone."""
    wire.reply(DESCRIBE, *[raising_reply(CLOSED)] * 4)
    message = invoke("READ", {"JobDefinitionName": "fraud"})["message"]
    assert message.endswith("(SageMaker DescribeModelQualityJobDefinition: no answer)")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error_reply("ResourceNotFound"), "It is unknown whether the definition was created: none is visible."),
        (
            raising_reply(ReadTimeoutError(endpoint_url=URL, error="slow")),
            "It is unknown whether the definition was created: Read timeout on endpoint URL",
        ),
        (
            error_reply("AccessDeniedException", "not for you"),
            "It is unknown whether the definition was created: not for you (SageMaker DescribeModelQualityJobDefinit",
        ),
    ],
)
def test_what_is_unknown_after_a_lost_create_is_said(wire: Wire, answer: Any, words: str) -> None:  # noqa: ANN401 - a reply
    """That none is visible is said only if Describe answered so."""
    wire.reply(CREATE, *[raising_reply(CLOSED)] * 4)
    wire.reply(DESCRIBE, *[answer] * 40)
    failed = invoke("CREATE", maximal())
    assert failed["errorCode"] == "NetworkFailure"
    assert words in failed["message"]
    assert ("none is visible" in failed["message"]) is (words.endswith("none is visible."))


def test_a_taken_name_that_can_not_be_read_through_cloud_control(wire: Wire) -> None:
    """Without a stack there is no update that replaces."""
    create_foreign(maximal())
    wire.reply(DESCRIBE, error_reply("AccessDeniedException", "not for you"))
    message = invoke("CREATE", maximal(), stack_id=None)["message"]
    assert "It can't be read: not for you" in message
    assert "Find out whose it is, or choose another JobDefinitionName." in message
    assert "update" not in message


@pytest.mark.parametrize("secret", ["s3cret-value", "tiny"])
def test_a_value_of_environment_is_hidden(wire: Wire, secret: str, caplog: pytest.LogCaptureFixture) -> None:
    """SageMaker quotes what it refuses, and a stack's events are read by many."""
    caplog.set_level(logging.DEBUG, "aws_sagemaker_modelqualityjobdefinition")
    state = maximal()
    state["ModelQualityAppSpecification"]["Environment"] = {"TOKEN": secret}
    wire.reply(CREATE, error_reply("ValidationException", f"Value '{secret}' at 'environment.TOKEN.member' is bad"))
    message = invoke("CREATE", state)["message"]
    assert secret not in message + caplog.text
    hidden = "(value of Environment/TOKEN)" if len(secret) > 5 else "..."
    assert message.startswith(f"Value '{hidden}' at 'environment.TOKEN.member' is bad (SageMaker Create")


def test_waiting_is_explained(wire: Wire) -> None:
    """A progress event says what the operation waits for, and what SageMaker said."""
    wire.reply("ListTags", *[json_reply(200, {"Tags": []})] * 2, error_reply("AccessDeniedException", "no, no"))
    first = invoke("CREATE", maximal(), tags={"stage": "prod"})
    assert first["message"] == "Waiting until SageMaker reports the tags; looking again in 1 s."
    second = invoke("CREATE", first["resourceModel"], tags={"stage": "prod"}, context=first["callbackContext"])
    assert second["message"] == "Waiting until SageMaker reports the tags; looking again in 2 s."
    third = invoke("CREATE", second["resourceModel"], tags={"stage": "prod"}, context=second["callbackContext"])
    assert third["message"].startswith("Looking again in 4 s. no, no (SageMaker ListTags: AccessDeniedException")


@pytest.mark.parametrize("fault", [None, "denied"])
def test_a_deletion_says_that_it_waits_for_a_schedule(wire: Wire, fault: str | None) -> None:
    """Whether or not the definition can be described meanwhile."""
    model = create_definition(maximal())
    wire.reply(DELETE, error_reply("ResourceInUse", "used by hourly"))
    if fault:
        wire.reply(DESCRIBE, error_reply("AccessDeniedException"))
    answer = invoke("DELETE", {"JobDefinitionArn": model["JobDefinitionArn"]})
    assert answer["status"] == "IN_PROGRESS"
    assert answer["message"].startswith(
        "Waiting until the monitoring schedule that uses the definition is deleted; trying again in 5 s. used by hourly"
    )
    assert ("CreationTime" in answer["callbackContext"]) is (fault is None)


def test_a_deletion_by_name_alone_that_can_not_wait_fails(wire: Wire) -> None:
    """Without an ARN there is nothing that a callback could be bound to."""
    create_definition(maximal())
    wire.reply(DELETE, error_reply("ResourceInUse", "used by hourly"))
    wire.reply(DESCRIBE, error_reply("AccessDeniedException"))
    answer = invoke("DELETE", {"JobDefinitionName": "Fraud-Quality"})
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "ResourceConflict")
    assert "resourceModel" not in answer


def test_a_look_that_is_forbidden_leaves_the_definition_alone(wire: Wire) -> None:
    """After a lost Delete, DELETE doesn't send it again, and fails with a code that CloudFormation retries."""
    model = create_definition(maximal())
    wire.reply(DELETE, raising_reply(CLOSED))
    wire.reply(DESCRIBE, *[error_reply("AccessDeniedException", "not for you")] * 40)
    answer, _ = call_until_done(invoke("DELETE", model), "DELETE", model)
    assert answer["errorCode"] == "ServiceInternalError"
    assert answer["message"].startswith(
        "The request is not sent again, because it is unknown whether the definition is "
    )
    assert "not for you" in answer["message"]
    assert wire.operations.count(DELETE) == 1
    assert moto_definitions().keys() == {"fraud-quality"}


@pytest.mark.parametrize("change", [{}, {"CreationTime": "soon"}])
def test_tags_are_not_sent_again_to_a_definition_that_can_not_be_told(wire: Wire, change: Json) -> None:
    """After a lost answer, UPDATE needs a creation time to know that the definition is still the same."""
    model = create_definition(minimal() | {"JobDefinitionName": "Fraud"})
    described = {name: value for name, value in model.items() if name not in ("Tags", "CreationTime")} | change
    wire.reply(DESCRIBE, *[json_reply(200, described)] * 2)
    wire.reply("AddTags", raising_reply(CLOSED))
    answer = invoke("UPDATE", model, model, tags={"a": "1"})
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "ServiceInternalError")
    assert answer["message"].endswith("SageMaker's answer has no time that can be read.")
    assert wire.operations.count("AddTags") == 1


@pytest.mark.parametrize(
    ("stack_id", "logical_id", "pattern"),
    [
        (None, None, r"model-quality-[0-9a-f]{12}"),
        (None, "Definition", r"definition-[0-9a-f]{12}"),
        ("arn:aws:cloudformation:eu-west-1:123456789012:stack/日本/1", "日本", r"model-quality-[0-9a-f]{12}"),
    ],
)
def test_a_generated_name_can_be_recognized(stack_id: str | None, logical_id: Any, pattern: str) -> None:  # noqa: ANN401 - text or None
    """Through Cloud Control an event has neither stack nor logical id: the name then begins with the type's subject."""
    model = create_definition(minimal(), stack_id=stack_id, logical_id=logical_id)
    assert re.fullmatch(pattern, model["JobDefinitionName"])


@pytest.fixture
def hanging_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let the resolution of every name hang until the test ends."""
    opened = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        opened.wait(60)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield opened
    opened.set()


def test_a_name_server_that_hangs_costs_the_time_to_connect(hanging_names: threading.Event) -> None:
    """The resolution is left behind in a thread, and nothing was sent."""
    with pytest.raises(TimeoutError):
        deadline._addresses("api.sagemaker.example.com", 0.05)
    with deadline.within(0.05), pytest.raises(TimeoutError):
        deadline._addresses("api.sagemaker.example.com", None)
    assert not hanging_names.is_set()


def test_a_name_that_is_not_known_is_an_error(hanging_names: threading.Event) -> None:
    """It is the resolver's own."""
    hanging_names.set()
    with pytest.raises(socket.gaierror):
        deadline._addresses("api.sagemaker.example.com", 5)
