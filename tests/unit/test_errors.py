"""The table of errors."""

import botocore.session
import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib.interface import HandlerErrorCode

from aws_sagemaker_modelqualityjobdefinition import errors

MODEL = botocore.session.get_session().get_service_model("sagemaker")
RETRIABLE = {"Throttling", "ServiceInternalError", "NetworkFailure", "ResourceConflict"}


def told(error: Exception) -> errors.HandlerError:
    """Return what an error is translated to."""
    with pytest.raises(errors.HandlerError) as caught, errors.translated("fraud"):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


def refusal(code: str, status: int = 400, message: str | None = "because", retries: int = 0) -> ClientError:
    """Return an error as botocore raises it for an answer of AWS's."""
    metadata = {"RequestId": "request-1", "HTTPStatusCode": status, "RetryAttempts": retries}
    details = {"Code": code} | ({} if message is None else {"Message": message})
    return ClientError({"Error": details, "ResponseMetadata": metadata}, "Describe")  # type: ignore[typeddict-item]  # partial, as AWS's are


def test_every_error_that_sagemaker_models_is_in_the_table() -> None:
    """When botocore's model grows an error, the table has to grow with it."""
    modelled = {shape.metadata.get("error", {}).get("code", shape.name) for shape in MODEL.error_shapes}
    assert modelled
    assert modelled <= errors.BY_CODE.keys()


def test_every_error_that_botocore_retries_is_one_that_cloudformation_retries() -> None:
    """What is worth another attempt to botocore is worth one to CloudFormation."""
    throttled, transient = vars(ThrottledRetryableChecker), vars(TransientRetryableChecker)
    codes = {*throttled["_THROTTLED_ERROR_CODES"], *transient["_TRANSIENT_ERROR_CODES"]}
    assert codes <= errors.BY_CODE.keys()
    assert {errors.BY_CODE[code].__name__ for code in codes} <= RETRIABLE


def test_every_error_of_botocores_own_has_a_code() -> None:
    """Those that are none of the table's are GeneralServiceException, and none is InternalFailure."""
    for kind in vars(botocore_errors).values():
        if isinstance(kind, type) and issubclass(kind, BotoCoreError):
            error = kind.__new__(kind)
            Exception.__init__(error, "words")
            event = told(error).to_progress_event()
            assert event.errorCode is not HandlerErrorCode.InternalFailure
            assert "words" in event.message


@pytest.mark.parametrize(("code", "kind"), errors.BY_CODE.items())
def test_a_code_becomes_its_handler_error(code: str, kind: type[errors.HandlerError]) -> None:
    """With AWS's words, the operation, the code and the request's id, whatever the handler error's own form."""
    event = told(refusal(code)).to_progress_event()
    assert event.errorCode is HandlerErrorCode[kind.__name__]
    assert f"because (SageMaker Describe: {code}, request id request-1)" in event.message
    if kind is exceptions.NotFound:
        assert "with identifier 'fraud' was not found." in event.message


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "GeneralServiceException"),
        (401, "InvalidCredentials"),
        (403, "AccessDenied"),
        (404, "GeneralServiceException"),
        (429, "Throttling"),
        (500, "ServiceInternalError"),
        (503, "ServiceInternalError"),
    ],
)
def test_an_unknown_code_is_judged_by_its_status(status: int, code: str) -> None:
    """5xx and 429 are retriable; the rest is the service's, and not ours."""
    event = told(refusal("NeverSeenBefore", status, None)).to_progress_event()
    assert event.errorCode is HandlerErrorCode[code]
    assert "(no message) (SageMaker Describe: NeverSeenBefore" in event.message


def test_an_answer_that_says_nothing_is_still_translated() -> None:
    """No code, no message, no request id, no status."""
    error = ClientError({}, "Describe")
    error.response = {"Error": {}, "ResponseMetadata": {}}  # type: ignore[typeddict-item]  # that is the point
    event = told(error).to_progress_event()
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
    """The errors of botocore's own: connections, credentials, parameters."""
    event = told(error).to_progress_event()
    assert event.errorCode is HandlerErrorCode[code or "GeneralServiceException"]
    assert event.message == str(error)


def test_what_is_no_error_of_botocores_passes() -> None:
    """A defect of ours is not the service's failure."""
    with pytest.raises(KeyError), errors.translated("fraud"):
        raise KeyError


@pytest.mark.parametrize(("error", "retried"), [(refusal("X", retries=1), True), (refusal("X"), False)])
def test_a_retry_is_known_by_botocores_count(error: ClientError, *, retried: bool) -> None:
    """And an error that has no answer behind it is no retry's."""
    assert errors.was_retried(told(error)) is retried
    assert not errors.was_retried(told(botocore_errors.NoRegionError()))
