"""Reads requests to CloudFormation: the stack, the template, the tags."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends

from cfn_sandbox.cloudformation.stack import Stack

Answer = dict[str, Any]


def as_moto_action(
    action: Callable[[CloudFormationResponse], Answer],
) -> Callable[[CloudFormationResponse], ActionResult]:
    """Wrap an action for moto's dispatcher, which writes the answer by botocore's model of the API."""

    @wraps(action)
    def method(response: CloudFormationResponse) -> ActionResult:
        return ActionResult(action(response))

    return method


def named_stack(response: CloudFormationResponse, name: str | None = None, *, deleted: bool = True) -> Stack:
    """Return the stack that the request or `name` names.

    Args:
        response: moto's object for the request.
        name: a stack's name or id; by default the request's StackName.
        deleted: whether to find a deleted stack by its id.

    Raises:
        ValidationError: the stack does not exist.
    """
    backend, name = response.cloudformation_backend, name or response.params.get("StackName")
    for stack in [*backend.stacks.values(), *(backend.deleted_stacks.values() if deleted else [])]:
        if name == stack.stack_id or (name == stack.name and stack.status != "DELETE_COMPLETE"):
            return cast("Stack", stack)
    raise ValidationError(message=f"Stack [{name}] does not exist")


def template_text(response: CloudFormationResponse, before: Stack | None = None) -> str:
    """Return the template that the request contains or links to.

    Args:
        response: moto's object for the request.
        before: the stack whose template UsePreviousTemplate means.

    Raises:
        ValidationError: the request gives no template, or more than one.
    """
    body, url = response.params.get("TemplateBody"), response.params.get("TemplateURL")
    previous = response.params.get("UsePreviousTemplate")
    if previous and (body or url):
        text = "You cannot specify both usePreviousTemplate and Template Body/Template URL."
        raise ValidationError(message=text)
    if body and url:
        raise ValidationError(message="You cannot specify both Template Body and Template URL.")
    if previous and before is not None:
        return str(before.template)
    if url:
        return template_at(url, response.current_account, response.partition)
    if not body:
        raise ValidationError(message="Either Template URL or Template Body must be specified.")
    return str(body)


def template_at(template_url: str, account_id: str, partition: str) -> str:
    """Return the template at an S3 URL.

    moto recognizes a path-style URL by the word "localhost" in it, or by an AWS host that begins with s3. A client that
    reaches S3 at 127.0.0.1 writes that host into the URL, so this also takes any IP address for path-style.

    Raises:
        ValidationError: there is no such object.
    """
    parts = urlsplit(template_url)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    if _is_path_style(host):
        bucket, _, key = path.partition("/")
    else:
        bucket, key = re.split(r"\.s3[.-]", host, maxsplit=1)[0], path
    try:
        s3_object = s3_backends[account_id][partition].get_object(bucket, key)
    except S3ClientError as error:
        raise ValidationError(message=f"S3 error: {error.message}") from error
    if s3_object is None:
        raise ValidationError(message="S3 error: The specified key does not exist.")
    return str(s3_object.value.decode())


def _is_path_style(host: str) -> bool:
    if host == "localhost" or re.fullmatch(r"s3[.-](?!.*\.s3[.-]).*amazonaws\.com(\.cn)?", host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def tags(response: CloudFormationResponse) -> dict[str, str] | None:
    """Return the request's tags; None if it has none, which keeps a stack's tags.

    boto3's query protocol has no empty list, so an empty list and a missing one look the same.
    """
    requested = {item["Key"]: item["Value"] for item in response.params.get("Tags") or []}
    return requested or None


def flag(response: CloudFormationResponse, name: str) -> bool:
    """Return a boolean parameter of the request; False by default."""
    return str(response.params.get(name, False)).lower() == "true"
