"""The committed files are what cfn generates from the schema, and cfn accepts the schema without a warning."""

import filecmp
import shutil
from pathlib import Path

import pytest

from cfn_sandbox import settings
from cfn_sandbox.packaging import cfn, role
from tools.envelopes import ROOT

GENERATED = ("resource-role.yaml", "docs", "src/aws_sagemaker_modelqualityjobdefinition/models.py")
CONFIGURED = (".rpdk-config", "aws-sagemaker-modelqualityjobdefinition.json", "src", "inputs", "template.yml", "docs")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy what cfn reads and writes."""
    for name in (*CONFIGURED, "resource-role.yaml"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def files(root: Path, name: str) -> set[str]:
    """Return the paths of the files under a name."""
    start = root / name
    return {str(path.relative_to(root)) for path in (start.rglob("*") if start.is_dir() else [start]) if path.is_file()}


def test_validate_prints_no_warning(copy: Path) -> None:
    """For most problems cfn prints a warning and exits with 0, so the test compares the output."""
    assert cfn.run(["validate"], copy) == ["Resource schema is valid."]


def test_generated_files_are_what_generate_writes(copy: Path) -> None:
    """models.py, the role and docs/ are equal byte for byte, and no file is missing or added."""
    before = {name: files(copy, name) for name in GENERATED}
    shutil.rmtree(copy / "docs")
    cfn.run(["generate"], copy)
    role.narrow(copy / role.FILE, settings.read(ROOT).role)
    for name in GENERATED:
        assert files(copy, name) == before[name]
        for file in before[name]:
            assert filecmp.cmp(copy / file, ROOT / file, shallow=False), f"{file} differs: run make generate"
    assert filecmp.cmp(copy / ".rpdk-config", ROOT / ".rpdk-config", shallow=False)
