"""Tests of ownership: CREATE doesn't adopt another request's definition, and doesn't orphan its definition."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from aws_sagemaker_modelqualityjobdefinition.handlers import resource_type
from tests.wires import (
    LIMITS,
    Reply,
    Wire,
    call_until_done,
    create_definition,
    create_foreign,
    error_reply,
    invoke,
    json_reply,
    lost_answer,
    moto_definitions,
    raising_reply,
    raw_reply,
    reply_after_effect,
)
from tools.envelopes import ACCOUNT, Json, arn, event, maximal, minimal

URL = "https://api.sagemaker.eu-west-1.amazonaws.com/"
CREATE, DESCRIBE = "CreateModelQualityJobDefinition", "DescribeModelQualityJobDefinition"
CLOSED = ConnectionClosedError(endpoint_url=URL)
SILENT = ReadTimeoutError(endpoint_url=URL, error="slow")

NOTHING_HAPPENED = [
    pytest.param(raising_reply(EndpointConnectionError(endpoint_url=URL)), id="refused"),
    pytest.param(raising_reply(ConnectTimeoutError(endpoint_url=URL)), id="not connected"),
    pytest.param(error_reply("ThrottlingException"), id="throttled"),
]
NOBODY_KNOWS = [
    pytest.param(raising_reply(SILENT), id="silent"),
    pytest.param(raising_reply(CLOSED), id="closed"),
    pytest.param(error_reply("ServiceUnavailable", status=503), id="unavailable"),
    pytest.param(error_reply("InternalFailure", status=500), id="failed"),
]
LOST = [
    pytest.param(lost_answer(SILENT), id="silent"),
    pytest.param(lost_answer(CLOSED), id="closed"),
    pytest.param(reply_after_effect(error_reply("InternalFailure", status=500)), id="failed"),
    pytest.param(reply_after_effect(raw_reply(200, b'{"JobDefini')), id="cut off"),
    pytest.param(reply_after_effect(raw_reply(200, b"{}")), id="empty"),
    pytest.param(reply_after_effect(raw_reply(200, b"[]")), id="a list"),
    pytest.param(reply_after_effect(raw_reply(200, b'{"JobDefinitionArn": "x"}')), id="no ARN"),
    pytest.param(reply_after_effect(raw_reply(200, b"<html>Hello</html>", "text/html")), id="a web page"),
    pytest.param(reply_after_effect(raw_reply(200, b"\xff\xfe")), id="no text"),
    pytest.param(reply_after_effect(raw_reply(204, b"")), id="nothing"),
    pytest.param(reply_after_effect(raw_reply(302, b"")), id="redirected"),
    pytest.param(reply_after_effect(raw_reply(300, b"")), id="several"),
]


def check_taken(answer: Json) -> str:
    """Check that an answer is AlreadyExists and has no model, and return its message."""
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "AlreadyExists")
    assert "resourceModel" not in answer
    message: str = answer["message"]
    return message


@pytest.mark.parametrize("fault", NOTHING_HAPPENED + NOBODY_KNOWS)
@pytest.mark.parametrize("age", [20, 3])
def test_an_equal_definition_that_was_there_before_is_anothers(wire: Wire, fault: Reply, age: float) -> None:
    """CREATE doesn't adopt an equal definition that is older than the attempt, even by a few seconds."""
    create_foreign(maximal(), age)
    wire.reply(CREATE, fault)
    message = check_taken(invoke("CREATE", maximal()))
    assert "equals the request" in message
    assert moto_definitions().keys() == {"fraud-quality"}


@pytest.mark.parametrize("fault", NOTHING_HAPPENED)
def test_an_equal_definition_that_is_made_meanwhile_is_anothers_if_nothing_was_sent(wire: Wire, fault: Reply) -> None:
    """A throttled attempt or a failed connection has no effect, so CREATE doesn't adopt an equal definition."""

    def create_first(request: Any) -> Any:  # noqa: ANN401 - botocore's request
        create_foreign(maximal(), age=-0.001)
        return fault(request)

    wire.reply(CREATE, create_first)
    check_taken(invoke("CREATE", maximal()))


MORE = [
    pytest.param({"Tags": [{"Key": "team", "Value": "churn"}]}, "Tags", id="other tags"),
    pytest.param({"Tags": [*maximal()["Tags"], {"Key": "more", "Value": "1"}]}, "Tags", id="more tags"),
    pytest.param({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}, "RoleArn", id="another role"),
    pytest.param({"NetworkConfig": {"EnableNetworkIsolation": True}}, "NetworkConfig", id="another network"),
]


