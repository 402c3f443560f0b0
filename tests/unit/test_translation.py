"""The translation of models to requests and of answers to models, for every state that the schema allows."""

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from cloudformation_cli_python_lib.exceptions import InvalidRequest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis_jsonschema import from_schema
from jsonschema import Draft7Validator

from aws_sagemaker_modelqualityjobdefinition import comparison, translation
from aws_sagemaker_modelqualityjobdefinition.models import ResourceModel
from tools.envelopes import ACCOUNT, ROOT, Json, arn, batch, maximal, minimal

SCHEMA = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
READ_ONLY = {pointer.rpartition("/")[2] for pointer in SCHEMA["readOnlyProperties"]}
SAGEMAKER = botocore.session.get_session().get_service_model("sagemaker")
CREATE_INPUT = SAGEMAKER.shape_for("CreateModelQualityJobDefinitionRequest")


def _template_schema() -> Json:
    """Return the schema of a template's properties, with rules from which hypothesis can generate states.

    "Exactly one" becomes a count, because hypothesis-jsonschema discards nearly all that it generates for dependencies.
    """
    schema = copy.deepcopy(
        {key: SCHEMA[key] for key in ("definitions", "properties", "required", "additionalProperties")}
    )
    schema["properties"] = {name: rule for name, rule in schema["properties"].items() if name not in READ_ONLY}
    schema["type"] = "object"
    for name, count in (("ModelQualityJobInput", 2), ("DatasetFormat", 1)):
        schema["definitions"][name] |= {"minProperties": count, "maxProperties": count}
    for definition in schema["definitions"].values():
        definition.pop("dependencies", None)
    return schema


desired_states = from_schema(_template_schema())
thorough = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def model_of(properties: Mapping[str, Any]) -> ResourceModel:
    """Return the model of these properties."""
    model = translation.Model._deserialize(properties)
    assert model is not None
    return model


def dataset_format(state: Json) -> Json | None:
    """Return the DatasetFormat of a state, a request or an answer."""
    value: Json | None = state["ModelQualityJobInput"].get("BatchTransformInput", {}).get("DatasetFormat")
    return value


def describe(request: Any) -> Any:  # noqa: ANN401 - shapes of SageMaker's
    """Return what Describe answers for the definition that a Create request creates."""
    name = request["JobDefinitionName"]
    answer = {key: value for key, value in copy.deepcopy(request).items() if key != "Tags"}
    return answer | {"JobDefinitionArn": arn(name), "CreationTime": datetime(2026, 11, 23, 12, 30, tzinfo=UTC)}


@thorough
@given(desired_states)
def test_every_state_that_the_schema_allows_makes_the_round_trip(state: Json) -> None:
    """Every state becomes a request that botocore's validator accepts; its description becomes the same state."""
    assert Draft7Validator(SCHEMA).is_valid(state)
    assume(dataset_format(state) != {"Parquet": False})
    model = model_of(state)
    own = {tag["Key"]: tag["Value"] for tag in state.get("Tags", [])}
    request = translation.request(model, "fraud", own)
    assert ParamValidator().validate(request, CREATE_INPUT).generate_report() == ""

    reported = translation.model(describe(request), own)._serialize()
    expected = {key: value for key, value in state.items() if key != "EndpointName"}
    assert reported == expected | {
        "JobDefinitionName": "fraud",
        "JobDefinitionArn": arn("fraud"),
        "CreationTime": "2026-11-23T12:30:00+00:00",
        "Tags": [{"Key": key, "Value": value} for key, value in own.items()],
    }
    assert state.get("JobDefinitionName", "fraud") != "fraud" or not comparison.differences(
        model, model_of(reported), model
    )


@pytest.mark.slow
@thorough
@given(desired_states)
def test_the_model_is_the_generated_one_but_for_empty_objects(state: Json) -> None:
    """Where nothing is empty, the model equals what cfn's generated code reads."""
    assume(not any(_is_empty(value) for value in _all(state)))
    assert model_of(state) == ResourceModel._deserialize(copy.deepcopy(state))


