"""The log that a failed test shows: what the function printed, and what the account refused because moto lacks it."""

from __future__ import annotations

from collections.abc import Callable

from cfn_sandbox.account import refusals

__all__ = ["Log"]


class Log:
    """A growing log of two sources, each in its order.

    Args:
        function: returns the function's log so far.
    """

    def __init__(self, function: Callable[[], str]) -> None:
        self._function = function
        self._text = ""
        self._read = 0
        self._said = len(refusals.SAID)

    def __call__(self) -> str:
        """Return the log so far."""
        log, said = self._function(), refusals.SAID[self._said :]
        self._text += log[self._read :] + "".join(f"{sentence}\n" for sentence in dict.fromkeys(said))
        self._read, self._said = len(log), self._said + len(said)
        return self._text