@pytest.mark.parametrize("fault", NOBODY_KNOWS)
@pytest.mark.parametrize(("more", "word"), MORE)
def test_another_definition_that_is_made_meanwhile_is_anothers(wire: Wire, fault: Reply, more: Json, word: str) -> None:
    """CREATE adopts a definition only if it equals the request in everything, tags included."""

    def create_first(request: Any) -> Any:  # noqa: ANN401 - botocore's request
        create_foreign(maximal(), age=-0.001, **more)
        return fault(request)

    wire.reply(CREATE, create_first)
    message = check_taken(invoke("CREATE", maximal()))
    assert f"differs from the request in {word}" in message


@pytest.mark.parametrize(
    "more", [{"NetworkConfig": {"EnableNetworkIsolation": True}}, {"StoppingCondition": {"MaxRuntimeInSeconds": 60}}]
)
def test_more_than_was_asked_for_is_anothers(wire: Wire, more: Json) -> None:
    """CREATE doesn't adopt a definition with more properties than requested, SageMaker's defaults apart."""
    ours = minimal() | {"JobDefinitionName": "Churn"}

    def create_first(_: object) -> None:
        create_foreign(ours, age=-0.001, **more)
        raise CLOSED

    wire.reply(CREATE, create_first)
    assert f"differs from the request in {next(iter(more))}" in check_taken(invoke("CREATE", ours))


@pytest.mark.parametrize("properties", [maximal(), minimal() | {"JobDefinitionName": "Churn"}, minimal()])
@pytest.mark.parametrize("answers_lost", [1, 2])
@pytest.mark.parametrize("lost", LOST)
def test_a_create_whose_answer_was_lost_is_a_success(
    wire: Wire, properties: Json, answers_lost: int, lost: Reply
) -> None:
    """CREATE finds its definition under either kind of name after one or two lost answers."""
    wire.reply(CREATE, *[lost] * answers_lost)
    model = create_definition(properties, tags={"stage": "prod"})
    assert moto_definitions().keys() == {model["JobDefinitionName"].lower()}
    assert wire.operations.count(CREATE) in (2, 3)


@pytest.mark.parametrize("fault", NOTHING_HAPPENED)
def test_refused_and_then_lost_is_a_success(wire: Wire, fault: Reply) -> None:
    """CREATE adopts the definition that its second attempt created, after a first attempt without effect."""
    wire.reply(CREATE, fault, lost_answer(CLOSED))
    assert create_definition(maximal())["JobDefinitionArn"] == arn("Fraud-Quality")


@pytest.mark.parametrize("lags", range(5))
def test_a_definition_of_ours_is_looked_for_while_reads_lag(wire: Wire, lags: int) -> None:
    """CREATE repeats Describe and ListTags, which lag behind, while there is time."""
    wire.reply(CREATE, lost_answer(CLOSED))
    wire.reply(DESCRIBE, *[error_reply("ResourceNotFound")] * lags)
    wire.reply("ListTags", *[json_reply(200, {"Tags": []})] * (5 - lags))
    assert create_definition(maximal())["JobDefinitionArn"] == arn("Fraud-Quality")


@pytest.mark.parametrize("failure", ["AccessDeniedException", "ThrottlingException"])
def test_tags_that_can_not_be_read_prove_nothing(wire: Wire, failure: str) -> None:
    """CREATE doesn't adopt a definition whose tags it can't read, and the message says so."""
    wire.reply(CREATE, lost_answer(CLOSED))
    wire.reply("ListTags", *[error_reply(failure)] * 40)
    assert "equals the request, but its tags can't be read" in check_taken(invoke("CREATE", maximal()))


def test_tags_that_lag_until_the_end_don_t_make_a_definition_somebody_else_s(wire: Wire) -> None:
    """A new definition that differs in its tags alone may be ours: the message says how to find out."""
    wire.reply(CREATE, lost_answer(CLOSED))
    wire.reply("ListTags", *[json_reply(200, {"Tags": []})] * 20)
    message = check_taken(invoke("CREATE", maximal()))
    assert "equals the request, but SageMaker doesn't report all of its tags. If you tried this operation" in message
    assert "so it belongs to somebody else" not in message


def test_the_look_ends_when_the_time_does(wire: Wire) -> None:
    """When time runs out, CREATE fails with its own retriable error and says that its effect is unknown."""
    wire.reply(CREATE, *[raising_reply(CLOSED)] * 4)
    function = resource_type(LIMITS._replace(checks=LIMITS.checks._replace(look_time=60)))
    answer = function(event("CREATE", maximal()), None)
    assert answer["errorCode"] == "NetworkFailure"
    assert "It is unknown whether the definition was created" in answer["message"]
    assert "resourceModel" not in answer
    assert wire.operations == [*[CREATE] * 4, DESCRIBE]