@thorough
@given(desired_states)
def test_a_request_may_say_everything_in_strings(state: Json) -> None:
    """Numbers and booleans may arrive as strings, as CloudFormation sends them, and the argument is not changed."""
    before = copy.deepcopy(state)
    assert model_of(_in_strings(state)) == model_of(state)
    assert state == before


def _all(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _all(item)


def _is_empty(value: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    return isinstance(value, dict | list) and not value


def _in_strings(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    if isinstance(value, dict):
        return {key: _in_strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_strings(item) for item in value]
    return str(value)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ({"Csv": {}}, {"Csv": {}}),
        ({"Json": {"Line": False}}, {"Json": {"Line": False}}),
        ({"Parquet": True}, {"Parquet": {}}),
        ({"Csv": {"Header": True}, "Parquet": False}, {"Csv": {"Header": True}}),
    ],
)
def test_formats(written: Json, sent: Json) -> None:
    """Empty objects are kept, `Parquet: true` becomes an empty object, and `Parquet: false` is left out."""
    request = translation.request(model_of(batch(written)), "fraud", {})
    assert dataset_format(dict(request)) == sent
    reported = translation.model(describe(request), {})._serialize()
    assert dataset_format(dict(reported)) == {key: value for key, value in written.items() if value is not False}


def test_no_format_is_refused() -> None:
    """A DatasetFormat with only `Parquet: false` is refused, because the definition could read nothing.

    The schema can't refuse it.
    """
    with pytest.raises(InvalidRequest, match="must name a format"):
        translation.request(model_of(batch({"Parquet": False})), "fraud", {})


def test_a_request_without_tags_has_none() -> None:
    """A request without tags has no Tags member, because conditions on tags in IAM policies would see an empty list."""
    assert "Tags" not in translation.request(model_of(minimal() | {"Tags": []}), "fraud", {})


def test_a_write_only_property_is_never_reported() -> None:
    """A write-only property is not reported, even if SageMaker starts to describe it.

    It would show as drift and break the contract.
    """
    description: Any = describe(translation.request(model_of(maximal()), "fraud", {})) | {"EndpointName": "fraud"}
    assert translation.model(description, {}).EndpointName is None


def test_creation_time_is_utc_wherever_the_clock_is() -> None:
    """CreationTime is in UTC and in ISO 8601, whatever time zone the answer has."""
    request = translation.request(model_of(minimal()), "fraud", {})
    local_time = datetime(2026, 11, 23, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    reported = translation.model(describe(request) | {"CreationTime": local_time}, {})
    assert reported.CreationTime == "2026-11-23T10:30:00+00:00"


def test_an_answer_is_left_as_it_was() -> None:
    """The translation does not change the answer, which belongs to the caller."""
    answer = describe(translation.request(model_of(batch({"Parquet": True})), "fraud", {}))
    before = copy.deepcopy(answer)
    translation.model(answer, {})
    assert answer == before


@pytest.mark.parametrize("properties", [None, {}])
def test_no_properties_are_no_model(properties: Json | None) -> None:
    """Missing or empty properties give no model. LIST and READ may arrive without any."""
    assert translation.Model._deserialize(properties) is None


def test_the_create_only_properties_are_the_schemas() -> None:
    """The properties that can't be updated in place, found by subtraction, are the schema's without Tags."""
    names = {pointer.rpartition("/")[2] for pointer in SCHEMA["createOnlyProperties"]}
    assert names - {"Tags"} == comparison._CREATE_ONLY


@pytest.mark.slow
@thorough
@given(desired_states, desired_states)
def test_states_differ_where_they_do(one: Json, other: Json) -> None:
    """Differences between two states name the createOnly properties that differ; a state doesn't differ from itself."""
    assume(dataset_format(one) != {"Parquet": False})
    actual = translation.model(describe(translation.request(model_of(one), one.get("JobDefinitionName", "x"), {})), {})
    assert comparison.differences(model_of(one), actual, model_of(one)) == []
    differences = comparison.differences(model_of(other), actual, None)
    for name in comparison._CREATE_ONLY - {"JobDefinitionName", "NetworkConfig"}:
        if other.get(name) == one.get(name):
            assert name not in differences
        elif not (isinstance(other.get(name), dict) or other.get(name) is None):
            assert name in differences


@pytest.mark.parametrize(
    ("before", "now", "differences"),
    [
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 3600}}, {}, []),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 60}}, {}, ["StoppingCondition"]),
        ({"NetworkConfig": {}}, {}, []),
        ({}, {"NetworkConfig": {}}, []),
        ({"JobDefinitionName": "FRAUD"}, {"JobDefinitionName": "fraud"}, []),
        ({"JobDefinitionName": "fraud"}, {}, []),
        ({"NetworkConfig": {"EnableNetworkIsolation": False}}, {}, []),
        ({"NetworkConfig": {"EnableNetworkIsolation": True}}, {}, ["NetworkConfig"]),
    ],
)
def test_what_sagemaker_fills_in_is_no_difference(before: Json, now: Json, differences: list[str]) -> None:
    """A default that is left out, or an empty object, is no difference."""
    actual = translation.model(describe(translation.request(model_of(minimal() | before), "fraud", {})), {})
    assert comparison.differences(model_of(minimal() | now), actual, model_of(minimal() | before)) == differences


