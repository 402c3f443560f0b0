"""Runs Ansible's amazon.aws.cloudformation against the sandbox: python -m tools.clients.ansible.

The collection amazon.aws alone is on Ansible Galaxy only. PyPI has it in the package `ansible`, with all the others.
"""

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


def main() -> None:
    """Install Ansible, then create, replace and delete a stack with it."""
    with playing() as (account, folder):
        run(python_environment("ansible"), account, folder)


def run(commands: Path, account: Account, folder: Path) -> None:
    """Run the module in a playbook, and check what it reports as changed."""
    variables = {"ANSIBLE_HOME": str(folder), "ANSIBLE_LOCALHOST_WARNING": "0", "LC_ALL": "C.UTF-8"}

    def play(**arguments: str | bool) -> str:
        stack = {"stack_name": "quality", **arguments}
        tasks = [
            {"amazon.aws.cloudformation": stack, "register": "answer"},
            {"ansible.builtin.debug": {"msg": "{{ answer.stack_outputs | default({}) | to_json }}"}},
        ]
        book = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
        (folder / "book.json").write_text(json.dumps(book))
        interpreter = f"ansible_python_interpreter={commands / 'python'}"
        command: list[str | Path] = [commands / "ansible-playbook", "book.json", "-i", "localhost,", "-e", interpreter]
        return run_command(command, account, variables, folder=folder)

    with step("state present: the stack is created"):
        output = play(state="present", template_body=json.dumps(template()), disable_rollback=True)
        created = physical_id(account, "quality", "Definition")
        expect("changed=1" in output and created in output, output)
        expect(stack_status(account, "quality") == "CREATE_COMPLETE", stack_status(account, "quality"))
    with step("the same again: nothing changes"):
        output = play(state="present", template_body=json.dumps(template()))
        expect("changed=0" in output and created in output, output)
    with step("another role: the definition is replaced"):
        output = play(state="present", template_body=json.dumps(template(RoleArn=f"{properties()['RoleArn']}-2")))
        replaced = physical_id(account, "quality", "Definition")
        expect("changed=1" in output and replaced in output and replaced != created, output)
    with step("state absent: the stack is deleted"):
        expect("changed=1" in (output := play(state="absent")), output)
        expect(stack_status(account, "quality") == "", stack_status(account, "quality"))


if __name__ == "__main__":
    main()
