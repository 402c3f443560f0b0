"""The events that CloudFormation sends to a type's function, for the benchmark: built as the tests build theirs."""

import json
from typing import Any

from benchmarks.service import ACCOUNT, REGION
from tests import envelopes

STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/monitoring/2b7a8d10-4c5e-11ef-9a3b-0a1b2c3d4e5f"
CREDENTIALS = {"accessKeyId": "AKIAEXAMPLE", "secretAccessKey": "made-up", "sessionToken": "made-up" * 60}
ACTIONS = ("CREATE", "READ", "UPDATE", "DELETE", "LIST")

PREVIOUS_TAGS = {"team": "research", "stage": "production", "owner": "someone"}
"""The stack's tags before an UPDATE, which changes one and removes one."""

#: Only what is required.
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
        environment: How many variables its container gets, 50 at most. With any, all that is optional is set.
        tags: How many tags it has, 50 at most.
    """
    made: dict[str, Any] = json.loads(json.dumps(MINIMAL))
    if environment:
        made["ModelQualityAppSpecification"] |= {
            "ContainerArguments": [f"--argument-{number}" for number in range(50)],
            "ContainerEntrypoint": ["/usr/bin/python3", "/opt/program/analyze.py"],
            "Environment": {f"VARIABLE_{number}": "v" * 200 for number in range(environment)},
            "PostAnalyticsProcessorSourceUri": "s3://bucket/post.py",
            "RecordPreprocessorSourceUri": "s3://bucket/pre.py",
        }
        made["ModelQualityJobInput"]["EndpointInput"] |= {
            "StartTimeOffset": "-PT1H",
            "EndTimeOffset": "PT0H",
            "InferenceAttribute": "prediction",
            "ProbabilityAttribute": "probability",
            "ProbabilityThresholdAttribute": 0.5,
            "S3DataDistributionType": "FullyReplicated",
            "S3InputMode": "File",
        }
        made["ModelQualityBaselineConfig"] = {
            "BaseliningJobName": "baseline",
            "ConstraintsResource": {"S3Uri": "s3://bucket/constraints.json"},
        }
        made["NetworkConfig"] = {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": False,
            "VpcConfig": {
                "SecurityGroupIds": [f"sg-{number:08x}" for number in range(5)],
                "Subnets": [f"subnet-{number:08x}" for number in range(16)],
            },
        }
        made["StoppingCondition"] = {"MaxRuntimeInSeconds": 1800}
    if tags:
        made["Tags"] = [{"Key": f"key-{number}", "Value": f"value-{number}"} for number in range(tags)]
    return made


def name(number: int) -> str:
    """Return the name of the definition with this number, as the events use it."""
    return f"definition-{number:05}"


def event(
    action: str, number: int = 0, properties: dict[str, Any] | None = None, token: str | None = None
) -> dict[str, Any]:
    """Return one production event: provider log group, both sets of credentials, stack tags.

    Args:
        action: CREATE, READ, UPDATE, DELETE or LIST.
        number: Which definition it is about.
        properties: The definition's properties; the required ones if left out.
        token: The page to list.
    """
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-quality-job-definition/{name(number)}"
    asked = dict(model() if properties is None else properties, JobDefinitionName=name(number))
    there = action in ("READ", "DELETE", "UPDATE")
    properties = {} if action == "LIST" else asked | ({"JobDefinitionArn": arn} if there else {})
    made = envelopes.event(
        action,
        properties,
        properties if action == "UPDATE" else None,
        tags={"team": "monitoring", "stage": "production"},
        previous_tags=PREVIOUS_TAGS if action == "UPDATE" else None,
        token=f"7c2c7d1e-0b5c-4b1c-9d53-{number:012}",
        stack_id=STACK,
        logical_id=f"Definition{number}",
        log_group="model-quality-job-definition-logs",
        next_token=token,
        awsAccountId=ACCOUNT,
        region=REGION,
    )
    made["requestData"] |= {"callerCredentials": CREDENTIALS, "providerCredentials": CREDENTIALS}
    return made
