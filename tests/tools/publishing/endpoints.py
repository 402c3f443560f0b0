"""Endpoints and sessions for the tests of publishing."""

from threading import Event
from typing import Any

import boto3
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account
from tools.publishing.place import Place

ROLE = "arn:aws:iam::123456789012:role/hosting"


def make(account: Account, name: str, *, captures: bool = True) -> None:
    """Create an endpoint, with or without data capture."""
    _make(account.client("sagemaker"), name, captures=captures)


def make_at(place: Place, name: str) -> None:
    """Create an endpoint with data capture."""
    _make(place.session.client("sagemaker"), name, captures=True)


def place(account: Account) -> Place:
    """Return an account's place, through a boto3 session like a user's."""
    session = boto3.Session("testing", "testing", "testing", region_name=account.region)
    session.client = account.client  # type: ignore[assignment, method-assign]  # boto3's configuration can't replace a session's clients
    return Place.of(session)


class StubSession:
    """A session whose registry returns the given answers in order; None, the last one, is a refusal."""

    def __init__(self, answers: list[dict[str, str] | None]) -> None:
        self._answers = iter(answers)
        self.exhausted = Event()

    def client(self, service: str) -> "StubSession":
        """Return this object as the CloudFormation client."""
        assert service == "cloudformation"
        return self

    def describe_type_registration(self, **_: Any) -> dict[str, str]:  # noqa: ANN401 - the token
        """Return the next answer, or raise AccessDenied for None."""
        answer = next(self._answers)
        if answer is None:
            self.exhausted.set()
            refusal = {"Error": {"Code": "AccessDenied", "Message": "ann may not"}}
            raise ClientError(refusal, "DescribeTypeRegistration")  # type: ignore[arg-type]  # a TypedDict in the stubs
        return answer


def _make(client: Any, name: str, *, captures: bool) -> None:  # noqa: ANN401 - boto3 makes the class at run time
    client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    capture = {
        "EnableCapture": captures,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=capture)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
