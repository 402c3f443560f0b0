"""Decide whose an existing definition is: the one that this request made, or somebody else's.

Identity is the name and the creation time: a name can be deleted and taken by another stack in between. So after a
doubt and in every callback, what is reported, changed or deleted has the creation time that this request knows.

A generated name belongs to one request: it is derived from the stack, the logical id and the request token. A
definition that has it and differs from the request was made by hand.

With a user-provided name, CREATE adopts an existing definition only if all of this holds: an attempt of this invocation
may have created it, it was created after that attempt began, and it equals the request in every property and tag. All
other definitions are left alone, because CloudFormation would later delete an adopted one.
"""

import logging
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from cloudformation_cli_python_lib.interface import HandlerErrorCode

from . import comparison, identity, messages, moments, tags, translation
from .error_codes import ERRORS
from .job_definitions import Ended
from .knowledge import Known, Outcome
from .progress import Look
from .runtime import deadline, failures, words
from .runtime.failures import Failure, HandlerError

if TYPE_CHECKING:
    from .operation import Description, Operation

LOG = logging.getLogger(__name__)

_TAGS = "Tags"


def create(operation: "Operation", wanted: tags.Tags) -> tuple[Known, Failure | None]:
    """Create a definition with the given or a generated name.

    Args:
        operation: The operation. A callback has the name of the first invocation in its model.
        wanted: The definition's tags, with those of the stack.

    Returns:
        What is known of the definition, and Create's failure if it is in doubt.

    Raises:
        AlreadyExists: A definition with that name exists, and nothing proves that this request created it.
        HandlerError: Create failed and left nothing for CloudFormation to clean up.
    """
    desired, request, known = operation.desired, operation.request, operation.known
    is_generated = known is not None or not desired.JobDefinitionName
    name = desired.JobDefinitionName or identity.generated_name(
        request.stackId, request.logicalResourceIdentifier, request.clientRequestToken
    )
    LOG.info("Creating %s for %s", words.shown(name), request.logicalResourceIdentifier)
    ended = operation.definitions.create(translation.request(desired, name, wanted))
    if ended.outcome is Outcome.MADE:
        return (known or Known(ended.arn))._replace(arn=ended.arn, outcome=Outcome.MADE), None
    failure = ended.failure
    assert failure is not None  # noqa: S101 - every other outcome has one
    if not is_generated:
        return _proven(operation, name, wanted, ended, failure), None
    arn = known.arn if known else identity.arn_of(name, desired.RoleArn, request.region, request.awsAccountId)
    if arn is None or (ended.outcome is Outcome.REFUSED and known is None):
        raise failure.error()
    outcome = Outcome.TAKEN if ended.outcome is Outcome.TAKEN else Outcome.IN_DOUBT
    return (known or Known(arn))._replace(outcome=outcome), failure


def look_at_created(operation: "Operation", known: Known, wanted: tags.Tags) -> Look:
    """Look whether a created definition exists as desired, with all its tags.

    Args:
        operation: The operation.
        known: What is known of the definition.
        wanted: Its tags, with those of the stack.
    """
    arn = identity.parse(known.arn)
    description = operation.definitions.describe(operation.desired.JobDefinitionName or arn.name)
    identity.confirm_arn(known.arn, description["JobDefinitionArn"])
    created = moments.created(description)
    if known.is_other(created):
        return Look(problem=ERRORS.not_found(known.arn), is_others=True)
    if known.outcome is not Outcome.MADE:
        differing = comparison.differences(operation.desired, translation.model(description, []))
        if differing:
            advice = messages.GENERATED_NAME_IS_TAKEN.failure(properties=", ".join(differing))
            return Look(problem=ERRORS.already_exists(arn.name, advice), is_others=True)
    try:
        found, actual = operation.with_tags(description)
    except HandlerError as error:
        return Look(problem=failures.of(error), created=created)
    if wanted.items() <= actual.items():
        return Look(found)
    delays = operation.limits.checks.reads
    return Look(problem=messages.TAGS_LAG.failure(seconds=sum(delays)), created=created)


