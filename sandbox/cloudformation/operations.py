"""Operations of stacks, each in its own thread: a call answers, and the operation goes on."""

import threading
from collections.abc import Callable

PATIENCE = 20.0  # seconds: an operation that takes longer goes on after its call was answered

_under_way: set[threading.Thread] = set()
_closing = threading.Event()


def begin(name: str, work: Callable[[], None], patience: float | None = None) -> None:
    """Begin an operation, and return when it is done or the patience is over.

    Args:
        name: of the thread.
        work: the operation; it reports how it went itself, and raises nothing.
        patience: in seconds; PATIENCE unless given.
    """
    operation = threading.Thread(target=work, name=name, daemon=True)
    _under_way.add(operation)
    operation.start()
    operation.join(PATIENCE if patience is None else patience)


def wait(seconds: float) -> None:
    """Wait for the next invocation of a handler, or until `end` is called."""
    _closing.wait(seconds)


def end() -> None:
    """Let what is under way come to its end, without waiting between invocations."""
    _closing.set()
    while _under_way:
        _under_way.pop().join()
    _closing.clear()
