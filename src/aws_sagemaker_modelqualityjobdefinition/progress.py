"""A handler's answers: success, a page of a list, in progress, and failure after the last look."""

import logging
from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime
from typing import NamedTuple

from cloudformation_cli_python_lib.interface import HandlerErrorCode, OperationStatus, ProgressEvent

from . import messages
from .knowledge import Known, Outcome
from .models import ResourceModel
from .runtime import failures
from .runtime.errors import defect
from .runtime.failures import Failure, HandlerError
from .runtime.messages import Message

LOG = logging.getLogger(__name__)


class Look(NamedTuple):
    """What a look at a definition shows after a change."""

    model: ResourceModel | None = None
    """The definition, in the desired state."""
    problem: Failure | None = None
    """Why it isn't in the desired state."""
    is_others: bool = False
    """Whether the definition belongs to somebody else, which no later look changes."""
    created: datetime | None = None


def done(model: ResourceModel | None = None) -> ProgressEvent:
    """Answer that the operation succeeded, with the resource's current state; without one after DELETE."""
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModel=model)


def page(models: list[ResourceModel], token: str | None) -> ProgressEvent:
    """Answer with one page of a list and the next page's token."""
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModels=[*models], nextToken=token)


def failed(failure: Failure, model: ResourceModel | None) -> ProgressEvent:
    """Answer that the operation failed, with the model if it names a resource: CloudFormation deletes that one."""
    event = failure.event()
    event.resourceModel = model if model is not None and model.JobDefinitionArn else None
    return event


def settled(
    look: Callable[[], Look],
    model: ResourceModel,
    known: Known,
    delays: Sequence[float],
    lost: Failure | None = None,
) -> ProgressEvent:
    """Answer with the resource if it is in the desired state; otherwise, that CloudFormation must check again later.

    As soon as SageMaker has, or may have, accepted a change, every answer must carry the model with its ARN, or
    CloudFormation loses track of the resource. An exception carries none, so errors of `look` become answers here.

    The delays are the seconds before each further invocation. `lost` is the failure of a change whose outcome is in
    doubt: unless `look` shows the resource, the next invocation sends the change again, and the operation finally fails
    with this failure.

    Raises:
        HandlerError: The resource belongs to somebody else. There is no model, because CloudFormation deletes what a
            failed answer names.
    """
    try:
        seen = look()
    except HandlerError as error:
        return not_yet(lost or failures.of(error), model, known, delays)
    except Exception as error:  # noqa: BLE001 - a defect in our code must not orphan the resource either
        return not_yet(defect(error), model, known, delays)
    if seen.problem is None:
        return done(seen.model)
    if seen.is_others:
        raise seen.problem.error()
    known = known._replace(created=seen.created or known.created, outcome=Outcome.MADE)
    is_late = seen.problem.code is HandlerErrorCode.NotStabilized
    return not_yet(seen.problem, model, known, delays, messages.WAITING_FOR_TAGS if is_late else messages.LOOKING_AGAIN)


def not_yet(
    problem: Failure,
    model: ResourceModel,
    known: Known,
    delays: Sequence[float],
    waiting: Message = messages.LOOKING_AGAIN,
) -> ProgressEvent:
    """Answer that CloudFormation must call again, and what is waited for; after the last delay, the problem.

    The model gets what identifies the definition: ARN, name and creation time.
    """
    model = copy(model)
    model.JobDefinitionArn = known.arn
    model.JobDefinitionName = model.JobDefinitionName or known.arn.rpartition("/")[2]
    model.CreationTime = known.created.isoformat() if known.created else model.CreationTime
    if known.attempt >= len(delays):
        return failed(problem, model)
    delay = int(delays[known.attempt])
    LOG.info("%s: looking again in %d s", problem.code.name, delay)
    return ProgressEvent(
        status=OperationStatus.IN_PROGRESS,
        message=waiting.words.format(seconds=delay, problem=problem.words),
        resourceModel=model,
        callbackContext=known._replace(attempt=known.attempt + 1).context(),
        callbackDelaySeconds=delay,
    )
