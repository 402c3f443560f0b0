"""Tests of how every handler treats answers that it can't read, that are lost or that are too long."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from aws_sagemaker_modelqualityjobdefinition.runtime import envelope
from tests.wires import (
    Reply,
    Wire,
    call_until_done,
    changed_reply,
    create_definition,
    error_reply,
    invoke,
    json_reply,
    lost_answer,
    moto_definitions,
    raising_reply,
    raw_reply,
)
from tools.envelopes import Json, arn, maximal, minimal

URL = "https://api.sagemaker.eu-west-1.amazonaws.com/"
RETRIABLE = ("NetworkFailure", "ServiceInternalError")
CALLS = {
    "READ": ("DescribeModelQualityJobDefinition", "ListTags"),
    "UPDATE": ("DescribeModelQualityJobDefinition", "ListTags", "DeleteTags", "AddTags"),
    "DELETE": ("DeleteModelQualityJobDefinition",),
    "LIST": ("ListModelQualityJobDefinitions",),
}
UNREADABLE = [
    pytest.param(raw_reply(302, b""), id="redirected"),
    pytest.param(raw_reply(307, b"moved"), id="moved"),
    pytest.param(raw_reply(300, b""), id="several"),
    pytest.param(raw_reply(400, b""), id="a refusal that was cut off"),
    pytest.param(raw_reply(404, b'{"__ty'), id="a refusal that was cut off in its body"),
    pytest.param(raw_reply(200, b"<html>Hello</html>", "text/html; charset=utf-8"), id="a web page"),
]
WITHOUT_MEMBERS = [
    pytest.param(raw_reply(200, b""), id="nothing"),
    pytest.param(raw_reply(204, b""), id="no content"),
    pytest.param(raw_reply(200, b"{}"), id="empty"),
    pytest.param(raw_reply(200, b"null"), id="null"),
    pytest.param(raw_reply(200, b"[]"), id="a list"),
    pytest.param(raw_reply(200, b'"text"'), id="a text"),
    pytest.param(raw_reply(200, b'{"JobDefini'), id="cut off"),
    pytest.param(raw_reply(200, b"\xff\xfe\x00"), id="no text"),
    pytest.param(raw_reply(200, b"[" * 100_000), id="too deep"),
    pytest.param(
        raw_reply(200, b'{"JobDefinitionArn": 1, "Tags": [1], "JobDefinitionSummaries": [1]}'), id="other types"
    ),
    pytest.param(
        raw_reply(200, b'{"JobDefinitionArn": "arn:aws:x", "JobDefinitionName": ["x"], "Tags": [{}]}'),
        id="other forms",
    ),
    pytest.param(
        raw_reply(200, b'{"Tags": [{"Key": "a", "Value": 1}], "JobDefinitionSummaries": [{}]}'), id="odd members"
    ),
    pytest.param(raw_reply(400, b'{"__type": 5, "message": ["?"]}'), id="a code that is a number"),
]


def invoke_on(action: str, model: Json) -> Json:
    """Send an action for a definition; an UPDATE replaces its tag `old` with the tag `new`."""
    identifiers = ("JobDefinitionArn", "JobDefinitionName", "CreationTime")
    state = minimal() | {name: model[name] for name in identifiers}
    return invoke(action, state, state, tags={"new": "1"}, previous_tags={"old": "1"})


@pytest.mark.parametrize(
    ("action", "operation", "reply"),
    [
        pytest.param(action, operation, parameter.values[0], id=f"{action}-{operation}-{parameter.id}")
        for action, operations in CALLS.items()
        for operation in operations
        for parameter in (UNREADABLE if operation[:3] in ("Add", "Del") else UNREADABLE + WITHOUT_MEMBERS)
    ],
)
def test_an_answer_that_can_not_be_read_is_worth_another_try(
    wire: Wire, action: str, operation: str, reply: Reply
) -> None:
    """After four unreadable answers the handler fails with a code that CloudFormation retries. DELETE looks again."""
    model = create_definition(minimal(), tags={"old": "1"})
    wire.requests.clear()
    wire.reply(operation, *[reply] * 4)
    answer = invoke_on(action, model)
    if answer["status"] == "IN_PROGRESS":
        assert action == "DELETE"
    else:
        assert (answer["status"], answer["errorCode"]) == ("FAILED", "ServiceInternalError")
    assert operation in answer["message"]
    assert wire.operations.count(operation) == 4
    assert len(moto_definitions()) == 1
    assert invoke_on(action, model)["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("error", "attempts"),
    [(ConnectionClosedError(endpoint_url=URL), 4), (ReadTimeoutError(endpoint_url=URL, error="slow"), 2)],
)
@pytest.mark.parametrize(
    ("action", "operation"), [(action, operation) for action in CALLS for operation in CALLS[action]]
)
def test_an_answer_that_is_cut_off_in_its_headers_is_worth_another_try(
    wire: Wire, action: str, operation: str, error: Exception, attempts: int
) -> None:
    """After one lost answer the handler succeeds; after four, or two that took all their time, it needs a retry."""
    model = create_definition(minimal(), tags={"old": "1"})
    wire.reply(operation, *[raising_reply(error)] * attempts)
    answer = invoke_on(action, model)
    if action == "DELETE":
        assert answer["status"] == "IN_PROGRESS"
    else:
        assert answer["errorCode"] == "NetworkFailure"
    wire.reply(operation, raising_reply(error))
    assert invoke_on(action, model)["status"] == "SUCCESS"


@pytest.mark.parametrize(
    "change",
    [
        {"JobResources": "none"},
        {"ModelQualityJobInput": "none"},
        {"ModelQualityJobInput": {"BatchTransformInput": "none"}},
        {"ModelQualityAppSpecification": {"Environment": {f"V{number}": "" for number in range(1001)}}},
        {"JobResources": {"ClusterConfig": {"InstanceCount": "many"}}},
    ],
)
def test_a_description_of_another_form_is_not_blamed_on_the_request(wire: Wire, change: Json) -> None:
    """The message says that SageMaker's description can't be read and names the wrong member."""
    model = create_definition(maximal())
    wire.reply("DescribeModelQualityJobDefinition", *[json_reply(200, dict(model, CreationTime=1) | change)] * 4)
    answer = invoke("READ", {"JobDefinitionName": "Fraud-Quality"})
    assert answer["errorCode"] == "ServiceInternalError"
    assert "SageMaker" in answer["message"]
    assert "can't be read" in answer["message"]


@pytest.mark.parametrize("message", ["x" * 3_000_000, "\ud800" * 2000, "x" * 5 + "\ud800"])
@pytest.mark.parametrize("action", ["CREATE", "READ", "UPDATE", "DELETE", "LIST"])
def test_a_message_of_any_length_and_kind_is_passed_on_in_part(wire: Wire, action: str, message: str) -> None:
    """The handler cuts AWS's message and replaces lone surrogates: Lambda accepts at most 6 MB of Unicode."""
    for operation in ("Create", "Describe", "Delete"):
        wire.reply(f"{operation}ModelQualityJobDefinition", error_reply("ValidationException", message))
    wire.reply("ListModelQualityJobDefinitions", error_reply("ValidationException", message))
    answer = invoke(action, maximal(), maximal())
    assert answer["errorCode"] == "InvalidRequest"
    assert len(json.dumps(answer, ensure_ascii=False).encode()) < 5000
    assert "request id request-1" in answer["message"][:200]


