"""Time that passes only when a test lets it: nothing here sleeps, and a wait of a minute takes none."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch

import time_machine

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Clock:
    """The time of a test: every clock of Python's shows it, but the one that measures programs (perf_counter)."""

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
        """The date and time that it is."""
        return datetime.now(UTC)


@contextmanager
def stopped() -> Iterator[Clock]:
    """Stop time. `time.sleep` moves it on at once, also that of libraries."""
    with time_machine.travel(START, tick=False) as traveller:
        clock = Clock(traveller)
        # time_machine leaves the monotonic clock alone.
        with patch("time.sleep", clock.sleep), patch("time.monotonic", lambda: 1_000 + clock.now):
            yield clock
