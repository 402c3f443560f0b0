"""Runs taskcat against the sandbox: python -m tools.clients.taskcat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cfn_sandbox.account.account import Account
from tools.clients.stage import expect, playing, python_environment, run_command, step, template


def main() -> None:
    """Install taskcat, then let it create and delete stacks; it updates none."""
    with playing() as (account, folder):
        run(python_environment("taskcat") / "python", account, folder)


def run(python: Path, account: Account, folder: Path) -> None:
    """Run taskcat on a template that works, and on one that fails, and check what is left."""
    (folder / "templates").mkdir()
    project = {
        "project": {"name": "quality", "regions": [account.region], "s3_bucket": "taskcat", "package_lambda": False},
        "tests": {"default": {"template": "templates/quality.json"}},
    }
    (folder / ".taskcat.yml").write_text(json.dumps(project))
    account.client("s3").create_bucket(Bucket="taskcat")

    def play(body: dict[str, Any], *, fails: bool = False) -> str:
        (folder / "templates" / "quality.json").write_text(json.dumps(body))
        script = Path(__file__).with_name("taskcat_play.py")
        variables = {"HOME": str(folder), "PYTHONWARNINGS": "ignore"}
        # -P, because this folder has a module of taskcat's name.
        return run_command([python, "-P", script], account, variables, folder=folder, fails=fails)

    with step("a test: the stack is created, uploaded from a bucket, and deleted"):
        output = play(template())
        (stack,) = json.loads(next(line for line in output.splitlines() if line.startswith("[{")))
        expect(
            stack["status"] == "CREATE_COMPLETE" and ":model-quality-job-definition/" in stack["outputs"][0], str(stack)
        )
        expect(_statuses(account) >= {"CREATE_COMPLETE", "DELETE_COMPLETE"}, str(_statuses(account)))
        left = account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"]
        expect(left == [], str(left))
    with step("a test of a stack that fails: taskcat fails"):
        parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "a", "Name": "aws"}}
        output = play({"Resources": {"Parameter": parameter}}, fails=True)
        expect('"status": "CREATE_FAILED"' in output and "One or more stacks failed to create" in output, output)


def _statuses(account: Account) -> set[str]:
    """Return the statuses that the definitions of all stacks had, deleted stacks included."""
    cloudformation = account.client("cloudformation")
    return {
        event["ResourceStatus"]
        for stack in cloudformation.list_stacks()["StackSummaries"]
        for event in cloudformation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        if event["LogicalResourceId"] == "Definition"
    }


if __name__ == "__main__":
    main()
