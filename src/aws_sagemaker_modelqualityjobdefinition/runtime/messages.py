"""The messages of this folder, as data: a code and words with parts in braces."""

from typing import Any, NamedTuple

from cloudformation_cli_python_lib.interface import HandlerErrorCode as Code

from .failures import Failure, HandlerError


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


EVENT_IS_NO_OBJECT = Message(Code.InvalidRequest, "The event must be an object.")
NO_REQUEST_DATA = Message(Code.InvalidRequest, "requestData is missing.")
NO_REQUEST = Message(Code.InvalidRequest, "request is missing.")
MEMBER_IS_MISSING = Message(Code.InvalidRequest, "{member} is missing.")
MEMBER_IS_NO_OBJECT = Message(Code.InvalidRequest, "{member} must be an object.")
MEMBER_IS_NO_LINE = Message(Code.InvalidRequest, "{member} must be a string of one line.")
MEMBER_IS_TOO_LONG = Message(Code.InvalidRequest, "{member} has {length} characters, more than the limit of {limit}.")
TOO_MANY_STACK_TAGS = Message(Code.InvalidRequest, "{member} has {count} members, more tags than a stack can have.")
STACK_TAG_IS_NO_TEXT = Message(Code.InvalidRequest, "{member}/{key} must be a string.")
UNKNOWN_ACTION = Message(Code.InvalidRequest, "action must be one of {actions}.")
NO_REGION = Message(Code.InvalidRequest, "region must be the name of a region, and '{region}' can't be one.")
NO_ACCOUNT = Message(Code.InvalidRequest, "{member} must have twelve digits.")
ANSWER_IS_TOO_LARGE = Message(
    Code.ServiceInternalError,
    "The answer is too large to pass on: {size} characters, more than AWS Lambda allows.",
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
