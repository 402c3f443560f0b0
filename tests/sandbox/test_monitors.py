"""The four monitors of Model Monitor: SageMaker's operations on their definitions, and whole monitoring templates."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account
from cfn_sandbox.cloudformation.private_registry import Registry
from tools import sagemaker as service
from tools.envelopes import ROOT
from tools.sagemaker.monitors import MONITORS

Client = Any  # boto3 creates client classes at run time
EXAMPLE = (ROOT / "examples/monitors.yaml").read_text()
PARAMETERS = {
    "EndpointName": "churn",
    "Bucket": "bucket",
    "RoleArn": "arn:aws:iam::123456789012:role/monitor",
    "AnalyzerImageUri": "image",
    "ClarifyImageUri": "image",
}
OUTPUT = {"MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://bucket/out", "LocalPath": "/out"}}]}
CLUSTER = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}}


@pytest.fixture
def account() -> Iterator[Account]:
    """Yield an account with SageMaker's rules and a registry, and no registered type."""
    with service.account() as account, Registry(account):
        yield account


@pytest.fixture
def sagemaker(account: Account) -> Client:
    """Return a client of SageMaker."""
    return account.client("sagemaker")


def request(monitor: str, name: str, endpoint: str = "churn") -> dict[str, Any]:
    """Return a request for a definition of a monitor."""
    specification = {"ImageUri": "image"}
    if monitor in {"ModelBias", "ModelExplainability"}:
        specification["ConfigUri"] = "s3://bucket/config.json"
    job_input: dict[str, Any] = {"EndpointInput": {"EndpointName": endpoint, "LocalPath": "/in"}}
    if monitor in {"ModelQuality", "ModelBias"}:
        job_input["GroundTruthS3Input"] = {"S3Uri": "s3://bucket/labels"}
    return {
        "JobDefinitionName": name,
        f"{monitor}AppSpecification": specification,
        f"{monitor}JobInput": job_input,
        f"{monitor}JobOutputConfig": OUTPUT,
        "JobResources": CLUSTER,
        "RoleArn": PARAMETERS["RoleArn"],
    }


def call(sagemaker: Client, verb: str, monitor: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - of any operation
    """Call an operation on definitions of a monitor."""
    ending = "s" if verb == "list" else ""
    answer: dict[str, Any] = getattr(sagemaker, f"{verb}_{MONITORS[monitor].snake}_job_definition{ending}")(**arguments)
    return answer


@pytest.mark.parametrize("monitor", MONITORS)
def test_the_life_of_a_definition(sagemaker: Client, monitor: str) -> None:
    """Create, Describe with SageMaker's defaults, List by endpoint, tags, and Delete work for each monitor."""
    arn = call(sagemaker, "create", monitor, **request(monitor, "Mine"), Tags=[{"Key": "a", "Value": "1"}])
    kind = MONITORS[monitor].kind
    assert arn["JobDefinitionArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:{kind}/mine"
    described = call(sagemaker, "describe", monitor, JobDefinitionName="mine")
    assert described["JobDefinitionName"] == "Mine"
    assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert described[f"{monitor}JobInput"]["EndpointInput"]["S3InputMode"] == "File"
    call(sagemaker, "create", monitor, **request(monitor, "other", "else"))
    (summary,) = call(sagemaker, "list", monitor, EndpointName="churn")["JobDefinitionSummaries"]
    assert summary["MonitoringJobDefinitionName"] == "Mine"
    assert sagemaker.list_tags(ResourceArn=arn["JobDefinitionArn"])["Tags"] == [{"Key": "a", "Value": "1"}]
    with pytest.raises(ClientError, match="exists already"):
        call(sagemaker, "create", monitor, **request(monitor, "MINE"))
    call(sagemaker, "delete", monitor, JobDefinitionName="mine")
    with pytest.raises(ClientError, match="there is no"):
        call(sagemaker, "describe", monitor, JobDefinitionName="Mine")


@pytest.mark.parametrize("monitor", MONITORS)
def test_a_definition_that_a_schedule_uses_stays(sagemaker: Client, monitor: str) -> None:
    """Delete is refused while a schedule of the same monitor names the definition."""
    call(sagemaker, "create", monitor, **request(monitor, "mine"))
    config = {
        "MonitoringType": monitor,
        "MonitoringJobDefinitionName": "mine",
        "ScheduleConfig": {"ScheduleExpression": "cron(0 6 ? * * *)"},
    }
    sagemaker.create_monitoring_schedule(MonitoringScheduleName="daily", MonitoringScheduleConfig=config)
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="daily")
    assert (described["MonitoringType"], described["EndpointName"]) == (monitor, "churn")
    with pytest.raises(ClientError, match="is used by monitoring schedule daily"):
        call(sagemaker, "delete", monitor, JobDefinitionName="mine")
    for other in MONITORS.keys() - {monitor}:
        call(sagemaker, "create", other, **request(other, "mine"))
        call(sagemaker, "delete", other, JobDefinitionName="mine")


INLINE = {
    "BaselineConfig": {},
    "MonitoringInputs": [{"EndpointInput": {"EndpointName": "churn", "LocalPath": "/in"}}],
    "MonitoringOutputConfig": OUTPUT,
    "MonitoringResources": CLUSTER,
    "MonitoringAppSpecification": {"ImageUri": "image"},
    "RoleArn": PARAMETERS["RoleArn"],
}


def test_an_inline_definition(account: Account, sagemaker: Client) -> None:
    """A schedule can have its definition inline, in a stack too, and not both."""
    config = {"MonitoringJobDefinition": INLINE, "ScheduleConfig": {"ScheduleExpression": "cron(0 6 ? * * *)"}}
    template = yaml.safe_dump(
        {
            "Resources": {
                "Schedule": {
                    "Type": "AWS::SageMaker::MonitoringSchedule",
                    "Properties": {"MonitoringScheduleName": "inline", "MonitoringScheduleConfig": config},
                }
            }
        }
    )
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(StackName="inline", TemplateBody=template)
    assert status(cloudformation, "inline") == "CREATE_COMPLETE"
    described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="inline")
    assert (described["EndpointName"], described["MonitoringType"]) == ("churn", "DataQuality")
    with pytest.raises(ClientError, match="give either"):
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName="both",
            MonitoringScheduleConfig=config | {"MonitoringJobDefinitionName": "a", "MonitoringType": "DataQuality"},
        )


