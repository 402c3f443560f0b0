"""What a handler works with, and whose an existing definition is: the one that this request made, or somebody else's.

Identity is the name and the creation time: a name can be deleted and taken by another stack in between. So after a
doubt and in every callback, what is reported, changed or deleted has the creation time that this request knows.

A generated name belongs to one request: a definition that has it and differs from the request was made by hand. With a
user-provided name, CREATE adopts a definition only if an attempt of this invocation may have created it, it was created
after that attempt began, and it equals the request in every property and tag: CloudFormation would later delete it.
"""

import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from cloudformation_cli_python_lib import HandlerErrorCode

from . import comparison, identity, messages, tags, translation
from .job_definitions import Ended, JobDefinitions
from .models import ResourceHandlerRequest, ResourceModel
from .progress import Known, Look, Outcome
from .runtime import deadline, failures, words
from .runtime.failures import Failure, HandlerError
from .runtime.limits import Limits

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeModelQualityJobDefinitionResponseTypeDef as Description

LOG = logging.getLogger(__name__)


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


def create(operation: Operation, wanted: tags.Tags) -> tuple[Known, Failure | None]:
    """Create a definition with these tags, and the given or a generated name, which a callback has in its model.

    Return what is known of the definition, and Create's failure if it is in doubt.

    Raises:
        AlreadyExists: A definition with that name exists, and nothing proves that this request created it.
        HandlerError: Create failed and left nothing for CloudFormation to clean up.
    """
    desired, request, known = operation.desired, operation.request, operation.known
    name = desired.JobDefinitionName or identity.generated_name(
        request.stackId, request.logicalResourceIdentifier, request.clientRequestToken
    )
    LOG.info("Creating %s for %s", words.shown(name), request.logicalResourceIdentifier)
    ended = operation.definitions.create(translation.request(desired, name, wanted))
    if ended.failure is None:
        return (known or Known(ended.arn))._replace(arn=ended.arn, outcome=Outcome.MADE), None
    if known is None:
        if ended.outcome is Outcome.REFUSED:
            raise ended.failure.error()
        if desired.JobDefinitionName:
            return _proven(operation, name, wanted, ended, ended.failure), None
        arn = identity.arn_of(name, desired.RoleArn, request.region, request.awsAccountId)
        if arn is None:
            raise ended.failure.error()
        known = Known(arn)
    outcome = Outcome.TAKEN if ended.outcome is Outcome.TAKEN else Outcome.IN_DOUBT
    return known._replace(outcome=outcome), ended.failure


def look(
    operation: Operation,
    known: Known,
    wanted: tags.Tags,
    replaced: tags.Tags | None = None,
    description: "Description | None" = None,
) -> Look:
    """Look whether a definition that was created or updated is as desired, with the wanted tags.

    After an update, `replaced` are the tags before it. `description` is given if it was read in this invocation and
    can't have changed since.
    """
    name = operation.desired.JobDefinitionName or identity.parse(known.arn)["name"]
    description = description or operation.definitions.describe(name)
    identity.confirm(known.arn, description["JobDefinitionArn"])
    created = identity.created(description)
    if known.is_other(created):
        return Look(problem=messages.ERRORS.not_found(known.arn), is_others=True)
    if known.outcome is not Outcome.MADE:
        differing = comparison.differences(operation.desired, translation.model(description, {}))
        if differing:
            advice = messages.GENERATED_NAME_IS_TAKEN.failure(properties=", ".join(differing))
            return Look(problem=messages.ERRORS.already_exists(name, advice), is_others=True)
    try:
        found, actual = operation.with_tags(description)
    except HandlerError as error:
        return Look(problem=failures.of(error), created=created)
    if tags.are_as_desired(replaced or {}, wanted, actual):
        return Look(found)
    late = messages.TAGS_LAG if replaced is None else messages.CHANGED_TAGS_LAG
    return Look(problem=late.failure(seconds=sum(operation.limits.checks.reads)), created=created)


def delete(operation: Operation, name: str) -> tuple[Known | None, Ended]:
    """Delete the definition with a name, unless it is gone and another one has its name.

    Return what the next invocation has to know, None if there can be none; and how the deletion ended.
    """
    model = operation.desired
    now = operation.limits.time.now()
    known = operation.known or Known(model.JobDefinitionArn or "", identity.moment(model.CreationTime), began=now)
    has_begun = operation.known is not None
    ended = operation.definitions.delete(name, partial(confirm, operation, name, known), has_begun=has_begun)
    if ended.outcome is Outcome.TAKEN and not (known.arn and known.created):
        with suppress(HandlerError):  # a callback must know enough to delete no other definition
            found = Known.about(operation.definitions.describe(name))
            known = known._replace(arn=known.arn or found.arn, created=known.created or found.created)
    return known if known.arn and ended.outcome is not Outcome.REFUSED else None, ended


