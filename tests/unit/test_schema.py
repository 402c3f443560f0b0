"""The schema: against the documentation's table, AWS's published schema, and SageMaker's own shapes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import cfnlint
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from jsonschema import Draft7Validator

from tests.envelopes import ROOT, Json, batch, maximal, minimal

SCHEMA = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
PROVIDERS = Path(str(cfnlint.__file__)).parent / "data" / "schemas"
SAGEMAKER = botocore.session.get_session().get_service_model("sagemaker")
CREATE_INPUT = SAGEMAKER.shape_for("CreateModelQualityJobDefinitionRequest")

# The documentation's property table: name -> (required, what an update requires).
TABLE = {
    "EndpointName": (False, "No interruption"),
    "JobDefinitionName": (False, "Replacement"),
    "JobResources": (True, "Replacement"),
    "ModelQualityAppSpecification": (True, "Replacement"),
    "ModelQualityBaselineConfig": (False, "Replacement"),
    "ModelQualityJobInput": (True, "Replacement"),
    "ModelQualityJobOutputConfig": (True, "Replacement"),
    "NetworkConfig": (False, "Replacement"),
    "RoleArn": (True, "Replacement"),
    "StoppingCondition": (False, "Replacement"),
    "Tags": (False, "Replacement"),
}


def published() -> Json:
    """Return AWS's published schema of this type, from cfn-lint's copy of the registry."""
    region = json.loads((PROVIDERS / "providers" / "us-east-1.json").read_text())
    found: Json = json.loads((PROVIDERS / "resources" / f"{region[SCHEMA['typeName']]}.json").read_text())
    return found


PUBLISHED = published()


def resolved(schema: Json, rule: Json) -> Json:
    """Return a rule, or what it refers to; a description beside the reference stays."""
    if "$ref" not in rule:
        return rule
    target = schema
    for step in rule["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return resolved(schema, target)


def flat(schema: Json, rule: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every rule of a schema with the path of what it is for."""
    rule = resolved(schema, rule)
    yield path, rule
    for name, inner in {**rule.get("properties", {}), **rule.get("patternProperties", {})}.items():
        yield from flat(schema, inner, f"{path}/{name}")
    if "items" in rule:
        yield from flat(schema, rule["items"], f"{path}/*")


OURS, THEIRS = dict(flat(SCHEMA, SCHEMA)), dict(flat(PUBLISHED, PUBLISHED))
ENVIRONMENT = "/ModelQualityAppSpecification/Environment"

COMPARED = (
    "type",
    "enum",
    "required",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "pattern",
    "additionalProperties",
)

