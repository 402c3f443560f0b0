"""What CloudFormation and Cloud Control do beyond stacks, at the packaged function's door, in their envelopes.

Their own engines (import change sets, drift detection, patches and pages) are not in moto and not here: each test says
what they ask, and compares the answer with what they do next.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from packager.package import package
from sandbox.account import Account
from sandbox.function import Function
from tests.envelopes import REGION, ROOT, Json, arn, batch, event, maximal, minimal

Client = Any  # boto3 makes its clients at run time


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[Account, Function]]:
    """An account, and the function as a registered type's."""
    with Account(region=REGION) as account, Function(package(ROOT), account) as function:
        yield account, function


@pytest.fixture
def function(door: tuple[Account, Function]) -> Function:
    """The function."""
    return door[1]


@pytest.fixture
def sagemaker(door: tuple[Account, Function]) -> Iterator[Client]:
    """A client of SageMaker, for what is done outside of CloudFormation; no definition is left."""
    client = door[0].client("sagemaker")
    yield client
    while summaries := client.list_model_quality_job_definitions(MaxResults=100)["JobDefinitionSummaries"]:
        for summary in summaries:
            client.delete_model_quality_job_definition(JobDefinitionName=summary["MonitoringJobDefinitionName"])


def made_outside(sagemaker: Client, name: str = "Churn-Quality") -> Json:
    """Make a definition with boto3: what a template would have to say to describe it."""
    state = maximal() | {"JobDefinitionName": name}
    del state["EndpointName"]  # no member of the API
    sagemaker.create_model_quality_job_definition(**state)
    return state


def beyond(action: str, properties: Json | None, previous: Json | None = None, **more: Any) -> Json:  # noqa: ANN401 - of `event`
    """Return an event without a stack: no stack id, no logical id, no tags of a stack or of CloudFormation."""
    sent = event(action, properties, previous, stack_id=None, logical_id="", **more)
    for absent in ("logicalResourceId", "stackTags", "previousStackTags", "systemTags"):
        del sent["requestData"][absent]
    if properties is None:
        del sent["requestData"]["resourceProperties"]
    return sent


def drift(template: Json, actual: Json) -> dict[str, tuple[Any, Any]]:
    """Return the properties of a template that are not as READ has them: expected and actual.

    Drift detection compares what the template gives, property by property and at every depth, and leaves out what it
    does not give, such as the service's defaults; the order of an array without insertionOrder does not count.
    """
    expected = {key: _in_order(key, value) for key, value in template.items()}
    found = {key: _as_given(value, _in_order(key, actual.get(key))) for key, value in expected.items()}
    return {key: (value, found[key]) for key, value in expected.items() if value != found[key]}


