"""A failure as a value: its code, its words, and whether what failed may have taken effect. Messages are data.

The plugin library's exceptions carry failures through the code. Decisions are made on the values.
"""

from functools import partial
from typing import Any, NamedTuple

from cloudformation_cli_python_lib import HandlerErrorCode as Code
from cloudformation_cli_python_lib import ProgressEvent, exceptions

HandlerError = exceptions._HandlerError  # noqa: SLF001 - the library's base class of errors has no public name

TRANSIENT = frozenset({Code.NetworkFailure, Code.ServiceInternalError, Code.Throttling})
"""The codes of what may be over in a moment, so that another attempt is worth it."""


class Failure(NamedTuple):
    """Why something failed."""

    code: Code
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
        return self.code in TRANSIENT or self.code is Code.ResourceConflict

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
    return found or Failure(Code[type(error).__name__], str(error))


class Message(NamedTuple):
    """A message that a user can read."""

    code: Code | None
    """The code of the failure; None for a message that is no failure."""
    words: str

    def failure(self, **parts: Any) -> Failure:  # noqa: ANN401 - anything with text
        """Return the failure with these parts in its words."""
        assert self.code is not None  # noqa: S101 - only a message of a failure becomes one
        return Failure(self.code, self.words.format(**parts))

    def error(self, **parts: Any) -> HandlerError:  # noqa: ANN401 - as above
        """Return the exception with these parts in its words, to be raised."""
        return self.failure(**parts).error()


_invalid = partial(Message, Code.InvalidRequest)

EVENT_IS_NO_OBJECT = _invalid("The event must be an object.")
NO_REQUEST_DATA = _invalid("requestData is missing.")
NO_REQUEST = _invalid("request is missing.")
MEMBER_IS_MISSING = _invalid("{member} is missing.")
MEMBER_IS_NO_OBJECT = _invalid("{member} must be an object.")
MEMBER_IS_NO_LINE = _invalid("{member} must be a string of one line.")
MEMBER_IS_TOO_LONG = _invalid("{member} has {length} characters, more than the limit of {limit}.")
TOO_MANY_STACK_TAGS = _invalid("{member} has {count} members, more tags than a stack can have.")
STACK_TAG_IS_NO_TEXT = _invalid("{member}/{key} must be a string.")
UNKNOWN_ACTION = _invalid("action must be one of {actions}.")
NO_REGION = _invalid("region must be the name of a region, and '{region}' can't be one.")
NO_ACCOUNT = _invalid("{member} must have twelve digits.")
ANSWER_IS_TOO_LARGE = Message(
    Code.ServiceInternalError, "The answer is too large to pass on: {size} characters, more than AWS Lambda allows."
)
NO_TIME = Message(
    Code.NetworkFailure,
    "There is no time left in this invocation: {service} is slow to answer ({service} {operation}).",
)
UNREADABLE = Message(
    Code.ServiceInternalError,
    "The answer to {operation} can't be read ({problem}): it was cut off, or something between here and {service} sent "
    "it (HTTP status {status}, request id {request_id}).",
)
CLOCK_IS_WRONG = Message(Code.InvalidCredentials, "The function's clock and {service}'s differ too much. {text}")
DEFECT = Message(
    Code.InternalFailure, "{problem} in {function}, line {line}: a defect in this resource type. Please report it."
)
NOT_FOUND = Message(Code.NotFound, "Resource of type '{type}' with identifier '{identifier}' was not found.")
ALREADY_EXISTS = Message(Code.AlreadyExists, "Resource of type '{type}' with identifier '{identifier}' already exists.")
