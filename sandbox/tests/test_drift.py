"""Drift detection through boto3, on a type with a two-part identifier."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox import operations
from cfn_sandbox.account.account import Account
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from cfn_sandbox.schemas.differences import Difference, differences, expected_properties
from cfn_sandbox.schemas.schema import ResourceSchema
from sandbox.tests.toys.pairs import NAME, SCHEMA, Json, Pairs, failure

Client = Any  # boto3 creates client classes at run time

ACCOUNT, REGION = "123456789012", "eu-west-1"
TAGGED = {"tagging": {"taggable": True, "tagProperty": "/properties/Labels"}}
PROPERTIES: Json = {
    "Left": "a",
    "Right": "b",
    "Colour": "red",
    "Size": "3",
    "Secret": "x",
    "Parts": [{"Size": 1, "Key": "k"}, {"Size": 2}],
    "Labels": [{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "1"}],
    "Options": {"Note": "n"},
}


@pytest.fixture
def account() -> Iterator[Account]:
    """Yield an account that serves CloudFormation."""
    with Account(region=REGION, tested=False) as account:
        yield account


@pytest.fixture
def pairs(account: Account) -> Pairs:  # noqa: ARG001 - the fixture opens the account
    """Return the type, registered."""
    handlers = Pairs()
    catalogue.add_type(ACCOUNT, REGION, handlers.registered_type())
    return handlers


@pytest.fixture
def client(account: Account, pairs: Pairs) -> Client:  # noqa: ARG001 - the fixture registers the type
    """Return a client of that account's CloudFormation."""
    return account.client("cloudformation")


def template(**pairs: Json) -> str:
    """Return a template of pairs and a bucket, whose type comes from moto."""
    resources: Json = {key: {"Type": NAME, "Properties": one} for key, one in pairs.items()}
    return json.dumps({"Resources": resources | {"Bucket": {"Type": "AWS::S3::Bucket"}}})


def create(client: Client, body: str, **more: Any) -> None:  # noqa: ANN401 - parameters of the API
    """Create the stack called pairs, and check that its drift is not known yet."""
    client.create_stack(StackName="pairs", TemplateBody=body, **more)
    (stack,) = client.describe_stacks(StackName="pairs")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["StackStatusReason"]
    assert stack["DriftInformation"] == {"StackDriftStatus": "NOT_CHECKED"}


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


def difference(path: str, kind: str, expected: str, actual: str) -> Json:
    """Return a property difference in the API's format."""
    return {"PropertyPath": path, "DifferenceType": kind, "ExpectedValue": expected, "ActualValue": actual}


