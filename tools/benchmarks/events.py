"""CloudFormation's events for the benchmark, built by the same code as the tests' events."""

import json
from typing import Any

from tools import envelopes
from tools.benchmarks.service import ACCOUNT, REGION

STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/monitoring/2b7a8d10-4c5e-11ef-9a3b-0a1b2c3d4e5f"
CREDENTIALS = {"accessKeyId": "AKIAEXAMPLE", "secretAccessKey": "made-up", "sessionToken": "made-up" * 60}
ACTIONS = ("CREATE", "READ", "UPDATE", "DELETE", "LIST")

PREVIOUS_TAGS = {"team": "research", "stage": "production", "owner": "someone"}
"""The stack's tags before an UPDATE, which changes one tag and removes one."""

#: The required properties only.
MINIMAL: dict[str, Any] = {
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/monitoring",
    "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}},
    "ModelQualityAppSpecification": {
        "ImageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/analyzer:latest",
        "ProblemType": "BinaryClassification",
    },
    "ModelQualityJobInput": {
        "EndpointInput": {"EndpointName": "endpoint", "LocalPath": "/opt/ml/processing/input"},
        "GroundTruthS3Input": {"S3Uri": "s3://bucket/labels"},
    },
    "ModelQualityJobOutputConfig": {
        "MonitoringOutputs": [{"S3Output": {"LocalPath": "/opt/ml/processing/output", "S3Uri": "s3://bucket/reports"}}]
    },
}


def model(*, environment: int = 0, tags: int = 0) -> dict[str, Any]:
    """Return the properties of a definition.

    Args:
        environment: The number of the container's variables, at most 50. If it is above 0, optional properties are set.
        tags: The number of tags, at most 50.
    """
    properties: dict[str, Any] = json.loads(json.dumps(MINIMAL))
    if environment:
        properties["ModelQualityAppSpecification"] |= {
            "ContainerArguments": [f"--argument-{number}" for number in range(50)],
            "ContainerEntrypoint": ["/usr/bin/python3", "/opt/program/analyze.py"],
            "Environment": {f"VARIABLE_{number}": "v" * 200 for number in range(environment)},
            "PostAnalyticsProcessorSourceUri": "s3://bucket/post.py",
            "RecordPreprocessorSourceUri": "s3://bucket/pre.py",
        }
        properties["ModelQualityJobInput"]["EndpointInput"] |= {
            "StartTimeOffset": "-PT1H",
            "EndTimeOffset": "PT0H",
            "InferenceAttribute": "prediction",
            "ProbabilityAttribute": "probability",
            "ProbabilityThresholdAttribute": 0.5,
            "S3DataDistributionType": "FullyReplicated",
            "S3InputMode": "File",
        }
        properties["ModelQualityBaselineConfig"] = {
            "BaseliningJobName": "baseline",
            "ConstraintsResource": {"S3Uri": "s3://bucket/constraints.json"},
        }
        properties["NetworkConfig"] = {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": False,
            "VpcConfig": {
                "SecurityGroupIds": [f"sg-{number:08x}" for number in range(5)],
                "Subnets": [f"subnet-{number:08x}" for number in range(16)],
            },
        }
        properties["StoppingCondition"] = {"MaxRuntimeInSeconds": 1800}
    if tags:
        properties["Tags"] = [{"Key": f"key-{number}", "Value": f"value-{number}"} for number in range(tags)]
    return properties


def name(number: int) -> str:
    """Return the name that the events use for the definition with a number."""
    return f"definition-{number:05}"


def event(
    action: str, number: int = 0, properties: dict[str, Any] | None = None, token: str | None = None
) -> dict[str, Any]:
    """Return an event as in production, with the provider's log group, both sets of credentials and stack tags.

    Args:
        action: CREATE, READ, UPDATE, DELETE or LIST.
        number: The definition's number.
        properties: The definition's properties, by default the required ones.
        token: The token of the page to list.
    """
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-quality-job-definition/{name(number)}"
    desired = dict(model() if properties is None else properties, JobDefinitionName=name(number))
    exists = action in ("READ", "DELETE", "UPDATE")
    properties = {} if action == "LIST" else desired | ({"JobDefinitionArn": arn} if exists else {})
    envelope = envelopes.event(
        action,
        properties,
        properties if action == "UPDATE" else None,
        tags={"team": "monitoring", "stage": "production"},
        previous_tags=PREVIOUS_TAGS if action == "UPDATE" else None,
        token=f"7c2c7d1e-0b5c-4b1c-9d53-{number:012}",
        stack_id=None if action == "LIST" else STACK,  # a list is of no stack's resource
        logical_id=None if action == "LIST" else f"Definition{number}",
        log_group="model-quality-job-definition-logs",
        next_token=token,
        awsAccountId=ACCOUNT,
        region=REGION,
    )
    envelope["requestData"] |= {"callerCredentials": CREDENTIALS, "providerCredentials": CREDENTIALS}
    return envelope
