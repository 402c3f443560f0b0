"""The packaged function answers the requests that CloudFormation and Cloud Control send outside of stacks.

The tests send the envelopes of import change sets, drift detection, patches and pages to the function, and compare its
answers with what those engines need. The engines' own tests are test_imports, test_drift and test_cloud_control_api.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from cfn_sandbox.account.account import Account
from cfn_sandbox.account.function import Function
from cfn_sandbox.packaging.package import package
from tools.envelopes import REGION, ROOT, Json, arn, batch, event, maximal, minimal
from tools.sagemaker import account as sagemaker_account

Client = Any  # boto3 creates client classes at run time


@pytest.fixture(scope="module")
def account_and_function() -> Iterator[tuple[Account, Function]]:
    """Yield an account and the packaged function."""
    with sagemaker_account(region=REGION) as account, Function(package(ROOT), account) as function:
        yield account, function


@pytest.fixture
def function(account_and_function: tuple[Account, Function]) -> Function:
    """Return the packaged function."""
    return account_and_function[1]


@pytest.fixture
def sagemaker(account_and_function: tuple[Account, Function]) -> Iterator[Client]:
    """Yield a SageMaker client for changes outside of CloudFormation, and delete every definition afterwards."""
    client = account_and_function[0].client("sagemaker")
    yield client
    while summaries := client.list_model_quality_job_definitions(MaxResults=100)["JobDefinitionSummaries"]:
        for summary in summaries:
            client.delete_model_quality_job_definition(JobDefinitionName=summary["MonitoringJobDefinitionName"])


def create_outside(sagemaker: Client, name: str = "Churn-Quality") -> Json:
    """Create a definition with boto3, and return the properties of a template that describes it."""
    state = maximal() | {"JobDefinitionName": name}
    del state["EndpointName"]  # the API has no such member
    sagemaker.create_model_quality_job_definition(**state)
    return state


def event_outside_stacks(action: str, properties: Json | None, previous: Json | None = None, **more: Any) -> Json:  # noqa: ANN401 - parameters of `event`
    """Return an event without a stack id, a logical id, stack tags or system tags."""
    request = event(action, properties, previous, stack_id=None, logical_id="", **more)
    for absent in ("logicalResourceId", "stackTags", "previousStackTags", "systemTags"):
        del request["requestData"][absent]
    if properties is None:
        del request["requestData"]["resourceProperties"]
    return request


def drift(template: Json, actual: Json) -> dict[str, tuple[Any, Any]]:
    """Return the properties that differ between a template and a READ, each with its expected and actual value.

    Like drift detection, it compares only what the template gives, at every depth, and so ignores the service's
    defaults. It also ignores the order of an array without insertionOrder.
    """
    expected = {key: _in_order(key, value) for key, value in template.items()}
    reported = {key: _without_additions(value, _in_order(key, actual.get(key))) for key, value in expected.items()}
    return {key: (value, reported[key]) for key, value in expected.items() if value != reported[key]}


def _in_order(key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return sorted(value or [], key=lambda tag: str(tag["Key"])) if key == "Tags" else value


def _without_additions(template: Any, actual: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the actual value, without members that are not given."""
    if isinstance(template, dict) and isinstance(actual, dict) and template:
        return {key: _without_additions(template[key], actual[key]) for key in template if key in actual}
    return actual


@pytest.mark.parametrize(
    "identifier",
    [{"JobDefinitionArn": arn("Churn-Quality")}, {"JobDefinitionName": "Churn-Quality"}],
    ids=["arn", "name"],
)
def test_import(function: Function, sagemaker: Client, identifier: Json) -> None:
    """READ finds a definition outside of stacks by either identifier, with all that an import compares.

    An import change set names the resource by the primary or an additional identifier. CloudFormation calls READ with
    that alone, takes the primary identifier from the answer, and compares the template with it as drift detection does.
    """
    template = create_outside(sagemaker)
    answer = function.invoke(event("READ", identifier))
    assert answer["status"] == "SUCCESS"
    assert answer["resourceModel"]["JobDefinitionArn"] == arn("Churn-Quality")
    assert answer["resourceModel"]["CreationTime"]
    assert drift(template, answer["resourceModel"]) == {}


