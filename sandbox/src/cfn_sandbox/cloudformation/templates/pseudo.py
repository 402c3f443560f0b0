"""Pseudo parameters.

Source: "Pseudo parameters reference" in the user guide.
"""

from __future__ import annotations

from dataclasses import dataclass

from cfn_sandbox.regions import dns_suffix, partition
from cfn_sandbox.values import JSON

NAMES = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)


@dataclass(frozen=True)
class PseudoParameters:
    """The pseudo parameters of a stack."""

    account: str  # the account's number
    region: str  # the region's name
    stack_id: str  # the stack's ARN
    stack_name: str
    notification_arns: tuple[str, ...] = ()

    def value(self, name: str) -> JSON:
        """Return what Ref returns for a pseudo parameter: None for AWS::NoValue."""
        values: dict[str, JSON] = {
            "AWS::AccountId": self.account,
            "AWS::NotificationARNs": [*self.notification_arns],
            "AWS::Partition": partition(self.region),
            "AWS::Region": self.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": dns_suffix(self.region),
            "AWS::NoValue": None,
        }
        return values[name]
