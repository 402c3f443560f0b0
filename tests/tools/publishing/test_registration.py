"""Submitting, packaging and deregistering: the requests to cfn and the registry, and the messages of failures."""

import json
import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from botocore.exceptions import UnauthorizedSSOTokenError
from botocore.stub import Stubber

from cfn_sandbox.packaging import bytecode
from cfn_sandbox.packaging import cfn as real_cfn
from tools.publishing.__main__ import main
from tools.publishing.errors import PublishingError
from tools.publishing.registration import Target, translate_botocore_errors

NAME = "Acme::Play::Thing"
TYPE_ARN = "arn:aws:cloudformation:eu-west-1:123456789012:type/resource/Acme-Play-Thing"
TOKEN = "b0b0b0b0-1111-2222-3333-444444444444"
NO_ROLE = "Resources: {ExecutionRole: {Properties: {Policies: []}}}"
ROLE = "arn:aws:iam::123456789012:role/acme-play-thing"


@pytest.fixture(autouse=True)
def _no_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep this machine's credentials, regions and profiles out of the tests."""
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


@pytest.fixture
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set credentials and a region."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


IDENTITY = """<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>
<Arn>arn:aws:iam::123456789012:user/ann</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"""
DENIED = """<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>ann may not {action}</Message>
</Error></ErrorResponse>"""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, _credentials: None) -> Iterator[SimpleNamespace]:
    """A stand-in for AWS over HTTP: it answers GetCallerIdentity, and everything else as a test sets."""
    stand_in = SimpleNamespace(status=403, answer=DENIED, actions=[])

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            (action,) = parse_qs(body)["Action"]
            stand_in.actions.append(action)
            known = action == "GetCallerIdentity"
            self.send_response(200 if known else stand_in.status)
            self.end_headers()
            self.wfile.write((IDENTITY if known else stand_in.answer.format(action=action)).encode())

        def log_message(self, *_: object) -> None:
            """Log nothing: tests look at `actions`."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield stand_in
        server.shutdown()
        thread.join()


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A session whose clients return a test's answers and accept no other request."""
    real = boto3.Session("AKIAEXAMPLE", "made-up", region_name="eu-west-1")
    clients = {"cloudformation": real.client("cloudformation"), "sts": real.client("sts")}
    session = SimpleNamespace(region_name="eu-west-1", client=clients.__getitem__)
    monkeypatch.setattr(Target, "session", lambda _: session)
    stubbers = {name: Stubber(client) for name, client in clients.items()}
    for stubber in stubbers.values():
        stubber.activate()
    yield SimpleNamespace(**stubbers)
    for stubber in stubbers.values():
        stubber.assert_no_pending_responses()


class TestTarget:
    """Region and credentials must be known before anything is built."""

    def test_no_region(self) -> None:
        """A missing region gets a message that names make's variable and AWS's."""
        with pytest.raises(PublishingError, match=r"^No region: name one with REGION=eu-west-1, or set AWS_DEFAULT"):
            Target().session()

    def test_no_credentials(self) -> None:
        """A message says what to set when credentials are missing."""
        with pytest.raises(PublishingError, match=r"^No AWS credentials: name a profile with PROFILE="):
            Target(region="eu-west-1").session()

    def test_no_such_profile(self) -> None:
        """An unknown profile gets botocore's message, which names it."""
        with pytest.raises(PublishingError, match=r"^The config profile \(nobody\) could not be found$"):
            Target(profile="nobody").session()

    @pytest.mark.usefixtures("_credentials")
    def test_cfn_gets_the_same_settings(self) -> None:
        """Only the options given to make reach cfn; both read the same AWS configuration."""
        assert Target().session().region_name == "eu-west-1"
        assert Target(region="us-east-2").session().region_name == "us-east-2"
        assert Target().options() == []
        assert Target("us-east-2", "work").options() == ["--region", "us-east-2", "--profile", "work"]


