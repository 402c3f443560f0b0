"""The translation of botocore's errors to handler error codes."""

import ssl

import botocore.session
import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from cloudformation_cli_python_lib.interface import HandlerErrorCode

from aws_sagemaker_modelqualityjobdefinition.messages import ERRORS
from aws_sagemaker_modelqualityjobdefinition.runtime import errors, failures
from aws_sagemaker_modelqualityjobdefinition.runtime.failures import HandlerError

MODEL = botocore.session.get_session().get_service_model("sagemaker")
RETRIABLE = {"Throttling", "ServiceInternalError", "NetworkFailure", "ResourceConflict"}

CODES = """
  AccessDenied          AccessDenied AccessDeniedException KMSAccessDeniedException KMSKeyNotAccessibleFault
  AccessDenied          NotAuthorized OptInRequired UnauthorizedOperation
  AlreadyExists         ResourceAlreadyExists ResourceAlreadyExistsException
  InvalidCredentials    ExpiredToken ExpiredTokenException IncompleteSignature IncompleteSignatureException
  InvalidCredentials    InvalidAccessKeyId InvalidClientTokenId InvalidSignatureException InvalidToken
  InvalidCredentials    MissingAuthenticationToken MissingAuthenticationTokenException RequestExpired
  InvalidCredentials    RequestTimeTooSkewed RequestTimeTooSkewedException SignatureDoesNotMatch
  InvalidCredentials    UnrecognizedClientException
  InvalidRequest        InvalidAction InvalidParameterCombination InvalidParameterException InvalidParameterValue
  InvalidRequest        InvalidRequestException KMSDisabledException KMSInvalidKeyUsageException
  InvalidRequest        KMSInvalidStateException KMSNotFoundException KMSOptInRequired MalformedHttpRequestException
  InvalidRequest        MalformedQueryString MissingAction MissingParameter RequestEntityTooLargeException
  InvalidRequest        SerializationException UnknownOperationException ValidationError ValidationException
  NetworkFailure        RequestAbortedException RequestTimeout RequestTimeoutException
  NotFound              ResourceNotFound ResourceNotFoundException
  ResourceConflict      ConflictException ResourceInUse ResourceInUseException
  ServiceInternalError  InternalError InternalFailure InternalServerError InternalServerException InternalServiceError
  ServiceInternalError  KMSInternalException ServiceUnavailable ServiceUnavailableException
  ServiceLimitExceeded  ResourceLimitExceeded ServiceQuotaExceededException
  Throttling            BandwidthLimitExceeded EC2ThrottledException KMSThrottlingException LimitExceededException
  Throttling            PriorRequestNotComplete ProvisionedThroughputExceededException RequestLimitExceeded
  Throttling            RequestThrottled RequestThrottledException SlowDown ThrottledException Throttling
  Throttling            ThrottlingException TooManyRequestsException TransactionInProgressException
"""
"""Each handler error code, and the codes of AWS that become it.

The costliest mistakes: NotFound makes CloudFormation forget a definition, a wrong AlreadyExists orphans one, and
neither is retried.
"""

KIND_OF = {code: kind for kind, *codes in map(str.split, CODES.strip().splitlines()) for code in codes}


