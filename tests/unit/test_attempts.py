"""The attempts of one call, where a real clock can't be relied on to get there."""

import time

import pytest
from cloudformation_cli_python_lib import exceptions

from aws_sagemaker_modelqualityjobdefinition.error_codes import ERRORS
from aws_sagemaker_modelqualityjobdefinition.runtime import attempts, deadline
from tools.envelopes import Json


def record_call(calls: list[Json]) -> Json:
    """Record a call and answer it."""
    calls.append({})
    return {}


@pytest.mark.parametrize("seconds", [0, attempts.LEAST_TIME / 2])
def test_without_time_left_no_request_is_sent(seconds: float) -> None:
    """NetworkFailure, which CloudFormation retries: nothing took effect."""
    calls: list[Json] = []
    attempt_series = attempts.Attempts(ERRORS)
    with deadline.within(seconds), pytest.raises(exceptions.NetworkFailure, match="no time left in this invocation"):
        attempt_series.send("name", lambda: record_call(calls), {}, dict)
    assert calls == []
    assert attempt_series.in_doubt_since is None


def test_with_time_left_a_request_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least time is enough."""
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    calls: list[Json] = []
    with deadline.within(attempts.LEAST_TIME):
        attempts.Attempts(ERRORS).send("name", lambda: record_call(calls), {}, dict)
    assert len(calls) == 1
