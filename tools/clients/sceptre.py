"""Runs Sceptre against the sandbox: python -m tools.clients.sceptre."""

from __future__ import annotations

import json
from pathlib import Path

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

READER = {
    "Parameters": {"Definition": {"Type": "String"}},
    "Resources": {
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "definition", "Type": "String", "Value": {"Ref": "Definition"}},
        }
    },
}
"""A stack that gets the definition's ARN from the other stack's output. A schedule there would lock the old one."""


def main() -> None:
    """Install Sceptre, then launch, change and delete two stacks, of which one needs the other."""
    with playing() as (account, folder):
        run(python_environment("sceptre") / "sceptre", account, folder)


def run(sceptre: Path, account: Account, folder: Path) -> None:
    """Run `sceptre` launch, list, diff and delete, and check each result."""
    (folder / "config" / "dev").mkdir(parents=True)
    (folder / "templates").mkdir()
    (folder / "config" / "config.yaml").write_text(f"project_code: churn\nregion: {account.region}\n")
    for name, more in (
        ("quality", ""),
        ("reader", "parameters:\n  Definition: !stack_output dev/quality.yaml::Arn\n"),
    ):
        config = f"template:\n  path: {name}.json\n  type: file\n{more}"
        (folder / "config" / "dev" / f"{name}.yaml").write_text(config)
    (folder / "templates" / "reader.json").write_text(json.dumps(READER))
    quality, reader = "churn-dev-quality", "churn-dev-reader"

    def write(**changes: str) -> None:
        (folder / "templates" / "quality.json").write_text(json.dumps(template(**changes)))

    def call(*arguments: str) -> str:
        return run_command([sceptre, "--no-colour", *arguments], account, folder=folder)

    def read() -> str:
        return str(account.client("ssm").get_parameter(Name="definition")["Parameter"]["Value"])

    with step("launch both stacks: one takes the other's output"):
        write()
        call("launch", "--yes", "dev")
        expect([stack_status(account, name) for name in (quality, reader)] == ["CREATE_COMPLETE"] * 2, "not created")
        created = physical_id(account, quality, "Definition")
        expect(read() == created, read())
    with step("list outputs; launch again without changes"):
        expect(created in (output := call("list", "outputs", "dev/quality.yaml")), output)
        call("launch", "--yes", "dev")
        expect(physical_id(account, quality, "Definition") == created, "it was replaced")
    with step("a replacement reaches the other stack"):
        write(RoleArn=f"{properties()['RoleArn']}-2")
        call("launch", "--yes", "dev")
        replaced = physical_id(account, quality, "Definition")
        expect(replaced != created and read() == replaced, f"{created}, {replaced}, {read()}")
    with step("delete both"):
        call("delete", "--yes", "dev")
        expect([stack_status(account, name) for name in (quality, reader)] == ["", ""], "not deleted")


if __name__ == "__main__":
    main()
