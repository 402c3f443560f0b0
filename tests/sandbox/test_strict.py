"""The strict rules refuse definitions whose role, endpoint or attributes SageMaker would not accept."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tools.envelopes import ROOT
from tools.sagemaker.rules import rules

ROLE = "arn:aws:iam::123456789012:role/monitoring"
OUTPUT = {"S3Output": {"S3Uri": "s3://bucket/output", "LocalPath": "/output"}}
BATCH = {
    "DataCapturedDestinationS3Uri": "s3://bucket/captured",
    "DatasetFormat": {"Csv": {}},
    "LocalPath": "/opt/ml/processing/input",
}


@pytest.fixture(autouse=True)
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield a client of moto with the strict rules, without the user's AWS configuration."""
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with mock_aws(), rules(strict=True):
        yield boto3.client("sagemaker", "us-east-1")


@pytest.mark.slow
def test_the_sandbox_is_strict_on_request() -> None:
    """The sandbox refuses a request with --strict that it accepts without."""
    request = json.dumps(_request({"BatchTransformInput": BATCH}))
    command = ["aws", "sagemaker", "create-model-quality-job-definition", "--cli-input-json", request]
    results = [
        subprocess.run(
            [sys.executable, "-m", "cfn_sandbox", "run", *options, "--", *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        for options in ([], ["--strict"])
    ]
    assert results[0].returncode == 0, results[0].stderr
    assert results[1].returncode != 0
    assert f"Could not assume role {ROLE}" in results[1].stderr


def _request(source: dict[str, Any], problem: str = "Regression") -> dict[str, Any]:
    return {
        "JobDefinitionName": "definition",
        "ModelQualityAppSpecification": {"ImageUri": "image", "ProblemType": problem},
        "ModelQualityJobInput": {**source, "GroundTruthS3Input": {"S3Uri": "s3://bucket/truth"}},
        "ModelQualityJobOutputConfig": {"MonitoringOutputs": [OUTPUT]},
        "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}},
        "RoleArn": ROLE,
    }


def _create(sagemaker: Any, source: dict[str, Any], problem: str = "Regression") -> None:  # noqa: ANN401 - boto3's client
    sagemaker.create_model_quality_job_definition(**_request(source, problem))


def _endpoint(**attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - members of a request
    return {"EndpointInput": {"EndpointName": "churn", "LocalPath": "/opt/ml/processing/input", **attributes}}


def _make_role(principal: Any, action: str = "sts:AssumeRole") -> None:  # noqa: ANN401 - any JSON value
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    boto3.client("iam", "us-east-1").create_role(
        RoleName="monitoring", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


def _make_endpoint(sagemaker: Any) -> None:  # noqa: ANN401 - boto3's client
    variant = {"VariantName": "all", "ModelName": "model", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_model(ModelName="model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
    sagemaker.create_endpoint_config(EndpointConfigName="config", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="config")


@pytest.mark.parametrize(
    ("principal", "action"),
    [
        ({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole"),
        ({"AWS": "*"}, "sts:AssumeRole"),
        ({"Service": "sagemaker.amazonaws.com"}, "sts:TagSession"),
        (None, ""),
    ],
)
def test_a_role_that_sagemaker_cant_assume(sagemaker: Any, principal: Any, action: str) -> None:  # noqa: ANN401 - boto3's client, any JSON value
    """A role that trusts another service, that allows another action or that doesn't exist is refused."""
    if principal is not None:
        _make_role(principal, action)
    with pytest.raises(
        ClientError, match=r"ValidationException.*Could not assume role arn:aws:iam::123456789012:role/"
    ):
        _create(sagemaker, {"BatchTransformInput": BATCH})


@pytest.mark.parametrize("services", ["sagemaker.amazonaws.com", ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]])
def test_a_role_that_sagemaker_can_assume(sagemaker: Any, services: Any) -> None:  # noqa: ANN401 - boto3's client, any JSON value
    """A role that trusts SageMaker is accepted, also if it trusts other services."""
    _make_role({"Service": services})
    _create(sagemaker, {"BatchTransformInput": BATCH})


def test_an_endpoint_must_exist(sagemaker: Any) -> None:  # noqa: ANN401 - boto3's client
    """A definition for a missing endpoint is refused, and accepted once the endpoint exists."""
    _make_role({"Service": "sagemaker.amazonaws.com"})
    with pytest.raises(ClientError, match=r'ValidationException.*Could not find endpoint "arn:aws:.*:endpoint/churn"'):
        _create(sagemaker, _endpoint(InferenceAttribute="0"))
    _make_endpoint(sagemaker)
    _create(sagemaker, _endpoint(InferenceAttribute="0"))


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [({}, "Regression"), ({"ProbabilityAttribute": "1"}, "Regression"), ({}, "BinaryClassification")],
)
def test_an_endpoint_input_needs_its_attribute(sagemaker: Any, attributes: dict[str, str], problem: str) -> None:  # noqa: ANN401 - boto3's client
    """An endpoint input needs InferenceAttribute; for binary classification, ProbabilityAttribute is enough."""
    _make_role({"Service": "sagemaker.amazonaws.com"})
    _make_endpoint(sagemaker)
    with pytest.raises(ClientError, match=r"missing required field.*EndpointInput\.InferenceAttribute"):
        _create(sagemaker, _endpoint(**attributes), problem)
    _create(sagemaker, _endpoint(ProbabilityAttribute="1"), "BinaryClassification")
