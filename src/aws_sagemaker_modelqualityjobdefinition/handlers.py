"""The five handlers and the two entry points that Lambda calls."""

import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.interface import Action, ProgressEvent

from . import TYPE_NAME, client, identity, progress, tags, translation
from .job_definitions import JobDefinitions, Taken
from .models import ResourceHandlerRequest, ResourceModel
from .plugin import ResourceType

LOG = logging.getLogger(__name__)

# Seconds before each further look. Reads lag behind writes by seconds (ACK waits 20 s for tags); a monitoring schedule
# takes up to three minutes to go (AWS's SageMaker SDK waits 36 times 5 s).
READ_DELAYS = (1, 2, 4, 8, 15, 30)
SCHEDULE_DELAYS = (5, 10, 15, 30, 30, 30, 30, 30)

# A definition that this very request made, its answer lost, is no older than the two attempts of one call (client.py).
OWN_AGE = timedelta(seconds=60)

resource = ResourceType(TYPE_NAME, translation.Model)
test_entrypoint = resource.test_entrypoint


@resource.handler(Action.CREATE)
def create(
    session: SessionProxy | None, request: ResourceHandlerRequest, context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Create a definition under the name given or a generated one, and wait until SageMaker reports it as asked for."""
    definitions, desired = _opened(session, request), _desired(request)
    wanted = tags.merge(request.desiredResourceTags, desired.Tags)
    if not progress.has_begun(context):
        name = desired.JobDefinitionName or identity.generated_name(
            request.stackId, request.logicalResourceIdentifier, request.clientRequestToken
        )
        LOG.info("Creating %s for %s", name, request.logicalResourceIdentifier)
        answer = definitions.create(translation.request(desired, name, wanted))
        arn = _own(answer, name, desired, definitions) if isinstance(answer, Taken) else answer
        desired.JobDefinitionName, desired.JobDefinitionArn = name, arn

    def look() -> ResourceModel | None:
        found, actual = _found(definitions, request)
        return found if wanted.items() <= actual.items() else None

    return progress.settled(look, "SageMaker did not report the tags", desired, context, READ_DELAYS)


@resource.handler(Action.READ)
def read(
    session: SessionProxy | None, request: ResourceHandlerRequest, _context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Return a definition as it is, found by its ARN or by its name."""
    found, _ = _found(_opened(session, request), request)
    return progress.done(found)


@resource.handler(Action.UPDATE)
def update(
    session: SessionProxy | None, request: ResourceHandlerRequest, context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Bring a definition's tags up to date: the stack's and its own. EndpointName is kept by CloudFormation alone."""
    definitions, desired = _opened(session, request), _desired(request)
    previous = request.previousResourceState
    wanted = tags.merge(request.desiredResourceTags, desired.Tags)
    replaced = tags.merge(request.previousResourceTags, previous.Tags if previous else None)
    found, actual = _found(definitions, request)
    if changed := translation.differences(desired, found, previous):
        raise exceptions.NotUpdatable(
            f"A definition can't be changed once it exists. To be replaced: {', '.join(changed)}."
        )
    desired.JobDefinitionName, desired.JobDefinitionArn = found.JobDefinitionName, found.JobDefinitionArn
    to_set, to_remove = tags.difference(replaced, wanted, actual)
    if not to_set and not to_remove:
        return progress.done(found)
    if progress.has_begun(context):
        lagging = exceptions.NotStabilized("SageMaker does not report the changed tags.")
        return progress.not_yet(lagging, desired, context, READ_DELAYS)
    LOG.info("Changing tags of %s for %s", found.JobDefinitionName, request.logicalResourceIdentifier)
    definitions.change_tags(str(found.JobDefinitionArn), tags.to_wire(to_set), to_remove)

    def look() -> ResourceModel | None:
        now = definitions.tags(str(found.JobDefinitionArn))
        found.Tags = tags.report(tags.from_wire(now))
        return None if any(tags.difference(replaced, wanted, tags.from_wire(now))) else found

    return progress.settled(look, "SageMaker did not report the changed tags", desired, context, READ_DELAYS)


@resource.handler(Action.DELETE)
def delete(
    session: SessionProxy | None, request: ResourceHandlerRequest, context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Delete a definition, found by its ARN or by its name, and wait for a monitoring schedule to let go of it."""
    definitions = _opened(session, request)
    name = identity.name_of(request.desiredResourceState, request.region, request.awsAccountId)
    LOG.info("Deleting %s for %s", name, request.logicalResourceIdentifier)
    in_use = definitions.delete(name, was_there=progress.has_begun(context))
    if in_use is None:
        return progress.done()
    return progress.not_yet(in_use, _desired(request), context, SCHEDULE_DELAYS)


@resource.handler(Action.LIST)
def list_page(
    session: SessionProxy | None, request: ResourceHandlerRequest, _context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Return one page of definitions by ARN and name; with EndpointName, those of that endpoint."""
    endpoint_name = request.desiredResourceState.EndpointName if request.desiredResourceState else None
    summaries, token = _opened(session, request).page(request.nextToken, endpoint_name)
    return progress.page([translation.listed(summary) for summary in summaries], token)


def _opened(session: SessionProxy | None, request: ResourceHandlerRequest) -> JobDefinitions:
    return JobDefinitions(client.sagemaker(session, request.region))


def _desired(request: ResourceHandlerRequest) -> ResourceModel:
    """Return the properties of a request that can't do without."""
    if request.desiredResourceState is None:
        raise exceptions.InvalidRequest("The request has no properties.")
    return request.desiredResourceState


def _found(definitions: JobDefinitions, request: ResourceHandlerRequest) -> tuple[ResourceModel, tags.Tags]:
    """Return the definition that a request is about, and all its tags."""
    asked = request.desiredResourceState
    description = definitions.describe(identity.name_of(asked, request.region, request.awsAccountId))
    identity.confirm(asked, description["JobDefinitionArn"])
    found = definitions.tags(description["JobDefinitionArn"])
    return translation.model(description, found), tags.from_wire(found)


def _own(taken: Taken, name: str, desired: ResourceModel, definitions: JobDefinitions) -> str:
    """Return the ARN of the definition that stands in a Create's way, if it is that Create's own: its answer was lost.

    A generated name is its own request's alone. Under a name of the user's own it has to be a retry, and the definition
    as new as that.

    Raises:
        AlreadyExists: It is another's.
    """
    if desired.JobDefinitionName and not taken.retried:
        raise taken.error
    description = definitions.describe_taken(name)
    too_old = datetime.now(UTC) - description["CreationTime"] > OWN_AGE
    if translation.differences(desired, translation.model(description, [])) or (desired.JobDefinitionName and too_old):
        raise taken.error
    return description["JobDefinitionArn"]
