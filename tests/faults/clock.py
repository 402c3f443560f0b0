"""A clock that the test controls: nothing sleeps, so a wait of a minute takes no time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import time_machine

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Clock:
    """The time of a test. `datetime`, `time.time` and `time.monotonic` show it; `time.perf_counter` does not."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller
        self.now = 0.0
        """Seconds since the test began."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self._traveller.shift(seconds)

    @property
    def date(self) -> datetime:
        """The current date and time, in UTC."""
        return datetime.now(UTC)


@contextmanager
def stop_time() -> Iterator[Clock]:
    """Stop time until the block ends. `time.sleep` moves it forward at once, also when a library calls it."""
    with time_machine.travel(START, tick=False) as traveller:
        clock = Clock(traveller)
        # time_machine leaves the monotonic clock alone.
        with patch("time.sleep", clock.sleep), patch("time.monotonic", lambda: 1_000 + clock.now):
            yield clock
