"""A definition of this project's packaged type in a nested stack, and a schedule of it in the parent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cfn_sandbox.account.account import Account
from cfn_sandbox.account.function import Function
from cfn_sandbox.packaging.package import package
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from tools.envelopes import ROOT, TYPE_NAME, Json, minimal
from tools.sagemaker import account as sagemaker_account

pytestmark = pytest.mark.slow

Client = Any  # boto3 creates client classes at run time

DEFINITION = minimal()
DEFINITION["ModelQualityJobInput"]["EndpointInput"]["EndpointName"] = {"Ref": "EndpointName"}
CHILD = {
    "Parameters": {"EndpointName": {"Type": "String"}},
    "Resources": {"Definition": {"Type": TYPE_NAME, "Properties": DEFINITION}},
    "Outputs": {"Name": {"Value": {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Definition"}]}]}}},
}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Yield an account with the type, and with the child's template in a bucket."""
    schema = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
    with sagemaker_account() as account, Function(package(ROOT), account) as function:
        kind = RegisteredType(schema, function.invoke, wait=lambda _: None)
        catalogue.add_type(account.account_id, account.region, kind)
        s3 = account.client("s3")
        s3.create_bucket(Bucket="templates")
        s3.put_object(Bucket="templates", Key="child.json", Body=json.dumps(CHILD))
        yield account


def parent(account: Account, endpoint: str) -> str:
    """Return a template of a nested stack with a definition, and of a schedule."""
    url = f"https://s3.{account.region}.amazonaws.com/templates/child.json"
    child: Json = {"TemplateURL": url, "Parameters": {"EndpointName": endpoint}}
    config = {
        "MonitoringType": "ModelQuality",
        "MonitoringJobDefinitionName": {"Fn::GetAtt": ["Child", "Outputs.Name"]},
        "ScheduleConfig": {"ScheduleExpression": "cron(0 6 ? * * *)"},
    }
    schedule: Json = {"MonitoringScheduleName": "daily", "MonitoringScheduleConfig": config}
    return json.dumps(
        {
            "Resources": {
                "Child": {"Type": "AWS::CloudFormation::Stack", "Properties": child},
                "Schedule": {"Type": "AWS::SageMaker::MonitoringSchedule", "Properties": schedule},
            }
        }
    )


def status(client: Client) -> str:
    """Return the parent's status."""
    (stack,) = client.describe_stacks(StackName="monitoring")["Stacks"]
    text: str = stack["StackStatus"]
    return text


def test_a_definition_in_a_child_is_replaced_under_the_schedule_of_its_parent(account: Account) -> None:
    """The new definition is made, the schedule takes it, and then the old one, which nothing locks any more, goes."""
    client, sagemaker = account.client("cloudformation"), account.client("sagemaker")
    client.create_stack(StackName="monitoring", TemplateBody=parent(account, "one"))
    assert status(client) == "CREATE_COMPLETE"
    (old,) = sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"]
    client.update_stack(StackName="monitoring", TemplateBody=parent(account, "two"))
    assert status(client) == "UPDATE_COMPLETE"
    (new,) = sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"]
    assert (old["EndpointName"], new["EndpointName"]) == ("one", "two")
    config = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="daily")["MonitoringScheduleConfig"]
    assert config["MonitoringJobDefinitionName"] == new["MonitoringJobDefinitionName"]
    child = client.describe_stack_resource(StackName="monitoring", LogicalResourceId="Child")["StackResourceDetail"]
    events = client.describe_stack_events(StackName=child["PhysicalResourceId"])["StackEvents"]
    assert [event["ResourceStatus"] for event in events[:3]] == [
        "UPDATE_COMPLETE",
        "DELETE_COMPLETE",
        "DELETE_IN_PROGRESS",
    ]
    client.delete_stack(StackName="monitoring")
    assert sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []
    assert client.describe_stacks()["Stacks"] == []
