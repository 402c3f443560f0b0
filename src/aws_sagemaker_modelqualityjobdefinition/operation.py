"""One invocation of a handler: its request, what earlier invocations know, SageMaker, and the limits."""

from typing import TYPE_CHECKING, NamedTuple

from . import identity, messages, tags, translation
from .job_definitions import JobDefinitions
from .knowledge import Known
from .models import ResourceHandlerRequest, ResourceModel
from .runtime.limits import Limits

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeModelQualityJobDefinitionResponseTypeDef as Description


class Operation(NamedTuple):
    """What a handler works with."""

    definitions: JobDefinitions
    request: ResourceHandlerRequest
    known: Known | None
    """What earlier invocations of the same request know; None in the first one."""
    limits: Limits

    @property
    def desired(self) -> ResourceModel:
        """The desired state, of a request that needs one."""
        if self.request.desiredResourceState is None:
            raise messages.NO_PROPERTIES.error()
        return self.request.desiredResourceState

    @property
    def wanted_tags(self) -> tags.Tags:
        """The definition's desired tags, with those of the stack."""
        return tags.merge(self.request.desiredResourceTags, self.desired.Tags)

    @property
    def previous_tags(self) -> tags.Tags:
        """The definition's tags before an update, with those of the stack."""
        previous = self.request.previousResourceState
        return tags.merge(self.request.previousResourceTags, previous.Tags if previous else None)

    @property
    def name(self) -> str:
        """The name of the definition that the request identifies."""
        return identity.name_of(self.request.desiredResourceState, self.request.region, self.request.awsAccountId)

    def describe(self) -> "Description":
        """Return the description of the definition that the request identifies.

        Raises:
            NotFound: There is none, or the definition with its name has another ARN.
        """
        description = self.definitions.describe(self.name)
        identity.confirm(self.desired.JobDefinitionArn, description["JobDefinitionArn"])
        return description

    def with_tags(self, description: "Description") -> tuple[ResourceModel, tags.Tags]:
        """Return a definition's model and all its tags."""
        found = self.definitions.tags(description["JobDefinitionName"], description["JobDefinitionArn"])
        return translation.model(description, found), found
