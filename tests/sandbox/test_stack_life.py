"""This project's packaged type in stacks: failures, and what they leave behind."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account
from cfn_sandbox.account.function import Function
from cfn_sandbox.packaging.package import package
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from tests.stack_events import why
from tools.envelopes import ROOT, TYPE_NAME, Json, maximal, minimal
from tools.sagemaker import account as sagemaker_account

pytestmark = pytest.mark.slow

Client = Any  # boto3 creates client classes at run time

ROLE = "arn:aws:iam::123456789012:role/other"


@pytest.fixture(scope="module")
def account_and_waits() -> Iterator[tuple[Account, list[float]]]:
    """Yield an account with the type, and a list that records waits between invocations without waiting."""
    schema = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
    waits: list[float] = []
    with (
        sagemaker_account(tag_lag=2) as account,
        Function(package(ROOT), account) as function,
    ):
        kind = RegisteredType(schema, function.invoke, log_group="handler-logs", wait=waits.append)
        catalogue.add_type(account.account_id, account.region, kind)
        yield account, waits


@pytest.fixture
def waits(account_and_waits: tuple[Account, list[float]]) -> list[float]:
    """Return the recorded waits between invocations, cleared."""
    account_and_waits[1].clear()
    return account_and_waits[1]


@pytest.fixture
def sagemaker(account_and_waits: tuple[Account, list[float]]) -> Client:
    """Return a client of SageMaker."""
    return account_and_waits[0].client("sagemaker")


@pytest.fixture
def cloudformation(account_and_waits: tuple[Account, list[float]], sagemaker: Client) -> Iterator[Client]:
    """Yield a client of CloudFormation; afterwards, delete all stacks and check that no definition is left."""
    client = account_and_waits[0].client("cloudformation")
    yield client
    for stack in client.describe_stacks()["Stacks"]:
        client.delete_stack(StackName=stack["StackId"])
    assert sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []


def template(properties: Json) -> str:
    """Return a template of one definition."""
    resources = {"JobDefinition": {"Type": TYPE_NAME, "Properties": properties}}
    return json.dumps({"Resources": resources, "Outputs": {"Arn": {"Value": {"Ref": "JobDefinition"}}}})


def deploy(action: Any, properties: Json, **stack_tags: str) -> Json:  # noqa: ANN401 - a method of a client
    """Create or update the stack, and return its description."""
    tags = [{"Key": key, "Value": value} for key, value in stack_tags.items()]
    action(StackName="quality", TemplateBody=template(properties), Tags=tags)
    stack: Json = action.__self__.describe_stacks(StackName="quality")["Stacks"][0]
    return stack


def arn_of(stack: Json) -> str:
    """Return the definition's ARN; fail if the operation failed."""
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack
    arn: str = stack["Outputs"][0]["OutputValue"]
    return arn


def names(sagemaker: Client) -> list[str]:
    """Return the names of all definitions."""
    summaries = sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"]
    return sorted(summary["MonitoringJobDefinitionName"] for summary in summaries)


def test_a_custom_name_can_not_be_replaced(cloudformation: Client, sagemaker: Client) -> None:
    """Replacing under the same user-provided name rolls back and says what to do; a new name works."""
    arn = arn_of(deploy(cloudformation.create_stack, maximal()))
    stack = deploy(cloudformation.update_stack, maximal() | {"RoleArn": ROLE})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: AlreadyExists" in why(cloudformation, "quality")
    assert "change JobDefinitionName in the same update" in why(cloudformation, "quality")
    assert names(sagemaker) == ["Fraud-Quality"]
    assert stack["Outputs"][0]["OutputValue"] == arn
    changed = arn_of(deploy(cloudformation.update_stack, maximal() | {"RoleArn": ROLE, "JobDefinitionName": "Second"}))
    assert changed != arn
    assert names(sagemaker) == ["Second"]


def test_somebody_else_s_definition_is_left_alone(cloudformation: Client, sagemaker: Client) -> None:
    """CREATE with a taken name fails, and its rollback deletes nothing."""
    theirs = {key: value for key, value in maximal().items() if key != "EndpointName"}
    sagemaker.create_model_quality_job_definition(**theirs)
    stack = deploy(cloudformation.create_stack, maximal())
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: AlreadyExists" in why(cloudformation, "quality")
    assert names(sagemaker) == ["Fraud-Quality"]
    sagemaker.delete_model_quality_job_definition(JobDefinitionName="Fraud-Quality")


