"""guides/lint.md quotes cfn-lint and AWS's cloudformation-validate correctly, and both find the examples clean."""

import json
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

from cfn_sandbox import SandboxError
from cfn_sandbox.__main__ import main
from cfn_sandbox.linting.command import findings, library
from cfn_sandbox.linting.variant import linted
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
BY_ONE = "`!GetAtt JobDefinition.JobDefinitionName` under `Acme::`"
"""The mistake that cloudformation-validate alone finds: under AWS's name it is none."""
GETATT = (r"\Z", "Outputs:\n  Name: {Value: !GetAtt JobDefinition.JobDefinitionName}\n")
OVERLOOKED: Mapping[str, tuple[str, str]] = {
    "no `InferenceAttribute` for a regression or multiclass model": (', InferenceAttribute: "0"', ""),
    "a read-only property, such as `CreationTime`, in the template": (END, END + "      CreationTime: today\n"),
}


COMMONEST = "What they say of the commonest mistakes"
VARIANT = ROOT / "lint/aws-sagemaker-modelqualityjobdefinition.json"
EXAMPLES = sorted([*(ROOT / "examples").glob("*.yaml"), *(ROOT / "examples").glob("*.json")])
# AWS's documentation has this example, with a key that is none.
FAKE_KEY = "error: Value is not valid under any of the 3 anyOf schemas (0 branches matched; at least one is required). "


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
    """The guide's table has exactly these mistakes; its second table has those that both overlook."""
    assert [mistake for mistake, *_ in table(COMMONEST)] == [*MISTAKES, BY_ONE]
    assert {mistake for mistake, _ in table("What neither finds")} > set(OVERLOOKED)


def test_a_template_without_mistakes_is_clean(tmp_path: Path) -> None:
    """The template itself has no finding, so a finding comes from the mistake."""
    assert lint_findings(TEMPLATE, write_schema(tmp_path, OURS)) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_cfn_lint_says_what_the_guide_says(tmp_path: Path, mistake: str) -> None:
    """cfn-lint reports the guide's rule, with a message that begins as in the guide."""
    ((_, rule, message, *_),) = (row for row in table(COMMONEST) if row[0] == mistake)
    template, changes = re.subn(MISTAKES[mistake][0], MISTAKES[mistake][1], TEMPLATE)
    assert changes == 1
    findings = lint_findings(template, write_schema(tmp_path, OURS))
    assert [text for code, text in findings if code == rule and text.startswith(message.strip("`"))], findings


@pytest.mark.parametrize("mistake", [*OVERLOOKED, BY_ONE])
def test_cfn_lint_overlooks_what_the_guide_says_it_does(tmp_path: Path, mistake: str) -> None:
    """If cfn-lint learns to find the mistake, its row moves to the first table."""
    pattern, replacement = {**OVERLOOKED, BY_ONE: GETATT}[mistake]
    template, changes = re.subn(pattern, replacement, TEMPLATE)
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


def test_the_variant_for_the_linter_is_what_make_generate_writes() -> None:
    """It is the schema without dependencies in schema form, under the same name."""
    assert json.loads(VARIANT.read_text()) == linted(json.loads(SCHEMA)), "run make generate"
    assert "dependencies" not in VARIANT.read_text()
    assert json.loads(VARIANT.read_text())["definitions"]["DatasetFormat"]["requiredXor"] == ["Csv", "Json", "Parquet"]


def validated(templates: Mapping[str, str], folder: Path, type_name: str = THEIRS) -> dict[str, list[str]]:
    """Return what `cfn-sandbox lint` prints of each template, without the file; skip the test without the linter."""
    try:
        library()
    except SandboxError as error:
        pytest.skip(str(error))
    files = {name: folder / f"{number}.yaml" for number, name in enumerate(templates)}
    for name, file in files.items():
        file.write_text(templates[name])
    lines = list(findings([*files.values()], linted(json.loads(SCHEMA), type_name)))
    return {
        name: [line.partition(" ")[2] for line in lines if line.startswith(f"{file}:")] for name, file in files.items()
    }


def test_cloudformation_validate_says_what_the_guide_says(tmp_path: Path) -> None:
    """It reports the guide's rules under another name than AWS's, and nothing of what the guide says it overlooks."""
    rows = {mistake: (rule.strip("-"), message.strip("`")) for mistake, _, _, rule, message in table(COMMONEST)}
    changes = {**MISTAKES, BY_ONE: GETATT, **OVERLOOKED, "none": (r"\Z", "")}
    templates = {name: re.sub(*change, TEMPLATE.replace(OURS, THEIRS), count=1) for name, change in changes.items()}
    for name, lines in validated(templates, tmp_path).items():
        rule, message = rows.get(name, ("", ""))
        word = "warning" if rule.startswith("W") else "error"
        others = [line for line in lines if "is not referenced anywhere in the template" not in line]
        if rule:
            assert [line for line in others if line.startswith(f"{word}: {message}") and f"({rule} " in line], lines
        else:
            assert others == [], name


