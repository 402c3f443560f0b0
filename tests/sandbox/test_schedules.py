"""Monitoring schedules work through SageMaker's API, in stacks and in Cloud Control."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.stack_events import why
from tools.sagemaker import account

Client = Any  # boto3 creates client classes at run time
Json = dict[str, Any]

REGION = "eu-west-1"
SCHEDULE = "arn:aws:sagemaker:eu-west-1:123456789012:monitoring-schedule"
TYPE = "AWS::SageMaker::MonitoringSchedule"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Open an account with SageMaker's rules, which boto3's clients call, without the user's AWS configuration."""
    with account(region=REGION) as opened:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials of an earlier account
        for name, value in opened.environment().items():
            monkeypatch.setenv(name, value)
        yield


@pytest.fixture
def sagemaker() -> Client:
    """Create the definitions first (endpoint one) and second (endpoint two), and return a SageMaker client."""
    client = boto3.client("sagemaker", REGION)
    for name, endpoint in (("first", "one"), ("second", "two")):
        client.create_model_quality_job_definition(
            JobDefinitionName=name,
            ModelQualityAppSpecification={"ImageUri": "image", "ProblemType": "Regression"},
            ModelQualityJobInput={
                "EndpointInput": {"EndpointName": endpoint, "LocalPath": "/opt/input"},
                "GroundTruthS3Input": {"S3Uri": "s3://bucket/truth"},
            },
            ModelQualityJobOutputConfig={
                "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://bucket/output", "LocalPath": "/output"}}]
            },
            JobResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}},
            RoleArn="arn:aws:iam::123456789012:role/monitoring",
        )
    return client


@pytest.fixture
def cloudformation(sagemaker: Client) -> Client:  # noqa: ARG001 - the fixture creates the definitions
    """Return a client of CloudFormation."""
    return boto3.client("cloudformation", REGION)


def config(definition: str, expression: str = "cron(0 * ? * * *)", **more: str) -> Json:
    """Return a schedule's configuration."""
    return {
        "MonitoringType": "ModelQuality",
        "MonitoringJobDefinitionName": definition,
        "ScheduleConfig": {"ScheduleExpression": expression, **more},
    }


def create_schedule(sagemaker: Client, name: str, definition: str = "first", **more: Any) -> None:  # noqa: ANN401 - parameters of the API
    """Create a schedule."""
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name, MonitoringScheduleConfig=config(definition), **more
    )


def names(sagemaker: Client, **request: Any) -> list[str]:  # noqa: ANN401 - parameters of the API
    """Return the names in a list of schedules."""
    listed = sagemaker.list_monitoring_schedules(**request)["MonitoringScheduleSummaries"]
    return [one["MonitoringScheduleName"] for one in listed]


def test_a_schedule_moves_to_another_definition(sagemaker: Client) -> None:
    """A schedule that moves locks its new definition, releases the old one, and has the new endpoint."""
    create_schedule(sagemaker, "daily")
    before = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="daily")
    answer = sagemaker.update_monitoring_schedule(
        MonitoringScheduleName="Daily", MonitoringScheduleConfig=config("second", "cron(0 6 ? * * *)")
    )
    assert answer["MonitoringScheduleArn"] == f"{SCHEDULE}/daily"
    after = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="daily")
    assert after["MonitoringScheduleConfig"] == config("second", "cron(0 6 ? * * *)")
    assert (before["EndpointName"], after["EndpointName"]) == ("one", "two")
    assert after["CreationTime"] == before["CreationTime"] < after["LastModifiedTime"]
    sagemaker.delete_model_quality_job_definition(JobDefinitionName="first")
    with pytest.raises(ClientError, match=r"ResourceInUse.*daily"):
        sagemaker.delete_model_quality_job_definition(JobDefinitionName="second")


def test_a_schedule_stops_and_starts(sagemaker: Client) -> None:
    """A schedule can be stopped and started, and locks its definition in both states."""
    create_schedule(sagemaker, "daily")
    for operation, status in (("stop_monitoring_schedule", "Stopped"), ("start_monitoring_schedule", "Scheduled")):
        getattr(sagemaker, operation)(MonitoringScheduleName="daily")
        description = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="daily")
        assert description["MonitoringScheduleStatus"] == status
        with pytest.raises(ClientError, match="ResourceInUse"):
            sagemaker.delete_model_quality_job_definition(JobDefinitionName="first")


