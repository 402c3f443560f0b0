"""The resources that contract tests need in an account: a stack from the project's template, and its outputs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cfn_sandbox.contract import inputs
from tools.publishing import stand_ins
from tools.publishing.errors import PublishingError
from tools.publishing.existence import endpoint_problem
from tools.publishing.place import Place
from tools.publishing.stand_ins import TEMPLATE

STACK = "model-quality-contract-tests"
COMMAND = "make prerequisites ENDPOINT_NAME=..."
_EXPORTS = ("account", "partition", "region")
_MARK = "StandIns"  # in the metadata of the project's template, and of no other
_NOT_UPDATABLE = {"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"}  # a stack in this status can't be updated
_TIMEOUT = 15 * 60  # seconds; the stack takes two or three minutes
_FAILED = re.compile(r"FAILED|ROLLBACK")

Progress = Callable[[str], None]


def deploy(project: Path, place: Place, endpoint: str, baselining_job: str | None, progress: Progress) -> None:
    """Create or update the stack, wait for it, and put the files that inputs name into its bucket.

    Args:
        project: The project's folder.
        place: The account and region.
        endpoint: The name of an endpoint with data capture.
        baselining_job: The name of a baselining job; None means the template's default.
        progress: Called with each line to show.

    Raises:
        PublishingError: The endpoint is missing or captures no data, or the stack can't be deployed; with the reason.
    """
    _require_template(project)
    if not endpoint:
        raise PublishingError(
            "No endpoint: name one of yours that captures data, with ENDPOINT_NAME=... SageMaker refuses a definition "
            "whose endpoint doesn't exist, and this command creates none, because an endpoint costs money."
        )
    if problem := endpoint_problem(place.session, endpoint):
        raise PublishingError(f"{problem} Name another with ENDPOINT_NAME=...")
    parameters = {"EndpointName": endpoint, "ExportVariables": _export_parameter(place, progress)}
    if baselining_job:
        parameters["BaseliningJobName"] = baselining_job
    client = place.session.client("cloudformation")
    status = _status(client)
    if status in _NOT_UPDATABLE:
        progress(f"Deleting what an earlier attempt left of {STACK}")
        _delete_stack(client, progress)
        status = None
    request = {
        "StackName": STACK,
        "TemplateBody": (project / TEMPLATE).read_text(encoding="utf-8"),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    progress(f"{'Updating' if status else 'Creating'} the stack {STACK}")
    seen = {event["EventId"] for event in _events(client)} if status else set()
    try:
        client.update_stack(**request) if status else client.create_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        progress("  It is up to date.")
    else:
        _wait_for_end(client, seen, progress)
    count = _upload_files(project, place)
    progress(f"Put {count} files that inputs/ names into its bucket. Next: make submit TYPE_NAME=...")


def delete(project: Path, place: Place, progress: Progress) -> None:
    """Empty the stack's buckets and delete the stack.

    A bucket is emptied only if it is a resource of the stack, and the stack is `deploy`'s: an output can name any
    bucket of the account, and somebody else's stack can have the same name.

    Raises:
        PublishingError: The stack doesn't exist, isn't `deploy`'s or can't be deleted; with the reason.
    """
    _require_template(project)
    client = place.session.client("cloudformation")
    if _status(client) is None:
        raise PublishingError(f"There is no stack {STACK} in {place.region}: nothing to delete.")
    if _MARK not in str(client.get_template(StackName=STACK)["TemplateBody"]):
        raise PublishingError(
            f"The stack {STACK} in {place.region} isn't the one that `make prerequisites` deploys: its template has no "
            f"{_MARK} in its metadata. Nothing was deleted; delete it yourself if you don't need it."
        )
    for resource in client.describe_stack_resources(StackName=STACK)["StackResources"]:
        if resource["ResourceType"] == "AWS::S3::Bucket" and resource.get("PhysicalResourceId"):
            _empty_bucket(place.session.client("s3"), resource["PhysicalResourceId"])
    progress(f"Deleting the stack {STACK}")
    _delete_stack(client, progress)
    progress("Deleted. AWS deletes the stack's KMS key in 7 days; it costs nothing until then.")


def outputs(place: Place) -> dict[str, str]:
    """Return the stack's outputs, or none if the stack doesn't exist or is not complete."""
    try:
        (stack,) = place.session.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return {}
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _require_template(project: Path) -> None:
    if not (project / TEMPLATE).exists():
        raise PublishingError(f"{project} has no {TEMPLATE}: its contract tests need nothing that can be deployed.")


def _export_parameter(place: Place, progress: Progress) -> str:
    """Return whether the stack can export the variables ("yes", "no"): only one stack can have an export's name."""
    pages = place.session.client("cloudformation").get_paginator("list_exports").paginate()
    taken = {
        export["Name"]
        for page in pages
        for export in page["Exports"]
        if export["Name"] in _EXPORTS and f":stack/{STACK}/" not in export["ExportingStackId"]
    }
    if taken:
        progress(
            f"Another stack exports {', '.join(sorted(taken))}, so this one does not. Only `cfn test` reads exports."
        )
    return "no" if taken else "yes"


