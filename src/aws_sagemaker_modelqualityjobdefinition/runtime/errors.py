"""Translates errors of AWS and botocore to CloudFormation's handler error codes: one table, one context manager.

A type brings the table of its service's error codes. COMMON has those that any service of AWS can answer.
CloudFormation retries Throttling, ServiceInternalError, NetworkFailure and ResourceConflict. All others end the
operation.
"""

import logging
import ssl
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as botocore
from cloudformation_cli_python_lib import exceptions

from . import words

LOG = logging.getLogger(__name__)

HandlerError = exceptions._HandlerError  # noqa: SLF001 - the library's base class of errors has no public name

Codes = Mapping[type[HandlerError], tuple[str, ...]]
"""The error codes of AWS that become a handler error."""

COMMON: Codes = {
    exceptions.AccessDenied: (
        "AccessDenied",
        "AccessDeniedException",
        "NotAuthorized",
        "OptInRequired",
        "UnauthorizedOperation",
    ),
    exceptions.InvalidCredentials: (
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ),
    exceptions.InvalidRequest: (
        "InvalidAction",
        "InvalidParameterCombination",
        "InvalidParameterException",
        "InvalidParameterValue",
        "InvalidRequestException",
        "MalformedHttpRequestException",
        "MalformedQueryString",
        "MissingAction",
        "MissingParameter",
        "RequestEntityTooLargeException",
        "SerializationException",
        "UnknownOperationException",
        "ValidationError",
        "ValidationException",
    ),
    exceptions.NetworkFailure: (
        "RequestAbortedException",
        "RequestTimeout",
        "RequestTimeoutException",
    ),
    exceptions.ServiceInternalError: (
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    ),
    exceptions.Throttling: (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ),
}
"""The codes that any service can answer: AWS's common errors, and those that botocore treats as throttling or as
transient."""

BY_CLIENT_ERROR: Mapping[type[botocore.BotoCoreError], type[HandlerError]] = {
    botocore.ConnectionError: exceptions.NetworkFailure,
    botocore.HTTPClientError: exceptions.NetworkFailure,
    botocore.IncompleteReadError: exceptions.NetworkFailure,
    botocore.CredentialRetrievalError: exceptions.InvalidCredentials,
    botocore.NoAuthTokenError: exceptions.InvalidCredentials,
    botocore.NoCredentialsError: exceptions.InvalidCredentials,
    botocore.PartialCredentialsError: exceptions.InvalidCredentials,
    botocore.TokenRetrievalError: exceptions.InvalidCredentials,
    botocore.ParamValidationError: exceptions.InvalidRequest,
    botocore.BaseEndpointResolverError: exceptions.InvalidRequest,
    botocore.ValidationError: exceptions.InvalidRequest,
}
"""The handler error for each exception of botocore without an answer. The nearest base class of an exception counts."""