@pytest.mark.parametrize(
    "expression",
    ["cron(0 * ? * * *)", "cron(0 0 ? * * *)", "cron(0 23 ? * * *)", "cron(0 17/12 ? * * *)", "cron(0 0/2 ? * * *)"],
)
def test_expressions_that_sagemaker_documents(sagemaker: Client, expression: str) -> None:
    """SageMaker's documented expressions are accepted: hourly, daily, every few hours."""
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="daily", MonitoringScheduleConfig=config("first", expression)
    )
    assert names(sagemaker) == ["daily"]


@pytest.mark.parametrize(
    "expression",
    ["cron(0 24 ? * * *)", "cron(5 * ? * * *)", "cron(0 0/25 ? * * *)", "rate(1 hour)", "cron(0 6 * * ? *)"],
)
def test_expressions_that_it_does_not(sagemaker: Client, expression: str) -> None:
    """Create and Update refuse other expressions."""
    wrong = {"MonitoringScheduleName": "daily", "MonitoringScheduleConfig": config("first", expression)}
    with pytest.raises(ClientError, match="ScheduleExpression"):
        sagemaker.create_monitoring_schedule(**wrong)
    create_schedule(sagemaker, "daily")
    with pytest.raises(ClientError, match="ScheduleExpression"):
        sagemaker.update_monitoring_schedule(**wrong)


def test_now_needs_a_window(sagemaker: Client) -> None:
    """A schedule of NOW needs the start and the end of its window."""
    window = {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    for key, offset in window.items():
        with pytest.raises(ClientError, match="NOW needs"):
            sagemaker.create_monitoring_schedule(
                MonitoringScheduleName="now", MonitoringScheduleConfig=config("first", "NOW", **{key: offset})
            )
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="now", MonitoringScheduleConfig=config("first", "NOW", **window)
    )
    assert names(sagemaker) == ["now"]


def test_executions(sagemaker: Client) -> None:
    """A schedule of NOW has one failed execution, others have none, and executions outlive their schedule."""
    create_schedule(sagemaker, "hourly", "second")
    window = {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    now = {"MonitoringScheduleName": "now", "MonitoringScheduleConfig": config("first", "NOW", **window)}
    sagemaker.create_monitoring_schedule(**now)
    listed = sagemaker.list_monitoring_executions()["MonitoringExecutionSummaries"]
    assert [(one["MonitoringScheduleName"], one["MonitoringExecutionStatus"]) for one in listed] == [("now", "Failed")]
    assert listed[0]["FailureReason"] == "This sandbox runs no monitoring jobs"
    assert "ProcessingJobArn" not in listed[0]
    description = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="now")
    assert description["LastMonitoringExecutionSummary"]["MonitoringExecutionStatus"] == "Failed"
    description = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="hourly")
    assert "LastMonitoringExecutionSummary" not in description
    sagemaker.update_monitoring_schedule(**now)
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="now")
    hour = timedelta(hours=1)
    for filters, count in (
        ({"MonitoringScheduleName": "now"}, 2),
        ({"MonitoringScheduleName": "now", "MaxResults": 1}, 1),
        ({"MonitoringScheduleName": "hourly"}, 0),
        ({"EndpointName": "one", "MonitoringJobDefinitionName": "first", "StatusEquals": "Failed"}, 2),
        ({"StatusEquals": "Completed"}, 0),
        ({"ScheduledTimeAfter": datetime.now(UTC) + hour}, 0),
        ({"ScheduledTimeBefore": datetime.now(UTC) + hour, "SortBy": "ScheduledTime"}, 2),
    ):
        answer = sagemaker.list_monitoring_executions(**filters)
        assert len(answer["MonitoringExecutionSummaries"]) == count, filters


