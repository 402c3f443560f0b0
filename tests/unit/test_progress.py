"""The answers of a handler, exactly: what CloudFormation is told after a look, and when it calls again."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudformation_cli_python_lib.exceptions import NotFound
from cloudformation_cli_python_lib.interface import HandlerErrorCode as Code
from cloudformation_cli_python_lib.interface import OperationStatus as Status
from cloudformation_cli_python_lib.interface import ProgressEvent

from aws_sagemaker_modelqualityjobdefinition import progress
from aws_sagemaker_modelqualityjobdefinition.models import ResourceModel
from aws_sagemaker_modelqualityjobdefinition.progress import Known, Look, Outcome
from aws_sagemaker_modelqualityjobdefinition.runtime.failures import Failure
from tools.envelopes import arn

DENIED = Failure(Code.AccessDenied, "not for you")
LOST = Failure(Code.NetworkFailure, "lost")
LATE = Failure(Code.NotStabilized, "no tags yet")
SLOW = Failure(Code.Throttling, "slow down")
TODAY = datetime(2026, 11, 24, 12, tzinfo=UTC)
YESTERDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
DELAYS = (1, 2.5, 4)


def model(**properties: str) -> ResourceModel:
    """Return a model with only these properties."""
    names = ResourceModel.__dataclass_fields__
    return ResourceModel(**{name: properties.get(name) for name in names})  # type: ignore[arg-type]  # all strings or None


def answered(event: ProgressEvent) -> dict[str, Any]:
    """Return what an answer has, without what is None."""
    return {name: value for name, value in vars(event).items() if value is not None}


def test_a_success() -> None:
    """A success carries the model; that of DELETE carries none, and that of LIST a page and its token."""
    found = model(JobDefinitionArn=arn("fraud"))
    empty = {"message": "", "callbackDelaySeconds": 0, "status": Status.SUCCESS}
    assert answered(progress.done(found)) == empty | {"resourceModel": found}
    assert answered(progress.done()) == empty
    assert answered(progress.page([found], "next")) == empty | {"resourceModels": [found], "nextToken": "next"}
    assert answered(progress.page([], None)) == empty | {"resourceModels": []}


@pytest.mark.parametrize(
    ("given", "is_named"),
    [
        (None, False),
        (model(JobDefinitionName="fraud"), False),
        (model(JobDefinitionArn=arn("fraud")), True),
    ],
)
def test_a_failure_carries_a_model_only_with_its_arn(given: ResourceModel | None, *, is_named: bool) -> None:
    """CloudFormation deletes what a failure names, so it names nothing without an ARN."""
    event = progress.failed(DENIED, given)
    assert (event.status, event.errorCode, event.message) == (Status.FAILED, Code.AccessDenied, "not for you")
    assert event.resourceModel is (given if is_named else None)


def test_a_look_that_shows_the_desired_state_is_a_success() -> None:
    """The answer has the model that was seen."""
    found = model(JobDefinitionArn=arn("fraud"))
    event = progress.settled(lambda: Look(found), model(), Known(arn("fraud")), DELAYS, LOST)
    assert (event.status, event.resourceModel) == (Status.SUCCESS, found)


def test_a_look_that_shows_somebody_elses_definition_raises() -> None:
    """No answer names it, not even the last one."""
    look = Look(problem=Failure(Code.NotFound, "gone"), is_others=True)
    with pytest.raises(NotFound, match="gone"):
        progress.settled(lambda: look, model(), Known(arn("fraud"), attempt=3), DELAYS)


WAITING = [
    # what a look shows or raises, the failure of the change, the message of the answer, the outcome in the context
    (
        Look(problem=LATE, created=TODAY),
        None,
        "Waiting until SageMaker reports the tags; looking again in 2 s.",
        "Made",
    ),
    (Look(problem=SLOW, created=TODAY), LOST, "Looking again in 2 s. slow down", "Made"),
    (Look(problem=SLOW), LOST, "Looking again in 2 s. slow down", "Made"),
    (DENIED.error(), None, "Looking again in 2 s. not for you", "InDoubt"),
    (DENIED.error(), LOST, "Looking again in 2 s. lost", "InDoubt"),
]


@pytest.mark.parametrize(("seen", "lost", "message", "outcome"), WAITING)
def test_what_is_not_as_desired_is_looked_at_again(
    seen: Any,  # noqa: ANN401 - a look or an error
    lost: Failure | None,
    message: str,
    outcome: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer has the model with its identifiers, the next delay in whole seconds, and what is known by now."""
    caplog.set_level(logging.INFO)

    def look() -> Look:
        if isinstance(seen, Look):
            return seen
        raise seen

    known = Known(arn("fraud"), YESTERDAY, Outcome.IN_DOUBT, attempt=1)
    event = progress.settled(look, model(RoleArn="r"), known, DELAYS, lost)
    created = "2026-11-24T12:00:00+00:00" if isinstance(seen, Look) and seen.created else "2026-11-23T12:00:00+00:00"
    names = {"JobDefinitionArn": arn("fraud"), "JobDefinitionName": "fraud", "CreationTime": created, "RoleArn": "r"}
    assert answered(event) == {
        "status": Status.IN_PROGRESS,
        "message": message,
        "resourceModel": model(**names),
        "callbackDelaySeconds": 2,
        "callbackContext": {"Attempt": 2, "Arn": arn("fraud"), "Outcome": outcome, "CreationTime": created},
    }
    codes = {"Waiting until": "NotStabilized", "slow down": "Throttling", "not for you": "AccessDenied"}
    code = next((code for words, code in codes.items() if words in message), "NetworkFailure")
    assert caplog.messages == [f"{code}: looking again in 2 s"]


