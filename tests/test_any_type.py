"""guides/any-type.md: the folder runtime/ works, as it is, in a type on another service."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from cfn_sandbox.packaging import cfn
from tools.envelopes import Json

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "src" / "aws_sagemaker_modelqualityjobdefinition" / "runtime"
GUIDE = (ROOT / "guides" / "any-type.md").read_text()

SCHEMA = {
    "typeName": "My::Own::Type",
    "description": "A queue.",
    "properties": {
        "Name": {"type": "string"},
        "Delay": {"type": "string"},
        "Text": {"type": "string"},
        "Url": {"type": "string"},
    },
    "primaryIdentifier": ["/properties/Name"],
    "readOnlyProperties": ["/properties/Url"],
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
CREATE_HANDLER = """

@resource.handler(Action.CREATE)
def create(session, request, context):
    model = request.desiredResourceState
    if model.Text == "broken":
        raise RuntimeError("s3cret")
    if model.Text == "long":
        model.Text = "x" * 6_000_000
    elif model.Text == "sign":  # needs botocore's handlers for S3
        s3 = session.client("s3", region_name=request.region)
        model.Text = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
    else:
        client = session.client("sqs", region_name=request.region, config=CONFIG)
        delay = {"QueueName": model.Name, "Attributes": {"DelaySeconds": model.Delay or "0"}}
        model.Url = Attempts(ERRORS).send(model.Name, client.create_queue, delay, lambda answer: answer["QueueUrl"])
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModel=model)
"""
CALLER = {"accessKeyId": "ALICE", "secretAccessKey": "s", "sessionToken": "t"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put a package together from the folder and the guide's code, and let cfn generate its models."""
    project = tmp_path_factory.mktemp("project")
    source = project / "src" / "my_own_type"
    shutil.copytree(RUNTIME, source / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
    init, handlers = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    (source / "__init__.py").write_text(init)
    (source / "handlers.py").write_text(handlers + CREATE_HANDLER)
    (project / "my-own-type.json").write_text(json.dumps(SCHEMA))
    (project / ".rpdk-config").write_text(json.dumps(SETTINGS))
    cfn.run(["generate"], project)
    return source.parent


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Yield the address of a server that plays SQS."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def invoke(package: Path, endpoint: str, action: str = "CREATE", **properties: str) -> Json:
    """Send an event to the package's entry point in a new process, and return the answer."""
    event = {
        "action": action,
        "region": "eu-west-1",
        "awsAccountId": "123456789012",
        "bearerToken": "token",
        "resourceType": "My::Own::Type",
        "requestData": {
            "callerCredentials": CALLER,
            "logicalResourceId": "Thing",
            "resourceProperties": properties,
        },
    }
    program = (
        "import json, sys; from my_own_type.handlers import resource; "
        "print(json.dumps(resource(json.loads(sys.argv[1]), None)))"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(package),
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_ENDPOINT_URL_SQS": endpoint,
    }
    command = [sys.executable, "-c", program, json.dumps(event)]
    completed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert completed.returncode == 0, completed.stderr
    response: Json = json.loads(completed.stdout.splitlines()[-1])
    return response


def test_a_resource_of_another_service_is_created_and_read(package: Path, endpoint: str) -> None:
    """CREATE and READ call SQS through the runtime's sessions and attempts."""
    created = invoke(package, endpoint, Name="post")
    assert created["status"] == "SUCCESS", created
    assert created["resourceModel"]["Url"].endswith("/post")
    found = invoke(package, endpoint, "READ", Name="post")
    assert found.get("resourceModel") == created["resourceModel"], found


def test_errors_become_those_of_the_types_own_table(package: Path, endpoint: str) -> None:
    """An error code in the type's table becomes its handler error, in a message that names the type and its service."""
    missing = invoke(package, endpoint, "READ", Name="nowhere")
    assert missing["errorCode"] == "NotFound"
    assert missing["message"].startswith("Resource of type 'My::Own::Type' with identifier 'nowhere' was not found.")
    assert "(SQS GetQueueUrl: AWS.SimpleQueueService.NonExistentQueue, request id" in missing["message"]
    invoke(package, endpoint, Name="slow", Delay="1")
    taken = invoke(package, endpoint, Name="slow", Delay="2")
    assert taken["errorCode"] == "AlreadyExists", taken


def test_a_handler_gets_a_working_client_of_any_service(package: Path, endpoint: str) -> None:
    """Without trimmed models, clients come from the whole of botocore and sign with the caller's credentials."""
    response = invoke(package, endpoint, Name="thing", Text="sign")
    assert response["status"] == "SUCCESS", response
    assert re.search(r"^https://bucket\.s3\.\S+(Credential|AWSAccessKeyId)=ALICE", response["resourceModel"]["Text"])


def test_a_bad_event_is_an_invalid_request(package: Path, endpoint: str) -> None:
    """The message names the wrong member."""
    response = invoke(package, endpoint, "NONE")
    assert (response["errorCode"], response["message"][:20]) == ("InvalidRequest", "action must be one o")


def test_a_defect_is_a_failure_without_its_message(package: Path, endpoint: str) -> None:
    """An exception's message can quote a property, so the answer leaves it out."""
    response = invoke(package, endpoint, Name="thing", Text="broken")
    assert response["errorCode"] == "InternalFailure"
    assert "RuntimeError in create" in response["message"]
    assert "s3cret" not in json.dumps(response)


def test_an_answer_that_is_too_large_keeps_the_identifier(package: Path, endpoint: str) -> None:
    """CloudFormation can still delete the resource."""
    response = invoke(package, endpoint, Name="long", Text="long")
    assert response["errorCode"] == "ServiceInternalError"
    assert response["resourceModel"] == {"Name": "long"}