class TestSubmit:
    """`submit` with a stand-in that prints the real cfn's lines; the tests below run the real one."""

    cfn_output = (
        "Resource schema is valid.",
        f"Successfully submitted type. Waiting for registration with token '{TOKEN}' to complete.",
        "Registration complete.",
        "{'ProgressStatus': 'COMPLETE'}",
        f"Set default version to '{TYPE_ARN}/00000003",
    )

    @pytest.fixture
    def cfn(self, monkeypatch: pytest.MonkeyPatch, toy: Path) -> SimpleNamespace:
        """Replace cfn: `calls` has its calls, `error` is its error, `project` a project for it."""
        stand_in = SimpleNamespace(calls=[], error=None, output=self.cfn_output, project=toy)

        def run(arguments: Sequence[str], project: Path, progress: Callable[[str], None] | None = None) -> None:
            if progress is None:  # generate; the staging tests check what it writes
                (project / "resource-role.yaml").write_text(NO_ROLE)
                return
            settings = json.loads((project / ".rpdk-config").read_text())
            stand_in.calls.append((list(arguments), settings["typeName"]))
            for line in stand_in.output:
                progress(line)
            if stand_in.error:
                raise PublishingError(stand_in.error)

        monkeypatch.setattr(real_cfn, "run", run)
        return stand_in

    def submit(self, cfn: SimpleNamespace, *options: str, name: str = NAME) -> int:
        """Return the exit code of an unchecked submit: the toy fails the checks, which test_preflight.py tests."""
        return main(["submit", "--unchecked", "--project", str(cfn.project), "--type-name", name, *options])

    def test_the_version_is_shown(
        self, cfn: SimpleNamespace, stubs: SimpleNamespace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The output has account, region, cfn's lines as they come, and the registered version's ARN."""
        user = "arn:aws:iam::123456789012:user/ann"
        stubs.sts.add_response("get_caller_identity", {"Account": "123456789012", "Arn": user}, {})
        stubs.cloudformation.add_response(
            "describe_type_registration",
            {"ProgressStatus": "COMPLETE", "TypeArn": TYPE_ARN, "TypeVersionArn": f"{TYPE_ARN}/00000003"},
            {"RegistrationToken": TOKEN},
        )
        assert self.submit(cfn) == 0
        assert cfn.calls == [(["submit", "-v", "--set-default"], NAME)]
        printed = capsys.readouterr().out.splitlines()
        first, *lines = [line for line in printed if not line.startswith("  still at it")]  # on a slow machine
        assert first == "submit: loading boto3 and cfn"
        assert lines[0] == f"{NAME} -> account 123456789012, eu-west-1, as {user}"
        assert lines[1:3] == [f"Staging a copy as {NAME}:", f"Staged as {NAME}, tag updates: replace."]
        assert lines[3] == "cfn packages, uploads and registers it:"
        assert lines[4:-1] == [f"  {line}" for line in self.cfn_output if not line.startswith("{")]
        assert lines[-1] == f"Registered in 1 s. Version, now the default: {TYPE_ARN}/00000003".replace(
            "in 1 s", lines[-1][11:].partition(".")[0]
        )
        assert list((cfn.project / ".cache").iterdir()) == []

    def test_options_reach_cfn(self, cfn: SimpleNamespace, stubs: SimpleNamespace) -> None:
        """Region, profile and role are passed to cfn, and the schema is staged for tag updates in place."""
        schema = json.loads((cfn.project / "initech-toy-thing.json").read_text())
        schema["properties"]["Tags"] = {"type": "string", "description": "Tags."}
        schema["createOnlyProperties"].append("/properties/Tags")
        schema["tagging"] = {"taggable": True, "tagUpdatable": False}
        (cfn.project / "initech-toy-thing.json").write_text(json.dumps(schema))
        stubs.sts.add_response("get_caller_identity", {"Account": "123456789012", "Arn": "arn:aws:iam::1:user/a"}, {})
        stubs.cloudformation.add_response(
            "describe_type_registration",
            {"ProgressStatus": "COMPLETE", "TypeVersionArn": f"{TYPE_ARN}/00000003"},
            {"RegistrationToken": TOKEN},
        )
        options = ["--region", "us-east-2", "--profile", "work", "--role-arn", ROLE, "--tag-updates", "in-place"]
        assert self.submit(cfn, *options) == 0
        expected = ["submit", "-v", "--set-default", "--region", "us-east-2", "--profile", "work", "--role-arn", ROLE]
        assert cfn.calls == [(expected, NAME)]

    def test_a_failed_registration_is_explained_by_the_registry(
        self, cfn: SimpleNamespace, stubs: SimpleNamespace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The error adds the registry's reason to cfn's, and names the staged project, which is kept."""
        cfn.output = self.cfn_output[:2]
        cfn.error = "cfn submit failed. Waiter TypeRegistrationComplete failed: FAILED."
        stubs.sts.add_response("get_caller_identity", {"Account": "123456789012", "Arn": "arn:aws:iam::1:user/a"}, {})
        stubs.cloudformation.add_response(
            "describe_type_registration",
            {"ProgressStatus": "FAILED", "Description": "Deployment is in VALIDATE_STAGE of status FAILED."},
            {"RegistrationToken": TOKEN},
        )
        assert self.submit(cfn) == 2
        (kept,) = (cfn.project / ".cache").iterdir()
        assert capsys.readouterr().err == (
            "error: cfn submit failed. Waiter TypeRegistrationComplete failed: FAILED. The registry says: Deployment "
            f"is in VALIDATE_STAGE of status FAILED. The staged project, with cfn's log, is kept in {kept}.\n"
        )
        assert (kept / "acme-play-thing.json").is_file()

    def test_a_cfn_without_a_token_is_not_believed(
        self, cfn: SimpleNamespace, stubs: SimpleNamespace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """If cfn's output changes and has no token, submit fails and claims no version."""
        cfn.output = ("All good!",)
        stubs.sts.add_response("get_caller_identity", {"Account": "123456789012", "Arn": "arn:aws:iam::1:user/a"}, {})
        assert self.submit(cfn) == 2
        assert "printed no registration token" in capsys.readouterr().err

    def test_expired_credentials_are_reported_before_anything_is_built(
        self, cfn: SimpleNamespace, stubs: SimpleNamespace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Expired credentials fail with AWS's message before half a minute of packaging."""
        stubs.sts.add_client_error("get_caller_identity", "ExpiredToken", "The security token is expired", 403)
        assert self.submit(cfn) == 2
        assert capsys.readouterr().err == (
            "error: An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: "
            "The security token is expired\n"
        )
        assert cfn.calls == []

    @pytest.mark.usefixtures("stubs")
    @pytest.mark.parametrize("name", ["3Com::Play::Thing", f"Acme::{'S' * 64}::{'T' * 64}"])
    def test_a_name_that_is_invalid_for_a_stack_needs_a_role(
        self, name: str, cfn: SimpleNamespace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The role's stack is named after the type, and some type names are invalid for a stack."""
        assert self.submit(cfn, name=name) == 2
        assert "pass a role with ROLE_ARN=..." in capsys.readouterr().err
        assert cfn.calls == []

    def test_interrupted(self, cfn: SimpleNamespace, stubs: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ctrl-C leaves no staged project behind."""

        def interrupt(*_: Any) -> None:  # noqa: ANN401 - cfn.run's arguments
            raise KeyboardInterrupt

        monkeypatch.setattr(real_cfn, "run", interrupt)
        stubs.sts.add_response("get_caller_identity", {"Account": "123456789012", "Arn": "arn:aws:iam::1:user/a"}, {})
        assert self.submit(cfn) == 130
        assert list((cfn.project / ".cache").iterdir()) == []

    def test_a_project_that_cannot_be_staged(
        self, cfn: SimpleNamespace, stubs: SimpleNamespace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The refusal comes alone: cfn is not called and no staged project is kept."""
        (cfn.project / "requirements.txt").unlink()
        stubs.sts.add_response("get_caller_identity", {"Account": "123456789012", "Arn": "arn:aws:iam::1:user/a"}, {})
        assert self.submit(cfn) == 2
        assert capsys.readouterr().err == (
            f"error: {cfn.project} is not a complete cfn project: it has no requirements.txt.\n"
        )
        assert cfn.calls == []
        assert list((cfn.project / ".cache").iterdir()) == []


class TestRealCfn:
    """Each failure of the real cfn is reported in one paragraph, without cfn's boilerplate."""

    def failure(self, toy: Path, capsys: pytest.CaptureFixture[str]) -> str:
        """Return the reason from the error of a failing submit."""
        assert main(["submit", "--unchecked", "--project", str(toy), "--type-name", NAME]) == 2
        captured = capsys.readouterr()
        assert "===" not in captured.out
        assert "eu-west-1, as arn:aws:iam::123456789012:user/ann" in captured.out
        (kept,) = (toy / ".cache").iterdir()
        ending = f" The staged project, with cfn's log, is kept in {kept}.\n"
        assert captured.err.startswith("error: cfn submit failed. ")
        assert captured.err.endswith(ending)
        return captured.err.removeprefix("error: cfn submit failed. ").removesuffix(ending)

    def test_the_service_refuses(self, toy: Path, aws: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
        """The reason is AWS's message, and cfn makes no further request."""
        assert self.failure(toy, capsys) == (
            "An error occurred (AccessDenied) when calling the CreateStack operation: ann may not CreateStack"
        )
        assert aws.actions == ["GetCallerIdentity", "CreateStack"]

    def test_pip_fails(self, toy: Path, aws: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
        """The reason is pip's message, which cfn discards."""
        (toy / "requirements.txt").write_text("--no-index\nno-such-distribution==1.0\n")
        reason = self.failure(toy, capsys)
        assert reason.startswith("pip could not install requirements.txt: ")
        assert "No matching distribution found for no-such-distribution==1.0" in reason
        assert aws.actions == ["GetCallerIdentity"]

    def test_cfn_fails(self, toy: Path, aws: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
        """The reason is an exception that only cfn's log has."""
        aws.status, aws.answer = 200, "no XML"
        assert self.failure(toy, capsys).startswith("botocore.parsers.ResponseParserError: Unable to parse response")


def test_cfn_ends_with_an_interrupt(toy: Path) -> None:
    """Ctrl-C during the pip build ends cfn and pip."""

    def interrupt(line: str) -> None:
        if line == "Starting pip build.":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        real_cfn.run(["submit", "--dry-run"], toy, progress=interrupt)
    assert "pip build finished" not in (toy / "rpdk.log").read_text()


def test_package_writes_the_zip(toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make package` needs no account, prints the zip's path and size, and leaves nothing else."""
    out = tmp_path / "dist"
    (toy / "pyproject.toml").write_text('[tool.cfn-sandbox]\nlanguage = "python312-small"\n')
    assert main(["package", "--project", str(toy), "--type-name", NAME, "--out", str(out)]) == 0
    bill, zip_path = sorted(out.iterdir())
    assert (bill.name, zip_path.name) == ("acme-play-thing.cdx.json", "acme-play-thing.zip")
    with zipfile.ZipFile(zip_path) as archive:
        assert json.loads(archive.read("schema.json"))["typeName"] == NAME
        settings = json.loads(archive.read(".rpdk-config"))
        assert settings["entrypoint"] == "acme_play_thing.handlers.resource"
        assert settings["language"] == "python312-small"
        with archive.open("ResourceProvider.zip") as member, zipfile.ZipFile(member) as function:
            sources = {name for name in function.namelist() if name.endswith(".py")}
            assert sources == {f"acme_play_thing/{module}.py" for module in ("__init__", "handlers", "models")}
            assert all(item.compress_type == zipfile.ZIP_DEFLATED for item in function.infolist())
            unzipped_size = sum(item.file_size for item in function.infolist())
    size = zip_path.stat().st_size
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{bill}: its bill of materials (CycloneDX)"
    assert lines[-2] == (
        f"{zip_path}: {size / 1e6:.1f} MB ({size} bytes); the function in it, unzipped: {unzipped_size / 1e6:.1f} MB"
    )
    assert not any("Dry run" in line for line in lines)
    assert list((toy / ".cache").iterdir()) == []


def test_package_with_user_provided_inputs(toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With INPUTS=DIR, the zip has those inputs instead of the project's; without it, a note names the stand-ins."""
    (toy / "examples").mkdir()
    (toy / "examples" / "contract-tests.yaml").write_text('{"Metadata": {"StandIns": {"stand-in": "Output"}}}')
    for folder, name in ((toy / "inputs", "stand-in"), (tmp_path / "mine", "mine")):
        folder.mkdir(exist_ok=True)
        (folder / "inputs_1_create.json").write_text(json.dumps({"Name": name}))
    results = []
    for options in ([], ["--inputs", str(tmp_path / "mine")]):
        assert main(["package", "--project", str(toy), "--out", str(tmp_path / "dist"), *options]) == 0
        with zipfile.ZipFile(tmp_path / "dist" / "initech-toy-thing.zip") as archive:
            created = json.loads(archive.read("inputs/inputs_1_create.json"))
        results.append((created["Name"], "stand-ins" in capsys.readouterr().out))
    assert results == [("stand-in", True), ("mine", False)]


def test_package_refuses_inputs_that_do_not_fit(toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Inputs that AWS would refuse are refused before the zip is built, each with its problem."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "inputs_1_create.json").write_text('{"Colour": "red"}')
    out = tmp_path / "dist"
    assert main(["package", "--project", str(toy), "--out", str(out), "--inputs", str(tmp_path / "mine")]) == 2
    assert "AWS would refuse these inputs:\n  - property_coverage: no input uses Name" in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_package_keeps_the_name_when_none_is_given(toy: Path, tmp_path: Path) -> None:
    """Without a name, `make package` keeps the original type name and replaces an earlier zip."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "initech-toy-thing.zip").write_text("that of yesterday")
    assert main(["package", "--project", str(toy), "--out", str(tmp_path / "dist")]) == 0
    _, zip_path = sorted((tmp_path / "dist").iterdir())
    with zipfile.ZipFile(zip_path) as archive:
        assert json.loads(archive.read("schema.json"))["typeName"] == "Initech::Toy::Thing"


def test_a_package_that_cannot_be_written_is_one_line(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal by the file system is one line, not a traceback."""
    (tmp_path / "dist").write_text("")
    assert main(["package", "--project", str(toy), "--out", str(tmp_path / "dist")]) == 2
    assert capsys.readouterr().err == f"error: [Errno 17] File exists: '{tmp_path / 'dist'}'\n"


class TestDeregister:
    """`deregister` removes every version from the registry, the default one last."""

    name = {"Type": "RESOURCE", "TypeName": NAME}  # noqa: RUF012 - read only

    def deregister(self) -> int:
        """Return the command line's exit code."""
        return main(["deregister", "--type-name", NAME])

    def versions(self, *ids: str, default: str) -> dict[str, Any]:
        """Return a page of ListTypeVersions."""
        return {
            "TypeVersionSummaries": [
                {"VersionId": id_, "IsDefaultVersion": id_ == default, "Arn": f"{TYPE_ARN}/{id_}"} for id_ in ids
            ]
        }

    def test_every_version_is_deleted(self, stubs: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
        """All pages are read; the default version is last, with the type: its own ARN can't be deregistered."""
        registry = stubs.cloudformation
        registry.add_response("describe_type", {"DeprecatedStatus": "LIVE"}, self.name)
        listing = self.name | {"DeprecatedStatus": "LIVE"}
        page = self.versions("00000001", "00000002", default="00000002")
        registry.add_response("list_type_versions", page | {"NextToken": "more"}, listing)
        page = self.versions("00000003", default="00000002")
        registry.add_response("list_type_versions", page, listing | {"NextToken": "more"})
        registry.add_response("deregister_type", {}, {"Arn": f"{TYPE_ARN}/00000001"})
        registry.add_response("deregister_type", {}, {"Arn": f"{TYPE_ARN}/00000003"})
        registry.add_response("deregister_type", {}, self.name)
        assert self.deregister() == 0
        first, *lines = capsys.readouterr().out.splitlines()
        assert first == "deregister: loading boto3 and cfn"
        assert lines[:2] == ["Deregistered version 00000001.", "Deregistered version 00000003."]
        assert lines[2].startswith(f"Deregistered {NAME} in eu-west-1. CloudFormation can no longer change")
        assert "acme-play-thing-role-stack and CloudFormationManagedUploadInfrastructure" in lines[-1]

    def test_never_registered(self, stubs: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
        """A name that the registry doesn't know gets one line."""
        stubs.cloudformation.add_client_error(
            "describe_type", "TypeNotFoundException", "not found", 404, expected_params=self.name
        )
        assert self.deregister() == 2
        assert capsys.readouterr().err == f"error: {NAME} is not registered in eu-west-1: nothing to undo.\n"

    def test_deregistered_already(self, stubs: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
        """The registry keeps a deregistered name as deprecated, which counts as not registered."""
        stubs.cloudformation.add_response("describe_type", {"DeprecatedStatus": "DEPRECATED"}, self.name)
        assert self.deregister() == 2
        assert capsys.readouterr().err == f"error: {NAME} is not registered in eu-west-1: nothing to undo.\n"

    def test_not_allowed(self, stubs: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
        """The error is AWS's message."""
        stubs.cloudformation.add_client_error("describe_type", "AccessDenied", "You may not", 403)
        assert self.deregister() == 2
        assert capsys.readouterr().err == (
            "error: An error occurred (AccessDenied) when calling the DescribeType operation: You may not\n"
        )

    def test_a_reserved_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        """AWS's own types are refused before any call."""
        assert main(["deregister", "--type-name", "AWS::SageMaker::Model"]) == 2
        assert "Nobody but AWS can register" in capsys.readouterr().err


def test_an_untracked_file_does_not_ship_and_is_named(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An untracked key never reaches a bucket, and the output names a forgotten module before Lambda misses it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    (toy / ".gitignore").write_text(".cache/\n")
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=toy, check=True)
    (toy / "src" / "initech_toy_thing" / ".env").write_text("KEY=secret")
    (toy / "src" / "initech_toy_thing" / "forgotten.py").touch()
    assert main(["package", "--project", str(toy), "--out", str(tmp_path / "dist")]) == 0
    output = capsys.readouterr().out
    assert "Left out, because git does not track it: src/initech_toy_thing/.env\n" in output
    assert "Left out, because git does not track it: src/initech_toy_thing/forgotten.py\n" in output
    zip_path = tmp_path / "dist" / "initech-toy-thing.zip"
    with zipfile.ZipFile(zip_path) as outer, outer.open("ResourceProvider.zip") as inner:
        names = outer.namelist() + zipfile.ZipFile(inner).namelist()
    assert not [name for name in names if "forgotten" in name or name.endswith(".env")]


def test_an_untracked_package_is_refused(toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An untracked package is refused before cfn runs, which would package a project without handlers."""
    for command in (["init", "--quiet"], ["add", ".rpdk-config", "initech-toy-thing.json", "requirements.txt"]):
        subprocess.run(["git", *command], cwd=toy, check=True)
    assert main(["package", "--project", str(toy), "--out", str(tmp_path / "dist")]) == 2
    assert capsys.readouterr().err == (
        "error: Only files that git tracks ship, and it does not track src/initech_toy_thing.\n"
    )


def test_without_lambdas_interpreter_it_is_hard_to_miss(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figure and the install command are printed in a box at the end, and packaging still succeeds."""
    monkeypatch.setattr(bytecode, "interpreter", lambda _: None)
    assert main(["package", "--project", str(toy), "--out", str(tmp_path / "dist")]) == 0
    box = capsys.readouterr().err
    assert box.startswith("╭")
    text = " ".join(box.replace("│", "").split())
    assert bytecode.ADVICE in text
    assert "uv python install 3.12" in text


def test_an_sso_session_that_has_ended_says_what_to_do() -> None:
    """An expired SSO session is a sentence with the command that begins another."""
    expired = UnauthorizedSSOTokenError()
    reason = r"^Your SSO session has ended: `aws sso login`, with the --profile"
    with pytest.raises(PublishingError, match=reason), translate_botocore_errors():
        raise expired
