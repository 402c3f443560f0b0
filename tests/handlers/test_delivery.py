"""Tests of delivery: logs and metrics leave in one request each, and a failure costs no answer."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest

from aws_sagemaker_modelqualityjobdefinition import translation
from aws_sagemaker_modelqualityjobdefinition.handlers import resource_type
from aws_sagemaker_modelqualityjobdefinition.runtime import delivery, limits, plugin, sessions
from tests.wires import LIMITS, Wire, create_definition, error_reply, invoke, raising_reply, resource
from tools.envelopes import LOG_GROUP, STACK_ID, TYPE_NAME, Json, event, minimal

NEW_GROUP = ["CreateLogStream", "CreateLogGroup", "CreateLogStream", "PutLogEvents", "PutMetricData"]
NEW_STREAM = ["CreateLogStream", "PutLogEvents", "PutMetricData"]
WARM = ["PutLogEvents", "PutMetricData"]
ACTIONS = ("CREATE", "READ", "UPDATE", "DELETE", "LIST")
OURS = "aws_sagemaker_modelqualityjobdefinition"


class DeliveryRecorder:
    """The requests that deliver logs and metrics, in order."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Json]] = []

    def __call__(self, request: AWSPreparedRequest) -> None:
        """Record a request, and let moto answer it."""
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else str(target)).rpartition(".")[2]
        body = request.body
        assert isinstance(body, bytes | str)
        self.requests.append((operation, json.loads(body)))

    @property
    def operations(self) -> list[str]:
        """Return the names of the operations."""
        return [operation for operation, _ in self.requests]

    def body(self, operation: str) -> Json:
        """Return the only request of an operation."""
        (only_body,) = [body for name, body in self.requests if name == operation]
        return only_body

    def messages(self) -> list[str]:
        """Return the log messages in the only PutLogEvents."""
        return [entry["message"] for entry in self.body("PutLogEvents")["logEvents"]]

    def metrics(self) -> dict[str, Json]:
        """Return the metrics in the only PutMetricData, by name."""
        return {entry["MetricName"]: entry for entry in self.body("PutMetricData")["MetricData"]}


