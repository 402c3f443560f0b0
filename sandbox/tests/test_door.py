"""Nobody but the account's user gets through its door: no web page, no other host's name, no other user, no old key."""

import gc
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from cfn_sandbox import SandboxError
from cfn_sandbox.account import door, isolation
from cfn_sandbox.account.account import Account
from cfn_sandbox.account.function import Function
from cfn_sandbox.account.invocation import Emulated, invoke
from cfn_sandbox.packaging.package import package
from sandbox.tests.processes import descendants, emulator_in

PAGE = "https://page.example"
NOBODY = 65534
"""The user ID of `nobody`, another user than the one who runs the tests."""

Client = Any  # boto3 creates client classes at run time


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """Yield an HTTP client without credentials, such as a page's or another user's."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def client(account: Account, service: str, key: str, config: Config | None = None) -> Client:
    """Return a boto3 client that has an access key."""
    session: Any = boto3.Session(key, "secret", "token", region_name="us-east-1")  # its stubs know literal names only
    return session.client(service, endpoint_url=account.endpoint, config=config)


def buckets(account: Account) -> list[str]:
    """Return the names of the account's buckets."""
    return [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]]


class TestPage:
    """A page in the user's browser can send requests, but none of them reaches the account."""

    def test_a_form_is_refused(self, account: Account, http: requests.Session) -> None:
        """A form with an action of CloudFormation, and one that uploads a file to S3, change nothing."""
        account.client("s3").create_bucket(Bucket="mine")
        stack = {"Action": "CreateStack", "Version": "2010-05-15", "StackName": "page", "TemplateBody": "{}"}
        for headers in ({"Origin": PAGE}, {"Origin": "null"}, {}):
            answer = http.post(account.endpoint, data=stack, headers=headers, timeout=30)
            assert answer.status_code == 403, answer.text
            upload: dict[str, Any] = {"key": (None, "handler.zip"), "file": ("handler.zip", _zip())}
            answer = http.post(f"{account.endpoint}/mine", files=upload, headers=headers, timeout=30)
            assert answer.status_code == 403, answer.text
        assert account.client("s3").list_objects_v2(Bucket="mine")["KeyCount"] == 0
        assert account.client("cloudformation").list_stacks()["StackSummaries"] == []

    def test_a_page_with_the_key_is_refused(self, account: Account, http: requests.Session) -> None:
        """A request with an Origin is refused even if it is signed."""
        headers = _signature(account.environment()["AWS_ACCESS_KEY_ID"]) | {"Origin": PAGE}
        assert http.get(account.endpoint, headers=headers, timeout=30).status_code == 403
        assert http.get(account.endpoint, headers=headers | {"Origin": account.endpoint}, timeout=30).status_code == 403
        del headers["Origin"]
        assert http.get(account.endpoint, headers=headers, timeout=30).status_code == 200

    def test_a_preflight_is_refused(self, account: Account, http: requests.Session) -> None:
        """A browser asks in vain whether a page may send its request, and no answer lets a page read it."""
        asked = {
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-amz-target",
        }
        answer = http.options(account.endpoint, headers=asked, timeout=30)
        assert answer.status_code == 403
        signed = http.get(account.endpoint, headers=_signature(account.environment()["AWS_ACCESS_KEY_ID"]), timeout=30)
        for headers in (answer.headers, signed.headers):
            assert not [name for name in headers if name.lower().startswith("access-control-")]

    @pytest.mark.parametrize("host", ["page.example", "page.example:80", "127.0.0.1.page.example", "sts.amazonaws.com"])
    def test_a_foreign_host_is_refused(self, account: Account, http: requests.Session, host: str) -> None:
        """A page whose name was bound to 127.0.0.1 sends no Origin, but its name as the Host, which is refused."""
        headers = _signature(account.environment()["AWS_ACCESS_KEY_ID"]) | {"Host": host}
        answer = http.get(account.endpoint, headers=headers, timeout=30)
        assert (answer.status_code, answer.text) == (403, f"The sandbox doesn't answer for the host {host}.\n")

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:80", "bucket.localhost"])
    def test_a_host_of_loopback_is_accepted(self, account: Account, http: requests.Session, host: str) -> None:
        """The names and addresses of loopback are the sandbox's own."""
        headers = _signature(account.environment()["AWS_ACCESS_KEY_ID"]) | {"Host": host}
        assert http.get(account.endpoint, headers=headers, timeout=30).status_code != 403

    @pytest.mark.parametrize(
        "path", ["/moto-api/reset", "/moto-api/", "/moto-api/recorder/start-recording", "//moto-api/reset"]
    )
    def test_motos_own_endpoints_are_off(self, account: Account, http: requests.Session, path: str) -> None:
        """Nobody resets, seeds or records the account by HTTP, with the key or without it."""
        account.client("s3").create_bucket(Bucket="mine")
        for headers in ({}, _signature(account.environment()["AWS_ACCESS_KEY_ID"])):
            assert http.post(f"{account.endpoint}{path}", headers=headers, timeout=30).status_code in {403, 404, 400}
        assert buckets(account) == ["mine"]


class TestKey:
    """A request needs an access key of this account."""

    def test_the_key_is_random_and_secret(self, account: Account) -> None:
        """The key's id has 80 random bits (16 characters of base32), and no two accounts have the same."""
        first = account.environment()["AWS_ACCESS_KEY_ID"]
        assert first[:4] == "ASIA"
        assert len(first) == 20
        with_another = Account()
        assert with_another.environment()["AWS_ACCESS_KEY_ID"] != first

    @pytest.mark.parametrize("key", ["testing", "AKIAIOSFODNN7EXAMPLE", "AKIAEXAMPLE", "ASIAAAAAAAAAAAAAAAAA"])
    @pytest.mark.parametrize(
        ("service", "operation", "code"),
        [
            ("sts", "get_caller_identity", "InvalidClientTokenId"),
            ("s3", "list_buckets", "InvalidAccessKeyId"),
            ("sagemaker", "list_models", "UnrecognizedClientException"),
            ("lambda", "list_functions", "UnrecognizedClientException"),
        ],
    )
    def test_another_key_is_refused_as_aws_does(
        self, account: Account, key: str, service: str, operation: str, code: str
    ) -> None:
        """An access key of somebody else is an error in the service's own protocol, with AWS's code."""
        with pytest.raises(ClientError) as raised:
            getattr(client(account, service, key), operation)()
        assert raised.value.response["Error"]["Code"] == code
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403

    def test_no_signature_is_refused(self, account: Account) -> None:
        """A request without credentials is refused, unless AWS has it unsigned."""
        unsigned = Config(signature_version=UNSIGNED)
        for service, operation in (
            ("s3", "list_buckets"),
            ("sts", "get_caller_identity"),
            ("sagemaker", "list_models"),
        ):
            with pytest.raises(ClientError, match="has no access key"):
                getattr(client(account, service, "x", config=unsigned), operation)()

    def test_the_unsigned_actions_are_aws_s(self) -> None:
        """The door lets pass what botocore doesn't sign for Cognito, but nothing that gives out credentials."""
        session = botocore.session.Session()
        for service in ("cognito-identity", "cognito-idp"):
            model = session.get_service_model(service)
            target = model.metadata["targetPrefix"]
            known = {
                f"{target}.{name}"
                for name in model.operation_names
                if _is_unsigned(model.operation_model(name)) and name != "GetCredentialsForIdentity"
            }
            assert {name for name in door.UNSIGNED if name.startswith(f"{target}.")} == known

    def test_an_unsigned_action_is_served(self, account: Account) -> None:
        """A user of a Cognito pool signs up without AWS credentials, as in AWS."""
        cognito = account.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="pool")["UserPool"]["Id"]
        app = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app")["UserPoolClient"]["ClientId"]
        visitor = client(account, "cognito-idp", "x", config=Config(signature_version=UNSIGNED))
        assert visitor.sign_up(ClientId=app, Username="ann", Password="P4ssword!x")["UserSub"]

    @pytest.mark.parametrize("action", ["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "AssumeRole"])
    def test_a_role_is_not_given_to_a_stranger(self, account: Account, http: requests.Session, action: str) -> None:
        """A token of another identity provider can't be checked here, so that it gives no credentials."""
        role = "arn:aws:iam::123456789012:role/any"
        form = {"Action": action, "Version": "2011-06-15", "RoleArn": role, "RoleSessionName": "session"}
        form |= {"WebIdentityToken": "token", "SAMLAssertion": "YQ==", "PrincipalArn": role}
        answer = http.post(account.endpoint, data=form, timeout=30)
        assert answer.status_code == 403
        assert "AccessKeyId" not in answer.text

    def test_an_identity_of_cognito_gets_no_key(self, account: Account) -> None:
        """GetCredentialsForIdentity is refused: no client signs it, and whoever knows an identity would get a key."""
        with pytest.raises(ClientError, match="MissingAuthenticationToken"):
            account.client("cognito-identity").get_credentials_for_identity(IdentityId="us-east-1:1")

    def test_a_public_object_has_to_be_signed_for(self, account: Account, http: requests.Session) -> None:
        """An object that everybody may read in AWS is for the account's user here, by a signed request or URL."""
        s3 = account.client("s3")
        s3.create_bucket(Bucket="public", ACL="public-read")
        s3.put_object(Bucket="public", Key="name", Body=b"content", ACL="public-read")
        assert http.get(f"{account.endpoint}/public/name", timeout=30).status_code == 403

    def test_a_presigned_url_is_accepted(self, account: Account, http: requests.Session) -> None:
        """A presigned URL and a presigned form have their key in the query and in the form; other keys are refused."""
        s3 = account.client("s3")
        s3.create_bucket(Bucket="mine")
        s3.put_object(Bucket="mine", Key="name", Body=b"content")
        stranger = client(account, "s3", "AKIAIOSFODNN7EXAMPLE")
        for owner, status in ((s3, 200), (stranger, 403)):
            for version in ("s3v4", "s3"):
                signer = boto3.Session(
                    owner._request_signer._credentials.access_key, "secret", region_name="us-east-1"
                ).client("s3", endpoint_url=account.endpoint, config=Config(signature_version=version))
                url = signer.generate_presigned_url("get_object", Params={"Bucket": "mine", "Key": "name"})
                assert http.get(url, timeout=30).status_code == status, version
            form = owner.generate_presigned_post("mine", "posted")
            answer = http.post(form["url"], data=form["fields"], files={"file": b"content"}, timeout=30)
            assert answer.ok == (status == 200), answer.text
        assert s3.list_objects_v2(Bucket="mine")["KeyCount"] == 2

    def test_a_key_in_a_form_is_accepted(self, account: Account, http: requests.Session) -> None:
        """Signature version 2 has its key in the form."""
        form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
        form["AWSAccessKeyId"] = account.environment()["AWS_ACCESS_KEY_ID"]
        assert http.post(account.endpoint, data=form, timeout=30).status_code != 403
        form["AWSAccessKeyId"] = "AKIAIOSFODNN7EXAMPLE"
        assert http.post(account.endpoint, data=form, timeout=30).status_code == 403


class TestHandedOut:
    """The credentials that the account hands out are accepted, too."""

    def test_a_role_s(self, account: Account) -> None:
        """Credentials of AssumeRole, with which CDK uploads and deploys, work, also of a role in another account."""
        for number in ("123456789012", "210987654321"):
            role = account.client("sts").assume_role(RoleArn=f"arn:aws:iam::{number}:role/cdk", RoleSessionName="cdk")
            key = role["Credentials"]["AccessKeyId"]
            assert client(account, "sts", key).get_caller_identity()["Account"] == number

    def test_a_session_s(self, account: Account) -> None:
        """Credentials of GetSessionToken and GetFederationToken are drawn, and work."""
        sts = account.client("sts")
        keys = [answer["Credentials"]["AccessKeyId"] for answer in (sts.get_session_token(), sts.get_session_token())]
        keys.append(sts.get_federation_token(Name="ann")["Credentials"]["AccessKeyId"])
        assert len({*keys, "AKIAIOSFODNN7EXAMPLE"}) == 4
        for key in keys:
            assert client(account, "sts", key).get_caller_identity()["Account"] == "123456789012"

    def test_a_user_s(self, account: Account) -> None:
        """A user's access key works until it is made inactive, and again, and not after it is deleted."""
        iam = account.client("iam")
        iam.create_user(UserName="ann")
        key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
        sts = client(account, "sts", key)
        assert sts.get_caller_identity()["Arn"].endswith("user/ann")
        iam.update_access_key(UserName="ann", AccessKeyId=key, Status="Inactive")
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            sts.get_caller_identity()
        iam.update_access_key(UserName="ann", AccessKeyId=key, Status="Active")
        assert sts.get_caller_identity()
        iam.delete_access_key(UserName="ann", AccessKeyId=key)
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            sts.get_caller_identity()

    def test_their_ids_can_t_be_guessed(self, account: Account) -> None:
        """The ids have 16 random characters each; moto's own begin with the account's number."""
        iam = account.client("iam")
        ids = []
        for name in ("ann", "bob", "cleo"):
            iam.create_user(UserName=name)
            ids.append(iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"])
        assert {len(key) for key in ids} == {20}
        assert len({key[4:8] for key in ids}) == 3

    def test_they_end_with_the_account(self) -> None:
        """Credentials of an account that has ended open no other account."""
        with Account() as first:
            old = first.environment()["AWS_ACCESS_KEY_ID"]
            session = first.client("sts").get_session_token()["Credentials"]["AccessKeyId"]
        with Account() as second:
            for key in (old, session):
                with pytest.raises(ClientError, match="InvalidClientTokenId"):
                    client(second, "sts", key).get_caller_identity()


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a server on loopback, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


class TestNothingLeaves:
    """Nothing that moto does leaves this machine."""

    def test_a_message_to_another_machine_is_refused(self, account: Account) -> None:
        """SNS sends messages to addresses of this machine only; another address is an error that says so."""
        sns = account.client("sns")
        near, topic = (sns.create_topic(Name=name)["TopicArn"] for name in ("near", "far"))
        with listener() as (url, asked):
            sns.subscribe(TopicArn=near, Protocol="http", Endpoint=f"{url}/hook")
            sns.publish(TopicArn=near, Message="hello")
            assert asked == ["/hook"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://203.0.113.1/hook")
        with pytest.raises(ClientError, match=r"This sandbox sends nothing to other machines: http://203\.0\.113\.1"):
            sns.publish(TopicArn=topic, Message="hello")

    def test_not_even_through_a_proxy(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy on this machine doesn't carry a request of moto's to another one."""
        sns = account.client("sns")
        topic = sns.create_topic(Name="topic")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://page.example/hook")
        with listener() as (url, asked):
            monkeypatch.setenv("http_proxy", url)
            monkeypatch.delenv("no_proxy", raising=False)
            with pytest.raises(ClientError, match="sends nothing to other machines"):
                sns.publish(TopicArn=topic, Message="hello")
            assert asked == []

    # moto runs `docker` to find its host and doesn't wait for its end, and leaves a socket open.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_docker_is_not_called(self, account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """A Lambda function of the account is not run in a container, which could reach any machine."""
        path = tmp_path / "docker.sock"
        with socket.socket(socket.AF_UNIX) as docker:
            docker.bind(str(path))
            docker.listen()
            docker.settimeout(0)
            monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
            role = "arn:aws:iam::123456789012:role/any"
            account.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")
            functions = account.client("lambda")
            functions.create_function(
                FunctionName="mine", Runtime="python3.12", Role=role, Handler="m.f", Code={"ZipFile": _zip()}
            )
            answer = functions.invoke(FunctionName="mine")["Payload"].read().decode()
            assert "This sandbox sends nothing to other machines" in answer
            with pytest.raises(BlockingIOError):
                docker.accept()
        gc.collect()  # else the next test is blamed for moto's socket

    def test_moto_writes_no_recording(self, tmp_path: Path) -> None:
        """A variable that turns moto's recorder on writes nothing into the working folder."""
        code = (
            "from cfn_sandbox.account.account import Account\n"
            "with Account() as account: account.client('s3').create_bucket(Bucket='mine')\n"
        )
        environment = os.environ | {"MOTO_ENABLE_RECORDING": "1"}
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, timeout=60)
        assert list(tmp_path.iterdir()) == []

    def test_others_connections_are_left_alone(self, account: Account, tmp_path: Path) -> None:
        """Code of the user's in the same process, for example a test, still connects to what it likes."""
        assert account.endpoint
        path = str(tmp_path / "own.sock")
        with socket.socket(socket.AF_UNIX) as own, socket.socket(socket.AF_UNIX) as probe:
            own.bind(path)
            own.listen()
            probe.connect(path)


class TestFunction:
    """The function takes invocations from its account only."""

    EVENT = json.dumps({"action": "CREATE", "requestData": {"resourceProperties": {"Name": "page"}}})

    def test_a_call_to_the_emulator_s_port_reaches_no_handler(self, function: Function, http: requests.Session) -> None:
        """Whoever finds the emulator's port is refused by the function itself; its account is served afterwards."""
        url = f"{function.emulated.endpoint}/2015-03-31/functions/function/invocations"
        bodies = (self.EVENT, '"../log"', f'"{"0" * 32}"', "null", "not JSON")
        for body in bodies:
            answer = http.post(url, data=body, headers={"Content-Type": "text/plain", "Origin": PAGE}, timeout=60)
            assert "status" not in answer.json()
            assert answer.json()["errorType"] == "AccessDenied"
        assert "the handler was called" not in function.log
        assert function.invoke({})["status"] == "SUCCESS"
        assert "the handler was called" in function.log

    def test_nothing_secret_goes_through_the_emulator(self, tmp_path: Path) -> None:
        """Whoever takes an event from the emulator's runtime API gets a ticket for a file, and can't answer it."""
        event = {"requestData": {"callerCredentials": {"accessKeyId": "a"}, "resourceProperties": {"Name": "secret"}}}
        credentials = {"accessKeyId": "ASIA", "secretAccessKey": "key", "sessionToken": "token"}
        bodies: list[str] = []
        modes: list[int] = []

        class Thief(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                modes.extend(path.stat().st_mode & 0o777 for path in (tmp_path / "events").iterdir())
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"status": "SUCCESS"}')

            def log_message(self, *_: object) -> None:
                pass

        (tmp_path / "events").mkdir()
        with ThreadingHTTPServer(("127.0.0.1", 0), Thief) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            emulated = Emulated(
                f"http://127.0.0.1:{server.server_port}", tmp_path / "events", 10, tmp_path / "log", credentials
            )
            try:
                with pytest.raises(SandboxError, match="Another process answered instead of the function"):
                    invoke(emulated, event)
            finally:
                server.shutdown()
                thread.join()
        (body,) = bodies
        assert re.fullmatch(r'"[0-9a-f]{32}"', body)
        assert modes == [0o600]
        assert list((tmp_path / "events").iterdir()) == []

    def test_the_account_serves_it_to_its_user(self, function: Function, account: Account) -> None:
        """A client with the account's key invokes the function by Lambda's API; another client doesn't."""
        address = function.endpoint
        key = account.environment()["AWS_ACCESS_KEY_ID"]
        session = boto3.Session(key, "secret", region_name="us-east-1")
        answer = session.client("lambda", endpoint_url=address).invoke(FunctionName=function.name, Payload=b"{}")
        assert json.load(answer["Payload"])["status"] == "SUCCESS"
        stranger = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name="us-east-1")
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            stranger.client("lambda", endpoint_url=address).invoke(FunctionName=function.name, Payload=b"{}")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
class TestOtherUser:
    """Another user of the machine, here nobody, finds no secret."""

    def read(self, file: Path) -> tuple[int, str]:
        """Return the exit code and the output of `cat`, as nobody."""
        command = ["cat", str(file)]
        completed = subprocess.run(
            command, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", capture_output=True, text=True, check=False
        )
        return completed.returncode, completed.stdout

    def test_files_and_variables_are_closed(self, function: Function) -> None:
        """The function's folder and log, and the variables of its processes, are for their owner only."""
        function.log_file.parent.joinpath("task", "secret").write_text("secret")
        emulator = emulator_in(function.log_file.parent / "task")
        for file in (
            function.log_file,
            function.log_file.parent / "task" / "secret",
            Path(f"/proc/{emulator}/environ"),
            Path(f"/proc/{os.getpid()}/environ"),
        ):
            code, content = self.read(file)
            assert (code != 0, content) == (True, ""), file

    def test_arguments_have_no_secret(self, function: Function, account: Account) -> None:
        """The arguments of processes, which everybody can read, have neither the key nor the function's secret."""
        function.invoke({})
        running = [os.getpid(), *descendants(os.getpid())]
        arguments = "".join(self.read(Path(f"/proc/{number}/cmdline"))[1] for number in running)
        assert "aws-lambda-rie" in arguments
        secrets = [account.credentials.access_key_id, account.credentials.secret_access_key, function.secret]
        for secret in [*secrets, account.credentials.session_token, *function.emulated.credentials.values()]:
            assert secret not in arguments


class TestTmp:
    """The function's /tmp is its own."""

    def test_a_working_folder_below_tmp_changes_nothing(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Whether the system allows it doesn't depend on the user's folder, which may be in the hidden /tmp."""
        monkeypatch.chdir(tmp_path)
        assert isolation.is_available.__wrapped__() == isolation.is_available()

    @pytest.mark.skipif(not isolation.is_available(), reason="this system allows no mount namespaces")
    def test_a_handler_that_empties_its_tmp_empties_its_own(
        self, account: Account, toy_project: Path, tmp_path: Path
    ) -> None:
        """Files in /tmp and its folder are the function's alone; the user's stay, and nothing else can be written."""
        project = tmp_path / "project"
        shutil.copytree(toy_project, project, ignore=shutil.ignore_patterns(".cache"))
        (project / "src" / "toy_test_type" / "handlers.py").write_text(EMPTIES_TMP)
        kept = Path(tempfile.mkdtemp(dir="/tmp")) / "kept"
        kept.write_text("mine")
        try:
            with Function(package(project), account) as function:
                written = function.log_file.parent / "written"
                answer = function.invoke({"kept": str(kept), "elsewhere": str(written)})
                assert not written.exists()
            assert kept.read_text() == "mine"
        finally:
            shutil.rmtree(kept.parent)
        assert answer["resourceModel"] == {"seen": False, "own": ["mine"], "elsewhere": "Read-only file system"}

    def test_without_namespaces_it_has_a_tmpdir(
        self, account: Account, toy_package: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the system allows no mount namespaces, the function has its own TMPDIR."""
        monkeypatch.setattr(isolation, "is_available", lambda: False)
        with Function(toy_package, account) as function:
            folder = Path(function.invoke({})["resourceModel"]["environment"]["TMPDIR"])
            assert folder == function.log_file.parent / "tmp"
            assert folder.is_dir()
        assert not folder.exists()


EMPTIES_TMP = """
import os, pathlib, shutil, tempfile

def resource(event, context):
    if "kept" not in event:
        return {"status": "SUCCESS"}
    seen = os.path.exists(event["kept"])
    for path in pathlib.Path(tempfile.gettempdir()).iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    pathlib.Path("/tmp", "mine").write_text("own")
    try:
        pathlib.Path(event["elsewhere"]).write_text("")
        elsewhere = ""
    except OSError as error:
        elsewhere = error.strerror
    return {
        "status": "SUCCESS",
        "resourceModel": {"seen": seen, "own": os.listdir("/tmp"), "elsewhere": elsewhere},
    }
"""


def _is_unsigned(operation: OperationModel) -> bool:
    return operation.auth_type == "none" or "smithy.api#noAuth" in (operation.auth or [])


def _signature(key: str) -> dict[str, str]:
    scope = f"{key}/20260101/us-east-1/s3/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def _zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("m.py", "def f(event, context): return {}")
    return content.getvalue()
