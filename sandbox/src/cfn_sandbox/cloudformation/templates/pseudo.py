"""Pseudo parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

from cfn_sandbox.cloudformation.values import JSON


@dataclass(frozen=True)
class PseudoParameters:
    """The pseudo parameters of a stack.

    Attributes:
        account: the account's id.
        region: the region's name.
        stack_id: the stack's ARN.
        stack_name: the stack's name.
        notification_arns: the stack's NotificationARNs.
    """

    account: str
    region: str
    stack_id: str
    stack_name: str
    notification_arns: list[str] = field(default_factory=list)

    def value(self, name: str) -> JSON:
        """Return what Ref returns for a pseudo parameter other than AWS::NoValue."""
        raise NotImplementedError
