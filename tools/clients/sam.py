"""Runs AWS SAM's command line against the sandbox: python -m tools.clients.sam."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cfn_sandbox.account.account import Account
from tools.clients.stage import (
    expect,
    physical_id,
    playing,
    properties,
    python_environment,
    run_command,
    stack_status,
    step,
)

Call = Callable[..., str]  # runs a command of SAM CLI and returns what it prints

VARIABLES = {"SAM_CLI_TELEMETRY": "0"}
REGION = ("--region", "us-east-1")


def main() -> None:
    """Install SAM CLI, then create, update and delete stacks with it."""
    with playing() as (account, folder):
        run(python_environment("sam") / "sam", account, folder)


def written() -> dict[str, Any]:
    """Return a template with SAM's macro, as SAM deploys it."""
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Endpoint": {"Type": "String"}, "Image": {"Type": "String", "Default": "analyzer:1"}},
        "Resources": {
            "Definition": {
                "Type": "AWS::SageMaker::ModelQualityJobDefinition",
                "Properties": properties(EndpointName={"Ref": "Endpoint"}),
            },
            "Results": {"Type": "AWS::Serverless::SimpleTable"},
        },
        "Outputs": {"Arn": {"Value": {"Ref": "Definition"}}},
    }


def run(sam: Path, account: Account, folder: Path) -> None:
    """Validate, deploy, update and delete a template with SAM's macro; SAM creates the bucket that it uploads to."""
    template = written()
    (folder / "template.json").write_text(json.dumps(template))

    def call(*arguments: str, typed: str = "") -> str:
        variables = VARIABLES | {"HOME": str(folder)}
        return run_command([sam, *arguments, *REGION], account, variables, folder=folder, typed=typed)

    deploy = ("deploy", "--template", "template.json", "--stack-name", "quality", "--resolve-s3", "--no-progressbar")
    with step("validate"):
        expect("is a valid SAM Template" in (output := call("validate", "--template", "template.json")), output)
    with step("deploy, with a bucket that SAM creates"):
        output = call(*deploy, "--parameter-overrides", "Endpoint=a")
        expect("Successfully created/updated stack - quality" in output, output)
        first_id = physical_id(account, "quality", "Definition")
    with step("deploy a change: in place"):
        output = call(*deploy, "--parameter-overrides", "Endpoint=b", "--disable-rollback")
        expect("Successfully created/updated stack - quality" in output, output)
        expect(physical_id(account, "quality", "Definition") == first_id, "it was replaced")
    with step("deploy a replacement"):
        template["Resources"]["Definition"]["Properties"]["RoleArn"] += "-2"
        (folder / "template.json").write_text(json.dumps(template))
        output = call(*deploy, "--parameter-overrides", "Endpoint=b")
        expect("hence creating" in " ".join(output.split()), output)
        expect(physical_id(account, "quality", "Definition") != first_id, "it was not replaced")
    with step("deploy without changes: no error with --no-fail-on-empty-changeset"):
        output = call(*deploy, "--parameter-overrides", "Endpoint=b", "--no-fail-on-empty-changeset")
        expect("No changes to deploy" in output, output)
    with step("list the stack's outputs"):
        output = call("list", "stack-outputs", "--stack-name", "quality", "--output", "json")
        expect(physical_id(account, "quality", "Definition") in output, output)
    _run_nested(call, account, folder, template["Resources"]["Definition"])
    _run_sync(call, account)
    with step("delete"):
        call("delete", "--stack-name", "quality", "--no-prompts")
        expect(stack_status(account, "quality") == "", stack_status(account, "quality"))


def _run_nested(call: Call, account: Account, folder: Path, definition: dict[str, Any]) -> None:
    with step("deploy a nested stack, whose template SAM uploads, then a replacement in it; delete both"):
        nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.json"}}
        (folder / "root.json").write_text(json.dumps({"Resources": {"Child": nested}}))
        child = {"Resources": {"Definition": definition}}
        found = []
        for role in ("a", "b"):
            definition["Properties"] |= {
                "EndpointName": "a",
                "RoleArn": f"arn:aws:iam::123456789012:role/{role}",
            }
            (folder / "child.json").write_text(json.dumps(child))
            call("deploy", "--template", "root.json", "--stack-name", "root", "--resolve-s3", "--no-progressbar")
            child_id = physical_id(account, "root", "Child")
            found.append((child_id, physical_id(account, child_id, "Definition")))
        expect(found[0][0] == found[1][0] and found[0][1] != found[1][1], str(found))
        # `sam delete` reads the template's bucket out of its URL, and knows no host of S3's but AWS's.
        account.client("cloudformation").delete_stack(StackName="root")
        expect(stack_status(account, "root") == "", stack_status(account, "root"))


def _run_sync(call: Call, account: Account) -> None:
    with step("sync, without express mode, which the sandbox refuses: a new stack, then a change in place"):
        sync = ("sync", "--template", "template.json", "--stack-name", "synced", "--no-watch", "--no-express")
        found = []
        for endpoint in ("a", "b"):
            output = call(*sync, "--parameter-overrides", f"Endpoint={endpoint}", typed="y\n")
            expect("Sync infra completed" in output, output)
            found.append(physical_id(account, "synced", "Definition"))
        expect(found[0] == found[1], str(found))
        expect(stack_status(account, "synced") == "UPDATE_COMPLETE", stack_status(account, "synced"))
        call("delete", "--stack-name", "synced", "--no-prompts")
        expect(stack_status(account, "synced") == "", stack_status(account, "synced"))


if __name__ == "__main__":
    main()
