"""What a type needs around it while it is tested: a stack that is deployed first, whose outputs fill the inputs."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import ClientError

from cfn_sandbox import SandboxError
from cfn_sandbox.account.account import Account
from cfn_sandbox.cli.commands import failures

__all__ = ["SETUP_STACK", "deploy", "read"]

SETUP_STACK = "contract-test-setup"
"""The name of the setup's stack."""

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def read(template: Path) -> str:
    """Return a template's text.

    Raises:
        SandboxError: the file can't be read.
    """
    try:
        return template.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SandboxError(f"{template} can't be read: {error}") from error


def deploy(account: Account, text: str) -> dict[str, str]:
    """Deploy the setup's stack, and return the values for the variables of inputs: its outputs, also by export name.

    Args:
        account: the account of the tests.
        text: the template.

    Raises:
        SandboxError: the stack can't be created; with the failed events.
    """
    cloudformation = account.client("cloudformation")
    try:
        cloudformation.create_stack(StackName=SETUP_STACK, TemplateBody=text, Capabilities=_CAPABILITIES)
    except ClientError as error:
        raise SandboxError(f"the setup's template is refused: {error.response['Error']['Message']}") from error
    stack = cloudformation.describe_stacks(StackName=SETUP_STACK)["Stacks"][0]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise SandboxError("\n".join(["the setup can't be deployed:", *failures(account)]))
    outputs = stack.get("Outputs", [])
    by_export = {output["ExportName"]: output["OutputValue"] for output in outputs if "ExportName" in output}
    return by_export | {output["OutputKey"]: output["OutputValue"] for output in outputs}
