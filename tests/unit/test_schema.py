"""The schema, compared with the documentation's table, AWS's published schema and SageMaker's shapes."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import cfnlint
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from jsonschema import Draft7Validator

from cfn_sandbox.resource_types.registered import RegisteredType
from tools.envelopes import ACCOUNT, REGION, ROOT, Json, batch, maximal, minimal

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


def published_schema() -> Json:
    """Return AWS's published schema of this type, from cfn-lint's copy of the registry."""
    region = json.loads((PROVIDERS / "providers" / "us-east-1.json").read_text())
    schema: Json = json.loads((PROVIDERS / "resources" / f"{region[SCHEMA['typeName']]}.json").read_text())
    return schema


PUBLISHED = published_schema()


def resolve(schema: Json, rule: Json) -> Json:
    """Return a rule, or the rule that it refers to."""
    if "$ref" not in rule:
        return rule
    target = schema
    for step in rule["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return resolve(schema, target)


def flatten(schema: Json, rule: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every rule of a schema with the path of the property that it is for."""
    rule = resolve(schema, rule)
    yield path, rule
    for name, inner in {**rule.get("properties", {}), **rule.get("patternProperties", {})}.items():
        yield from flatten(schema, inner, f"{path}/{name}")
    if "items" in rule:
        yield from flatten(schema, rule["items"], f"{path}/*")


OURS, THEIRS = dict(flatten(SCHEMA, SCHEMA)), dict(flatten(PUBLISHED, PUBLISHED))
ENVIRONMENT = "/ModelQualityAppSpecification/Environment"


def _alone(name: str, *others: str) -> Json:
    """Return the rule that allows only this property and the others named."""
    return {"additionalProperties": False, "properties": {allowed: {} for allowed in (name, *others)}}


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
    "dependencies",
    "oneOf",
    "pattern",
    "additionalProperties",
)

