"""guides/lint.md quotes cfn-lint correctly."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tools.envelopes import ROOT

GUIDE = (ROOT / "guides/lint.md").read_text()
SCHEMA_FILE = "aws-sagemaker-modelqualityjobdefinition.json"
SCHEMA = (ROOT / SCHEMA_FILE).read_text()
TEMPLATE = (ROOT / "examples/minimal.yaml").read_text()
OURS, THEIRS = "AWS::SageMaker::ModelQualityJobDefinition", "Acme::SageMaker::ModelQualityJobDefinition"
BATCH = 'DataCapturedDestinationS3Uri: "s3://bucket/captured", LocalPath: /opt/ml/processing/input, DatasetFormat'
END = "      RoleArn: !Ref RoleArn\n"

MISTAKES: Mapping[str, tuple[str, str]] = {
    "both `EndpointInput` and `BatchTransformInput`": (
        "        GroundTruthS3Input",
        f"        BatchTransformInput: {{{BATCH}: {{Csv: {{}}}}}}\n        GroundTruthS3Input",
    ),
    "neither of them": (r"        EndpointInput:.*\n", ""),
    "two formats in `DatasetFormat`": (
        r"EndpointInput:.*\n",
        f"BatchTransformInput: {{{BATCH}: {{Csv: {{}}, Json: {{}}}}}}\n",
    ),
    "a misspelt property": ("InferenceAttribute:", "InferenceAttributes:"),
    "no `RoleArn`": (END, ""),
    "the role's name instead of its ARN": (END, "      RoleArn: monitor\n"),
    "`ProblemType: regression`": ("Regression", "regression"),
    "`Tags` as a map": (END, END + "      Tags: {team: pricing}\n"),
    "an EC2 instance type, `m5.large`": (r"ml\.m5", "m5"),
    "`StartTimeOffset: 1 day` instead of `-P1D`": ('InferenceAttribute: "0"', "StartTimeOffset: 1 day"),
}
OVERLOOKED: Mapping[str, tuple[str, str]] = {
    "`!GetAtt JobDefinition.JobDefinitionName`": (
        r"\Z",
        "Outputs:\n  Name: {Value: !GetAtt JobDefinition.JobDefinitionName}\n",
    ),
    "no `InferenceAttribute` for a regression or multiclass model": (', InferenceAttribute: "0"', ""),
    "a read-only property, such as `CreationTime`, in the template": (END, END + "      CreationTime: today\n"),
}


@pytest.fixture(autouse=True)
def linter() -> Iterator[None]:
    """Reset cfn-lint before and after the test: it keeps a registry's schemas for the whole process."""
    PROVIDER_SCHEMA_MANAGER.reset()
    yield
    PROVIDER_SCHEMA_MANAGER.reset()


def lint_findings(template: str, *schemas: Path) -> list[tuple[str, str]]:
    """Return the rule and message of each of cfn-lint's findings in a template."""
    options = ManualArgs(registry_schemas=[str(folder) for folder in schemas], regions=["us-east-1"])
    return [(match.rule.id, match.message) for match in lint(template, config=options)]


def table(heading: str) -> list[list[str]]:
    """Return the rows of the table under a heading of the guide."""
    lines = GUIDE.partition(f"## {heading}\n")[2].partition("\n## ")[0].splitlines()
    return [re.split(r" \| ", line[2:-2]) for line in lines if line.startswith("| ")][1:]


def write_schema(folder: Path, type_name: str) -> Path:
    """Write this project's schema under a type name into a folder, and return the folder."""
    (folder / "schema.json").write_text(SCHEMA.replace(f'"{OURS}"', f'"{type_name}"'))
    return folder


def test_the_guide_has_these_mistakes() -> None:
    """The guide's table has exactly these mistakes; its second table has those that cfn-lint overlooks."""
    assert [mistake for mistake, *_ in table("What it says of the commonest mistakes")] == list(MISTAKES)
    assert {mistake for mistake, _ in table("What it doesn't find")} > set(OVERLOOKED)


def test_a_template_without_mistakes_is_clean(tmp_path: Path) -> None:
    """The template itself has no finding, so a finding comes from the mistake."""
    assert lint_findings(TEMPLATE, write_schema(tmp_path, OURS)) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_cfn_lint_says_what_the_guide_says(tmp_path: Path, mistake: str) -> None:
    """cfn-lint reports the guide's rule, with a message that begins as in the guide."""
    ((_, rule, message),) = (row for row in table("What it says of the commonest mistakes") if row[0] == mistake)
    template, changes = re.subn(MISTAKES[mistake][0], MISTAKES[mistake][1], TEMPLATE)
    assert changes == 1
    findings = lint_findings(template, write_schema(tmp_path, OURS))
    assert [text for code, text in findings if code == rule and text.startswith(message.strip("`"))], findings


@pytest.mark.parametrize("mistake", OVERLOOKED)
def test_cfn_lint_overlooks_what_the_guide_says_it_does(tmp_path: Path, mistake: str) -> None:
    """If cfn-lint learns to find the mistake, its row moves to the first table."""
    template, changes = re.subn(OVERLOOKED[mistake][0], OVERLOOKED[mistake][1], TEMPLATE)
    assert changes == 1
    assert lint_findings(template, write_schema(tmp_path, OURS)) == []


WRONG = TEMPLATE.replace(OURS, THEIRS).replace("Regression", "regression").replace(END, "")


def test_an_unknown_type_is_all_that_it_says_of_another_name() -> None:
    """Without a schema of that name, the only error is that the type is unknown."""
    ((rule, message),) = (finding for finding in lint_findings(WRONG) if finding[0].startswith("E"))
    assert (rule, "does not exist" in message) == ("E3006", True)


def test_nothing_is_checked_under_another_name(tmp_path: Path) -> None:
    """Even with a schema of that name, cfn-lint checks no property: the trap in the guide."""
    assert [
        finding for finding in lint_findings(WRONG, write_schema(tmp_path, THEIRS)) if finding[0].startswith("E")
    ] == []


def test_the_commands_of_the_guide(tmp_path: Path) -> None:
    """The commands work in a clone as written, and a wrong folder gives the guide's traceback."""
    for name in (SCHEMA_FILE, "examples/minimal.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "other.json").write_text("{}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    commands = re.findall(r"^    ((?:mkdir|cfn-lint) .*)$", GUIDE, re.MULTILINE)[:2]
    runs = [
        subprocess.run(
            ["sh", "-ec", command],
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        for command in ("\n".join(commands), commands[1].replace(".cache/schema", "."))
    ]
    assert (runs[0].returncode, runs[0].stdout, runs[0].stderr) == (0, "", "")
    assert (runs[1].returncode, runs[1].stderr.splitlines()[-1]) == (1, "KeyError: 'typeName'")
