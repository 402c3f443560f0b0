"""Fixtures: a toy project that stages in a second, and the real project, staged once for all tests."""

from pathlib import Path

import pytest

from sandbox.tests.toys import spelled
from tools.publishing.names import TypeName
from tools.publishing.staging import stage

ROOT = Path(__file__).parents[3]
ACME = TypeName("Acme::SageMaker::ModelQualityJobDefinition")


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Create a complete cfn project of a type that does nothing, in its own folder."""
    return spelled.write(tmp_path / "toy")


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stage this project as Acme::SageMaker::ModelQualityJobDefinition. Tests must not change it."""
    folder = tmp_path_factory.mktemp("staged") / "acme"
    stage(ROOT, ACME, folder)
    return folder


@pytest.fixture(scope="session")
def staged_in_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stage this project with tags that update in place. Tests must not change it."""
    folder = tmp_path_factory.mktemp("staged") / "acme-in-place"
    stage(ROOT, ACME, folder, "in-place")
    return folder
