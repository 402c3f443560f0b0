"""What identifies a definition: its name, generated or found in a request, its ARN, and when it was created."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from . import TYPE_NAME, messages
from .models import ResourceModel
from .runtime import words

IDENTIFIERS = ("JobDefinitionArn", "JobDefinitionName")
"""The properties that identify a resource of this type."""

NAME_LENGTH = 63
"""The maximum length of a name, in characters (SageMaker API, MonitoringJobDefinitionName)."""

_DIGEST_LENGTH = 12
_PART_LENGTH = (NAME_LENGTH - _DIGEST_LENGTH - 2) // 2
_PREFIX = "model-quality"
"""What a name begins with where the request has no stack and no logical id, to be recognized in SageMaker's console."""

_ROLE = r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12}):"  # compiled on use, which is rare
_ARN = re.compile(
    r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):"
    r"model-quality-job-definition/(?P<name>[a-z0-9](?:-*[a-z0-9]){0,62})",
    re.IGNORECASE | re.ASCII,
)
_YEARS = range(1970, 9000)
"""A time outside of these is none of SageMaker's, and could not be compared with a margin."""


def generated_name(stack_id: str | None, logical_id: str | None, token: str) -> str:
    """Return the name for a definition without JobDefinitionName. The same request always gets the same name.

    It is lower-case because SageMaker returns ARNs in lower case: so the name in the ARN equals the definition's name.
    The stack's ARN is None outside stacks (Cloud Control, `cfn test`). The token is the request's clientRequestToken,
    which CloudFormation sends again when it repeats a request.
    """
    stack_name = stack_id.split("/")[1] if stack_id and stack_id.count("/") > 1 else stack_id
    parts = [re.sub(r"[^a-z0-9]+", "-", part.lower())[:_PART_LENGTH] for part in (stack_name, logical_id) if part]
    start = "-".join(filter(None, (part.strip("-") for part in parts))) or _PREFIX
    digest = hashlib.sha256(json.dumps([stack_id, logical_id, token]).encode()).hexdigest()
    return f"{start}-{digest[:_DIGEST_LENGTH]}"


def arn_of(generated: str, role: str | None, region: str | None, account: str | None) -> str | None:
    """Return the ARN that a definition with a generated name has or will have.

    It is known before SageMaker answers, so a lost answer can't orphan the definition. Region and account are the
    request's. The partition is that of RoleArn, which must belong to the definition's partition and account
    (iam:PassRole). SageMaker refuses what is not an ARN of a role: None.
    """
    parts = re.match(_ROLE, role or "")
    if parts is None or region is None:
        return None
    owner = f"{parts['partition']}:sagemaker:{region}:{account or parts['account']}"
    return f"arn:{owner}:model-quality-job-definition/{generated}".lower()


def parse(arn: str) -> re.Match[str]:
    """Return the parts of a definition's ARN: region, account and name.

    Raises:
        InvalidRequest: It is not the ARN of a model quality job definition.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise messages.NO_ARN.error(arn=words.shown(arn))
    return match


def name_of(model: ResourceModel | None, region: str | None, account: str | None) -> str:
    """Return the name of the definition that a request identifies, by its ARN if there is one, else by its name.

    If both are given and match, the result is spelled like the name: SageMaker returns ARNs in lower case. Region and
    account are the request's.

    Raises:
        InvalidRequest: The ARN is not of this type.
        NotFound: The ARN is of another region or account, or there is neither ARN nor name.
    """
    if model is None or not (model.JobDefinitionArn or model.JobDefinitionName):
        raise messages.NO_IDENTIFIER.error(type=TYPE_NAME)
    if not model.JobDefinitionArn:
        return str(model.JobDefinitionName)
    arn = parse(model.JobDefinitionArn)
    if not same(arn["region"], region or arn["region"]) or arn["account"] != (account or arn["account"]):
        shown = words.shown(model.JobDefinitionArn)
        raise messages.NOT_HERE.error(type=TYPE_NAME, arn=shown, region=region, account=account)
    if model.JobDefinitionName and same(model.JobDefinitionName, arn["name"]):
        return model.JobDefinitionName
    return arn["name"]


def confirm(arn: str | None, found: str) -> None:
    """Make sure that a definition found by its name has the expected ARN, if one is.

    Raises:
        NotFound: It has another ARN.
    """
    if arn and not same(arn, found):
        raise messages.ERRORS.not_found(arn).error()


def same(one: str, other: str) -> bool:
    """Return whether two names or two ARNs are equal. Like SageMaker, this ignores case."""
    return one.lower() == other.lower()


def moment(value: object) -> datetime | None:
    """Return a time, a datetime or text in ISO 8601, in UTC; None if it can't be read, or has no zone.

    A time that can't be read is no proof, and no error, whether SageMaker, an event or a callback context gives it.
    """
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(found, datetime) or found.utcoffset() is None:
            return None
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year in _YEARS else None


def created(description: Mapping[str, Any]) -> datetime | None:
    """Return when a definition was created, by Describe's answer."""
    return moment(description.get("CreationTime"))


def created_after(description: Mapping[str, Any], seconds: float) -> float | None:
    """Return how long after a moment a definition was created, by SageMaker's clock, in seconds; None if nobody knows.

    The moment was this many seconds before the answer, whose Date is cut to whole seconds.
    """
    made = created(description)
    try:
        now = moment(parsedate_to_datetime(description["ResponseMetadata"]["HTTPHeaders"]["date"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        now = None
    return None if made is None or now is None else (made - now).total_seconds() + seconds
