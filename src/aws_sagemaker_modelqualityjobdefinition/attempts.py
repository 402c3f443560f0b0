"""The attempts of one call: how often, how long apart, and whether one may have taken effect without our hearing of it.

botocore is left one attempt (client.py). Its own retries don't tell what became of each, and pay from a quota that a
kept client carries from one stack's troubles to the next stack.
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cloudformation_cli_python_lib import exceptions

from . import deadline, errors

TOTAL = 2
"""Attempts of one call at most."""

LEAST_TIME = 0.5
"""Seconds that have to be left for another attempt to be begun."""

_RETRIABLE = (exceptions.NetworkFailure, exceptions.ServiceInternalError, exceptions.Throttling)
_LONGEST_PAUSE = 5.0

Read = TypeVar("Read")


class Attempts:
    """What became of the attempts of one call."""

    unheard: float | None = None
    """When the first attempt that may have taken effect began, by the monotonic clock; None if none may have."""

    def answer(
        self,
        name: str,
        call: Callable[..., Mapping[str, Any]],
        parameters: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], Read],
    ) -> Read:
        """Send a request until it is answered, and return what is read from the answer.

        Args:
            name: The name of the definition that the call is about, for NotFound.
            call: A method of the client.
            parameters: What it is called with.
            read: Takes from the answer what is needed, and raises whatever it likes if that is not there.

        Raises:
            HandlerError: What the last attempt came to. An answer that can't be read is a ServiceInternalError; no time
                for an attempt is a NetworkFailure.
        """
        if deadline.left() < LEAST_TIME:
            raise exceptions.NetworkFailure("There is no time left in this invocation: SageMaker is slow to answer.")
        number = 0
        while True:
            number, began = number + 1, time.monotonic()
            try:
                return _attempt(name, call, parameters, read)
            except errors.HandlerError as error:
                if self.unheard is None and errors.may_have_taken_effect(error):
                    self.unheard = began
                pause = _pause(error)
                if number == TOTAL or not isinstance(error, _RETRIABLE) or deadline.left() < pause + LEAST_TIME:
                    raise
            time.sleep(pause)


def _attempt(
    name: str,
    call: Callable[..., Mapping[str, Any]],
    parameters: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], Read],
) -> Read:
    answer: Mapping[str, Any] = {}
    try:
        with errors.translated(name):
            answer = call(**parameters)
        return read(answer)
    except errors.HandlerError:
        raise
    except Exception as error:  # what is no answer of SageMaker's makes botocore's parsers raise anything
        raise errors.unreadable(call.__name__, answer, error) from error


def _pause(error: errors.HandlerError) -> float:
    """Return the seconds before the next attempt: botocore's standard mode for the first of them."""
    pause = random.random() * (1 if isinstance(error, exceptions.Throttling) else 0.05)  # noqa: S311 - jitter, no secret
    return max(pause, min(errors.retry_after(error), _LONGEST_PAUSE))
