"""The callback context: what it carries, and which one is no knowledge."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aws_sagemaker_modelqualityjobdefinition import translation
from aws_sagemaker_modelqualityjobdefinition.progress import Known, Outcome
from aws_sagemaker_modelqualityjobdefinition.runtime.failures import Failure
from tools.envelopes import Json, arn, minimal

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
FULL = {
    "Attempt": 3,
    "Arn": arn("churn"),
    "Outcome": "InDoubt",
    "CreationTime": "2026-11-24T12:00:00+00:00",
    "Began": 1.5,
}
MODEL = translation.Model._deserialize(minimal() | {"JobDefinitionArn": arn("churn").upper()})


@pytest.mark.parametrize(
    ("known", "context"),
    [
        (Known(arn("churn"), NOON, Outcome.IN_DOUBT, 1.5, 3), FULL),
        (
            Known(arn("churn"), None, Outcome.MADE, None, 1),
            {"Attempt": 1, "Arn": arn("churn"), "Outcome": "Made"},
        ),
        (
            Known(arn("churn"), None, Outcome.TAKEN, 0.0, 100),
            {"Attempt": 100, "Arn": arn("churn"), "Outcome": "Taken", "Began": 0.0},
        ),
    ],
)
def test_a_context_says_what_is_known(known: Known, context: Json) -> None:
    """What one invocation knows, the next one reads."""
    assert known.context() == context
    assert Known.told(context, MODEL) == known


def test_no_invocation_came_before_the_first() -> None:
    """What the first invocation finds out counts as attempt 0 and as made, until something else is known."""
    description = {"JobDefinitionArn": arn("churn"), "CreationTime": NOON}
    assert Known.about(description) == Known(arn("churn"), NOON, Outcome.MADE, None, 0)
    assert Known.about(description | {"CreationTime": "soon"}) == Known(arn("churn"), None, Outcome.MADE, None, 0)


@pytest.mark.parametrize("context", [None, {}])
def test_a_first_invocation_has_no_context(context: Any) -> None:  # noqa: ANN401 - JSON
    """Without a context, nothing is known, and that is no failure."""
    assert Known.told(context, MODEL) is None


@pytest.mark.parametrize(
    "change",
    [
        {"Attempt": 0},
        {"Attempt": 101},
        {"Attempt": True},
        {"Attempt": "1"},
        {"Arn": 7},
        {"Arn": None},
        {"Outcome": "Refused?"},
        {"Outcome": None},
        {"Outcome": []},
        {"Began": "1"},
        {"Began": -1},
        {"Began": 1e11},
        {"Other": 1},
    ],
)
def test_a_context_of_another_form_is_no_knowledge(change: Json) -> None:
    """It was made up, or comes from another version of the type."""
    failure = Known.told(FULL | change, MODEL)
    assert isinstance(failure, Failure)
    assert failure.code.name == "InvalidRequest"
    assert failure.words == "callbackContext doesn't come from an answer of this resource type."


@pytest.mark.parametrize("model", [None, {}, {"JobDefinitionArn": arn("fraud")}, {"JobDefinitionName": "churn"}])
def test_a_context_about_another_definition_is_no_knowledge(model: Json | None) -> None:
    """The model has no ARN, or another one."""
    failure = Known.told(FULL, translation.Model._deserialize(model and minimal() | model))
    assert isinstance(failure, Failure)
    assert failure.words == "callbackContext is about another definition than the properties."


@pytest.mark.parametrize(
    ("one", "other", "is_other"),
    [
        (NOON, NOON, False),
        (NOON, NOON + timedelta(seconds=1), True),
        (None, NOON, False),
        (NOON, None, False),
        (None, None, False),
    ],
)
def test_another_definition_has_another_creation_time(
    one: datetime | None, other: datetime | None, *, is_other: bool
) -> None:
    """Only two times that are known can differ."""
    assert Known(arn("churn"), one).is_other(other) is is_other


@pytest.mark.parametrize(
    ("microseconds", "same"), [(0, True), (999, True), (1000, False), (-999, True), (-1000, False)]
)
def test_times_are_equal_to_the_millisecond(microseconds: int, *, same: bool) -> None:
    """SageMaker's times have milliseconds; text and numbers round them differently."""
    assert Known(arn("churn"), NOON).is_other(NOON + timedelta(microseconds=microseconds)) is not same