def look_at_updated(
    operation: "Operation", known: Known, replaced: tags.Tags, wanted: tags.Tags, description: "Description | None"
) -> Look:
    """Look whether an updated definition has the desired tags.

    Args:
        operation: The operation.
        known: What is known of the definition.
        replaced: Its tags before the update, with those of the stack.
        wanted: Its desired tags, with those of the stack.
        description: Its description, if that was read in this invocation and can't have changed since.
    """
    description = description or operation.describe()
    if known.is_other(moments.created(description)):
        return Look(problem=ERRORS.not_found(known.arn), is_others=True)
    found, actual = operation.with_tags(description)
    if any(tags.difference(replaced, wanted, actual)):
        return Look(problem=messages.CHANGED_TAGS_LAG.failure(seconds=sum(operation.limits.checks.reads)))
    return Look(found)


def delete(operation: "Operation", name: str) -> tuple[Known | None, Ended]:
    """Delete a definition, unless it is gone and another one has its name.

    Args:
        operation: The operation.
        name: The definition's name.

    Returns:
        What the next invocation has to know, None if there can be none; and how the deletion ended.
    """
    model = operation.desired
    known = operation.known or Known(
        model.JobDefinitionArn or "", moments.read(model.CreationTime), began=operation.limits.time.now()
    )
    ended = operation.definitions.delete(
        name, partial(confirm, operation, name, known), has_begun=operation.known is not None
    )
    if ended.outcome is Outcome.TAKEN and not (known.arn and known.created):
        known = _in_use(operation, name, known)
    return known if known.arn and ended.outcome is not Outcome.REFUSED else None, ended


def confirm(operation: "Operation", name: str, known: Known) -> None:
    """Make sure that a definition is still there, and not another one that has its name now.

    Args:
        operation: An operation, one of whose requests may have deleted or changed the definition.
        name: The definition's name.
        known: What is known of the definition: when it was created, or at least when its deletion began.

    Raises:
        NotFound: It is gone.
        HandlerError: It can't be decided. The code is one that CloudFormation retries.
    """
    description = _described(operation, name)
    if description is None or not _is_same(operation, known, description):
        raise ERRORS.not_found(known.arn or name).error()


def _is_same(operation: "Operation", known: Known, description: "Description") -> bool:
    created, checks = moments.created(description), operation.limits.checks
    if known.created is not None and created is not None:
        return moments.same(known.created, created)
    if known.created is not None or known.began is None or operation.limits.time.now() < known.began:
        raise messages.NO_TIMES.error()
    later = moments.created_after(description, operation.limits.time.now() - known.began)
    if later is None:
        raise messages.NO_TIMES.error()
    if abs(later) > checks.clocks_differ:
        return later < 0
    if comparison.differences(operation.desired, translation.model(description, [])):
        return False
    raise messages.TOO_CLOSE.error()


def _described(operation: "Operation", name: str) -> "Description | None":
    """Return a definition's description; None if it is gone, which must hold for some seconds: replicas may be old."""
    for pause in (0.0, *operation.limits.checks.replicas):
        operation.limits.time.pause(pause)
        try:
            return operation.definitions.describe(name)
        except HandlerError as error:
            failure = failures.of(error)
            if failure.code is not HandlerErrorCode.NotFound:
                if failure.is_retriable:
                    raise
                raise messages.NOT_DECIDED.error(problem=failure.words) from error
    return None


def _in_use(operation: "Operation", name: str, known: Known) -> Known:
    """Return what can be known of a definition that a monitoring schedule uses, so that a callback deletes no other."""
    try:
        description = operation.definitions.describe(name)
    except HandlerError:
        return known
    return known._replace(
        arn=known.arn or description["JobDefinitionArn"], created=known.created or moments.created(description)
    )


class _Verdict(Enum):
    OURS = "ours"
    THEIRS = "theirs"
    UNKNOWN = "unknown"
    """A later look may show more."""