def test_lists(sagemaker: Client) -> None:
    """Lists have all filters, both orders and pages of ten, and refuse an unknown token."""
    for number in range(11):
        create_schedule(sagemaker, f"schedule-{number:02}", "second" if number == 10 else "first")
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="schedule-03")
    page = sagemaker.list_monitoring_schedules()
    assert [one["MonitoringScheduleName"] for one in page["MonitoringScheduleSummaries"]] == [
        f"schedule-{number:02}" for number in range(10, 0, -1)
    ]
    assert names(sagemaker, NextToken=page["NextToken"]) == ["schedule-00"]
    assert names(sagemaker, MaxResults=1, SortBy="Name", SortOrder="Ascending") == ["schedule-00"]
    assert names(sagemaker, EndpointName="two") == ["schedule-10"]
    assert names(sagemaker, MonitoringJobDefinitionName="SECOND") == ["schedule-10"]
    assert names(sagemaker, StatusEquals="Stopped") == ["schedule-03"]
    assert names(sagemaker, SortBy="Status")[0] == "schedule-03"
    assert names(sagemaker, NameContains="E-1") == ["schedule-10"]
    assert names(sagemaker, MonitoringTypeEquals="DataQuality") == []
    soon, past = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(hours=1)
    for moment in ("CreationTime", "LastModifiedTime"):
        assert len(names(sagemaker, **{f"{moment}Before": soon, f"{moment}After": past})) == 10
        assert names(sagemaker, **{f"{moment}Before": past}) == []
        assert names(sagemaker, **{f"{moment}After": soon}) == []
    with pytest.raises(ClientError, match="ValidationException"):
        sagemaker.list_monitoring_schedules(NextToken="somewhere")
    assert (
        sagemaker.list_monitoring_executions(MonitoringScheduleName="schedule-03")["MonitoringExecutionSummaries"] == []
    )


def test_tags(sagemaker: Client) -> None:
    """A schedule has tags like a definition."""
    create_schedule(sagemaker, "daily", Tags=[{"Key": "team", "Value": "a"}])
    arn = f"{SCHEDULE}/daily"
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": "1"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["cost"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "b"}]
    with pytest.raises(ClientError, match="aws:"):
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": "b"}])


def template(definition: str, name: str = "daily", **properties: Any) -> str:  # noqa: ANN401 - properties of any type
    """Return a template of a schedule."""
    schedule = {"MonitoringScheduleName": name, "MonitoringScheduleConfig": config(definition), **properties}
    return json.dumps(
        {
            "Resources": {"Schedule": {"Type": TYPE, "Properties": schedule}},
            "Outputs": {
                "Arn": {"Value": {"Ref": "Schedule"}},
                "Born": {"Value": {"Fn::GetAtt": ["Schedule", "CreationTime"]}},
            },
        }
    )


def stack_state(cloudformation: Client) -> tuple[str, str | None, dict[str, str]]:
    """Return the stack's status, its reason and its outputs."""
    (stack,) = cloudformation.describe_stacks(StackName="monitor")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return stack["StackStatus"], why(cloudformation, stack["StackId"]) or None, outputs


def test_a_schedule_in_a_stack(sagemaker: Client, cloudformation: Client) -> None:
    """Another definition is an update in place, another name a replacement. Ref is the ARN, and stack tags apply."""
    team = [{"Key": "team", "Value": "a"}]
    cloudformation.create_stack(StackName="monitor", TemplateBody=template("first"), Tags=team)
    status, _, outputs = stack_state(cloudformation)
    assert (status, outputs["Arn"]) == ("CREATE_COMPLETE", f"{SCHEDULE}/daily")
    schedule = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="daily")
    assert outputs["Born"][:19] == schedule["CreationTime"].astimezone(UTC).isoformat()[:19]
    assert sagemaker.list_tags(ResourceArn=outputs["Arn"])["Tags"] == team

    cloudformation.update_stack(StackName="monitor", TemplateBody=template("second"), Tags=team)
    assert stack_state(cloudformation) == ("UPDATE_COMPLETE", None, outputs)
    schedule = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="daily")
    assert schedule["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"] == "second"

    cloudformation.update_stack(StackName="monitor", TemplateBody=template("second", "nightly"), Tags=team)
    assert stack_state(cloudformation)[2]["Arn"] == f"{SCHEDULE}/nightly"
    assert names(sagemaker) == ["nightly"]
    cloudformation.delete_stack(StackName="monitor")
    assert names(sagemaker) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (template("third"), "there is no model quality job definition third.*NotFound"),
        (template("first", "taken"), "a monitoring schedule taken exists already.*AlreadyExists"),
        (template("first", "-"), r"MonitoringScheduleName: string \[-\] does not match pattern"),
        (template("first", Colour="red"), r"extraneous key \[Colour\] is not permitted"),
    ],
    ids=["missing", "taken", "pattern", "unknown"],
)
def test_what_a_stack_is_refused(sagemaker: Client, cloudformation: Client, body: str, reason: str) -> None:
    """SageMaker's refusals and AWS's schema fail the stack, and existing schedules stay."""
    create_schedule(sagemaker, "taken")
    cloudformation.create_stack(StackName="monitor", TemplateBody=body)
    status, stack_reason, _ = stack_state(cloudformation)
    assert status == "ROLLBACK_COMPLETE"
    assert re.search(reason, stack_reason or "")
    assert names(sagemaker) == ["taken"]


