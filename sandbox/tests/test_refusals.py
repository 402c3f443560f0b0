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


def test_what_is_no_call_of_aws_is_answered_too(account: Account) -> None:
    """A request that is no AWS call, for example a browser's, is forbidden in a sentence."""
    answer = requests.get(f"{account.endpoint}/moto-api/no/such/page", timeout=10)
    assert answer.status_code == 403
    assert "moto" in answer.text