def _in_order(key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return sorted(value or [], key=lambda tag: str(tag["Key"])) if key == "Tags" else value


def _as_given(given: Any, actual: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return what is actual, without the members that are not given."""
    if isinstance(given, dict) and isinstance(actual, dict) and given:
        return {key: _as_given(given[key], actual[key]) for key in given if key in actual}
    return actual


@pytest.mark.parametrize(
    "identifier",
    [{"JobDefinitionArn": arn("Churn-Quality")}, {"JobDefinitionName": "Churn-Quality"}],
    ids=["arn", "name"],
)
def test_import(function: Function, sagemaker: Client, identifier: Json) -> None:
    """A definition made outside of any stack is found by either identifier, with all that an import compares.

    An import change set names the resource by the primary or an additional identifier; CloudFormation calls READ with
    that alone, takes the primary identifier from the answer, and then checks the template against it as for drift.
    """
    template = made_outside(sagemaker)
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
    """An identifier of nothing, of another region, or of no definition at all is told apart."""
    made_outside(sagemaker)
    answer = function.invoke(event("READ", identifier))
    assert (answer["status"], answer["errorCode"]) == ("FAILED", code)
    assert next(iter(identifier.values())).split("/")[-1] in answer["message"]
    assert "resourceModel" not in answer


@pytest.mark.parametrize(
    "template",
    [minimal(), maximal(), batch({"Csv": {}}), batch({"Json": {"Line": True}}), batch({"Parquet": True})],
    ids=["minimal", "maximal", "csv", "json", "parquet"],
)
def test_no_drift(function: Function, sagemaker: Client, template: Json) -> None:  # noqa: ARG001 - it cleans up
    """Right after it was made, READ of the ARN alone has every property as the template gives it, empty objects too.

    EndpointName is write-only: drift detection leaves it out, as READ does.
    """
    created = function.invoke(event("CREATE", template, tags={"stack": "yes"}))
    actual = function.invoke(event("READ", {"JobDefinitionArn": created["resourceModel"]["JobDefinitionArn"]}))
    expected = template | {"Tags": [*template.get("Tags", []), {"Key": "stack", "Value": "yes"}]}
    expected.pop("EndpointName", None)
    assert drift(expected, actual["resourceModel"]) == {}
    assert "EndpointName" not in actual["resourceModel"]


def test_drift_of_tags(function: Function, sagemaker: Client) -> None:
    """Tags changed outside show, key by key, and nothing else does."""
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
    """A definition deleted outside is NotFound, which drift detection shows as DELETED."""
    made_outside(sagemaker)
    sagemaker.delete_model_quality_job_definition(JobDefinitionName="Churn-Quality")
    assert function.invoke(event("READ", {"JobDefinitionArn": arn("Churn-Quality")}))["errorCode"] == "NotFound"


def test_cloud_control_s_life_of_a_definition(function: Function, sagemaker: Client) -> None:
    """CreateResource, GetResource, UpdateResource by patches, DeleteResource: no stack, identifiers alone."""
    created = function.invoke(beyond("CREATE", maximal() | {"JobDefinitionName": "Churn-Quality"}))
    assert created["status"] == "SUCCESS"
    identifier = {"JobDefinitionArn": created["resourceModel"]["JobDefinitionArn"]}
    got = function.invoke(beyond("READ", identifier))["resourceModel"]
    assert got == {key: value for key, value in created["resourceModel"].items() if key != "EndpointName"}

    # A patch is applied to what READ returned; both states are sent, read-only properties included.
    patched = function.invoke(beyond("UPDATE", got | {"EndpointName": "churn"}, got))
    assert (patched["status"], patched["resourceModel"]["JobDefinitionArn"]) == ("SUCCESS", arn("Churn-Quality"))
    refused = function.invoke(beyond("UPDATE", got | {"RoleArn": "arn:aws:iam::123456789012:role/other"}, got))
    assert (refused["status"], refused["errorCode"]) == ("FAILED", "NotUpdatable")
    assert "RoleArn" in refused["message"]
    assert function.invoke(beyond("READ", identifier))["resourceModel"] == got

    deleted = function.invoke(beyond("DELETE", identifier))
    assert deleted["status"] == "SUCCESS"
    assert "resourceModel" not in deleted
    assert function.invoke(beyond("READ", identifier))["errorCode"] == "NotFound"
    assert function.invoke(beyond("DELETE", identifier))["errorCode"] == "NotFound"
    assert sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []


def test_cloud_control_generates_a_name(function: Function, sagemaker: Client) -> None:
    """With no stack to name it after; the same token makes the same definition, another one another."""
    models = [
        function.invoke(beyond("CREATE", minimal(), token=token))["resourceModel"] for token in ("one", "one", "two")
    ]
    names = [model["JobDefinitionName"] for model in models]
    assert names[0] == names[1] != names[2]
    found = sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"]
    assert {one["MonitoringJobDefinitionName"] for one in found} == set(names)


def test_cloud_control_lists_250_definitions_in_pages(function: Function, sagemaker: Client) -> None:
    """ListResources sends no properties at all, and each token back; GetResource takes every identifier."""
    made = set()
    for number in range(250):
        state = minimal() | {"JobDefinitionName": f"definition-{number}"}
        made.add(sagemaker.create_model_quality_job_definition(**state)["JobDefinitionArn"])
    listed: list[Json] = []
    token, pages = None, 0
    while pages == 0 or token:
        answer = function.invoke(beyond("LIST", None, next_token=token))
        assert answer["status"] == "SUCCESS"
        listed += answer["resourceModels"]
        token = answer.get("nextToken")
        pages += 1
    assert (len(listed), pages) == (250, 3)
    assert {model["JobDefinitionArn"] for model in listed} == made
    for model in (listed[0], listed[100], listed[249]):
        assert function.invoke(beyond("READ", model))["resourceModel"].items() >= model.items()


def test_cloud_control_lists_nothing(function: Function, sagemaker: Client) -> None:  # noqa: ARG001 - it cleans up
    """An empty list and no token, when there is nothing."""
    answer = function.invoke(beyond("LIST", None))
    assert (answer["status"], answer["resourceModels"], answer.get("nextToken")) == ("SUCCESS", [], None)


def test_cloud_control_lists_by_endpoint(function: Function, sagemaker: Client) -> None:
    """ListResources takes the properties of the schema's handlerSchema as its ResourceModel: EndpointName."""
    made_outside(sagemaker)
    for endpoint, count in (("fraud", 1), ("other", 0)):
        answer = function.invoke(beyond("LIST", {"EndpointName": endpoint}))
        assert len(answer["resourceModels"]) == count
