"""Reads stack events."""

from typing import Any


def why(cloudformation: Any, stack_name: str) -> str:  # noqa: ANN401 - boto3 creates client classes at run time
    """Return the reasons of a stack's failed events and validations. As in AWS, the stack's own names no cause."""
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("FAILED")]
    found = cloudformation.describe_events(StackName=stack_name)["OperationEvents"]
    invalid = [event for event in found if event["EventType"] == "VALIDATION_ERROR"]
    reasons = [event["ResourceStatusReason"] for event in failed]
    return "\n".join([*reasons, *(event["ValidationStatusReason"] for event in invalid)])
