"""This project's type, packaged, in the sandbox's drift detection and Cloud Control."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from cfn_sandbox.packaging.package import package
from tools.envelopes import REGION, ROOT, TYPE_NAME, arn, maximal
from tools.sagemaker import account as sagemaker_account

Client = Any  # boto3 creates client classes at run time
Json = dict[str, Any]

pytestmark = pytest.mark.slow


def detect_drift(client: Client, name: str = "pairs", **more: list[str]) -> Json:
    """Detect the drift of a stack, and return the detection's status."""
    detection_id = client.detect_stack_drift(StackName=name, **more)["StackDriftDetectionId"]
    status: Json = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection_id)
    assert status["StackDriftDetectionId"] == detection_id
    return status


def resource_drifts(client: Client, name: str = "pairs") -> dict[str, tuple[str, list[Json]]]:
    """Return the status and the differences of each resource that was checked."""
    drifts = client.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
    return {
        one["LogicalResourceId"]: (one["StackResourceDriftStatus"], one.get("PropertyDifferences", []))
        for one in drifts
    }


def wait_until_ended(client: Client, answer: Json) -> Json:
    """Wait for a request to end, and return its progress event."""
    token = answer["ProgressEvent"]["RequestToken"]
    waiter = client.get_waiter("resource_request_success")
    with suppress(WaiterError):  # the caller checks which failure it is
        waiter.wait(RequestToken=token, WaiterConfig={"Delay": 0, "MaxAttempts": 10000})
    event: Json = client.get_resource_request_status(RequestToken=token)["ProgressEvent"]
    assert not event["OperationStatus"].endswith("IN_PROGRESS")
    return event


def refusal_of(call: Callable[..., object], **arguments: Any) -> tuple[str, str]:  # noqa: ANN401 - parameters of the API
    """Return the code and the message of a refused call."""
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


def test_cloud_control() -> None:
    """Cloud Control works with this project's type and both its identifiers, and refuses a create-only change."""
    state = maximal()
    with sagemaker_account(region=REGION) as account:
        account.registry.add_package(package(ROOT))
        client, type_name = account.client("cloudcontrol"), {"TypeName": TYPE_NAME}
        created = wait_until_ended(client, client.create_resource(**type_name, DesiredState=json.dumps(state)))
        assert (created["OperationStatus"], created["Identifier"]) == ("SUCCESS", arn("Fraud-Quality"))
        by_name = json.dumps({"JobDefinitionName": "Fraud-Quality"})
        for identifier in (created["Identifier"], by_name):
            described = client.get_resource(**type_name, Identifier=identifier)["ResourceDescription"]
            assert described["Identifier"] == created["Identifier"]
            properties = json.loads(described["Properties"])
            assert properties.items() >= {key: value for key, value in state.items() if key != "EndpointName"}.items()
        patch = {**type_name, "Identifier": created["Identifier"]}
        updated = client.update_resource(
            **patch, PatchDocument='[{"op": "add", "path": "/EndpointName", "value": "a"}]'
        )
        assert wait_until_ended(client, updated)["OperationStatus"] == "SUCCESS"
        other = json.dumps([{"op": "replace", "path": "/RoleArn", "value": "arn:aws:iam::123456789012:role/other"}])
        assert refusal_of(client.update_resource, **patch, PatchDocument=other) == (
            "NotUpdatableException",
            "Invalid patch update: createOnlyProperties [/properties/RoleArn] cannot be updated",
        )
        again = wait_until_ended(client, client.create_resource(**type_name, DesiredState=json.dumps(state)))
        assert (again["OperationStatus"], again["ErrorCode"]) == ("FAILED", "AlreadyExists")
        listed = client.list_resources(**type_name)["ResourceDescriptions"]
        assert [one["Identifier"] for one in listed] == [created["Identifier"]]
        assert (
            wait_until_ended(client, client.delete_resource(**type_name, Identifier=by_name))["OperationStatus"]
            == "SUCCESS"
        )
        assert refusal_of(client.get_resource, **patch)[0] == "ResourceNotFoundException"


def test_drift() -> None:
    """SageMaker's defaults and EndpointName are no drift of this type; a changed tag and a deleted definition are."""
    resources = {
        "Whole": {"Type": TYPE_NAME, "Properties": maximal() | {"JobDefinitionName": "whole"}},
        "Gone": {"Type": TYPE_NAME, "Properties": maximal() | {"JobDefinitionName": "gone"}},
    }
    with sagemaker_account(region=REGION) as account:
        account.registry.add_package(package(ROOT))
        cloudformation, sagemaker = account.client("cloudformation"), account.client("sagemaker")
        cloudformation.create_stack(
            StackName="quality",
            TemplateBody=json.dumps({"Resources": resources}),
            Tags=[{"Key": "stage", "Value": "test"}],
        )
        assert detect_drift(cloudformation, "quality")["StackDriftStatus"] == "IN_SYNC"
        arn = cloudformation.describe_stack_resource(StackName="quality", LogicalResourceId="Whole")
        sagemaker.add_tags(
            ResourceArn=arn["StackResourceDetail"]["PhysicalResourceId"], Tags=[{"Key": "stage", "Value": "live"}]
        )
        sagemaker.delete_model_quality_job_definition(JobDefinitionName="gone")
        status = detect_drift(cloudformation, "quality")
        assert (status["StackDriftStatus"], status["DriftedStackResourceCount"]) == ("DRIFTED", 2)
        drifts = resource_drifts(cloudformation, "quality")
        assert drifts["Gone"] == ("DELETED", [])
        assert {one["DifferenceType"] for one in drifts["Whole"][1]} == {"ADD", "REMOVE"}
        assert all(one["PropertyPath"].startswith("/Tags/") for one in drifts["Whole"][1])