def with_value(properties: Json, path: str, value: object) -> Json:
    """Return properties with another value at a path, or without the member if the value is None."""
    *parents, last = path.split("/")
    target: Any = properties
    for parent in parents:
        target = target[int(parent) if parent.isdecimal() else parent]
    target[last] = value
    if value is None:
        del target[last]
    return properties


ENVIRONMENT = "ModelQualityAppSpecification/Environment"
OUTPUT = "ModelQualityJobOutputConfig/MonitoringOutputs/0/S3Output"
APP = "ModelQualityAppSpecification"
ENDPOINT = "ModelQualityJobInput/EndpointInput"
BATCH = "ModelQualityJobInput/BatchTransformInput"
THRESHOLD = "ModelQualityJobInput/EndpointInput/ProbabilityThresholdAttribute"


def in_vpc(groups: list[str], subnets: list[str]) -> Json:
    """Return properties with these security groups and subnets."""
    return minimal() | {"NetworkConfig": {"VpcConfig": {"SecurityGroupIds": groups, "Subnets": subnets}}}


ISOLATED, OPEN = (minimal() | {"NetworkConfig": {"EnableNetworkIsolation": value}} for value in (True, False))


@pytest.mark.parametrize(
    ("desired", "existing", "unlike"),
    [
        (batch({"Csv": {}, "Parquet": False}), batch({"Csv": {}}), []),
        (batch({"Csv": {}, "Parquet": True}), batch({"Csv": {}}), ["ModelQualityJobInput"]),
        (minimal() | {"JobDefinitionName": "FRAUD"}, minimal() | {"JobDefinitionName": "fraud"}, []),
        (minimal() | {"JobDefinitionName": "other"}, minimal() | {"JobDefinitionName": "fraud"}, ["JobDefinitionName"]),
        (minimal(), minimal() | {"NetworkConfig": {"EnableNetworkIsolation": True}}, []),
        (in_vpc(["a", "b"], ["x"]), in_vpc(["a", "c"], ["x"]), ["NetworkConfig"]),
        (in_vpc(["a"], ["x"]), in_vpc(["a"], ["x", "y"]), ["NetworkConfig"]),
        (with_value(minimal(), ENVIRONMENT, {"S3InputMode": "File"}), minimal(), [APP]),
        (with_value(minimal(), ENVIRONMENT, {}), minimal(), []),
        (with_value(minimal(), ENVIRONMENT, {}), with_value(minimal(), ENVIRONMENT, {"A": "1"}), [APP]),
        (
            with_value(minimal(), ENVIRONMENT, {"A": "1"}),
            with_value(minimal(), ENVIRONMENT, {"A": "1", "B": "1"}),
            [APP],
        ),
        (batch({"Csv": {}}), batch({"Json": {}}), ["ModelQualityJobInput"]),
        (batch({"Json": {}}), batch({"Csv": {"Header": True}}), ["ModelQualityJobInput"]),
        (OPEN, minimal(), []),
        (OPEN, ISOLATED, ["NetworkConfig"]),
        (ISOLATED, OPEN, ["NetworkConfig"]),
        (minimal() | {"StoppingCondition": {"MaxRuntimeInSeconds": 3600}}, minimal(), []),
        (minimal() | {"StoppingCondition": {"MaxRuntimeInSeconds": 60}}, minimal(), ["StoppingCondition"]),
        (in_vpc([], ["x"]), in_vpc(["a"], ["x"]), ["NetworkConfig"]),
        (in_vpc([], ["x"]), {**minimal(), "NetworkConfig": {"VpcConfig": {"Subnets": ["x"]}}}, []),
        (with_value(maximal(), f"{OUTPUT}/S3UploadMode", None), maximal(), []),
        (maximal(), with_value(maximal(), f"{OUTPUT}/S3UploadMode", None), ["ModelQualityJobOutputConfig"]),
    ],
)
def test_what_is_desired_and_not_so_is_named(desired: Json, existing: Json, unlike: list[str]) -> None:
    """UPDATE names each createOnly property that differs; what SageMaker has in addition is no difference."""
    assert comparison.differences(model_of(desired), model_of(existing)) == unlike


