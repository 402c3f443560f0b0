"""An account and a region: where a type is registered, and what the variables of its inputs are there."""

from __future__ import annotations

from dataclasses import dataclass, field

import boto3


@dataclass(frozen=True)
class Place:
    """An account and a region, and who calls."""

    session: boto3.Session = field(repr=False)
    account: str
    partition: str
    region: str
    caller: str
    """The ARN of who calls."""

    @classmethod
    def of(cls, session: boto3.Session) -> Place:
        """Give the place that a session's credentials lead to."""
        identity = session.client("sts").get_caller_identity()
        return cls(
            session, identity["Account"], identity["Arn"].split(":")[1], str(session.region_name), identity["Arn"]
        )

    @property
    def variables(self) -> dict[str, str]:
        """What the variables of inputs stand for here."""
        return {"account": self.account, "partition": self.partition, "region": self.region}