def test_a_taken_name_that_can_not_be_read_is_reported(wire: Wire) -> None:
    """The message says that the definition can't be read: a policy can allow Create alone."""
    create_foreign(maximal())
    wire.reply(DESCRIBE, error_reply("AccessDeniedException", "not for you"))
    message = check_taken(invoke("CREATE", maximal()))
    assert "It can't be read: not for you" in message
    assert "find out whose it is" in message


def test_the_next_invocation_can_not_prove_what_the_last_one_lost(wire: Wire) -> None:
    """CloudFormation sends the request again without a context, so the message says what may have happened."""
    wire.reply(CREATE, lost_answer(CLOSED), *[raising_reply(CLOSED)] * 3)
    wire.reply(DESCRIBE, *[error_reply("ResourceNotFound")] * 6)
    assert invoke("CREATE", maximal())["errorCode"] == "NetworkFailure"
    message = check_taken(invoke("CREATE", maximal()))
    assert "equals the request" in message
    assert "import it into the stack" in message


@pytest.mark.parametrize("skew", [timedelta(hours=-3), timedelta(hours=3)])
@pytest.mark.parametrize("created_after", [-20, 0.5])
def test_the_service_says_what_time_it_is(wire: Wire, skew: timedelta, created_after: float) -> None:
    """CREATE takes the time from SageMaker's Date header, because the function's clock can be wrong."""
    service_time = datetime.now(UTC) + skew

    def describe(request: Any) -> Any:  # noqa: ANN401 - botocore's request
        definition = moto_definitions()["fraud-quality"]
        body = definition.request | {
            "JobDefinitionArn": definition.arn,
            "CreationTime": (service_time + timedelta(seconds=created_after)).timestamp(),
        }
        answer = json_reply(200, body)(request)
        answer.headers["Date"] = format_datetime(service_time, usegmt=True)
        return answer

    wire.reply(CREATE, lost_answer(CLOSED))
    wire.reply(DESCRIBE, *[describe] * 20)
    answer = invoke("CREATE", maximal())
    if created_after > 0:
        assert answer["status"] == "SUCCESS"
    else:
        check_taken(answer)


def test_without_a_date_it_is_the_functions_clock(wire: Wire) -> None:
    """Without a Date header, CREATE uses the function's clock, which AWS keeps right."""

    def describe(request: Any) -> Any:  # noqa: ANN401 - botocore's request
        definition = moto_definitions()["fraud-quality"]
        times = {"CreationTime": definition.creation_time.timestamp()}
        return json_reply(200, definition.request | {"JobDefinitionArn": definition.arn} | times)(request)

    wire.reply(CREATE, lost_answer(CLOSED))
    wire.reply(DESCRIBE, *[describe] * 2)
    assert create_definition(maximal())["JobDefinitionArn"] == arn("Fraud-Quality")
    moto_definitions()["fraud-quality"].creation_time -= timedelta(seconds=3)
    wire.reply(CREATE, raising_reply(CLOSED))
    wire.reply(DESCRIBE, describe)
    check_taken(invoke("CREATE", maximal()))


def test_a_creation_time_without_fractions_is_any_in_its_second(wire: Wire) -> None:
    """CREATE adopts its definition even if SageMaker cuts the creation time to whole seconds."""

    def create_then_fail(request: Any) -> Any:  # noqa: ANN401 - botocore's request
        reply_after_effect(error_reply("InternalFailure", status=500))(request)
        definition = moto_definitions()["fraud-quality"]
        definition.creation_time = definition.creation_time.replace(microsecond=0)
        raise CLOSED

    wire.reply(CREATE, create_then_fail)
    assert create_definition(maximal())["JobDefinitionArn"] == arn("Fraud-Quality")


AFTERWARDS = [
    pytest.param(error_reply("AccessDeniedException"), "AccessDenied", id="denied"),
    pytest.param(error_reply("ExpiredTokenException"), "InvalidCredentials", id="expired"),
    pytest.param(error_reply("NeverSeenBefore", status=418), "GeneralServiceException", id="unknown"),
    pytest.param(raw_reply(200, b"{}"), "ServiceInternalError", id="unreadable"),
    pytest.param(error_reply("ResourceNotFound"), "NotFound", id="lags"),
]


@pytest.mark.parametrize(("failure", "code"), AFTERWARDS)
@pytest.mark.parametrize("attempts_lost", [1, 2])
def test_a_generated_name_is_never_orphaned(wire: Wire, failure: Reply, code: str, attempts_lost: int) -> None:
    """Every answer has the ARN, even if all reads fail: the ARN of a generated name is known beforehand."""
    wire.reply(CREATE, *[lost_answer(CLOSED)] * attempts_lost)
    wire.reply(DESCRIBE, *[failure] * 40)
    first = invoke("CREATE", minimal())
    (definition,) = moto_definitions().values()
    assert first["status"] == "IN_PROGRESS"
    assert first["resourceModel"]["JobDefinitionArn"] == definition.arn
    failed, _ = call_until_done(first, "CREATE", minimal())
    assert (failed["status"], failed["errorCode"]) == ("FAILED", code)
    assert failed["resourceModel"]["JobDefinitionArn"] == definition.arn
    wire.forget_replies()
    succeeded, _ = call_until_done(first, "CREATE", minimal())
    assert succeeded["status"] == "SUCCESS"
    assert moto_definitions().keys() == {succeeded["resourceModel"]["JobDefinitionName"]}


