"""`cfn-sandbox test`: what it prints and writes, and its message when the input is unusable."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.account.account import Account
from cfn_sandbox.contract import command, setup
from cfn_sandbox.packaging import PackagerError
from sandbox.tests.processes import descendants
from sandbox.tests.toys import contract as toys

pytestmark = pytest.mark.slow

GOOD = f"{Path(toys.__file__).read_text()}\ntoy = Toy()\n\ndef resource(event, context):\n    return toy(event)\n"
HANDLER = "def resource(event, context):"
SETTINGS: dict[str, Any] = {
    "artifact_type": "RESOURCE",
    "typeName": toys.TYPE,
    "language": "python312",
    "runtime": "python3.12",
    "entrypoint": "acme_test_bear.handlers.resource",
    "testEntrypoint": "acme_test_bear.handlers.resource",
    "settings": {"use_docker": True, "no_docker": False, "protocolVersion": "2.0.0"},
}
INPUTS = {"inputs_1_create.json": toys.CREATE, "inputs_1_update.json": toys.UPDATE}


def write_project(project: Path, code: str = GOOD, inputs: dict[str, Any] | None = None) -> Path:
    """Write a toy's project; its settings require Docker, as in most projects."""
    source = project / "src" / "acme_test_bear"
    source.mkdir(parents=True)
    (source / "__init__.py").touch()
    (source / "handlers.py").write_text(code)
    (project / ".rpdk-config").write_text(json.dumps(SETTINGS))
    (project / "acme-test-bear.json").write_text(json.dumps(toys.SCHEMA))
    (project / "requirements.txt").touch()
    (project / "inputs").mkdir()
    for name, content in (INPUTS if inputs is None else inputs).items():
        (project / "inputs" / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return project


@pytest.fixture(scope="module", autouse=True)
def ctrl_c() -> None:
    """Let Ctrl-C end the commands that tests start: a shell ignores it in the background, and they inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project of a toy that keeps the contract."""
    return write_project(tmp_path_factory.mktemp("toy") / "project")


def run_sandbox_test(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command with its output in a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "cfn_sandbox", "test", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def start_sandbox_test(arguments: Sequence[str | Path], output: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command while the block runs."""
    command_line = [sys.executable, "-m", "cfn_sandbox", "test", *arguments]
    with subprocess.Popen(
        command_line,
        stdout=output,
        stderr=output,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_all_suites_on_another_project(project: Path, tmp_path: Path) -> None:
    """With -v a run prints a line for each test, a table without colours in a pipe, and writes both reports."""
    result = run_sandbox_test("--project", project, "--report", tmp_path / "report", "--", "-v")
    assert result.returncode == 1, result.stdout + result.stderr  # the toy has no tags: AWS's rule TAG015
    lines = result.stdout.splitlines()
    assert "\033" not in result.stdout
    assert "MB of memory" not in result.stderr
    assert any(line.startswith("v2/test_create.py::test_create[inputs_1] PASSED") for line in lines)
    assert any(line.startswith("v1/test_cfn.py::cfn_test[inputs_1-contract_create_delete] PASSED") for line in lines)
    assert [line.split()[:3] for line in lines if line.split()[:1] in (["lint"], ["v2"], ["v1"])] == [
        ["lint", "17", "1"],
        ["v2", "31", "0"],
        ["v1", "13", "0"],
    ]
    assert "TAG015: `tagging.taggable` MUST be true (at /tagging/taggable)" in result.stdout
    cases = {case.get("name"): case for case in ET.parse(tmp_path / "report" / "junit.xml").iter("testcase")}  # noqa: S314 - our own file
    properties = {
        element.get("name"): element.get("value") for element in cases["test_delete_read[inputs_1]"].iter("property")
    }
    assert properties == {
        "expected": "READ of a deleted resource fails with NotFound.",
        "called": "CREATE SUCCESS, DELETE SUCCESS, READ NotFound",
    }
    page = (tmp_path / "report" / "report.html").read_text()
    assert f"Contract tests of {toys.TYPE}" in page
    assert "READ of a deleted resource fails with NotFound." in page
    assert "called with" in page
    assert sorted(path.name for path in project.iterdir()) == sorted(
        [".cache", ".rpdk-config", "acme-test-bear.json", "inputs", "requirements.txt", "src"]
    )


def test_a_selection(project: Path) -> None:
    """Suites, tests and pytest's own arguments select what runs."""
    result = run_sandbox_test("--project", project, "--suite", "v2", "-k", "test_delete_delete", "--", "--co", "-q")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "test_delete_delete[inputs_1]" in result.stdout
    assert "test_create[inputs_1]" not in result.stdout


def test_lint_needs_no_package(tmp_path: Path, project: Path) -> None:
    """The lint suite needs no package and no inputs, and compares the schema with an earlier one."""
    schema = {**toys.SCHEMA, "properties": {**toys.SCHEMA["properties"], "Old": {"type": "string"}}}
    (tmp_path / "previous.json").write_text(json.dumps(schema))
    result = run_sandbox_test("--project", project, "--suite", "lint", "--previous", tmp_path / "previous.json")
    assert result.returncode == 1
    assert "PR001: Resource properties MUST NOT be removed (at /properties/Old)" in result.stdout


def test_a_live_line_a_test_in_colour_on_a_terminal(project: Path) -> None:
    """On a terminal, with -v, a line for each test appears in colour while the suite runs."""
    terminal, end = pty.openpty()
    with start_sandbox_test(["--project", project, "--suite", "lint", "--", "-v"], end) as process:
        os.close(end)
        output = b""
        while chunk := _read(terminal):
            output += chunk
        process.wait()
    os.close(terminal)
    assert b"\033[32mPASSED\033[0m" in output


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux raises this when no process has the other end open
        return b""


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no JSON": ({"inputs_1_create.json": "{"}, "inputs_1_create.json is not JSON: Expecting property name"),
    "unknown variable": (
        {"inputs_1_create.json": {"Name": "{{key}}"}},
        "inputs_1_create.json has the variable {{key}}",
    ),
    "update alone": ({"inputs_1_update.json": {}}, "inputs_1_update.json has no inputs_1_create.json to update"),
    "none": ({}, "contract tests v2 read inputs_1_create.json and so on from there"),
}


@pytest.mark.parametrize("case", BAD)
def test_inputs_that_can_not_be_used_are_a_sentence(case: str, tmp_path: Path) -> None:
    """Unusable inputs fail with one line before anything is packaged or started."""
    inputs, message = BAD[case]
    result = run_sandbox_test("--project", write_project(tmp_path / "project", inputs=inputs))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("cfn-sandbox: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "project" / ".cache").exists()


def test_what_is_no_project_is_a_sentence(tmp_path: Path) -> None:
    """An unusable folder, settings file, schema or previous schema fails with a message that names it."""
    with pytest.raises(SandboxError, match=r"no resource type in .*: it has no \.rpdk-config"):
        command.run(tmp_path)
    (tmp_path / ".rpdk-config").write_text('{"artifact_type": "HOOK", "typeName": "Acme::Test::Hook"}')
    with pytest.raises(PackagerError, match="is the project of a hook: only resource types run here"):
        command.run(tmp_path)
    (tmp_path / ".rpdk-config").write_text(json.dumps(SETTINGS))
    with pytest.raises(SandboxError, match=r"acme-test-bear\.json can't be read: No such file"):
        command.run(tmp_path)
    (tmp_path / "acme-test-bear.json").write_text("[]")
    with pytest.raises(SandboxError, match="is not a JSON object"):
        command.run(tmp_path)
    (tmp_path / "acme-test-bear.json").write_text(json.dumps(toys.SCHEMA))
    (tmp_path / "previous.json").write_text("{")
    with pytest.raises(SandboxError, match=r"previous\.json is not JSON"):
        command.run(tmp_path, ["lint"], previous=tmp_path / "previous.json")


def test_a_schema_that_aws_refuses_is_refused(tmp_path: Path) -> None:
    """A mistake that only AWS's own loader finds fails the run before anything is packaged, with its place."""
    project = write_project(tmp_path / "project")
    properties = {**toys.SCHEMA["properties"], "Name": {"type": "string", "pattern": "(?P<a>b)"}}
    (project / "acme-test-bear.json").write_text(json.dumps(toys.SCHEMA | {"properties": properties}))
    with pytest.raises(SandboxError, match=r"AWS refuses the schema, .*: #/properties/Name/pattern: \[\(\?P<a>"):
        command.run(project)
    assert not (project / ".cache").exists()


def test_a_set_of_objects_is_said_in_advance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A property that the plugin library can't read is named before the tests, which would fail without naming it."""
    project = write_project(tmp_path / "project", inputs={})
    parts = {"type": "array", "uniqueItems": True, "insertionOrder": False, "items": {"type": "object"}}
    schema = toys.SCHEMA | {"properties": {**toys.SCHEMA["properties"], "Parts": parts}}
    (project / "acme-test-bear.json").write_text(json.dumps(schema))
    with pytest.raises(SandboxError, match="no inputs in"):
        command.run(project, ["v2"])
    assert capsys.readouterr().err.startswith("cfn-sandbox: #/properties/Parts: every model with this property fails")


def test_memory_beyond_what_a_type_gets_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line says how much the handlers used, and how much CloudFormation is assumed to give them."""
    monkeypatch.setattr(command, "MEMORY", 1)
    outcome = command.run(project, ["v2"], arguments=["-k", "test_create_delete"])
    assert outcome.passed
    lines = [line for line in capsys.readouterr().err.splitlines() if "memory" in line]
    assert len(lines) == 1
    assert re.fullmatch(
        r"cfn-sandbox: the handlers used \d+ MB of memory; CloudFormation is assumed to give them 1 MB, and Lambda "
        r"ends a function that uses more",
        lines[0],
    )


def test_a_handler_that_crashes_is_a_failure_with_its_log(tmp_path: Path) -> None:
    """After a crash the test fails with the emulator's and the function's output, and the other tests still run."""
    code = GOOD.replace(HANDLER, f'{HANDLER}\n    if event["action"] == "LIST":\n        raise ValueError("no list")')
    outcome = command.run(write_project(tmp_path / "project", code), ["v2"])
    assert sorted({test.name for test in outcome.failures}) == [
        "test_create_list[inputs_1]",
        "test_create_list_read[inputs_1]",
        "test_delete_list[inputs_1]",
        "test_update_list[inputs_1]",
    ]
    assert "ValueError: no list" in outcome.failures[0].message


def test_a_handler_that_hangs_ends_the_tests(tmp_path: Path) -> None:
    """The first timeout ends the run, because every further call would take as long; no process is left."""
    code = GOOD.replace(HANDLER, f"{HANDLER}\n    import time; time.sleep(600)")
    started_at = time.monotonic()
    outcome = command.run(write_project(tmp_path / "project", code), ["v2"], timeout=2)
    assert outcome.stopped == "CREATE did not answer within 2 s: the tests end here"
    assert [test.message for test in outcome.failures] == [outcome.stopped]
    assert not outcome.passed
    assert time.monotonic() - started_at < 60
    assert descendants(os.getpid()) == []


@pytest.mark.parametrize(("number", "suite"), [(signal.SIGINT, "v2"), (signal.SIGTERM, "v1")])
def test_an_interrupted_run_is_cleaned_up(project: Path, number: signal.Signals, suite: str) -> None:
    """SIGINT or SIGTERM in the middle of a suite ends every process."""
    with start_sandbox_test(["--project", project, "--suite", suite, "--", "-v"], subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if b"PASSED" in line:
                break
        children = descendants(process.pid)
        assert children
        process.send_signal(number)
        rest = process.stdout.read()
        code = process.wait()
    assert code == 128 + number, rest.decode()
    assert b"Traceback" not in rest
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_logging_is_left_alone() -> None:
    """Importing the sandbox leaves logging alone."""
    program = "import logging, sys, cfn_sandbox.__main__; sys.exit(len(logging.getLogger().handlers))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


SETUP = """
Resources:
  Colour: {Type: "AWS::SSM::Parameter", Properties: {Type: String, Name: colour, Value: green}}
  Token: {Type: "AWS::SSM::Parameter", Properties: {Type: String, Name: token, Value: sesame}}
Outputs:
  Colour: {Value: !GetAtt Colour.Value, Export: {Name: ToyColour}}
"""
CONFIGURED = toys.SCHEMA | {
    "typeConfiguration": {
        "properties": {"Token": {"type": "string"}},
        "required": ["Token"],
        "additionalProperties": False,
    }
}
NEEDS_TOKEN = (
    f"{HANDLER}\n"
    '    if event["requestData"].get("typeConfiguration") != {"Token": "sesame"}:\n'
    '        return {"status": "FAILED", "errorCode": "InvalidCredentials", "message": "no token"}'
)


def write_configured(project: Path, configuration: object) -> tuple[Path, command.Around]:
    """Write a toy that needs a setup and a type configuration, and return its project and both."""
    inputs = {name: {**content, "Colour": "{{ToyColour}}"} for name, content in INPUTS.items()}
    inputs["inputs_1_create.json"]["Colour"] = "red"
    write_project(project, GOOD.replace(HANDLER, NEEDS_TOKEN), inputs)
    (project / "acme-test-bear.json").write_text(json.dumps(CONFIGURED))
    (project / "setup.yaml").write_text(SETUP)
    (project / "configuration.json").write_text(json.dumps(configuration))
    return project, command.Around(project / "setup.yaml", project / "configuration.json")


def test_a_setup_and_a_type_configuration(tmp_path: Path) -> None:
    """The setup fills variables of v1 and v2, and each event has the configuration with its reference resolved."""
    token = "{{resolve:ssm:token}}"
    project, around = write_configured(tmp_path / "project", {"Token": token})
    outcome = command.run(project, ["v2", "v1"], around=around, arguments=["-k", "update_read or create_read"])
    assert [(test.name, test.message) for test in outcome.failures] == []
    assert outcome.count("passed", "v2") >= 2
    assert outcome.count("passed", "v1") >= 2


def test_after_a_failed_clean_up_the_setup_is_deployed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next test finds a new account with the setup's stack, and fails for its own reason alone."""
    project, around = write_configured(tmp_path / "project", {"Token": "{{resolve:ssm:token}}"})
    code = (project / "src" / "acme_test_bear" / "handlers.py").read_text()
    failing = '    if event["action"] == "DELETE":\n        toy(event)\n        return {"status": "FAILED"}\n'
    code = code.replace("    return toy(event)", f"{failing}    return toy(event)")
    (project / "src" / "acme_test_bear" / "handlers.py").write_text(code)
    deployed: list[str] = []
    deploy = setup.deploy

    def counted(account: Account, text: str) -> dict[str, str]:
        deployed.append((account.client("ssm").describe_parameters()["Parameters"] and "used") or "new")
        return deploy(account, text)

    monkeypatch.setattr(setup, "deploy", counted)
    outcome = command.run(project, ["v2"], around=around, arguments=["-k", "test_create_read or test_update_read"])
    assert ["the clean-up after the test failed" in test.message for test in outcome.failures] == [True, True]
    assert deployed == ["new", "new", "new"]


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ([], "the type configuration is not a JSON object"),
        ({}, r"not as the schema's typeConfiguration has it: .*Token"),
        ({"Token": "{{resolve:secretsmanager:none}}"}, "can't be resolved: Secrets Manager can't find the specified"),
    ],
)
def test_a_type_configuration_that_can_not_be_used(configuration: object, message: str, tmp_path: Path) -> None:
    """A configuration that the schema or the account refuses is one sentence."""
    project, around = write_configured(tmp_path / "project", configuration)
    with pytest.raises(SandboxError, match=message):
        command.run(project, ["v2"], around=around)


def test_a_setup_that_can_not_be_used(tmp_path: Path) -> None:
    """A missing template, a wrong one, a failing stack and a variable that it doesn't fill are named."""
    project, around = write_configured(tmp_path / "project", {"Token": "a"})
    with pytest.raises(SandboxError, match=r"none\.yaml can't be read: "):
        command.run(project, ["v2"], around=command.Around(project / "none.yaml"))
    template = project / "setup.yaml"
    template.write_text("Resources: {}")
    with pytest.raises(SandboxError, match="the setup's template is refused: "):
        command.run(project, ["v2"], around=around)
    lost = "{Type: String, Value: '{{resolve:secretsmanager:none}}'}"
    template.write_text("Resources: {A: {Type: 'AWS::SSM::Parameter', Properties: %s}}" % lost)  # noqa: UP031 - braces
    with pytest.raises(SandboxError, match=r"(?s)the setup can't be deployed:.*CREATE_FAILED A "):
        command.run(project, ["v2"], around=around)
    template.write_text("Resources: {A: {Type: 'AWS::SNS::Topic'}}\nOutputs: {Other: {Value: a}}")
    with pytest.raises(SandboxError, match=r"has the variable {{ToyColour}}: .*, and here the setup's {{Other}}"):
        command.run(project, ["v2"], around=around)
    with pytest.raises(SandboxError, match=r"{{ToyColour}}: .* that --setup deploys"):
        command.run(project, ["v2"])


def test_what_moto_lacks_is_named_in_the_failed_test(tmp_path: Path) -> None:
    """A handler's call that moto doesn't have is in the test's message, even if the handler hides the error."""
    code = (
        f"{HANDLER}\n    import urllib.request, os\n"
        '    if event["action"] == "CREATE":\n'
        "        request = urllib.request.Request(os.environ['AWS_ENDPOINT_URL'], b'{}', {\n"
        "            'X-Amz-Target': 'AmazonSSM.GetExecutionPreview', 'Content-Type': 'application/x-amz-json-1.1',\n"
        "            'Authorization': 'AWS4-HMAC-SHA256 Credential=' + os.environ['AWS_ACCESS_KEY_ID']\n"
        "            + '/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=0'})\n"
        "        try:\n            urllib.request.urlopen(request)\n"
        "        except OSError:\n"
        '            return {"status": "FAILED", "errorCode": "GeneralServiceException", "message": "something"}\n'
    )
    project = write_project(tmp_path / "project", GOOD.replace(HANDLER, code))
    outcome = command.run(project, ["v2", "v1"], arguments=["-k", "test_create_read or contract_create_delete"])
    assert [test.message for test in outcome.failures if test.suite == "v2"] == [
        "CREATE was to succeed; it failed with GeneralServiceException: something "
        "(This sandbox has no SSM's GetExecutionPreview.)"
    ]
    (v1,) = [test.message for test in outcome.failures if test.suite == "v1"]
    assert "This sandbox has no SSM's GetExecutionPreview." in v1
