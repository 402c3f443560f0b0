"""Stacks create, update, replace and delete alarms (AWS::CloudWatch::Alarm)."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.stack_events import why
from tools.sagemaker import account

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
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Yield a client of the CloudFormation of an account that boto3's clients call."""
    with account() as opened:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials of an earlier account
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        yield boto3.client("cloudformation", region_name="us-east-1")


def template(**changes: Any) -> str:  # noqa: ANN401 - any property's value
    """Return a template with the alarm. A change replaces a property, and None removes it."""
    properties = {key: value for key, value in (ALARM | changes).items() if value is not None}
    outputs = {"Name": {"Value": {"Ref": "Alarm"}}, "Arn": {"Value": {"Fn::GetAtt": "Alarm.Arn"}}}
    return json.dumps(
        {"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}} | {"Outputs": outputs}
    )


def status(cloudformation: Client) -> tuple[str, str]:
    """Return the stack's status, and the reasons of its failed events."""
    (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
    return stack["StackStatus"], why(cloudformation, stack["StackId"])


def alarms() -> list[dict[str, Any]]:
    """Return the alarms that CloudWatch has."""
    found: list[dict[str, Any]] = boto3.client("cloudwatch", region_name="us-east-1").describe_alarms()["MetricAlarms"]
    return found


def tags(arn: str) -> list[dict[str, str]]:
    """Return the tags of an alarm."""
    found: list[dict[str, str]] = boto3.client("cloudwatch", region_name="us-east-1").list_tags_for_resource(
        ResourceARN=arn
    )["Tags"]
    return found


def test_an_alarm_is_what_the_template_says(cloudformation: Client) -> None:
    """An alarm has the template's properties and the stack's tags. Ref is its name, Fn::GetAtt has its ARN."""
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
    """An update changes the alarm in place, and removes properties and tags that left the template."""
    cloudformation.create_stack(StackName="s", TemplateBody=template())
    cloudformation.update_stack(StackName="s", TemplateBody=template(Threshold=0.9, AlarmActions=None, Tags=None))
    assert status(cloudformation)[0] == "UPDATE_COMPLETE"
    (alarm,) = alarms()
    assert (alarm["AlarmName"], alarm["Threshold"], alarm["AlarmActions"]) == ("quality", 0.9, [])
    assert tags(alarm["AlarmArn"]) == []


def test_another_name_is_another_alarm(cloudformation: Client) -> None:
    """Another name replaces the alarm; without a name, the alarm gets a generated one. DELETE leaves no alarm."""
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
        ({"AlarmName": "taken"}, "identifier 'taken' already exists"),
        (
            {"ThresholdMetricId": "m1", "Threshold": None},
            "This sandbox has alarms on one metric, without ThresholdMetricId",
        ),
    ],
)
def test_what_can_t_be_made_is_refused(cloudformation: Client, changes: dict[str, Any], reason: str) -> None:
    """CREATE refuses a name that is taken and a property that moto would ignore."""
    boto3.client("cloudwatch", region_name="us-east-1").put_metric_alarm(
        AlarmName="taken", ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, Threshold=1, Period=60
    )
    cloudformation.create_stack(StackName="s", TemplateBody=template(**changes))
    assert status(cloudformation)[0] == "ROLLBACK_COMPLETE"
    assert reason in status(cloudformation)[1]
    assert [one["AlarmName"] for one in alarms()] == ["taken"]


def test_an_alarm_deleted_outside_the_stack(cloudformation: Client) -> None:
    """If the alarm was deleted outside of the stack, UPDATE fails and says so, and DELETE succeeds."""
    cloudformation.create_stack(StackName="s", TemplateBody=template())
    boto3.client("cloudwatch", region_name="us-east-1").delete_alarms(AlarmNames=["quality"])
    cloudformation.update_stack(StackName="s", TemplateBody=template(Threshold=0.9))
    assert "There is no alarm quality" in status(cloudformation)[1]
    cloudformation.delete_stack(StackName="s")
    assert cloudformation.describe_stacks()["Stacks"] == []


def test_an_alarm_with_its_topic(cloudformation: Client) -> None:
    """A topic with its policy and an email subscription, and the alarm that calls it, are made, changed and deleted.

    The names are of the form that CDK gives, and the stack is deployed with change sets, as CDK and SAM do.
    """

    def deploy(kind: str, threshold: float, address: str) -> list[tuple[str, str]]:
        topic = {"Ref": "Alerts9F3C"}
        allowed = {"Service": "cloudwatch.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": allowed, "Action": "sns:Publish", "Resource": topic}
        document = {"Version": "2012-10-17", "Statement": [statement | {"Sid": f"of{int(threshold * 10)}"}]}
        mail = {"TopicArn": topic, "Protocol": "email", "Endpoint": address}
        resources = {
            "Alerts9F3C": {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": "Monitor/Alerts/Resource"}},
            "AlertsPolicy1B": {
                "Type": "AWS::SNS::TopicPolicy",
                "Properties": {"PolicyDocument": document, "Topics": [topic]},
            },
            "Alertsann7D": {"Type": "AWS::SNS::Subscription", "Properties": mail},
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": ALARM | {"Threshold": threshold, "AlarmActions": [topic]},
            },
        }
        request = {"StackName": "s", "ChangeSetName": "c", "ChangeSetType": kind}
        cloudformation.create_change_set(**request, TemplateBody=json.dumps({"Resources": resources}))
        cloudformation.get_waiter("change_set_create_complete").wait(StackName="s", ChangeSetName="c")
        changes = cloudformation.describe_change_set(StackName="s", ChangeSetName="c")["Changes"]
        cloudformation.execute_change_set(StackName="s", ChangeSetName="c")
        shown = [change["ResourceChange"] for change in changes]
        return sorted((one["LogicalResourceId"], one.get("Replacement", one["Action"])) for one in shown)

    sns = boto3.client("sns", region_name="us-east-1")
    names = ("Alarm", "Alerts9F3C", "AlertsPolicy1B", "Alertsann7D")
    assert deploy("CREATE", 0.5, "ann@example.com") == [(name, "Add") for name in names]
    assert status(cloudformation) == ("CREATE_COMPLETE", "")
    (topic,) = alarms()[0]["AlarmActions"]
    changed = deploy("UPDATE", 0.9, "bob@example.com")
    assert changed == [("Alarm", "False"), ("AlertsPolicy1B", "False"), ("Alertsann7D", "True")]
    assert status(cloudformation) == ("UPDATE_COMPLETE", "")
    assert json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"][0]["Sid"] == "of9"
    (mailed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (mailed["Endpoint"], alarms()[0]["Threshold"]) == ("bob@example.com", 0.9)
    cloudformation.delete_stack(StackName="s")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="s")
    assert (sns.list_topics()["Topics"], sns.list_subscriptions()["Subscriptions"], alarms()) == ([], [], [])
