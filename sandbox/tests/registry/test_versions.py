"""A template registers a type, with its roles and its default version; and its failures."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox.account.account import Account

Client = Any  # boto3 creates client classes at run time

TRUST = """
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: resources.cloudformation.amazonaws.com}, Action: sts:AssumeRole}
"""
TEMPLATE = f"""
Parameters:
  TypeName: {{Type: String}}
  SchemaHandlerPackage: {{Type: String}}
Resources:
  ExecutionRole:
    Type: AWS::IAM::Role
    Properties: {TRUST}
  LogRole:
    Type: AWS::IAM::Role
    Properties: {TRUST}
  TypeVersion:
    Type: AWS::CloudFormation::ResourceVersion
    Properties:
      TypeName: !Ref TypeName
      SchemaHandlerPackage: !Ref SchemaHandlerPackage
      ExecutionRoleArn: !GetAtt ExecutionRole.Arn
      LoggingConfig:
        LogRoleArn: !GetAtt LogRole.Arn
        LogGroupName: !Sub ["${{Hyphenated}}-logs", {{Hyphenated: !Join ["-", !Split ["::", !Ref TypeName]]}}]
  DefaultVersion:
    Type: AWS::CloudFormation::ResourceDefaultVersion
    Properties: {{TypeVersionArn: !Ref TypeVersion}}
Outputs:
  TypeVersionArn: {{Value: !Ref TypeVersion}}
  ExecutionRoleArn: {{Value: !GetAtt ExecutionRole.Arn}}
"""
TYPE = "Toy::Test::Type"  # the type of sandbox.tests.toys.echo
ARN = "arn:aws:cloudformation:us-east-1:123456789012:type/resource/Toy-Test-Type"


@pytest.fixture
def account() -> Iterator[Account]:
    """Yield an account whose registry runs no tests."""
    with Account(tested=False) as account:
        yield account


@pytest.fixture
def cloudformation(account: Account, toy_package: Path) -> Client:
    """Return a client of the account, and a bucket with two packages of the toy and a broken one."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket="uploads")
    for key in ("one.zip", "two.zip"):
        s3.put_object(Bucket="uploads", Key=key, Body=toy_package.read_bytes())
    s3.put_object(Bucket="uploads", Key="broken.zip", Body=b"no zip")
    return account.client("cloudformation")


