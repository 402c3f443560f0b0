"""Decide whether an existing definition is the one that this CREATE made.

A generated name belongs to one request: it is derived from the stack, the logical id and the request token.

A user-provided name proves nothing. With one, CREATE adopts an existing definition only if all of this holds: an
attempt of this invocation may have created it, it was created after that attempt began, and it equals the request in
every property and tag. All other definitions are left alone, because CloudFormation would later delete an adopted one.
"""

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from . import identity, tags, translation
from .error_codes import ERRORS
from .runtime import deadline, errors, words

if TYPE_CHECKING:
    from .job_definitions import JobDefinitions, Refused
    from .models import ResourceHandlerRequest, ResourceModel

LOG = logging.getLogger(__name__)

# Seconds before each further check of a definition whose owner must be known within this invocation. Reads lag behind.
_PAUSES = (1, 2, 4, 8, 15)

_TAGS = "Tags"

_LOOK_TIME = 5.0
"""The seconds that a pause must leave for the check after it: two calls, of which slow ones take over a second each."""

_REPLACING = (
    "To replace a definition that has a JobDefinitionName, change the name in the same update, or leave it out and "
    "have one generated: CloudFormation creates the new definition before it deletes the old one."
)


class Created(NamedTuple):
    """A definition that belongs to this CREATE, if it exists."""

    name: str
    arn: str
    in_doubt: errors.HandlerError | None = None
    """Create's error, if it is unknown whether Create took effect."""
    taken: errors.HandlerError | None = None
    """Create's error, if a definition with the generated name existed already."""

    def foreign(self, desired: "ResourceModel", found: "ResourceModel") -> errors.HandlerError | None:
        """Return AlreadyExists if the definition with the generated name differs from the request; else None."""
        if self.taken is None or not (differing := translation.differences(desired, found)):
            return None
        return ERRORS.already_exists(
            self.name, self.taken, f"It differs from the request in {', '.join(differing)}. {_REPLACING}"
        )


def create(
    definitions: "JobDefinitions",
    request: "ResourceHandlerRequest",
    desired: "ResourceModel",
    wanted: tags.Tags,
    *,
    was_in_doubt: bool,
) -> Created:
    """Create a definition with the given or a generated name, and return it once it is known to belong to the request.

    Args:
        definitions: The definitions of the account and region.
        request: The request.
        desired: The desired state.
        wanted: The definition's tags, with those of the stack.
        was_in_doubt: Whether an earlier invocation sent Create and lost the answer.

    Raises:
        AlreadyExists: A definition with that name exists, and nothing proves that this request created it.
        HandlerError: Create failed and left nothing for CloudFormation to clean up.
    """
    generated = identity.generated_name(request.stackId, request.logicalResourceIdentifier, request.clientRequestToken)
    name = desired.JobDefinitionName or generated
    LOG.info("Creating %s for %s", words.shown(name), request.logicalResourceIdentifier)
    answer = definitions.create(translation.request(desired, name, wanted))
    if isinstance(answer, str):
        return Created(name, answer)
    if name != generated:
        return Created(name, _proven(definitions, desired, name, wanted, answer))
    arn = identity.arn_of(name, desired.RoleArn, request.region, request.awsAccountId)
    if arn is None or not (answer.taken or answer.in_doubt_since is not None or was_in_doubt):
        raise answer.error
    return Created(name, arn, taken=answer.error) if answer.taken else Created(name, arn, in_doubt=answer.error)


