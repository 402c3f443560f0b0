"""Retries of one call, and whether an attempt may have taken effect although its answer was lost.

The client must make a single attempt (total_max_attempts=1 in its Config). botocore's retries don't report the outcome
of each attempt, and they draw on a quota that belongs to the client: a reused client would carry it from one stack's
failures over to the next stack.
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cloudformation_cli_python_lib import exceptions

from . import deadline, errors

TOTAL = 2
"""The maximum number of attempts of one call."""

LEAST_TIME = 0.5
"""The seconds that must be left to start another attempt."""

_RETRIABLE = (exceptions.NetworkFailure, exceptions.ServiceInternalError, exceptions.Throttling)
_LONGEST_PAUSE = 5.0

Read = TypeVar("Read")


class Attempts:
    """The attempts of one call and their outcome.

    Args:
        translation: Translates the service's errors.
    """

    in_doubt_since: float | None = None
    """When the first attempt that may have taken effect began (monotonic clock). None: no attempt can have."""

    def __init__(self, translation: errors.Errors) -> None:
        self._errors = translation

    def send(
        self,
        name: str,
        call: Callable[..., Mapping[str, Any]],
        parameters: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], Read],
    ) -> Read:
        """Send a request, with retries, and return what `read` takes from the answer.

        Args:
            name: The name of the resource concerned, for NotFound.
            call: A method of the client.
            parameters: The method's arguments.
            read: Returns the needed part of an answer; raises any exception if it is missing.

        Raises:
            HandlerError: The error of the last attempt. ServiceInternalError: the answer can't be read.
                NetworkFailure: no time is left for an attempt.
        """
        if deadline.remaining() < LEAST_TIME:
            raise exceptions.NetworkFailure(
                f"There is no time left in this invocation: {self._errors.service} is slow to answer."
            )
        number = 0
        while True:
            number, began = number + 1, time.monotonic()
            try:
                return self._attempt(name, call, parameters, read)
            except errors.HandlerError as error:
                if self.in_doubt_since is None and errors.may_have_taken_effect(error):
                    self.in_doubt_since = began
                pause = _pause(error)
                if number == TOTAL or not isinstance(error, _RETRIABLE) or deadline.remaining() < pause + LEAST_TIME:
                    raise
            time.sleep(pause)

    def _attempt(
        self,
        name: str,
        call: Callable[..., Mapping[str, Any]],
        parameters: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], Read],
    ) -> Read:
        answer: Mapping[str, Any] = {}
        try:
            with self._errors.translated(name):
                answer = call(**parameters)
            return read(answer)
        except errors.HandlerError:
            raise
        except Exception as error:  # botocore's parsers raise anything for an answer that is not the service's
            raise self._errors.unreadable(call.__name__, answer, error) from error


def _pause(error: errors.HandlerError) -> float:
    """Return the seconds before the next attempt, those of botocore's standard mode before a first retry."""
    pause = random.random() * (1 if isinstance(error, exceptions.Throttling) else 0.05)  # noqa: S311 - jitter, no secret
    return max(pause, min(errors.retry_after(error), _LONGEST_PAUSE))
