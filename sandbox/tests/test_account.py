"""The account starts empty, leaves nothing behind, and ignores the user's AWS configuration."""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from unittest.mock import Mock

import boto3
import pytest
import requests
from moto import backends

from cfn_sandbox import SandboxError
from cfn_sandbox.__main__ import parser
from cfn_sandbox.account.account import Account, bare_environment
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType

NOWHERE = "http://127.0.0.1:9"


def test_a_client_reaches_the_account(account: Account) -> None:
    """Clients reach the account, with its account number and its region."""
    assert account.client("sts").get_caller_identity()["Account"] == account.account_id
    assert account.client("sagemaker").meta.region_name == "us-east-1"


def test_the_service_of_a_host_is_looked_up_once(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto lists all its files to find a host's service; the second request to a host doesn't do that again."""
    listed = Mock(wraps=backends.list_of_moto_modules)
    monkeypatch.setattr(backends, "list_of_moto_modules", listed)
    queues = account.client("sqs")
    queues.list_queues()
    assert listed.call_count > 0
    before = listed.call_count
    queues.list_queues()
    assert listed.call_count == before


def test_the_caller_is_a_user_or_a_role(account: Account) -> None:
    """GetCallerIdentity answers a user of IAM, or an assumed role: programs take the ARN apart."""
    sts = account.client("sts")
    caller = sts.get_caller_identity()
    assert caller["Arn"] == "arn:aws:iam::123456789012:user/sandbox"
    assert caller["UserId"].startswith("AIDA")
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/cdk", RoleSessionName="me")["Credentials"]
    as_role = boto3.client(
        "sts",
        account.region,
        endpoint_url=sts.meta.endpoint_url,
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )
    assert as_role.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/cdk/me"


def test_validation_of_registered_types() -> None:
    """With `validate_registered`, pre-deployment validation covers registered types, too."""
    schema = {"typeName": "A::B::C", "properties": {}, "primaryIdentifier": [], "additionalProperties": False}
    body = json.dumps({"Resources": {"C": {"Type": "A::B::C", "Properties": {"Size": 1}}}})
    assert parser().parse_args(["up", "--validate-registered"]).validate_registered
    with Account(validate_registered=True) as account:
        kind = RegisteredType(schema, lambda _: pytest.fail("no handler is called"))
        catalogue.add_type(account.account_id, account.region, kind)
        client = account.client("cloudformation")
        client.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body)
        assert "PropertyValidation" in client.describe_change_set(StackName="s", ChangeSetName="c")["StatusReason"]


def test_an_account_begins_and_ends_empty() -> None:
    """An account starts empty, even if an earlier one left a bucket behind."""
    for _ in range(2):
        with Account() as account:
            s3 = account.client("s3")
            assert s3.list_buckets()["Buckets"] == []
            s3.create_bucket(Bucket="left-behind")


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_an_account_ends_on_every_way_out(error: type[BaseException] | None) -> None:
    """The server and its thread end on success, on an exception and on Ctrl-C."""
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


def test_a_taken_port_is_reported_and_cleaned_up() -> None:
    """A taken port raises an error that names it; the same port works once it is free."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SandboxError, match=rf"^port {port} of 127\.0\.0\.1 can't be used: Address already in use$"):
            Account(port).__enter__()
    with Account(port) as account:
        assert account.endpoint == f"http://127.0.0.1:{port}"


def test_an_invalid_port_is_reported() -> None:
    """An invalid port number raises a SandboxError, not the socket library's exception."""
    with pytest.raises(SandboxError, match="70000 is not a port"):
        Account(70000).__enter__()


def test_only_loopback_is_listened_on(account: Account) -> None:
    """The account listens on 127.0.0.1 only, and on no other address of this machine."""
    port = int(account.endpoint.rsplit(":", 1)[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.2", port)) != 0


def test_the_users_profiles_and_variables_are_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The account's clients ignore a profile that doesn't exist, a service's own endpoint and a proxy."""
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
    """The variables lead another process to the account, even if a profile and a proxy are set here."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("HTTP_PROXY", NOWHERE)
    monkeypatch.setenv("HOME", str(tmp_path))
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'], boto3.Session().region_name)"
    environment = bare_environment() | account.environment()
    completed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert completed.stdout == f"{account.account_id} us-east-1\n", completed.stderr


def test_no_proxy_keeps_what_it_had(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account's NO_PROXY keeps the hosts that were already in it."""
    monkeypatch.setenv("NO_PROXY", "example.com")
    assert account.environment()["NO_PROXY"] == "example.com,127.0.0.1"


def test_a_stack_tells_its_topics(account: Account) -> None:
    """A stack's events reach the queues of its topics; a topic that is gone stops nothing."""
    sns, sqs, cloudformation = map(account.client, ("sns", "sqs", "cloudformation"))
    topic = sns.create_topic(Name="news")["TopicArn"]
    queue = sqs.create_queue(QueueName="news")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    cloudformation.create_stack(StackName="one", TemplateBody=body, NotificationARNs=[topic, f"{topic}-2"])
    (stack,) = cloudformation.describe_stacks(StackName="one")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    notification = json.loads(message["Body"])
    assert notification["Subject"] == "AWS CloudFormation Notification"
    assert f"StackId='{stack['StackId']}'" in notification["Message"]
