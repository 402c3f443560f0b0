"""The account: empty at the start, gone at the end, and blind to whoever runs it."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from sandbox import SandboxError
from sandbox.account import Account, bare_environment
from sandbox.model_quality.rules import Fault

NOWHERE = "http://127.0.0.1:9"


def test_a_client_reaches_the_account(account: Account) -> None:
    """Clients of any service get answers, from the account's own region and number."""
    assert account.client("sts").get_caller_identity()["Account"] == account.account_id
    assert account.client("sagemaker").meta.region_name == "us-east-1"


def test_an_account_begins_and_ends_empty() -> None:
    """What one account held, the next one does not."""
    for _ in range(2):
        with Account() as account:
            s3 = account.client("s3")
            assert s3.list_buckets()["Buckets"] == []
            s3.create_bucket(Bucket="left-behind")


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_an_account_ends_on_every_way_out(error: type[BaseException] | None) -> None:
    """Nothing listens and no thread is left, however the block was left."""
    account = Account()
    try:
        with account:
            if error:
                raise error
    except (ValueError, KeyboardInterrupt):
        pass
    with pytest.raises(requests.ConnectionError):
        requests.get(account.endpoint, timeout=5)
    assert "moto" not in {thread.name for thread in threading.enumerate()}


def test_a_taken_port_is_said_and_leaves_nothing() -> None:
    """The error names the port; the account can be opened elsewhere afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SandboxError, match=rf"^port {port} of 127\.0\.0\.1 can't be used: Address already in use$"):
            Account(port).__enter__()
    with Account(port) as account:
        assert account.endpoint == f"http://127.0.0.1:{port}"


def test_a_number_that_is_no_port_is_said() -> None:
    """Not a traceback of the socket library's."""
    with pytest.raises(SandboxError, match="70000 is not a port"):
        Account(70000).__enter__()


def test_only_loopback_is_listened_on(account: Account) -> None:
    """The account is reached by 127.0.0.1, and by no other address of this machine."""
    port = int(account.endpoint.rsplit(":", 1)[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.2", port)) != 0


def test_profiles_and_variables_of_whoever_runs_it_do_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A profile that does not exist, a service's own endpoint, a proxy: the account's clients see none of it."""
    (tmp_path / "config").write_text(f"[default]\nregion = eu-west-3\nendpoint_url = {NOWHERE}\n")
    for name, value in {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_PROFILE": "nobody",
        "AWS_ENDPOINT_URL_STS": NOWHERE,
        "HTTP_PROXY": NOWHERE,
    }.items():
        monkeypatch.setenv(name, value)
    with Account() as account:
        assert account.client("sts").get_caller_identity()["Account"] == account.account_id


def test_the_environment_leads_any_client_to_the_account(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In another process too, with a profile and a proxy set where it was started."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("HTTP_PROXY", NOWHERE)
    monkeypatch.setenv("HOME", str(tmp_path))
    ask = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'], boto3.Session().region_name)"
    environment = bare_environment() | account.environment()
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == f"{account.account_id} us-east-1\n", done.stderr


def test_no_proxy_keeps_what_it_had(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that were reached without a proxy still are."""
    monkeypatch.setenv("NO_PROXY", "example.com")
    assert account.environment()["NO_PROXY"] == "example.com,127.0.0.1"


def test_faults_reach_clients_of_the_account() -> None:
    """The account has SageMaker's rules, and the faults that it was asked for."""
    with Account(faults=[Fault("ListModelQualityJobDefinitions", code="ThrottlingException", status=400)]) as account:
        sagemaker = account.client("sagemaker")
        with pytest.raises(sagemaker.exceptions.ClientError, match="ThrottlingException"):
            sagemaker.list_model_quality_job_definitions()
        assert sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []
