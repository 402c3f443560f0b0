"""Runs troposphere, cfn-lint, and boto3's paginators and resources: python -m tools.clients.libraries."""

from __future__ import annotations

import json
from pathlib import Path

from cfn_sandbox.account.account import Account
from tools.clients.stage import (
    expect,
    playing,
    properties,
    python_environment,
    run_command,
    stack_status,
    step,
    template,
)

STACKS = 60  # more than one page of DescribeStacks


def main() -> None:
    """Install the libraries, then deploy their template and page through the stacks."""
    with playing() as (account, folder):
        commands = python_environment("libraries")
        run(commands, account, folder)
        run_resource(commands, account)


def run(commands: Path, account: Account, folder: Path) -> None:
    """Write, lint and deploy a template, page through the results, and delete the stack."""
    cloudformation = account.client("cloudformation")
    with step("troposphere writes a template"):
        text = run_command([commands / "python", Path(__file__).with_name("troposphere_template.py")])
    with step("cfn-lint finds nothing in it"):
        (folder / "template.json").write_text(text)
        run_command([commands / "cfn-lint", "--regions", "us-east-1", "--template", folder / "template.json"])
    with step("the stack is created"):
        cloudformation.create_stack(StackName="quality", TemplateBody=text)
        cloudformation.get_waiter("stack_create_complete").wait(StackName="quality", WaiterConfig={"Delay": 1})
        expect(stack_status(account, "quality") == "CREATE_COMPLETE", stack_status(account, "quality"))
    with step("boto3's paginators: stacks, events, resources, change sets, exports"):
        body = json.dumps({"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})
        for number in range(STACKS):
            cloudformation.create_stack(StackName=f"stack-{number}", TemplateBody=body)
        found_stacks = cloudformation.get_paginator("describe_stacks").paginate().build_full_result()["Stacks"]
        expect(len({stack["StackId"] for stack in found_stacks}) == STACKS + 1, f"{len(found_stacks)} stacks")
        for action in ("describe_stack_events", "list_stack_resources", "list_change_sets"):
            pages = cloudformation.get_paginator(action).paginate(StackName="quality")
            expect(len(list(pages)) == 1, f"pages of {action}")
        expect(
            cloudformation.get_paginator("list_exports").paginate().build_full_result() == {"Exports": []}, "exports"
        )
    with step("the stack is deleted"):
        cloudformation.delete_stack(StackName="quality")
        cloudformation.get_waiter("stack_delete_complete").wait(StackName="quality", WaiterConfig={"Delay": 1})


def run_resource(commands: Path, account: Account) -> None:
    """Create, replace and delete with boto3's resources, as a user's script does."""
    with step("boto3.resource: create, replace, delete"):
        script = Path(__file__).with_name("boto3_resource.py")
        templates = [json.dumps(template(**changes)) for changes in ({}, {"RoleArn": f"{properties()['RoleArn']}-2"})]
        states = json.loads(run_command([commands / "python", script, *templates], account))
        expect([state["status"] for state in states] == ["CREATE_COMPLETE", "UPDATE_COMPLETE"], str(states))
        expect(states[0]["id"] == states[0]["output"] != states[1]["id"] == states[1]["output"], str(states))
        expect(stack_status(account, "resource") == "", stack_status(account, "resource"))


if __name__ == "__main__":
    main()