@pytest.mark.parametrize(
    ("seen", "lost", "code"),
    [
        (Look(problem=LATE), LOST, Code.NotStabilized),
        (DENIED.error(), None, Code.AccessDenied),
        (DENIED.error(), LOST, Code.NetworkFailure),
        (KeyError("secret"), LOST, Code.InternalFailure),
    ],
)
def test_the_last_look_decides(seen: Any, lost: Failure | None, code: Code) -> None:  # noqa: ANN401 - as above
    """After the last delay the answer is the failure, with the model; a change's own failure comes first."""

    def look() -> Look:
        if isinstance(seen, Look):
            return seen
        raise seen

    event = progress.settled(look, model(), Known(arn("fraud"), attempt=3), DELAYS, lost)
    assert (event.status, event.errorCode) == (Status.FAILED, code)
    assert event.resourceModel == model(JobDefinitionArn=arn("fraud"), JobDefinitionName="fraud")
    assert "secret" not in event.message


def test_a_defect_in_a_look_is_looked_at_again() -> None:
    """A defect of this type doesn't orphan the definition either."""

    def look() -> Look:
        raise KeyError("secret")

    event = progress.settled(look, model(), Known(arn("fraud")), DELAYS)
    assert (event.status, event.callbackDelaySeconds) == (Status.IN_PROGRESS, 1)
    assert event.message.startswith("Looking again in 1 s. KeyError in look, line ")
    assert event.callbackContext == {"Attempt": 1, "Arn": arn("fraud"), "Outcome": "Made"}


def test_the_model_keeps_what_it_has() -> None:
    """A name keeps its spelling, and a creation time that nobody knows better stays; the given model isn't changed."""
    given = model(JobDefinitionName="Fraud", CreationTime="then", RoleArn="r")
    found = progress.not_yet(DENIED, given, Known(arn("fraud")), DELAYS).resourceModel
    assert found == model(JobDefinitionName="Fraud", CreationTime="then", RoleArn="r", JobDefinitionArn=arn("fraud"))
    assert given.JobDefinitionArn is None
