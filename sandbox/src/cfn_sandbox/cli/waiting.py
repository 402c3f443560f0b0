"""Steps that take long in silence: what is done is said, and again how long it has taken."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["told"]

SILENCE_SECONDS = 4.0
"""The longest time without a line. People take more than five for a hang."""


@contextmanager
def told(title: str, tell: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Show a title, and after every few silent seconds how long the step has taken, until the block ends.

    Args:
        title: what is done; empty if it was shown already.
        tell: shows a line. It is called in another thread, too.

    Yields:
        A function that shows a line of the step.
    """
    started_at = last = time.monotonic()
    ended = threading.Event()

    def say(line: str) -> None:
        nonlocal last
        last = time.monotonic()
        tell(line)

    def watch() -> None:
        while not ended.wait(max(0.01, last + SILENCE_SECONDS - time.monotonic())):
            if time.monotonic() >= last + SILENCE_SECONDS:
                say(f"  still at it, for {time.monotonic() - started_at:.0f} s")

    if title:
        tell(title)
    thread = threading.Thread(target=watch, name="told", daemon=True)
    thread.start()
    try:
        yield say
    finally:
        ended.set()
        thread.join()
