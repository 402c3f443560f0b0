"""Runs the AWS CLI against the sandbox: python -m tools.clients.aws_cli."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
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

Call = Callable[..., Any]  # runs a command of the AWS CLI and returns what it prints

STACK = ("--stack-name", "quality")
CHANGE_SET = (*STACK, "--change-set-name", "change")


def main() -> None:
    """Install the AWS CLI, then create, update and delete a stack with it.

    Raises:
        Failure: a result differs from the expected one.
    """
    aws = python_environment("aws-cli") / "aws"
    with tempfile.TemporaryDirectory() as name, sandbox() as account:
        run(aws, account, Path(name))


def written(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - of JSON
    """Return a template with one definition, and changed properties."""
    properties = json.loads(Path(__file__).with_name("properties.json").read_text())
    definition = {"Type": "AWS::SageMaker::ModelQualityJobDefinition", "Properties": properties | changes}
    return {"Resources": {"Definition": definition}}


def run(aws: Path, account: Account, folder: Path) -> None:
    """Run the commands for deployments, change sets, waiters, events, summaries and drift."""
    role = written()["Resources"]["Definition"]["Properties"]["RoleArn"]

    def write(**changes: Any) -> str:  # noqa: ANN401 - of JSON
        (folder / "template.json").write_text(json.dumps(written(**changes)))
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
        body = write(RoleArn=role + "-2")
        call("create-change-set", *CHANGE_SET, "--template-body", body)
        call("wait", "change-set-create-complete", *CHANGE_SET)
        described = call("describe-change-set", *CHANGE_SET)
        (change,) = described["Changes"]
        expect(change["ResourceChange"]["Replacement"] == "True", str(change))
        call("execute-change-set", *CHANGE_SET)
        call("wait", "stack-update-complete", *STACK)
        expect(call("list-change-sets", *STACK)["Summaries"] == [], "the executed change set is listed")
        # ListChangeSets has active ones only; an executed one is found by its ARN.
        executed = call("describe-change-set", "--change-set-name", described["ChangeSetId"])["ExecutionStatus"]
        expect(executed == "EXECUTE_COMPLETE", executed)
    with step("describe-stack-events, list-stack-resources, describe-stacks"):
        events = call("describe-stack-events", *STACK)["StackEvents"]
        expect(any("hence creating one" in event.get("ResourceStatusReason", "") for event in events), str(events[:3]))
        (resource,) = call("list-stack-resources", *STACK)["StackResourceSummaries"]
        expect(resource["ResourceStatus"] == "UPDATE_COMPLETE", str(resource))
        expect(call("describe-stacks", *STACK)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE", "not complete")
    with step("describe a missing change set; update without changes"):
        output = call("describe-change-set", *STACK, "--change-set-name", "none", fails=True)
        expect("ChangeSetNotFound" in output, output)
        output = call("update-stack", *STACK, "--template-body", body, fails=True)
        expect("No updates are to be performed" in output, output)
    with step("detect-stack-drift, describe-stack-resource-drifts"):
        detection = call("detect-stack-drift", *STACK)["StackDriftDetectionId"]
        status = call("describe-stack-drift-detection-status", "--stack-drift-detection-id", detection)
        expect(status["StackDriftStatus"] == "IN_SYNC", str(status))
        call("describe-stack-resource-drifts", *STACK)
    _run_nested(call, account, folder)
    with step("delete-stack, its waiter"):
        call("delete-stack", *STACK)
        call("wait", "stack-delete-complete", *STACK)
        expect(stack_status(account, "quality") == "", stack_status(account, "quality"))


def _run_nested(call: Call, account: Account, folder: Path) -> None:
    role = written()["Resources"]["Definition"]["Properties"]["RoleArn"]
    with step("package and deploy a nested stack, then a replacement in it; delete both"):
        found = []
        for suffix in ("", "-2"):
            (folder / "child.json").write_text(json.dumps(written(RoleArn=role + suffix)))
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
    try:
        main()
    except Failure as failure:
        raise SystemExit(str(failure)) from failure
