"""A failure as a value: its code, its words, and whether what failed may have taken effect.

The plugin library's exceptions carry failures through the code. Decisions are made on the values.
"""

from typing import NamedTuple

from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib.interface import HandlerErrorCode, ProgressEvent

HandlerError = exceptions._HandlerError  # noqa: SLF001 - the library's base class of errors has no public name

TRANSIENT = frozenset(
    {HandlerErrorCode.NetworkFailure, HandlerErrorCode.ServiceInternalError, HandlerErrorCode.Throttling}
)
"""The codes of what may be over in a moment, so that another attempt is worth it."""


class Failure(NamedTuple):
    """Why something failed."""

    code: HandlerErrorCode
    words: str
    """What the user reads."""
    may_have_taken_effect: bool = False
    """Whether a request may have taken effect although no answer says so."""
    aws_code: str = ""
    """The error code of AWS's answer; empty if there was no answer."""
    wait: float = 0.0
    """The seconds that AWS's answer asks to wait before another attempt."""
    hung: bool = False
    """Whether the failure is that nothing came for as long as an attempt may take."""

    @property
    def is_retriable(self) -> bool:
        """Whether CloudFormation repeats a request that fails with this code."""
        return self.code in TRANSIENT or self.code is HandlerErrorCode.ResourceConflict

    def error(self) -> HandlerError:
        """Return the plugin library's exception for this code, to be raised."""
        kind: type[HandlerError] = getattr(exceptions, self.code.name)
        error: HandlerError = kind.__new__(kind)
        HandlerError.__init__(error, self.words)  # NotFound and AlreadyExists would write their own words
        vars(error)["failure"] = self
        return error

    def event(self) -> ProgressEvent:
        """Return the answer that says so."""
        return ProgressEvent.failed(self.code, self.words)


def of(error: HandlerError) -> Failure:
    """Return the failure that an exception of the plugin library carries."""
    found: Failure | None = getattr(error, "failure", None)
    return found or Failure(HandlerErrorCode[type(error).__name__], str(error))
