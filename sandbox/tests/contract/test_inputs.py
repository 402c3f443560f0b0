"""The checks of input files find before the upload what AWS would refuse, with a sentence for each problem."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox.contract import inputs, properties
from cfn_sandbox.contract.inputs import InputsError, Problem

SCHEMA: dict[str, Any] = {
    "properties": {
        "Name": {"type": "string"},
        "Arn": {"type": "string"},
        "Tags": {"type": "array", "items": {"$ref": "#/definitions/Tag"}, "insertionOrder": False},
        "Shape": {"oneOf": [{"$ref": "#/definitions/Round"}, {"properties": {"Side": {"type": "integer"}}}]},
        "Labels": {"patternProperties": {"^[a-z]+$": {"properties": {"Text": {"type": "string"}}}}},
        "Tree": {"$ref": "#/definitions/Tree"},
    },
    "definitions": {
        "Tag": {"properties": {"Key": {"type": "string"}, "Value": {"type": "string"}}},
        "Round": {"properties": {"Radius": {"type": "number"}}},
        "Tree": {"properties": {"Left": {"$ref": "#/definitions/Tree"}}},
    },
    "readOnlyProperties": ["/properties/Arn"],
}
EVERYTHING: dict[str, Any] = {
    "Name": "toy",
    "Tags": [{"Key": "a"}, {"Value": "b"}],
    "Shape": {"Radius": 1},
    "Labels": {"x": {"Text": "y"}},
    "Tree": {"Left": {}},
}
VALUES = {"region": "eu-north-1", "account": "123456789012", "partition": "aws"}


def write_inputs(folder: Path, **files: Any) -> Path:  # noqa: ANN401 - a document, or text that is not JSON
    """Write input files into a folder; the names leave out inputs_ and .json."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"inputs_{name.removeprefix('n')}.json").write_text(text)
    return folder


def test_inputs_that_use_everything_and_fix_nothing_have_no_problem(tmp_path: Path) -> None:
    """Create and update inputs count together, and a read-only property needs no input."""
    update = {"Shape": {"Side": 2}, "Name": "arn:{{partition}}:s3:::{{ account }}-{{region}}"}
    assert inputs.problems(write_inputs(tmp_path, n1_create=EVERYTHING, n1_update=update), SCHEMA) == []


def test_what_no_input_uses_is_named_by_its_path(tmp_path: Path) -> None:
    """The check finds unused properties at every depth, through references, arrays, maps and branches."""
    problems = inputs.problems(write_inputs(tmp_path, n1_create={"Name": "toy", "Tags": []}), SCHEMA)
    assert [str(problem) for problem in problems] == [
        f"property_coverage: no input uses {path}"
        for path in [
            "Labels",
            "Labels/*/Text",
            "Shape",
            "Shape/Radius",
            "Shape/Side",
            "Tags/*/Key",
            "Tags/*/Value",
            "Tree",
            "Tree/Left",
        ]
    ]


@pytest.mark.parametrize(
    ("value", "check", "message"),
    [
        ("bucket-us-gov-west-1", "no_hardcoded_regions", "us-gov-west-1 is hard-coded: write {{region}}"),
        ("us-east-1a", "no_hardcoded_regions", "us-east-1 is hard-coded: write {{region}}"),
        ("ids-210987654321", "no_hardcoded_account_ids", "the account 210987654321 is hard-coded: write {{account}}"),
        (210987654321, "no_hardcoded_account_ids", "the account 210987654321 is hard-coded: write {{account}}"),
        ("arn:aws-cn:s3:::b", "no_hardcoded_partitions", "the partition aws-cn is hard-coded: write {{partition}}"),
    ],
)
def test_what_is_hard_coded_is_found(tmp_path: Path, value: object, check: str, message: str) -> None:
    """The problem names the file and the path in it, for numbers as well as strings."""
    folder = write_inputs(tmp_path, n1_create={"Tags": [{"Key": value}]}, n1_update=EVERYTHING)
    problems = [problem for problem in inputs.problems(folder, SCHEMA) if problem.check != "property_coverage"]
    assert problems == [Problem(check, message, "inputs_1_create.json/Tags/0/Key")]


