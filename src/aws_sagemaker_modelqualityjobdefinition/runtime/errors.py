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

BY_STATUS: Mapping[int, type[HandlerError]] = {
    401: exceptions.InvalidCredentials,
    403: exceptions.AccessDenied,
    408: exceptions.NetworkFailure,
    429: exceptions.Throttling,
}
"""The handler error for a refusal without a known code."""

_SKEWED = frozenset({"RequestTimeTooSkewed", "RequestTimeTooSkewedException"})
_NOTHING_SENT = (botocore.ConnectTimeoutError, botocore.EndpointConnectionError, botocore.ProxyConnectionError)
_HUNG = (botocore.ConnectTimeoutError, botocore.ReadTimeoutError)


class Errors:
    """The errors of a type's service, as failures that name the type and the service.

    The HTTP status decides about a code that is in none of the tables.
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

        `name` is the resource's, for NotFound; `call` is the client's method, for a message without an answer; `hide`
        hides in AWS's message what may be secret.

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

        `call` is the client's method, `answer` what botocore parsed, and `problem` what reading it raised.
        """
        metadata = answer.get("ResponseMetadata", {})
        parts = {"service": self.service, "operation": operation(call), "problem": type(problem).__name__}
        parts["status"] = metadata.get("HTTPStatusCode", "unknown")
        parts["request_id"] = words.shown(metadata.get("RequestId", "unknown"))
        return failures.UNREADABLE.failure(**parts)._replace(may_have_taken_effect=True)

    def already_exists(self, name: str, advice: Failure, conflict: Failure | None = None) -> Failure:
        """Return the failure for a name that is taken: what is known of its resource, what to do, AWS's answer."""
        text = f"{advice.words} {conflict.words}" if conflict else advice.words
        return advice._replace(words=self._about(advice.code, name, text))

    def not_found(self, identifier: str) -> Failure:
        """Return the failure for a resource that isn't there, with what the request identifies it by."""
        return failures.NOT_FOUND.failure(type=self._type_name, identifier=words.shown(identifier))

    def _answered(self, error: botocore.ClientError, name: str, hide: Callable[[str], str]) -> Failure:
        aws_code, metadata = _code(error), _metadata(error)
        status: int = metadata.get("HTTPStatusCode", 0)
        kind = self.by_code.get(aws_code) or _by_status(status, aws_code)
        code = HandlerErrorCode[kind.__name__]
        text = hide(str(error.response.get("Error", {}).get("Message") or "(no message)"))
        shown_code, request_id = words.shown(aws_code or "no code"), words.shown(metadata.get("RequestId", "unknown"))
        source = f"({self.service} {error.operation_name}: {shown_code}, request id {request_id})"
        is_long = len(text) > words.MESSAGE_LENGTH
        text = f"{source} {words.cut(text)}" if is_long else f"{words.printable(text)} {source}"
        if aws_code in _SKEWED:
            text = failures.CLOCK_IS_WRONG.words.format(service=self.service, text=text)
        failed_inside = kind is exceptions.ServiceInternalError and not 400 <= status < 500
        return Failure(code, self._about(code, name, text), failed_inside, aws_code, _wait(error))

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
        start = next((start for start in (failures.NOT_FOUND, failures.ALREADY_EXISTS) if start.code is code), None)
        return f"{start.words.format(type=self._type_name, identifier=words.shown(name))} {text}" if start else text


def defect(error: Exception) -> Failure:
    """Return the failure for an unexpected exception, and log its traceback. Its message may quote: it is left out."""
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
    """Return whether a request without an answer may have been sent: not without connection or trusted certificate."""
    if isinstance(error, botocore.SSLError):
        reasons = getattr(vars(error).get("kwargs", {}).get("error"), "args", ())
        return not any(isinstance(reason, ssl.SSLCertVerificationError) for reason in reasons)
    return not isinstance(error, _NOTHING_SENT)


def _wait(error: botocore.ClientError) -> float:
    """Return the seconds that the service's answer asks to wait before another attempt; 0 if it gives none."""
    milliseconds = str(_metadata(error).get("HTTPHeaders", {}).get("x-amz-retry-after", ""))
    return int(milliseconds) / 1000 if milliseconds.isdecimal() and len(milliseconds) < 10 else 0


def _by_status(status: int, code: str) -> type[HandlerError]:
    """Return the handler error for an answer whose code is in no table."""
    if status >= 500 or status in range(200, 400):  # a service's API never redirects
        return exceptions.ServiceInternalError
    # A refusal has a code. If the answer was cut off before it, botocore reports the status as the code.
    cut_off = code == str(status)
    return BY_STATUS.get(status, exceptions.ServiceInternalError if cut_off else exceptions.GeneralServiceException)


def _code(error: botocore.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _metadata(error: botocore.ClientError) -> Mapping[str, Any]:
    return error.response.get("ResponseMetadata", {})