class Errors:
    """The errors of a type's service, as handler errors.

    Args:
        type_name: The type's name, for NotFound and AlreadyExists.
        service: The service's name, for messages.
        codes: Tables of error codes. The HTTP status decides about a code that is in none of them.
    """

    def __init__(self, type_name: str, service: str, *codes: Codes) -> None:
        self.service = service
        self.by_code: Mapping[str, type[HandlerError]] = {
            code: kind for table in codes for kind, names in table.items() for code in names
        }
        self._type_name = type_name

    @contextmanager
    def translated(self, name: str) -> Iterator[None]:
        """Translate botocore's exceptions to handler errors with AWS's message and request id.

        Args:
            name: The name of the resource concerned, for NotFound.

        Raises:
            HandlerError: One of the plugin library's exceptions. Its cause is botocore's.
        """
        try:
            yield
        except botocore.ClientError as error:
            raise self._with_message(self._kind(error), name, self._message(error)) from error
        except botocore.BotoCoreError as error:
            kind = next((BY_CLIENT_ERROR[c] for c in type(error).__mro__ if c in BY_CLIENT_ERROR), None)
            message = words.cut(str(error))
            raise self._with_message(kind or exceptions.GeneralServiceException, name, message) from error

    def unreadable(self, call: str, answer: Mapping[str, Any], problem: Exception) -> HandlerError:
        """Return the error for a successful answer that can't be read: it was cut off, or the service didn't send it.

        Args:
            call: The client's method that was called.
            answer: The answer as botocore parsed it; empty if it couldn't.
            problem: The exception that reading it raised.
        """
        metadata = answer.get("ResponseMetadata", {})
        return exceptions.ServiceInternalError(
            f"The answer to {_operation(call)} can't be read ({type(problem).__name__}): it was cut off, or something "
            f"between here and {self.service} sent it (HTTP status {metadata.get('HTTPStatusCode', 'unknown')}, "
            f"request id {words.shown(metadata.get('RequestId', 'unknown'))})."
        )

    def already_exists(self, name: str, conflict: HandlerError, advice: str) -> HandlerError:
        """Return the error for a name that is taken.

        Args:
            name: The requested name.
            conflict: The handler error that the service's answer was translated to.
            advice: What is known about the existing resource, and what to do.
        """
        error = self._with_message(exceptions.AlreadyExists, name, f"{advice} {conflict}")
        error.__cause__ = conflict
        return error

    def _kind(self, error: botocore.ClientError) -> type[HandlerError]:
        known = self.by_code.get(_code(error))
        if known is not None:
            return known
        status = _status(error)
        if status >= 500 or status in range(200, 400):  # a service's API never redirects
            return exceptions.ServiceInternalError
        # A refusal has a code. If the answer was cut off before it, botocore reports the status as the code.
        cut_off = _code(error) == str(status)
        return {
            401: exceptions.InvalidCredentials,
            403: exceptions.AccessDenied,
            408: exceptions.NetworkFailure,
            429: exceptions.Throttling,
        }.get(status, exceptions.ServiceInternalError if cut_off else exceptions.GeneralServiceException)

    def _message(self, error: botocore.ClientError) -> str:
        """Return AWS's message and its source (operation, code, request id). The source precedes a long message."""
        message = str(error.response.get("Error", {}).get("Message") or "(no message)")
        source = (
            f"({self.service} {error.operation_name}: {words.shown(_code(error) or 'no code')}, "
            f"request id {words.shown(_metadata(error).get('RequestId', 'unknown'))})"
        )
        return f"{message} {source}" if len(message) <= words.MESSAGE_LENGTH else f"{source} {words.cut(message)}"

    def _with_message(self, kind: type[HandlerError], name: str, text: str) -> HandlerError:
        if kind in (exceptions.NotFound, exceptions.AlreadyExists):
            error = kind(self._type_name, words.shown(name))
            error.args = (f"{error} {text}",)
            return error
        return kind(text)


def defect(error: Exception) -> HandlerError:
    """Return the error for an unexpected exception, and log its traceback.

    Both leave out the exception's message, which may quote a property's value.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    LOG.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return exceptions.InternalFailure(
        f"{type(error).__name__} in {place.name}, line {place.lineno}: a defect in this resource type. "
        "Please report it."
    )


def code(error: HandlerError) -> str:
    """Return the AWS error code behind a handler error; an empty string if there was no answer."""
    cause = error.__cause__
    return _code(cause) if isinstance(cause, botocore.ClientError) else ""


def may_have_taken_effect(error: HandlerError) -> bool:
    """Return whether a request may have taken effect despite its error.

    It can't have if there was no connection, if the request was not sent, or if the service refused it (a 4xx status,
    or throttling). It may have if the answer was lost, can't be read, or reports a failure inside the service.
    """
    cause = error.__cause__
    if isinstance(cause, botocore.ClientError):
        return not 400 <= _status(cause) < 500 and isinstance(error, exceptions.ServiceInternalError)
    if isinstance(cause, botocore.SSLError):
        reasons = getattr(cause.kwargs.get("error"), "args", ())
        return not any(isinstance(reason, ssl.SSLCertVerificationError) for reason in reasons)
    return not isinstance(cause, _NOTHING_SENT) and not isinstance(
        error, exceptions.InvalidCredentials | exceptions.InvalidRequest
    )


_NOTHING_SENT = (botocore.ConnectTimeoutError, botocore.EndpointConnectionError, botocore.ProxyConnectionError)


def retry_after(error: HandlerError) -> float:
    """Return the seconds that the service's answer asks to wait before another attempt; 0 if it gives none."""
    cause = error.__cause__
    if not isinstance(cause, botocore.ClientError):
        return 0
    headers = _metadata(cause).get("HTTPHeaders", {})
    milliseconds = str(headers.get("x-amz-retry-after", ""))
    return int(milliseconds) / 1000 if milliseconds.isdecimal() and len(milliseconds) < 10 else 0


def _code(error: botocore.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _metadata(error: botocore.ClientError) -> Mapping[str, Any]:
    return error.response.get("ResponseMetadata", {})


def _status(error: botocore.ClientError) -> int:
    status: int = _metadata(error).get("HTTPStatusCode", 0)
    return status


def _operation(call: str) -> str:
    return "".join(part.capitalize() for part in call.split("_"))
