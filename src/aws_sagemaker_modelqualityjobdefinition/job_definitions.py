"""All calls to SageMaker: the operations on job definitions and their tags, and how each fails."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib.interface import HandlerErrorCode

from . import messages
from .error_codes import ERRORS
from .knowledge import Outcome
from .runtime import deadline, failures
from .runtime.attempts import Attempts
from .runtime.failures import Failure, HandlerError
from .runtime.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import (
        CreateModelQualityJobDefinitionRequestTypeDef,
        DescribeModelQualityJobDefinitionResponseTypeDef,
        ListModelQualityJobDefinitionsRequestTypeDef,
        MonitoringJobDefinitionSummaryTypeDef,
        TagTypeDef,
    )

PAGE_SIZE = 100
"""Definitions per page of LIST: SageMaker's maximum (SageMaker API, MaxResults)."""

# A definition has at most 50 tags, and a few of AWS's own (aws:...), so one page holds them all (SageMaker API,
# ListTagsMaxResults: no upper limit, 50 by default).
_TAG_PAGE_SIZE = 100

# One page is enough (see above). The limit stops a list that doesn't end.
_TAG_PAGES = 20

# Create is documented to answer ResourceInUse. Newer operations of SageMaker answer ResourceAlreadyExists.
_NAME_IS_TAKEN = frozenset(
    {
        "ResourceInUse",
        "ResourceInUseException",
        "ResourceAlreadyExists",
        "ResourceAlreadyExistsException",
    }
)


class Ended(NamedTuple):
    """How a Create or a Delete ended."""

    outcome: Outcome
    arn: str = ""
    """The ARN of what was made."""
    failure: Failure | None = None
    """Why it isn't known to be made."""
    in_doubt_since: float | None = None
    """When the first attempt that may have taken effect despite its failure began (attempts.py). None: no attempt can
    have."""


