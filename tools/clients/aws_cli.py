"""Runs the AWS CLI, version 1 or 2, against the sandbox: python -m tools.clients.aws_cli v1 | v2."""

from __future__ import annotations

import json
import sys
import tarfile
import zipfile
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
    template,
)

Call = Callable[..., Any]  # runs a command of the AWS CLI and returns what it prints

STACK = ("--stack-name", "quality")
CHANGE_SET = (*STACK, "--change-set-name", "change")


def main(version: str) -> None:
    """Install a version of the AWS CLI, then create, update and delete a stack with it."""
    with playing() as (account, folder):
        run(_version_2() if version == "v2" else python_environment("aws-cli") / "aws", account, folder)


def _version_2() -> Path:
    """Return the command of version 2, which PyPI has as a layer for Lambda, in CDK's package of it."""
    environment = python_environment("aws-cli-v2").parent
    unpacked = environment / "layer"
    if not unpacked.exists():
        (package,) = environment.glob("lib/python*/site-packages/aws_cdk/asset_awscli_v2/_jsii/*.tgz")
        with tarfile.open(package) as archive:
            archive.extract("package/lib/layer.zip", environment, filter="data")
        with zipfile.ZipFile(environment / "package" / "lib" / "layer.zip") as layer:
            layer.extractall(unpacked)  # noqa: S202 - its hash was checked; zipfile writes nothing outside
    (command,) = unpacked.glob("awscli/v2/*/dist/aws")
    command.chmod(0o755)
    return command


def run(aws: Path, account: Account, folder: Path) -> None:
    """Run the commands for deployments, change sets, waiters, events, summaries and drift."""

    def write(**changes: Any) -> str:  # noqa: ANN401 - of JSON
        (folder / "template.json").write_text(json.dumps(template(**changes)))
        return "file://template.json"

    def call(*arguments: str, service: str = "cloudformation", fails: bool = False) -> Any:  # noqa: ANN401
        output = run_command([aws, service, *arguments, "--output", "json"], account, folder=folder, fails=fails)
        return output if fails or not output.lstrip().startswith(("{", "[")) else json.loads(output)

    with step("validate-template, get-template-summary"):
        body = write()
        call("validate-template", "--template-body", body)
        summary = call("get-template-summary", "--template-body", body)
        expect(summary["ResourceIdentifierSummaries"][0]["ResourceIdentifiers"] == ["JobDefinitionArn"], str(summary))
    with step("deploy through a bucket; deploy again without changes"):
        call("mb", "s3://templates", service="s3")
        deploy = ("deploy", *STACK, "--template-file", "template.json", "--s3-bucket", "templates")
        call(*deploy)
        expect(stack_status(account, "quality") == "CREATE_COMPLETE", stack_status(account, "quality"))
        expect("No changes to deploy" in str(call(*deploy, "--no-fail-on-empty-changeset")), "it deployed something")
    with step("create-change-set, its waiter, describe, execute, the stack's waiter"):
        body = write(RoleArn=f"{properties()['RoleArn']}-2")
        call("create-change-set", *CHANGE_SET, "--template-body", body)
        call("wait", "change-set-create-complete", *CHANGE_SET)
        described = call("describe-change-set", *CHANGE_SET)
        changes = [change["ResourceChange"]["Replacement"] for change in described["Changes"]]
        expect(changes == ["True"], str(changes))
        call("execute-change-set", *CHANGE_SET)
        call("wait", "stack-update-complete", *STACK)
        # Version 2 leaves the empty change set of the second deploy.
        listed = [one["ChangeSetName"] for one in call("list-change-sets", *STACK)["Summaries"]]
        expect("change" not in listed, f"the executed change set is listed: {listed}")
        # ListChangeSets has active ones only; an executed one is found by its ARN.
        executed = call("describe-change-set", "--change-set-name", described["ChangeSetId"])["ExecutionStatus"]
        expect(executed == "EXECUTE_COMPLETE", executed)
    with step("describe-stack-events, list-stack-resources, describe-stacks"):
        events = call("describe-stack-events", *STACK)["StackEvents"]
        expect(any("hence creating one" in event.get("ResourceStatusReason", "") for event in events), str(events[:3]))
        resources = call("list-stack-resources", *STACK)["StackResourceSummaries"]
        expect([one["ResourceStatus"] for one in resources] == ["UPDATE_COMPLETE"], str(resources))
        expect(call("describe-stacks", *STACK)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE", "not complete")
    with step("describe a missing change set; update without changes"):
        missing = ("describe-change-set", *STACK, "--change-set-name", "none")
        expect("ChangeSetNotFound" in (output := call(*missing, fails=True)), output)
        same = ("update-stack", *STACK, "--template-body", body)
        expect("No updates are to be performed" in (output := call(*same, fails=True)), output)
    with step("detect-stack-drift, describe-stack-resource-drifts"):
        detection = call("detect-stack-drift", *STACK)["StackDriftDetectionId"]
        status = call("describe-stack-drift-detection-status", "--stack-drift-detection-id", detection)
        drifts = call("describe-stack-resource-drifts", *STACK)["StackResourceDrifts"]
        expect((status["StackDriftStatus"], len(drifts)) == ("IN_SYNC", 1), f"{status}, {drifts}")
    _run_nested(call, account, folder)
    with step("delete-stack, its waiter"):
        call("delete-stack", *STACK)
        call("wait", "stack-delete-complete", *STACK)
        expect(stack_status(account, "quality") == "", stack_status(account, "quality"))


def _run_nested(call: Call, account: Account, folder: Path) -> None:
    role = properties()["RoleArn"]
    with step("package and deploy a nested stack, then a replacement in it; delete both"):
        found = []
        for suffix in ("", "-2"):
            (folder / "child.json").write_text(json.dumps(template(RoleArn=role + suffix)))
            nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.json"}}
            (folder / "root.json").write_text(json.dumps({"Resources": {"Child": nested}}))
            call(
                *("package", "--template-file", "root.json", "--s3-bucket", "templates", "--use-json"),
                *("--output-template-file", "packaged.json"),
            )
            call("deploy", "--stack-name", "root", "--template-file", "packaged.json")
            child = physical_id(account, "root", "Child")
            found.append((child, physical_id(account, child, "Definition")))
        expect(found[0][0] == found[1][0] and found[0][1] != found[1][1], str(found))
        call("delete-stack", "--stack-name", "root")
        call("wait", "stack-delete-complete", "--stack-name", "root")
        expect(stack_status(account, "root") == "", stack_status(account, "root"))


if __name__ == "__main__":
    main(sys.argv[1])
