"""Fixtures of the sandbox's tests: an account, and the toys' package, function and CloudFormation."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cfn_sandbox.account.account import Account
from cfn_sandbox.account.function import Function
from cfn_sandbox.packaging.package import package
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.toys import ACCOUNT, REGION, SCHEMA, Client, Toys, echo


@pytest.fixture(scope="session", autouse=True)
def ctrl_c() -> None:
    """Let Ctrl-C end the commands that tests start. A shell ignores it for background jobs, and they pass that on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def toy_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the toy's project, and return its folder."""
    return echo.write(tmp_path_factory.mktemp("toy"))


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
def home() -> Iterator[Account]:
    """Yield an account that serves CloudFormation, for one test of toys."""
    with Account(region=REGION, tested=False) as account:
        yield account


@pytest.fixture
def toys(home: Account) -> Toys:  # noqa: ARG001 - the fixture opens the account
    """Return the in-memory toy type, registered for one test."""
    handlers = Toys()
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, handlers.invoke, wait=handlers.waits.append))
    return handlers


@pytest.fixture
def cloudformation(home: Account, toys: Toys) -> Client:  # noqa: ARG001 - the fixture registers the type
    """Return a client of that account's CloudFormation."""
    return home.client("cloudformation")
