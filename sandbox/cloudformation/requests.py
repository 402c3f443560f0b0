"""What a request to CloudFormation says: its stack, its template, its tags."""

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

from sandbox.cloudformation.stack import Stack

Answer = dict[str, Any]


def answering(action: Callable[[CloudFormationResponse], Answer]) -> Callable[[CloudFormationResponse], ActionResult]:
    """An action as moto's dispatcher calls it: what it returns is written by botocore's model of the API."""

    @wraps(action)
    def answer(response: CloudFormationResponse) -> ActionResult:
        return ActionResult(action(response))

    return answer


def named_stack(response: CloudFormationResponse, name: str | None = None, *, deleted: bool = True) -> Stack:
    """The stack that the request names, or that a name or id says.

    Args:
        response: moto's object for the request.
        name: a stack's name or id, if it is not the request's StackName.
        deleted: whether one that is deleted is found by its id.

    Raises:
        ValidationError: there is none.
    """
    backend, name = response.cloudformation_backend, name or response.params.get("StackName")
    for stack in [*backend.stacks.values(), *(backend.deleted_stacks.values() if deleted else [])]:
        if name == stack.stack_id or (name == stack.name and stack.status != "DELETE_COMPLETE"):
            return cast("Stack", stack)
    raise ValidationError(message=f"Stack [{name}] does not exist")


def template_text(response: CloudFormationResponse, before: Stack | None = None) -> str:
    """The template that the request has, or says where it is.

    Args:
        response: moto's object for the request.
        before: the stack whose template UsePreviousTemplate means.

    Raises:
        ValidationError: there is none, or more than one.
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
    """The template at an address of S3's.

    moto knows a path-style address by the word "localhost" in it, or by a host of AWS's that begins with s3. A client
    that reaches S3 by 127.0.0.1 writes that into the address, and such a host names no bucket.

    Raises:
        ValidationError: there is nothing.
    """
    parts = urlsplit(template_url)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    if _is_path_style(host):
        bucket, _, key = path.partition("/")
    else:
        bucket, key = re.split(r"\.s3[.-]", host, maxsplit=1)[0], path
    try:
        found = s3_backends[account_id][partition].get_object(bucket, key)
    except S3ClientError as error:
        raise ValidationError(message=f"S3 error: {error.message}") from error
    if found is None:
        raise ValidationError(message="S3 error: The specified key does not exist.")
    return str(found.value.decode())


def _is_path_style(host: str) -> bool:
    if host == "localhost" or re.fullmatch(r"s3[.-](?!.*\.s3[.-]).*amazonaws\.com(\.cn)?", host):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def tags(response: CloudFormationResponse) -> dict[str, str] | None:
    """The tags that the request gives: None if none, which leaves a stack's as they are.

    (The query protocol that boto3 speaks has no empty list, so no tags and no word of tags are the same.)
    """
    given = {item["Key"]: item["Value"] for item in response.params.get("Tags") or []}
    return given or None


def flag(response: CloudFormationResponse, name: str) -> bool:
    """A parameter that is true or false; false if it is not given."""
    return str(response.params.get(name, False)).lower() == "true"
