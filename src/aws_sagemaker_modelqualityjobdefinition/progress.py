"""A handler's answers, and the callback context in them: what an invocation knows of its definition and tells the next.

The context is bound to the definition's ARN and creation time, never to the request's token: nobody knows whether AWS
keeps it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from cloudformation_cli_python_lib import HandlerErrorCode, OperationStatus, ProgressEvent

from . import identity, messages
from .models import ResourceModel
from .runtime import failures
from .runtime.errors import defect
from .runtime.failures import Failure, HandlerError, Message

LOG = logging.getLogger(__name__)


class Outcome(Enum):
    """How a change ended, as far as it is known."""

    MADE = "Made"
    """SageMaker accepted it, or its effect was seen."""
    TAKEN = "Taken"
    """It was refused because a definition has the generated name: this request's, or a foreign one."""
    IN_DOUBT = "InDoubt"
    """Its answer was lost, so it may have taken effect."""
    REFUSED = "Refused"
    """It took no effect."""


class Known(NamedTuple):
    """A definition that a request is about."""

    arn: str
    created: datetime | None = None
    """When it was created, by SageMaker; None if no answer gave that."""
    outcome: Outcome = Outcome.MADE
    """How the request's change ended."""
    began: float | None = None
    """When the first attempt of a deletion began, by the function's clock, in seconds since 1970."""
    attempt: int = 0
    """How many invocations of this request came before."""

    def is_other(self, created: datetime | None) -> bool:
        """Return whether a definition of the same name is certainly another one: times are equal to the millisecond."""
        if self.created is None or created is None:
            return False
        return abs(self.created - created) >= timedelta(milliseconds=1)

    def context(self) -> dict[str, Any]:
        """Return the callback context."""
        known = {"Attempt": self.attempt, "Arn": self.arn, "Outcome": self.outcome.value, "Began": self.began}
        known["CreationTime"] = self.created.isoformat() if self.created else None
        return {name: value for name, value in known.items() if value is not None}

    @classmethod
    def about(cls, description: Mapping[str, Any]) -> "Known":
        """Return what Describe's answer says of a definition."""
        return cls(description["JobDefinitionArn"], identity.created(description))

    @classmethod
    def told(cls, context: Mapping[str, Any], model: ResourceModel | None) -> "Known | Failure | None":
        """Return what earlier invocations of a request know, by its callback context; None in its first one.

        It is a failure if the context isn't of this type, or not about the definition that the model identifies. It is
        no knowledge then: nothing may be created, changed or deleted on its word.
        """
        if not context:
            return None
        attempt, arn, began = context.get("Attempt"), context.get("Arn"), context.get("Began")
        if not (
            context.keys() <= {"Attempt", "Arn", "Outcome", "CreationTime", "Began"}
            and type(attempt) is int
            and 0 < attempt <= 100
            and isinstance(arn, str)
            and context.get("Outcome") in [outcome.value for outcome in Outcome]
            and (began is None or (isinstance(began, int | float) and 0 <= began < 1e11))
        ):
            return messages.NO_KNOWLEDGE.failure()
        if model is None or not model.JobDefinitionArn or not identity.same(arn, model.JobDefinitionArn):
            return messages.OTHER_KNOWLEDGE.failure()
        return cls(arn, identity.moment(context.get("CreationTime")), Outcome(context["Outcome"]), began, attempt)


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
    look: Callable[[], Look], model: ResourceModel, known: Known, delays: Sequence[float], lost: Failure | None = None
) -> ProgressEvent:
    """Answer with the resource if it is in the desired state; otherwise, that CloudFormation must check again later.

    As soon as SageMaker has, or may have, accepted a change, every answer must carry the model with its ARN, or
    CloudFormation loses track of the resource. An exception carries none, so errors of `look` become answers here.

    The delays are the seconds before each further invocation. `lost` is the failure of a change that is in doubt:
    unless `look` shows the resource, the next invocation sends it again, and finally the operation fails with `lost`.

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