@pytest.fixture
def deliveries(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> DeliveryRecorder:
    """Record the delivery requests of a process that has not delivered before."""
    monkeypatch.setattr(delivery, "_known_streams", set())
    recorder = DeliveryRecorder()
    for service in ("logs", "monitoring"):
        wire.reply(service, *[recorder] * 99)
    return recorder


def send_event(action: str, **named: Any) -> Json:  # noqa: ANN401 - passed on to event()
    """Send an event with a log group, and return the answer."""
    properties = None if action == "LIST" else minimal() | {"JobDefinitionName": "some"}
    return invoke(action, properties, properties, log_group=LOG_GROUP, **named)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_invocation_sends_its_logs_at_once_and_its_metrics_at_once(
    deliveries: DeliveryRecorder, action: str
) -> None:
    """A function makes three calls for a stream that is new to it, and then two. It makes five for a new group."""
    send_event(action)
    assert deliveries.operations == NEW_GROUP
    deliveries.requests.clear()
    send_event(action, logical_id="Other")
    assert deliveries.operations == NEW_STREAM
    deliveries.requests.clear()
    send_event(action)
    assert deliveries.operations == WARM
    assert any(f"{action} of JobDefinition" in message for message in deliveries.messages())


def test_a_cold_function_finds_group_and_stream_there(deliveries: DeliveryRecorder) -> None:
    """A cold function adds its records to a log stream that exists."""
    send_event("READ")
    delivery._known_streams.clear()
    send_event("READ")
    assert deliveries.operations == NEW_GROUP + NEW_STREAM
    stream = f"{STACK_ID}/JobDefinition".replace(":", "__")
    logged = boto3.client("logs", "eu-west-1").get_log_events(logGroupName=LOG_GROUP, logStreamName=stream)
    assert len([entry for entry in logged["events"] if "READ of" in entry["message"]]) == 2


def test_a_warm_function_makes_another_resources_stream(deliveries: DeliveryRecorder) -> None:
    """A warm function writes each resource's records to its stream, and creates each stream once."""
    for logical_id in ("JobDefinition", "Other"):
        send_event("READ", logical_id=logical_id)
    deliveries.requests.clear()
    for logical_id in ("Other", "JobDefinition", "Third"):
        send_event("READ", logical_id=logical_id)
    assert deliveries.operations == WARM + WARM + NEW_STREAM
    streams = [request["logStreamName"] for name, request in deliveries.requests if name == "PutLogEvents"]
    assert [stream.rpartition("/")[2] for stream in streams] == ["Other", "JobDefinition", "Third"]


def test_a_warm_function_forgets_streams_before_there_are_too_many(
    deliveries: DeliveryRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory of streams has a limit. A forgotten stream is created once more, which finds it there."""
    monkeypatch.setattr(delivery, "_MOST_STREAMS", 2)
    for logical_id in ("First", "Second", "Third"):
        send_event("READ", logical_id=logical_id)
    assert len(delivery._known_streams) == 1
    deliveries.requests.clear()
    send_event("READ", logical_id="First")
    assert deliveries.operations == NEW_STREAM


def test_a_log_group_that_was_deleted_is_made_again(deliveries: DeliveryRecorder) -> None:
    """A warm function creates a deleted log group again, and delivers all its records."""
    send_event("READ")
    boto3.client("logs", "eu-west-1").delete_log_group(logGroupName=LOG_GROUP)
    deliveries.requests.clear()
    send_event("READ")
    assert deliveries.operations == ["PutLogEvents", *NEW_GROUP]
    assert "DeleteLogGroup" not in deliveries.operations


def test_a_group_that_may_not_be_made_may_be_there(
    wire: Wire, deliveries: DeliveryRecorder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Delivery ignores a refused CreateLogGroup: another function may have created the group at the same moment."""

    def create_meanwhile(request: AWSPreparedRequest) -> Any:  # noqa: ANN401 - a reply
        boto3.client("logs", "eu-west-1").create_log_group(logGroupName=LOG_GROUP)
        return error_reply("AccessDeniedException")(request)

    wire.reply("CreateLogGroup", create_meanwhile)
    send_event("READ")
    assert deliveries.operations == NEW_GROUP
    assert capsys.readouterr().err == ""


def test_a_missing_group_that_can_not_be_created_is_reported(
    wire: Wire, deliveries: DeliveryRecorder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Delivery reports the error of PutLogEvents and stops, without a loop."""
    wire.reply("CreateLogGroup", error_reply("AccessDeniedException"))
    send_event("READ")
    assert deliveries.operations == ["CreateLogStream", "CreateLogStream", "PutLogEvents"]
    expected = "Logs and metrics are not delivered: PutLogEvents fails with ResourceNotFoundException\n"
    assert capsys.readouterr().err == expected


def test_nothing_is_delivered_without_a_log_group(deliveries: DeliveryRecorder) -> None:
    """Without a log group, even a warm function that delivered before sends nothing."""
    send_event("READ")
    deliveries.requests.clear()
    create_definition(minimal())
    assert deliveries.requests == []
    before = list(logging.getLogger(OURS).handlers)
    create_definition(minimal(), log_group=LOG_GROUP, token="other", logical_id="Other")
    assert logging.getLogger(OURS).handlers == before


def test_nothing_is_delivered_without_credentials(deliveries: DeliveryRecorder) -> None:
    """A log group without provider credentials is not enough for delivery."""
    envelope = event("READ", {"JobDefinitionName": "some"}, log_group=LOG_GROUP)
    envelope["requestData"]["providerCredentials"] = None
    resource(envelope, None)
    assert deliveries.requests == []


def test_a_handlers_defect_loses_nothing(deliveries: DeliveryRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a handler's defect, its record, the earlier records and the metrics are delivered."""

    def broken(*_: object) -> None:
        logging.getLogger(f"{OURS}.handlers").info("just before")
        raise KeyError("s3cret")

    monkeypatch.setattr(translation, "request", broken)
    assert send_event("CREATE")["errorCode"] == "InternalFailure"
    log = "\n".join(deliveries.messages())
    assert "just before" in log
    assert "KeyError" in log
    assert "CREATE of JobDefinition: FAILED InternalFailure" in log
    assert set(deliveries.metrics()) == {"HandlerException", "HandlerInvocationCount", "HandlerInvocationDuration"}


def test_what_ends_the_process_loses_nothing(deliveries: DeliveryRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that were logged before a SystemExit are delivered on the way out."""

    def exit_process(*_: object) -> None:
        logging.getLogger(f"{OURS}.handlers").info("just before")
        raise SystemExit

    monkeypatch.setattr(translation, "request", exit_process)
    with pytest.raises(SystemExit):
        send_event("CREATE")
    assert any("just before" in message for message in deliveries.messages())


def test_our_records_are_delivered_at_any_level_and_no_others(
    deliveries: DeliveryRecorder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records of other loggers stay out: at DEBUG, botocore logs whole requests, which include credentials."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, OURS)
    read_model = translation.model

    def log_and_read(*arguments: Any) -> Any:  # noqa: ANN401 - translation.model's types
        logging.getLogger(f"{OURS}.handlers").debug("of ours")
        logging.getLogger("cloudformation_cli_python_lib.resource").critical("the library's")
        return read_model(*arguments)

    monkeypatch.setattr(translation, "model", log_and_read)
    create_definition(minimal(), log_group=LOG_GROUP)
    assert any("botocore" in record.name for record in caplog.records)  # botocore did log
    assert [message for message in deliveries.messages() if "of ours" in message]
    names = {message.split()[1].split(".")[0] for message in deliveries.messages()}
    assert names == {OURS}


def test_records_are_in_the_order_of_their_times(deliveries: DeliveryRecorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivery sorts the records, as CloudWatch Logs requires: a clock can be set back between two records."""
    log = logging.getLogger(f"{OURS}.handlers")

    def log_backwards(*_: object) -> None:
        for moment in (3.0, 2.0):
            log.handle(
                log.makeRecord(log.name, logging.INFO, "", 0, f"at {moment:g}", (), None, extra={"past": moment})
            )
        raise KeyError

    class Past(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            record.created = getattr(record, "past", record.created)
            return True

    log.addFilter(past := Past())
    monkeypatch.setattr(translation, "request", log_backwards)
    send_event("CREATE")
    log.removeFilter(past)
    entries = deliveries.body("PutLogEvents")["logEvents"]
    assert [entry["timestamp"] for entry in entries] == sorted(entry["timestamp"] for entry in entries)
    assert [entry["message"][-4:] for entry in entries[:2]] == ["at 2", "at 3"]
    assert entries[0]["timestamp"] == 2000


class Clock:
    """A clock that advances 1.5 s each time that it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 5, 6, 7, 250_000, UTC)

    def __call__(self) -> datetime:
        """Advance the clock and return the time."""
        self.now += timedelta(seconds=1.5)
        return self.now


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_metrics_are_the_librarys(deliveries: DeliveryRecorder, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """The metrics have the library's names, dimensions, units and values, with UTC times in any time zone."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    monkeypatch.setattr(plugin, "_now", Clock())
    try:
        send_event("READ")
    finally:
        monkeypatch.undo()
        time.tzset()
    request = deliveries.body("PutMetricData")
    assert request["Namespace"] == "AWS/CloudFormation/AWS/SageMaker/ModelQualityJobDefinition"
    kind = {"Name": "DimensionKeyResourceType", "Value": TYPE_NAME}
    action = {"Name": "DimensionKeyActionType", "Value": "READ"}
    failure = {
        "Name": "DimensionKeyExceptionType",
        "Value": "<class 'cloudformation_cli_python_lib.exceptions.NotFound'>",
    }
    start = datetime(2026, 3, 4, 5, 6, 7, 250_000, UTC).timestamp()
    assert request["MetricData"] == [
        {
            "MetricName": "HandlerInvocationCount",
            "Dimensions": [action, kind],
            "Unit": "Count",
            "Timestamp": start + 1.5,
            "Value": 1.0,
        },
        {
            "MetricName": "HandlerInvocationDuration",
            "Dimensions": [action, kind],
            "Unit": "Milliseconds",
            "Timestamp": start + 6,
            "Value": 1500.0,
        },
        {
            "MetricName": "HandlerException",
            "Dimensions": [action, failure, kind],
            "Unit": "Count",
            "Timestamp": start + 7.5,
            "Value": 1.0,
        },
    ]


TOKEN = "FwoGZXIvYXdzEHaDsession-token"


@pytest.mark.parametrize(
    ("operation", "attempted"),
    [("PutLogEvents", NEW_GROUP[:3]), ("PutMetricData", NEW_GROUP[:4])],
    ids=["logs", "metrics"],
)
def test_a_failure_is_reported_once_without_awss_message(
    wire: Wire, deliveries: DeliveryRecorder, operation: str, attempted: list[str], *,
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Delivery stops until the next invocation, and hides AWS's text, which can quote what was sent."""
    caplog.set_level(logging.INFO)
    wire.reply(operation, error_reply("AccessDeniedException", f"User {TOKEN} may not"))
    assert send_event("READ")["errorCode"] == "NotFound"
    output = capsys.readouterr()
    assert output.err == f"Logs and metrics are not delivered: {operation} fails with AccessDeniedException\n"
    assert TOKEN not in output.out + caplog.text
    assert "publishing metrics" not in caplog.text
    assert deliveries.operations == attempted
    deliveries.requests.clear()
    send_event("READ")
    assert deliveries.operations[-2:] == WARM


@pytest.mark.parametrize("code", [TOKEN, "x" * 64, ""])
def test_a_code_that_is_no_name_is_not_repeated(wire: Wire, capsys: pytest.CaptureFixture[str], code: str) -> None:
    """Delivery doesn't print an odd error code: something other than AWS can have sent it."""
    wire.reply("PutLogEvents", error_reply(code))
    send_event("READ")
    assert capsys.readouterr().err == "Logs and metrics are not delivered: PutLogEvents fails with ClientError\n"


def test_clients_that_can_t_be_made_fail_no_request(
    deliveries: DeliveryRecorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A client that can't be created stops only delivery, which reports the class of the error."""
    new_client = sessions._new_client

    def broken(service: str, *rest: Any) -> Any:  # noqa: ANN401 - a client
        if service == "logs":
            raise OSError(TOKEN)
        return new_client(service, *rest)

    monkeypatch.setattr(sessions, "_idle", type(sessions._idle)(list))
    monkeypatch.setattr(sessions, "_new_client", broken)
    assert send_event("READ")["errorCode"] == "NotFound"
    assert capsys.readouterr().err == "Logs and metrics are not delivered: OSError\n"
    assert deliveries.requests == []


def test_metrics_are_delivered_when_nothing_was_logged(
    deliveries: DeliveryRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Delivery sends only metrics if there are no records: CloudWatch Logs refuses an empty batch."""
    caplog.set_level(logging.CRITICAL, OURS)
    send_event("READ")
    assert deliveries.operations == ["PutMetricData"]


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Yield an event that holds answers back until it is set, at the latest at the end of the test."""
    opened = threading.Event()
    yield opened
    opened.set()


@pytest.mark.parametrize("operation", NEW_STREAM)
def test_delivery_ends_in_time_whatever_the_wire_does(
    wire: Wire, deliveries: DeliveryRecorder, gate: threading.Event, *, operation: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Delivery leaves a hanging thread behind, which sends nothing more, and doesn't use its clients again."""
    monkeypatch.setattr(sessions, "_idle", type(sessions._idle)(list))
    short = resource_type(LIMITS._replace(delivery=limits.Wire(0.5, 0.5)))
    read = event("READ", {"JobDefinitionName": "some"}, log_group=LOG_GROUP)
    short(read, None)  # creates the clients
    deliveries.requests.clear()
    delivery._known_streams.clear()

    def hang(request: AWSPreparedRequest) -> None:
        deliveries(request)
        gate.wait(60)

    wire.reply(operation, hang)
    start = time.monotonic()
    assert short(read, None)["errorCode"] == "NotFound"
    assert time.monotonic() - start < 30  # hang() waits 60 s
    assert capsys.readouterr().err == "Logs and metrics are not delivered: it takes longer than 2 s\n"
    assert [key for key, idle in sessions._idle.items() if idle and key[0] != "sagemaker"] == []
    (worker,) = [thread for thread in threading.enumerate() if "_send" in thread.name]
    gate.set()
    worker.join(30)
    assert not worker.is_alive()
    assert deliveries.operations == NEW_STREAM[: NEW_STREAM.index(operation) + 1]
    deliveries.requests.clear()
    send_event("READ")
    assert deliveries.operations[-2:] == WARM
    assert capsys.readouterr().err == ""


def test_delivery_has_three_seconds(deliveries: DeliveryRecorder) -> None:
    """The handlers' limits rely on delivery taking at most three seconds."""
    assert delivery._seconds(limits.DEFAULTS.delivery) == 3
    assert deliveries.requests == []


def test_a_failed_connection_is_reported_by_its_kind(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    """Delivery prints only the error's class: its message can contain an address or a proxy's text."""
    wire.reply("PutMetricData", raising_reply(ConnectionResetError(TOKEN)))
    send_event("READ")
    assert capsys.readouterr().err == "Logs and metrics are not delivered: ConnectionResetError\n"
