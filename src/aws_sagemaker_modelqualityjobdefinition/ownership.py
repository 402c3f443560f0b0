"""Whose definition it is that has the name a Create asks for.

A generated name is its own request's alone: it is made of stack, logical id and token. A user-provided name proves
nothing. Under one, a definition is a request's own only if an attempt of this very invocation may have made it, it was
made since that attempt began, and it is in everything as asked for, tags included. Everybody else's is left alone: one
that is adopted in error is deleted in the end.
"""

import logging
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from . import attempts, deadline, errors, identity, tags, translation, words

if TYPE_CHECKING:
    from .job_definitions import JobDefinitions, Refused
    from .models import ResourceHandlerRequest, ResourceModel

LOG = logging.getLogger(__name__)

# Seconds before each further look at a definition whose owner has to be known in this invocation: reads lag behind.
_PAUSES = (1, 2, 4, 8, 15)

_REPLACING = (
    "To replace a definition that has a JobDefinitionName, change the name in the same update, or leave it out and "
    "have one generated: CloudFormation creates the new definition before it deletes the old one."
)


class Made(NamedTuple):
    """A definition that is a Create's own, or that is going to be if it is there."""

    name: str
    arn: str
    unheard: errors.HandlerError | None = None
    """What Create failed with, if nobody knows yet whether it took effect."""
    taken: errors.HandlerError | None = None
    """What Create failed with, if a definition of its generated name was there."""

    def foreign(self, desired: "ResourceModel", found: "ResourceModel") -> errors.HandlerError | None:
        """Return AlreadyExists if the definition found has the generated name without being what was asked for."""
        if self.taken is None or not (differing := translation.differences(desired, found)):
            return None
        return errors.already_exists(
            self.name, self.taken, f"It differs from what is asked for in {', '.join(differing)}. {_REPLACING}"
        )


def made(
    definitions: "JobDefinitions",
    request: "ResourceHandlerRequest",
    desired: "ResourceModel",
    wanted: tags.Tags,
    *,
    was_unheard: bool,
) -> Made:
    """Create a definition, under the name given or a generated one, and return it once it is known to be the request's.

    Args:
        definitions: Where to.
        request: The request.
        desired: Its properties.
        wanted: The tags that the definition is to have.
        was_unheard: Whether an earlier invocation sent Create and nobody knows if that took effect.

    Raises:
        AlreadyExists: The definition of that name is another's, or can't be proven to be this request's.
        HandlerError: Create failed, and there is nothing that CloudFormation has to clean up.
    """
    generated = identity.generated_name(request.stackId, request.logicalResourceIdentifier, request.clientRequestToken)
    name = desired.JobDefinitionName or generated
    LOG.info("Creating %s for %s", words.shown(name), request.logicalResourceIdentifier)
    answer = definitions.create(translation.request(desired, name, wanted))
    if isinstance(answer, str):
        return Made(name, answer)
    if name != generated:
        return Made(name, _proven(definitions, desired, name, wanted, answer))
    arn = identity.arn_of(name, desired.RoleArn, request.region, request.awsAccountId)
    if arn is None or not (answer.taken or answer.unheard is not None or was_unheard):
        raise answer.error
    return Made(name, arn, taken=answer.error) if answer.taken else Made(name, arn, unheard=answer.error)


def _proven(
    definitions: "JobDefinitions", desired: "ResourceModel", name: str, wanted: tags.Tags, refused: "Refused"
) -> str:
    """Return the ARN of the definition that a Create under a user-provided name made, its answer lost.

    Args:
        definitions: Where to look.
        desired: What was asked for.
        name: The name.
        wanted: The tags that it was to have.
        refused: What became of Create.

    Raises:
        AlreadyExists: The definition of that name is another's, or can't be proven to be this request's.
        HandlerError: Create's own error, if there is no such definition.
    """
    if not refused.taken and refused.unheard is None:
        raise refused.error
    pauses = iter(_PAUSES)
    while True:
        seen = _look(definitions, desired, name, wanted)
        if isinstance(seen, _Seen) and refused.unheard is not None and seen.made_since(refused.unheard):
            if not seen.unlike:
                return str(seen.description["JobDefinitionArn"])
            may_change = seen.unlike in ([_TAGS], [_UNREAD_TAGS])  # ListTags lags behind Create
        else:
            may_change = not isinstance(seen, _Seen) and refused.unheard is not None
        pause = next(pauses, math.inf)
        if not may_change or deadline.left() <= pause + attempts.LEAST_TIME:
            break
        time.sleep(pause)
    if isinstance(seen, _Seen):
        raise errors.already_exists(name, refused.error, f"{seen.words()} {_REPLACING}")
    if not refused.taken:
        refused.error.args = (f"{refused.error} Nobody knows whether the definition was made: none is seen.",)
        raise refused.error
    advice = f"It can't be read: {seen} See whether it is yours. {_REPLACING}"
    raise errors.already_exists(name, refused.error, advice)


_TAGS, _UNREAD_TAGS = "Tags", "Tags, which can't be read"


class _Seen:
    """A definition that has the name asked for."""

    def __init__(self, description: Mapping[str, Any], at: float, unlike: list[str]) -> None:
        self.description, self._at, self.unlike = description, at, unlike

    def made_since(self, moment: float) -> bool:
        """Tell whether it was made after a moment of the monotonic clock, by the clock that it was made by."""
        made: datetime = self.description["CreationTime"]
        if not made.microsecond:  # to the second: at any time in it
            made += timedelta(seconds=1)
        return made >= self._service_time() - timedelta(seconds=self._at - moment)

    def _service_time(self) -> datetime:
        """Return what time it was for SageMaker when it described the definition, at the earliest."""
        date = self.description.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        try:
            return parsedate_to_datetime(date).replace(tzinfo=UTC)
        except (TypeError, ValueError):
            return datetime.now(UTC) - timedelta(seconds=time.monotonic() - self._at)

    def words(self) -> str:
        """Return what is known of it and what to do, for the one whose stack did not get it."""
        made = self.description["CreationTime"].astimezone(UTC).isoformat(timespec="seconds")
        if self.unlike:
            return (
                f"It was made at {made} and differs from what is asked for in {', '.join(self.unlike)}: it is another "
                "stack's or somebody's. Choose another JobDefinitionName, or delete it first if nobody needs it."
            )
        return (
            f"It was made at {made} and equals what is asked for. If that is when this operation was tried, an earlier "
            "attempt of it made the definition and its answer was lost: delete it and try again, or import it into the "
            "stack. If not, it is another stack's or somebody's: choose another JobDefinitionName."
        )


def _look(
    definitions: "JobDefinitions", desired: "ResourceModel", name: str, wanted: tags.Tags
) -> _Seen | errors.HandlerError:
    """Return the definition of that name, or why it can't be seen."""
    try:
        description = definitions.describe(name)
        at = time.monotonic()
        unlike = translation.unlike(desired, translation.model(description, []))
    except errors.HandlerError as error:
        return error
    try:
        actual = tags.from_wire(definitions.tags(name, description["JobDefinitionArn"]))
    except errors.HandlerError:
        return _Seen(description, at, [*unlike, _UNREAD_TAGS])
    return _Seen(description, at, unlike if tags.without_reserved(actual) == wanted else [*unlike, _TAGS])
