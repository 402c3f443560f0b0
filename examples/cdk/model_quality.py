"""A construct for a model quality job definition under any type name; aws_cdk's class supports only AWS's type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aws_cdk as cdk
from constructs import Construct

ProblemType = Literal["BinaryClassification", "MulticlassClassification", "Regression"]


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The source of the predictions, and the attributes that the container reads from them.

    Args:
        endpoint_name: An endpoint with data capture.
        inference: The attribute or column of the prediction; required unless the problem is a BinaryClassification.
        probability: The attribute or column of the probability.
        threshold: The lowest probability for which the prediction is 1.
    """

    endpoint_name: str
    inference: str | None = None
    probability: str | None = None
    threshold: float | None = None

    def as_input(self) -> dict[str, Any]:
        """Return the EndpointInput, without the attributes that are None."""
        given = {
            "EndpointName": self.endpoint_name,
            "LocalPath": "/opt/ml/processing/input",
            "InferenceAttribute": self.inference,
            "ProbabilityAttribute": self.probability,
            "ProbabilityThresholdAttribute": self.threshold,
        }
        return {name: value for name, value in given.items() if value is not None}


class ModelQualityJobDefinition(Construct):
    """A definition with usual values for the cluster and the container's paths.

    Args:
        scope: The stack.
        construct_id: The construct's id in the stack.
        type_name: The name of the registered type: AWS's or your own.
        predictions: The predictions to monitor.
        problem_type: The kind of problem that the model solves.
        image_uri: Model Monitor's analyzer image for the region, or your own image.
        role_arn: The role with which SageMaker runs the job.
        ground_truth: The S3 URI of the labels.
        reports: The S3 URI of the reports.
        environment: Environment variables of the container.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        type_name: str,
        predictions: Predictions,
        problem_type: ProblemType,
        image_uri: str,
        role_arn: str,
        ground_truth: str,
        reports: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.resource = cdk.CfnResource(
            self,
            "Resource",
            type=type_name,
            properties={
                "ModelQualityAppSpecification": {
                    "ImageUri": image_uri,
                    "ProblemType": problem_type,
                    **({"Environment": dict(environment)} if environment else {}),
                },
                "ModelQualityJobInput": {
                    "EndpointInput": predictions.as_input(),
                    "GroundTruthS3Input": {"S3Uri": ground_truth},
                },
                "ModelQualityJobOutputConfig": {
                    "MonitoringOutputs": [
                        {"S3Output": {"LocalPath": "/opt/ml/processing/output", "S3Uri": reports}},
                    ],
                },
                "JobResources": {
                    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20},
                },
                "RoleArn": role_arn,
            },
        )

    @property
    def arn(self) -> str:
        """The definition's ARN."""
        return self.resource.ref

    @property
    def name(self) -> str:
        """The definition's name, which a monitoring schedule needs: the part of the ARN after the slash."""
        return cdk.Fn.select(1, cdk.Fn.split("/", self.resource.ref))
