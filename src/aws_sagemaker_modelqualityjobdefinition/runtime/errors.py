"""Translates errors of AWS and botocore to CloudFormation's handler error codes: one table, one context manager.

A type brings the table of its service's error codes. COMMON has those that any service of AWS can answer.
CloudFormation retries Throttling, ServiceInternalError, NetworkFailure and ResourceConflict. All others end the
operation.
"""

import logging
import ssl
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as botocore
from botocore.retries.standard import ThrottledRetryableChecker
from cloudformation_cli_python_lib import HandlerErrorCode, exceptions

from . import failures, words
from .failures import Failure, HandlerError

LOG = logging.getLogger(__name__)

Codes = Mapping[type[HandlerError], tuple[str, ...]]
"""The error codes of AWS that become a handler error."""

COMMON: Codes = {
    exceptions.AccessDenied: (
        "AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "UnauthorizedOperation",
    ),
    exceptions.InvalidCredentials: (
        "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "IncompleteSignatureException",
        "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken",
        "MissingAuthenticationToken", "MissingAuthenticationTokenException", "RequestExpired", "RequestTimeTooSkewed",
        "RequestTimeTooSkewedException", "SignatureDoesNotMatch", "UnrecognizedClientException",
    ),
    exceptions.InvalidRequest: (
        "InvalidAction", "InvalidParameterCombination", "InvalidParameterException", "InvalidParameterValue",
        "InvalidRequestException", "MalformedHttpRequestException", "MalformedQueryString", "MissingAction",
        "MissingParameter", "RequestEntityTooLargeException", "SerializationException", "UnknownOperationException",
        "ValidationError", "ValidationException",
    ),
    exceptions.NetworkFailure: ("RequestAbortedException", "RequestTimeout", "RequestTimeoutException"),
    exceptions.ServiceInternalError: (
        "InternalError", "InternalFailure", "InternalServerError", "InternalServerException", "InternalServiceError",
        "ServiceUnavailable", "ServiceUnavailableException",
    ),
    exceptions.Throttling: tuple(vars(ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"]),
}  # fmt: skip
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

_SKEWED = frozenset({"RequestTimeTooSkewed", "RequestTimeTooSkewedException"})
_NOTHING_SENT = (botocore.ConnectTimeoutError, botocore.EndpointConnectionError, botocore.ProxyConnectionError)
_HUNG = (botocore.ConnectTimeoutError, botocore.ReadTimeoutError)


class Errors:
    """The errors of a type's service, as failures.

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
    def translated(self, name: str, call: str = "", hide: Callable[[str], str] = str) -> Iterator[None]:
        """Translate botocore's exceptions to handler errors with AWS's message and request id.

        Args:
            name: The name of the resource concerned, for NotFound.
            call: The client's method that is called, for a message without an answer.
            hide: Hides in AWS's message what may be secret.

        Raises:
            HandlerError: One of the plugin library's exceptions, with a failure. Its cause is botocore's.
        """
        try:
            yield
        except botocore.ClientError as error:
            raise self._answered(error, name, hide).error() from error
        except botocore.BotoCoreError as error:
            raise self._not_answered(error, name, call, hide).error() from error

    def unreadable(self, call: str, answer: Mapping[str, Any], problem: Exception) -> Failure:
        """Return the failure for a successful answer that can't be read: it was cut off, or isn't the service's.

        Args:
            call: The client's method that was called.
            answer: The answer as botocore parsed it; empty if it couldn't.
            problem: The exception that reading it raised.
        """
        metadata = answer.get("ResponseMetadata", {})
        failure = failures.UNREADABLE.failure(
            operation=operation(call),
            problem=type(problem).__name__,
            service=self.service,
            status=metadata.get("HTTPStatusCode", "unknown"),
            request_id=words.shown(metadata.get("RequestId", "unknown")),
        )
        return failure._replace(may_have_taken_effect=True)

    def already_exists(self, name: str, advice: Failure, conflict: Failure | None = None) -> Failure:
        """Return the failure for a name that is taken.

        Args:
            name: The requested name.
            advice: What is known about the existing resource, and what to do.
            conflict: The service's answer.
        """
        text = f"{advice.words} {conflict.words}" if conflict else advice.words
        return advice._replace(words=self._about(advice.code, name, text))

    def not_found(self, identifier: str) -> Failure:
        """Return the failure for a resource that isn't there, with what the request identifies it by."""
        return failures.NOT_FOUND.failure(type=self._type_name, identifier=words.shown(identifier))

    def _answered(self, error: botocore.ClientError, name: str, hide: Callable[[str], str]) -> Failure:
        kind, status = self._kind(error), _status(error)
        code = HandlerErrorCode[kind.__name__]
        text = hide(str(error.response.get("Error", {}).get("Message") or "(no message)"))
        # The source precedes a long message.
        source = f"({self.service} {error.operation_name}: {words.shown(_code(error) or 'no code')}, request id "
        source += f"{words.shown(_metadata(error).get('RequestId', 'unknown'))})"
        text = (
            f"{words.printable(text)} {source}" if len(text) <= words.MESSAGE_LENGTH else f"{source} {words.cut(text)}"
        )
        if _code(error) in _SKEWED:
            text = failures.CLOCK_IS_WRONG.words.format(service=self.service, text=text)
        failed_inside = kind is exceptions.ServiceInternalError and not 400 <= status < 500
        return Failure(code, self._about(code, name, text), failed_inside, _code(error), _wait(error))

    def _not_answered(self, error: botocore.BotoCoreError, name: str, call: str, hide: Callable[[str], str]) -> Failure:
        kind = next((BY_CLIENT_ERROR[c] for c in type(error).__mro__ if c in BY_CLIENT_ERROR), None)
        code = HandlerErrorCode[(kind or exceptions.GeneralServiceException).__name__]
        text = words.cut(hide(str(error)))
        if call:
            text += f" ({self.service} {operation(call)}{': no answer' if code.name == 'NetworkFailure' else ''})"
        sent = _may_have_been_sent(error) and code.name not in {"InvalidCredentials", "InvalidRequest"}
        return Failure(code, self._about(code, name, text), sent, hung=isinstance(error, _HUNG))

    def _about(self, code: HandlerErrorCode, name: str, text: str) -> str:
        """Return a text after the plugin library's sentence, if it has one for the code."""
        start = {
            HandlerErrorCode.NotFound: failures.NOT_FOUND,
            HandlerErrorCode.AlreadyExists: failures.ALREADY_EXISTS,
        }.get(code)
        return f"{start.words.format(type=self._type_name, identifier=words.shown(name))} {text}" if start else text

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


def defect(error: Exception) -> Failure:
    """Return the failure for an unexpected exception, and log its traceback.

    Both leave out the exception's message, which may quote a property's value.
    """
    place = traceback.extract_tb(error.__traceback__)[-1]
    LOG.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return failures.DEFECT.failure(problem=type(error).__name__, function=place.name, line=place.lineno)


def logged(error: BaseException | None) -> str:
    """Return the cause of a failed attempt for the log: AWS's code and request id, or the exception's class.

    Nothing of it comes from a property. A code or an id that doesn't look like one is left out.
    """
    if not isinstance(error, botocore.ClientError):
        return type(error).__name__
    request_id = str(_metadata(error).get("RequestId", ""))
    seen = [text if text.isascii() and text.replace("-", "").isalnum() else "?" for text in (_code(error), request_id)]
    return f"{seen[0][:64]}, request id {seen[1][:64]}"


def operation(call: str) -> str:
    """Return the name of the operation that a client's method calls."""
    return "".join(part.capitalize() for part in call.split("_"))


def _may_have_been_sent(error: botocore.BotoCoreError) -> bool:
    """Return whether a request without an answer may have been sent.

    It wasn't if there was no connection, or if the service's certificate was refused.
    """
    if isinstance(error, botocore.SSLError):
        reasons = getattr(vars(error).get("kwargs", {}).get("error"), "args", ())
        return not any(isinstance(reason, ssl.SSLCertVerificationError) for reason in reasons)
    return not isinstance(error, _NOTHING_SENT)


def _wait(error: botocore.ClientError) -> float:
    """Return the seconds that the service's answer asks to wait before another attempt; 0 if it gives none."""
    milliseconds = str(_metadata(error).get("HTTPHeaders", {}).get("x-amz-retry-after", ""))
    return int(milliseconds) / 1000 if milliseconds.isdecimal() and len(milliseconds) < 10 else 0


def _code(error: botocore.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _metadata(error: botocore.ClientError) -> Mapping[str, Any]:
    return error.response.get("ResponseMetadata", {})


def _status(error: botocore.ClientError) -> int:
    status: int = _metadata(error).get("HTTPStatusCode", 0)
    return status
