"""Measures stack operations in this process, with a toy whose handlers answer at once: what is left is the sandbox's.

Prints a list of rows: name, wanted seconds or null, seconds by the clock, CPU seconds.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from cfn_sandbox import Account

TOY = "Acme::Bench::Toy"
SCHEMA: dict[str, Any] = {
    "typeName": TOY,
    "description": "A toy.",
    "properties": {"Name": {"type": "string"}, "Note": {"type": "string"}},
    "required": ["Name"],
    "createOnlyProperties": ["/properties/Name"],
    "primaryIdentifier": ["/properties/Name"],
    "tagging": {"taggable": False},
    "handlers": {verb: {"permissions": []} for verb in ("create", "read", "update", "delete", "list")},
    "additionalProperties": False,
}
MANY = 500
"""Resources of the plan."""


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    """Answer every event with success, and with the model that it has."""
    model = event["requestData"].get("resourceProperties")
    return {"status": "SUCCESS"} if event["action"] == "DELETE" else {"status": "SUCCESS", "resourceModel": model}


def template(count: int) -> str:
    """Return a template of this many toys, each of which refers to the one before."""
    resources = {
        f"T{number}": {
            "Type": TOY,
            "Properties": {"Name": f"toy-{number}"} | ({"Note": {"Ref": f"T{number - 1}"}} if number else {}),
        }
        for number in range(count)
    }
    return json.dumps({"Resources": resources}, separators=(",", ":"))  # 51,200 bytes are the limit of a request


def measured(action: Callable[[int], object], rounds: int) -> tuple[float, float]:
    """Return the median seconds of an action, by the clock and of this process's CPU.

    Args:
        action: gets the number of the round.
        rounds: how often it runs.
    """
    walls, cpus = [], []
    for number in range(rounds):
        wall, cpu = time.monotonic(), time.process_time()
        action(number)
        walls.append(time.monotonic() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)


def main(rounds: int) -> None:
    """Print the rows."""
    with Account() as account:
        account.registry.add(SCHEMA, invoke)
        cloudformation = account.client("cloudformation")
        one, many = template(1), template(MANY)

        def create(number: int) -> None:
            cloudformation.create_stack(StackName=f"one-{number}", TemplateBody=one)
            stack = cloudformation.describe_stacks(StackName=f"one-{number}")["Stacks"][0]
            if stack["StackStatus"] != "CREATE_COMPLETE":
                raise RuntimeError(f"the stack is {stack['StackStatus']}")

        def plan(number: int) -> None:
            cloudformation.create_change_set(
                StackName=f"many-{number}", ChangeSetName="plan", ChangeSetType="CREATE", TemplateBody=many
            )
            answer = cloudformation.describe_change_set(StackName=f"many-{number}", ChangeSetName="plan")
            if answer["Status"] != "CREATE_COMPLETE":
                raise RuntimeError(f"the change set is {answer['Status']}: {answer.get('StatusReason')}")

        create(-1)  # loads what the first request needs
        rows = [
            ("a stack operation, with a handler that answers at once", 0.05, *measured(create, 10 * rounds)),
            (f"a plan of {MANY} resources, as a change set", 1, *measured(plan, rounds)),
        ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main(int(sys.argv[1]))
