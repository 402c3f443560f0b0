"""Points in time that SageMaker, an event or a callback context gives.

One rule: a time that can't be read is no proof, and no error.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

_MILLISECOND = timedelta(milliseconds=1)
_YEARS = range(1970, 9000)
"""A time outside of these is none of SageMaker's, and could not be compared with a margin."""


def read(value: object) -> datetime | None:
    """Return a time in UTC; None if there is none, it can't be read, or it has no zone.

    Args:
        value: A datetime, or text in ISO 8601.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime) or moment.utcoffset() is None:
            return None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in _YEARS else None


def created(description: Mapping[str, Any]) -> datetime | None:
    """Return when a definition was created, by Describe's answer."""
    return read(description.get("CreationTime"))


def answered(answer: Mapping[str, Any]) -> datetime | None:
    """Return what SageMaker's clock showed when it answered: its Date, which is cut to whole seconds."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return read(parsedate_to_datetime(headers["date"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def same(one: datetime, other: datetime) -> bool:
    """Return whether two times are equal to the millisecond."""
    return abs(one - other) < _MILLISECOND


def created_after(description: Mapping[str, Any], seconds: float) -> float | None:
    """Return how long after a moment a definition was created, by SageMaker's clock, in seconds; None if nobody knows.

    Args:
        description: Describe's answer.
        seconds: How long before the answer the moment was.
    """
    made, now = created(description), answered(description)
    return None if made is None or now is None else (made - now).total_seconds() + seconds


def text(moment: datetime | None) -> str:
    """Return a time for a message."""
    return moment.isoformat(timespec="seconds") if moment else "an unknown time"