def test_stack_tags_and_their_lag(cloudformation: Client, sagemaker: Client, waits: list[float]) -> None:
    """A change of stack tags is made in place, and the handler waits until SageMaker reports it."""
    arn = arn_of(deploy(cloudformation.create_stack, minimal(), team="fraud", cost="1"))
    assert waits
    waits.clear()
    assert arn_of(deploy(cloudformation.update_stack, minimal(), team="risk")) == arn
    assert waits
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]


def test_too_many_tags(cloudformation: Client) -> None:
    """The handler's refusal of a 51st tag appears in the stack's reason."""
    many = [{"Key": f"tag-{number}", "Value": ""} for number in range(50)]
    stack = deploy(cloudformation.create_stack, minimal() | {"Tags": many}, team="fraud")
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: InvalidRequest" in why(cloudformation, "quality")
    assert "51" in why(cloudformation, "quality")


def test_invalid_properties_reach_no_handler(cloudformation: Client) -> None:
    """CloudFormation refuses invalid properties by the schema, without invoking the handler."""
    cluster = {"ClusterConfig": {"InstanceCount": 0, "InstanceType": "ml.m5.large"}}
    deploy(cloudformation.create_stack, minimal() | {"JobResources": cluster, "RoleArn": "monitor", "Role": "x"})
    lines = why(cloudformation, "quality").splitlines()[1:]
    assert {line.partition(" (sandbox's hint: ")[0] for line in lines} == {
        "#: extraneous key [Role] is not permitted",
        "#/JobResources/ClusterConfig: required key [VolumeSizeInGB] not found",
        "#/JobResources/ClusterConfig/InstanceCount: failed validation constraint for keyword [minimum]",
        "#/RoleArn: expected minLength: 20, actual: 7",
        "#/RoleArn: failed validation constraint for keyword [pattern]",
    }


def test_numbers_and_booleans_as_strings(cloudformation: Client, sagemaker: Client) -> None:
    """Numbers and booleans written as strings reach SageMaker typed; rewriting them is no change."""
    state = maximal()
    as_strings = json.loads(json.dumps(state), parse_int=str, parse_float=str)
    as_strings["NetworkConfig"]["EnableNetworkIsolation"] = "false"
    deploy(cloudformation.create_stack, as_strings)
    definition = sagemaker.describe_model_quality_job_definition(JobDefinitionName="Fraud-Quality")
    assert definition["JobResources"] == state["JobResources"]
    assert definition["NetworkConfig"] == state["NetworkConfig"]
    assert definition["ModelQualityJobInput"] == state["ModelQualityJobInput"]
    with pytest.raises(ClientError, match="No updates are to be performed"):
        deploy(cloudformation.update_stack, state)


def test_a_schedule_locks_its_definition(
    account_and_waits: tuple[Account, list[float]], cloudformation: Client, sagemaker: Client, waits: list[float]
) -> None:
    """DELETE waits three minutes in each attempt, fails with AWS's message, and works once the schedule is gone."""
    name = arn_of(deploy(cloudformation.create_stack, minimal())).split("/")[1]
    config = {"MonitoringJobDefinitionName": name, "MonitoringType": "ModelQuality"}
    sagemaker.create_monitoring_schedule(MonitoringScheduleName="daily", MonitoringScheduleConfig=config)
    waits.clear()
    cloudformation.delete_stack(StackName="quality")
    (stack,) = cloudformation.describe_stacks(StackName="quality")["Stacks"]
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "HandlerErrorCode: ResourceConflict" in why(cloudformation, "quality")
    assert "daily" in why(cloudformation, "quality")
    assert 180 <= sum(waits) <= 3 * 200
    assert names(sagemaker) == [name]
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="daily")
    cloudformation.delete_stack(StackName="quality")
    assert names(sagemaker) == []
    assert account_and_waits[0].client("logs").describe_log_groups()["logGroups"][0]["logGroupName"] == "handler-logs"


def test_a_definition_deleted_outside(cloudformation: Client, sagemaker: Client) -> None:
    """UPDATE of a deleted definition fails with NotFound, and nothing is rolled back; DELETE of the stack works."""
    name = arn_of(deploy(cloudformation.create_stack, minimal())).split("/")[1]
    sagemaker.delete_model_quality_job_definition(JobDefinitionName=name)
    stack = deploy(cloudformation.update_stack, minimal() | {"EndpointName": "fraud"})
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: NotFound" in why(cloudformation, "quality")
    cloudformation.delete_stack(StackName="quality")
    assert cloudformation.describe_stacks()["Stacks"] == []
