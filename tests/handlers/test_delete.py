"""Tests of DELETE through the production entry point."""

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError

from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS
from tests.wires import Wire, call_until_done, create_definition, error_reply, invoke, lost_answer, raising_reply
from tools.envelopes import REGION, Json, arn, maximal, minimal

LOST = ConnectionClosedError(endpoint_url="https://api.sagemaker.eu-west-1.amazonaws.com/")
SUCCESS = {"status": "SUCCESS", "message": "", "callbackDelaySeconds": 0}


@pytest.mark.parametrize("identifier", ["JobDefinitionArn", "JobDefinitionName"])
def test_a_definition_is_deleted_by_arn_or_by_name(wire: Wire, identifier: str) -> None:
    """DELETE makes one call and answers without a model; READ and LIST no longer find the definition."""
    model = create_definition(maximal())
    wire.requests.clear()
    assert invoke("DELETE", {identifier: model[identifier]}) == SUCCESS
    assert wire.operations == ["DeleteModelQualityJobDefinition"]
    assert invoke("READ", {identifier: model[identifier]})["errorCode"] == "NotFound"
    assert invoke("LIST", None)["resourceModels"] == []


@pytest.mark.parametrize(
    "identifier",
    [
        {"JobDefinitionArn": arn("missing")},
        {"JobDefinitionName": "missing"},
        {"JobDefinitionArn": arn("fraud-quality", region="us-east-1")},
        {"JobDefinitionArn": arn("fraud-quality", account="999999999999")},
        {},
    ],
)
def test_what_is_missing_is_not_found(identifier: Json) -> None:
    """DELETE spares a definition of the same name if the ARN is of another region or account."""
    create_definition(maximal())
    answer = invoke("DELETE", identifier)
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "NotFound")
    assert len(invoke("LIST", None)["resourceModels"]) == 1


def test_what_is_no_arn_is_an_invalid_request() -> None:
    """DELETE refuses an identifier that isn't an ARN, as READ does."""
    assert invoke("DELETE", {"JobDefinitionArn": "fraud"})["errorCode"] == "InvalidRequest"


def create_schedule(model: Json) -> None:
    """Create a monitoring schedule that uses a definition."""
    boto3.client("sagemaker", REGION).create_monitoring_schedule(
        MonitoringScheduleName="hourly",
        MonitoringScheduleConfig={
            "MonitoringJobDefinitionName": model["JobDefinitionName"],
            "MonitoringType": "ModelQuality",
        },
    )


def test_a_definition_in_use_is_waited_for_three_minutes() -> None:
    """After 180 s DELETE fails with AWS's text and ResourceConflict, which CloudFormation retries."""
    model = create_definition(maximal())
    create_schedule(model)
    answer, delays = call_until_done(invoke("DELETE", model), "DELETE", model)
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "ResourceConflict")
    assert "SageMaker DeleteModelQualityJobDefinition" in answer["message"]
    assert delays == [*DEFAULTS.checks.in_use]
    assert sum(delays) == 180
    assert answer["resourceModel"]["JobDefinitionArn"] == model["JobDefinitionArn"]


def test_a_definition_is_deleted_once_its_schedule_is_gone() -> None:
    """DELETE waits for a schedule, which is often in the same stack and deleted at about the same time."""
    model = create_definition(maximal())
    create_schedule(model)
    first = invoke("DELETE", model)
    assert first["status"] == "IN_PROGRESS"
    boto3.client("sagemaker", REGION).delete_monitoring_schedule(MonitoringScheduleName="hourly")
    answer, delays = call_until_done(first, "DELETE", model)
    assert answer == SUCCESS
    assert delays == [5]


def test_a_definition_that_goes_while_it_is_waited_for_is_deleted(wire: Wire) -> None:
    """DELETE succeeds if somebody else deletes the definition while DELETE waits."""
    model = create_definition(maximal())
    wire.reply("DeleteModelQualityJobDefinition", error_reply("ConflictException"))
    first = invoke("DELETE", model)
    boto3.client("sagemaker", REGION).delete_model_quality_job_definition(JobDefinitionName="Fraud-Quality")
    answer, _ = call_until_done(first, "DELETE", model)
    assert answer == SUCCESS


def test_a_deletion_whose_answer_was_lost_is_a_success(wire: Wire) -> None:
    """The second attempt gets NotFound because the first took effect, so DELETE succeeds."""
    model = create_definition(minimal())
    wire.reply("DeleteModelQualityJobDefinition", lost_answer(LOST))
    assert invoke("DELETE", model) == SUCCESS


def test_a_service_that_can_not_be_reached_is_a_network_failure(wire: Wire) -> None:
    """After a minute of failed connections DELETE reports NetworkFailure, which CloudFormation retries."""
    model = create_definition(minimal())
    wire.reply("DeleteModelQualityJobDefinition", *[raising_reply(LOST)] * 40)
    answer, _ = call_until_done(invoke("DELETE", model), "DELETE", model)
    assert answer["errorCode"] == "NetworkFailure"
