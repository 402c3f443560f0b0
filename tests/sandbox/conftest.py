"""An account, and the toy's package and function, for the tests of the sandbox."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.package import package
from sandbox.account import Account
from sandbox.function import Function
from tests.sandbox import toy


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
