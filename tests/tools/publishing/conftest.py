"""Fixtures: a toy project that stages in a second, and the real project, staged once for all tests."""

import json
from pathlib import Path

import pytest

from tools.publishing.names import TypeName
from tools.publishing.staging import stage

ROOT = Path(__file__).parents[3]
ACME = TypeName("Acme::SageMaker::ModelQualityJobDefinition")

TOY_SCHEMA = {
    "typeName": "Initech::Toy::Thing",
    "description": "A toy. See https://example.com/initech-toy-thing for what Initech::Toy::Thing is.",
    "properties": {"Name": {"type": "string", "description": "Its name."}},
    "createOnlyProperties": ["/properties/Name"],
    "primaryIdentifier": ["/properties/Name"],
    "additionalProperties": False,
    "tagging": {"taggable": False},
    "handlers": {"read": {"permissions": ["toy:DescribeThing"]}},
}
TOY_HANDLERS = '''"""Handlers of Initech::Toy::Thing."""

TYPE_NAME = "Initech::Toy::Thing"
LOG_GROUP = "initech-toy-thing-logs"
ARN = "arn:aws:cloudformation:eu-west-1:123456789012:type/resource/Initech-Toy-Thing/00000001"
MODULE = "initech_toy_thing.handlers"
NOT_OURS = ("Initech::Toy::Things", "an_initech_toy_thing", "initech_toy_thing_2")
'''


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Create a complete cfn project of a type that does nothing, in its own folder."""
    project = tmp_path / "toy"
    package = project / "src" / "initech_toy_thing"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "handlers.py").write_text(TOY_HANDLERS)
    (project / "inputs").mkdir()
    (project / "inputs" / "inputs_1_create.json").write_text('{"Name": "one"}\n')
    (project / "requirements.txt").write_text("# Nothing: a toy.\n")
    (project / "initech-toy-thing.json").write_text(json.dumps(TOY_SCHEMA))
    settings = {
        "artifact_type": "RESOURCE",
        "typeName": "Initech::Toy::Thing",
        "language": "python312",
        "runtime": "python3.12",
        "entrypoint": "initech_toy_thing.handlers.resource",
        "testEntrypoint": "initech_toy_thing.handlers.test_entrypoint",
        "settings": {"no_docker": True, "protocolVersion": "2.0.0"},
    }
    (project / ".rpdk-config").write_text(json.dumps(settings))
    return project


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
