"""Points in time that SageMaker, an event or a callback context gives.

One rule: a time that can't be read is no proof, and no error.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_YEARS = range(1970, 9000)
"""A time outside of these is none of SageMaker's, and could not be compared with a margin."""


def read(value: object) -> datetime | None:
    """Return a time, a datetime or text in ISO 8601, in UTC; None if it can't be read, or has no zone."""
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


def created_after(description: Mapping[str, Any], seconds: float) -> float | None:
    """Return how long after a moment a definition was created, by SageMaker's clock, in seconds; None if nobody knows.

    The moment was this many seconds before the answer, whose Date is cut to whole seconds.
    """
    made = created(description)
    try:
        now = read(parsedate_to_datetime(description["ResponseMetadata"]["HTTPHeaders"]["date"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        now = None
    return None if made is None or now is None else (made - now).total_seconds() + seconds
