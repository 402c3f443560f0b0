"""What every client is run on: a sandbox, an environment from PyPI or npm, and a line for each step."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from packager.package import package
from publishing.names import TypeName
from publishing.staging import stage
from sandbox.account import Account, bare_environment
from sandbox.cloudformation.registry import Registry

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "clients"
OWN_TYPE = "Acme::SageMaker::ModelQualityJobDefinition"
PATIENCE = 600  # seconds: the longest that a command may take


class Failure(Exception):  # noqa: N818 - a line of the report says it
    """Something is not as it should be."""


@contextmanager
def told(step: str) -> Iterator[None]:
    """Say a step, and how long it took."""
    begun = time.monotonic()
    yield
    print(f"  {step} ({time.monotonic() - begun:.1f} s)", flush=True)


def expect(condition: object, otherwise: str) -> None:
    """Fail unless something is as it should be.

    Raises:
        Failure: it is not; with what is.
    """
    if not condition:
        raise Failure(f"not as it should be: {otherwise}")


@contextmanager
def sandbox(*, own_type: bool = False) -> Iterator[Account]:
    """An account whose CloudFormation has the project's type.

    Args:
        own_type: whether it has the same under another type name too, as `python -m publishing` stages it.
    """
    with told("start the sandbox"):
        packages = [package(ROOT)]
        if own_type:
            staged = CACHE / "own-type"
            shutil.rmtree(staged, ignore_errors=True)
            stage(ROOT, TypeName(OWN_TYPE), staged)
            packages.append(package(staged))
    with Account() as account, Registry(account) as registry:
        for one in packages:
            registry.add(one)
        yield account


def python_environment(name: str, *requirements: str) -> Path:
    """The folder of the commands of an environment with packages of PyPI; it is made if need be."""
    folder = CACHE / name
    wanted, ready = "\n".join(requirements), folder / ".ready"
    if not ready.exists() or ready.read_text() != wanted:
        with told(f"install {', '.join(requirements)} from PyPI"):
            uv = Path(sys.executable).with_name("uv")
            called([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder])
            called([uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *requirements])
            ready.write_text(wanted)
    return folder / "bin"


def node_environment(name: str, *packages: str) -> Path:
    """The folder of the commands of an environment with packages of npm; it is made if need be."""
    folder = CACHE / name
    wanted, ready = "\n".join(packages), folder / ".ready"
    if not ready.exists() or ready.read_text() != wanted:
        with told(f"install {', '.join(packages)} from npm"):
            folder.mkdir(parents=True, exist_ok=True)
            called(["npm", "install", "--silent", "--prefix", folder, *packages])
            ready.write_text(wanted)
    return folder / "node_modules" / ".bin"


def called(
    command: Sequence[str | Path],
    account: Account | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
    fails: bool = False,
) -> str:
    """Run a command and return what it says.

    Args:
        command: the command and its arguments.
        account: the account that it reaches; none unless given.
        variables: more of its environment.
        folder: where it runs.
        fails: whether it has to fail.

    Raises:
        Failure: it failed, or did not.
    """
    environment = bare_environment() | (account.environment() if account else {}) | dict(variables or {})
    done = subprocess.run(
        list(map(str, command)), env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    if bool(done.returncode) != fails:
        raise Failure(f"{' '.join(map(str, command[:3]))} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def stack_status(account: Account, name: str) -> str:
    """The status of a stack; empty if there is none."""
    found = [
        one["StackStatus"]
        for one in account.client("cloudformation").describe_stacks()["Stacks"]
        if one["StackName"] == name
    ]
    return str(found[0]) if found else ""


def physical_id(account: Account, stack: str, logical_id: str) -> str:
    """What a stack's resource is called."""
    detail = account.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
    return str(detail["StackResourceDetail"]["PhysicalResourceId"])
