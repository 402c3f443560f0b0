"""Prints a template that troposphere builds; it runs in troposphere's environment."""

import json
from pathlib import Path
from typing import Any

from troposphere import Output, Ref, Template
from troposphere.sagemaker import (
    ClusterConfig,
    ModelQualityAppSpecification,
    ModelQualityEndpointInput,
    ModelQualityJobDefinition,
    ModelQualityJobInput,
    MonitoringGroundTruthS3Input,
    MonitoringOutput,
    MonitoringOutputConfig,
    MonitoringResources,
    S3Output,
)

PROPERTIES: dict[str, Any] = json.loads(Path(__file__).with_name("properties.json").read_text())


def main() -> None:
    """Print the template."""
    template = Template()
    job_input = PROPERTIES["ModelQualityJobInput"]
    outputs = PROPERTIES["ModelQualityJobOutputConfig"]["MonitoringOutputs"]
    definition = template.add_resource(
        ModelQualityJobDefinition(
            "Definition",
            JobResources=MonitoringResources(
                ClusterConfig=ClusterConfig(**PROPERTIES["JobResources"]["ClusterConfig"])
            ),
            ModelQualityAppSpecification=ModelQualityAppSpecification(**PROPERTIES["ModelQualityAppSpecification"]),
            ModelQualityJobInput=ModelQualityJobInput(
                EndpointInput=ModelQualityEndpointInput(**job_input["EndpointInput"]),
                GroundTruthS3Input=MonitoringGroundTruthS3Input(**job_input["GroundTruthS3Input"]),
            ),
            ModelQualityJobOutputConfig=MonitoringOutputConfig(
                # troposphere requires an upload mode, as only some of the types with an S3Output do.
                MonitoringOutputs=[
                    MonitoringOutput(S3Output=S3Output(S3UploadMode="EndOfJob", **output["S3Output"]))
                    for output in outputs
                ]
            ),
            RoleArn=PROPERTIES["RoleArn"],
        )
    )
    template.add_output(Output("Arn", Value=Ref(definition)))
    print(template.to_json())


if __name__ == "__main__":
    main()