def test_a_choice_between_formats_is_refused_as_the_guide_says(tmp_path: Path) -> None:
    """If the linters learn to read the Fn::If, their rows in the guide go."""
    template = (ROOT / "examples/batch.yaml").read_text()
    chosen = re.sub(r"  IsParquet:.*\n| {12}(Csv|Json|Parquet):.*\n", "", template)
    chosen = chosen.replace(
        "DatasetFormat:", "DatasetFormat: !If [IsCsv, {Csv: {}}, !If [IsJson, {Json: {}}, {Parquet: true}]]"
    )
    assert lint_findings(chosen, write_schema(tmp_path, OURS)) == []
    ((_, lines),) = validated({"chosen": chosen}, tmp_path, OURS).items()
    assert {re.sub(r".*\((\w+) .*", r"\1", line) for line in lines} == {"F3014"}


def test_a_misspelt_type_is_named(tmp_path: Path) -> None:
    """The linter itself says nothing of a type that it doesn't know."""
    templates = {
        name: TEMPLATE.replace(OURS, name) for name in (OURS, THEIRS.replace("Job", "Jobs"), "Other::Own::Type")
    }
    assert validated(templates, tmp_path) == {
        OURS: [],
        "Acme::SageMaker::ModelQualityJobsDefinition": [
            "error: Acme::SageMaker::ModelQualityJobsDefinition has no schema here, so nothing of it is checked. "
            "Did you mean Acme::SageMaker::ModelQualityJobDefinition?"
        ],
        "Other::Own::Type": ["warning: Other::Own::Type has no schema here, so nothing of it is checked."],
    }


def test_all_examples_are_clean_under_cloudformation_validate(tmp_path: Path) -> None:
    """No error and no warning, but for a key in the example that is AWS's own, word for word."""
    for name, lines in validated({file.name: file.read_text() for file in EXAMPLES}, tmp_path, OURS).items():
        expected = [FAKE_KEY] if name.startswith("documentation.") else []
        assert [line[: len(FAKE_KEY)] for line in lines] == expected, (name, lines)


def test_all_examples_are_clean_under_cfn_lint(tmp_path: Path) -> None:
    """No error and no warning, but for AWS's own example and one that cfn-lint misreads."""
    schema = write_schema(tmp_path, OURS)
    found = {file.name: {rule for rule, _ in lint_findings(file.read_text(), schema)} for file in EXAMPLES}
    wrong = {"batch.yaml": {"E3003", "E3017"}}  # the guide says why
    fake_key = {f"documentation.{kind}": {"E3017", "E1157", "E1162", "E1164"} for kind in ("json", "yaml")}
    assert {name: rules for name, rules in found.items() if rules} == wrong | fake_key


def test_lint_is_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's commands print nothing for a template without mistakes, and exit with 1 for one with an error."""
    commands = re.findall(r"^    cfn-sandbox (lint .*)$", GUIDE, re.MULTILINE)
    assert commands == [
        f"lint --type-name {THEIRS} acme.yaml",
        "lint examples/minimal.yaml",
        f"lint --type-name {THEIRS} --write-schema acme-schema.json",
    ]
    good, bad, schema = (tmp_path / name for name in ("acme.yaml", "bad.yaml", "acme-schema.json"))
    good.write_text(TEMPLATE.replace(OURS, THEIRS))
    bad.write_text(WRONG)
    assert main(["lint", "--project", str(ROOT), "--type-name", THEIRS, "--write-schema", str(schema)]) == 0
    assert json.loads(schema.read_text()) == json.loads(VARIANT.read_text()) | {"typeName": THEIRS}
    validated({}, tmp_path)  # skips the rest without the linter
    (snippet,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(snippet, {})  # noqa: S102 - the guide's own code
    assert capsys.readouterr().out.startswith("['Resources without a Metadata")
    assert main(["lint", "--project", str(ROOT), "--type-name", THEIRS, str(good)]) == 0
    assert capsys.readouterr() == ("", "cfn-sandbox: templates: 1; errors: 0; warnings: 0\n")
    assert main(["lint", "--project", str(ROOT), "--type-name", THEIRS, str(good), str(bad)]) == 1
    printed = capsys.readouterr()
    assert f"{bad}:10:5: error: 'RoleArn' is a required property (F3003 JobDefinition.Properties)\n" in printed.out
    assert printed.err == "cfn-sandbox: templates: 2; errors: 1; warnings: 2\n"


def test_without_the_linter_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the command that installs it, and what the system lacks."""
    monkeypatch.setitem(sys.modules, "cloudformation_validate", None)
    with pytest.raises(
        SandboxError, match=r"pip install 'cfn-sandbox\[lint\]'. On Linux it needs glibc 2.34 or newer; here"
    ):
        library()
