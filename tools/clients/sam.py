"""Runs AWS SAM's command line against the sandbox: python -m tools.clients.sam."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from cfn_sandbox.account.account import Account
from tools.clients.stage import (
    Failure,
    expect,
    physical_id,
    python_environment,
    run_command,
    sandbox,
    stack_status,
    step,
)

VARIABLES = {"SAM_CLI_TELEMETRY": "0"}
REGION = ("--region", "us-east-1")


def main() -> None:
    """Install SAM CLI, then create, update and delete a stack with it.

    Raises:
        Failure: a result differs from the expected one.
    """
    sam = python_environment("sam") / "sam"
    with tempfile.TemporaryDirectory() as name, sandbox() as account:
        run(sam, account, Path(name))


def written() -> dict[str, Any]:
    """Return a template with SAM's macro, as SAM deploys it."""
    properties = json.loads(Path(__file__).with_name("properties.json").read_text())
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Endpoint": {"Type": "String"}, "Image": {"Type": "String", "Default": "analyzer:1"}},
        "Resources": {
            "Definition": {
                "Type": "AWS::SageMaker::ModelQualityJobDefinition",
                "Properties": properties | {"EndpointName": {"Ref": "Endpoint"}},
            },
            "Results": {"Type": "AWS::Serverless::SimpleTable"},
        },
        "Outputs": {"Arn": {"Value": {"Ref": "Definition"}}},
    }


def run(sam: Path, account: Account, folder: Path) -> None:
    """Validate, deploy, update and delete a template with SAM's macro; SAM creates the bucket that it uploads to."""
    template = written()
    (folder / "template.json").write_text(json.dumps(template))

    def call(*arguments: str) -> str:
        return run_command([sam, *arguments, *REGION], account, VARIABLES | {"HOME": str(folder)}, folder=folder)

    deploy = ("deploy", "--template", "template.json", "--stack-name", "quality", "--resolve-s3", "--no-progressbar")
    with step("validate"):
        expect("is a valid SAM Template" in (output := call("validate", "--template", "template.json")), output)
    with step("deploy, with a bucket that SAM creates"):
        output = call(*deploy, "--parameter-overrides", "Endpoint=a")
        expect("Successfully created/updated stack - quality" in output, output)
        first_id = physical_id(account, "quality", "Definition")
    with step("deploy a change: in place"):
        output = call(*deploy, "--parameter-overrides", "Endpoint=b")
        expect("Successfully created/updated stack - quality" in output, output)
        expect(physical_id(account, "quality", "Definition") == first_id, "it was replaced")
    with step("deploy a replacement"):
        template["Resources"]["Definition"]["Properties"]["RoleArn"] += "-2"
        (folder / "template.json").write_text(json.dumps(template))
        output = call(*deploy, "--parameter-overrides", "Endpoint=b", "--disable-rollback")
        expect("hence creating" in " ".join(output.split()), output)
        expect(physical_id(account, "quality", "Definition") != first_id, "it was not replaced")
    with step("deploy without changes: no error with --no-fail-on-empty-changeset"):
        output = call(*deploy, "--parameter-overrides", "Endpoint=b", "--no-fail-on-empty-changeset")
        expect("No changes to deploy" in output, output)
    with step("list the stack's outputs"):
        output = call("list", "stack-outputs", "--stack-name", "quality", "--output", "json")
        expect(physical_id(account, "quality", "Definition") in output, output)
    with step("deploy a nested stack, whose template SAM uploads, then a replacement in it; delete both"):
        nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.json"}}
        (folder / "root.json").write_text(json.dumps({"Resources": {"Child": nested}}))
        child = {"Resources": {"Definition": template["Resources"]["Definition"]}}
        properties = child["Resources"]["Definition"]["Properties"]
        found = []
        for role in ("a", "b"):
            properties |= {"EndpointName": "a", "RoleArn": f"arn:aws:iam::123456789012:role/{role}"}
            (folder / "child.json").write_text(json.dumps(child))
            call("deploy", "--template", "root.json", "--stack-name", "root", "--resolve-s3", "--no-progressbar")
            child_id = physical_id(account, "root", "Child")
            found.append((child_id, physical_id(account, child_id, "Definition")))
        expect(found[0][0] == found[1][0] and found[0][1] != found[1][1], str(found))
        # `sam delete` reads the template's bucket out of its URL, and knows no host of S3's but AWS's.
        account.client("cloudformation").delete_stack(StackName="root")
        expect(stack_status(account, "root") == "", stack_status(account, "root"))
    with step("delete"):
        call("delete", "--stack-name", "quality", "--no-prompts")
        expect(stack_status(account, "quality") == "", stack_status(account, "quality"))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        raise SystemExit(str(failure)) from failure