def test_a_create_that_took_no_effect_is_sent_again_in_the_next_invocation(wire: Wire) -> None:
    """Sending Create again is safe under a generated name, which stays the same."""
    wire.reply(CREATE, *[raising_reply(CLOSED)] * 8)
    first = invoke("CREATE", minimal())
    assert first["callbackContext"] == {
        "Attempt": 1,
        "Arn": arn("fraud-monitors-jobdefinition-1db1bbc6aa31"),
        "Outcome": "InDoubt",
    }
    assert moto_definitions() == {}
    answer, delays = call_until_done(first, "CREATE", minimal())
    assert answer["status"] == "SUCCESS"
    assert delays == [1, 2]
    assert len(moto_definitions()) == 1


def test_a_create_that_stays_in_doubt_fails_with_its_own_cause(wire: Wire) -> None:
    """The failure has Create's own error, and the ARN so that CloudFormation can delete the definition."""
    wire.reply(CREATE, raising_reply(CLOSED), *[error_reply("AccessDeniedException", "no longer")] * 20)
    answer, _ = call_until_done(invoke("CREATE", minimal()), "CREATE", minimal())
    assert answer["errorCode"] == "AccessDenied"
    assert "no longer" in answer["message"]
    assert answer["resourceModel"]["JobDefinitionArn"].startswith(arn("fraud-monitors-jobdefinition-"))


@pytest.mark.parametrize("fault", NOTHING_HAPPENED)
def test_a_call_without_effect_leaves_nothing_to_clean_up(wire: Wire, fault: Reply) -> None:
    """The answer has no model, because there is no definition, and a code that CloudFormation retries."""
    wire.reply(CREATE, *[fault] * 4)
    answer = invoke("CREATE", minimal())
    assert answer["errorCode"] in ("NetworkFailure", "Throttling")
    assert "resourceModel" not in answer
    assert set(wire.operations) == {CREATE}


@pytest.mark.parametrize(
    ("role", "region", "partition"),
    [
        (f"arn:aws-cn:iam::{ACCOUNT}:role/monitor", "cn-north-1", "aws-cn"),
        (f"arn:aws-us-gov:iam::{ACCOUNT}:role/monitor", "us-gov-west-1", "aws-us-gov"),
    ],
)
def test_the_partition_is_the_roles(wire: Wire, role: str, region: str, partition: str) -> None:
    """The plugin library's partition is wrong outside of the commercial regions and China, so RoleArn's is used."""
    wire.reply(CREATE, *[raising_reply(CLOSED)] * 4)
    wire.reply(DESCRIBE, error_reply("ResourceNotFound"))
    answer = invoke("CREATE", minimal() | {"RoleArn": role}, region=region)
    assert answer["resourceModel"]["JobDefinitionArn"].startswith(f"arn:{partition}:sagemaker:{region}:{ACCOUNT}:")


def test_without_an_account_it_is_the_roles(wire: Wire) -> None:
    """The ARN takes RoleArn's account if the event has none: SageMaker accepts no role of another account."""
    wire.reply(CREATE, *[lost_answer(CLOSED)] * 2)
    assert invoke("CREATE", minimal(), awsAccountId=None)["status"] == "SUCCESS"


def test_an_invalid_role_creates_nothing(wire: Wire) -> None:
    """With an invalid RoleArn the answer has no model: SageMaker would refuse the role and create nothing."""
    wire.reply(CREATE, *[raising_reply(CLOSED)] * 4)
    answer = invoke("CREATE", minimal() | {"RoleArn": "arn:aws:s3:::monitor-monitor"})
    assert answer["errorCode"] == "NetworkFailure"
    assert "resourceModel" not in answer


def test_a_warm_functions_troubles_are_not_the_next_stacks(wire: Wire) -> None:
    """Earlier failures don't use up later attempts, as botocore's quota of retries per client would."""
    for number in range(60):
        wire.reply(DESCRIBE, *[error_reply("InternalFailure", status=500)] * 4)
        invoke("READ", {"JobDefinitionName": f"other-{number}"})
    wire.requests.clear()
    wire.reply(CREATE, lost_answer(CLOSED))
    assert create_definition(maximal())["JobDefinitionArn"] == arn("Fraud-Quality")
    assert wire.operations.count(CREATE) == 2