class _Seen(NamedTuple):
    """A definition that exists under the requested name."""

    description: "Description"
    at: float
    """When it was described (monotonic clock)."""
    differing: list[str]
    """The properties in which it differs from the request."""
    doubt: str = ""
    """Why it is unknown whether its tags are equal."""


def _proven(operation: "Operation", name: str, wanted: tags.Tags, ended: Ended, failure: Failure) -> Known:
    """Return a definition with a user-provided name whose Create took effect although its answer was lost.

    Args:
        operation: The operation.
        name: The user-provided name.
        wanted: The definition's tags, with those of the stack.
        ended: How Create ended.
        failure: Why it didn't succeed.

    Raises:
        AlreadyExists: A definition with that name exists, and nothing proves that this request created it.
        HandlerError: Create's failure, if no such definition is seen.
    """
    if ended.outcome is Outcome.REFUSED:
        raise failure.error()
    checks = operation.limits.checks
    pauses = iter((*checks.looks, 0.0))
    while True:
        seen = _look(operation, name, wanted)
        verdict = _verdict(seen, ended.in_doubt_since, checks.clocks_differ)
        if isinstance(seen, _Seen) and verdict is _Verdict.OURS:
            return Known(str(seen.description["JobDefinitionArn"]), moments.created(seen.description))
        pause = min(next(pauses), deadline.remaining() - checks.look_time)
        if verdict is _Verdict.THEIRS or pause <= 0:
            raise _unproven(operation, name, seen, ended, failure).error()
        operation.limits.time.pause(pause)


def _verdict(seen: _Seen | Failure, since: float | None, margin: float) -> _Verdict:
    if since is None:
        return _Verdict.THEIRS
    if isinstance(seen, Failure):
        return _Verdict.UNKNOWN
    later = moments.created_after(seen.description, seen.at - since)
    if later is None or later < -margin or seen.differing not in ([], [_TAGS]):
        return _Verdict.THEIRS
    # ListTags lags behind Create.
    return _Verdict.UNKNOWN if seen.differing or seen.doubt else _Verdict.OURS


def _look(operation: "Operation", name: str, wanted: tags.Tags) -> _Seen | Failure:
    """Return the definition with that name, or why it can't be read."""
    try:
        description = operation.definitions.describe(name)
        at = operation.limits.time.monotonic()
        differing = comparison.strict_differences(operation.desired, translation.model(description, []))
    except HandlerError as error:
        return failures.of(error)
    try:
        found = operation.definitions.tags(name, description["JobDefinitionArn"])
    except HandlerError:
        return _Seen(description, at, differing, ", but its tags can't be read")
    actual = tags.without_reserved(tags.from_wire(found))
    if not actual.items() <= wanted.items():
        return _Seen(description, at, [*differing, _TAGS])
    return _Seen(
        description, at, differing, "" if actual == wanted else ", but SageMaker doesn't report all of its tags"
    )


def _unproven(operation: "Operation", name: str, seen: _Seen | Failure, ended: Ended, failure: Failure) -> Failure:
    """Return why CREATE doesn't adopt what it saw, with what is known about it and what to do."""
    if isinstance(seen, Failure) and ended.outcome is Outcome.IN_DOUBT:
        is_visible = seen.code is not HandlerErrorCode.NotFound
        message = messages.NOBODY_KNOWS if is_visible else messages.NONE_IS_VISIBLE
        return failure._replace(words=message.words.format(problem=failure.words, look=seen.words))
    in_stack = operation.request.stackId is not None
    if isinstance(seen, Failure):
        message = messages.CAN_NOT_BE_READ if in_stack else messages.CAN_NOT_BE_READ_OUTSIDE_STACKS
        return ERRORS.already_exists(name, message.failure(problem=seen.words), failure)
    created = moments.text(moments.created(seen.description))
    if not seen.differing:
        return ERRORS.already_exists(name, messages.IS_EQUAL.failure(created=created, doubt=seen.doubt), failure)
    message = messages.DIFFERS if in_stack else messages.DIFFERS_OUTSIDE_STACKS
    advice = message.failure(created=created, properties=", ".join(seen.differing))
    return ERRORS.already_exists(name, advice, failure)
