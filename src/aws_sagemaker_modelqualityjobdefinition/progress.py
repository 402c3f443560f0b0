"""A handler's answers: success, a page of a list, in progress, and failure after the last retry."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib.interface import OperationStatus, ProgressEvent

from .models import ResourceModel
from .runtime.errors import HandlerError, defect

LOG = logging.getLogger(__name__)

_ATTEMPT = "Attempt"
_IN_DOUBT = "InDoubt"
_MOST_ATTEMPTS = 100


def done(model: ResourceModel | None = None) -> ProgressEvent:
    """Answer that the operation succeeded, with the resource's current state; without one after DELETE."""
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModel=model)


def page(models: list[ResourceModel], token: str | None) -> ProgressEvent:
    """Answer with one page of a list and the next page's token."""
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModels=[*models], nextToken=token)


def has_begun(context: Mapping[str, Any]) -> bool:
    """Return whether an earlier invocation of this operation answered IN_PROGRESS.

    Raises:
        InvalidRequest: The callback context was not created by `not_yet`.
    """
    attempt = context.get(_ATTEMPT)
    known = {_ATTEMPT, _IN_DOUBT} >= context.keys() and context.get(_IN_DOUBT, True) is True
    if context and not (known and type(attempt) is int and 0 < attempt <= _MOST_ATTEMPTS):
        raise exceptions.InvalidRequest("callbackContext doesn't come from an answer of this resource type.")
    return bool(context)


def is_in_doubt(context: Mapping[str, Any]) -> bool:
    """Return whether the earlier invocation's answer was lost, so that its change must be sent again."""
    return _IN_DOUBT in context


def settled(
    look: Callable[[], ResourceModel | HandlerError | None],
    waiting_for: str,
    model: ResourceModel,
    context: Mapping[str, Any],
    delays: Sequence[int],
    in_doubt: HandlerError | None = None,
) -> ProgressEvent:
    """Answer with the resource if it is in the desired state; otherwise, that CloudFormation must check again later.

    As soon as SageMaker has, or may have, accepted a change, every answer must carry the model with its ARN, failures
    included. Without it, CloudFormation loses track of the resource. An exception carries no model, so errors of
    `look` become answers here.

    Args:
        look: Returns the resource when it is in the desired state, and None before. Returns an error if the resource
            belongs to somebody else. That one is raised, because CloudFormation deletes what a failed answer names.
        waiting_for: The start of the message for a resource that doesn't reach the desired state.
        model: The desired state, with the ARN.
        context: The callback context of this invocation.
        delays: Seconds before each further check.
        in_doubt: The change's error, if SageMaker may have accepted the change despite it. Unless `look` shows that it
            did, the next invocation sends the change again, and the operation finally fails with this error.
    """
    problem: HandlerError
    try:
        found = look()
    except HandlerError as error:
        problem = in_doubt or error
    except Exception as error:  # noqa: BLE001 - a defect in our code must not orphan the resource either
        problem = defect(error)
    else:
        if isinstance(found, HandlerError):
            raise found
        if found is not None:
            return done(found)
        problem, in_doubt = exceptions.NotStabilized(f"{waiting_for} within {sum(delays)} seconds."), None
    return not_yet(problem, model, context, delays, in_doubt=in_doubt is not None)


def not_yet(
    problem: HandlerError,
    model: ResourceModel,
    context: Mapping[str, Any],
    delays: Sequence[int],
    *,
    in_doubt: bool = False,
) -> ProgressEvent:
    """Answer that CloudFormation must call again later; after the last delay, that the operation failed.

    Args:
        problem: Why the operation is not done, and the error that it finally fails with.
        model: The resource, with its ARN.
        context: The callback context of this invocation.
        delays: Seconds before each further invocation.
        in_doubt: Whether the next invocation must send the change again.
    """
    attempt = int(context.get(_ATTEMPT, 0))
    if attempt < len(delays):
        LOG.info("%s: looking again in %d s", type(problem).__name__, delays[attempt])
        return ProgressEvent(
            status=OperationStatus.IN_PROGRESS,
            resourceModel=model,
            callbackContext={_ATTEMPT: attempt + 1} | ({_IN_DOUBT: True} if in_doubt else {}),
            callbackDelaySeconds=delays[attempt],
        )
    failed = problem.to_progress_event()
    failed.resourceModel = model
    return failed
