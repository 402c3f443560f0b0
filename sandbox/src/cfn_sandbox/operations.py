"""Runs stack operations, each in its own thread, so that an API call can answer while the operation continues."""

import threading
from collections.abc import Callable

PATIENCE = 20.0  # seconds until the API call is answered; an operation that takes longer continues

_running: set[threading.Thread] = set()
_ending = threading.Event()


def begin(name: str, work: Callable[[], object], patience: float | None = None) -> None:
    """Begin an operation, and return when it ends or the patience is over.

    What an operation begins, such as that of a nested stack, is a part of it: this returns when it ends.

    Args:
        name: the thread's name.
        work: the operation; it records its own outcome, and raises nothing.
        patience: in seconds; PATIENCE by default.
    """
    if threading.current_thread() in _running:
        work()
        return
    operation = threading.Thread(target=work, name=name, daemon=True)
    _running.difference_update([thread for thread in _running if thread.ident and not thread.is_alive()])
    _running.add(operation)
    operation.start()
    operation.join(PATIENCE if patience is None else patience)


def wait(seconds: float) -> None:
    """Wait before the next invocation of a handler; return early if `end` is called."""
    _ending.wait(seconds)


def end() -> None:
    """Wait until all running operations end; they no longer wait between invocations."""
    _ending.set()
    while _running:
        _running.pop().join()
    _ending.clear()
