"""Translates errors of SageMaker and botocore to CloudFormation's handler error codes: one table, one context manager.

The table has the errors that SageMaker's API reference lists for the operations, its common errors, those of AWS KMS
(which SageMaker passes on), and those that botocore treats as throttling. CloudFormation retries Throttling,
ServiceInternalError, NetworkFailure and ResourceConflict. All others end the operation.
"""

import logging
import ssl
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as botocore
from cloudformation_cli_python_lib import exceptions

from .. import TYPE_NAME  # noqa: TID252 - the next commit takes it as an argument
from . import words

LOG = logging.getLogger(__name__)

HandlerError = exceptions._HandlerError  # noqa: SLF001 - the library's base class of errors has no public name

_CODES: Mapping[type[HandlerError], tuple[str, ...]] = {
    exceptions.AccessDenied: (
        "AccessDenied",
        "AccessDeniedException",
        "KMSAccessDeniedException",
        "KMSKeyNotAccessibleFault",
        "NotAuthorized",
        "OptInRequired",
        "UnauthorizedOperation",
    ),
    exceptions.AlreadyExists: ("ResourceAlreadyExists", "ResourceAlreadyExistsException"),
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
        "KMSDisabledException",
        "KMSInvalidKeyUsageException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KMSOptInRequired",
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
    exceptions.NetworkFailure: ("RequestAbortedException", "RequestTimeout", "RequestTimeoutException"),
    exceptions.NotFound: ("ResourceNotFound", "ResourceNotFoundException"),
    exceptions.ResourceConflict: ("ConflictException", "ResourceInUse", "ResourceInUseException"),
    exceptions.ServiceInternalError: (
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceError",
        "KMSInternalException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    ),
    exceptions.ServiceLimitExceeded: ("ResourceLimitExceeded", "ServiceQuotaExceededException"),
    exceptions.Throttling: (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMSThrottlingException",
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

BY_CODE: Mapping[str, type[HandlerError]] = {code: kind for kind, codes in _CODES.items() for code in codes}
"""The handler error for each error code of AWS."""

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


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Translate botocore's exceptions to handler errors with AWS's message and request id.

    Args:
        name: The name of the definition concerned, for NotFound.

    Raises:
        HandlerError: One of the plugin library's exceptions. Its cause is botocore's.
    """
    try:
        yield
    except botocore.ClientError as error:
        raise _with_message(_kind(error), name, _message(error)) from error
    except botocore.BotoCoreError as error:
        kind = next((BY_CLIENT_ERROR[c] for c in type(error).__mro__ if c in BY_CLIENT_ERROR), None)
        raise _with_message(kind or exceptions.GeneralServiceException, name, words.cut(str(error))) from error


def unreadable(call: str, answer: Mapping[str, Any], problem: Exception) -> HandlerError:
    """Return the error for a successful answer that can't be read: it was cut off, or SageMaker didn't send it.

    Args:
        call: The client's method that was called.
        answer: The answer as botocore parsed it; empty if it couldn't.
        problem: The exception that reading it raised.
    """
    metadata = answer.get("ResponseMetadata", {})
    return exceptions.ServiceInternalError(
        f"The answer to {_operation(call)} can't be read ({type(problem).__name__}): it was cut off, or something "
        f"between here and SageMaker sent it (HTTP status {metadata.get('HTTPStatusCode', 'unknown')}, "
        f"request id {words.shown(metadata.get('RequestId', 'unknown'))})."
    )


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

    It can't have if there was no connection, if the request was not sent, or if SageMaker refused it (a 4xx status, or
    throttling). It may have if the answer was lost, can't be read, or reports a failure inside SageMaker.
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
    """Return the seconds that SageMaker's answer asks to wait before another attempt; 0 if it gives none."""
    cause = error.__cause__
    if not isinstance(cause, botocore.ClientError):
        return 0
    headers = _metadata(cause).get("HTTPHeaders", {})
    milliseconds = str(headers.get("x-amz-retry-after", ""))
    return int(milliseconds) / 1000 if milliseconds.isdecimal() and len(milliseconds) < 10 else 0


def already_exists(name: str, conflict: HandlerError, advice: str) -> HandlerError:
    """Return the error for a name that is taken.

    Args:
        name: The requested name.
        conflict: The handler error that SageMaker's answer was translated to.
        advice: What is known about the existing definition, and what to do.
    """
    error = _with_message(exceptions.AlreadyExists, name, f"{advice} {conflict}")
    error.__cause__ = conflict
    return error


def _kind(error: botocore.ClientError) -> type[HandlerError]:
    known = BY_CODE.get(_code(error))
    if known is not None:
        return known
    status = _status(error)
    if status >= 500 or status in range(200, 400):  # SageMaker never redirects
        return exceptions.ServiceInternalError
    # SageMaker's refusals have a code. If the answer was cut off before it, botocore reports the status as the code.
    cut_off = _code(error) == str(status)
    return {
        401: exceptions.InvalidCredentials,
        403: exceptions.AccessDenied,
        408: exceptions.NetworkFailure,
        429: exceptions.Throttling,
    }.get(status, exceptions.ServiceInternalError if cut_off else exceptions.GeneralServiceException)


def _message(error: botocore.ClientError) -> str:
    """Return AWS's message and its source (operation, code, request id). The source precedes a long message."""
    message = str(error.response.get("Error", {}).get("Message") or "(no message)")
    source = (
        f"(SageMaker {error.operation_name}: {words.shown(_code(error) or 'no code')}, "
        f"request id {words.shown(_metadata(error).get('RequestId', 'unknown'))})"
    )
    return f"{message} {source}" if len(message) <= words.MESSAGE_LENGTH else f"{source} {words.cut(message)}"


def _code(error: botocore.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _metadata(error: botocore.ClientError) -> Mapping[str, Any]:
    return error.response.get("ResponseMetadata", {})


def _status(error: botocore.ClientError) -> int:
    status: int = _metadata(error).get("HTTPStatusCode", 0)
    return status


def _operation(call: str) -> str:
    return "".join(part.capitalize() for part in call.split("_"))


def _with_message(kind: type[HandlerError], name: str, text: str) -> HandlerError:
    if kind in (exceptions.NotFound, exceptions.AlreadyExists):
        error = kind(TYPE_NAME, words.shown(name))
        error.args = (f"{error} {text}",)
        return error
    return kind(text)
