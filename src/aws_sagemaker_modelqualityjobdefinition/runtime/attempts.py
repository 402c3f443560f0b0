"""Retries of one call, and whether an attempt may have taken effect although its answer was lost.

The client must make a single attempt (total_max_attempts=1 in its Config). botocore's retries don't report the outcome
of each attempt, and they draw on a quota that belongs to the client: a reused client would carry it from one stack's
failures over to the next stack.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from cloudformation_cli_python_lib import HandlerErrorCode

from . import deadline, errors, failures
from .failures import Failure, HandlerError
from .limits import DEFAULTS, Limits

LOG = logging.getLogger(__name__)

Read = TypeVar("Read")


class Attempts:
    """The attempts of one call within limits, and their outcome. `hide` hides in AWS's messages what may be secret."""

    in_doubt_since: float | None = None
    """When the first attempt that may have taken effect began (monotonic clock). None: no attempt can have."""

    def __init__(self, translation: errors.Errors, limits: Limits = DEFAULTS, hide: Callable[[str], str] = str) -> None:
        self._errors, self._limits, self._hide = translation, limits, hide

    def send(
        self,
        name: str,
        call: Callable[..., Mapping[str, Any]],
        parameters: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], Read],
        confirm: Callable[[], None] = lambda: None,
    ) -> Read:
        """Send a request, by a method of the client and with retries, and return what `read` takes from the answer.

        `name` is the resource's, for NotFound. `read` raises any exception if its part of the answer is missing.
        `confirm` is called before a retry if an attempt may have taken effect; it raises if the request must not be
        sent again.

        Raises:
            HandlerError: The error of the last attempt. ServiceInternalError: the answer can't be read.
                NetworkFailure: no time is left for an attempt.
        """
        limits, clock = self._limits.retries, self._limits.time
        operation = errors.operation(call.__name__)
        if deadline.remaining() < limits.least_time:
            raise failures.NO_TIME.error(service=self._errors.service, operation=operation)

        def attempt() -> Read:
            answer: Mapping[str, Any] = {}
            try:
                with self._errors.translated(name, call.__name__, self._hide):
                    answer = call(**parameters)
                return read(answer)
            except HandlerError:
                raise
            except Exception as error:  # botocore's parsers raise anything for an answer that is not the service's
                raise self._errors.unreadable(call.__name__, answer, error).error() from error

        number = hung = 0
        while True:
            number, began = number + 1, clock.monotonic()
            try:
                return attempt()
            except HandlerError as error:
                failure = failures.of(error)
                cause = errors.logged(error.__cause__)
                LOG.warning("%s, attempt %d: %s (%s)", operation, number, failure.code.name, cause)
                hung += failure.hung
                if self.in_doubt_since is None and failure.may_have_taken_effect:
                    self.in_doubt_since = began
                pause = self._pause(failure, number)
                is_last = number == limits.attempts or hung == limits.hanging or failure.code not in failures.TRANSIENT
                if is_last or deadline.remaining() < pause + limits.least_time:
                    raise
            clock.pause(pause)
            if self.in_doubt_since is not None:
                confirm()

    def _pause(self, failure: Failure, number: int) -> float:
        """Return the seconds before the next attempt: those of botocore's standard mode, which doubles them."""
        first = 1.0 if failure.code is HandlerErrorCode.Throttling else 0.05
        longest = self._limits.retries.longest_pause
        return max(self._limits.time.jitter() * min(first * 2.0 ** (number - 1), longest), min(failure.wait, longest))
