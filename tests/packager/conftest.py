"""The packages, unpacked, and the services' stand-in, for the tests of what ships."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import play, service
from benchmarks.service import Service
from packager import bytecode
from packager.package import package

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def packages() -> dict[str, Path]:
    """The zip of each language plugin."""
    return {language: package(PROJECT, language=language) for language in ("python312", "python312-small")}


@pytest.fixture(scope="session")
def official(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the official plugin ships, unpacked. Not to be changed."""
    return play.unpack(packages["python312"], tmp_path_factory.mktemp("official"))


@pytest.fixture(scope="session")
def small(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What our plugin ships, unpacked. Not to be changed."""
    return play.unpack(packages["python312-small"], tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def python() -> Path:
    """Lambda's interpreter where it is installed, else this one."""
    here = bytecode.interpreter("3.12") or bytecode.interpreter("3.11") or bytecode.interpreter("3.13")
    assert here
    return here


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Service]:
    """SageMaker, CloudWatch Logs and CloudWatch, empty."""
    with service.running(tmp_path / "certificates") as running:
        yield running
