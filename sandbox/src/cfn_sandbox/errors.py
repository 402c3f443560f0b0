"""The errors that CloudFormation answers.

Source: "Common errors" and the errors of each operation in the API reference.
"""

from __future__ import annotations


class CloudFormationError(Exception):
    """An error with a code of CloudFormation's API.

    Args:
        code: the code, such as `ValidationError`, as the API's `Code` member has it.
        message: AWS's words, where they are known.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ValidationError(CloudFormationError):
    """A request or a template that CloudFormation refuses.

    Args:
        message: AWS's words, where they are known.
    """

    def __init__(self, message: str) -> None:
        super().__init__("ValidationError", message)


class InsufficientCapabilitiesError(CloudFormationError):
    """A template that needs capabilities which the request doesn't acknowledge.

    Args:
        message: AWS's words.
    """

    def __init__(self, message: str) -> None:
        super().__init__("InsufficientCapabilitiesException", message)


def template_error(message: str) -> ValidationError:
    """Return the error of a function or a reference that is wrong: AWS starts it with `Template error`."""
    return ValidationError(f"Template error: {message}")


def format_error(message: str) -> ValidationError:
    """Return the error of a template that has the wrong form: AWS starts it with `Template format error`."""
    return ValidationError(f"Template format error: {message}")
