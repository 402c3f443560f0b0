"""Checks whether the resources that inputs name exist in an account.

It recognises most resources by the form of a value, such as a role's ARN, and endpoint and baselining job by property.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tools.publishing.place import Place
from tools.publishing.stand_ins import strings

SERVICE = "sagemaker.amazonaws.com"
# Each service's codes for "not found". S3 answers a HEAD with a bare status; SageMaker answers ValidationException.
_MISSING_CODES = {
    "404",
    "InvalidGroup.NotFound",
    "InvalidSubnetID.NotFound",
    "NoSuchBucket",
    "NoSuchEntity",
    "NotFoundException",
    "RepositoryNotFoundException",
    "ResourceNotFound",
    "ValidationException",
}
_REFUSED_CODES = {"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_BUCKET = re.compile(r"s3://(?P<bucket>[^/]+).*")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:.+|alias/.+")
_SUBNET = re.compile(r"subnet-[0-9a-f]+")
_GROUP = re.compile(r"sg-[0-9a-f]+")
_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com[a-z.]*/(?P<name>[^:@]+).*")


@dataclass
class Findings:
    """The result of a check: problems that prevent a registration, and notes that don't."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_resources(documents: Mapping[str, Any], place: Place) -> Findings:
    """Look for every resource that inputs name, once each.

    Args:
        documents: The inputs by file name, with the values of their variables.
        place: The account and region.
    """
    findings = Findings()
    checked: set[tuple[str, str]] = set()
    for file, document in documents.items():
        for kind, text in _named_resources(document):
            if (kind, text) not in checked:
                checked.add((kind, text))
                _check_resource(findings, kind, text, file, place)
    return findings


def endpoint_problem(session: boto3.Session, name: str) -> str | None:
    """Return why an endpoint can't be monitored, or None if it can.

    Source: "Capture data" in the SageMaker developer guide: Model Monitor reads the data that an endpoint captures.
    """
    client = session.client("sagemaker")
    try:
        capture = client.describe_endpoint(EndpointName=name).get("DataCaptureConfig", {})
        if not capture:  # a starting endpoint may not report it; the endpoint's configuration does
            config = client.describe_endpoint(EndpointName=name)["EndpointConfigName"]
            configured = client.describe_endpoint_config(EndpointConfigName=config).get("DataCaptureConfig", {})
            capture = {"EnableCapture": configured.get("EnableCapture", bool(configured))}
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING_CODES:
            raise
        return f"There is no endpoint {name} in {session.region_name}."
    return None if capture.get("EnableCapture") else f"The endpoint {name} captures no data."


def _check_resource(findings: Findings, kind: str, text: str, file: str, place: Place) -> None:
    try:
        problem = _CHECKS[kind](text, place)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _MISSING_CODES:
            problem = f"There is no {kind} {text} in account {place.account}, {place.region}."
        elif code in _REFUSED_CODES:
            findings.notes.append(f"Whether the {kind} {text} exists can't be seen: {code} ({error.operation_name}).")
            return
        else:
            raise
    if problem and kind == "baselining job":
        findings.notes.append(f"{problem} Whether SageMaker asks for it is not documented.")
    elif problem:
        findings.problems.append(f"{problem} {file} names it.")


def _named_resources(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the kind of each resource that a document names, with its name or address."""
    for text in strings(document):
        for kind, pattern in _PATTERNS.items():
            if match := pattern.fullmatch(text):
                yield kind, match["bucket"] if kind == "bucket" else text
    for kind, path in _PROPERTIES.items():
        value: Any = document
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            yield kind, value


def _role_problem(text: str, place: Place) -> str | None:
    name = text.rpartition("/")[2]
    policy = place.session.client("iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    for statement in statements:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, Mapping) else []
        if statement["Effect"] == "Allow" and SERVICE in ([services] if isinstance(services, str) else services):
            return None
    return f"SageMaker can't assume the role {text}: its trust policy does not name {SERVICE}."


def _bucket_problem(text: str, place: Place) -> str | None:
    place.session.client("s3").head_bucket(Bucket=text)
    return None


def _key_problem(text: str, place: Place) -> str | None:
    state = place.session.client("kms").describe_key(KeyId=text)["KeyMetadata"]["KeyState"]
    return None if state == "Enabled" else f"The key {text} is {state}."


def _subnet_problem(text: str, place: Place) -> str | None:
    place.session.client("ec2").describe_subnets(SubnetIds=[text])
    return None


def _group_problem(text: str, place: Place) -> str | None:
    place.session.client("ec2").describe_security_groups(GroupIds=[text])
    return None


def _repository_problem(text: str, place: Place) -> str | None:
    match = _IMAGE.fullmatch(text)
    if match and match["account"] == place.account:
        place.session.client("ecr").describe_repositories(repositoryNames=[match["name"]])
    return None


def _endpoint_problem(text: str, place: Place) -> str | None:
    return endpoint_problem(place.session, text)


def _job_problem(text: str, place: Place) -> str | None:
    place.session.client("sagemaker").describe_processing_job(ProcessingJobName=text)
    return None


_PATTERNS = {
    "role": _ROLE,
    "bucket": _BUCKET,
    "key": _KEY,
    "subnet": _SUBNET,
    "security group": _GROUP,
    "image repository": _IMAGE,
}
_PROPERTIES = {
    "endpoint": ("ModelQualityJobInput", "EndpointInput", "EndpointName"),
    "baselining job": ("ModelQualityBaselineConfig", "BaseliningJobName"),
}
_CHECKS: dict[str, Callable[[str, Place], str | None]] = {
    "role": _role_problem,
    "bucket": _bucket_problem,
    "key": _key_problem,
    "subnet": _subnet_problem,
    "security group": _group_problem,
    "image repository": _repository_problem,
    "endpoint": _endpoint_problem,
    "baselining job": _job_problem,
}