# Every intended difference: where and what, ours, the published schema's, and why.
ANCHORED = "a pattern that is not anchored lets anything stand around a match; SageMaker refuses that"
MISPLACED = "the published schema bounds a list in characters or a string in numbers"
EXACTLY_ONE = "SageMaker takes exactly one; counted, because cfn documents each branch of a oneOf as required"
CLOSED = "a misspelt property would be dropped in silence"
NO_UNICODE_CLASSES = (
    "cfn's own checker can't compile \\p{L}: ASCII is as strict as before, the rest is SageMaker's to judge"
)
AWS_KEYS = f"keys that begin with aws: can't be set; {NO_UNICODE_CLASSES}"
FORMAT = "/ModelQualityJobInput/BatchTransformInput/DatasetFormat"
OUTPUTS = "/ModelQualityJobOutputConfig"
CLUSTER = "/JobResources/ClusterConfig"
NO_TEXT_IN_TAGS = "[^\\x00-\\x1f!\"#$%&'()*,;<>?\\[\\\\\\]^`{|}~\\x7f]*$"
DIFFERENCES: dict[tuple[str, str], tuple[Any, Any, str]] = {
    ("/EndpointName", "pattern"): ("^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", "^[a-zA-Z0-9](-*[a-zA-Z0-9])*", ANCHORED),
    ("/ModelQualityJobInput/EndpointInput/EndpointName", "pattern"): (
        "^[a-zA-Z0-9](-*[a-zA-Z0-9])*$",
        "^[a-zA-Z0-9](-*[a-zA-Z0-9])*",
        ANCHORED,
    ),
    ("/ModelQualityAppSpecification/ImageUri", "pattern"): ("^.*$", ".*", ANCHORED),
    ("/ModelQualityJobInput/EndpointInput/LocalPath", "pattern"): ("^.*$", ".*", ANCHORED),
    ("/ModelQualityJobInput/EndpointInput/StartTimeOffset", "pattern"): ("^.?P.*$", "^.?P.*", ANCHORED),
    ("/ModelQualityJobInput/EndpointInput/EndTimeOffset", "pattern"): ("^.?P.*$", "^.?P.*", ANCHORED),
    ("/ModelQualityJobInput/BatchTransformInput/LocalPath", "pattern"): ("^.*$", ".*", ANCHORED),
    ("/ModelQualityJobInput/BatchTransformInput/StartTimeOffset", "pattern"): ("^.?P.*$", "^.?P.*", ANCHORED),
    ("/ModelQualityJobInput/BatchTransformInput/EndTimeOffset", "pattern"): ("^.?P.*$", "^.?P.*", ANCHORED),
    (f"{OUTPUTS}/KmsKeyId", "pattern"): ("^.*$", ".*", ANCHORED),
    (f"{OUTPUTS}/MonitoringOutputs/*/S3Output/LocalPath", "pattern"): ("^.*$", ".*", ANCHORED),
    ("/NetworkConfig/VpcConfig/SecurityGroupIds/*", "pattern"): ("^[-0-9a-zA-Z]+$", "[-0-9a-zA-Z]+", ANCHORED),
    ("/NetworkConfig/VpcConfig/Subnets/*", "pattern"): ("^[-0-9a-zA-Z]+$", "[-0-9a-zA-Z]+", ANCHORED),
    (f"{OUTPUTS}/MonitoringOutputs", "minLength"): (None, 1, MISPLACED),
    (f"{OUTPUTS}/MonitoringOutputs", "maxLength"): (None, 1, MISPLACED),
    (f"{CLUSTER}/VolumeKmsKeyId", "minimum"): (None, 1, MISPLACED),
    (f"{CLUSTER}/VolumeKmsKeyId", "maximum"): (None, 2048, MISPLACED),
    (f"{CLUSTER}/VolumeKmsKeyId", "minLength"): (1, 0, MISPLACED),
    ("/ModelQualityJobInput", "minProperties"): (2, None, EXACTLY_ONE),
    ("/ModelQualityJobInput", "maxProperties"): (2, None, EXACTLY_ONE),
    (FORMAT, "minProperties"): (1, None, EXACTLY_ONE),
    (FORMAT, "maxProperties"): (1, None, EXACTLY_ONE),
    (FORMAT, "additionalProperties"): (False, None, CLOSED),
    (f"{FORMAT}/Csv", "additionalProperties"): (False, None, CLOSED),
    (f"{FORMAT}/Json", "additionalProperties"): (False, None, CLOSED),
    ("/Tags/*/Key", "pattern"): (
        f"^(?![aA][wW][sS]:){NO_TEXT_IN_TAGS}",
        "^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$",
        AWS_KEYS,
    ),
    ("/Tags/*/Value", "pattern"): (f"^{NO_TEXT_IN_TAGS}", "^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$", NO_UNICODE_CLASSES),
}


def test_the_documentations_table_is_the_law() -> None:
    """Names, what is required, what each update requires."""
    create_only = {pointer.rpartition("/")[2] for pointer in SCHEMA["createOnlyProperties"]}
    read_only = {pointer.rpartition("/")[2] for pointer in SCHEMA["readOnlyProperties"]}
    assert read_only == {"CreationTime", "JobDefinitionArn"}
    assert {
        name: (name in SCHEMA["required"], "Replacement" if name in create_only else "No interruption")
        for name in SCHEMA["properties"]
        if name not in read_only
    } == TABLE
    assert SCHEMA["writeOnlyProperties"] == ["/properties/EndpointName"]
    assert SCHEMA["primaryIdentifier"] == ["/properties/JobDefinitionArn"]
    assert SCHEMA["additionalIdentifiers"] == [["/properties/JobDefinitionName"]]


def test_every_property_of_the_published_schema_is_there() -> None:
    """Names and nesting, at every depth; of the environment's two patterns there is one."""
    theirs = {path for path in THEIRS if not path.startswith(f"{ENVIRONMENT}/")}
    ours = {path for path in OURS if not path.startswith(f"{ENVIRONMENT}/")}
    assert ours == theirs
    (one,) = [path for path in OURS if path.startswith(f"{ENVIRONMENT}/")]
    assert one == f"{ENVIRONMENT}/^[a-zA-Z_][a-zA-Z0-9_]*$"


def test_every_difference_from_the_published_schema_is_an_intended_one() -> None:
    """Constraints, at every depth: the same, or in the list above with a reason."""
    found = {
        (path, word): (OURS[path].get(word), THEIRS[path].get(word))
        for path in OURS.keys() & THEIRS.keys()
        for word in COMPARED
        if _comparable(word, OURS[path]) != _comparable(word, THEIRS[path])
    }
    found.pop(("", "type"), None)
    assert found == {key: (ours, theirs) for key, (ours, theirs, _) in DIFFERENCES.items()}
    assert all(reason for _, _, reason in DIFFERENCES.values())


def _comparable(word: str, rule: Json) -> Any:  # noqa: ANN401 - any JSON
    value = rule.get(word)
    if word in ("enum", "required"):
        return sorted(value or [])
    if word in ("minLength", "minItems") and value == 0:
        return None  # says nothing
    return value


def test_no_list_of_instance_types() -> None:
    """It ages; cfn-lint has it, SageMaker decides."""
    assert "enum" not in OURS[f"{CLUSTER}/InstanceType"]


