"""An account, and the toy's package and function, for the tests of the sandbox."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from packager.package import package
from sandbox.account import Account
from sandbox.cloudformation import stacks
from sandbox.cloudformation.resource_type import ResourceType
from sandbox.function import Function
from tests.sandbox import toy
from tests.sandbox.toys import ACCOUNT, REGION, SCHEMA, SESSION, Client, Toys


@pytest.fixture(scope="session", autouse=True)
def ctrl_c() -> None:
    """Have Ctrl-C end the commands that tests start: in a shell's background it is ignored, and they inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def toy_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy's project."""
    return toy.write(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def toy_package(toy_project: Path) -> Path:
    """The toy's package."""
    return package(toy_project)


@pytest.fixture
def account() -> Iterator[Account]:
    """An account of the test's own."""
    with Account() as account:
        yield account


@pytest.fixture
def function(toy_package: Path, account: Account) -> Iterator[Function]:
    """The toy's function."""
    with Function(toy_package, account) as function:
        yield function


@pytest.fixture
def toys() -> Iterator[Toys]:
    """The toy type, in its own CloudFormation."""
    made = Toys()
    with mock_aws(), stacks.installed():
        stacks.teach(ACCOUNT, REGION, ResourceType(SCHEMA, made.invoke, wait=made.waits.append))
        yield made


@pytest.fixture
def cloudformation(toys: Toys) -> Client:  # noqa: ARG001 - the fixture is the place
    """A client of it."""
    return SESSION.client("cloudformation")
