"""`make endpoint`: an endpoint with data capture in a sandbox, for guides that need one to monitor.

In AWS it would cost money by the hour, so it is made at an address of this machine only.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from cfn_sandbox import SandboxError

ROLE = "arn:aws:iam::123456789012:role/hosting"


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a model, a configuration with data capture and an endpoint of one name; return the exit code."""
    parser = argparse.ArgumentParser(prog="make endpoint", description="An endpoint with data capture, in the sandbox.")
    parser.add_argument("name", help="the name of the endpoint, its configuration and its model")
    options = parser.parse_args(arguments)
    try:
        make(options.name)
    except (SandboxError, ClientError) as error:
        print(f"make endpoint: {error}", file=sys.stderr)
        return 1
    print(f"The endpoint {options.name} captures data to s3://captured/{options.name}.")
    return 0


def make(name: str) -> None:
    """Make the endpoint.

    Args:
        name: the name of the endpoint, its configuration and its model.

    Raises:
        SandboxError: no name was given, or AWS_ENDPOINT_URL leads to no sandbox.
        ClientError: SageMaker's refusal, such as a name that is taken.
    """
    if not name:
        raise SandboxError("name the endpoint: make endpoint ENDPOINT_NAME=churn")
    if urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname not in {"127.0.0.1", "localhost"}:
        raise SandboxError('no sandbox is up in this shell: eval "$(cfn-sandbox up --detach)"')
    client = boto3.client("sagemaker")
    client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
    client.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://captured/{name}",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        },
    )
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)


if __name__ == "__main__":
    sys.exit(main())
