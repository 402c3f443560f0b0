"""What a definition is called: a name for a new one, and the name behind what a request identifies it by."""

import hashlib
import json
import re
from typing import NamedTuple

from cloudformation_cli_python_lib.exceptions import InvalidRequest, NotFound

from . import TYPE_NAME, words
from .models import ResourceModel

NAME_LENGTH = 63
"""The longest name, in characters (SageMaker API, MonitoringJobDefinitionName)."""

_DIGEST_LENGTH = 12
_PART_LENGTH = (NAME_LENGTH - _DIGEST_LENGTH - 2) // 2
_KIND = "model-quality-job-definition"
_ROLE = r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>[0-9]{12}):"  # compiled when it is needed, which is rarely
_ARN = re.compile(
    r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):"
    r"model-quality-job-definition/(?P<name>[a-z0-9](?:-*[a-z0-9]){0,62})",
    re.IGNORECASE | re.ASCII,
)


class Arn(NamedTuple):
    """The parts of a definition's ARN that say where it is and what it is called."""

    region: str
    account: str
    name: str


def generated_name(stack_id: str | None, logical_id: str | None, token: str) -> str:
    """Return the name of a definition whose template gives none: the same for the same request, for no other.

    It is lower-case, because ARNs come back in lower case: the name in the ARN is then the name, to the letter.

    Args:
        stack_id: The stack's ARN; None outside of stacks (Cloud Control, `cfn test`).
        logical_id: The resource's name in the template.
        token: The request's clientRequestToken, which CloudFormation repeats when it sends a request again.
    """
    stack_name = stack_id.split("/")[1] if stack_id and stack_id.count("/") > 1 else stack_id
    readable = (_readable(part) for part in (stack_name, logical_id) if part)
    digest = hashlib.sha256(json.dumps([stack_id, logical_id, token]).encode()).hexdigest()
    return "-".join([*filter(None, readable), digest[:_DIGEST_LENGTH]])


def arn_of(generated: str, role: str | None, region: str | None, account: str | None) -> str | None:
    """Return the ARN that a definition under a generated name has or is going to have.

    It is known before SageMaker has answered, so that no answer that is lost orphans the definition. The partition is
    that of the role, which has to be of the same one; so has its account to be the same (iam:PassRole).

    Args:
        generated: A name that `generated_name` made.
        role: The RoleArn property.
        region: The region that the request is for.
        account: The account that the request is for.

    Returns:
        None if the role's ARN is none: then SageMaker makes nothing.
    """
    parts = re.match(_ROLE, role or "")
    if parts is None or region is None:
        return None
    return f"arn:{parts['partition']}:sagemaker:{region}:{account or parts['account']}:{_KIND}/{generated}".lower()


def parse(arn: str) -> Arn:
    """Take a definition's ARN apart.

    Raises:
        InvalidRequest: It is no ARN of a model quality job definition.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise InvalidRequest(
            f"'{words.shown(arn)}' is not the ARN of a model quality job definition: "
            "arn:<partition>:sagemaker:<region>:<account>:model-quality-job-definition/<name>"
        )
    return Arn(**match.groupdict())


def name_of(model: ResourceModel | None, region: str | None, account: str | None) -> str:
    """Return the name of the definition that a request is about: by ARN where there is one, else by name.

    The ARN decides; the name only lends it its case, which an ARN may have lost.

    Args:
        model: What the request says of the definition; None when it says nothing.
        region: The region that the request is for.
        account: The account that the request is for.

    Raises:
        InvalidRequest: The ARN is no ARN of this type.
        NotFound: The ARN is of another region or account, or there is neither ARN nor name.
    """
    if model is None or not (model.JobDefinitionArn or model.JobDefinitionName):
        raise _not_found("(no JobDefinitionArn and no JobDefinitionName)")
    if not model.JobDefinitionArn:
        return str(model.JobDefinitionName)
    arn = parse(model.JobDefinitionArn)
    if (arn.region.lower(), arn.account) != ((region or arn.region).lower(), account or arn.account):
        raise _not_found(f"{words.shown(model.JobDefinitionArn)} (this request is for {region}, account {account})")
    if model.JobDefinitionName and same(model.JobDefinitionName, arn.name):
        return model.JobDefinitionName
    return arn.name


def confirm(asked: ResourceModel | None, found_arn: str) -> None:
    """Make sure that the definition found under a name is the one whose ARN was asked for.

    Raises:
        NotFound: It is another's: the name was found, but not under this ARN.
    """
    if asked is not None and asked.JobDefinitionArn and not same(asked.JobDefinitionArn, found_arn):
        raise _not_found(words.shown(asked.JobDefinitionArn))


def same(one: str, other: str) -> bool:
    """Compare two names or two ARNs as SageMaker does: without case."""
    return one.lower() == other.lower()


def _not_found(identifier: str) -> NotFound:
    return NotFound(TYPE_NAME, identifier)


def _readable(part: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", part.lower())[:_PART_LENGTH].strip("-")
