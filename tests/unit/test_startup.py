"""What is put off at start-up is there for whoever asks for it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from aws_sagemaker_modelqualityjobdefinition import startup

MODULE = '''
class Kind:
    """A class."""
    def __init__(self, *, word):
        self.word = word
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module that nobody has imported."""
    (tmp_path / "put_off_in_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "put_off_in_a_test"
    sys.modules.pop("put_off_in_a_test", None)


def test_a_module_put_off_is_imported_when_a_name_of_it_is_used(module: str) -> None:
    """Whether the module was imported or the name from it."""
    with startup.putting_off(module):
        import put_off_in_a_test as stand_in  # type: ignore[import-not-found]  # noqa: PLC0415 - the fixture's
        from put_off_in_a_test import Kind  # noqa: PLC0415 - as above
    assert module not in sys.modules
    assert Kind(word="late").word == "late"
    assert module in sys.modules
    assert stand_in.Kind is sys.modules[module].Kind
    with pytest.raises(AttributeError):
        _ = stand_in.Nothing


def test_a_module_that_is_there_is_left_alone() -> None:
    """Somebody may have put something of theirs in it."""
    with startup.putting_off("json"):
        assert sys.modules["json"] is json
    assert sys.modules["json"] is json


def test_stand_ins_don_t_outlive_a_failed_import(module: str) -> None:
    """The next import gets the real one."""
    with pytest.raises(ImportError, match="library"), startup.putting_off(module):
        raise ImportError("the library is not there")
    assert module not in sys.modules


def test_the_import_system_sees_through_a_stand_in() -> None:
    """It asks for a path and a file: there are none."""
    with pytest.raises(AttributeError):
        _ = startup.PutOff("nothing").__path__


def run(code: str) -> str:
    """Return what a new process prints that has imported the handlers."""
    source = Path(__file__).parents[2] / "src"
    prelude = f"import sys; sys.path.insert(0, {str(source)!r})\n"
    prelude += "from aws_sagemaker_modelqualityjobdefinition import handlers\n"
    # Without what coverage imports into every process, where it measures them all.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-c", prelude + code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_handlers_import_nothing_that_is_put_off() -> None:
    """Nor what those modules import for themselves."""
    names = (*startup._OF_NO_USE, "s3transfer", "charset_normalizer", "multiprocessing", "html.parser", "csv")
    assert run(f"print([name for name in {names} if name in sys.modules])") == "[]"


def test_the_librarys_own_sessions_are_boto3s() -> None:
    """For whoever uses the library beside the handlers."""
    told = run(
        "from cloudformation_cli_python_lib import boto3_proxy, utils\n"
        "session = boto3_proxy._get_boto_session(utils.Credentials('key', 'secret', 'token'), 'eu-west-1')\n"
        "print(type(session.session).__module__, session.session.region_name)"
    )
    assert told == "boto3.session eu-west-1"


def test_clients_of_others_keep_their_documentation() -> None:
    """It is rendered when somebody reads it, by what was put off."""
    told = run("import boto3; print(boto3.client('sqs', 'eu-west-1').send_message.__doc__)")
    assert "Delivers a message to the specified queue" in told


def test_versions_of_libraries_can_be_told() -> None:
    """Also by the module that asked for it under a stand-in."""
    told = run(
        "import importlib.metadata\n"
        "from urllib3 import http2\n"
        "print(importlib.metadata.version('boto3') == http2.version('boto3') != '')"
    )
    assert told == "True"


class _Payload(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"resourceProperties": {"Name": "from afar"}}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def test_a_hooks_payload_is_fetched_with_requests() -> None:
    """The only thing that the library uses it for; in the same process, after the handlers."""
    with HTTPServer(("127.0.0.1", 0), _Payload) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        told = run(
            "from cloudformation_cli_python_lib.utils import HookRequestData\n"
            f"data = HookRequestData.deserialize({{'payload': 'http://127.0.0.1:{server.server_port}/'}})\n"
            "print(data.targetModel['resourceProperties']['Name'], 'requests' in sys.modules)"
        )
        thread.join()
    assert told == "from afar True"
