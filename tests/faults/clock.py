"""A clock that the test controls: nothing sleeps, so a wait of a minute takes no time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import time_machine

from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS, Limits, Time

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Clock:
    """The time of a test. `datetime` and `time.time` show it, and the clock of `limits`; other clocks don't."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller
        self.now = 0.0
        """Seconds since the test began."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self._traveller.shift(seconds)

    @property
    def limits(self) -> Limits:
        """The type's limits, measured by this clock."""
        return DEFAULTS._replace(
            time=Time(
                monotonic=lambda: 1_000 + self.now,
                now=time.time,
                pause=self.sleep,
                jitter=lambda: 0.5,
            )
        )

    @property
    def date(self) -> datetime:
        """The current date and time, in UTC."""
        return datetime.now(UTC)


@contextmanager
def stop_time() -> Iterator[Clock]:
    """Stop time until the block ends."""
    with time_machine.travel(START, tick=False) as traveller:
        yield Clock(traveller)
