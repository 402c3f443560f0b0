"""All calls to SageMaker: the operations on job definitions and their tags, and how each fails."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cloudformation_cli_python_lib import exceptions

from .error_codes import ERRORS
from .runtime import errors
from .runtime.attempts import Attempts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import (
        CreateModelQualityJobDefinitionRequestTypeDef,
        DescribeModelQualityJobDefinitionResponseTypeDef,
        ListModelQualityJobDefinitionsRequestTypeDef,
        MonitoringJobDefinitionSummaryTypeDef,
        TagTypeDef,
    )

PAGE_SIZE = 100
"""Definitions per page of LIST: SageMaker's maximum (SageMaker API, MaxResults)."""

# A definition has at most 50 tags, and a few of AWS's own (aws:...), so one page holds them all (SageMaker API,
# ListTagsMaxResults: no upper limit, 50 by default).
_TAG_PAGE_SIZE = 100


# Create is documented to answer ResourceInUse. Newer operations of SageMaker answer ResourceAlreadyExists.
_NAME_IS_TAKEN = (
    "ResourceInUse",
    "ResourceInUseException",
    "ResourceAlreadyExists",
    "ResourceAlreadyExistsException",
)

# One page is enough (see above). The limit stops a list that doesn't end.
_TAG_PAGES = 20


class Refused(NamedTuple):
    """The outcome of a Create that did not answer with an ARN."""

    error: errors.HandlerError
    """The error, with SageMaker's message."""

    taken: bool
    """Whether a definition with that name exists."""

    in_doubt_since: float | None
    """When the first attempt that may have created it despite the error began (attempts.py); None: no attempt can."""


class JobDefinitions:
    """The job definitions of one account and region.

    Methods raise the plugin library's exceptions (errors.py), never botocore's.
    """

    def __init__(self, client: "SageMakerClient") -> None:
        self._client = client

    def create(self, request: "CreateModelQualityJobDefinitionRequestTypeDef") -> str | Refused:
        """Create a definition, and return its ARN or why Create failed."""
        attempts = Attempts(ERRORS)
        try:
            return attempts.send(
                request["JobDefinitionName"],
                self._client.create_model_quality_job_definition,
                request,
                _arn,
            )
        except errors.HandlerError as error:
            conflict = isinstance(error, exceptions.AlreadyExists | exceptions.ResourceConflict)
            return Refused(error, conflict and errors.code(error) in _NAME_IS_TAKEN, attempts.in_doubt_since)

    def describe(self, name: str) -> "DescribeModelQualityJobDefinitionResponseTypeDef":
        """Return SageMaker's description of a definition. ARN, name and creation time are certain to be in it."""
        return Attempts(ERRORS).send(
            name,
            self._client.describe_model_quality_job_definition,
            {"JobDefinitionName": name},
            _description,
        )

    def delete(self, name: str, *, existed: bool = False) -> errors.HandlerError | None:
        """Delete a definition. Return ResourceConflict if a monitoring schedule still uses it, else None.

        Args:
            name: The definition's name.
            existed: Whether it existed when the deletion began, so that NotFound means success. After a retry,
                NotFound also means success: the first attempt may have deleted it.
        """
        attempts = Attempts(ERRORS)
        try:
            attempts.send(
                name, self._client.delete_model_quality_job_definition, {"JobDefinitionName": name}, _no_members
            )
        except exceptions.ResourceConflict as in_use:
            return in_use
        except exceptions.NotFound:
            if not existed and attempts.in_doubt_since is None:
                raise
        return None

    def page(
        self, token: str | None, endpoint_name: str | None
    ) -> "tuple[Sequence[MonitoringJobDefinitionSummaryTypeDef], str | None]":
        """Return one page of definitions and the next page's token, None on the last page.

        Args:
            token: The page's token, None for the first.
            endpoint_name: If given, only definitions of this endpoint.
        """
        request: ListModelQualityJobDefinitionsRequestTypeDef = {"MaxResults": PAGE_SIZE}
        if token:
            request["NextToken"] = token
        if endpoint_name:
            request["EndpointName"] = endpoint_name
        return Attempts(ERRORS).send("*", self._client.list_model_quality_job_definitions, request, _summaries)

    def tags(self, name: str, arn: str) -> "list[TagTypeDef]":
        """Return all tags of a definition, AWS's own included.

        Args:
            name: The definition's name.
            arn: Its ARN.

        Raises:
            NotFound: It was deleted since it was described.
        """
        found: list[TagTypeDef] = []
        token = ""
        for _ in range(_TAG_PAGES):
            request = {"ResourceArn": arn, "MaxResults": _TAG_PAGE_SIZE, **({"NextToken": token} if token else {})}
            with self._still_there(name):
                tags, token = Attempts(ERRORS).send(arn, self._client.list_tags, request, _tags)
            found += tags
            if not token:
                return found
        raise exceptions.ServiceInternalError(f"SageMaker's list of the definition's tags has over {_TAG_PAGES} pages.")

    def change_tags(self, name: str, arn: str, to_set: "list[TagTypeDef]", to_remove: list[str]) -> None:
        """Remove tags of a definition, then add tags or change values. This order never exceeds the limit of 50.

        Args:
            name: The definition's name.
            arn: Its ARN.
            to_set: Tags to add or to change.
            to_remove: Keys of tags to remove.

        Raises:
            NotFound: It was deleted since it was described.
        """
        with self._still_there(name):
            if to_remove:
                Attempts(ERRORS).send(
                    arn, self._client.delete_tags, {"ResourceArn": arn, "TagKeys": to_remove}, _no_members
                )
            if to_set:
                Attempts(ERRORS).send(arn, self._client.add_tags, {"ResourceArn": arn, "Tags": to_set}, _no_members)

    @contextmanager
    def _still_there(self, name: str) -> "Iterator[None]":
        """Raise NotFound instead of InvalidRequest if the definition no longer exists.

        The operations on tags answer ValidationException for the ARN of a deleted definition.
        """
        try:
            yield
        except exceptions.InvalidRequest:
            self.describe(name)
            raise