@pytest.mark.parametrize("spell", [str.upper, lambda text: text.replace("fraud-quality", "FRAUD-Quality")])
def test_an_arn_in_upper_case_is_the_same_arn(wire: Wire, spell: Callable[[str], str]) -> None:
    """Every handler finds its definition although SageMaker reports the ARN in upper case and the stack knows another.

    CREATE finds it after a lost answer too, and its callback.
    """
    shouting = changed_reply(
        lambda body: {name: spell(value) if name == "JobDefinitionArn" else value for name, value in body.items()}
    )
    wire.reply("DescribeModelQualityJobDefinition", *[shouting] * 100)
    wire.reply("CreateModelQualityJobDefinition", shouting)
    wire.reply("ListTags", json_reply(200, {"Tags": []}))
    first = invoke("CREATE", maximal())
    assert first["status"] == "IN_PROGRESS"
    assert first["resourceModel"]["JobDefinitionArn"] == spell(arn("fraud-quality"))
    again, _ = call_until_done(first, "CREATE", maximal())
    assert again["status"] == "SUCCESS"
    for known in (spell(arn("fraud-quality")), arn("fraud-quality"), arn("Fraud-Quality")):
        model = dict(again["resourceModel"], JobDefinitionArn=known)
        assert invoke("READ", {"JobDefinitionArn": known})["resourceModel"] == again["resourceModel"]
        assert invoke("UPDATE", model, model)["status"] == "SUCCESS"
    wire.reply("DeleteModelQualityJobDefinition", raising_reply(ConnectionClosedError(endpoint_url=URL)))
    assert invoke("DELETE", dict(again["resourceModel"], JobDefinitionArn=arn("fraud-quality")))["status"] == "SUCCESS"
    assert moto_definitions() == {}
    wire.reply("CreateModelQualityJobDefinition", lost_answer(ConnectionClosedError(endpoint_url=URL)))
    assert create_definition(maximal())["JobDefinitionArn"] == spell(arn("fraud-quality"))


