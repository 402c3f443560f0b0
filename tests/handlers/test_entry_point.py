"""Tests of what the entry points add to the handlers: logs, metrics, answers to broken events and to defects."""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError
from cloudformation_cli_python_lib.interface import Action

from aws_sagemaker_modelqualityjobdefinition import handlers, job_definitions, translation
from aws_sagemaker_modelqualityjobdefinition.models import ResourceModel
from aws_sagemaker_modelqualityjobdefinition.runtime import plugin
from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS
from tests.wires import Reply, Wire, create_definition, error_reply, invoke, json_reply, raising_reply
from tools.envelopes import ACCOUNT, CALLER, LOG_GROUP, PROVIDER, REGION, STACK_ID, Json, event, maximal, minimal

URL = "https://logs.eu-west-1.amazonaws.com/"


def log_messages(stream: str) -> list[str]:
    """Return the messages in a log stream of the provider's log group."""
    answer = boto3.client("logs", REGION).get_log_events(logGroupName=LOG_GROUP, logStreamName=stream)
    return [entry["message"] for entry in answer["events"]]


def log_streams() -> set[str]:
    """Return the names of the log group's streams."""
    answer = boto3.client("logs", REGION).describe_log_streams(logGroupName=LOG_GROUP)
    return {stream["logStreamName"] for stream in answer["logStreams"]}


def test_logs_say_what_happened_to_what() -> None:
    """The resource's log stream has the action, logical id, name and outcome of each invocation."""
    model = create_definition(minimal(), log_group=LOG_GROUP)
    invoke("DELETE", {"JobDefinitionName": "missing"}, log_group=LOG_GROUP)
    messages = log_messages(f"{STACK_ID}/JobDefinition".replace(":", "__"))
    assert any(f"Creating {model['JobDefinitionName']} for JobDefinition" in message for message in messages)
    assert any("CREATE of JobDefinition: SUCCESS" in message for message in messages)
    assert any("DELETE of JobDefinition: FAILED NotFound" in message for message in messages)


def test_outside_of_stacks_the_stream_is_the_accounts() -> None:
    """Outside of stacks, the log stream is named after account and region, as the library does it."""
    create_definition(minimal(), stack_id=None, log_group=LOG_GROUP)
    assert log_streams() == {f"{ACCOUNT}-{REGION}"}


def test_a_warm_function_writes_to_the_stream_of_the_stack_it_serves() -> None:
    """A warm function leaves the first stack's log stream; the library would keep writing to it."""
    create_definition(minimal(), log_group=LOG_GROUP)
    other = STACK_ID.replace("Fraud", "Churn")
    create_definition(minimal(), stack_id=other, log_group=LOG_GROUP)
    messages = log_messages(f"{other}/JobDefinition".replace(":", "__"))
    assert any("Creating churn" in message for message in messages)
    assert not any(
        "Creating churn" in message for message in log_messages(f"{STACK_ID}/JobDefinition".replace(":", "__"))
    )


def test_metrics_count_invocations_time_and_failures() -> None:
    """Each invocation publishes the library's metrics in the account that registered the type."""
    invoke("READ", {"JobDefinitionName": "missing"}, log_group=LOG_GROUP)
    metrics = boto3.client("cloudwatch", REGION).list_metrics()["Metrics"]
    assert {metric["MetricName"] for metric in metrics} == {
        "HandlerException",
        "HandlerInvocationCount",
        "HandlerInvocationDuration",
    }
    (failure,) = [metric for metric in metrics if metric["MetricName"] == "HandlerException"]
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in failure["Dimensions"]}
    assert "NotFound" in dimensions["DimensionKeyExceptionType"]


