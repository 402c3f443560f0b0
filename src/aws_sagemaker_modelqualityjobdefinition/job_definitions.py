"""The only caller of SageMaker: what can be done with job definitions and their tags, and how each call fails."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloudformation_cli_python_lib import exceptions

from . import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

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
_NAME_IS_TAKEN = ("ResourceInUse", "ResourceAlreadyExists")


@dataclass(frozen=True)
class Taken:
    """A Create was refused, because there is a definition of that name."""

    error: errors.HandlerError
    """AlreadyExists, with SageMaker's words and what to do."""

    retried: bool
    """Whether the request was sent before, so that the definition may be of its own making."""


class JobDefinitions:
    """The job definitions of one account and region.

    Every method raises the plugin library's exceptions (errors.py) and none of botocore's.
    """

    def __init__(self, client: "SageMakerClient") -> None:
        self._client = client

    def create(self, request: "CreateModelQualityJobDefinitionRequestTypeDef") -> str | Taken:
        """Create a definition and return its ARN, or what stands in the way of its name."""
        name = request["JobDefinitionName"]
        try:
            with errors.translated(name):
                return self._client.create_model_quality_job_definition(**request)["JobDefinitionArn"]
        except (exceptions.AlreadyExists, exceptions.ResourceConflict) as conflict:
            if errors.code(conflict) not in _NAME_IS_TAKEN:
                raise
            return Taken(errors.already_exists(name, conflict), errors.was_retried(conflict))

    def describe(self, name: str) -> "DescribeModelQualityJobDefinitionResponseTypeDef":
        """Return SageMaker's description of a definition."""
        with errors.translated(name):
            return self._client.describe_model_quality_job_definition(JobDefinitionName=name)

    def describe_taken(self, name: str) -> "DescribeModelQualityJobDefinitionResponseTypeDef":
        """Return the description of a definition that is known to be there, because its name is taken.

        Raises:
            ResourceConflict: It can't be read yet. CloudFormation sends the request again, and a read that lagged has
                caught up by then.
        """
        try:
            return self.describe(name)
        except exceptions.NotFound as lagging:
            raise exceptions.ResourceConflict(f"The name is taken, and not to be read yet: {lagging}") from lagging

    def delete(self, name: str, *, was_there: bool = False) -> errors.HandlerError | None:
        """Delete a definition; return ResourceConflict if it can't be deleted yet: a monitoring schedule uses it.

        Args:
            name: The definition's name.
            was_there: Whether it was there when the deletion began, so that it is deleted if it is missing now. So it
                is after a request that had to be sent again: the first had been heard.
        """
        try:
            with errors.translated(name):
                self._client.delete_model_quality_job_definition(JobDefinitionName=name)
        except exceptions.ResourceConflict as in_use:
            return in_use
        except exceptions.NotFound as missing:
            if not (was_there or errors.was_retried(missing)):
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
        with errors.translated("*"):
            answer = self._client.list_model_quality_job_definitions(**request)
        return answer["JobDefinitionSummaries"], answer.get("NextToken")

    def tags(self, arn: str) -> "list[TagTypeDef]":
        """Return all tags of a definition, AWS's own included."""
        found: list[TagTypeDef] = []
        token = ""
        while True:
            with errors.translated(arn):
                answer = self._client.list_tags(
                    ResourceArn=arn, MaxResults=_TAG_PAGE_SIZE, **({"NextToken": token} if token else {})
                )
            found += answer["Tags"]
            token = answer.get("NextToken", "")
            if not token:
                return found

    def change_tags(self, arn: str, to_set: "list[TagTypeDef]", to_remove: list[str]) -> None:
        """Take tags off a definition, then add tags or change their values: in this order the limit of 50 is kept.

        Args:
            arn: The definition's ARN.
            to_set: Tags to add, or to give another value.
            to_remove: Keys of tags to take off.
        """
        with errors.translated(arn):
            if to_remove:
                self._client.delete_tags(ResourceArn=arn, TagKeys=to_remove)
            if to_set:
                self._client.add_tags(ResourceArn=arn, Tags=to_set)
