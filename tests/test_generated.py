"""What cfn writes from the schema is what is committed, and cfn has nothing to say against the schema."""

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.envelopes import ROOT

GENERATED = ("resource-role.yaml", "docs", "src/aws_sagemaker_modelqualityjobdefinition/models.py")
CONFIGURED = (".rpdk-config", "aws-sagemaker-modelqualityjobdefinition.json", "src", "inputs", "template.yml", "docs")


def cfn(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run cfn in a folder."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        ["cfn", command], cwd=folder, env=environment | {"PATH": path}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what cfn reads and writes."""
    for name in (*CONFIGURED, "resource-role.yaml"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def files(root: Path, name: str) -> set[str]:
    """Return the files under a name, by their paths."""
    top = root / name
    return {str(path.relative_to(root)) for path in (top.rglob("*") if top.is_dir() else [top]) if path.is_file()}


def test_validate_prints_no_warning(copy: Path) -> None:
    """Nearly everything that cfn says are warnings, and it exits with 0 all the same."""
    run = cfn("validate", copy)
    assert run.returncode == 0
    assert (run.stdout + run.stderr).strip() == "Resource schema is valid."


def test_generated_files_are_what_generate_writes(copy: Path) -> None:
    """models.py, the role and docs/: to the byte, and no file more or less."""
    before = {name: files(copy, name) for name in GENERATED}
    shutil.rmtree(copy / "docs")
    run = cfn("generate", copy)
    assert run.returncode == 0, run.stdout + run.stderr
    for name in GENERATED:
        assert files(copy, name) == before[name]
        for file in before[name]:
            assert filecmp.cmp(copy / file, ROOT / file, shallow=False), f"{file} differs: run make generate"
    assert filecmp.cmp(copy / ".rpdk-config", ROOT / ".rpdk-config", shallow=False)