def deploy(action: Any, key: str, name: str = TYPE) -> dict[str, Any]:  # noqa: ANN401 - a method of a client
    """Create or update the template's stack, and return its description."""
    parameters = {"TypeName": name, "SchemaHandlerPackage": f"s3://uploads/{key}"}
    action(
        StackName="registration",
        TemplateBody=TEMPLATE,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    stack: dict[str, Any] = action.__self__.describe_stacks(StackName="registration")["Stacks"][0]
    return stack


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    """Return the stack's outputs; fail if the operation failed."""
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack["StackStatusReason"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def use_type(cloudformation: Client) -> str:
    """Create a stack that uses the type, delete it, and return the status that it reached."""
    resources = {"Toy": {"Type": TYPE, "Properties": {"Name": "toy"}}}
    cloudformation.create_stack(StackName="toys", TemplateBody=json.dumps({"Resources": resources}))
    status: str = cloudformation.describe_stacks(StackName="toys")["Stacks"][0]["StackStatus"]
    cloudformation.delete_stack(StackName="toys")
    return status


def test_the_life_of_a_registration(account: Account, cloudformation: Client) -> None:
    """The type is registered with its roles; a new package is the default before the old version is deleted."""
    stack_outputs = outputs(deploy(cloudformation.create_stack, "one.zip"))
    assert stack_outputs["TypeVersionArn"] == f"{ARN}/00000001"
    description = cloudformation.describe_type(Type="RESOURCE", TypeName=TYPE)
    assert (description["DefaultVersionId"], description["ExecutionRoleArn"]) == (
        "00000001",
        stack_outputs["ExecutionRoleArn"],
    )
    assert description["LoggingConfig"]["LogGroupName"] == "Toy-Test-Type-logs"
    roles = {role["Arn"] for role in account.client("iam").list_roles()["Roles"]}
    assert {description["ExecutionRoleArn"], description["LoggingConfig"]["LogRoleArn"]} == roles
    assert use_type(cloudformation) == "CREATE_COMPLETE"

    assert outputs(deploy(cloudformation.update_stack, "two.zip"))["TypeVersionArn"] == f"{ARN}/00000002"
    description = cloudformation.describe_type(Type="RESOURCE", TypeName=TYPE)
    assert description["DefaultVersionId"] == "00000002"
    events = cloudformation.describe_stack_events(StackName="registration")["StackEvents"]
    completed_events = [
        (one["LogicalResourceId"], one["ResourceStatus"])
        for one in reversed(events)
        if one["ResourceStatus"].endswith("COMPLETE")
    ]
    assert completed_events[-4:] == [
        ("TypeVersion", "UPDATE_COMPLETE"),
        ("DefaultVersion", "UPDATE_COMPLETE"),
        ("TypeVersion", "DELETE_COMPLETE"),
        ("registration", "UPDATE_COMPLETE"),
    ]
    listed = cloudformation.list_type_versions(Type="RESOURCE", TypeName=TYPE)["TypeVersionSummaries"]
    assert [version["VersionId"] for version in listed] == ["00000002"]
    assert use_type(cloudformation) == "CREATE_COMPLETE"

    cloudformation.delete_stack(StackName="registration")
    assert cloudformation.describe_stacks()["Stacks"] == []
    assert cloudformation.list_types()["TypeSummaries"] == []
    assert account.client("iam").list_roles()["Roles"] == []


@pytest.mark.parametrize(
    ("key", "name", "reason"),
    [
        ("broken.zip", TYPE, "NotStabilized"),
        ("nothing.zip", TYPE, "can't be read"),
        ("one.zip", "Toy::Test::Other", "The schema is of Toy::Test::Type"),
        ("one.zip", "AWS::Test::Type", "namespace of AWS::Test::Type is reserved"),
    ],
)
def test_what_is_refused(account: Account, cloudformation: Client, key: str, name: str, reason: str) -> None:
    """The registry's reason appears in the resource's event, and no type and no role is left."""
    stack = deploy(cloudformation.create_stack, key, name)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="registration")["StackEvents"]
    (failed,) = (event for event in events if event["ResourceStatus"] == "CREATE_FAILED")
    assert reason in failed["ResourceStatusReason"]
    assert cloudformation.list_types()["TypeSummaries"] == []
    assert account.client("iam").list_roles()["Roles"] == []


def test_a_package_that_is_refused_leaves_the_old_version(cloudformation: Client) -> None:
    """If an update's package is refused, the old version stays the default and usable."""
    deploy(cloudformation.create_stack, "one.zip")
    assert deploy(cloudformation.update_stack, "broken.zip")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert cloudformation.describe_type(Type="RESOURCE", TypeName=TYPE)["DefaultVersionId"] == "00000001"
    assert use_type(cloudformation) == "CREATE_COMPLETE"


def test_a_default_version_by_name(account: Account, cloudformation: Client) -> None:
    """The default version can be set by type name and version id; an unknown version is refused."""
    for key in ("one.zip", "two.zip"):
        cloudformation.register_type(TypeName=TYPE, SchemaHandlerPackage=f"s3://uploads/{key}")
    for version_id, status in (("00000002", "CREATE_COMPLETE"), ("00000003", "UPDATE_ROLLBACK_COMPLETE")):
        properties = {"TypeName": TYPE, "VersionId": version_id}
        body = {
            "Resources": {"Default": {"Type": "AWS::CloudFormation::ResourceDefaultVersion", "Properties": properties}}
        }
        call = cloudformation.create_stack if version_id == "00000002" else cloudformation.update_stack
        call(StackName="default", TemplateBody=json.dumps(body))
        assert cloudformation.describe_stacks(StackName="default")["Stacks"][0]["StackStatus"] == status
        assert cloudformation.describe_type(Type="RESOURCE", TypeName=TYPE)["DefaultVersionId"] == "00000002"
    cloudformation.delete_stack(StackName="default")
    assert cloudformation.describe_type(Type="RESOURCE", TypeName=TYPE)["DefaultVersionId"] == "00000002"
    control = account.client("cloudcontrol")
    listed = control.list_resources(TypeName="AWS::CloudFormation::ResourceVersion")["ResourceDescriptions"]
    assert [one["Identifier"] for one in listed] == [f"{ARN}/00000001", f"{ARN}/00000002"]
    found = control.get_resource(TypeName="AWS::CloudFormation::ResourceDefaultVersion", Identifier=ARN)
    assert json.loads(found["ResourceDescription"]["Properties"])["VersionId"] == "00000002"


def test_a_version_that_was_deregistered_outside(cloudformation: Client) -> None:
    """A version deregistered outside of the stack is reported as drift, and the stack can still be deleted."""
    deploy(cloudformation.create_stack, "one.zip")
    cloudformation.deregister_type(Type="RESOURCE", TypeName=TYPE)
    detection_id = cloudformation.detect_stack_drift(StackName="registration")["StackDriftDetectionId"]
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection_id)
    assert (status["StackDriftStatus"], status["DriftedStackResourceCount"]) == ("DRIFTED", 2)
    cloudformation.delete_stack(StackName="registration")
    assert cloudformation.describe_stacks()["Stacks"] == []
    (stack,) = cloudformation.describe_stacks(StackName="registration")["Stacks"]
    assert stack["StackStatus"] == "DELETE_COMPLETE"
