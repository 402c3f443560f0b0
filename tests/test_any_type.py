"""guides/any-type.md: the safe entry point works in a package that is put together as the guide says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cfn_sandbox.packaging import cfn
from tools.envelopes import Json

ROOT = Path(__file__).parents[1]
OURS = ROOT / "src" / "aws_sagemaker_modelqualityjobdefinition"
GUIDE = (ROOT / "guides" / "any-type.md").read_text()

SCHEMA = {
    "typeName": "My::Own::Type",
    "description": "A type that is not about model quality.",
    "properties": {"Name": {"type": "string"}, "Text": {"type": "string"}},
    "primaryIdentifier": ["/properties/Name"],
    "tagging": {"taggable": False},
    "handlers": {verb: {"permissions": []} for verb in ("create", "read", "delete")},
    "additionalProperties": False,
}
SETTINGS = {
    "artifact_type": "RESOURCE",
    "typeName": "My::Own::Type",
    "language": "python312",
    "runtime": "python3.12",
    "entrypoint": "my_own_type.handlers.resource",
    "testEntrypoint": "my_own_type.handlers.test_entrypoint",
    "settings": {"use_docker": False, "no_docker": True, "protocolVersion": "2.0.0"},
}
HANDLER = '''
from cloudformation_cli_python_lib.interface import Action, OperationStatus, ProgressEvent

@resource.handler(Action.CREATE)
def create(session, request, context):
    """Sign a URL of S3's, which needs botocore's handlers for S3."""
    model = request.desiredResourceState
    if model.Name == "broken":
        raise RuntimeError("s3cret")
    if model.Name == "long":
        model.Text = "x" * 6_000_000
    else:
        s3 = session.client("s3", region_name=request.region)
        model.Text = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModel=model)
'''
EVENT = {
    "action": "CREATE",
    "region": "eu-west-1",
    "awsAccountId": "123456789012",
    "bearerToken": "token",
    "resourceType": "My::Own::Type",
    "requestData": {
        "callerCredentials": {"accessKeyId": "ALICE", "secretAccessKey": "s", "sessionToken": "t"},
        "logicalResourceId": "Thing",
        "resourceProperties": {"Name": "thing"},
    },
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put a package together from the guide's table and snippets, and let cfn generate its models."""
    project = tmp_path_factory.mktemp("project")
    source = project / "src" / "my_own_type"
    source.mkdir(parents=True)
    modules = re.findall(r"[a-z]+\.py(?=[ ,])", "".join(re.findall(r"^\| [^|]*\.py[^|]* \|", GUIDE, re.M)))
    assert {"plugin.py", "sessions.py", "errors.py"} <= {*modules}
    for name in modules:
        (source / name).write_text((OURS / name).read_text())
    init, handlers = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    (source / "__init__.py").write_text(init)
    (source / "handlers.py").write_text(handlers + HANDLER)
    (project / "my-own-type.json").write_text(json.dumps(SCHEMA))
    (project / ".rpdk-config").write_text(json.dumps(SETTINGS))
    cfn.run(["generate"], project)
    return source.parent


def invoke(package: Path, event: Json) -> Json:
    """Send an event to the package's entry point in a new process, and return the answer."""
    program = (
        "import json, sys; from my_own_type.handlers import resource; "
        "print(json.dumps(resource(json.loads(sys.argv[1]), None)))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(package), "AWS_CONFIG_FILE": "/dev/null"}
    command = [sys.executable, "-c", program, json.dumps(event)]
    completed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert completed.returncode == 0, completed.stderr
    response: Json = json.loads(completed.stdout.splitlines()[-1])
    return response


def with_name(name: str) -> Json:
    """Return an event that creates a resource of this name."""
    return EVENT | {"requestData": EVENT["requestData"] | {"resourceProperties": {"Name": name}}}  # type: ignore[operator]


def test_a_handler_gets_a_working_client_of_any_service(package: Path) -> None:
    """Without trimmed models, clients come from the whole of botocore and sign with the caller's credentials."""
    response = invoke(package, with_name("thing"))
    assert response["status"] == "SUCCESS", response
    assert re.search(r"^https://bucket\.s3\.\S+(Credential|AWSAccessKeyId)=ALICE", response["resourceModel"]["Text"])


def test_a_bad_event_is_an_invalid_request(package: Path) -> None:
    """The message names the wrong member."""
    response = invoke(package, EVENT | {"action": "NONE"})
    assert (response["errorCode"], response["message"][:20]) == ("InvalidRequest", "action must be one o")


def test_a_defect_is_a_failure_without_its_message(package: Path) -> None:
    """An exception's message can quote a property, so the answer leaves it out."""
    response = invoke(package, with_name("broken"))
    assert response["errorCode"] == "InternalFailure"
    assert "RuntimeError in create" in response["message"]
    assert "s3cret" not in json.dumps(response)


def test_an_answer_that_is_too_large_keeps_the_identifier(package: Path) -> None:
    """CloudFormation can still delete the resource."""
    response = invoke(package, with_name("long"))
    assert response["errorCode"] == "ServiceInternalError"
    assert response["resourceModel"] == {"Name": "long"}
