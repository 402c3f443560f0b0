"""A CDK app that writes an assembly for each state of the stacks that tools.clients.cdk deploys.

It runs in CDK's environment: python cdk_app.py FOLDER OWN_TYPE. It defines the resource with the L1 construct, and with
a CfnResource under your own type name.
"""

import json
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

PROPERTIES: dict[str, Any] = json.loads(Path(__file__).with_name("properties.json").read_text())
ENVIRONMENT = cdk.Environment(account="123456789012", region="us-east-1")
L1 = sagemaker.CfnModelQualityJobDefinition


def l1(stack: cdk.Stack, logical_id: str, image: str, endpoint: str) -> sagemaker.CfnModelQualityJobDefinition:
    """Return a definition made with CDK's L1 construct."""
    job_input = PROPERTIES["ModelQualityJobInput"]
    output = PROPERTIES["ModelQualityJobOutputConfig"]["MonitoringOutputs"][0]["S3Output"]
    cluster = PROPERTIES["JobResources"]["ClusterConfig"]
    return L1(
        stack,
        logical_id,
        endpoint_name=endpoint,
        job_resources=L1.MonitoringResourcesProperty(
            cluster_config=L1.ClusterConfigProperty(
                instance_count=cluster["InstanceCount"],
                instance_type=cluster["InstanceType"],
                volume_size_in_gb=cluster["VolumeSizeInGB"],
            )
        ),
        model_quality_app_specification=L1.ModelQualityAppSpecificationProperty(
            image_uri=image, problem_type=PROPERTIES["ModelQualityAppSpecification"]["ProblemType"]
        ),
        model_quality_job_input=L1.ModelQualityJobInputProperty(
            ground_truth_s3_input=L1.MonitoringGroundTruthS3InputProperty(
                s3_uri=job_input["GroundTruthS3Input"]["S3Uri"]
            ),
            endpoint_input=L1.EndpointInputProperty(
                endpoint_name=job_input["EndpointInput"]["EndpointName"],
                inference_attribute=job_input["EndpointInput"]["InferenceAttribute"],
                local_path=job_input["EndpointInput"]["LocalPath"],
            ),
        ),
        model_quality_job_output_config=L1.MonitoringOutputConfigProperty(
            monitoring_outputs=[
                L1.MonitoringOutputProperty(
                    s3_output=L1.S3OutputProperty(local_path=output["LocalPath"], s3_uri=output["S3Uri"])
                )
            ]
        ),
        role_arn=PROPERTIES["RoleArn"],
    )


def nest(stack: cdk.Stack, image: str) -> None:
    """Put a definition into a nested stack, and a schedule of it into its parent."""
    definition = l1(cdk.NestedStack(stack, "Child"), "Definition", image, "a")
    sagemaker.CfnMonitoringSchedule(
        stack,
        "Schedule",
        monitoring_schedule_name="nested",
        monitoring_schedule_config=sagemaker.CfnMonitoringSchedule.MonitoringScheduleConfigProperty(
            monitoring_type="ModelQuality",
            monitoring_job_definition_name=cdk.Fn.select(1, cdk.Fn.split("/", definition.ref)),
            schedule_config=sagemaker.CfnMonitoringSchedule.ScheduleConfigProperty(
                schedule_expression="cron(0 6 ? * * *)"
            ),
        ),
    )


def cross(app: cdk.App, image: str, endpoint: str) -> None:
    """Put a definition into one stack, and a parameter with its ARN into another, which imports it."""
    definition = l1(cdk.Stack(app, "Producer", env=ENVIRONMENT), "Definition", image, endpoint)
    consumer = cdk.Stack(app, "Consumer", env=ENVIRONMENT)
    cdk.CfnResource(consumer, "Arn", type="AWS::SSM::Parameter", properties={"Type": "String", "Value": definition.ref})


def main(folder: Path, own_type: str) -> None:
    """Write one assembly for each state, and one for the import."""
    image = PROPERTIES["ModelQualityAppSpecification"]["ImageUri"]
    states = {"first": (image, "a"), "changed": (image, "b"), "replaced": (image.replace(":1", ":2"), "b")}
    for state, (uri, endpoint) in states.items():
        app = cdk.App(outdir=str(folder / state))
        stack = cdk.Stack(app, "Quality", env=ENVIRONMENT)
        l1(stack, "Definition", uri, endpoint)
        own = cdk.CfnResource(stack, "Own", type=own_type, properties=PROPERTIES | {"EndpointName": endpoint})
        cdk.CfnOutput(stack, "OwnArn", value=own.ref)
        app.synth()
    for state, uri in (("nested", image), ("nested-replaced", image.replace(":1", ":2"))):
        app = cdk.App(outdir=str(folder / state))
        nest(cdk.Stack(app, "Nest", env=ENVIRONMENT), uri)
        app.synth()
    crossed = {"crossed": (image, "a"), "crossed-changed": (image, "b"), "crossed-replaced": (f"{image}-2", "b")}
    for state, (uri, endpoint) in crossed.items():
        app = cdk.App(outdir=str(folder / state))
        cross(app, uri, endpoint)
        app.synth()
    app = cdk.App(outdir=str(folder / "imported"))
    taken = cdk.Stack(app, "Taken", env=ENVIRONMENT)
    imported = l1(taken, "Definition", image, "a")
    imported.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    cdk.CfnOutput(taken, "Arn", value=imported.ref)  # an import can't add outputs, so `cdk import` leaves it out
    app.synth()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
