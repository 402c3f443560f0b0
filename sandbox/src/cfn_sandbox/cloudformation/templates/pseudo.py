"""Pseudo parameters.

Source: "Pseudo parameters reference" in the user guide; botocore's partitions for partition and DNS suffix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from botocore.session import Session

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
    notification_arns: list[str] = field(default_factory=list)

    def value(self, name: str) -> JSON:
        """Return what Ref returns for a pseudo parameter: None for AWS::NoValue."""
        partition, suffix = partition_of(self.region)
        values: dict[str, JSON] = {
            "AWS::AccountId": self.account,
            "AWS::NotificationARNs": [*self.notification_arns],
            "AWS::Partition": partition,
            "AWS::Region": self.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": suffix,
            "AWS::NoValue": None,
        }
        return values[name]


@cache
def partition_of(region: str) -> tuple[str, str]:
    """Return the name and DNS suffix of a region's partition; of `aws` for a region that botocore doesn't know."""
    partitions = Session().get_data("partitions")["partitions"]
    found = next((one for one in partitions if re.fullmatch(one["regionRegex"], region)), partitions[0])
    return str(found["id"]), str(found["outputs"]["dnsSuffix"])
