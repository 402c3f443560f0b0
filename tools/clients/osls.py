"""Runs osls, the maintained fork of Serverless Framework, against the sandbox: python -m tools.clients.osls."""

from __future__ import annotations

import json
from pathlib import Path

from cfn_sandbox.account.account import Account
from tools.clients.stage import (
    expect,
    node_environment,
    physical_id,
    playing,
    properties,
    run_command,
    stack_status,
    step,
    template,
)

VARIABLES = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "NODE_NO_WARNINGS": "1", "CI": "true"}
STACK = "quality-dev"


def main() -> None:
    """Install osls, then deploy, replace and remove a service with it."""
    with playing() as (account, folder):
        run(node_environment("osls") / "osls", account, folder)


def run(osls: Path, account: Account, folder: Path) -> None:
    """Run `osls` deploy, info and remove, and check each result."""

    def write(**changes: str) -> None:
        service = {
            "service": "quality",
            "provider": {"name": "aws", "runtime": "nodejs22.x", "region": account.region, "stage": "dev"},
            "resources": template(**changes),
        }
        (folder / "serverless.json").write_text(json.dumps(service))

    def call(*arguments: str) -> str:
        return run_command([osls, *arguments], account, VARIABLES | {"HOME": str(folder)}, folder=folder)

    with step("deploy: it creates its bucket, then the definition"):
        write()
        call("deploy")
        created = physical_id(account, STACK, "Definition")
        expect(stack_status(account, STACK) == "UPDATE_COMPLETE", stack_status(account, STACK))
    with step("info has the stack's output; deploy without changes"):
        expect(created in (output := call("info", "--verbose")), output)
        call("deploy")
        expect(physical_id(account, STACK, "Definition") == created, "it was replaced")
    with step("deploy a replacement"):
        write(RoleArn=f"{properties()['RoleArn']}-2")
        call("deploy")
        expect(physical_id(account, STACK, "Definition") != created, "it was not replaced")
    with step("remove"):
        call("remove")
        expect(stack_status(account, STACK) == "", stack_status(account, STACK))
        left = account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"]
        expect(left == [], str(left))


if __name__ == "__main__":
    main()