def wire(shape: Shape, path: str = "") -> Iterator[str]:
    """Yield the path of every member of a shape of SageMaker's."""
    yield path
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from wire(member, f"{path}/{name}")
    elif isinstance(shape, ListShape):
        yield from wire(shape.member, f"{path}/*")
    elif isinstance(shape, MapShape):
        yield from wire(shape.value, f"{path}/^[a-zA-Z_][a-zA-Z0-9_]*$")


def test_the_names_are_sagemakers() -> None:
    """What translation.py rests on: the same names at every depth, and these are all the others."""
    only_in_the_api = {
        f"/ModelQualityJobInput/{kind}/{name}"
        for kind in ("EndpointInput", "BatchTransformInput")
        for name in ("FeaturesAttribute", "ExcludeFeaturesAttribute")
    }
    only_in_the_schema = {"/CreationTime", "/JobDefinitionArn", "/EndpointName"}
    assert set(wire(CREATE_INPUT)) - only_in_the_api == OURS.keys() - only_in_the_schema


@pytest.mark.parametrize("path", [path for path, rule in OURS.items() if path and "*" not in path])
def test_everything_has_a_description_of_substance(path: str) -> None:
    """docs/ is made of them."""
    if not path.startswith(f"{ENVIRONMENT}/"):
        assert len(OURS[path].get("description", "")) > 20


def test_every_object_is_closed_and_every_pattern_anchored_and_every_list_says_if_it_is_ordered() -> None:
    """No property is dropped in silence, nothing stands around a match, and drift is told from order."""
    for path, rule in OURS.items():
        if rule.get("type", "object") == "object":
            assert rule["additionalProperties"] is False, path
        if rule.get("type") == "array":
            assert isinstance(rule["insertionOrder"], bool), path
    for pattern in [rule["pattern"] for rule in OURS.values() if "pattern" in rule]:
        assert re.fullmatch(r"\^.*\$", pattern)


def test_documented_defaults() -> None:
    """What SageMaker fills in."""
    assert OURS["/StoppingCondition/MaxRuntimeInSeconds"]["default"] == 3600
    for kind in ("EndpointInput", "BatchTransformInput"):
        assert OURS[f"/ModelQualityJobInput/{kind}/S3DataDistributionType"]["default"] == "FullyReplicated"
        assert OURS[f"/ModelQualityJobInput/{kind}/S3InputMode"]["default"] == "File"


def test_the_tagging_block_says_what_the_handlers_do() -> None:
    """Tags replace, as the documentation says; third parties can't set CloudFormation's own."""
    assert SCHEMA["tagging"]["taggable"]
    assert SCHEMA["tagging"]["tagOnCreate"]
    assert not SCHEMA["tagging"]["tagUpdatable"]
    assert not SCHEMA["tagging"]["cloudFormationSystemTags"]
    assert SCHEMA["tagging"]["tagProperty"] == "/properties/Tags"


def _batch_and_endpoint() -> Json:
    both = batch({"Csv": {}})["ModelQualityJobInput"] | minimal()["ModelQualityJobInput"]
    return minimal() | {"ModelQualityJobInput": both}


def _without_input() -> Json:
    ground_truth = {"GroundTruthS3Input": {"S3Uri": "s3://bucket/groundtruth"}}
    return minimal() | {"ModelQualityJobInput": ground_truth}


@pytest.mark.parametrize(
    ("properties", "is_valid"),
    [
        (minimal(), True),
        (maximal(), True),
        (batch({"Csv": {}}), True),
        (batch({"Json": {"Line": True}}), True),
        (batch({"Parquet": True}), True),
        (batch({}), False),
        (batch({"Csv": {}, "Json": {}}), False),
        (batch({"Csv": {"Heading": True}}), False),
        (_batch_and_endpoint(), False),
        (_without_input(), False),
        (minimal() | {"Surprise": 1}, False),
        (minimal() | {"Tags": [{"Key": "aws:x", "Value": "y"}]}, False),
        (minimal() | {"Tags": [{"Key": "AWS:x", "Value": "y"}]}, False),
        (minimal() | {"Tags": [{"Key": "Größe / größer", "Value": "20 µm @ 5=6+7_8.9:0-1"}]}, True),
        (minimal() | {"Tags": [{"Key": "a", "Value": "b;c"}]}, False),
        (minimal() | {"Tags": [{"Key": "aws", "Value": "aws:y"}]}, True),
        (minimal() | {"JobDefinitionName": "-x"}, False),
        (minimal() | {"JobDefinitionName": "x" * 64}, False),
        ({key: value for key, value in minimal().items() if key != "RoleArn"}, False),
    ],
)
def test_what_is_valid(properties: Json, *, is_valid: bool) -> None:
    """By the rules of JSON Schema, as CloudFormation applies them."""
    assert Draft7Validator(SCHEMA).is_valid(properties) is is_valid