def status(cloudformation: Client, stack: str) -> str:
    """Return a stack's status."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return f"{described['StackStatus']} {described.get('StackStatusReason', '')}".strip()


def parameters(**changes: str) -> list[dict[str, str]]:
    """Return the example's parameters, with some of them changed."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in (PARAMETERS | changes).items()]


def names(sagemaker: Client) -> dict[str, str]:
    """Return the name of each monitor's only definition, in lower case."""
    found = {}
    for monitor in MONITORS:
        (summary,) = call(sagemaker, "list", monitor)["JobDefinitionSummaries"]
        found[monitor] = summary["MonitoringJobDefinitionName"].lower()
    return found


def test_the_example_with_all_four(account: Account, sagemaker: Client) -> None:
    """A whole monitoring template deploys, replaces every definition under its schedule, and is deleted."""
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(StackName="all", TemplateBody=EXAMPLE, Parameters=parameters())
    assert status(cloudformation, "all") == "CREATE_COMPLETE"
    before = names(sagemaker)
    cloudformation.update_stack(
        StackName="all", TemplateBody=EXAMPLE, Parameters=parameters(InstanceType="ml.m5.xlarge")
    )
    assert status(cloudformation, "all") == "UPDATE_COMPLETE"
    after = names(sagemaker)
    assert [monitor for monitor in MONITORS if before[monitor] == after[monitor]] == []
    for monitor, name in after.items():
        schedule = sagemaker.describe_monitoring_schedule(
            MonitoringScheduleName=f"all-{MONITORS[monitor].snake.replace('_', '-')}"
        )
        assert schedule["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"] == name
    cloudformation.delete_stack(StackName="all")
    assert [call(sagemaker, "list", monitor)["JobDefinitionSummaries"] for monitor in MONITORS] == [[], [], [], []]
    assert sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []


@pytest.mark.parametrize(("monitor", "allowed"), [("DataQuality", 3600), ("ModelQuality", 1800), ("ModelBias", 1800)])
def test_an_hourly_schedule_bounds_the_job_where_rules_are_strict(monitor: str, allowed: int) -> None:
    """AWS documents how long the job of an hourly schedule can run; that SageMaker refuses more is assumed."""
    definition = request(monitor, "mine") | {"StoppingCondition": {"MaxRuntimeInSeconds": allowed + 1}}
    config = {
        "MonitoringType": monitor,
        "MonitoringJobDefinitionName": "mine",
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
    }
    with service.account() as account:
        sagemaker = account.client("sagemaker")
        call(sagemaker, "create", monitor, **definition)
        sagemaker.create_monitoring_schedule(MonitoringScheduleName="lax", MonitoringScheduleConfig=config)
    with service.account(strict=True) as account:
        sagemaker, iam = account.client("sagemaker"), account.client("iam")
        principal = {"Service": "sagemaker.amazonaws.com"}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        trust = json.dumps({"Statement": statement})
        role = iam.create_role(RoleName="monitor", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        del definition[f"{monitor}JobInput"]["EndpointInput"]
        definition[f"{monitor}JobInput"]["BatchTransformInput"] = {
            "DataCapturedDestinationS3Uri": "s3://bucket/data",
            "DatasetFormat": {"Csv": {}},
            "LocalPath": "/in",
        }
        call(sagemaker, "create", monitor, **definition | {"RoleArn": role})
        with pytest.raises(ClientError, match=f"hourly .* it is at most {allowed}"):
            sagemaker.create_monitoring_schedule(MonitoringScheduleName="strict", MonitoringScheduleConfig=config)
