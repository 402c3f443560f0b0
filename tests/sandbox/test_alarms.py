"""AWS::CloudWatch::Alarm in stacks."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sandbox.cloudformation import stacks
from sandbox.model_quality.rules import rules

Client = Any
ALARM = {
    "AlarmName": "quality",
    "AlarmDescription": "The model got worse",
    "Namespace": "aws/sagemaker/Endpoints/model-metrics",
    "MetricName": "f2",
    "Dimensions": [{"Name": "Endpoint", "Value": "churn"}],
    "Statistic": "Average",
    "Period": 86400,
    "EvaluationPeriods": 1,
    "ComparisonOperator": "LessThanThreshold",
    "Threshold": 0.75,
    "TreatMissingData": "missing",
    "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:quality"],
    "Tags": [{"Key": "team", "Value": "pricing"}],
}


@pytest.fixture
def cloudformation() -> Iterator[Client]:
    """A CloudFormation with what the sandbox adds."""
    with mock_aws(), rules(), stacks.installed():
        yield boto3.client("cloudformation", region_name="us-east-1")


def template(**changes: Any) -> str:  # noqa: ANN401 - of properties
    """A template with the alarm, some of its properties changed, or left out where they are None."""
    properties = {key: value for key, value in (ALARM | changes).items() if value is not None}
    outputs = {"Name": {"Value": {"Ref": "Alarm"}}, "Arn": {"Value": {"Fn::GetAtt": "Alarm.Arn"}}}
    return json.dumps(
        {"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}} | {"Outputs": outputs}
    )


def status(cloudformation: Client) -> tuple[str, str]:
    """The stack's status and its reason."""
    (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
    return stack["StackStatus"], stack.get("StackStatusReason", "")


def alarms() -> list[dict[str, Any]]:
    """What CloudWatch has."""
    found: list[dict[str, Any]] = boto3.client("cloudwatch", region_name="us-east-1").describe_alarms()["MetricAlarms"]
    return found


def tags(arn: str) -> list[dict[str, str]]:
    """The tags of an alarm."""
    found: list[dict[str, str]] = boto3.client("cloudwatch", region_name="us-east-1").list_tags_for_resource(
        ResourceARN=arn
    )["Tags"]
    return found


def test_an_alarm_is_what_the_template_says(cloudformation: Client) -> None:
    """With the stack's tags; Ref is its name, and Arn an attribute."""
    cloudformation.create_stack(StackName="s", TemplateBody=template(), Tags=[{"Key": "stage", "Value": "test"}])
    assert status(cloudformation) == ("CREATE_COMPLETE", "")
    (alarm,) = alarms()
    assert {key: alarm[key] for key in ALARM if key != "Tags"} == {k: v for k, v in ALARM.items() if k != "Tags"}
    assert sorted(tag["Value"] for tag in tags(alarm["AlarmArn"])) == ["pricing", "test"]
    (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
    assert {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]} == {
        "Name": "quality",
        "Arn": alarm["AlarmArn"],
    }


def test_a_change_is_made_in_place(cloudformation: Client) -> None:
    """What the template no longer has is gone, tags included."""
    cloudformation.create_stack(StackName="s", TemplateBody=template())
    cloudformation.update_stack(StackName="s", TemplateBody=template(Threshold=0.9, AlarmActions=None, Tags=None))
    assert status(cloudformation)[0] == "UPDATE_COMPLETE"
    (alarm,) = alarms()
    assert (alarm["AlarmName"], alarm["Threshold"], alarm["AlarmActions"]) == ("quality", 0.9, [])
    assert tags(alarm["AlarmArn"]) == []


def test_another_name_is_another_alarm(cloudformation: Client) -> None:
    """And one that the template doesn't name has a generated name. All go with the stack."""
    cloudformation.create_stack(StackName="s", TemplateBody=template())
    cloudformation.update_stack(StackName="s", TemplateBody=template(AlarmName="other"))
    assert [one["AlarmName"] for one in alarms()] == ["other"]
    cloudformation.update_stack(StackName="s", TemplateBody=template(AlarmName=None))
    (name,) = [one["AlarmName"] for one in alarms()]
    assert name.startswith("s-Alarm-")
    cloudformation.delete_stack(StackName="s")
    assert alarms() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"AlarmName": "taken"}, "taken already exists"),
        (
            {"ThresholdMetricId": "m1", "Threshold": None},
            "This sandbox has alarms on one metric, without ThresholdMetricId",
        ),
    ],
)
def test_what_can_t_be_made_is_refused(cloudformation: Client, changes: dict[str, Any], reason: str) -> None:
    """A name that is taken, and what moto would forget."""
    boto3.client("cloudwatch", region_name="us-east-1").put_metric_alarm(
        AlarmName="taken", ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, Threshold=1, Period=60
    )
    cloudformation.create_stack(StackName="s", TemplateBody=template(**changes))
    assert status(cloudformation)[0] == "ROLLBACK_COMPLETE"
    assert reason in status(cloudformation)[1]
    assert [one["AlarmName"] for one in alarms()] == ["taken"]


def test_an_alarm_that_somebody_deleted(cloudformation: Client) -> None:
    """A delete of the stack takes it as done; an update says that it is missing."""
    cloudformation.create_stack(StackName="s", TemplateBody=template())
    boto3.client("cloudwatch", region_name="us-east-1").delete_alarms(AlarmNames=["quality"])
    cloudformation.update_stack(StackName="s", TemplateBody=template(Threshold=0.9))
    assert "There is no alarm quality" in status(cloudformation)[1]
    cloudformation.delete_stack(StackName="s")
    assert cloudformation.describe_stacks()["Stacks"] == []
