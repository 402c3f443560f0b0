"""Fixtures for the tests of what ships: the packages, unpacked, and the stand-in for AWS's services."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cfn_sandbox.packaging import bytecode
from cfn_sandbox.packaging.package import package
from tools.benchmarks import play, service
from tools.benchmarks.service import Service

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def packages() -> dict[str, Path]:
    """Return the zip of each language plugin."""
    return {language: package(PROJECT, language=language) for language in ("python312", "python312-small")}


@pytest.fixture(scope="session")
def official(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the official plugin's package, unpacked. Tests must not change it."""
    return play.unpack(packages["python312"], tmp_path_factory.mktemp("official"))


@pytest.fixture(scope="session")
def small(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return our plugin's package, unpacked. Tests must not change it."""
    return play.unpack(packages["python312-small"], tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def python() -> Path:
    """Return Lambda's interpreter if it is installed, else another CPython."""
    interpreter = bytecode.interpreter("3.12") or bytecode.interpreter("3.11") or bytecode.interpreter("3.13")
    assert interpreter
    return interpreter


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Service]:
    """Run an empty stand-in for SageMaker, CloudWatch Logs and CloudWatch."""
    with service.running(tmp_path / "certificates") as running:
        yield running
