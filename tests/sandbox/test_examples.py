"""The templates in examples/, deployed by the packaged handlers in AWS's emulator, and deleted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file

from packager.package import package
from sandbox.account import Account
from sandbox.cloudformation import stacks
from sandbox.cloudformation.resource_type import ResourceType
from sandbox.function import Function

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "examples"
TYPE = "AWS::SageMaker::ModelQualityJobDefinition"
PARAMETERS = {
    "EndpointName": "forecasts",
    "ImageUri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/sagemaker-model-monitor-analyzer:latest",
    "RoleArn": "arn:aws:iam::123456789012:role/monitor",
    "Bucket": "forecasts",
}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """An account whose CloudFormation has this project's type."""
    schema = json.loads((PROJECT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
    with (
        Account(region="us-west-2") as account,
        Function(package(PROJECT), account) as function,
        stacks.installed(),
    ):
        stacks.teach(account.account_id, account.region, ResourceType(schema, function.invoke))
        yield account


def deploy(account: Account, template: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Create a stack of a template: the stack and its resources."""
    wanted = (stacks.Stack.parse_template(template)).get("Parameters", {})
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName="example",
        TemplateBody=template,
        Parameters=[{"ParameterKey": key, "ParameterValue": PARAMETERS[key]} for key in wanted],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = cloudformation.describe_stacks(StackName="example")["Stacks"]
    resources = cloudformation.describe_stack_resources(StackName="example")["StackResources"]
    assert (stack["StackStatus"], stack.get("StackStatusReason")) == ("CREATE_COMPLETE", None)
    return stack, resources


def delete(account: Account) -> None:
    """Delete the stack; nothing that it made is left."""
    account.client("cloudformation").delete_stack(StackName="example")
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []
    sagemaker = account.client("sagemaker")
    assert sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []
    assert sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert sagemaker.list_models()["Models"] == []
    assert account.client("iam").list_roles()["Roles"] == []


@pytest.mark.parametrize("name", ["documentation.json", "documentation.yaml"])
def test_the_documentation_s_examples_deploy(account: Account, name: str) -> None:
    """Unchanged, in both notations: all six resources, and the definition as the template says."""
    _, resources = deploy(account, (EXAMPLES / name).read_text())
    assert len(resources) == 6
    (arn,) = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == TYPE]
    definition = account.client("sagemaker").describe_model_quality_job_definition(JobDefinitionName=arn.split("/")[1])
    assert definition["JobDefinitionArn"] == arn
    (endpoint,) = [one for one in resources if one["ResourceType"] == "AWS::SageMaker::Endpoint"]
    assert definition["ModelQualityJobInput"]["EndpointInput"] == {
        "EndpointName": endpoint["PhysicalResourceId"].split("/")[1],
        "LocalPath": "/opt/ml/processing/endpointdata",
        "InferenceAttribute": "inference",
        "ProbabilityAttribute": "probability",
        "ProbabilityThresholdAttribute": 0.8,
        "StartTimeOffset": "-PT1H",
        "EndTimeOffset": "-P0D",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 2000}
    delete(account)


def test_the_minimal_example_deploys(account: Account) -> None:
    """With SageMaker's default for what it leaves out."""
    _, resources = deploy(account, (EXAMPLES / "minimal.yaml").read_text())
    name = resources[0]["PhysicalResourceId"].split("/")[1]
    definition = account.client("sagemaker").describe_model_quality_job_definition(JobDefinitionName=name)
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert definition["ModelQualityJobInput"]["GroundTruthS3Input"] == {"S3Uri": "s3://forecasts/labels"}
    delete(account)


def scheduled(account: Account) -> str:
    """The name of the definition that the example's schedule runs."""
    schedule = account.client("sagemaker").describe_monitoring_schedule(MonitoringScheduleName="example-daily")
    return str(schedule["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"])


def events(account: Account) -> list[tuple[str, str]]:
    """Logical id and status of the events of a stack's last operation, oldest first."""
    told = account.client("cloudformation").describe_stack_events(StackName="example")["StackEvents"]
    begun = next(number for number, event in enumerate(told) if event.get("ResourceStatusReason") == "User Initiated")
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(told[:begun])]


def changed(account: Account, template: dict[str, Any]) -> dict[str, Any]:
    """Update the stack to a template: the stack."""
    cloudformation = account.client("cloudformation")
    cloudformation.update_stack(
        StackName="example",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "UsePreviousValue": True} for key in template["Parameters"]],
    )
    stack: dict[str, Any] = cloudformation.describe_stacks(StackName="example")["Stacks"][0]
    return stack