# Readers of answers. Any exception from them means that the answer can't be read (attempts.py).


def _text(answer: "Mapping[str, Any]", member: str) -> str:
    value = answer[member]
    if not isinstance(value, str) or not value:
        raise TypeError(member)
    return value


def _arn(answer: "Mapping[str, Any]") -> str:
    arn = _text(answer, "JobDefinitionArn")
    if not arn.startswith("arn:"):
        raise ValueError
    return arn


def _description(answer: "Mapping[str, Any]") -> "DescribeModelQualityJobDefinitionResponseTypeDef":
    _arn(answer)
    _text(answer, "JobDefinitionName")
    answer["CreationTime"].timestamp()
    return cast("DescribeModelQualityJobDefinitionResponseTypeDef", answer)


def _summaries(answer: "Mapping[str, Any]") -> "tuple[Sequence[MonitoringJobDefinitionSummaryTypeDef], str | None]":
    for summary in answer["JobDefinitionSummaries"]:
        _text(summary, "MonitoringJobDefinitionArn")
        _text(summary, "MonitoringJobDefinitionName")
    return answer["JobDefinitionSummaries"], _text(answer, "NextToken") if answer.get("NextToken") else None


def _tags(answer: "Mapping[str, Any]") -> "tuple[list[TagTypeDef], str]":
    for tag in answer["Tags"]:
        if not isinstance(tag["Key"], str) or not isinstance(tag["Value"], str):
            raise TypeError
    return answer["Tags"], _text(answer, "NextToken") if answer.get("NextToken") else ""


def _no_members(answer: "Mapping[str, Any]") -> None:
    """Accept an answer that has no members, unless it is text: a proxy's web page has nothing missing either."""
    if answer["ResponseMetadata"]["HTTPHeaders"].get("content-type", "").startswith("text/"):
        raise ValueError