def test_in_sync(pairs: Pairs, client: Client) -> None:
    """A new stack is in sync: neither write-only properties nor the service's additions count as drift."""
    create(client, template(Pair=PROPERTIES))
    status = detect_drift(client)
    assert (status["DetectionStatus"], status["StackDriftStatus"]) == ("DETECTION_COMPLETE", "IN_SYNC")
    assert status["DriftedStackResourceCount"] == 0
    (one,) = client.describe_stack_resource_drifts(StackName="pairs")["StackResourceDrifts"]
    assert (one["StackResourceDriftStatus"], one["PhysicalResourceId"], one["ResourceType"]) == ("IN_SYNC", "a|b", NAME)
    assert one["PropertyDifferences"] == []
    expected = {key: value for key, value in PROPERTIES.items() if key != "Secret"} | {
        "Size": 3,
        "Parts": [{"Size": 1}, {"Size": 2}],
    }
    assert json.loads(one["ExpectedProperties"]) == expected
    assert json.loads(one["ActualProperties"]) == expected
    data = pairs.events[-1]["requestData"]
    assert (pairs.actions()[-1], data["resourceProperties"]) == ("READ", {"Left": "a", "Right": "b"})
    (stack,) = client.describe_stacks(StackName="pairs")["Stacks"]
    assert stack["DriftInformation"] == {"StackDriftStatus": "IN_SYNC", "LastCheckTimestamp": status["Timestamp"]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Colour": "blue"}, [difference("/Colour", "NOT_EQUAL", "red", "blue")]),
        ({"Size": 4}, [difference("/Size", "NOT_EQUAL", "3", "4")]),
        ({"Colour": None}, [difference("/Colour", "REMOVE", "red", "null")]),
        ({"Options": {"Note": "m", "Depth": 3}}, [difference("/Options/Note", "NOT_EQUAL", "n", "m")]),
        ({"Options": {}}, [difference("/Options/Note", "REMOVE", "n", "null")]),
        ({"Options": {"Note": "n", "Depth": 3}, "Limit": 10, "Loud": True}, []),
        (
            {"Parts": [{"Size": 2}, {"Size": 2}, {"Size": 3}]},
            [difference("/Parts/0/Size", "NOT_EQUAL", "1", "2"), difference("/Parts/2", "ADD", "null", '{"Size": 3}')],
        ),
        ({"Parts": [{"Size": 1}]}, [difference("/Parts/1", "REMOVE", '{"Size": 2}', "null")]),
        ({"Labels": list(reversed(PROPERTIES["Labels"]))}, []),
        (
            {"Labels": [{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": "1"}]},
            [
                difference("/Labels/0", "REMOVE", '{"Key": "team", "Value": "a"}', "null"),
                difference("/Labels/0", "ADD", "null", '{"Key": "team", "Value": "b"}'),
            ],
        ),
    ],
)
def test_modified(pairs: Pairs, client: Client, change: Json, expected: list[Json]) -> None:
    """A change outside of the stack is reported with path, values and type; an addition is no drift."""
    create(client, template(Pair=PROPERTIES, Other={"Left": "a", "Right": "c"}))
    pairs.resources["a", "b"] |= change
    status = detect_drift(client)
    assert (status["StackDriftStatus"], status["DriftedStackResourceCount"]) == (
        ("DRIFTED", 1) if expected else ("IN_SYNC", 0)
    )
    assert resource_drifts(client) == {
        "Pair": ("MODIFIED" if expected else "IN_SYNC", expected),
        "Other": ("IN_SYNC", []),
    }


def test_deleted(pairs: Pairs, client: Client) -> None:
    """A resource that READ doesn't find is DELETED, and has no properties."""
    create(client, template(Pair=PROPERTIES))
    del pairs.resources["a", "b"]
    status = detect_drift(client)
    assert (status["StackDriftStatus"], status["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    (one,) = client.describe_stack_resource_drifts(StackName="pairs")["StackResourceDrifts"]
    assert one["StackResourceDriftStatus"] == "DELETED"
    assert not {"ExpectedProperties", "ActualProperties"} & one.keys()


def test_unknown(pairs: Pairs, client: Client) -> None:
    """A failed READ fails the detection with its reason; the other resources are still checked."""
    create(client, template(Pair=PROPERTIES, Other={"Left": "a", "Right": "c"}))

    def defect() -> Json:
        raise KeyError("Left")

    answers: list[tuple[Json | Callable[[], Json], str]] = [
        (failure("AccessDenied", "Not yours"), "Not yours.*AccessDenied"),
        (defect, "KeyError: 'Left'"),
    ]
    for answer, reason in answers:
        pairs.answers = [answer]
        status = detect_drift(client)
        assert (status["DetectionStatus"], status["StackDriftStatus"]) == ("DETECTION_FAILED", "UNKNOWN")
        assert status["DetectionStatusReason"] == "Failed to detect drift on resource [Pair]"
        drifts = client.describe_stack_resource_drifts(
            StackName="pairs", StackResourceDriftStatusFilters=["UNKNOWN", "DELETED"]
        )["StackResourceDrifts"]
        assert [one["LogicalResourceId"] for one in drifts] == ["Pair"]
        assert re.search(reason, drifts[0]["DriftStatusReason"])
        assert resource_drifts(client)["Other"] == ("IN_SYNC", [])


def test_stack_tags(pairs: Pairs, client: Client) -> None:
    """A type that takes tags is expected to have the stack tags; a resource's own value wins."""
    tags = [{"Key": "team", "Value": "b"}, {"Key": "stage", "Value": "test"}]
    tagged: Json = {"Left": "a", "Right": "b", "Labels": [{"Key": "team", "Value": "a"}]}
    create(client, template(Pair=tagged, Other={"Left": "a", "Right": "c"}), Tags=tags)
    assert detect_drift(client)["StackDriftStatus"] == "IN_SYNC"
    kind = pairs.registered_type(**TAGGED)
    cases: list[tuple[Json, list[Json]]] = [
        (tagged, [*tagged["Labels"], {"Key": "stage", "Value": "test"}]),
        ({"Left": "a", "Right": "c"}, [*tags]),
    ]
    for properties, expected in cases:
        as_tags = {tag["Key"]: tag["Value"] for tag in tags}
        assert expected_properties(kind.schema, properties, as_tags) == properties | {"Labels": expected}
        assert expected_properties(kind.schema, properties, {}) == properties
        assert (
            expected_properties(pairs.registered_type(tagging={"taggable": False}).schema, properties, as_tags)
            == properties
        )


def test_tags_that_are_a_map() -> None:
    """Stack tags are merged into a map of tags, too."""
    schema = SCHEMA | {
        "properties": SCHEMA["properties"]
        | {"Tags": {"type": "object", "patternProperties": {".*": {"type": "string"}}}},
        "tagging": {},
    }
    kind = RegisteredType(schema, lambda event: event)
    assert expected_properties(kind.schema, {"Tags": {"a": "1"}}, {"a": "2", "b": "2"}) == {
        "Tags": {"a": "1", "b": "2"}
    }
    assert expected_properties(kind.schema, {}, {"b": "2"}) == {"Tags": {"b": "2"}}


def test_one_resource(pairs: Pairs, client: Client) -> None:
    """One resource can be checked alone. A type of moto's has no READ, and an unknown resource is refused."""
    create(client, template(Pair=PROPERTIES, Other={"Left": "a", "Right": "c"}))
    pairs.resources["a", "b"]["Colour"] = "blue"
    one = client.detect_stack_resource_drift(StackName="pairs", LogicalResourceId="Pair")["StackResourceDrift"]
    assert one["PropertyDifferences"] == [difference("/Colour", "NOT_EQUAL", "red", "blue")]
    assert list(resource_drifts(client)) == ["Pair"]
    with pytest.raises(ClientError, match=r"AWS::S3::Bucket is not supported for drift detection"):
        client.detect_stack_resource_drift(StackName="pairs", LogicalResourceId="Bucket")
    with pytest.raises(ClientError, match="Resource Nothing does not exist"):
        client.detect_stack_resource_drift(StackName="pairs", LogicalResourceId="Nothing")
    with pytest.raises(ClientError, match=r"Resource \[Nothing\] does not exist"):
        client.detect_stack_drift(StackName="pairs", LogicalResourceIds=["Nothing"])
    assert detect_drift(client, LogicalResourceIds=["Other"])["StackDriftStatus"] == "IN_SYNC"


def test_pages(pairs: Pairs, client: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """DescribeStackResourceDrifts returns its results in pages."""
    create(client, template(**{f"Pair{number}": {"Left": "a", "Right": str(number)} for number in range(3)}))
    detect_drift(client)
    first = client.describe_stack_resource_drifts(StackName="pairs", MaxResults=2)
    second = client.describe_stack_resource_drifts(StackName="pairs", MaxResults=2, NextToken=first["NextToken"])
    assert [len(page["StackResourceDrifts"]) for page in (first, second)] == [2, 1]
    assert "NextToken" not in second


def test_an_update_makes_what_was_found_old(pairs: Pairs, client: Client) -> None:
    """An update discards the results of the resources that it changes."""
    create(client, template(Pair=PROPERTIES))
    pairs.resources["a", "b"]["Colour"] = "blue"
    detect_drift(client)
    client.update_stack(StackName="pairs", TemplateBody=template(Pair=PROPERTIES | {"Colour": "green"}))
    assert resource_drifts(client) == {}
    assert detect_drift(client)["StackDriftStatus"] == "IN_SYNC"


def test_stacks_that_can_not_be_checked(pairs: Pairs, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing stack, a stack in progress and an unknown detection are refused."""
    for call, more in (
        (client.detect_stack_drift, {}),
        (client.detect_stack_resource_drift, {"LogicalResourceId": "Pair"}),
        (client.describe_stack_resource_drifts, {}),
    ):
        with pytest.raises(ClientError, match="does not exist"):
            call(StackName="nothing", **more)
    with pytest.raises(ClientError, match="does not exist"):
        client.describe_stack_drift_detection_status(StackDriftDetectionId="none")
    gate = threading.Event()
    monkeypatch.setattr(operations, "PATIENCE", 0.01)

    def slow() -> Json:
        assert gate.wait(30)
        return failure("InvalidRequest")

    pairs.answers = [slow]
    client.create_stack(StackName="pairs", TemplateBody=template(Pair=PROPERTIES))
    with pytest.raises(ClientError, match="in CREATE_IN_PROGRESS state"):
        client.detect_stack_drift(StackName="pairs")
    gate.set()


@pytest.mark.parametrize(
    ("schema", "expected", "actual", "reported"),
    [
        ({}, {"a": [1, 2]}, {"a": "1"}, [Difference("/a", "NOT_EQUAL", [1, 2], "1")]),
        ({}, {"a": {"b": 1}}, {"a": [1]}, [Difference("/a", "NOT_EQUAL", {"b": 1}, [1])]),
        ({}, {"a": True}, {"a": 1}, [Difference("/a", "NOT_EQUAL", expected=True, actual=1)]),
        ({}, {"a": 1.0}, {"a": 1}, []),
        (
            {"properties": {"a": {"$ref": "#/definitions/A"}}, "definitions": {"A": {"insertionOrder": False}}},
            {"a": [1, 1, 2]},
            {"a": [2, 1, 3]},
            [Difference("/a/1", "REMOVE", 1), Difference("/a/2", "ADD", actual=3)],
        ),
        (
            {"properties": {"a": {"patternProperties": {".*": {"insertionOrder": False}}}}},
            {"a": {"x": [1, 2]}},
            {"a": {"x": [2, 1]}},
            [],
        ),
    ],
)
def test_differences(schema: Json, expected: Json, actual: Json, reported: list[Difference]) -> None:
    """Different types, numbers, and sets behind references and patterns are compared by the schema."""
    assert differences(ResourceSchema({"typeName": NAME, **schema}), expected, actual) == reported
