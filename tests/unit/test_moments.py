"""Times: what can be read, and what two of them say about a definition."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from aws_sagemaker_modelqualityjobdefinition import identity

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (NOON, NOON),
        ("2026-11-24T12:00:00+00:00", NOON),
        ("2026-11-24T12:00:00Z", NOON),
        ("2026-11-24T14:00:00+02:00", NOON),
        (datetime(2026, 11, 24, 4, tzinfo=timezone(timedelta(hours=-8))), NOON),
        (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)),
        (datetime(1969, 12, 31, 23, tzinfo=UTC), None),
        (datetime(8999, 12, 31, tzinfo=UTC), datetime(8999, 12, 31, tzinfo=UTC)),
        (datetime(9000, 1, 1, tzinfo=UTC), None),
        (datetime(2026, 11, 24, 12), None),  # noqa: DTZ001 - without a zone on purpose
        ("2026-11-24T12:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("soon", None),
        ("", None),
        (None, None),
        (1_764_000_000, None),
    ],
)
def test_a_time_is_read_or_not_known(value: object, moment: datetime | None) -> None:
    """A time without a zone, or out of reach, is not known, and no error."""
    found = identity.moment(value)
    assert found == moment
    assert found is None or found.tzinfo is UTC


def describe(created: Any, date: str | None) -> dict[str, Any]:  # noqa: ANN401 - whatever an answer has
    """Return Describe's answer with these times."""
    headers = {} if date is None else {"date": date}
    return {"CreationTime": created, "ResponseMetadata": {"HTTPHeaders": headers}}


@pytest.mark.parametrize(
    ("created", "date", "seconds", "later"),
    [
        (NOON, "Tue, 24 Nov 2026 12:00:05 GMT", 5, 0.0),
        (NOON, "Tue, 24 Nov 2026 12:00:05 GMT", 3, -2.0),
        (NOON, "Tue, 24 Nov 2026 12:00:05 GMT", 7.5, 2.5),
        (NOON, "Tue, 24 Nov 2026 04:00:05 -0800", 5, 0.0),
        (NOON, "Tue, 24 Nov 2026 12:00:05 -0000", 5, None),
        (NOON, "Tue, 24 Nov 2026 12:00:05 +9999", 5, None),
        (NOON, "soon", 5, None),
        (NOON, None, 5, None),
        (None, "Tue, 24 Nov 2026 12:00:05 GMT", 5, None),
    ],
)
def test_how_long_after_a_moment_a_definition_was_created(
    created: datetime | None, date: str | None, seconds: float, later: float | None
) -> None:
    """SageMaker's own clock decides; without both of its times nobody knows."""
    assert identity.created_after(describe(created, date), seconds) == later


def test_an_answer_without_metadata_has_no_date() -> None:
    """It is not known, and no error."""
    assert identity.created_after({"CreationTime": NOON}, 0) is None