def detect_drift(cloudformation: Client) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Detect drift, and return status and differences of each resource of the stack."""
    cloudformation.detect_stack_drift(StackName="monitor")
    drifts = cloudformation.describe_stack_resource_drifts(StackName="monitor")["StackResourceDrifts"]
    return [
        (
            one["StackResourceDriftStatus"],
            [
                (difference["PropertyPath"], difference["ExpectedValue"], difference["ActualValue"])
                for difference in one.get("PropertyDifferences", [])
            ],
        )
        for one in drifts
    ]


def test_a_schedule_made_outside_is_taken_into_a_stack(sagemaker: Client, cloudformation: Client) -> None:
    """A stack imports an existing schedule, detects its drift, and corrects it with an update."""
    create_schedule(sagemaker, "daily")
    body = json.loads(template("first"))
    body["Resources"]["Schedule"]["DeletionPolicy"] = "Delete"
    change_set = {"StackName": "monitor", "ChangeSetName": "import"}
    schedule = {
        "ResourceType": TYPE,
        "LogicalResourceId": "Schedule",
        "ResourceIdentifier": {"MonitoringScheduleArn": f"{SCHEDULE}/daily"},
    }
    cloudformation.create_change_set(
        **change_set,
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps({"Resources": body["Resources"]}),
        ResourcesToImport=[schedule],
    )
    cloudformation.execute_change_set(**change_set)
    assert stack_state(cloudformation)[:2] == ("IMPORT_COMPLETE", None)
    assert detect_drift(cloudformation) == [("IN_SYNC", [])]
    sagemaker.update_monitoring_schedule(MonitoringScheduleName="daily", MonitoringScheduleConfig=config("second"))
    path = "/MonitoringScheduleConfig/MonitoringJobDefinitionName"
    assert detect_drift(cloudformation) == [("MODIFIED", [(path, "first", "second")])]
    cloudformation.update_stack(StackName="monitor", TemplateBody=json.dumps(body), Tags=[{"Key": "a", "Value": "b"}])
    assert detect_drift(cloudformation) == [("IN_SYNC", [])]
    assert sagemaker.list_tags(ResourceArn=f"{SCHEDULE}/daily")["Tags"] == [{"Key": "a", "Value": "b"}]
    cloudformation.delete_stack(StackName="monitor")
    assert names(sagemaker) == []


def test_a_schedule_by_cloud_control(sagemaker: Client) -> None:
    """Cloud Control also has the AWS types that the sandbox implements, such as schedules."""
    create_schedule(sagemaker, "daily")
    client = boto3.client("cloudcontrol", REGION)
    (listed,) = client.list_resources(TypeName=TYPE)["ResourceDescriptions"]
    assert listed["Identifier"] == f"{SCHEDULE}/daily"
    properties = client.get_resource(TypeName=TYPE, Identifier=listed["Identifier"])["ResourceDescription"][
        "Properties"
    ]
    assert json.loads(properties)["MonitoringScheduleConfig"] == config("first")