# Every intended difference: path and keyword, our value, the published schema's value, and the reason.
ANCHORED = "a pattern that is not anchored allows any text around a match, which SageMaker refuses"
MISPLACED = "the published schema limits the characters of a list, or the numeric value of a string"
EXACTLY_ONE = (
    "SageMaker takes exactly one, and CloudFormation's message must name the properties: it names those that are "
    "required or not permitted, but none that it counts. Not a oneOf: cfn documents each of its branches as required"
)
ANY_ARN = (
    "the handlers accept an ARN of any partition, in upper or lower case; AWS's schema rule ARN002 requires a pattern"
)
CLOSED = "otherwise a misspelt property would be dropped silently"
NO_UNICODE_CLASSES = (
    "cfn's checker can't compile \\p{L}: the pattern is as strict for ASCII, and SageMaker checks the rest"
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
    ("/JobDefinitionArn", "pattern"): (
        "^[aA][rR][nN]:[aA][wW][sS][a-zA-Z-]*:[a-zA-Z]+:[a-zA-Z0-9-]+:[0-9]{12}:[a-zA-Z-]+/[a-zA-Z0-9](-*[a-zA-Z0-9])*$",
        None,
        ANY_ARN,
    ),
    ("/ModelQualityJobInput", "dependencies"): (
        {
            "GroundTruthS3Input": {"anyOf": [{"required": ["EndpointInput"]}, {"required": ["BatchTransformInput"]}]},
            "EndpointInput": _alone("EndpointInput", "GroundTruthS3Input"),
            "BatchTransformInput": _alone("BatchTransformInput", "GroundTruthS3Input"),
        },
        None,
        EXACTLY_ONE,
    ),
    (FORMAT, "dependencies"): (
        {"Csv": _alone("Csv"), "Json": _alone("Json"), "Parquet": _alone("Parquet")},
        None,
        EXACTLY_ONE,
    ),
    ("/ModelQualityJobInput/BatchTransformInput", "dependencies"): (
        {
            "DatasetFormat": {
                "additionalProperties": False,  # cfn validate requires it, so all names must be listed
                "properties": {
                    "DataCapturedDestinationS3Uri": {},
                    "DatasetFormat": {
                        "anyOf": [{"required": ["Csv"]}, {"required": ["Json"]}, {"required": ["Parquet"]}]
                    },
                    "LocalPath": {},
                    "S3DataDistributionType": {},
                    "S3InputMode": {},
                    "StartTimeOffset": {},
                    "EndTimeOffset": {},
                    "InferenceAttribute": {},
                    "ProbabilityAttribute": {},
                    "ProbabilityThresholdAttribute": {},
                },
            }
        },
        None,
        EXACTLY_ONE,
    ),
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


def test_the_schema_follows_the_documentations_table() -> None:
    """The schema has the documentation's names, required properties and update requirements."""
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
    """The schema has the published schema's properties at every depth, but one pattern for Environment, not two."""
    theirs = {path for path in THEIRS if not path.startswith(f"{ENVIRONMENT}/")}
    ours = {path for path in OURS if not path.startswith(f"{ENVIRONMENT}/")}
    assert ours == theirs
    (variable,) = [path for path in OURS if path.startswith(f"{ENVIRONMENT}/")]
    assert variable == f"{ENVIRONMENT}/^[a-zA-Z_][a-zA-Z0-9_]*$"


def test_every_difference_from_the_published_schema_is_an_intended_one() -> None:
    """Every constraint, at every depth, is the published one, or DIFFERENCES has it with a reason."""
    differences = {
        (path, word): (OURS[path].get(word), THEIRS[path].get(word))
        for path in OURS.keys() & THEIRS.keys()
        for word in COMPARED
        if _comparable(word, OURS[path]) != _comparable(word, THEIRS[path])
    }
    differences.pop(("", "type"), None)
    assert differences == {key: (ours, theirs) for key, (ours, theirs, _) in DIFFERENCES.items()}
    assert all(reason for _, _, reason in DIFFERENCES.values())


def _comparable(word: str, rule: Json) -> Any:  # noqa: ANN401 - any JSON
    value = rule.get(word)
    if word in ("enum", "required"):
        return sorted(value or [])
    if word in ("minLength", "minItems") and value == 0:
        return None  # a minimum of 0 is no constraint
    return value


def test_no_list_of_instance_types() -> None:
    """The schema has no list of instance types, which would go out of date. cfn-lint has one; SageMaker decides."""
    assert "enum" not in OURS[f"{CLUSTER}/InstanceType"]


def member_paths(shape: Shape, path: str = "") -> Iterator[str]:
    """Yield the path of every member of a SageMaker shape."""
    yield path
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from member_paths(member, f"{path}/{name}")
    elif isinstance(shape, ListShape):
        yield from member_paths(shape.member, f"{path}/*")
    elif isinstance(shape, MapShape):
        yield from member_paths(shape.value, f"{path}/^[a-zA-Z_][a-zA-Z0-9_]*$")


def test_the_names_are_sagemakers() -> None:
    """The schema and the API have the same names at every depth, except these few. translation.py relies on it."""
    only_in_the_api = {
        f"/ModelQualityJobInput/{kind}/{name}"
        for kind in ("EndpointInput", "BatchTransformInput")
        for name in ("FeaturesAttribute", "ExcludeFeaturesAttribute")
    }
    only_in_the_schema = {"/CreationTime", "/JobDefinitionArn", "/EndpointName"}
    assert set(member_paths(CREATE_INPUT)) - only_in_the_api == OURS.keys() - only_in_the_schema


@pytest.mark.parametrize("path", [path for path, rule in OURS.items() if path and "*" not in path])
def test_everything_has_a_description_of_substance(path: str) -> None:
    """Every property has a description, because docs/ is generated from them."""
    if not path.startswith(f"{ENVIRONMENT}/"):
        assert len(OURS[path].get("description", "")) > 20


def test_every_object_is_closed_and_every_pattern_anchored_and_every_list_says_if_it_is_ordered() -> None:
    """The schema drops no property silently, allows no text around a match, and says if list order is drift."""
    for path, rule in OURS.items():
        if rule.get("type", "object") == "object":
            assert rule["additionalProperties"] is False, path
        if rule.get("type") == "array":
            assert isinstance(rule["insertionOrder"], bool), path
    for pattern in [rule["pattern"] for rule in OURS.values() if "pattern" in rule]:
        assert re.fullmatch(r"\^.*\$", pattern)


def test_documented_defaults() -> None:
    """The schema has the defaults that SageMaker fills in."""
    assert OURS["/StoppingCondition/MaxRuntimeInSeconds"]["default"] == 3600
    for kind in ("EndpointInput", "BatchTransformInput"):
        assert OURS[f"/ModelQualityJobInput/{kind}/S3DataDistributionType"]["default"] == "FullyReplicated"
        assert OURS[f"/ModelQualityJobInput/{kind}/S3InputMode"]["default"] == "File"


def test_the_tagging_block_follows_the_documentation() -> None:
    """Changed tags require replacement, as documented. Third parties can't set CloudFormation's system tags."""
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
    """The schema accepts these properties, or refuses them, by JSON Schema as CloudFormation applies it."""
    assert Draft7Validator(SCHEMA).is_valid(properties) is is_valid


INPUT = "#/ModelQualityJobInput"
IN_FORMAT = f"{INPUT}/BatchTransformInput/DatasetFormat"


EXCLUSIVE: list[tuple[Json, list[str], set[str]]] = [
    (
        _without_input(),
        [
            f"{INPUT}: #: no subschema matched out of the total 2 subschemas",
            f"{INPUT}: required key [EndpointInput] not found",
            f"{INPUT}: required key [BatchTransformInput] not found",
        ],
        {"'EndpointInput' is a required property", "'BatchTransformInput' is a required property"},
    ),
    (
        _batch_and_endpoint(),
        [
            f"{INPUT}: extraneous key [BatchTransformInput] is not permitted",
            f"{INPUT}: extraneous key [EndpointInput] is not permitted",
        ],
        {
            "Additional properties are not allowed ('BatchTransformInput' was unexpected)",
            "Additional properties are not allowed ('EndpointInput' was unexpected)",
        },
    ),
    (
        batch({}),
        [
            f"{IN_FORMAT}: #: no subschema matched out of the total 3 subschemas",
            f"{IN_FORMAT}: required key [Csv] not found",
            f"{IN_FORMAT}: required key [Json] not found",
            f"{IN_FORMAT}: required key [Parquet] not found",
        ],
        {"'Csv' is a required property", "'Json' is a required property", "'Parquet' is a required property"},
    ),
    (
        batch({"Csv": {}, "Json": {}}),
        [
            f"{IN_FORMAT}: extraneous key [Json] is not permitted",
            f"{IN_FORMAT}: extraneous key [Csv] is not permitted",
        ],
        {
            "Additional properties are not allowed ('Json' was unexpected)",
            "Additional properties are not allowed ('Csv' was unexpected)",
        },
    ),
]
"""Properties with none or both of what is exclusive; the words of AWS's validator; the words of cfn-lint."""

VALID = [minimal(), batch({"Csv": {}}), batch({"Json": {}}), batch({"Parquet": True})]


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> list[set[str]]:
    """Return what cfn-lint reports, by our schema, for a template of each of EXCLUSIVE, then for all of VALID.

    One process reads them all, because cfn-lint takes seconds to start.
    """
    folder = tmp_path_factory.mktemp("linted")
    (folder / "schemas").mkdir()
    (folder / "schemas" / "ours.json").write_text(json.dumps(SCHEMA))
    templates = []
    for number, properties in enumerate([properties for properties, *_ in EXCLUSIVE] + VALID):
        resource = {"Type": SCHEMA["typeName"], "Properties": properties}
        templates.append(folder / f"{number}.json")
        templates[-1].write_text(
            json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"JobDefinition": resource}})
        )
    command: list[str | Path] = [Path(sys.executable).with_name("cfn-lint"), "--format", "json", "--regions", REGION]
    command += ["--registry-schemas", folder / "schemas", "--", *templates]
    completed = subprocess.run(command, capture_output=True, check=False)
    found: list[set[str]] = [set() for _ in templates]
    for finding in json.loads(completed.stdout):
        found[int(Path(finding["Filename"]).stem)].add(finding["Message"])
    return found


