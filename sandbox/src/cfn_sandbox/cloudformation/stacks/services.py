"""What stacks ask of the account's other services."""

from __future__ import annotations

from typing import Protocol

from cfn_sandbox.cloudformation.templates.dynamic import DynamicReference


class Services(Protocol):
    """An account's other services, in one region."""

    def parameter(self, name: str) -> str | None:
        """Return what Parameter Store has under a name or `name:version`; None if there is nothing."""

    def dynamic(self, reference: DynamicReference) -> str | None:
        """Return a parameter's value or a whole secret; None if there is none."""

    def text_at(self, location: str) -> str | None:
        """Return the text of an S3 object at `s3://bucket/key` or a URL; None if there is none."""

    def can_assume(self, role_arn: str) -> bool:
        """Return whether CloudFormation can assume a role."""

    def availability_zones(self, region: str) -> list[str]:
        """Return the names of a region's availability zones."""

    def publish(self, topic_arn: str, subject: str, message: str) -> None:
        """Publish a message to an SNS topic; do nothing if there is no such topic."""
