"""Runs the AWS SDK for JavaScript, version 3, against the sandbox: python -m tools.clients.javascript."""

from __future__ import annotations

import json
from pathlib import Path

from cfn_sandbox.account.account import Account
from tools.clients.stage import (
    expect,
    node_environment,
    playing,
    properties,
    run_command,
    stack_status,
    step,
    template,
)


def main() -> None:
    """Install the SDK, then create, replace and delete with its clients of CloudFormation and Cloud Control."""
    with playing() as (account, _):
        run(node_environment("javascript").parent, account)


def run(modules: Path, account: Account) -> None:
    """Run javascript_play.cjs, and check each answer that it prints."""
    with step("stacks: create, refuse the same update, replace, delete; Cloud Control: create, get, patch, delete"):
        given = {
            "templates": [json.dumps(template()), json.dumps(template(RoleArn=f"{properties()['RoleArn']}-2"))],
            "properties": json.dumps(properties()),
            "type": "AWS::SageMaker::ModelQualityJobDefinition",
        }
        script = Path(__file__).with_name("javascript_play.cjs")
        printed = json.loads(
            run_command(
                ["node", script, json.dumps(given)], account, {"NODE_PATH": str(modules), "NODE_NO_WARNINGS": "1"}
            )
        )
    created, replaced = printed["created"], printed["replaced"]
    expect(created["status"] == "CREATE_COMPLETE", str(created))
    expect(replaced["status"] == "UPDATE_COMPLETE" and replaced["id"] != created["id"], str(replaced))
    expect(created["output"] == created["id"] and replaced["output"] == replaced["id"], str(printed))
    expect(printed["refused"] == ["ValidationError", "No updates are to be performed."], str(printed["refused"]))
    expect(stack_status(account, "javascript") == "", stack_status(account, "javascript"))
    control = printed["control"]
    expect(control["statuses"] == ["SUCCESS"] * 3, str(control))
    expect(json.loads(control["model"])["JobDefinitionArn"] == control["identifier"], str(control))
    left = account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"]
    expect(left == [], str(left))


if __name__ == "__main__":
    main()