@pytest.mark.parametrize("number", range(len(EXCLUSIVE)))
def test_exactly_one_is_asked_for_by_name(linted: list[set[str]], number: int) -> None:
    """With none or both of two exclusive properties, the stack event and cfn-lint name each of them.

    The stack event has the sandbox's text, which is that of AWS's validator.
    """
    properties, words, found = EXCLUSIVE[number]
    assert RegisteredType(SCHEMA, lambda _: {}).check(properties) == words
    assert found <= linted[number]


def test_cfn_lint_accepts_what_is_valid(linted: list[set[str]]) -> None:
    """cfn-lint accepts an endpoint, and a batch transform in each format."""
    assert linted[len(EXCLUSIVE) :] == [set() for _ in VALID]


def test_the_names_that_stand_twice_are_the_same() -> None:
    """BatchTransformInput's dependency for DatasetFormat lists all properties, because it refuses any it lacks."""
    definition = SCHEMA["definitions"]["BatchTransformInput"]
    assert list(definition["dependencies"]["DatasetFormat"]["properties"]) == list(definition["properties"])


@pytest.mark.parametrize(
    ("arn", "is_valid"),
    [
        (f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-quality-job-definition/churn-1", True),
        (f"arn:aws-cn:sagemaker:cn-north-1:{ACCOUNT}:model-quality-job-definition/Churn-Quality", True),
        (f"arn:aws-us-gov:sagemaker:us-gov-west-1:{ACCOUNT}:model-quality-job-definition/c", True),
        (f"ARN:AWS-ISO-B:SAGEMAKER:US-ISOB-EAST-1:{ACCOUNT}:MODEL-QUALITY-JOB-DEFINITION/CHURN", True),
        ("churn", False),
        (f"arn:aws:sagemaker:{REGION}:123:model-quality-job-definition/churn", False),
        (f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-quality-job-definition/", False),
        (f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-quality-job-definition/a/b", False),
    ],
)
def test_the_pattern_of_the_arn(arn: str, *, is_valid: bool) -> None:
    """The pattern accepts an ARN of any partition, in upper or lower case, as the handlers do."""
    assert Draft7Validator(SCHEMA["properties"]["JobDefinitionArn"]).is_valid(arn) is is_valid


def documented(shape: Shape, path: str = "", text: str = "") -> Iterator[tuple[str, Shape, str]]:
    """Yield the path, the shape and the documentation of every member of a SageMaker shape, as plain text."""
    yield path, shape, " ".join(re.sub(r"<[^>]+>", " ", text).split())
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from documented(member, f"{path}/{name}", member.documentation)
    elif isinstance(shape, ListShape):
        yield from documented(shape.member, f"{path}/*")


DOCUMENTED = [(path, shape, text) for path, shape, text in documented(CREATE_INPUT) if path in OURS]

# Numbers in descriptions that SageMaker's model doesn't have, with what they are.
OTHER_NUMBERS = {
    ("/StoppingCondition", "3600"): "the default that SageMaker fills in (seen)",
    ("/StoppingCondition/MaxRuntimeInSeconds", "3600"): "as above; the model has 3600 as the limit of other monitors",
    ("/Tags", "50"): "the limit of tags for a resource (AWS, Tagging AWS resources)",
    ("/ModelQualityAppSpecification/Environment", "50"): "the shape's limit",
}


def description(path: str) -> str:
    """Return a property's description, without its examples."""
    return re.sub(r"For example, .*?\.(?= |$)", "", OURS[path].get("description", ""))


def test_descriptions_have_the_defaults_of_sagemakers_model() -> None:
    """Wherever the model names a default, the description does, but for one of a property that is required."""
    found = {
        path: match[1]
        for path, _, text in DOCUMENTED
        if (match := re.search(r"[Dd]efault(?:s to| value is)\s+(\w+)", text))
    }
    assert found.pop("/JobResources/ClusterConfig/InstanceCount") == "1"
    assert "InstanceCount" in SCHEMA["definitions"]["ClusterConfig"]["required"]
    assert len(found) == 4
    for path, value in found.items():
        assert f"SageMaker's default is {value}." in description(path), path


def test_descriptions_have_no_number_that_sagemakers_model_lacks() -> None:
    """A limit in a description is one of the model's shape or of its documentation."""
    texts = {path: (shape, text) for path, shape, text in DOCUMENTED}
    for path in OURS:
        for number in re.findall(r"(?<![\w.-])\d{2,}(?![\w-])", description(path)):
            shape, text = texts.get(path, (None, ""))
            limits = {str(limit) for limit in shape.metadata.values()} if shape else set()
            known = number in limits or number in text.split() or (path, number) in OTHER_NUMBERS
            assert known or f"ISO {number}" in description(path), (path, number)


def test_descriptions_that_name_one_value_name_all() -> None:
    """And no value that the model lacks."""
    named = 0
    for path, shape, _ in DOCUMENTED:
        values = set(getattr(shape, "enum", []))
        mentioned = {
            value for value in values if re.search(rf"\b{re.escape(value)}\b", OURS[path].get("description", ""))
        }
        if len(values) < 6 and mentioned:
            assert mentioned == values, path
            named += 1
    assert named == 5


NOTES = [
    # path, what SageMaker's model says, what the description says
    (
        "/StoppingCondition/MaxRuntimeInSeconds",
        "For model bias and model quality hourly schedules, this can be up to 1800 seconds",
        "for an hourly schedule of this monitor it is at most 1800",
    ),
    (
        "/StoppingCondition/MaxRuntimeInSeconds",
        "cannot exceed the frequency of the job",
        "can't be longer than the schedule's interval",
    ),
    (
        "/ModelQualityAppSpecification/RecordPreprocessorSourceUri",
        "Applicable only for the built-in (first party) containers",
        "Only for Model Monitor's own container",
    ),
    (
        "/ModelQualityAppSpecification/PostAnalyticsProcessorSourceUri",
        "Applicable only for the built-in (first party) containers",
        "Only for Model Monitor's own container",
    ),
    (
        "/ModelQualityJobInput/EndpointInput/EndpointName",
        "has enabled DataCaptureConfig",
        "SageMaker endpoint to monitor",
    ),
    ("/ModelQualityJobInput/EndpointInput/S3InputMode", "recommended for large datasets", "for large data sets"),
    (
        "/ModelQualityJobInput/EndpointInput/StartTimeOffset",
        "this time from the start time",
        "offset from the scheduled time",
    ),
    (f"{OUTPUTS}/MonitoringOutputs/*/S3Output/LocalPath", "LocalPath is an absolute path", "absolute path"),
    (f"{CLUSTER}/InstanceCount", "distributed processing jobs", "More than 1 means distributed processing"),
    ("/NetworkConfig/EnableInterContainerTrafficEncryption", "processing might take longer", "can make the job slower"),
    (
        "/NetworkConfig/VpcConfig/SecurityGroupIds",
        "for the VPC that is specified in the Subnets",
        "to the VPC of the subnets",
    ),
    ("/Tags/*/Key", "Tag keys must be unique", "can be used once"),
]


@pytest.mark.parametrize(("path", "model", "ours"), NOTES, ids=lambda value: str(value)[:40])
def test_descriptions_have_the_notes_of_sagemakers_model(path: str, model: str, ours: str) -> None:
    """If the model's sentence changes, so does ours."""
    ((_, _, text),) = (found for found in DOCUMENTED if found[0] == path)
    assert model in text
    assert ours in OURS[path]["description"]
