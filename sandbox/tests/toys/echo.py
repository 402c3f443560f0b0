"""A minimal resource type: it echoes what the function sees."""

import io
import json
import zipfile
from pathlib import Path

SETTINGS_NAME = ".rpdk-config"
SETTINGS = {
    "artifact_type": "RESOURCE",
    "typeName": "Toy::Test::Type",
    "language": "python312",
    "runtime": "python3.12",
    "entrypoint": "toy_test_type.handlers.resource",
    "testEntrypoint": "toy_test_type.handlers.test_entrypoint",
    "settings": {"use_docker": False, "no_docker": True, "protocolVersion": "2.0.0"},
}
SCHEMA = {
    "typeName": "Toy::Test::Type",
    "description": "A toy.",
    "properties": {"Name": {"type": "string"}},
    "createOnlyProperties": ["/properties/Name"],
    "primaryIdentifier": ["/properties/Name"],
    "tagging": {"taggable": False},
    "handlers": {verb: {"permissions": []} for verb in ("create", "read", "delete", "list")},
    "additionalProperties": False,
}
HANDLERS = """
import importlib, os, sys, time

def resource(event, context):
    print("the handler was called")
    if "print" in event:
        print(event["print"])
    if "import" in event:
        importlib.import_module(event["import"])
    if "allocate" in event:
        b"x" * event["allocate"] * 2**20
    if "exit" in event:
        os._exit(event["exit"])
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "return" in event:
        return event["return"]
    model = {"Name": "toy", "pid": os.getpid(), "path": sys.path, "environment": dict(os.environ)}
    return {"status": "SUCCESS", "resourceModel": model}

def test_entrypoint(event, context):
    return {"status": "SUCCESS", "resourceModel": {"Name": "tested"}}
"""


def write(folder: Path, handlers: str = HANDLERS, requirements: str = "") -> Path:
    """Write the toy's project into a folder, and return the folder."""
    source = folder / "src" / "toy_test_type"
    source.mkdir(parents=True)
    (source / "__init__.py").touch()
    (source / "handlers.py").write_text(handlers)
    (folder / SETTINGS_NAME).write_text(json.dumps(SETTINGS))
    (folder / "toy-test-type.json").write_text(json.dumps(SCHEMA))
    (folder / "requirements.txt").write_text(requirements)
    return folder


def build_zip(files: dict[str, str | bytes]) -> bytes:
    """Return a zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)
    return buffer.getvalue()
