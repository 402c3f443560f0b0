"""The credentials of an account: drawn at random, and those that the account hands out itself.

An access key's id decides whether a request belongs to the account's user; no signature is verified (SECURITY.md says
why that is enough). So an id has to be secret here, which it isn't in AWS, and nobody may guess it.
"""

import base64
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from moto.core.responses import ActionResult
from moto.iam import models as iam_models
from moto.iam.models import iam_backends
from moto.sts.models import STSBackend
from moto.sts.responses import TokenResponse
from moto.utilities.utils import PARTITION_NAMES

__all__ = ["Keys"]

RANDOM_BYTES = 10
"""Random bytes in an access key's id: 80 bits, which base32 writes as the 16 characters that an id has room for."""

_USER_ID = "AIDACKCEVSQ6C2EXAMPLE"  # AWS's documentation has it as an example


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials. Their text has no secret, so that no message or traceback can show one."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)

    def in_event(self) -> dict[str, str]:
        """Return the credentials as the events of CloudFormation's handlers have them."""
        return {
            "accessKeyId": self.access_key_id,
            "secretAccessKey": self.secret_access_key,
            "sessionToken": self.session_token,
        }


class Keys:
    """The access keys that an account accepts."""

    def __init__(self) -> None:
        self._drawn: set[str] = set()

    def draw(self) -> Credentials:
        """Return new credentials, which the account accepts from now on."""
        drawn = Credentials(_access_key_id(), secrets.token_urlsafe(30), secrets.token_urlsafe(60))
        self._drawn.add(drawn.access_key_id)
        return drawn

    def __contains__(self, access_key_id: object) -> bool:
        """Return whether an access key is one of the drawn ones, or an active one of moto's IAM.

        moto's IAM has the keys of CreateAccessKey and of AssumeRole, in every account that a role was assumed in.
        """
        if access_key_id in self._drawn:
            return True
        for account in list(iam_backends.values()):
            for partition in PARTITION_NAMES:
                key = account[partition].access_keys.get(str(access_key_id))
                if key is not None:
                    return str(key.status) == "Active"
        return False

    @contextmanager
    def in_moto(self) -> Iterator[None]:
        """Let moto hand out credentials that nobody can guess, and that this account accepts, until the block ends."""
        get_session_token, get_federation_token = TokenResponse.get_session_token, TokenResponse.get_federation_token
        with (
            # moto answers both with the example key of AWS's documentation.
            patch.object(
                TokenResponse, "get_session_token", lambda response: self._drawn_for(get_session_token(response))
            ),
            patch.object(
                TokenResponse, "get_federation_token", lambda response: self._drawn_for(get_federation_token(response))
            ),
            # moto's ids tell the account's number, and have seven random characters.
            patch.object(iam_models, "generate_access_key_id_from_account_id", _access_key_id),
            # moto answers the key of no user of IAM with an ARN that no service of AWS has.
            patch.object(STSBackend, "get_caller_identity", _caller_identity(STSBackend.get_caller_identity)),
        ):
            yield

    def _drawn_for(self, answer: ActionResult) -> ActionResult:
        """Return an answer of STS with credentials that were drawn for it."""
        result: Any = answer.result
        drawn = self.draw()
        result["Credentials"] |= {
            "AccessKeyId": drawn.access_key_id,
            "SecretAccessKey": drawn.secret_access_key,
            "SessionToken": drawn.session_token,
        }
        return answer


Identity = tuple[str, str, str]


def _caller_identity(of_moto: Callable[[STSBackend, str, str], Identity]) -> Callable[[STSBackend, str, str], Identity]:
    """Return moto's function with the ARN of a user of IAM for a key that was drawn."""

    def identity(backend: STSBackend, access_key_id: str, region: str) -> Identity:
        user_id, arn, account = of_moto(backend, access_key_id, region)
        service, _, name = arn.rpartition(":")
        if name != "user/moto":
            return user_id, arn, account
        partition = service.split(":")[1]
        return _USER_ID, f"arn:{partition}:iam::{account}:user/sandbox", account

    return identity


def _access_key_id(_account_id: str = "", prefix: str = "ASIA", total_length: int = 20) -> str:
    """Return a new access key id, in AWS's format. moto's function has the same parameters.

    Args:
        prefix: AKIA for a user's key, ASIA for a temporary one.
        total_length: the length that moto asks for, which is AWS's.
    """
    return f"{prefix}{base64.b32encode(secrets.token_bytes(RANDOM_BYTES)).decode()}"[:total_length]
