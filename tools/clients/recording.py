"""Records the requests of CDK and SAM for tests that run without them: python -m tools.clients.recording.

A proxy forwards the client's requests to a sandbox with a toy type. It records each request, and from the answer what a
replay must reproduce: the status, the values on which clients base decisions, and the names that later requests repeat.
"""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from cfn_sandbox.account.account import LOOPBACK, Account
from tools import sagemaker
from tools.clients.cdk import VARIABLES as CDK_VARIABLES
from tools.clients.sam import VARIABLES as SAM_VARIABLES
from tools.clients.stage import ROOT, node_environment, python_environment, run_command, step
from tools.clients.toys import SCHEMA, Toys

RECORDINGS = ROOT / "tests" / "tools" / "clients" / "recordings"
ENDPOINT = "{endpoint}"
HEADERS = ("content-encoding", "content-type", "x-amz-decoded-content-length", "x-amz-target", "x-amz-trailer")
NAMES = re.compile(r"<(?:ChangeSetId|Id|OutputValue|PhysicalResourceId|StackDriftDetectionId|StackId)>([^<]+)<")
WORDS = re.compile(
    r"<(Action|Code|DetectionStatus|ExecutionStatus|Replacement|ResourceStatusReason|StackDriftStatus|StackStatus|Status)"
    r">([^<]*)<"
)
CAPTURED = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/")


def names(answer: str) -> list[str]:
    """Return the names in an answer that later requests can repeat, in the order in which they appear."""
    return list(dict.fromkeys(NAMES.findall(answer)))


def words(answer: str) -> list[str]:
    """Return the values of an answer on which clients base decisions, sorted."""
    return sorted({f"{name} {value}" for name, value in WORDS.findall(answer)})


class Recorder:
    """A proxy that forwards requests and records them."""

    def __init__(self, endpoint: str) -> None:
        self.entries: list[dict[str, Any]] = []
        self.endpoint = ""
        self._target = endpoint
        self._lock = threading.Lock()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Listen on a free port until the context ends."""
        server = make_server(LOOPBACK, 0, self._application, threaded=True)
        self.endpoint = f"http://{LOOPBACK}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    @property
    def _application(self) -> Any:  # noqa: ANN401 - a WSGI application
        @Request.application
        def answer(request: Request) -> Response:
            body = request.get_data()
            url = self._target + request.full_path.rstrip("?")
            hop_by_hop = {"connection", "content-length", "expect", "transfer-encoding"}
            headers = {key: value for key, value in request.headers.items() if key.lower() not in hop_by_hop}
            response = requests.request(request.method, url, headers=headers, data=body, timeout=60, stream=True)
            content = response.raw.read()
            self._record(request, body, response.status_code, content.decode(errors="replace"))
            response_headers = {
                key: value
                for key, value in response.headers.items()
                if key.lower() not in hop_by_hop | {"date", "server"}
            }
            return Response(content, response.status_code, response_headers)

        return answer

    def _record(self, request: Request, body: bytes, status: int, answer: str) -> None:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = "base64:" + base64.b64encode(body).decode()
        address = self.endpoint.removeprefix("http://")
        text = text.replace(address, ENDPOINT).replace(address.replace(":", "%3A"), ENDPOINT)
        scope = CAPTURED.search(request.headers.get("Authorization", ""))
        entry = {
            "service": f"{scope[1]}/{scope[2]}" if scope else "",
            "method": request.method,
            "path": request.full_path.rstrip("?"),
            "headers": {key: request.headers[key] for key in HEADERS if key in request.headers},
            "body": text,
            "status": status,
            "words": words(answer),
            "names": names(answer),
        }
        with self._lock:
            if not self.entries or self.entries[-1] != entry:  # a polling client repeats the same request
                self.entries.append(entry)


def main() -> None:
    """Record CDK and SAM, each in a new account."""
    for name, play in (("cdk", _cdk), ("sam", _sam)):
        toys = Toys()
        with tempfile.TemporaryDirectory() as folder, sagemaker.account() as account:
            account.registry.add(SCHEMA, toys.invoke)
            recorder = Recorder(account.endpoint)
            with recorder.open(), step(f"record {name}"):
                play(account, {"AWS_ENDPOINT_URL": recorder.endpoint, "HOME": folder}, Path(folder), toys)
        RECORDINGS.mkdir(exist_ok=True)
        lines = ",\n".join(json.dumps(entry, sort_keys=True) for entry in recorder.entries)
        (RECORDINGS / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def _cdk(account: Account, variables: dict[str, str], folder: Path, toys: Toys) -> None:
    commands = node_environment("cdk-cli")
    python = python_environment("cdk-lib") / "python"
    run_command([python, Path(__file__).with_name("cdk_toys.py"), folder], variables=CDK_VARIABLES)
    variables |= CDK_VARIABLES | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}

    def cdk(*arguments: str, state: str | None = None) -> None:
        app = ["--app", str(folder / state)] if state else []
        run_command([commands / "cdk", *arguments, *app, "--no-notices"], account, variables, folder=folder)

    cdk("bootstrap", "aws://123456789012/us-east-1")
    for state in ("first", "changed"):
        cdk("deploy", "--require-approval", "never", state=state)
    cdk("diff", state="replaced")
    cdk("deploy", "--require-approval", "never", state="replaced")
    cdk("drift", state="replaced")
    toys.resources["toy-9"] = {"Id": "toy-9", "Name": "wolf", "Facts": {"Born": "long ago"}}
    mapping = folder / "mapping.json"
    mapping.write_text(json.dumps({"Wolf": {"Id": "toy-9"}}))
    cdk("import", "--force", "--resource-mapping", str(mapping), state="imported")
    cdk("destroy", "--force", state="replaced")


def _sam(account: Account, variables: dict[str, str], folder: Path, _toys: Toys) -> None:
    sam = python_environment("sam") / "sam"
    variables |= SAM_VARIABLES
    for name in ("bear", "grizzly"):
        bear = {"Type": SCHEMA["typeName"], "Properties": {"Name": name}}
        template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Bear": bear}}
        (folder / "template.json").write_text(json.dumps(template))
        deploy = (
            "deploy",
            "--template",
            "template.json",
            "--stack-name",
            "toys",
            "--resolve-s3",
            "--region",
            "us-east-1",
        )
        run_command([sam, *deploy], account, variables, folder=folder)
    run_command(
        [sam, "delete", "--stack-name", "toys", "--no-prompts", "--region", "us-east-1"],
        account,
        variables,
        folder=folder,
    )


if __name__ == "__main__":
    main()
