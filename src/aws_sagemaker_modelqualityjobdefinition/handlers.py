"""The five handlers, and the entry points that Lambda calls."""

import logging
from collections.abc import Callable, Mapping
from functools import partial

from cloudformation_cli_python_lib import Action, ProgressEvent, SessionProxy

from . import TYPE_NAME, comparison, job_definitions, messages, ownership, progress, redaction, tags, translation
from .identity import IDENTIFIERS
from .models import ResourceHandlerRequest
from .ownership import Operation
from .progress import Known, Outcome
from .runtime import words
from .runtime.failures import Failure
from .runtime.limits import DEFAULTS, Limits
from .runtime.plugin import Json, ResourceType

# The limits' checks fit SageMaker: ACK waits 20 s for tags, and AWS's SageMaker SDK three minutes (36 times 5 s) for
# the deletion of a monitoring schedule.

LOG = logging.getLogger(__name__)

Handler = Callable[[Operation], ProgressEvent]


def create(operation: Operation) -> ProgressEvent:
    """Create a definition with the given or a generated name, and wait until SageMaker reports it with its tags."""
    wanted, known, lost = operation.wanted_tags, operation.known, None
    if known is None or known.outcome is Outcome.IN_DOUBT:
        known, lost = ownership.create(operation, wanted)
    look = partial(ownership.look, operation, known, wanted)
    return progress.settled(look, operation.desired, known, operation.limits.checks.reads, lost)


def read(operation: Operation) -> ProgressEvent:
    """Return the current state of a definition, found by its ARN or its name."""
    found, _ = operation.with_tags(operation.describe())
    return progress.done(found)


def update(operation: Operation) -> ProgressEvent:
    """Update a definition's tags, the stack's and its own. EndpointName needs no call: SageMaker doesn't store it."""
    desired, wanted, replaced = operation.desired, operation.wanted_tags, operation.previous_tags
    known, description = operation.known, None
    if known is None:
        description = operation.describe()
        found, actual = operation.with_tags(description)
        if changed := comparison.differences(desired, found, operation.request.previousResourceState):
            raise messages.NOT_UPDATABLE.error(properties=", ".join(changed))
        to_set, to_remove = tags.change(replaced, wanted, actual)
        if not to_set and not to_remove:
            return progress.done(found)
        name, known = description["JobDefinitionName"], Known.about(description)
        LOG.info("Changing tags of %s for %s", words.shown(name), operation.request.logicalResourceIdentifier)
        confirm = partial(ownership.confirm, operation, name, known)
        if operation.definitions.change_tags(name, known.arn, to_set, to_remove, confirm) is not Outcome.MADE:
            description = None
    look = partial(ownership.look, operation, known, wanted, replaced, description)
    return progress.settled(look, desired, known, operation.limits.checks.reads)


def delete(operation: Operation) -> ProgressEvent:
    """Delete a definition, found by its ARN or its name. While a monitoring schedule uses it, retry later."""
    name = operation.name
    LOG.info("Deleting %s for %s", words.shown(name), operation.request.logicalResourceIdentifier)
    known, ended = ownership.delete(operation, name)
    if ended.failure is None:
        return progress.done()
    if known is None:
        raise ended.failure.error()
    desired, checks = operation.desired, operation.limits.checks
    if ended.outcome is Outcome.TAKEN:
        return progress.not_yet(ended.failure, desired, known, checks.in_use, messages.WAITING_FOR_SCHEDULE)
    return progress.not_yet(ended.failure, desired, known, checks.reads)


def list_page(operation: Operation) -> ProgressEvent:
    """Return one page of definitions, as ARN and name. EndpointName limits the list to that endpoint."""
    asked = operation.request.desiredResourceState
    found, token = operation.definitions.page(operation.request.nextToken, asked.EndpointName if asked else None)
    return progress.page([translation.listed(arn, name) for arn, name in found], token)


HANDLERS: Mapping[Action, Handler] = {
    Action.CREATE: create,
    Action.READ: read,
    Action.UPDATE: update,
    Action.DELETE: delete,
    Action.LIST: list_page,
}


def resource_type(limits: Limits) -> ResourceType:
    """Return the resource type with these limits of time, clock and pause, an entry point that Lambda can call."""
    built = ResourceType(TYPE_NAME, translation.Model, IDENTIFIERS, limits)
    for action, handle in HANDLERS.items():
        built.handler(action)(partial(_answer, handle, limits))
    return built


def _answer(
    handle: Handler, limits: Limits, session: SessionProxy | None, request: ResourceHandlerRequest, context: Json
) -> ProgressEvent:
    known = Known.told(context, request.desiredResourceState)
    if isinstance(known, Failure):
        return progress.failed(known, request.desiredResourceState)
    sagemaker = job_definitions.sagemaker(session, request.region, limits.wire)
    definitions = job_definitions.JobDefinitions(sagemaker, limits, partial(redaction.hidden, request))
    return handle(Operation(definitions, request, known, limits))


resource = resource_type(DEFAULTS)
test_entrypoint = resource.test_entrypoint
