"""What CloudFormation asks of the account's other services, which moto plays."""

from __future__ import annotations

import ipaddress
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from moto.backends import get_backend  # imports a service when it is first asked for: several take half a second
from moto.core.exceptions import ServiceException
from moto.core.responses import BaseResponse
from werkzeug.exceptions import HTTPException

from cfn_sandbox.errors import ValidationError
from cfn_sandbox.regions import partition

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from cfn_sandbox.cloudformation.templates.dynamic import DynamicReference


def identify(request: Request) -> tuple[str, str]:
    """Return the account's id and the region of a request, as moto's services derive them."""
    response = BaseResponse("cloudformation")
    response.headers, response.querystring = request.headers, {}
    try:
        region = response.get_region_from_url(request, request.url)
    except IndexError:  # the signature's scope is malformed
        region = response.default_region
    return response.get_current_account(), region


_ERRORS = (ServiceException, HTTPException, KeyError)  # what moto raises for something that is missing


@dataclass(frozen=True)
class MotoServices:
    """An account's other services in one region.

    Attributes:
        account: the account's number.
        region: the region's name.
    """

    account: str
    region: str

    def parameter(self, name: str) -> str | None:
        """Return what Parameter Store has under a name or `name:version`; None if there is nothing.

        Raises:
            ValidationError: it is a SecureString, which templates reach by `ssm-secure` alone.
        """
        try:
            found = get_backend("ssm")[self.account][self.region].get_parameter(name)
        except _ERRORS:
            return None
        if found is not None and found.parameter_type == "SecureString":
            text = f"Parameters [{name}] referenced by template have types not supported by CloudFormation."
            raise ValidationError(text)
        return None if found is None else str(found.value)

    def dynamic(self, reference: DynamicReference) -> str | None:
        """Return a parameter's value or a whole secret; None if there is none."""
        name = reference.name if reference.version is None else f"{reference.name}:{reference.version}"
        if reference.service == "ssm":
            return self.parameter(name)
        try:
            if reference.service == "ssm-secure":
                found = get_backend("ssm")[self.account][self.region].get_parameter(name)
                return None if found is None else found.response_object(decrypt=True)["Value"]
            secrets = get_backend("secretsmanager")[self.account][self.region]
            stage = reference.stage or ("" if reference.version else "AWSCURRENT")
            secret = secrets.get_secret_value(reference.name, reference.version or "", stage)
        except _ERRORS:
            return None
        text = secret.get("SecretString")
        return text if isinstance(text, str) else None

    def text_at(self, location: str) -> str | None:
        """Return the text of an S3 object at `s3://bucket/key` or a URL; None if there is none.

        A client that reaches S3 at 127.0.0.1 writes that host into a URL: any IP address is path-style.
        """
        parts = urlsplit(location)
        host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
        if parts.scheme == "s3":
            bucket, key = parts.netloc, path
        elif _is_path_style(host):
            bucket, _, key = path.partition("/")
        else:
            bucket, key = re.split(r"\.s3[.-]", host, maxsplit=1)[0], path
        try:
            found = get_backend("s3")[self.account][partition(self.region)].get_object(bucket, key)
            return None if found is None else str(found.value.decode())
        except (*_ERRORS, UnicodeDecodeError):
            return None

    def can_assume(self, role_arn: str) -> bool:
        """Return whether CloudFormation can assume a role: it exists, and its trust policy names CloudFormation."""
        roles = get_backend("iam")[self.account][partition(self.region)].get_roles()
        trust = next((role.assume_role_policy_document for role in roles if role.arn == role_arn), None)
        return trust is not None and "cloudformation.amazonaws.com" in json.dumps(trust)

    def publish(self, topic_arn: str, subject: str, message: str) -> None:
        """Publish a message to an SNS topic; do nothing if there is no such topic."""
        region = (topic_arn.split(":") + [""] * 4)[3] or self.region
        with suppress(*_ERRORS, ValueError):  # ValueError: it isn't an ARN
            get_backend("sns")[self.account][region].publish(message, subject=subject, arn=topic_arn)

    def availability_zones(self, region: str) -> list[str]:
        """Return the names of a region's availability zones."""
        from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend  # noqa: PLC0415 - half a second

        return [zone.name for zone in RegionsAndZonesBackend.zones.get(region, [])]


def _is_path_style(host: str) -> bool:
    if host == "localhost" or re.fullmatch(r"s3[.-](?!.*\.s3[.-]).*amazonaws\.com(\.cn)?", host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
