"""SageMaker's requirements of an account before it accepts a definition.

`Account(strict=True)` or `--strict` turns them on. They are off by default, because most templates that people try in
the sandbox name a role and an endpoint that don't exist. Each rule names its source. "Seen" is an error that users
reported.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.utils import arn_formatter
from moto.utilities.utils import get_partition

from tools.sagemaker.monitors import MONITORS, Definitions, Monitor

SERVICE = "sagemaker.amazonaws.com"
HOURLY = "cron(0 * ? * * *)"


def check(monitor: Monitor, request: Mapping[str, Any], account: str, region: str) -> None:
    """Refuse a Create request if the account lacks something that it needs. SageMaker's order of checks is not known.

    Args:
        monitor: the monitor.
        request: a valid request to create one of its definitions.
        account: the account's id.
        region: the request's region.

    Raises:
        ValidationError: the account or the request lacks something; the message names it.
    """
    endpoint_input = request[monitor.input].get("EndpointInput", {})
    if monitor.name == "ModelQuality":
        _check_attributes(request)
    _check_role(request["RoleArn"], account, region)
    _check_endpoint(endpoint_input.get("EndpointName"), account, region)


def check_schedule(request: Mapping[str, Any], backend: SageMakerModelBackend) -> None:
    """Refuse an hourly schedule whose job may run longer than AWS documents.

    Source: model, MonitoringStoppingCondition: "the MaxRuntimeInSeconds for an hourly schedule" is at most 1800 for
    model quality and bias, 3600 for data quality and explainability. That SageMaker refuses more is assumed.

    Args:
        request: a valid request to create or update a schedule.
        backend: moto's SageMaker of the account and region.

    Raises:
        ValidationError: the job may run too long.
    """
    config = request["MonitoringScheduleConfig"]
    expression = config.get("ScheduleConfig", {}).get("ScheduleExpression")
    monitor, name = MONITORS.get(config.get("MonitoringType")), config.get("MonitoringJobDefinitionName")
    if monitor is None or expression != HOURLY:
        return
    job = Definitions(monitor, backend).find(name).request if name else config.get("MonitoringJobDefinition", {})
    seconds = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 0)
    if seconds > monitor.hourly:
        raise ValidationError(
            f"MaxRuntimeInSeconds is {seconds}; for an hourly {monitor.words} schedule it is at most {monitor.hourly}"
        )


def _check_attributes(request: Mapping[str, Any]) -> None:
    """Require InferenceAttribute. Seen: aws/sagemaker-python-sdk issue 3959.

    It can be missing for binary classification with a ProbabilityAttribute, as in AWS's own examples.
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


def _check_role(arn: str, account: str, region: str) -> None:
    """Require a role that trusts SageMaker.

    Seen: awslabs/predictive-maintenance-using-machine-learning issue 3, for a transform job. The SageMaker API
    reference describes RoleArn as a role that SageMaker "can assume to perform tasks".
    """
    try:
        role = iam_backends[account][get_partition(region)].get_role_by_arn(arn)
    except NotFoundException:
        trusted: set[str] = set()
    else:
        trusted = set(_trusted_services(json.loads(role.assume_role_policy_document)))
    if SERVICE not in trusted:
        raise ValidationError(
            f"Could not assume role {arn}. Please ensure that the role exists and allows principal '{SERVICE}' to "
            "assume the role."
        )


def _trusted_services(policy: Mapping[str, Any]) -> Iterator[str]:
    """Yield the services that a trust policy allows to assume its role."""
    for statement in _as_list(policy.get("Statement")):
        principal = statement.get("Principal", {})
        if statement.get("Effect") == "Allow" and "sts:AssumeRole" in _as_list(statement.get("Action")):
            yield from _as_list(principal.get("Service") if isinstance(principal, Mapping) else None)


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401  IAM accepts a single value instead of a list
    return value if isinstance(value, list) else [value] if value is not None else []


def _check_endpoint(name: str | None, account: str, region: str) -> None:
    """Require the endpoint. Seen: aws/sagemaker-python-sdk issue 4873. The message is that of other operations."""
    if name is not None and name not in sagemaker_backends[account][region].endpoints:
        raise ValidationError(f'Could not find endpoint "{arn_formatter("endpoint", name, account, region)}".')