def test_the_duration_is_the_handlers_in_milliseconds(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The duration metric measures the handler and nothing around it."""
    clock = [datetime.now(UTC).replace(tzinfo=None)]
    monkeypatch.setattr(plugin, "_now", lambda: clock[0])

    def advance_clock(_: object) -> None:
        clock[0] += timedelta(milliseconds=1234)

    create_definition(maximal())
    wire.reply("ListTags", advance_clock)
    invoke("READ", {"JobDefinitionName": "Fraud-Quality"}, log_group=LOG_GROUP)
    cloudwatch = boto3.client("cloudwatch", REGION)
    (metric,) = cloudwatch.list_metrics(MetricName="HandlerInvocationDuration")["Metrics"]
    answer = cloudwatch.get_metric_statistics(
        Namespace=metric["Namespace"],
        MetricName="HandlerInvocationDuration",
        Dimensions=metric["Dimensions"],
        StartTime=clock[0] - timedelta(minutes=5),
        EndTime=clock[0] + timedelta(minutes=5),
        Period=600,
        Statistics=["Sum", "SampleCount"],
    )
    (point,) = answer["Datapoints"]
    assert (point["Sum"], point["SampleCount"], point["Unit"]) == (1234, 1, "Milliseconds")


DELIVERY_FAILURES = [
    pytest.param(error_reply("AccessDeniedException"), id="denied"),
    pytest.param(error_reply("ThrottlingException"), id="throttled"),
    pytest.param(error_reply("InternalFailure", status=500), id="broken"),
    pytest.param(raising_reply(ConnectTimeoutError(endpoint_url=URL)), id="silent"),
    pytest.param(raising_reply(EndpointConnectionError(endpoint_url=URL)), id="unreachable"),
    pytest.param(json_reply(200, {}), id="without a sequence token"),
]


@pytest.mark.parametrize("failure", DELIVERY_FAILURES)
@pytest.mark.parametrize("service", ["logs", "monitoring"])
def test_delivery_that_fails_fails_no_request(
    wire: Wire, service: str, failure: Reply, capsys: pytest.CaptureFixture[str]
) -> None:
    """A CREATE that succeeded stays a success if its logs or metrics can't be delivered."""
    wire.reply(service, *[failure] * 50)
    assert invoke("CREATE", maximal(), log_group=LOG_GROUP)["status"] == "SUCCESS"
    assert "Traceback" not in capsys.readouterr().err


def test_delivery_is_given_up_after_its_first_failure(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    """A silent service costs one time limit per invocation, not one per message, and is reported once."""
    calls: list[str] = []

    def hang(request: Any) -> None:  # noqa: ANN401 - botocore's request
        calls.append(request.url)
        raise ConnectTimeoutError(endpoint_url=request.url)

    wire.reply("logs", *[hang] * 50)
    wire.reply("monitoring", *[hang] * 50)
    create_definition(minimal(), log_group=LOG_GROUP)
    assert len(calls) == 1
    assert capsys.readouterr().err == "Logs and metrics are not delivered: ConnectTimeoutError\n"


def test_logs_and_metrics_are_delivered_with_the_providers_credentials(wire: Wire) -> None:
    """Delivery doesn't sign with the caller's credentials, which are for the caller's account."""
    signatures: list[str] = []

    def record_signature(request: Any) -> None:  # noqa: ANN401 - botocore's request
        signatures.append(str(request.headers["Authorization"]))

    wire.reply("logs", *[record_signature] * 50)
    wire.reply("monitoring", *[record_signature] * 50)
    create_definition(minimal(), log_group=LOG_GROUP)
    assert len(signatures) > 3
    assert all(PROVIDER["accessKeyId"] in signature for signature in signatures)


def test_the_time_limits_keep_an_invocation_within_the_contracts() -> None:
    """Handler, last attempt and delivery together take at most 60 s, and 30 s for READ and LIST."""
    config = vars(job_definitions.config(DEFAULTS.wire))  # botocore sets these attributes without declaring them
    attempt = config["connect_timeout"] + config["read_timeout"]
    assert attempt == 4.5
    assert config["retries"]["total_max_attempts"] == 1
    for action, seconds in DEFAULTS.handlers.items():
        assert seconds + attempt + sum(DEFAULTS.delivery) + 1 <= (30 if action in (Action.READ, Action.LIST) else 60)


SECRETS = ("s3cret", CALLER["secretAccessKey"], CALLER["sessionToken"], PROVIDER["secretAccessKey"])


def _with_secrets(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, Mapping):
        return {key: _with_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_secrets(item) for item in value]
    return f"{value}-s3cret" if isinstance(value, str) and not value.startswith("arn:") else value


@pytest.mark.parametrize("reply", [None, error_reply("ValidationException", "the value 's3cret' is wrong")])
def test_nothing_logs_a_property_value_or_a_credential(
    wire: Wire, reply: Reply | None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither this package nor the library logs a value; AWS quotes values in its messages.

    The test searches the log group and Lambda's own log.
    """
    caplog.set_level(logging.INFO)
    properties = _with_secrets({key: value for key, value in maximal().items() if key != "JobDefinitionName"})
    properties["ModelQualityAppSpecification"]["ProblemType"] = "Regression"
    for action in ("CREATE", "READ", "UPDATE", "DELETE", "LIST"):
        if reply:
            wire.reply(f"{action.capitalize()}ModelQualityJobDefinition", reply)
        invoke(action, properties, properties, log_group=LOG_GROUP, tags={"stage": "s3cret"})
    invoke("CREATE", properties | {"JobResources": "s3cret", "Surprise": "s3cret"}, log_group=LOG_GROUP)
    output = capsys.readouterr()
    all_logs = (
        caplog.text + output.out + output.err + "".join(line for name in log_streams() for line in log_messages(name))
    )
    assert "CREATE of JobDefinition" in all_logs
    assert not [secret for secret in SECRETS if secret in all_logs]


def test_a_defect_is_a_failure_with_a_word_and_a_place(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect is reported and logged with its class and place, but no value. The library gives no message."""

    def broken(model: ResourceModel, *_: object) -> None:
        raise KeyError(model.RoleArn)

    monkeypatch.setattr(translation, "request", broken)
    answer = invoke("CREATE", minimal() | {"RoleArn": "s3cret"})
    assert answer["errorCode"] == "InternalFailure"
    assert "KeyError in broken, line" in answer["message"]
    assert "Please report it" in answer["message"]
    assert "in broken" in caplog.text
    assert "s3cret" not in answer["message"] + caplog.text


@pytest.mark.parametrize("missing", ["action", "region", "requestData"])
def test_an_event_that_lacks_a_part_is_an_invalid_request(missing: str) -> None:
    """The entry point refuses an incomplete event, which a person who tries the function can send."""
    envelope = event("READ", {"JobDefinitionName": "x"})
    del envelope[missing]
    assert handlers.resource(envelope, None)["errorCode"] == "InvalidRequest"


def test_an_action_that_there_is_not_is_an_invalid_request() -> None:
    """The entry point refuses an unknown action."""
    assert invoke("EXPLODE", minimal())["errorCode"] == "InvalidRequest"


def test_the_answer_is_json() -> None:
    """The answer must be plain JSON, because Lambda serializes it as it is."""
    answer = invoke("CREATE", maximal())
    assert json.loads(json.dumps(answer)) == answer


def test_the_test_entry_point_answers_like_the_production_one() -> None:
    """`sam local invoke TestEntrypoint` calls the test entry point with events in the form that cfn documents."""
    request: Json = {
        "credentials": CALLER,
        "action": "CREATE",
        "region": REGION,
        "request": {
            "clientRequestToken": "token",
            "desiredResourceState": maximal(),
            "logicalResourceIdentifier": "JobDefinition",
            "region": REGION,
            "awsAccountId": ACCOUNT,
        },
        "callbackContext": None,
    }
    answer = handlers.test_entrypoint(request, None)
    assert answer["status"] == "SUCCESS"
    deletion = handlers.test_entrypoint(request | {"action": "DELETE"}, None)
    assert deletion["status"] == "SUCCESS"