@pytest.mark.parametrize(
    ("identifier", "code"),
    [
        ({"JobDefinitionArn": arn("nobody")}, "NotFound"),
        ({"JobDefinitionName": "nobody"}, "NotFound"),
        ({"JobDefinitionArn": arn("Churn-Quality", region="eu-central-1")}, "NotFound"),
        ({"JobDefinitionArn": "Churn-Quality"}, "InvalidRequest"),
    ],
)
def test_import_of_what_is_not_there(function: Function, sagemaker: Client, identifier: Json, code: str) -> None:
    """A missing definition and another region's are NotFound; an identifier that is no ARN is InvalidRequest."""
    create_outside(sagemaker)
    answer = function.invoke(event("READ", identifier))
    assert (answer["status"], answer["errorCode"]) == ("FAILED", code)
    assert next(iter(identifier.values())).split("/")[-1] in answer["message"]
    assert "resourceModel" not in answer


@pytest.mark.parametrize(
    "template",
    [minimal(), maximal(), batch({"Csv": {}}), batch({"Json": {"Line": True}}), batch({"Parquet": True})],
    ids=["minimal", "maximal", "csv", "json", "parquet"],
)
def test_no_drift(function: Function, sagemaker: Client, template: Json) -> None:  # noqa: ARG001 - the fixture deletes the definition
    """After CREATE, READ by ARN returns every property as the template gives it, empty objects included.

    EndpointName is write-only: drift detection ignores it, and READ doesn't return it.
    """
    created = function.invoke(event("CREATE", template, tags={"stack": "yes"}))
    actual = function.invoke(event("READ", {"JobDefinitionArn": created["resourceModel"]["JobDefinitionArn"]}))
    expected = template | {"Tags": [*template.get("Tags", []), {"Key": "stack", "Value": "yes"}]}
    expected.pop("EndpointName", None)
    assert drift(expected, actual["resourceModel"]) == {}
    assert "EndpointName" not in actual["resourceModel"]


def test_drift_of_tags(function: Function, sagemaker: Client) -> None:
    """READ shows tags changed outside of the stack, and no other property differs."""
    created = function.invoke(event("CREATE", maximal()))["resourceModel"]
    identifier = {"JobDefinitionArn": created["JobDefinitionArn"]}
    sagemaker.add_tags(
        ResourceArn=created["JobDefinitionArn"],
        Tags=[{"Key": "team", "Value": "risk"}, {"Key": "by-hand", "Value": "yes"}],
    )
    template = {key: value for key, value in maximal().items() if key != "EndpointName"}
    actual = function.invoke(event("READ", identifier))["resourceModel"]
    assert drift(template, actual) == {
        "Tags": (
            [{"Key": "team", "Value": "fraud"}],
            [{"Key": "by-hand", "Value": "yes"}, {"Key": "team", "Value": "risk"}],
        )
    }
    sagemaker.delete_tags(ResourceArn=created["JobDefinitionArn"], TagKeys=["by-hand", "team"])
    actual = function.invoke(event("READ", identifier))["resourceModel"]
    assert drift(template, actual) == {"Tags": ([{"Key": "team", "Value": "fraud"}], [])}


def test_drift_of_what_is_gone(function: Function, sagemaker: Client) -> None:
    """A definition deleted outside of the stack is NotFound, which drift detection reports as DELETED."""
    create_outside(sagemaker)
    sagemaker.delete_model_quality_job_definition(JobDefinitionName="Churn-Quality")
    assert function.invoke(event("READ", {"JobDefinitionArn": arn("Churn-Quality")}))["errorCode"] == "NotFound"


