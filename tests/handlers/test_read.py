"""Tests of READ through the production entry point."""

import pytest

from tests.wires import Wire, create_definition, error_reply, invoke, json_reply
from tools.envelopes import Json, arn, batch, maximal, minimal


def test_the_arn_alone_is_enough(wire: Wire) -> None:
    """READ by ARN makes two calls and returns CREATE's model, without the write-only property."""
    model = create_definition(maximal(), tags={"stage": "prod"})
    wire.requests.clear()
    answer = invoke("READ", {"JobDefinitionArn": model["JobDefinitionArn"]})
    assert wire.operations == ["DescribeModelQualityJobDefinition", "ListTags"]
    assert answer == {"status": "SUCCESS", "message": "", "callbackDelaySeconds": 0, "resourceModel": model}
    assert "EndpointName" not in answer["resourceModel"]


@pytest.mark.parametrize("properties", [minimal(), maximal(), batch({"Csv": {}}), batch({"Parquet": True})])
def test_what_was_created_is_read(properties: Json) -> None:
    """READ by the whole model, by ARN in any case or by name returns the same as CREATE."""
    model = create_definition(properties)
    for identifier in (
        model,
        {"JobDefinitionArn": model["JobDefinitionArn"]},
        {"JobDefinitionName": model["JobDefinitionName"]},
        {"JobDefinitionArn": model["JobDefinitionArn"].upper().replace("ARN:AWS:SAGEMAKER", "arn:aws:sagemaker")},
    ):
        assert invoke("READ", identifier)["resourceModel"] == model


def test_the_name_lends_the_arn_its_case(wire: Wire) -> None:
    """READ sends the name as it was given, because SageMaker's ARNs are in lower case."""
    model = create_definition(maximal())
    wire.requests.clear()
    invoke("READ", {"JobDefinitionArn": model["JobDefinitionArn"], "JobDefinitionName": "Fraud-Quality"})
    assert wire.body("DescribeModelQualityJobDefinition") == {"JobDefinitionName": "Fraud-Quality"}


def test_the_arn_decides_where_the_name_is_anothers(wire: Wire) -> None:
    """If ARN and name disagree, READ uses the ARN, which is the primary identifier."""
    model = create_definition(maximal())
    wire.requests.clear()
    invoke("READ", {"JobDefinitionArn": model["JobDefinitionArn"], "JobDefinitionName": "another"})
    assert wire.body("DescribeModelQualityJobDefinition") == {"JobDefinitionName": "fraud-quality"}


@pytest.mark.parametrize(
    "identifier",
    [
        {"JobDefinitionArn": arn("missing")},
        {"JobDefinitionName": "missing"},
        {"JobDefinitionArn": arn("fraud-quality", region="us-east-1")},
        {"JobDefinitionArn": arn("fraud-quality", account="999999999999")},
        {},
        None,
    ],
)
def test_what_is_not_here_is_not_found(identifier: Json | None) -> None:
    """READ finds no definition by another region's or account's ARN, even if the name exists here."""
    create_definition(maximal())
    answer = invoke("READ", identifier)
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "NotFound")
    assert answer["message"]
    assert "resourceModel" not in answer


def test_a_definition_with_another_arn_is_not_the_one_asked_for(wire: Wire) -> None:
    """READ reports NotFound if the definition of that name has another ARN."""
    model = create_definition(maximal())
    other = dict(model, JobDefinitionArn=arn("fraud-quality", account="999999999999"), CreationTime=0)
    wire.reply("DescribeModelQualityJobDefinition", json_reply(200, other))
    answer = invoke("READ", {"JobDefinitionArn": model["JobDefinitionArn"]})
    assert answer["errorCode"] == "NotFound"


@pytest.mark.parametrize(
    "identifier",
    [
        "fraud-quality",
        "arn:aws:sagemaker:eu-west-1:123456789012:data-quality-job-definition/fraud",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-quality-job-definition/",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-quality-job-definition/a/b",
        "arn:aws:s3:::bucket",
    ],
)
def test_what_is_no_arn_of_this_type_is_an_invalid_request(wire: Wire, identifier: str) -> None:
    """READ refuses a wrong ARN without a call, and its message shows the expected form."""
    answer = invoke("READ", {"JobDefinitionArn": identifier})
    assert answer["errorCode"] == "InvalidRequest"
    assert "model-quality-job-definition/<name>" in answer["message"]
    assert wire.requests == []


def test_arns_of_other_partitions_are_read(wire: Wire) -> None:
    """READ accepts an ARN of another partition, such as China's, and calls that partition's endpoint."""
    request = {"JobDefinitionArn": "arn:aws-cn:sagemaker:cn-north-1:123456789012:model-quality-job-definition/x"}
    answer = invoke("READ", request, region="cn-north-1")
    assert answer["errorCode"] == "NotFound"
    assert wire.urls == ["https://api.sagemaker.cn-north-1.amazonaws.com.cn/"]


def test_a_member_that_the_api_grows_breaks_nothing(wire: Wire) -> None:
    """READ leaves out members that the schema doesn't know."""
    model = create_definition(maximal())
    description = dict(model, CreationTime=1700000000.5, Novelty={"Deep": 1}, RoleArn=model["RoleArn"])
    description["JobResources"] = {"ClusterConfig": model["JobResources"]["ClusterConfig"] | {"Novelty": "x"}}
    endpoint = model["ModelQualityJobInput"]["EndpointInput"] | {"FeaturesAttribute": "0", "Novelty": 1}
    description["ModelQualityJobInput"] = model["ModelQualityJobInput"] | {"EndpointInput": endpoint}
    wire.reply("DescribeModelQualityJobDefinition", json_reply(200, description))
    answer = invoke("READ", {"JobDefinitionArn": model["JobDefinitionArn"]})
    assert answer["resourceModel"] == model | {"CreationTime": "2023-11-14T22:13:20.500000+00:00"}


def test_tags_of_aws_are_not_reported(wire: Wire) -> None:
    """READ leaves out aws: tags: they are not in the template and would show as drift."""
    model = create_definition(minimal())
    tags = [{"Key": "aws:cloudformation:stack-name", "Value": "x"}, {"Key": "stage", "Value": "prod"}]
    wire.reply(
        "ListTags", json_reply(200, {"Tags": tags[:1], "NextToken": "more"}), json_reply(200, {"Tags": tags[1:]})
    )
    answer = invoke("READ", {"JobDefinitionArn": model["JobDefinitionArn"]})
    assert answer["resourceModel"]["Tags"] == tags[1:]
    assert wire.requests[-1][1]["NextToken"] == "more"


def test_a_failure_has_sagemakers_message(wire: Wire) -> None:
    """READ can't orphan anything, so it fails at once, with SageMaker's text."""
    wire.reply("DescribeModelQualityJobDefinition", error_reply("AccessDeniedException", "not for you"))
    answer = invoke("READ", {"JobDefinitionName": "fraud"})
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "AccessDenied")
    assert "not for you" in answer["message"]
