"""Pseudo parameters.

Source: "Pseudo parameters reference" in the user guide; botocore's partitions for partition and DNS suffix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from botocore.session import Session

from cfn_sandbox.cloudformation.values import JSON

NO_VALUE = "AWS::NoValue"
NAMES = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)


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
        """Return what Ref returns for a pseudo parameter: None for AWS::NoValue."""
        partition, suffix = _partition(self.region)
        values: dict[str, JSON] = {
            "AWS::AccountId": self.account,
            "AWS::NotificationARNs": [*self.notification_arns],
            "AWS::Partition": partition,
            "AWS::Region": self.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": suffix,
            NO_VALUE: None,
        }
        return values[name]


@cache
def _partition(region: str) -> tuple[str, str]:
    """Return the name and DNS suffix of a region's partition; of `aws` for a region that botocore doesn't know."""
    partitions = Session().get_data("partitions")["partitions"]
    found = next((one for one in partitions if re.fullmatch(one["regionRegex"], region)), partitions[0])
    return str(found["id"]), str(found["outputs"]["dnsSuffix"])
