"""What every client needs: a sandbox, an environment from PyPI or npm, a template, and a printed line for each step."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cfn_sandbox.account.account import Account, bare_environment
from cfn_sandbox.packaging.package import package
from tools import sagemaker
from tools.publishing.names import TypeName
from tools.publishing.staging import stage

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "clients"
ENVIRONMENTS = Path(__file__).with_name("environments")
OWN_TYPE = "Acme::SageMaker::ModelQualityJobDefinition"
PATIENCE = 600  # seconds until a command times out


class Failure(Exception):  # noqa: N818 - the report calls it a failure
    """A result that differs from the expected one, or a command that ended with an unexpected exit code."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print a step and how long it took, once it has succeeded."""
    start = time.monotonic()
    yield
    print(f"  {name} ({time.monotonic() - start:.1f} s)", flush=True)


def expect(condition: object, actual: str) -> None:
    """Fail unless a condition holds.

    Args:
        condition: what must be true.
        actual: what was found instead, for the message.

    Raises:
        Failure: the condition is false.
    """
    if not condition:
        raise Failure(f"unexpected result: {actual}")


@contextmanager
def sandbox(*, own_type: bool = False) -> Iterator[Account]:
    """Open an account whose CloudFormation has the project's type.

    Args:
        own_type: whether it also has the type under another name, staged like `python -m publishing stage` does.
    """
    with step("start the sandbox"):
        packages = [package(ROOT)]
        if own_type:
            staged = CACHE / "own-type"
            shutil.rmtree(staged, ignore_errors=True)
            stage(ROOT, TypeName(OWN_TYPE), staged, small=True)
            packages.append(package(staged))
    with sagemaker.account() as account:
        for path in packages:
            account.registry.add_package(path)
        yield account


@contextmanager
def playing(*, own_type: bool = False) -> Iterator[tuple[Account, Path]]:
    """Open an account as `sandbox` does, with an empty working folder, for a client that is run as a module.

    Args:
        own_type: as for `sandbox`.

    Raises:
        SystemExit: a result differed from the expected one; with what was found.
    """
    try:
        with tempfile.TemporaryDirectory() as folder, sandbox(own_type=own_type) as account:
            yield account, Path(folder)
    except Failure as failure:
        raise SystemExit(str(failure)) from failure


def properties(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - of JSON
    """Return the properties of the definition that the clients deploy, with changed ones."""
    written: dict[str, Any] = json.loads(Path(__file__).with_name("properties.json").read_text())
    return written | changes


def template(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - of JSON
    """Return a template with the definition, with changed properties; its output is the ARN."""
    definition = {"Type": "AWS::SageMaker::ModelQualityJobDefinition", "Properties": properties(**changes)}
    return {"Resources": {"Definition": definition}, "Outputs": {"Arn": {"Value": {"Ref": "Definition"}}}}


def python_environment(name: str) -> Path:
    """Create an environment with packages from PyPI, unless it is up to date; return the folder of its commands.

    Args:
        name: the name of its lock in environments/, NAME.txt, whose hashes are checked.
    """
    folder, lock = CACHE / name, ENVIRONMENTS / f"{name}.txt"
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text() != lock.read_text():
        with step(f"install {name} from PyPI, as locked"):
            uv = Path(sys.executable).with_name("uv")
            run_command([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder])
            python = folder / "bin" / "python"
            run_command([uv, "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", lock])
            ready.write_text(lock.read_text())
    return folder / "bin"


def node_environment(name: str) -> Path:
    """Create an environment with packages from npm, unless it is up to date; return the folder of its commands.

    Args:
        name: the folder of its lock in environments/, with package.json and package-lock.json.
    """
    folder, locks = CACHE / name, [ENVIRONMENTS / name / file for file in ("package.json", "package-lock.json")]
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text() != locks[1].read_text():
        with step(f"install {name} from npm, as locked"):
            folder.mkdir(parents=True, exist_ok=True)
            for lock in locks:
                shutil.copy(lock, folder)
            run_command(["npm", "ci", "--silent", "--ignore-scripts", "--prefix", folder])
            ready.write_text(locks[1].read_text())
    return folder / "node_modules" / ".bin"


def run_command(
    command: Sequence[str | Path],
    account: Account | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
    fails: bool = False,
    typed: str = "",
) -> str:
    """Run a command and return its output, standard error included.

    Args:
        command: the command and its arguments.
        account: the account that its AWS variables lead to; without one it has no AWS variables.
        variables: further variables of its environment.
        folder: its working directory.
        fails: whether it must fail.
        typed: what it reads from its standard input.

    Raises:
        Failure: it failed although it must succeed, or the other way round.
    """
    environment = bare_environment() | (account.environment() if account else {}) | dict(variables or {})
    completed = subprocess.run(
        list(map(str, command)), env=environment, cwd=folder, input=typed, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    if bool(completed.returncode) != fails:
        raise Failure(
            f"{' '.join(map(str, command[:3]))} ended with {completed.returncode}:\n{completed.stdout[-4000:]}"
        )
    return completed.stdout


def stack_status(account: Account, name: str) -> str:
    """Return the status of a stack; an empty string if the stack doesn't exist."""
    statuses = [
        stack["StackStatus"]
        for stack in account.client("cloudformation").describe_stacks()["Stacks"]
        if stack["StackName"] == name
    ]
    return str(statuses[0]) if statuses else ""


def physical_id(account: Account, stack: str, logical_id: str) -> str:
    """Return the physical id of a stack's resource."""
    detail = account.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
    return str(detail["StackResourceDetail"]["PhysicalResourceId"])
