"""The account and region of a registration, and the values of the inputs' variables there."""

from __future__ import annotations

from dataclasses import dataclass, field

import boto3


@dataclass(frozen=True)
class Place:
    """An account and a region, with the caller's identity."""

    session: boto3.Session = field(repr=False)
    account: str
    partition: str
    region: str
    caller: str
    """The caller's ARN."""

    @classmethod
    def of(cls, session: boto3.Session) -> Place:
        """Return the account of a session's credentials and the session's region."""
        identity = session.client("sts").get_caller_identity()
        return cls(
            session, identity["Account"], identity["Arn"].split(":")[1], str(session.region_name), identity["Arn"]
        )

    @property
    def variables(self) -> dict[str, str]:
        """The values of the inputs' variables here."""
        return {"account": self.account, "partition": self.partition, "region": self.region}