def handler_error_of(error: Exception) -> HandlerError:
    """Return the handler error that an error is translated to."""
    with pytest.raises(HandlerError) as caught, ERRORS.translated("fraud"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


def client_error(code: str, status: int = 400, message: str | None = "because") -> ClientError:
    """Return an error as botocore raises it for an error answer of AWS."""
    metadata = {"RequestId": "request-1", "HTTPStatusCode": status}
    details = {"Code": code} | ({} if message is None else {"Message": message})
    return ClientError({"Error": details, "ResponseMetadata": metadata}, "Describe")  # type: ignore[typeddict-item]  # partial, as AWS's answers are


def test_every_error_that_sagemaker_models_is_in_the_table() -> None:
    """The table has every error of botocore's model of SageMaker, so the test fails when botocore adds one."""
    codes = {shape.metadata.get("error", {}).get("code", shape.name) for shape in MODEL.error_shapes}
    assert codes
    assert codes <= ERRORS.by_code.keys()


def test_every_error_that_botocore_retries_is_one_that_cloudformation_retries() -> None:
    """Each error code that botocore retries becomes a handler error code that CloudFormation retries."""
    throttled, transient = vars(ThrottledRetryableChecker), vars(TransientRetryableChecker)
    codes = {*throttled["_THROTTLED_ERROR_CODES"], *transient["_TRANSIENT_ERROR_CODES"]}
    assert codes <= ERRORS.by_code.keys()
    assert {ERRORS.by_code[code].__name__ for code in codes} <= RETRIABLE


def test_every_error_of_botocores_own_has_a_code() -> None:
    """Each of botocore's own exceptions keeps its message, and none becomes InternalFailure."""
    for error_class in vars(botocore_errors).values():
        if isinstance(error_class, type) and issubclass(error_class, BotoCoreError):
            error = error_class.__new__(error_class)
            Exception.__init__(error, "words")
            event = handler_error_of(error).to_progress_event()
            assert event.errorCode is not HandlerErrorCode.InternalFailure
            assert "words" in event.message


def test_the_table_has_these_codes_and_no_others() -> None:
    """No code is mistaken for another kind, and a new one is decided on here too."""
    assert {code: kind.__name__ for code, kind in ERRORS.by_code.items()} == KIND_OF


@pytest.mark.parametrize("code", KIND_OF)
def test_a_code_becomes_its_handler_error(code: str) -> None:
    """Each code becomes its handler error, whose message has AWS's text, the operation, the code and the request id."""
    event = handler_error_of(client_error(code)).to_progress_event()
    assert event.errorCode is HandlerErrorCode[KIND_OF[code]]
    definition = "Resource of type 'AWS::SageMaker::ModelQualityJobDefinition' with identifier 'fraud'"
    start = {"NotFound": f"{definition} was not found. ", "AlreadyExists": f"{definition} already exists. "}
    clock = "The function's clock and SageMaker's differ too much. " if "Skewed" in code else ""
    source = f"because (SageMaker Describe: {code}, request id request-1)"
    assert event.message == start.get(KIND_OF[code], clock) + source


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (199, "GeneralServiceException"),
        (200, "ServiceInternalError"),
        (302, "ServiceInternalError"),
        (399, "ServiceInternalError"),
        (400, "GeneralServiceException"),
        (401, "InvalidCredentials"),
        (403, "AccessDenied"),
        (404, "GeneralServiceException"),
        (408, "NetworkFailure"),
        (429, "Throttling"),
        (500, "ServiceInternalError"),
        (503, "ServiceInternalError"),
    ],
)
def test_an_unknown_code_is_judged_by_its_status(status: int, code: str) -> None:
    """The HTTP status decides about an unknown code: 5xx and 429 are retriable, and none is InternalFailure."""
    event = handler_error_of(client_error("NeverSeenBefore", status, None)).to_progress_event()
    assert event.errorCode is HandlerErrorCode[code]
    assert "(no message) (SageMaker Describe: NeverSeenBefore" in event.message


