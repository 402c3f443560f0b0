"""What went wrong on the way to SageMaker, as CloudFormation's handler error codes: one table, one context manager.

The codes are those that SageMaker's API reference lists as errors of the operations and as common errors, those of AWS
KMS (which SageMaker passes on) and those that botocore takes for throttling. Throttling, ServiceInternalError,
NetworkFailure and ResourceConflict are retried by CloudFormation; all others end the operation.
"""

import logging
import ssl
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as botocore
from cloudformation_cli_python_lib import exceptions

from . import TYPE_NAME, words

LOG = logging.getLogger(__name__)

HandlerError = exceptions._HandlerError  # noqa: SLF001 - the library has no public name for what all its errors are

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
"""The handler error for what botocore raises before there is an answer: the nearest of an error's own ancestors."""


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn what botocore raises inside into a handler error that carries AWS's own words and the request's id.

    Args:
        name: The name of the definition that the call is about, for NotFound.

    Raises:
        HandlerError: One of the plugin library's exceptions, its cause being botocore's error.
    """
    try:
        yield
    except botocore.ClientError as error:
        raise _with_words(_kind(error), name, _words(error)) from error
    except botocore.BotoCoreError as error:
        kind = next((BY_CLIENT_ERROR[c] for c in type(error).__mro__ if c in BY_CLIENT_ERROR), None)
        raise _with_words(kind or exceptions.GeneralServiceException, name, words.cut(str(error))) from error


def unreadable(call: str, answer: Mapping[str, Any], problem: Exception) -> HandlerError:
    """Return the error for an answer that says success and can't be read: cut off, or not SageMaker's at all.

    Args:
        call: The method of the client that was called.
        answer: What botocore made of the answer; empty if nothing.
        problem: What reading it raised.
    """
    metadata = answer.get("ResponseMetadata", {})
    return exceptions.ServiceInternalError(
        f"The answer to {_operation(call)} can't be read ({type(problem).__name__}): it was cut off, or something "
        f"between here and SageMaker gave it (HTTP status {metadata.get('HTTPStatusCode', 'unknown')}, "
        f"request id {words.shown(metadata.get('RequestId', 'unknown'))})."
    )


def defect(error: Exception) -> HandlerError:
    """Return the error for what no handler should ever raise, and log where it came from.

    Neither has the message of what was raised, which may quote a property's value.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    LOG.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return exceptions.InternalFailure(
        f"{type(error).__name__} in {place.name}, line {place.lineno}: a defect of this resource type, "
        "please report it."
    )


def code(error: HandlerError) -> str:
    """Return the code of AWS's that a handler error was translated from; an empty string if there was no answer."""
    cause = error.__cause__
    return _code(cause) if isinstance(cause, botocore.ClientError) else ""


def may_have_taken_effect(error: HandlerError) -> bool:
    """Tell whether what was asked for may have been done all the same.

    It was not if no connection was made, if the request was not even sent, or if SageMaker refused it: with a 4xx, or
    for being asked too often. It may have been if the answer was lost, can't be read, or is a failure of SageMaker's.
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
    """Return how many seconds SageMaker asks to wait before another attempt; 0 if it doesn't say."""
    cause = error.__cause__
    if not isinstance(cause, botocore.ClientError):
        return 0
    headers = _metadata(cause).get("HTTPHeaders", {})
    milliseconds = str(headers.get("x-amz-retry-after", ""))
    return int(milliseconds) / 1000 if milliseconds.isdecimal() and len(milliseconds) < 10 else 0


def already_exists(name: str, conflict: HandlerError, advice: str) -> HandlerError:
    """Return the error for a name that is taken.

    Args:
        name: The name that the request asked for.
        conflict: What SageMaker's answer was translated to.
        advice: What is known of the definition that has it, and what to do.
    """
    error = _with_words(exceptions.AlreadyExists, name, f"{advice} {conflict}")
    error.__cause__ = conflict
    return error


def _kind(error: botocore.ClientError) -> type[HandlerError]:
    known = BY_CODE.get(_code(error))
    if known is not None:
        return known
    status = _status(error)
    if status >= 500 or status in range(200, 400):  # a redirection is none of SageMaker's answers
        return exceptions.ServiceInternalError
    # SageMaker's refusals have a code. Where none can be read, since it was cut off, botocore gives the status for one.
    cut_off = _code(error) == str(status)
    return {
        401: exceptions.InvalidCredentials,
        403: exceptions.AccessDenied,
        408: exceptions.NetworkFailure,
        429: exceptions.Throttling,
    }.get(status, exceptions.ServiceInternalError if cut_off else exceptions.GeneralServiceException)


def _words(error: botocore.ClientError) -> str:
    """Return AWS's message and where it comes from; that comes first where the message is long."""
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


def _with_words(kind: type[HandlerError], name: str, text: str) -> HandlerError:
    if kind in (exceptions.NotFound, exceptions.AlreadyExists):
        error = kind(TYPE_NAME, words.shown(name))
        error.args = (f"{error} {text}",)
        return error
    return kind(text)
