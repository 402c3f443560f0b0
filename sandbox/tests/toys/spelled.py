"""A toy project that has its type's name in every spelling, for tests of copies under another name.

It does nothing, so that cfn generates and packages it in a second.
"""

import json
from pathlib import Path

TYPE = "Initech::Toy::Thing"
SCHEMA = {
    "typeName": TYPE,
    "description": "A toy. See https://example.com/initech-toy-thing for what Initech::Toy::Thing is.",
    "properties": {"Name": {"type": "string", "description": "Its name."}},
    "createOnlyProperties": ["/properties/Name"],
    "primaryIdentifier": ["/properties/Name"],
    "additionalProperties": False,
    "tagging": {"taggable": False},
    "handlers": {"read": {"permissions": ["toy:DescribeThing"]}},
}
HANDLERS = '''"""Handlers of Initech::Toy::Thing."""

TYPE_NAME = "Initech::Toy::Thing"
LOG_GROUP = "initech-toy-thing-logs"
ARN = "arn:aws:cloudformation:eu-west-1:123456789012:type/resource/Initech-Toy-Thing/00000001"
MODULE = "initech_toy_thing.handlers"
NOT_OURS = ("Initech::Toy::Things", "an_initech_toy_thing", "initech_toy_thing_2")
'''
SETTINGS = {
    "artifact_type": "RESOURCE",
    "typeName": TYPE,
    "language": "python312",
    "runtime": "python3.12",
    "entrypoint": "initech_toy_thing.handlers.resource",
    "testEntrypoint": "initech_toy_thing.handlers.test_entrypoint",
    "settings": {"no_docker": True, "protocolVersion": "2.0.0"},
}


def write(project: Path) -> Path:
    """Write the project into a folder, and return the folder."""
    package = project / "src" / "initech_toy_thing"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "handlers.py").write_text(HANDLERS)
    (project / "inputs").mkdir()
    (project / "inputs" / "inputs_1_create.json").write_text('{"Name": "one"}\n')
    (project / "requirements.txt").write_text("# Nothing: a toy.\n")
    (project / "initech-toy-thing.json").write_text(json.dumps(SCHEMA))
    (project / ".rpdk-config").write_text(json.dumps(SETTINGS))
    return project