def test_an_answer_that_says_nothing_is_still_translated() -> None:
    """An answer without code, message, request id and status is translated."""
    error = ClientError({}, "Describe")
    error.response = {"Error": {}, "ResponseMetadata": {}}  # type: ignore[typeddict-item]  # what the test needs
    event = handler_error_of(error).to_progress_event()
    assert event.errorCode is HandlerErrorCode.GeneralServiceException
    assert event.message == "(no message) (SageMaker Describe: no code, request id unknown)"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (botocore_errors.ConnectTimeoutError(endpoint_url="x"), "NetworkFailure"),
        (botocore_errors.ReadTimeoutError(endpoint_url="x"), "NetworkFailure"),
        (botocore_errors.EndpointConnectionError(endpoint_url="x"), "NetworkFailure"),
        (botocore_errors.ConnectionClosedError(endpoint_url="x"), "NetworkFailure"),
        (botocore_errors.SSLError(endpoint_url="x", error=OSError("y")), "NetworkFailure"),
        (botocore_errors.ProxyConnectionError(proxy_url="x"), "NetworkFailure"),
        (botocore_errors.NoCredentialsError(), "InvalidCredentials"),
        (botocore_errors.ParamValidationError(report="x"), "InvalidRequest"),
        (botocore_errors.NoRegionError(), "InvalidRequest"),
        (botocore_errors.InvalidRegionError(region_name="x"), "InvalidRequest"),
        (botocore_errors.ChecksumError(checksum_type="x", expected_checksum="y", actual_checksum="z"), None),
    ],
)
def test_what_fails_before_there_is_an_answer(error: BotoCoreError, code: str | None) -> None:
    """Errors that botocore itself raises (connection, credentials, parameters) get a code and keep their message."""
    event = handler_error_of(error).to_progress_event()
    assert event.errorCode is HandlerErrorCode[code or "GeneralServiceException"]
    assert event.message == str(error).replace("\n", " ")


def test_what_is_no_error_of_botocores_passes() -> None:
    """An exception that is not botocore's stays as it is, because it is a defect of this type."""
    with pytest.raises(KeyError), ERRORS.translated("fraud"):
        raise KeyError


@pytest.mark.parametrize(
    ("error", "may"),
    [
        (client_error("ResourceInUse"), False),
        (client_error("ThrottlingException"), False),
        (client_error("ThrottlingException", 503), False),
        (client_error("AccessDeniedException"), False),
        (client_error("KMSInternalException"), False),
        (client_error("RequestTimeout"), False),
        (client_error("NeverSeenBefore", 404), False),
        (client_error("InternalFailure", 500), True),
        (client_error("ServiceUnavailable", 503), True),
        (client_error("NeverSeenBefore", 502), True),
        (client_error("302", 302), True),
        (botocore_errors.EndpointConnectionError(endpoint_url="x"), False),
        (botocore_errors.ConnectTimeoutError(endpoint_url="x"), False),
        (botocore_errors.ProxyConnectionError(proxy_url="x"), False),
        (botocore_errors.SSLError(endpoint_url="x", error=OSError(ssl.SSLCertVerificationError())), False),
        (botocore_errors.NoCredentialsError(), False),
        (botocore_errors.ParamValidationError(report="x"), False),
        (botocore_errors.SSLError(endpoint_url="x", error=OSError(ssl.SSLEOFError())), True),
        (botocore_errors.ReadTimeoutError(endpoint_url="x"), True),
        (botocore_errors.ConnectionClosedError(endpoint_url="x"), True),
        (botocore_errors.HTTPClientError(error=OSError()), True),
        (botocore_errors.IncompleteReadError(actual_bytes=1, expected_bytes=2), True),
    ],
)
def test_what_may_have_taken_effect(error: Exception, *, may: bool) -> None:
    """A request that was not sent, or was refused, took no effect. Any other failed request may have taken effect."""
    assert failures.of(handler_error_of(error)).may_have_taken_effect is may


@pytest.mark.parametrize(
    ("header", "seconds"), [("1500", 1.5), ("-1", 0), ("soon", 0), ("9" * 9, 999_999.999), ("9" * 10, 0), (None, 0)]
)
def test_how_long_sagemaker_asks_to_wait(header: str | None, seconds: float) -> None:
    """The wait comes from a header, in milliseconds. An invalid value means no wait."""
    error = client_error("ServiceUnavailable", 503)
    error.response["ResponseMetadata"]["HTTPHeaders"] = {} if header is None else {"x-amz-retry-after": header}
    assert failures.of(handler_error_of(error)).wait == seconds
    assert failures.of(handler_error_of(botocore_errors.NoRegionError())).wait == 0


