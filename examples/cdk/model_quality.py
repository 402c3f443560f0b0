"""A construct for a model quality job definition, under any type name: aws_cdk's own class knows AWS's alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import aws_cdk as cdk
from constructs import Construct

ProblemType = Literal["BinaryClassification", "MulticlassClassification", "Regression"]


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Where the predictions come from, and what the container reads of them.

    Args:
        endpoint_name: An endpoint with data capture.
        inference: The attribute or column of the prediction: needed for all but BinaryClassification.
        probability: The attribute or column of the probability.
        threshold: The probability from which on the prediction is 1.
    """

    endpoint_name: str
    inference: str | None = None
    probability: str | None = None
    threshold: float | None = None

    def as_input(self) -> dict[str, Any]:
        """Return the EndpointInput: what is None is left out."""
        given = {
            "EndpointName": self.endpoint_name,
            "LocalPath": "/opt/ml/processing/input",
            "InferenceAttribute": self.inference,
            "ProbabilityAttribute": self.probability,
            "ProbabilityThresholdAttribute": self.threshold,
        }
        return {name: value for name, value in given.items() if value is not None}


class ModelQualityJobDefinition(Construct):
    """A definition with the usual choices made.

    Args:
        scope: The stack.
        construct_id: Its name there.
        type_name: The registered type: AWS's own, or one of your own.
        predictions: What is monitored.
        problem_type: What the model does.
        image_uri: Model Monitor's analyzer image for the region, or your own image.
        role_arn: The role that SageMaker runs the job with.
        ground_truth: The S3 URI of the labels.
        reports: The S3 URI that reports are written to.
        environment: Variables of the container.
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
        """The definition's name, as a monitoring schedule wants it: what follows the slash of the ARN."""
        return cdk.Fn.select(1, cdk.Fn.split("/", self.resource.ref))
