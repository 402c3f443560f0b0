"""Events as CloudFormation and Cloud Control send them to the function, and desired states for them."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
"""The project's folder, wherever pytest runs."""

ACCOUNT = "123456789012"
REGION = "eu-west-1"
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Fraud_Monitors/0d4fa7c0-6f3e-11ee-9e62-0aaf2f2b4f1d"
TYPE_NAME = "AWS::SageMaker::ModelQualityJobDefinition"
CALLER = {"accessKeyId": "ASIACALLER", "secretAccessKey": "caller-secret", "sessionToken": "caller-session"}
PROVIDER = {"accessKeyId": "ASIAPROVIDER", "secretAccessKey": "provider-secret", "sessionToken": "provider-session"}
LOG_GROUP = "modelquality-logs"

Json = dict[str, Any]


def event(
    action: str,
    properties: Mapping[str, Any] | None,
    previous: Mapping[str, Any] | None = None,
    *,
    context: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    previous_tags: Mapping[str, str] | None = None,
    token: str = "5f8a7a36-token",
    stack_id: str | None = STACK_ID,
    logical_id: str | None = "JobDefinition",
    log_group: str | None = None,
    next_token: str | None = None,
    **more: Any,  # noqa: ANN401 - any other part of the envelope
) -> Json:
    """Return a CloudFormation event, with every part copied."""
    return deepcopy(
        {
            "action": action,
            "awsAccountId": ACCOUNT,
            "bearerToken": token,
            "region": REGION,
            "resourceType": TYPE_NAME,
            "resourceTypeVersion": "00000001",
            "stackId": stack_id,
            "callbackContext": context,
            "nextToken": next_token,
            "requestData": {
                "callerCredentials": CALLER,
                "providerCredentials": PROVIDER if log_group else None,
                "providerLogGroupName": log_group,
                "logicalResourceId": logical_id,
                "resourceProperties": properties,
                "previousResourceProperties": previous,
                "stackTags": tags,
                "previousStackTags": previous_tags,
                "systemTags": {"aws:cloudformation:stack-name": "Fraud_Monitors"},
            },
            **more,
        }
    )


def minimal() -> Json:
    """Return a desired state with everything optional left out."""
    return {
        "JobResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 50},
        },
        "ModelQualityAppSpecification": {
            "ImageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/sagemaker-model-monitor-analyzer:latest",
            "ProblemType": "BinaryClassification",
        },
        "ModelQualityJobInput": {
            "EndpointInput": {"EndpointName": "fraud", "LocalPath": "/opt/ml/processing/endpointdata"},
            "GroundTruthS3Input": {"S3Uri": "s3://bucket/groundtruth"},
        },
        "ModelQualityJobOutputConfig": {
            "MonitoringOutputs": [
                {"S3Output": {"LocalPath": "/opt/ml/processing/localpath", "S3Uri": "s3://bucket/output"}}
            ],
        },
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/monitor",
    }


def maximal() -> Json:
    """Return a desired state with every property set that is allowed with an endpoint."""
    return minimal() | {
        "EndpointName": "fraud",
        "JobDefinitionName": "Fraud-Quality",
        "JobResources": {
            "ClusterConfig": {
                "InstanceCount": 2,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 50,
                "VolumeKmsKeyId": "alias/volume",
            },
        },
        "ModelQualityAppSpecification": {
            "ContainerArguments": ["--verbose", "yes"],
            "ContainerEntrypoint": ["/usr/bin/python3", "/opt/monitor.py"],
            "Environment": {"LEVEL": "debug", "S3InputMode": "mine"},
            "ImageUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/monitor:3",
            "PostAnalyticsProcessorSourceUri": "s3://bucket/after.py",
            "ProblemType": "BinaryClassification",
            "RecordPreprocessorSourceUri": "s3://bucket/before.py",
        },
        "ModelQualityBaselineConfig": {
            "BaseliningJobName": "baseline-1",
            "ConstraintsResource": {"S3Uri": "s3://bucket/constraints.json"},
        },
        "ModelQualityJobInput": {
            "EndpointInput": {
                "EndpointName": "fraud",
                "LocalPath": "/opt/ml/processing/endpointdata",
                "S3DataDistributionType": "ShardedByS3Key",
                "S3InputMode": "Pipe",
                "StartTimeOffset": "-PT1H",
                "EndTimeOffset": "-P0D",
                "InferenceAttribute": "0",
                "ProbabilityAttribute": "1",
                "ProbabilityThresholdAttribute": 0.8,
            },
            "GroundTruthS3Input": {"S3Uri": "s3://bucket/groundtruth"},
        },
        "ModelQualityJobOutputConfig": {
            "KmsKeyId": "alias/output",
            "MonitoringOutputs": [
                {
                    "S3Output": {
                        "LocalPath": "/opt/ml/processing/localpath",
                        "S3UploadMode": "EndOfJob",
                        "S3Uri": "s3://bucket/output",
                    }
                }
            ],
        },
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": False,
            "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 2000},
        "Tags": [{"Key": "team", "Value": "fraud"}],
    }


def batch(dataset_format: Mapping[str, Any]) -> Json:
    """Return a desired state for batch transform data in a format."""
    return minimal() | {
        "ModelQualityJobInput": {
            "BatchTransformInput": {
                "DataCapturedDestinationS3Uri": "s3://bucket/captured",
                "DatasetFormat": dict(dataset_format),
                "LocalPath": "/opt/ml/processing/input",
            },
            "GroundTruthS3Input": {"S3Uri": "s3://bucket/groundtruth"},
        }
    }


def arn(name: str, region: str = REGION, account: str = ACCOUNT) -> str:
    """Return the ARN of the definition with this name."""
    return f"arn:aws:sagemaker:{region}:{account}:model-quality-job-definition/{name.lower()}"
