"""The wheel, installed with its declared dependencies alone, works on any project, with no clone in reach."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.tests.contract.test_command import write_project

pytestmark = [pytest.mark.slow, pytest.mark.weekly]

DISTRIBUTION = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it into an environment made by uv, which has no pip, and return its programs' folder."""
    if not UV.exists():
        pytest.skip("there is no uv in this environment")
    folder = tmp_path_factory.mktemp("wheel")
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    # A copy, because a build writes into the folder of its source.
    source = shutil.copytree(DISTRIBUTION, folder / "source", ignore=shutil.ignore_patterns("tests", "*.egg-info"))
    commands: tuple[list[str | Path], ...] = (
        [UV, "build", "--quiet", "--wheel", "--out-dir", folder, source],
        [UV, "venv", "--quiet", "--python", sys.executable, folder / "environment"],
    )
    for command in commands:
        subprocess.run(command, env=environment, check=True)
    shutil.rmtree(source)
    (wheel,) = folder.glob("cfn_sandbox-*.whl")
    python = folder / "environment" / "bin" / "python"
    subprocess.run([UV, "pip", "install", "--quiet", "--python", python, wheel], env=environment, check=True)
    return python.parent


@pytest.fixture
def run(programs: Path, tmp_path: Path) -> Run:
    """Return a function that runs cfn-sandbox in an empty folder, without this process's environment on its paths."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PATH", "PYTHONPATH", "VIRTUAL_ENV"}}
    environment = kept | {"PATH": os.defpath}

    def run_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [programs / "cfn-sandbox", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_command


def test_every_suite_runs(run: Run, tmp_path: Path) -> None:
    """`test` runs v1, v2 and AWS's schema rules, and finds the toy's one defect."""
    write_project(tmp_path / "toy")
    result = run("test", "--project", "toy", "--report", "report")
    table = [line.split()[:3] for line in result.stdout.splitlines() if line.split()[:1] in (["lint"], ["v2"], ["v1"])]
    expected = [["lint", "17", "1"], ["v2", "31", "0"], ["v1", "13", "0"]]
    has_rules = sys.version_info < (3, 13)
    assert table == (expected if has_rules else expected[1:]), result.stdout + result.stderr
    assert result.returncode == (1 if has_rules else 0)
    assert (tmp_path / "report" / "report.html").is_file()
    assert ("The other suites run." in result.stderr) is not has_rules


def test_a_command_has_an_account_with_the_type(run: Run, programs: Path, tmp_path: Path) -> None:
    """`run` deploys the type in a stack, with the environment's own boto3."""
    write_project(tmp_path / "toy")
    template = {"Resources": {"T": {"Type": "Acme::Test::Bear", "Properties": {"Name": "bear", "Secret": "honey"}}}}
    program = (
        "import boto3, sys; c = boto3.client('cloudformation'); "
        "c.create_stack(StackName='s', TemplateBody=sys.argv[1]); "
        "c.get_waiter('stack_create_complete').wait(StackName='s', WaiterConfig={'Delay': 1}); "
        "print(c.describe_stack_resources(StackName='s')['StackResources'][0]['PhysicalResourceId'])"
    )
    result = run("run", "--project", "toy", "--", programs / "python", "-c", program, json.dumps(template))
    assert (result.returncode, result.stdout) == (0, "bear\n"), result.stderr


def test_packaging_uses_the_declared_pip(run: Run, programs: Path, tmp_path: Path) -> None:
    """`package` installs requirements with this environment's pip, whatever pip is on the PATH."""
    project = write_project(tmp_path / "toy")
    (project / "requirements.txt").write_text("six==1.17.0\n")
    result = run("package", "--project", "toy", "--output", "out")
    assert result.stdout.splitlines() == ["out/acme-test-bear.zip", "out/acme-test-bear.cdx.json"], result.stderr
    bill = json.loads((tmp_path / "out" / "acme-test-bear.cdx.json").read_text())
    assert [component["name"] for component in bill["components"]] == ["six"]
    assert (programs / "pip").is_file()


def test_python_sees_it_typed(programs: Path) -> None:
    """The package says that it is typed (PEP 561), and its version is the distribution's."""
    program = (
        "import importlib.metadata as m, importlib.resources as r; print(r.files('cfn_sandbox').joinpath('py.typed')"
        ".is_file(), m.version('cfn-sandbox'), m.metadata('cfn-sandbox')['License-Expression'])"
    )
    result = subprocess.run([programs / "python", "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "True 0.1.0 Apache-2.0\n"
