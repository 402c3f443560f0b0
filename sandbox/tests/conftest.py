"""Fixtures of the sandbox's tests: an account, and the toys' package, function and CloudFormation."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from cfn_sandbox.account.account import Account
from cfn_sandbox.account.function import Function
from cfn_sandbox.cloudformation import moto_stacks as stacks
from cfn_sandbox.cloudformation.resource_type import ResourceType
from cfn_sandbox.packaging.package import package
from sandbox.tests import toy
from sandbox.tests.toys import ACCOUNT, REGION, SCHEMA, SESSION, Client, Toys


@pytest.fixture(scope="session", autouse=True)
def ctrl_c() -> None:
    """Let Ctrl-C end the commands that tests start. A shell ignores it for background jobs, and they pass that on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def toy_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the toy's project, and return its folder."""
    return toy.write(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def toy_package(toy_project: Path) -> Path:
    """Build the toy's package, and return its path."""
    return package(toy_project)


@pytest.fixture
def account() -> Iterator[Account]:
    """Yield an open account for one test."""
    with Account() as account:
        yield account


@pytest.fixture
def function(toy_package: Path, account: Account) -> Iterator[Function]:
    """Yield the toy's function, running."""
    with Function(toy_package, account) as function:
        yield function


@pytest.fixture
def toys() -> Iterator[Toys]:
    """Yield the in-memory toy type, registered in a CloudFormation for one test."""
    handlers = Toys()
    with mock_aws(), stacks.install():
        stacks.add_type(ACCOUNT, REGION, ResourceType(SCHEMA, handlers.invoke, wait=handlers.waits.append))
        yield handlers


@pytest.fixture
def cloudformation(toys: Toys) -> Client:  # noqa: ARG001 - the fixture starts the CloudFormation
    """Return a client of that CloudFormation."""
    return SESSION.client("cloudformation")
