"""The answers of a handler: done, not yet, and not in time."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib.interface import OperationStatus, ProgressEvent

from .errors import HandlerError, defect
from .models import ResourceModel

LOG = logging.getLogger(__name__)

_ATTEMPT = "Attempt"
_UNHEARD = "Unheard"
_MOST_ATTEMPTS = 100


def done(model: ResourceModel | None = None) -> ProgressEvent:
    """Answer that the operation has succeeded, with the resource as it is; with none after DELETE."""
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModel=model)


def page(models: list[ResourceModel], token: str | None) -> ProgressEvent:
    """Answer with one page of a list, and the token of the next."""
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModels=[*models], nextToken=token)


def has_begun(context: Mapping[str, Any]) -> bool:
    """Tell whether an earlier invocation of this operation answered that it is not done yet.

    Raises:
        InvalidRequest: The callback context is none that `not_yet` made.
    """
    attempt = context.get(_ATTEMPT)
    known = {_ATTEMPT, _UNHEARD} >= context.keys() and context.get(_UNHEARD, True) is True
    if context and not (known and type(attempt) is int and 0 < attempt <= _MOST_ATTEMPTS):
        raise exceptions.InvalidRequest("callbackContext is none that this resource type has answered with.")
    return bool(context)


def is_unheard(context: Mapping[str, Any]) -> bool:
    """Tell whether nobody knows if the earlier invocation's change took effect, so that it has to be sent again."""
    return _UNHEARD in context


def settled(
    look: Callable[[], ResourceModel | HandlerError | None],
    waiting_for: str,
    model: ResourceModel,
    context: Mapping[str, Any],
    delays: Sequence[int],
    unheard: HandlerError | None = None,
) -> ProgressEvent:
    """Answer with what is there now, or that it is not yet as it should be.

    From the moment that SageMaker has accepted a change, no failure may hide the resource from CloudFormation, which
    would lose track of it: whatever happens while looking, the answer carries the model with its ARN. An exception
    can't. The same holds from the moment that SageMaker may have accepted it.

    Args:
        look: Returns the resource once it is as it should be, None until then; or the error that ends the operation,
            if what is there is another's. That is raised: CloudFormation deletes what a failed answer names.
        waiting_for: What is waited for, for the message when it does not come.
        model: What is desired, with its ARN.
        context: The callback context of this invocation.
        delays: How long to wait before each further look, in seconds.
        unheard: What the change failed with, if it may have been accepted all the same. If it can't be seen to have
            been, the next invocation is to send it again, and the operation fails with this in the end.
    """
    problem: HandlerError
    try:
        found = look()
    except HandlerError as error:
        problem = unheard or error
    except Exception as error:  # noqa: BLE001 - see above: a defect of ours must not orphan the resource either
        problem = defect(error)
    else:
        if isinstance(found, HandlerError):
            raise found
        if found is not None:
            return done(found)
        problem, unheard = exceptions.NotStabilized(f"{waiting_for} within {sum(delays)} seconds."), None
    return not_yet(problem, model, context, delays, unheard=unheard is not None)


def not_yet(
    problem: HandlerError,
    model: ResourceModel,
    context: Mapping[str, Any],
    delays: Sequence[int],
    *,
    unheard: bool = False,
) -> ProgressEvent:
    """Answer that CloudFormation is to call again later; after the last delay, that the operation has failed.

    Args:
        problem: What stands in the way, and what the operation fails with in the end.
        model: The resource, with its ARN.
        context: The callback context of this invocation.
        delays: How long to wait before each further invocation, in seconds.
        unheard: Whether the next invocation is to send the change again.
    """
    attempt = int(context.get(_ATTEMPT, 0))
    if attempt < len(delays):
        LOG.info("%s: looking again in %d s", type(problem).__name__, delays[attempt])
        return ProgressEvent(
            status=OperationStatus.IN_PROGRESS,
            resourceModel=model,
            callbackContext={_ATTEMPT: attempt + 1} | ({_UNHEARD: True} if unheard else {}),
            callbackDelaySeconds=delays[attempt],
        )
    failed = problem.to_progress_event()
    failed.resourceModel = model
    return failed