def confirm(operation: Operation, name: str, known: Known) -> None:
    """Make sure that a definition is still there, and not another one that has its name now.

    It must be known when it was created, or at least when its deletion began. It is gone if Describe says so for some
    seconds: replicas may be old.

    Raises:
        NotFound: It is gone.
        HandlerError: It can't be decided. The code is one that CloudFormation retries.
    """
    for pause in (0.0, *operation.limits.checks.replicas):
        operation.limits.time.pause(pause)
        try:
            description = operation.definitions.describe(name)
        except HandlerError as error:
            failure = failures.of(error)
            if failure.code is HandlerErrorCode.NotFound:
                continue
            if failure.is_retriable:
                raise
            raise messages.NOT_DECIDED.error(problem=failure.words) from error
        if _is_same(operation, known, description):
            return
        break
    raise messages.ERRORS.not_found(known.arn or name).error()


def _is_same(operation: Operation, known: Known, description: "Description") -> bool:
    created, began, now = identity.created(description), known.began, operation.limits.time.now()
    if known.created is not None and created is not None:
        return not known.is_other(created)
    later = None
    if known.created is None and began is not None and began <= now:
        later = identity.created_after(description, now - began)
    if later is None:
        raise messages.NO_TIMES.error()
    if abs(later) > operation.limits.checks.clocks_differ:
        return later < 0
    if comparison.differences(operation.desired, translation.model(description, {})):
        return False
    raise messages.TOO_CLOSE.error()


class _Seen(NamedTuple):
    """A definition that exists under the requested name."""

    description: "Description"
    at: float
    """When it was described (monotonic clock)."""
    differing: list[str]
    """The properties in which it differs from the request."""
    doubt: str
    """Why it is unknown whether its tags are equal."""


def _proven(operation: Operation, name: str, wanted: tags.Tags, ended: Ended, failure: Failure) -> Known:
    """Return a definition with a user-provided name whose Create took effect although its answer was lost.

    Raises:
        HandlerError: AlreadyExists if there is one and nothing proves that, else Create's failure.
    """
    checks = operation.limits.checks
    pauses = iter((*checks.looks, 0.0))
    while True:
        seen = _look(operation, name, wanted)
        outcome = _outcome(seen, ended.in_doubt_since, checks.clocks_differ)
        if isinstance(seen, _Seen) and outcome is Outcome.MADE:
            return Known.about(seen.description)
        pause = min(next(pauses), deadline.remaining() - checks.look_time)
        if outcome is Outcome.TAKEN or pause <= 0:
            raise _unproven(operation, name, seen, ended, failure).error()
        operation.limits.time.pause(pause)


def _outcome(seen: _Seen | Failure, since: float | None, margin: float) -> Outcome:
    """Return how Create ended, by what was seen: MADE, TAKEN by somebody else, or IN_DOUBT if more looks may tell."""
    if since is None:
        return Outcome.TAKEN
    if isinstance(seen, Failure):
        return Outcome.IN_DOUBT
    later = identity.created_after(seen.description, seen.at - since)
    if later is None or later < -margin or {*seen.differing} - {"Tags"}:
        return Outcome.TAKEN
    # ListTags lags behind Create.
    return Outcome.IN_DOUBT if seen.differing or seen.doubt else Outcome.MADE


def _look(operation: Operation, name: str, wanted: tags.Tags) -> _Seen | Failure:
    """Return the definition with that name, or why it can't be read."""
    try:
        description = operation.definitions.describe(name)
        at = operation.limits.time.monotonic()
        existing = translation.model(description, {})
    except HandlerError as error:
        return failures.of(error)
    differing, doubt = comparison.differences(operation.desired, existing, existing), ""
    try:
        actual = tags.without_reserved(operation.definitions.tags(name, description["JobDefinitionArn"]))
    except HandlerError:
        doubt = ", but its tags can't be read"
    else:
        if not actual.items() <= wanted.items():
            differing = [*differing, "Tags"]
        elif actual != wanted:
            doubt = ", but SageMaker doesn't report all of its tags"
    return _Seen(description, at, differing, doubt)


def _unproven(operation: Operation, name: str, seen: _Seen | Failure, ended: Ended, failure: Failure) -> Failure:
    """Return why CREATE doesn't adopt what it saw, with what is known about it and what to do."""
    in_stack = operation.request.stackId is not None
    if isinstance(seen, Failure):
        if ended.outcome is Outcome.IN_DOUBT:
            is_visible = seen.code is not HandlerErrorCode.NotFound
            message = messages.NOBODY_KNOWS if is_visible else messages.NONE_IS_VISIBLE
            return failure._replace(words=message.words.format(problem=failure.words, look=seen.words))
        message = messages.CAN_NOT_BE_READ if in_stack else messages.CAN_NOT_BE_READ_OUTSIDE_STACKS
        return messages.ERRORS.already_exists(name, message.failure(problem=seen.words), failure)
    message = messages.DIFFERS if in_stack else messages.DIFFERS_OUTSIDE_STACKS
    if not seen.differing:
        message = messages.IS_EQUAL
    moment = identity.created(seen.description)
    created = moment.isoformat(timespec="seconds") if moment else "an unknown time"
    advice = message.failure(created=created, properties=", ".join(seen.differing), doubt=seen.doubt)
    return messages.ERRORS.already_exists(name, advice, failure)