@pytest.mark.parametrize("value", ["123456789012", "1234567890123", "us-east", "arn:{{partition}}:x", "campus-east-1"])
def test_what_is_not_hard_coded_is_left_alone(tmp_path: Path, value: str) -> None:
    """Similar values are no problem, for example a placeholder account id."""
    assert inputs.hardcoded_values(inputs.read_unfilled(write_inputs(tmp_path, n1_create={"Name": value}))) == []


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, r"no inputs in .*: contract tests v2 read inputs_1_create\.json"),
    "no JSON": ({"n1_create": "{"}, r"inputs_1_create\.json is not JSON: Expecting property name"),
    "no object": ({"n1_create": []}, r"inputs_1_create\.json is not a JSON object"),
    "unknown variable": (
        {"n1_create": {"Name": "{{bucket}}"}},
        r"inputs_1_create\.json has the variable \{\{bucket\}\}",
    ),
    "update alone": ({"n1_update": {}}, r"inputs_1_update\.json has no inputs_1_create\.json to update"),
    "gap": ({"n1_create": {}, "n3_create": {}}, "numbered 1, 3: `cfn test` counts from 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_a_sentence(tmp_path: Path, case: str) -> None:
    """Reading unusable inputs raises the message, and checking them returns it as one problem."""
    files, message = BAD[case]
    folder = write_inputs(tmp_path, **files)
    with pytest.raises(InputsError, match=message):
        inputs.read(folder, VALUES)
    (problem,) = inputs.problems(folder, SCHEMA)
    assert problem.check == "inputs"


def test_variables_are_filled_in(tmp_path: Path) -> None:
    """Variables are replaced in any position, a number's included; an update is optional; other files are ignored."""
    text = '{"Name": "{{partition}} {{ region }}", "Size": {{account}}}'
    folder = write_inputs(tmp_path, n1_create=text, n1_update={}, n2_create={}, n1_invalid="{{no}}")
    first, second = inputs.read(folder, VALUES)
    assert (first.create, first.update) == ({"Name": "aws eu-north-1", "Size": 123456789012}, {})
    assert (second.number, second.create, second.update) == (2, {}, None)


def test_differences_are_what_is_missing_or_changed() -> None:
    """Extra properties are no difference; order is one unless the schema sets insertionOrder to false."""
    requested = {"Name": "toy", "Tags": [{"Key": "a"}, {"Key": "b"}], "Shape": {"Radius": 1}}
    more = {"Name": "toy", "Tags": [{"Key": "b", "Value": ""}, {"Key": "a"}], "Shape": {"Radius": 1.0}, "Arn": "a"}
    assert properties.differences(SCHEMA, requested, more) == []
    less = {"Tags": [{"Key": "b"}, {"Key": "b"}], "Shape": {"Radius": True}}
    assert properties.differences(SCHEMA, requested, less) == [
        "Name is missing",
        "Tags has no {'Key': 'a'}",
        "Shape/Radius is True, not 1",
    ]
    assert properties.differences({}, {"Steps": [1, 2]}, {"Steps": [2, 1]}) == [
        "Steps/0 is 2, not 1",
        "Steps/1 is 1, not 2",
    ]
    assert properties.differences({}, {"Steps": [1]}, {"Steps": []}) == ["Steps has 0 items, not 1"]


def test_properties_are_taken_out_at_every_depth() -> None:
    """Properties are removed from the items of arrays too."""
    document = {"Tags": [{"Key": "a", "Value": "b"}], "Name": "toy"}
    assert properties.without(document, {("Tags", "*", "Value"), ("Name",)}) == {"Tags": [{"Key": "a"}]}


def test_they_are_there_without_moto_and_the_emulator() -> None:
    """Importing the checks loads neither moto nor boto3: inputs can be checked before anything is uploaded."""
    program = (
        "import sys; from cfn_sandbox.contract import inputs; sys.exit('moto' in sys.modules or 'boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