def test_half_a_character_in_an_answer_is_replaced(wire: Wire) -> None:
    """A lone surrogate in a tag or a token is reported as "?", and everything else as it is: an answer is Unicode."""
    model = create_definition(minimal())
    wire.reply("ListTags", json_reply(200, {"Tags": [{"Key": "caf\xe9", "Value": "half \ud800"}]}))
    answer = invoke("READ", {"JobDefinitionArn": model["JobDefinitionArn"]})
    assert answer["resourceModel"]["Tags"] == [{"Key": "caf\xe9", "Value": "half ?"}]
    summary = {"MonitoringJobDefinitionArn": arn("caf\xe9"), "MonitoringJobDefinitionName": "caf\xe9"}
    body = {"JobDefinitionSummaries": [summary], "NextToken": "\udfff!"}
    wire.reply("ListModelQualityJobDefinitions", json_reply(200, body))
    answer = invoke("LIST", None)
    assert answer["resourceModels"] == [{"JobDefinitionArn": arn("caf\xe9"), "JobDefinitionName": "caf\xe9"}]
    assert answer["nextToken"] == "?!"


def test_a_taken_name_comes_before_awss_long_message(wire: Wire) -> None:
    """The message for a taken name says what to do before it quotes AWS."""
    wire.reply("CreateModelQualityJobDefinition", error_reply("ResourceInUse", "x" * 5000))
    answer = invoke("CREATE", maximal())
    assert answer["errorCode"] == "AlreadyExists"
    assert answer["message"].index("It can't be read") < answer["message"].index("xxx")
    assert len(answer["message"]) < 2500


def _tags_reply(count: int, *, more: bool) -> Reply:
    body: Json = {"Tags": [{"Key": f"key-{number}", "Value": "v" * 250} for number in range(count)]}
    return json_reply(200, body | ({"NextToken": "more"} if more else {}))


@pytest.mark.parametrize("action", ["READ", "UPDATE", "CREATE"])
def test_a_list_of_tags_that_never_ends_is_given_up(wire: Wire, action: str) -> None:
    """The handler stops after 20 pages: one page holds more tags than a definition can have."""
    model = create_definition(minimal(), token="another")
    wire.requests.clear()
    wire.reply("ListTags", *[_tags_reply(1, more=True)] * 2000)
    answer = invoke_on(action, model) if action != "CREATE" else invoke("CREATE", minimal())
    if action == "CREATE":
        assert answer["status"] == "IN_PROGRESS"
    else:
        assert answer["errorCode"] == "ServiceInternalError"
        assert "pages" in answer["message"]
    assert wire.operations.count("ListTags") <= 20


@pytest.mark.parametrize("operation", ["ListTags", "AddTags", "DeleteTags"])
def test_a_definition_that_vanishes_meanwhile_is_not_found(wire: Wire, operation: str) -> None:
    """The tag operations call the ARN of a missing definition invalid; the handler reports NotFound."""
    model = create_definition(minimal(), tags={"old": "1"})

    def delete_definition(_: object) -> None:
        moto_definitions().clear()

    wire.reply(operation, delete_definition)
    assert invoke_on("UPDATE", model)["errorCode"] == "NotFound"


def test_a_definition_that_vanishes_while_it_is_read_is_not_found(wire: Wire) -> None:
    """READ reports NotFound for a definition that is deleted between Describe and ListTags."""
    model = create_definition(minimal())
    wire.reply("ListTags", lambda _: moto_definitions().clear())
    assert invoke_on("READ", model)["errorCode"] == "NotFound"


def test_an_invalid_tag_of_an_existing_definition_is_reported(wire: Wire) -> None:
    """A validation error of a tag operation stays InvalidRequest if the definition still exists."""
    model = create_definition(minimal(), tags={"old": "1"})
    wire.reply("AddTags", error_reply("ValidationException", "the value is odd"))
    answer = invoke_on("UPDATE", model)
    assert answer["errorCode"] == "InvalidRequest"
    assert "the value is odd" in answer["message"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [(error_reply("ThrottlingException"), "FAILED"), (error_reply("InternalFailure", status=500), "SUCCESS")],
)
def test_a_deletion_that_was_throttled_deleted_nothing(wire: Wire, fault: Reply, status: str) -> None:
    """After a 500, which may have deleted it, NotFound is a success; after throttling it is a failure."""
    wire.reply("DeleteModelQualityJobDefinition", fault)
    assert invoke("DELETE", {"JobDefinitionName": "missing"})["status"] == status


@pytest.mark.parametrize("action", ["READ", "CREATE"])
def test_an_answer_that_lambda_does_not_take_is_a_failure(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """An answer over Lambda's size limit becomes a failure that still carries the ARN and the name."""
    monkeypatch.setattr(envelope, "ANSWER_SIZE", 400)
    invoke("CREATE", maximal())
    answer = invoke(action, maximal() | ({"JobDefinitionName": "another"} if action == "CREATE" else {}))
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "ServiceInternalError")
    name = "another" if action == "CREATE" else "Fraud-Quality"
    assert answer["resourceModel"] == {"JobDefinitionArn": arn(name), "JobDefinitionName": name}


def test_a_list_that_lambda_does_not_take_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list over Lambda's size limit becomes a failure without a model."""
    create_definition(maximal())
    monkeypatch.setattr(envelope, "ANSWER_SIZE", 40)
    answer = invoke("LIST", None)
    assert answer["errorCode"] == "ServiceInternalError"
    assert "resourceModel" not in answer