@pytest.mark.parametrize(
    ("requested", "existing", "unlike"),
    [
        (minimal(), minimal(), []),
        (maximal(), maximal(), []),
        (minimal(), minimal() | {"StoppingCondition": {"MaxRuntimeInSeconds": 3600}}, []),
        (minimal() | {"StoppingCondition": {"MaxRuntimeInSeconds": 3600}}, minimal(), []),
        (minimal(), minimal() | {"StoppingCondition": {"MaxRuntimeInSeconds": 60}}, ["StoppingCondition"]),
        (minimal(), minimal() | {"NetworkConfig": {}}, []),
        (minimal(), minimal() | {"NetworkConfig": {"EnableNetworkIsolation": False}}, []),
        (minimal(), minimal() | {"NetworkConfig": {"EnableNetworkIsolation": True}}, ["NetworkConfig"]),
        (maximal(), with_value(maximal(), "NetworkConfig", None), ["NetworkConfig"]),
        (with_value(maximal(), f"{OUTPUT}/S3UploadMode", None), maximal(), []),
        (maximal(), with_value(maximal(), f"{OUTPUT}/S3UploadMode", None), ["ModelQualityJobOutputConfig"]),
        (maximal(), with_value(maximal(), f"{OUTPUT}/S3Uri", "s3://bucket/x"), ["ModelQualityJobOutputConfig"]),
        (minimal(), with_value(minimal(), ENVIRONMENT, {}), []),
        (minimal(), with_value(minimal(), ENVIRONMENT, {"A": "1"}), ["ModelQualityAppSpecification"]),
        (maximal(), with_value(maximal(), f"{ENVIRONMENT}/S3InputMode", None), ["ModelQualityAppSpecification"]),
        (batch({"Csv": {}}), batch({"Json": {}}), ["ModelQualityJobInput"]),
        (batch({"Csv": {}}), batch({"Csv": {"Header": False}}), []),
        (batch({"Csv": {"Header": True}}), batch({"Csv": {}}), ["ModelQualityJobInput"]),
        (batch({"Parquet": True}), batch({"Csv": {}}), ["ModelQualityJobInput"]),
        (minimal() | {"RoleArn": "other"}, minimal(), ["RoleArn"]),
        (in_vpc(["a", "b"], ["x"]), in_vpc(["a", "c"], ["x"]), ["NetworkConfig"]),
        (in_vpc(["a", "b"], ["x"]), in_vpc(["c", "b"], ["x"]), ["NetworkConfig"]),
        (in_vpc(["a"], ["x"]), in_vpc(["a"], ["x", "y"]), ["NetworkConfig"]),
        (in_vpc(["a"], ["x", "y"]), in_vpc(["a"], ["x"]), ["NetworkConfig"]),
        (in_vpc(["a"], ["x"]), in_vpc(["a"], ["x"]), []),
        (minimal(), with_value(minimal(), ENVIRONMENT, {"S3InputMode": "File"}), ["ModelQualityAppSpecification"]),
        (with_value(minimal(), ENVIRONMENT, {"S3InputMode": "File"}), minimal(), ["ModelQualityAppSpecification"]),
        (with_value(minimal(), ENVIRONMENT, {"A": "1"}), with_value(minimal(), ENVIRONMENT, {"A": "2"}), [APP]),
        (batch({"Csv": {}}), batch({"Csv": {}, "Parquet": False}), []),
        (batch({"Csv": {}, "Parquet": True}), batch({"Csv": {}}), ["ModelQualityJobInput"]),
        (minimal(), with_value(minimal(), f"{ENDPOINT}/S3InputMode", "File"), []),
        (with_value(minimal(), f"{ENDPOINT}/S3InputMode", "File"), minimal(), []),
        (minimal(), with_value(minimal(), f"{ENDPOINT}/S3InputMode", "Pipe"), ["ModelQualityJobInput"]),
        (minimal(), with_value(minimal(), f"{ENDPOINT}/S3DataDistributionType", "FullyReplicated"), []),
        (minimal(), with_value(minimal(), f"{ENDPOINT}/S3DataDistributionType", "File"), ["ModelQualityJobInput"]),
        (batch({"Csv": {}}), with_value(batch({"Csv": {}}), f"{BATCH}/S3InputMode", "File"), []),
        (batch({"Csv": {}}), with_value(batch({"Csv": {}}), f"{BATCH}/S3DataDistributionType", "FullyReplicated"), []),
        (minimal() | {"JobDefinitionName": "Fraud"}, minimal() | {"JobDefinitionName": "fraud"}, []),
        (minimal(), minimal() | {"JobDefinitionName": "fraud"}, []),
        (with_value(minimal(), THRESHOLD, 0), minimal(), ["ModelQualityJobInput"]),
        (minimal(), with_value(minimal(), THRESHOLD, 0), ["ModelQualityJobInput"]),
    ],
)
def test_what_is_unlike_is_named_and_more_than_asked_for_is_unlike(
    requested: Json, existing: Json, unlike: list[str]
) -> None:
    """Every difference and every addition is named, except what SageMaker fills in.

    An adopted definition must be the one requested.
    """
    there = model_of(existing)
    assert comparison.differences(model_of(requested), there, there) == unlike


def test_an_upload_mode_that_sagemaker_filled_in_is_no_difference() -> None:
    """S3UploadMode may be left out whatever value SageMaker filled in, because its default is not documented."""
    before = maximal()
    now = maximal()
    del now["ModelQualityJobOutputConfig"]["MonitoringOutputs"][0]["S3Output"]["S3UploadMode"]
    actual = translation.model(describe(translation.request(model_of(before), "Fraud-Quality", {})), {})
    assert comparison.differences(model_of(now), actual, model_of(before)) == []


def test_what_is_listed_has_arn_and_name() -> None:
    """A listed model has only the ARN and the name. READ returns the rest."""
    listed = translation.listed(arn("fraud"), "Fraud")
    assert listed._serialize() == {"JobDefinitionName": "Fraud", "JobDefinitionArn": arn("fraud")}
    assert ACCOUNT in str(listed.JobDefinitionArn)
