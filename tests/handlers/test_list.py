"""Tests of LIST through the production entry point."""

import pytest

from aws_sagemaker_modelqualityjobdefinition import handlers, job_definitions
from tests.wires import Wire, create_definition, error_reply, invoke
from tools.envelopes import Json, arn, event, maximal, minimal


@pytest.mark.parametrize("properties", [None, {}, {"JobDefinitionName": "whatever"}])
def test_an_empty_list_is_a_list(properties: Json | None) -> None:
    """LIST returns [] if there are no definitions, with or without properties in the request."""
    answer = invoke("LIST", properties)
    assert answer == {"status": "SUCCESS", "message": "", "callbackDelaySeconds": 0, "resourceModels": []}


def test_the_properties_may_be_missing_altogether() -> None:
    """LIST accepts an event that has no resourceProperties member."""
    envelope = event("LIST", None)
    del envelope["requestData"]["resourceProperties"]
    assert handlers.resource(envelope, None)["resourceModels"] == []


def test_one_page_an_invocation(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """LIST returns the next page for a page token, which the library's own entry point drops."""
    monkeypatch.setattr(job_definitions, "PAGE_SIZE", 2)
    models = [create_definition(minimal(), token=str(number)) for number in range(5)]
    wire.requests.clear()
    listed, token, pages = [], None, 0
    while pages == 0 or token:
        answer = invoke("LIST", None, next_token=token)
        listed += answer["resourceModels"]
        token = answer.get("nextToken")
        pages += 1
    assert pages == 3
    assert wire.operations == ["ListModelQualityJobDefinitions"] * 3
    assert {model["JobDefinitionArn"] for model in listed} == {model["JobDefinitionArn"] for model in models}
    assert len(listed) == 5


def test_read_takes_every_one() -> None:
    """LIST returns only the ARN and the name of a definition, and READ accepts them."""
    create_definition(maximal())
    (summary,) = invoke("LIST", None)["resourceModels"]
    assert summary == {"JobDefinitionArn": arn("Fraud-Quality"), "JobDefinitionName": "Fraud-Quality"}
    assert invoke("READ", summary)["status"] == "SUCCESS"


def test_endpoint_name_narrows_the_list(wire: Wire) -> None:
    """LIST passes EndpointName to SageMaker, which does the filtering."""
    create_definition(maximal())
    assert len(invoke("LIST", {"EndpointName": "fraud"})["resourceModels"]) == 1
    assert wire.requests[-1][1] == {"EndpointName": "fraud", "MaxResults": 100}
    assert invoke("LIST", {"EndpointName": "other"})["resourceModels"] == []


def test_a_refusal_is_reported(wire: Wire) -> None:
    """LIST reports SageMaker's refusal, for example of an old page token."""
    wire.reply("ListModelQualityJobDefinitions", error_reply("ValidationException", "bad token"))
    answer = invoke("LIST", None, next_token="old")
    assert answer["errorCode"] == "InvalidRequest"
    assert "bad token" in answer["message"]
