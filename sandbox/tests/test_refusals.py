"""The account refuses what it lacks in the service's own protocol, so that clients show it like an AWS error."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from moto.sagemaker.responses import SageMakerResponse

from cfn_sandbox.account.account import Account

Client = Any  # boto3 creates client classes at run time

UNKNOWN: dict[str, tuple[str, Callable[[Client], object], str, str]] = {
    "json 1.1": (
        "sagemaker",
        lambda c: c.list_labeling_jobs(),
        "UnknownOperationException",
        "SageMaker's ListLabelingJobs",
    ),
    "query": (
        "cloudformation",
        lambda c: c.list_generated_templates(),
        "InvalidAction",
        "CloudFormation's ListGeneratedTemplates",
    ),
    "ec2": ("ec2", lambda c: c.describe_bundle_tasks(), "InvalidAction", "EC2's DescribeBundleTasks"),
    "rest-json": (
        "lambda",
        lambda c: c.get_account_settings(),
        "UnknownOperationException",
        "Lambda's GetAccountSettings",
    ),
    "rest-xml": (
        "route53",
        lambda c: c.list_cidr_collections(),
        "UnknownOperationException",
        "Route 53's ListCidrCollections",
    ),
    "several": (
        "cloudwatch",
        lambda c: c.list_managed_insight_rules(ResourceARN="a"),
        "UnknownOperationException",
        "CloudWatch's ListManagedInsightRules",
    ),
    "a service that moto has not": (
        "chime-sdk-voice",
        lambda c: c.list_voice_connectors(),
        "UnknownOperationException",
        "service Chime.",
    ),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_an_unknown_action_is_named(account: Account, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    """An unknown action is a 400, which no client retries, without HTML or a traceback on the terminal."""
    service, call, code, subject = UNKNOWN[kind]
    with pytest.raises(ClientError) as refused:
        call(account.client(service))
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"]["Message"].startswith(f"This sandbox has no {subject}")
    assert answer["Error"]["Code"] == code
    assert "Traceback" not in capfd.readouterr().err


def test_a_defect_of_motos_is_an_internal_failure(
    account: Account, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A defect of moto's is a 500 in the service's protocol, with a traceback on the sandbox's terminal."""

    def trip(_: SageMakerResponse) -> None:
        raise KeyError("MonitoringInputs")

    monkeypatch.setattr(SageMakerResponse, "list_models", trip)
    with pytest.raises(ClientError) as failed:
        account.client("sagemaker").list_models()
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert failed.value.response["Error"] == {
        "Code": "InternalFailure",
        "Message": "This sandbox failed on SageMaker's ListModels: KeyError: 'MonitoringInputs'",
    }
    captured = capfd.readouterr()
    assert "KeyError: 'MonitoringInputs'" in captured.err
    assert captured.out == ""


def sent(account: Account, service: str, body: bytes, headers: dict[str, str]) -> requests.Response:
    """Send a signed request as it is, and return the answer."""
    scope = f"{account.credentials.access_key_id}/20260101/{account.region}/{service}/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    return requests.post(account.endpoint, data=body, headers=signed | headers, timeout=10)


@pytest.mark.parametrize("body", [b"{not", b"[]", b"null", b'"a"', b"\xff\xfe", b"[" * 5000, b"1" * 5000])
def test_a_body_that_is_not_json(account: Account, body: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """A service of a JSON protocol refuses a body that is no JSON object, before moto makes something of it."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.CreateModel"}
    answer = sent(account, "sagemaker", body, headers)
    assert (answer.status_code, answer.json()) == (
        400,
        {"__type": "SerializationException", "message": "The request's body is no JSON object."},
    )
    assert account.client("sagemaker").list_models()["Models"] == []
    assert sent(account, "sagemaker", b"", headers | {"X-Amz-Target": "SageMaker.ListModels"}).status_code == 200
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("service", ["sts", "iam", "sns", "ec2"])
@pytest.mark.parametrize(
    ("body", "code"), [(b"Action=Nope", "InvalidAction"), (b"Version=1", "MissingAction"), (b"", "MissingAction")]
)
def test_a_query_without_an_action(
    account: Account, service: str, body: bytes, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A service of the query protocol refuses an action that it doesn't have, and a request without one."""
    answer = sent(account, service, body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400
    assert f"<Code>{code}</Code>" in answer.text
    assert "Traceback" not in capfd.readouterr().err


def test_what_is_no_call_of_aws_is_answered_too(account: Account) -> None:
    """A request that is no AWS call, for example a browser's, is forbidden in a sentence."""
    answer = requests.get(f"{account.endpoint}/moto-api/no/such/page", timeout=10)
    assert answer.status_code == 403
    assert "moto" in answer.text
