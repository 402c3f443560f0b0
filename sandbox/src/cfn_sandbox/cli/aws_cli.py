"""What is odd about the AWS CLI: version 1 sends some services' requests to AWS, not to the sandbox."""

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_SERVICES = frozenset({"docdb", "emr", "health", "neptune", "rds", "sqs"})
"""The services with a host of their own in the AWS CLI v1 (awscli/customizations/overridesslcommonname.py)."""


def warning(command: Sequence[str]) -> str | None:
    """Return a warning if a command is one of the AWS CLI v1 that calls AWS whatever AWS_ENDPOINT_URL says.

    Args:
        command: the program and its arguments.
    """
    service = next((argument for argument in command[1:] if argument in _SERVICES), None)
    addressed = any(argument.split("=")[0] == "--endpoint-url" for argument in command)
    if Path(command[0]).name != "aws" or service is None or addressed:
        return None
    version = ""
    with suppress(OSError, subprocess.TimeoutExpired):
        shown = subprocess.run([command[0], "--version"], capture_output=True, text=True, check=False, timeout=30)
        version = shown.stdout + shown.stderr
    if not version.startswith("aws-cli/1."):
        return None
    return (
        f"the AWS CLI v1 sends `aws {service}` to AWS itself, whatever AWS_ENDPOINT_URL says: "
        'add --endpoint-url "$AWS_ENDPOINT_URL" inside `sh -c`, or use version 2'
    )
