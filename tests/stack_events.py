"""Reads stack events."""

from typing import Any


def why(cloudformation: Any, stack_name: str) -> str:  # noqa: ANN401 - boto3 creates client classes at run time
    """Return the reasons of a stack's failed events, oldest first. Like AWS, the stack's own reason names no cause."""
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("FAILED")]
    return "\n".join(event["ResourceStatusReason"] for event in failed)