@pytest.mark.parametrize("length", [1000, 3_000_000])
def test_a_long_message_comes_last_and_is_cut(length: int) -> None:
    """A long text is cut and comes after the request id, which the reader needs first. Lambda takes 6 MB at most."""
    message = str(handler_error_of(client_error("ValidationException", 400, "x" * length)))
    if length == 1000:
        assert message == "x" * 1000 + " (SageMaker Describe: ValidationException, request id request-1)"
    else:
        start = "(SageMaker Describe: ValidationException, request id request-1) xxx"
        assert message.startswith(start)
        assert message.endswith("x... (3000000 characters)")
        assert len(message) < 1200


def test_what_is_missing_or_taken_is_named() -> None:
    """A failure without an answer of AWS has the plugin library's sentence; an answer is quoted at the end."""
    definition = "Resource of type 'AWS::SageMaker::ModelQualityJobDefinition' with identifier"
    missing = ERRORS.not_found("x\x1b")
    assert (missing.code, missing.words) == (HandlerErrorCode.NotFound, f"{definition} 'x\\x1b' was not found.")
    advice = failures.Failure(HandlerErrorCode.AlreadyExists, "Choose another.")
    conflict = failures.Failure(HandlerErrorCode.ResourceConflict, "In use.")
    taken = f"{definition} 'x' already exists. Choose another."
    assert ERRORS.already_exists("x", advice) == advice._replace(words=taken)
    assert ERRORS.already_exists("x", advice, conflict) == advice._replace(words=f"{taken} In use.")


@pytest.mark.parametrize("status", [None, 200])
def test_an_answer_that_can_not_be_read(status: int | None) -> None:
    """The failure names the operation and what is known of the answer; the request may have taken effect."""
    metadata = {"ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r\x1b"}} if status else {}
    failure = ERRORS.unreadable("list_tags", metadata, KeyError("secret"))
    known = "HTTP status 200, request id r\\x1b" if status else "HTTP status unknown, request id unknown"
    assert failure == failures.Failure(
        HandlerErrorCode.ServiceInternalError,
        "The answer to ListTags can't be read (KeyError): it was cut off, or something between here and SageMaker sent "
        f"it ({known}).",
        may_have_taken_effect=True,
    )


def test_a_defect_is_located_and_quotes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The message and the log have the kind of error and where it was raised, but not its text."""

    def fail() -> None:
        raise KeyError("s3cret")

    with pytest.raises(KeyError) as caught:
        fail()
    failure = errors.defect(caught.value)
    line = fail.__code__.co_firstlineno + 1
    assert failure == failures.Failure(
        HandlerErrorCode.InternalFailure,
        f"KeyError in fail, line {line}: a defect in this resource type. Please report it.",
    )
    (logged,) = caplog.messages
    assert logged.startswith("KeyError\n  File ")
    assert f"line {line}, in fail" in logged
    assert logged.endswith('raise KeyError("s3cret")\n')
    assert "?" not in logged
    assert "s3cret" not in logged.replace('raise KeyError("s3cret")', "")


def test_a_code_in_the_log_is_short() -> None:
    """The log has at most 64 characters of a code and of a request id."""
    error = client_error("C" * 65)
    error.response["ResponseMetadata"]["RequestId"] = "r" * 65
    assert errors.logged(error) == f"{'C' * 64}, request id {'r' * 64}"


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (botocore_errors.NoCredentialsError(), "Unable to locate credentials (SageMaker ListTags)"),
        (botocore_errors.ConnectionClosedError(endpoint_url="x"), ' URL: "x". (SageMaker ListTags: no answer)'),
    ],
)
def test_a_call_without_an_answer_is_named(error: BotoCoreError, ending: str) -> None:
    """The message ends with the operation, and says if nothing was answered."""
    with pytest.raises(HandlerError) as caught, ERRORS.translated("fraud", "list_tags"):
        raise error
    assert str(caught.value).endswith(ending)
