"""`run` warns of the AWS CLI v1, which sends some services' requests to AWS itself."""

from pathlib import Path

import pytest

from cfn_sandbox.cli import aws_cli


@pytest.fixture
def aws(tmp_path: Path) -> Path:
    """Return a stand-in for the AWS CLI v1."""
    program = tmp_path / "aws"
    program.write_text("#!/bin/sh\necho aws-cli/1.45.0 Python/3.12\n")
    program.chmod(0o755)
    return program


def test_version_1_is_warned_of(aws: Path) -> None:
    """`aws sqs` of version 1 calls AWS's own host: the warning says what to do."""
    assert aws_cli.warning([str(aws), "sqs", "list-queues"]) == (
        "the AWS CLI v1 sends `aws sqs` to AWS itself, whatever AWS_ENDPOINT_URL says: "
        'add --endpoint-url "$AWS_ENDPOINT_URL" inside `sh -c`, or use version 2'
    )


@pytest.mark.parametrize(
    "arguments",
    [["s3", "ls"], ["sqs", "list-queues", "--endpoint-url", "http://x"], ["sqs", "--endpoint-url=http://x"]],
)
def test_other_services_and_addresses_are_fine(aws: Path, arguments: list[str]) -> None:
    """Other services follow AWS_ENDPOINT_URL, and every service follows --endpoint-url."""
    assert aws_cli.warning([str(aws), *arguments]) is None


def test_version_2_is_fine(aws: Path) -> None:
    """Version 2 follows AWS_ENDPOINT_URL; another program isn't asked for its version."""
    aws.write_text("#!/bin/sh\necho aws-cli/2.30.0 Python/3.13\n")
    assert aws_cli.warning([str(aws), "sqs", "list-queues"]) is None
    assert aws_cli.warning(["/no/such/program", "sqs"]) is None