def _proven(
    definitions: "JobDefinitions", desired: "ResourceModel", name: str, wanted: tags.Tags, refused: "Refused"
) -> str:
    """Return the ARN of a definition with a user-provided name whose Create took effect although its answer was lost.

    Args:
        definitions: The definitions of the account and region.
        desired: The desired state.
        name: The user-provided name.
        wanted: The definition's tags, with those of the stack.
        refused: The outcome of Create.

    Raises:
        AlreadyExists: A definition with that name exists, and nothing proves that this request created it.
        HandlerError: Create's error, if no such definition exists.
    """
    if not refused.taken and refused.in_doubt_since is None:
        raise refused.error
    pauses = iter(_PAUSES)
    while True:
        seen = _look(definitions, desired, name, wanted)
        if (
            isinstance(seen, _Seen)
            and refused.in_doubt_since is not None
            and seen.created_since(refused.in_doubt_since)
        ):
            if not seen.differing and not seen.doubt:
                return str(seen.description["JobDefinitionArn"])
            may_change = seen.differing in ([], [_TAGS])  # ListTags lags behind Create: look again
        else:
            may_change = not isinstance(seen, _Seen) and refused.in_doubt_since is not None
        pause = min(next(pauses, 0.0), deadline.remaining() - _LOOK_TIME)
        if not may_change or pause <= 0:
            break
        time.sleep(pause)
    if isinstance(seen, _Seen):
        raise ERRORS.already_exists(name, refused.error, f"{seen.words()} {_REPLACING}")
    if not refused.taken:
        refused.error.args = (f"{refused.error} It is unknown whether the definition was created: none is visible.",)
        raise refused.error
    advice = f"It can't be read: {seen} Find out whether it is yours. {_REPLACING}"
    raise ERRORS.already_exists(name, refused.error, advice)


class _Seen:
    """A definition that exists under the requested name."""

    def __init__(self, description: Mapping[str, Any], at: float, differing: list[str], doubt: str = "") -> None:
        self.description, self._at = description, at
        self.differing, self.doubt = differing, doubt

    def created_since(self, moment: float) -> bool:
        """Return whether it was created after a moment of the monotonic clock, judged by SageMaker's own clock."""
        created: datetime = self.description["CreationTime"]
        if not created.microsecond:  # a whole second: created at any moment within it
            created += timedelta(seconds=1)
        return created >= self._service_time() - timedelta(seconds=self._at - moment)

    def _service_time(self) -> datetime:
        """Return the earliest time that SageMaker's clock can have shown when it described the definition."""
        date = self.description.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        try:
            return parsedate_to_datetime(date).replace(tzinfo=UTC)
        except (TypeError, ValueError):
            return datetime.now(UTC) - timedelta(seconds=time.monotonic() - self._at)

    def words(self) -> str:
        """Return what is known about the definition and what to do, for the stack event."""
        created = self.description["CreationTime"].astimezone(UTC).isoformat(timespec="seconds")
        if self.differing:
            return (
                f"It was created at {created} and differs from the request in {', '.join(self.differing)}, "
                "so it belongs to somebody else. Choose another JobDefinitionName, or delete the definition if nobody "
                "needs it."
            )
        equality = "equals the request" + (f", but {self.doubt}" if self.doubt else "")
        return (
            f"It was created at {created} and {equality}. If you tried this operation at that time, an earlier attempt "
            "created it and its answer was lost: delete the definition and try again, or import it into the stack. "
            "Otherwise it belongs to somebody else: choose another JobDefinitionName."
        )


def _look(
    definitions: "JobDefinitions", desired: "ResourceModel", name: str, wanted: tags.Tags
) -> _Seen | errors.HandlerError:
    """Return the definition with that name, or the error of reading it."""
    try:
        description = definitions.describe(name)
        at = time.monotonic()
        differing = translation.strict_differences(desired, translation.model(description, []))
    except errors.HandlerError as error:
        return error
    try:
        actual = tags.without_reserved(tags.from_wire(definitions.tags(name, description["JobDefinitionArn"])))
    except errors.HandlerError:
        return _Seen(description, at, differing, "its tags can't be read")
    if not actual.items() <= wanted.items():
        return _Seen(description, at, [*differing, _TAGS])
    return _Seen(description, at, differing, "" if actual == wanted else "SageMaker doesn't report all of its tags")
