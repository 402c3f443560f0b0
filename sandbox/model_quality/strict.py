"""What SageMaker asks of an account before it takes a definition: rules that an empty sandbox would fail.

They are off unless asked for (`Account(strict=True)`, `--strict`): most templates that are tried in the sandbox name a
role and an endpoint that nobody made. Each rule names its source; "seen" is an error that users have reported.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import sagemaker_backends
from moto.sagemaker.utils import arn_formatter
from moto.utilities.utils import get_partition

SERVICE = "sagemaker.amazonaws.com"


def check(request: Mapping[str, Any], account: str, region: str) -> None:
    """Refuse a Create request that the account is not ready for. In which order SageMaker looks is not known.

    Args:
        request: a valid CreateModelQualityJobDefinition request.
        account: the account's id.
        region: the region that the request is for.

    Raises:
        ValidationError: with what is missing.
    """
    _attributes(request)
    _role(request["RoleArn"], account, region)
    _endpoint(request, account, region)


def _attributes(request: Mapping[str, Any]) -> None:
    """Seen: aws/sagemaker-python-sdk issue 3959.

    AWS's own examples leave InferenceAttribute out for binary classification with a probability; so does this.
    """
    endpoint = request["ModelQualityJobInput"].get("EndpointInput")
    if endpoint is None or endpoint.get("InferenceAttribute"):
        return
    binary = request["ModelQualityAppSpecification"].get("ProblemType") == "BinaryClassification"
    if not (binary and endpoint.get("ProbabilityAttribute")):
        raise ValidationError(
            "InvalidParameter: 1 validation error(s) found.\n- missing required field, "
            "CreateModelQualityJobDefinitionInput.ModelQualityJobInputs.EndpointInput.InferenceAttribute.\n"
        )


def _role(arn: str, account: str, region: str) -> None:
    """Seen: awslabs/predictive-maintenance-using-machine-learning issue 3, of a transform job.

    The SageMaker API reference says of RoleArn that it is a role that SageMaker "can assume to perform tasks".
    """
    try:
        role = iam_backends[account][get_partition(region)].get_role_by_arn(arn)
    except NotFoundException:
        trusted: set[str] = set()
    else:
        trusted = set(_trusted(json.loads(role.assume_role_policy_document)))
    if SERVICE not in trusted:
        raise ValidationError(
            f"Could not assume role {arn}. Please ensure that the role exists and allows principal '{SERVICE}' to "
            "assume the role."
        )


def _trusted(policy: Mapping[str, Any]) -> Iterator[str]:
    """The services that a trust policy allows to assume its role."""
    for statement in _listed(policy.get("Statement")):
        principal = statement.get("Principal", {})
        if statement.get("Effect") == "Allow" and "sts:AssumeRole" in _listed(statement.get("Action")):
            yield from _listed(principal.get("Service") if isinstance(principal, Mapping) else None)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  IAM takes one for a list of one
    return value if isinstance(value, list) else [value] if value is not None else []


def _endpoint(request: Mapping[str, Any], account: str, region: str) -> None:
    """Seen: aws/sagemaker-python-sdk issue 4873. The words are those of other operations for what is not there."""
    name = request["ModelQualityJobInput"].get("EndpointInput", {}).get("EndpointName")
    if name is not None and name not in sagemaker_backends[account][region].endpoints:
        raise ValidationError(f'Could not find endpoint "{arn_formatter("endpoint", name, account, region)}".')