class JobDefinitions:
    """The job definitions of one account and region.

    Methods raise the plugin library's exceptions (runtime/failures.py), never botocore's.

    Args:
        client: SageMaker's client.
        limits: How often and how long a call is attempted, and how long replicas may be old.
        hide: Hides in SageMaker's messages what may be secret.
    """

    def __init__(self, client: "SageMakerClient", limits: Limits, hide: Callable[[str], str] = str) -> None:
        self._client, self._limits, self._hide = client, limits, hide

    def create(self, request: "CreateModelQualityJobDefinitionRequestTypeDef") -> Ended:
        """Create a definition, and return how that ended."""
        attempts = self._attempts()
        name, call = request["JobDefinitionName"], self._client.create_model_quality_job_definition
        try:
            return Ended(Outcome.MADE, attempts.send(name, call, request, _arn))
        except HandlerError as error:
            failure = failures.of(error)
        if failure.aws_code in _NAME_IS_TAKEN:
            outcome = Outcome.TAKEN
        else:
            outcome = Outcome.REFUSED if attempts.in_doubt_since is None else Outcome.IN_DOUBT
        return Ended(outcome, failure=failure, in_doubt_since=attempts.in_doubt_since)

    def describe(self, name: str) -> "DescribeModelQualityJobDefinitionResponseTypeDef":
        """Return SageMaker's description of a definition. ARN and name are certain to be in it."""
        call = self._client.describe_model_quality_job_definition
        return self._attempts().send(name, call, {"JobDefinitionName": name}, _description)

    def delete(self, name: str, confirm: Callable[[], None], *, has_begun: bool) -> Ended:
        """Delete a definition, and return how that ended: TAKEN means that a monitoring schedule uses it.

        Args:
            name: The definition's name.
            confirm: Called before every request but the first one, after which the name may be another definition's.
                Raises NotFound if the definition is gone, and any other error if it must not be deleted now.
            has_begun: Whether an earlier invocation sent the first request.
        """
        attempts, call = self._attempts(), self._client.delete_model_quality_job_definition
        is_in_doubt = has_begun
        try:
            if has_begun:
                confirm()
            is_in_doubt = False
            attempts.send(name, call, {"JobDefinitionName": name}, _no_members, confirm)
        except HandlerError as error:
            failure = failures.of(error)
        else:
            return Ended(Outcome.MADE)
        is_in_doubt = is_in_doubt or attempts.in_doubt_since is not None
        if failure.code is HandlerErrorCode.NotFound and (has_begun or is_in_doubt):
            return Ended(Outcome.MADE)
        if failure.code is HandlerErrorCode.ResourceConflict:
            return Ended(Outcome.TAKEN, failure=failure)
        return Ended(Outcome.IN_DOUBT if is_in_doubt else Outcome.REFUSED, failure=failure)

    def page(
        self, token: str | None, endpoint_name: str | None
    ) -> "tuple[Sequence[MonitoringJobDefinitionSummaryTypeDef], str | None]":
        """Return one page of definitions and the next page's token, None on the last page.

        Args:
            token: The page's token, None for the first.
            endpoint_name: If given, only definitions of this endpoint.
        """
        request: ListModelQualityJobDefinitionsRequestTypeDef = {"MaxResults": PAGE_SIZE}
        if token:
            request["NextToken"] = token
        if endpoint_name:
            request["EndpointName"] = endpoint_name
        return self._attempts().send("*", self._client.list_model_quality_job_definitions, request, _summaries)

    def tags(self, name: str, arn: str) -> "list[TagTypeDef]":
        """Return all tags of a definition, AWS's own included.

        ListTags answers ValidationException for the ARN of a definition that its replica doesn't know: it was deleted
        since it was described, or the replica is old.

        Args:
            name: The definition's name.
            arn: Its ARN.

        Raises:
            NotFound: It was deleted.
            ServiceInternalError: Describe still finds it.
        """
        pauses = iter(self._limits.checks.replicas)
        while True:
            try:
                return self._all_tags(arn)
            except exceptions.InvalidRequest as error:
                self.describe(name)
                pause = next(pauses, math.inf)
                if deadline.remaining() < pause + self._limits.checks.look_time:
                    raise messages.OLD_REPLICA.error(problem=error) from error
            self._limits.time.pause(pause)

    def _all_tags(self, arn: str) -> "list[TagTypeDef]":
        found: list[TagTypeDef] = []
        token = ""
        for _ in range(_TAG_PAGES):
            request = {"ResourceArn": arn, "MaxResults": _TAG_PAGE_SIZE, **({"NextToken": token} if token else {})}
            tags, token = self._attempts().send(arn, self._client.list_tags, request, _tags)
            found += tags
            if not token:
                return found
        raise messages.ENDLESS_TAGS.error(pages=_TAG_PAGES)

    def change_tags(
        self, name: str, arn: str, to_set: "list[TagTypeDef]", to_remove: list[str], confirm: Callable[[], None]
    ) -> Outcome:
        """Remove tags of a definition, then add tags or change values. This order never exceeds the limit of 50.

        Args:
            name: The definition's name.
            arn: Its ARN.
            to_set: Tags to add or to change.
            to_remove: Keys of tags to remove.
            confirm: Called before a request is sent again after an attempt that may have taken effect; raises NotFound
                if the definition is gone.

        Returns:
            MADE; IN_DOUBT if an answer was lost on the way.

        Raises:
            NotFound: It was deleted since it was described.
        """
        calls: list[tuple[Any, Mapping[str, Any]]] = []
        if to_remove:
            calls.append((self._client.delete_tags, {"ResourceArn": arn, "TagKeys": to_remove}))
        if to_set:
            calls.append((self._client.add_tags, {"ResourceArn": arn, "Tags": to_set}))
        outcome = Outcome.MADE
        for call, request in calls:
            attempts = self._attempts()
            try:
                attempts.send(arn, call, request, _no_members, confirm)
            except exceptions.InvalidRequest:
                self.tags(name, arn)  # if it is gone, that is the reason
                raise
            if attempts.in_doubt_since is not None:
                outcome = Outcome.IN_DOUBT
        return outcome

    def _attempts(self) -> Attempts:
        return Attempts(ERRORS, self._limits, self._hide)


# Readers of answers. Any exception from them means that the answer can't be read (attempts.py).


def _text(answer: "Mapping[str, Any]", member: str) -> str:
    value = answer[member]
    if not isinstance(value, str) or not value:
        raise TypeError(member)
    return value


def _arn(answer: "Mapping[str, Any]") -> str:
    arn = _text(answer, "JobDefinitionArn")
    if not arn.lower().startswith("arn:"):  # like names, ARNs are compared without case
        raise ValueError
    return arn


def _description(answer: "Mapping[str, Any]") -> "DescribeModelQualityJobDefinitionResponseTypeDef":
    _arn(answer)
    _text(answer, "JobDefinitionName")
    return cast("DescribeModelQualityJobDefinitionResponseTypeDef", answer)


def _summaries(answer: "Mapping[str, Any]") -> "tuple[Sequence[MonitoringJobDefinitionSummaryTypeDef], str | None]":
    for summary in answer["JobDefinitionSummaries"]:
        _text(summary, "MonitoringJobDefinitionArn")
        _text(summary, "MonitoringJobDefinitionName")
    return answer["JobDefinitionSummaries"], _text(answer, "NextToken") if answer.get("NextToken") else None


def _tags(answer: "Mapping[str, Any]") -> "tuple[list[TagTypeDef], str]":
    for tag in answer["Tags"]:
        if not isinstance(tag["Key"], str) or not isinstance(tag["Value"], str):
            raise TypeError
    return answer["Tags"], _text(answer, "NextToken") if answer.get("NextToken") else ""


def _no_members(answer: "Mapping[str, Any]") -> None:
    """Accept an answer that has no members, unless it is text: a proxy's web page has nothing missing either."""
    if answer["ResponseMetadata"]["HTTPHeaders"].get("content-type", "").startswith("text/"):
        raise ValueError
