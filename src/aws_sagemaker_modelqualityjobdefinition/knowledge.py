"""What one invocation knows of its definition and tells the next one: the callback context.

It is bound to the definition's ARN and creation time, never to the request's token: nobody knows whether AWS keeps it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from . import identity, messages, moments
from .models import ResourceModel
from .runtime.failures import Failure


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
        return self.created is not None and created is not None and abs(self.created - created) >= _MILLISECOND

    def context(self) -> dict[str, Any]:
        """Return the callback context."""
        return {
            "Attempt": self.attempt,
            "Arn": self.arn,
            "Outcome": self.outcome.value,
            **({"CreationTime": self.created.isoformat()} if self.created else {}),
            **({"Began": self.began} if self.began is not None else {}),
        }


def about(description: Mapping[str, Any]) -> Known:
    """Return what Describe's answer says of a definition."""
    return Known(description["JobDefinitionArn"], moments.created(description))


_MILLISECOND = timedelta(milliseconds=1)
_MEMBERS = frozenset({"Attempt", "Arn", "Outcome", "CreationTime", "Began"})
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)
_MOST_ATTEMPTS = 100


def of(context: Mapping[str, Any], model: ResourceModel | None) -> Known | Failure | None:
    """Return what earlier invocations of a request know, by its callback context; None in its first one.

    It is a failure if the context isn't of this type, or not about the definition that the model identifies. It is no
    knowledge then: nothing may be created, changed or deleted on its word.
    """
    if not context:
        return None
    attempt, arn, began = context.get("Attempt"), context.get("Arn"), context.get("Began")
    if not (
        context.keys() <= _MEMBERS
        and type(attempt) is int
        and 0 < attempt <= _MOST_ATTEMPTS
        and isinstance(arn, str)
        and context.get("Outcome") in _OUTCOMES
        and (began is None or (isinstance(began, int | float) and 0 <= began < 1e11))
    ):
        return messages.NO_KNOWLEDGE.failure()
    if model is None or not model.JobDefinitionArn or not identity.same(arn, model.JobDefinitionArn):
        return messages.OTHER_KNOWLEDGE.failure()
    return Known(arn, moments.read(context.get("CreationTime")), Outcome(context["Outcome"]), began, attempt)