def test_cloud_control_s_life_of_a_definition(function: Function, sagemaker: Client) -> None:
    """Cloud Control creates, reads, patches and deletes a definition without a stack, by its identifier alone."""
    created = function.invoke(event_outside_stacks("CREATE", maximal() | {"JobDefinitionName": "Churn-Quality"}))
    assert created["status"] == "SUCCESS"
    identifier = {"JobDefinitionArn": created["resourceModel"]["JobDefinitionArn"]}
    got = function.invoke(event_outside_stacks("READ", identifier))["resourceModel"]
    assert got == {key: value for key, value in created["resourceModel"].items() if key != "EndpointName"}

    # Cloud Control applies a patch to READ's answer and sends both states, read-only properties included.
    patched = function.invoke(event_outside_stacks("UPDATE", got | {"EndpointName": "churn"}, got))
    assert (patched["status"], patched["resourceModel"]["JobDefinitionArn"]) == ("SUCCESS", arn("Churn-Quality"))
    refused = function.invoke(
        event_outside_stacks("UPDATE", got | {"RoleArn": "arn:aws:iam::123456789012:role/other"}, got)
    )
    assert (refused["status"], refused["errorCode"]) == ("FAILED", "NotUpdatable")
    assert "RoleArn" in refused["message"]
    assert function.invoke(event_outside_stacks("READ", identifier))["resourceModel"] == got

    deleted = function.invoke(event_outside_stacks("DELETE", identifier))
    assert deleted["status"] == "SUCCESS"
    assert "resourceModel" not in deleted
    assert function.invoke(event_outside_stacks("READ", identifier))["errorCode"] == "NotFound"
    assert function.invoke(event_outside_stacks("DELETE", identifier))["errorCode"] == "NotFound"
    assert sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []


def test_cloud_control_generates_a_name(function: Function, sagemaker: Client) -> None:
    """Without a stack, the token decides the generated name: another token is another definition."""
    models = [
        function.invoke(event_outside_stacks("CREATE", minimal(), token=token))["resourceModel"]
        for token in ("one", "one", "two")
    ]
    names = [model["JobDefinitionName"] for model in models]
    assert names[0] == names[1] != names[2]
    summaries = sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"]
    assert {summary["MonitoringJobDefinitionName"] for summary in summaries} == set(names)


def test_cloud_control_lists_250_definitions_in_pages(function: Function, sagemaker: Client) -> None:
    """LIST without properties returns pages and takes each token back; READ takes every identifier from a page."""
    created = set()
    for number in range(250):
        state = minimal() | {"JobDefinitionName": f"definition-{number}"}
        created.add(sagemaker.create_model_quality_job_definition(**state)["JobDefinitionArn"])
    listed: list[Json] = []
    token, pages = None, 0
    while pages == 0 or token:
        answer = function.invoke(event_outside_stacks("LIST", None, next_token=token))
        assert answer["status"] == "SUCCESS"
        listed += answer["resourceModels"]
        token = answer.get("nextToken")
        pages += 1
    assert (len(listed), pages) == (250, 3)
    assert {model["JobDefinitionArn"] for model in listed} == created
    for model in (listed[0], listed[100], listed[249]):
        assert function.invoke(event_outside_stacks("READ", model))["resourceModel"].items() >= model.items()


def test_cloud_control_lists_nothing(function: Function, sagemaker: Client) -> None:  # noqa: ARG001 - the fixture deletes definitions
    """LIST without definitions returns an empty list and no token."""
    answer = function.invoke(event_outside_stacks("LIST", None))
    assert (answer["status"], answer["resourceModels"], answer.get("nextToken")) == ("SUCCESS", [], None)


def test_cloud_control_lists_by_endpoint(function: Function, sagemaker: Client) -> None:
    """LIST filters by EndpointName, the property of the schema's handlerSchema, which ListResources passes on."""
    create_outside(sagemaker)
    for endpoint, count in (("fraud", 1), ("other", 0)):
        answer = function.invoke(event_outside_stacks("LIST", {"EndpointName": endpoint}))
        assert len(answer["resourceModels"]) == count
