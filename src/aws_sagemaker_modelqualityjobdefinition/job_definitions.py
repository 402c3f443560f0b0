"""The only caller of SageMaker: what can be done with job definitions and their tags, and how each call fails."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cloudformation_cli_python_lib import exceptions

from . import errors
from .attempts import Attempts

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
"""Definitions a page of LIST: the most that SageMaker gives (SageMaker API, MaxResults)."""

# A definition has 50 tags at most, and some of AWS's own (aws:...): one page holds them all (SageMaker API,
# ListTagsMaxResults: no upper limit, 50 by default).
_TAG_PAGE_SIZE = 100


# ResourceInUse is what Create is documented to answer; newer operations of SageMaker's answer the other.
_NAME_IS_TAKEN = (
    "ResourceInUse",
    "ResourceInUseException",
    "ResourceAlreadyExists",
    "ResourceAlreadyExistsException",
)

# One page, see above; a list that does not end is no answer.
_TAG_PAGES = 20


class Refused(NamedTuple):
    """A Create that did not answer with an ARN."""

    error: errors.HandlerError
    """Why, in SageMaker's words."""

    taken: bool
    """Whether there is a definition of that name."""

    unheard: float | None
    """When the first attempt that may have made it all the same began (attempts.py); None if none may have."""


class JobDefinitions:
    """The job definitions of one account and region.

    Every method raises the plugin library's exceptions (errors.py) and none of botocore's.
    """

    def __init__(self, client: "SageMakerClient") -> None:
        self._client = client

    def create(self, request: "CreateModelQualityJobDefinitionRequestTypeDef") -> str | Refused:
        """Create a definition and return its ARN, or what stands in the way."""
        attempts = Attempts()
        try:
            return attempts.answer(
                request["JobDefinitionName"],
                self._client.create_model_quality_job_definition,
                request,
                _arn,
            )
        except errors.HandlerError as error:
            conflict = isinstance(error, exceptions.AlreadyExists | exceptions.ResourceConflict)
            return Refused(error, conflict and errors.code(error) in _NAME_IS_TAKEN, attempts.unheard)

    def describe(self, name: str) -> "DescribeModelQualityJobDefinitionResponseTypeDef":
        """Return SageMaker's description of a definition: with its ARN, its name and when it was made at the least."""
        return Attempts().answer(
            name,
            self._client.describe_model_quality_job_definition,
            {"JobDefinitionName": name},
            _description,
        )

    def delete(self, name: str, *, was_there: bool = False) -> errors.HandlerError | None:
        """Delete a definition; return ResourceConflict if it can't be deleted yet: a monitoring schedule uses it.

        Args:
            name: The definition's name.
            was_there: Whether it was there when the deletion began, so that it is deleted if it is missing now. So it
                is after an attempt that may have deleted it.
        """
        attempts = Attempts()
        try:
            attempts.answer(
                name, self._client.delete_model_quality_job_definition, {"JobDefinitionName": name}, _nothing
            )
        except exceptions.ResourceConflict as in_use:
            return in_use
        except exceptions.NotFound:
            if not was_there and attempts.unheard is None:
                raise
        return None

    def page(
        self, token: str | None, endpoint_name: str | None
    ) -> "tuple[Sequence[MonitoringJobDefinitionSummaryTypeDef], str | None]":
        """Return one page of definitions and the token of the next; None when there is no other.

        Args:
            token: The token of the page, None for the first.
            endpoint_name: Only definitions of this endpoint.
        """
        request: ListModelQualityJobDefinitionsRequestTypeDef = {"MaxResults": PAGE_SIZE}
        if token:
            request["NextToken"] = token
        if endpoint_name:
            request["EndpointName"] = endpoint_name
        return Attempts().answer("*", self._client.list_model_quality_job_definitions, request, _summaries)

    def tags(self, name: str, arn: str) -> "list[TagTypeDef]":
        """Return all tags of a definition, AWS's own included.

        Args:
            name: The definition's name.
            arn: Its ARN.

        Raises:
            NotFound: It has gone since it was described.
        """
        found: list[TagTypeDef] = []
        token = ""
        for _ in range(_TAG_PAGES):
            request = {"ResourceArn": arn, "MaxResults": _TAG_PAGE_SIZE, **({"NextToken": token} if token else {})}
            with self._still_there(name):
                tags, token = Attempts().answer(arn, self._client.list_tags, request, _tags)
            found += tags
            if not token:
                return found
        raise exceptions.ServiceInternalError(f"SageMaker's list of the definition's tags has over {_TAG_PAGES} pages.")

    def change_tags(self, name: str, arn: str, to_set: "list[TagTypeDef]", to_remove: list[str]) -> None:
        """Take tags off a definition, then add tags or change their values: in this order the limit of 50 is kept.

        Args:
            name: The definition's name.
            arn: Its ARN.
            to_set: Tags to add, or to give another value.
            to_remove: Keys of tags to take off.

        Raises:
            NotFound: It has gone since it was described.
        """
        with self._still_there(name):
            if to_remove:
                Attempts().answer(arn, self._client.delete_tags, {"ResourceArn": arn, "TagKeys": to_remove}, _nothing)
            if to_set:
                Attempts().answer(arn, self._client.add_tags, {"ResourceArn": arn, "Tags": to_set}, _nothing)

    @contextmanager
    def _still_there(self, name: str) -> "Iterator[None]":
        """Raise NotFound where an ARN is refused because there is no such definition any more.

        The operations on tags call it invalid, as they do anything else that is wrong with a request.
        """
        try:
            yield
        except exceptions.InvalidRequest:
            self.describe(name)
            raise


# What is read from an answer. Whatever these raise makes the answer one that can't be read (attempts.py).


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


def _nothing(answer: "Mapping[str, Any]") -> None:
    """Read an answer that has no members: of a web page, say, nothing would be missing."""
    if answer["ResponseMetadata"]["HTTPHeaders"].get("content-type", "").startswith("text/"):
        raise ValueError
