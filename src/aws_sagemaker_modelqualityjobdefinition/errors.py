"""What went wrong on the way to SageMaker, as CloudFormation's handler error codes: one table, one context manager.

The codes are those that SageMaker's API reference lists as errors of the operations and as common errors, those of AWS
KMS (which SageMaker passes on) and those that botocore takes for throttling. Throttling, ServiceInternalError,
NetworkFailure and ResourceConflict are retried by CloudFormation; all others end the operation.
"""

import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore import exceptions as botocore
from cloudformation_cli_python_lib import exceptions

from . import TYPE_NAME

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
        raise _with_words(kind or exceptions.GeneralServiceException, name, str(error)) from error


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
    return cause.response["Error"].get("Code", "") if isinstance(cause, botocore.ClientError) else ""


def was_retried(error: HandlerError) -> bool:
    """Tell whether botocore had sent the request before: an earlier attempt may have done what it asks, unheard."""
    cause = error.__cause__
    return isinstance(cause, botocore.ClientError) and cause.response["ResponseMetadata"].get("RetryAttempts", 0) > 0


def already_exists(name: str, conflict: HandlerError) -> HandlerError:
    """Return the error for a name that is taken, with what to do about it.

    Args:
        name: The name that the request asked for.
        conflict: What SageMaker's answer was translated to.
    """
    return _with_words(
        exceptions.AlreadyExists,
        name,
        f"{conflict} To replace a definition that has a JobDefinitionName of its own, change the name in the same "
        "update, or leave it out and have one generated: CloudFormation creates the new definition before it deletes "
        "the old one.",
    )


def _kind(error: botocore.ClientError) -> type[HandlerError]:
    known = BY_CODE.get(error.response["Error"].get("Code", ""))
    if known is not None:
        return known
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    if status >= 500:
        return exceptions.ServiceInternalError
    return {
        401: exceptions.InvalidCredentials,
        403: exceptions.AccessDenied,
        429: exceptions.Throttling,
    }.get(status, exceptions.GeneralServiceException)


def _words(error: botocore.ClientError) -> str:
    details, request = error.response["Error"], error.response["ResponseMetadata"]
    return (
        f"{details.get('Message') or '(no message)'} (SageMaker {error.operation_name}: "
        f"{details.get('Code', 'no code')}, request id {request.get('RequestId', 'unknown')})"
    )


def _with_words(kind: type[HandlerError], name: str, words: str) -> HandlerError:
    if kind in (exceptions.NotFound, exceptions.AlreadyExists):
        error = kind(TYPE_NAME, name)
        error.args = (f"{error} {words}",)
        return error
    return kind(words)
