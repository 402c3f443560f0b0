"""Files for GitHub, and the version."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from aws_sagemaker_modelqualityjobdefinition import job_definitions
from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS
from tools.envelopes import ROOT

WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
FORMS = sorted(set(ROOT.glob(".github/ISSUE_TEMPLATE/*.yml")) - {ROOT / ".github/ISSUE_TEMPLATE/config.yml"})


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.dependabot", [ROOT / ".github/dependabot.yml"]),
        ("vendor.github-issue-forms", FORMS),
        ("vendor.github-issue-config", [ROOT / ".github/ISSUE_TEMPLATE/config.yml"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_github_reads_its_files(schema: str, files: list[Path]) -> None:
    """GitHub's files are valid by the published schemas; check-jsonschema contains them, so nothing is downloaded."""
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_can_do_no_harm(workflow: Path) -> None:
    """Actions are pinned by commit, with the version as a comment, and the token can only read the code.

    One job has another token: the one that publishes cfn-sandbox proves to PyPI who it is, and can't read the code.
    """
    text = workflow.read_text()
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []
    content = yaml.safe_load(text)
    assert content["permissions"] == {"contents": "read"}
    others = {name: job["permissions"] for name, job in content["jobs"].items() if "permissions" in job}
    assert others == ({"publish": {"id-token": "write"}} if workflow.name == "release.yml" else {})
    assert "persist-credentials: false" in text
    assert "run: bash .ci/run" in text


def test_the_version_is_in_one_place() -> None:
    """pyproject.toml has the version; the user agent has the same, and the changelog too unless it is Unreleased."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    user_agent = vars(job_definitions.config(DEFAULTS.wire))[
        "user_agent_extra"
    ]  # botocore sets it without declaring it
    assert user_agent == f"cloudformation-modelqualityjobdefinition/{version}"
    newest = re.search(r"^## \[?([\d.]+|Unreleased)\]?", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] in {version, "Unreleased"}
