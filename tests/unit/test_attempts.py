"""The attempts of one call, where a real clock can't be relied on to get there."""

import logging

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from cloudformation_cli_python_lib import exceptions

from aws_sagemaker_modelqualityjobdefinition.messages import ERRORS
from aws_sagemaker_modelqualityjobdefinition.runtime import deadline
from aws_sagemaker_modelqualityjobdefinition.runtime.attempts import Attempts
from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS, Limits, Time
from tools.envelopes import Json

CLOSED = ConnectionClosedError(endpoint_url="x")
SILENT = ReadTimeoutError(endpoint_url="x", error="slow")
UNREACHABLE = ConnectTimeoutError(endpoint_url="x")


def answered(code: str, status: int = 400, **headers: str) -> ClientError:
    """Return the error of an answer of AWS."""
    metadata = {"RequestId": "request-1", "HTTPStatusCode": status, "HTTPHeaders": headers}
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "CallOne")  # type: ignore[typeddict-item]  # partial, as AWS's answers are


class Service:
    """A call that fails with these errors, one after the other, and then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = [*errors]
        self.calls = 0
        self.pauses: list[float] = []
        self.now = 0.0

    @property
    def limits(self) -> Limits:
        """Limits whose clock this service moves forward: by a second for each call, and by each pause."""
        return DEFAULTS._replace(time=Time(monotonic=lambda: self.now, pause=self.pause, jitter=lambda: 0.5))

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.now += seconds

    def call_one(self) -> Json:
        """Fail or answer."""
        self.calls += 1
        self.now += 1
        if self.errors:
            raise self.errors.pop(0)
        return {}

    def send(self, seconds: float = 45) -> Attempts:
        """Send the call within a time limit, and return its attempts."""
        attempts = Attempts(ERRORS, self.limits)
        with deadline.within(seconds, lambda: self.now):
            attempts.send("name", self.call_one, {}, dict)
        return attempts


@pytest.mark.parametrize(("seconds", "calls"), [(0, 0), (0.499, 0), (0.5, 1)])
def test_without_time_left_no_request_is_sent(seconds: float, calls: int) -> None:
    """With less than half a second left it is NetworkFailure, which CloudFormation retries: nothing took effect."""
    service = Service()
    if calls:
        service.send(seconds)
    else:
        with pytest.raises(exceptions.NetworkFailure, match="no time left in this invocation: SageMaker is slow"):
            service.send(seconds)
    assert service.calls == calls


@pytest.mark.parametrize(
    ("errors", "calls", "pauses"),
    [
        ([CLOSED] * 9, 4, [0.025, 0.05, 0.1]),
        ([answered("InternalFailure", 500)] * 9, 4, [0.025, 0.05, 0.1]),
        ([answered("ThrottlingException")] * 9, 4, [0.5, 1.0, 2.0]),
        ([answered("ServiceUnavailable", 503, **{"x-amz-retry-after": "2000"})] * 9, 4, [2.0, 2.0, 2.0]),
        ([answered("ServiceUnavailable", 503, **{"x-amz-retry-after": "60000"})] * 9, 4, [5.0, 5.0, 5.0]),
        ([SILENT] * 9, 2, [0.025]),
        ([UNREACHABLE] * 9, 2, [0.025]),
        ([SILENT, CLOSED, UNREACHABLE, CLOSED], 3, [0.025, 0.05]),
        ([answered("AccessDeniedException")] * 9, 1, []),
        ([answered("ResourceInUse")] * 9, 1, []),
    ],
)
def test_at_most_four_attempts_and_two_that_hang(errors: list[Exception], calls: int, pauses: list[float]) -> None:
    """The pauses double, are shortened by jitter, and last as long as the service asks, but at most 5 s."""
    service = Service(*errors)
    with pytest.raises(exceptions._HandlerError):
        service.send()
    assert (service.calls, service.pauses) == (calls, pauses)


@pytest.mark.parametrize(("seconds", "calls"), [(3.9, 1), (4.0, 2)])
def test_no_attempt_is_made_without_time_for_it(seconds: float, calls: int) -> None:
    """A retry needs the pause before it and half a second: here 1 s is spent, 2.5 s are the pause and the rest."""
    service = Service(*[answered("ServiceUnavailable", 503, **{"x-amz-retry-after": "2500"})] * 9)
    with pytest.raises(exceptions.ServiceInternalError):
        service.send(seconds)
    assert service.calls == calls


@pytest.mark.parametrize(
    ("errors", "since"),
    [
        ([], None),
        ([answered("ThrottlingException")], None),
        ([UNREACHABLE], None),
        ([CLOSED], 0.0),
        ([answered("ThrottlingException"), CLOSED], 1.5),
        ([CLOSED, CLOSED], 0.0),
    ],
)
def test_when_the_first_attempt_began_that_may_have_taken_effect(errors: list[Exception], since: float | None) -> None:
    """Attempts that were refused or not sent took no effect."""
    assert Service(*errors).send().in_doubt_since == since


def test_what_is_read_from_the_answer_is_returned() -> None:
    """The call gets the parameters, and its answer is read once."""

    def call_one(**parameters: str) -> Json:
        return {"Answer": parameters}

    attempts = Attempts(ERRORS, Service().limits)
    assert attempts.send("name", call_one, {"Name": "x"}, lambda answer: answer["Answer"]) == {"Name": "x"}


def test_an_answer_that_can_not_be_read_is_a_doubt() -> None:
    """Whatever reading raises is ServiceInternalError, whose cause is logged, and the attempt may have taken effect."""
    service = Service()
    attempts = Attempts(ERRORS, service.limits)
    with pytest.raises(exceptions.ServiceInternalError) as caught:
        attempts.send("name", service.call_one, {}, lambda answer: answer["Missing"])
    place = "it was cut off, or something between here and SageMaker sent it (HTTP status unknown, request id unknown)."
    assert str(caught.value) == f"The answer to CallOne can't be read (KeyError): {place}"
    assert type(caught.value.__cause__) is KeyError
    assert (service.calls, attempts.in_doubt_since) == (4, 0.0)


def test_a_request_is_confirmed_before_it_is_sent_again() -> None:
    """What `confirm` raises ends the attempts. It isn't called while no attempt can have taken effect."""
    service = Service(answered("ThrottlingException"), CLOSED)

    def refuse() -> None:
        raise exceptions.NotFound("type", "gone")

    with pytest.raises(exceptions.NotFound, match="gone"):
        Attempts(ERRORS, service.limits).send("name", service.call_one, {}, dict, refuse)
    assert service.calls == 2


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (answered("ThrottlingException"), "CallOne, attempt 1: Throttling (ThrottlingException, request id request-1)"),
        (answered("<b>secret</b>"), "CallOne, attempt 1: GeneralServiceException (?, request id request-1)"),
        (CLOSED, "CallOne, attempt 1: NetworkFailure (ConnectionClosedError)"),
    ],
)
def test_each_failed_attempt_is_logged(error: Exception, line: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log has operation, code and request id of each failed attempt, and nothing that quotes a property."""
    caplog.set_level(logging.INFO)
    with pytest.raises(exceptions._HandlerError):
        Service(*[error] * 9).send()
    assert caplog.messages[0] == line
