"""The README's session is played as written, by a shell, in a clone of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cfn_sandbox.packaging.package import package
from tools.envelopes import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Copy what git tracks, with this environment as its .venv, and with the package that is built already."""
    folder = tmp_path / "clone"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, tracked.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "sandbox/tests/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    packages = folder / ".cache" / "packages"
    packages.mkdir(parents=True)
    shutil.copy(package(ROOT), packages)
    return folder


def test_the_readme_s_session(clone: Path) -> None:
    """From activating the environment to the end of the sandbox; then the shell's own variables are back."""
    section = (ROOT / "README.md").read_text().partition("On your laptop")[2]
    lines = re.findall(r"^    (.*)$", section.partition("\n\n`cfn-sandbox")[0], re.MULTILINE)
    assert lines[0] == ". .venv/bin/activate"
    assert (lines[1], lines[-1]) == ('eval "$(cfn-sandbox up --detach)"', 'eval "$(cfn-sandbox down)"')
    script = "\n".join(
        [*lines[:-1], "aws cloudformation describe-stacks --output text", lines[-1], "echo url=$AWS_ENDPOINT_URL"]
    )
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    played = subprocess.run(
        ["sh", "-ec", script], cwd=clone, env=variables, capture_output=True, text=True, check=False, timeout=300
    )
    assert played.returncode == 0, played.stderr
    assert "CREATE_COMPLETE" in played.stdout
    assert played.stdout.endswith("url=\n")
    assert "cfn-sandbox: AWS::SageMaker::ModelQualityJobDefinition is registered and ready\n" in played.stderr
    assert "still at it" not in played.stderr.partition("is registered")[2]
    assert "Ctrl-C" not in played.stderr
    assert len([*(clone / ".cache" / "packages").glob("*.zip")]) == 1  # the one that was built already