def test_the_schedule_s_example_deploys_whole(account: Account) -> None:
    """The schedule runs the stack's definition, by its name."""
    stack, resources = deploy(account, (EXAMPLES / "schedule.yaml").read_text())
    assert sorted(one["ResourceType"] for one in resources) == sorted([TYPE, "AWS::SageMaker::MonitoringSchedule"])
    (name,) = [output["OutputValue"] for output in stack["Outputs"]]
    assert scheduled(account) == name
    definition = account.client("sagemaker").describe_model_quality_job_definition(JobDefinitionName=name)
    batch = definition["ModelQualityJobInput"]["BatchTransformInput"]
    assert (batch["DatasetFormat"], batch["ProbabilityThresholdAttribute"]) == ({"Csv": {"Header": True}}, 0.5)
    delete(account)


def test_a_replacement_moves_the_schedule_before_the_old_definition_goes(account: Account) -> None:
    """SageMaker keeps a definition that a schedule uses: first comes the new one, then the schedule moves."""
    template = stacks.Stack.parse_template((EXAMPLES / "schedule.yaml").read_text())
    stack, _ = deploy(account, json.dumps(template))
    (old,) = [output["OutputValue"] for output in stack["Outputs"]]
    template["Resources"]["JobDefinition"]["Properties"]["RoleArn"] = "arn:aws:iam::123456789012:role/other"
    stack = changed(account, template)
    (new,) = [output["OutputValue"] for output in stack["Outputs"]]
    assert (stack["StackStatus"], scheduled(account)) == ("UPDATE_COMPLETE", new)
    assert new != old
    assert [event for event in events(account) if event[1].endswith("COMPLETE")] == [
        ("JobDefinition", "UPDATE_COMPLETE"),
        ("Schedule", "UPDATE_COMPLETE"),
        ("JobDefinition", "DELETE_COMPLETE"),
        ("example", "UPDATE_COMPLETE"),
    ]
    left = account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"]
    assert [one["MonitoringJobDefinitionName"] for one in left] == [new]
    delete(account)


def test_a_failed_replacement_moves_the_schedule_back(account: Account) -> None:
    """The rollback moves the schedule to the old definition, and only then deletes the new one."""
    template = stacks.Stack.parse_template((EXAMPLES / "schedule.yaml").read_text())
    stack, _ = deploy(account, json.dumps(template))
    (old,) = [output["OutputValue"] for output in stack["Outputs"]]
    template["Resources"]["JobDefinition"]["Properties"]["RoleArn"] = "arn:aws:iam::123456789012:role/other"
    template["Resources"]["Broken"] = {
        "Type": "AWS::SageMaker::MonitoringSchedule",
        "DependsOn": "Schedule",
        "Properties": {
            "MonitoringScheduleName": "broken",
            "MonitoringScheduleConfig": {"MonitoringType": "ModelQuality", "MonitoringJobDefinitionName": "nowhere"},
        },
    }
    stack = changed(account, template)
    assert (stack["StackStatus"], scheduled(account)) == ("UPDATE_ROLLBACK_COMPLETE", old)
    assert "there is no model quality job definition nowhere" in stack["StackStatusReason"]
    assert [event for event in events(account) if event[1].endswith("COMPLETE")] == [
        ("JobDefinition", "UPDATE_COMPLETE"),
        ("Schedule", "UPDATE_COMPLETE"),
        ("Schedule", "UPDATE_COMPLETE"),
        ("JobDefinition", "DELETE_COMPLETE"),
        ("example", "UPDATE_ROLLBACK_COMPLETE"),
    ]
    left = account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"]
    assert [one["MonitoringJobDefinitionName"] for one in left] == [old]
    delete(account)


@pytest.mark.parametrize("name", sorted({path.name for path in EXAMPLES.glob("*.yaml")} - {"documentation.yaml"}))
def test_cfn_lint_finds_nothing(name: str) -> None:
    """AWS's linter has nothing to say of any example of ours. (It dislikes a key id in the documentation's.)."""
    assert [str(match) for match in lint_file(EXAMPLES / name)] == []


def test_both_notations_say_the_same() -> None:
    """The documentation's JSON and YAML are one template."""
    as_json, as_yaml = ((EXAMPLES / f"documentation.{notation}").read_text() for notation in ("json", "yaml"))
    assert stacks.Stack.parse_template(as_json) == stacks.Stack.parse_template(as_yaml)
