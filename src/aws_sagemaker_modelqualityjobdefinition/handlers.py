"""The five handlers and the two entry points that Lambda calls."""

import logging
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.interface import Action, ProgressEvent

from . import IDENTIFIERS, TYPE_NAME, client, identity, ownership, progress, tags, translation
from .job_definitions import JobDefinitions
from .models import ResourceHandlerRequest, ResourceModel
from .runtime import words
from .runtime.errors import HandlerError
from .runtime.plugin import ResourceType

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeModelQualityJobDefinitionResponseTypeDef

LOG = logging.getLogger(__name__)

# Seconds before each further check. Reads lag behind writes by seconds (ACK waits 20 s for tags). Deleting a monitoring
# schedule takes up to three minutes (AWS's SageMaker SDK checks 36 times, every 5 s).
READ_DELAYS = (1, 2, 4, 8, 15, 30)
SCHEDULE_DELAYS = (5, 10, 15, 30, 30, 30, 30, 30)

resource = ResourceType(TYPE_NAME, translation.Model, IDENTIFIERS)
test_entrypoint = resource.test_entrypoint


@resource.handler(Action.CREATE)
def create(
    session: SessionProxy | None, request: ResourceHandlerRequest, context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Create a definition with the given or a generated name, and wait until SageMaker reports it with its tags."""
    definitions, desired = _definitions(session, request), _desired(request)
    wanted = tags.merge(request.desiredResourceTags, desired.Tags)
    created: ownership.Created | None = None
    if not progress.has_begun(context) or progress.is_in_doubt(context):
        created = ownership.create(definitions, request, desired, wanted, was_in_doubt=progress.is_in_doubt(context))
        desired.JobDefinitionName, desired.JobDefinitionArn = created.name, created.arn

    def look() -> ResourceModel | HandlerError | None:
        found, actual = _found(definitions, request)
        if created and (foreign := created.foreign(desired, found)):
            return foreign
        return found if wanted.items() <= actual.items() else None

    in_doubt = created.in_doubt if created else None
    return progress.settled(look, "SageMaker did not report the tags", desired, context, READ_DELAYS, in_doubt)


@resource.handler(Action.READ)
def read(
    session: SessionProxy | None, request: ResourceHandlerRequest, _context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Return the current state of a definition, found by its ARN or its name."""
    found, _ = _found(_definitions(session, request), request)
    return progress.done(found)


@resource.handler(Action.UPDATE)
def update(
    session: SessionProxy | None, request: ResourceHandlerRequest, context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Update a definition's tags, the stack's and its own. EndpointName needs no call: SageMaker doesn't store it."""
    definitions, desired = _definitions(session, request), _desired(request)
    previous = request.previousResourceState
    wanted = tags.merge(request.desiredResourceTags, desired.Tags)
    replaced = tags.merge(request.previousResourceTags, previous.Tags if previous else None)
    description = None
    if not progress.has_begun(context):
        description = _describe(definitions, request)
        found, actual = _with_tags(definitions, description)
        if changed := translation.differences(desired, found, previous):
            raise exceptions.NotUpdatable(
                f"{', '.join(changed)}: can't be updated in place; a change requires replacement."
            )
        to_set, to_remove = tags.change(replaced, wanted, actual)
        if not to_set and not to_remove:
            return progress.done(found)
        name, arn = str(found.JobDefinitionName), str(found.JobDefinitionArn)
        desired.JobDefinitionName, desired.JobDefinitionArn = name, arn
        LOG.info("Changing tags of %s for %s", name, request.logicalResourceIdentifier)
        definitions.change_tags(name, arn, tags.to_wire(to_set), to_remove)

    def look() -> ResourceModel | None:
        now, actual = _with_tags(definitions, description or _describe(definitions, request))
        return None if any(tags.difference(replaced, wanted, actual)) else now

    return progress.settled(look, "SageMaker did not report the changed tags", desired, context, READ_DELAYS)


@resource.handler(Action.DELETE)
def delete(
    session: SessionProxy | None, request: ResourceHandlerRequest, context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Delete a definition, found by its ARN or its name. While a monitoring schedule uses it, retry later."""
    definitions, existed = _definitions(session, request), progress.has_begun(context)
    name = identity.name_of(request.desiredResourceState, request.region, request.awsAccountId)
    LOG.info("Deleting %s for %s", words.shown(name), request.logicalResourceIdentifier)
    in_use = definitions.delete(name, existed=existed)
    if in_use is None:
        return progress.done()
    return progress.not_yet(in_use, _desired(request), context, SCHEDULE_DELAYS)


@resource.handler(Action.LIST)
def list_page(
    session: SessionProxy | None, request: ResourceHandlerRequest, _context: MutableMapping[str, Any]
) -> ProgressEvent:
    """Return one page of definitions, as ARN and name. EndpointName limits the list to that endpoint."""
    endpoint_name = request.desiredResourceState.EndpointName if request.desiredResourceState else None
    summaries, token = _definitions(session, request).page(request.nextToken, endpoint_name)
    return progress.page([translation.listed(summary) for summary in summaries], token)


def _definitions(session: SessionProxy | None, request: ResourceHandlerRequest) -> JobDefinitions:
    return JobDefinitions(client.sagemaker(session, request.region))


def _desired(request: ResourceHandlerRequest) -> ResourceModel:
    """Return the desired state of a request that needs one."""
    if request.desiredResourceState is None:
        raise exceptions.InvalidRequest("The request has no properties.")
    return request.desiredResourceState


def _found(definitions: JobDefinitions, request: ResourceHandlerRequest) -> tuple[ResourceModel, tags.Tags]:
    """Return the definition that a request identifies, and all its tags."""
    return _with_tags(definitions, _describe(definitions, request))


def _describe(
    definitions: JobDefinitions, request: ResourceHandlerRequest
) -> "DescribeModelQualityJobDefinitionResponseTypeDef":
    asked = request.desiredResourceState
    description = definitions.describe(identity.name_of(asked, request.region, request.awsAccountId))
    identity.confirm(asked, description["JobDefinitionArn"])
    return description


def _with_tags(
    definitions: JobDefinitions, description: "DescribeModelQualityJobDefinitionResponseTypeDef"
) -> tuple[ResourceModel, tags.Tags]:
    found = definitions.tags(description["JobDefinitionName"], description["JobDefinitionArn"])
    return translation.model(description, found), tags.from_wire(found)