def _status(client: Any) -> str | None:  # noqa: ANN401 - boto3 creates the class at run time
    try:
        (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None
    status: str = stack["StackStatus"]
    return None if status == "DELETE_COMPLETE" else status


def _events(client: Any, stack: str = STACK) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
    """Return the stack's events, oldest first."""
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack)
    return [event for page in pages for event in page["StackEvents"]][::-1]


def _delete_stack(client: Any, progress: Progress) -> None:  # noqa: ANN401 - as above
    (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
    seen = {event["EventId"] for event in _events(client)}
    client.delete_stack(StackName=STACK)
    _wait_for_end(client, seen, progress, stack["StackId"])


def _wait_for_end(client: Any, seen: set[str], progress: Progress, stack: str = STACK) -> None:  # noqa: ANN401 - as above
    """Show a stack's events until its operation ends.

    Raises:
        PublishingError: The operation failed, with the reasons in the events, or it takes too long.
    """
    reasons: list[str] = []
    deadline = time.monotonic() + _TIMEOUT
    while True:
        # The status is read first, so that the events include every one that led to it.
        status = str(client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        for event in _events(client, stack):
            if event["EventId"] not in seen:
                seen.add(event["EventId"])
                progress(f"  {event['ResourceStatus']:20} {event['LogicalResourceId']}")
                if event["ResourceStatus"].endswith("FAILED") and event["LogicalResourceId"] != STACK:
                    reasons.append(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}")
        if not status.endswith("IN_PROGRESS"):
            break
        if time.monotonic() > deadline:
            raise PublishingError(f"The stack {STACK} is {status} for {_TIMEOUT // 60} minutes: look at its events.")
        time.sleep(3)
    if _FAILED.search(status):
        raise PublishingError(f"The stack {STACK} is {status}. {' '.join(reasons) or 'Its events say no more.'}")


def _upload_files(project: Path, place: Place) -> int:
    """Put an empty JSON document at each file address in the stack's bucket that inputs name; return their number."""
    bucket = outputs(place)["Bucket"]
    names = {
        match["key"]
        for input_set in inputs.read(project / "inputs", place.variables)
        for document in input_set.documents.values()
        for text in stand_ins.strings(document)
        if (match := re.fullmatch(rf"s3://{re.escape(bucket)}/(?P<key>.+\.\w+)", text))
    }
    for name in names:
        place.session.client("s3").put_object(Bucket=bucket, Key=name, Body=b"{}")
    return len(names)


def _empty_bucket(client: Any, bucket: str) -> None:  # noqa: ANN401 - as above
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
            if keys:
                client.delete_objects(Bucket=bucket, Delete={"Objects": keys})
    except client.exceptions.NoSuchBucket:
        return  # somebody deleted it; the stack can still be deleted
