"""Creates, replaces and deletes a stack with boto3's resources: python boto3_resource.py TEMPLATE TEMPLATE.

It runs in the libraries' environment, with the account's variables, and prints the state after each template as JSON.
"""

import json
import sys
from typing import Any

import boto3


def main() -> None:
    """Play both templates, then delete the stack."""
    cloudformation: Any = boto3.resource("cloudformation")
    states = []
    stack: Any = None
    for body in sys.argv[1:]:
        action = "update" if stack else "create"
        if stack:
            stack.update(TemplateBody=body)
        else:
            stack = cloudformation.create_stack(StackName="resource", TemplateBody=body)
        waiter = cloudformation.meta.client.get_waiter(f"stack_{action}_complete")
        waiter.wait(StackName=stack.name, WaiterConfig={"Delay": 1})
        stack.reload()
        (summary,) = stack.resource_summaries.all()
        (output,) = stack.outputs
        states.append(
            {"status": stack.stack_status, "id": summary.physical_resource_id, "output": output["OutputValue"]}
        )
    stack.delete()
    cloudformation.meta.client.get_waiter("stack_delete_complete").wait(
        StackName=stack.stack_id, WaiterConfig={"Delay": 1}
    )
    print(json.dumps(states))


if __name__ == "__main__":
    main()
