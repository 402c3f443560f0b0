"""All calls to SageMaker: the client, the operations on job definitions and their tags, and how each fails."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from botocore.exceptions import InvalidRegionError
from cloudformation_cli_python_lib import HandlerErrorCode, SessionProxy, exceptions

from . import messages
from .progress import Outcome
from .runtime import deadline, failures, sessions
from .runtime.attempts import Attempts
from .runtime.failures import Failure, HandlerError
from .runtime.limits import DEFAULTS, Limits, Wire
from .tags import Tags, to_wire

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker import type_defs as wires
    from mypy_boto3_sagemaker.type_defs import DescribeModelQualityJobDefinitionResponseTypeDef as Description

PAGE_SIZE = 100
"""Definitions per page of LIST: SageMaker's maximum (SageMaker API, MaxResults)."""

# A definition has at most 50 tags, and a few of AWS's own (aws:...), so one page holds them all (SageMaker API,
# ListTagsMaxResults: no upper limit, 50 by default). The number of pages stops a list that doesn't end.
_TAG_PAGE_SIZE = 100
_TAG_PAGES = 20

config = partial(sessions.config, user_agent_extra="cloudformation-modelqualityjobdefinition/0.1.0")
"""Returns the settings of a client, for time limits of one attempt."""


def sagemaker(session: SessionProxy | None, region: str | None, wire: Wire) -> "SageMakerClient":
    """Return a SageMaker client with the caller's credentials, in the request's region: the session has none.

    Raises:
        InvalidCredentials: CloudFormation sent no credentials.
        InvalidRequest: The region's name is malformed.
    """
    if session is None:
        raise messages.NO_CREDENTIALS.error()
    try:
        client: SageMakerClient = session.client("sagemaker", region_name=region, config=config(wire))
    except InvalidRegionError as error:
        raise exceptions.InvalidRequest(str(error)) from error
    deadline.watch(client)
    return client


sessions.prepare("sagemaker", config(DEFAULTS.wire))


class Ended(NamedTuple):
    """How a Create or a Delete ended."""

    outcome: Outcome
    arn: str = ""
    """The ARN of what was made."""
    failure: Failure | None = None
    """Why it isn't known to be made."""
    in_doubt_since: float | None = None
    """When the first attempt that may have taken effect nevertheless began (attempts.py). None: no attempt can have."""


class JobDefinitions:
    """The job definitions of one account and region.

    Methods raise the plugin library's exceptions (runtime/failures.py), never botocore's. The limits say how often and
    how long a call is attempted, and how long replicas may be old. `hide` hides in SageMaker's messages what may be
    secret.
    """

    def __init__(self, client: "SageMakerClient", limits: Limits, hide: Callable[[str], str] = str) -> None:
        self._client, self._limits = client, limits
        self._attempts = partial(Attempts, messages.ERRORS, limits, hide)

    def create(self, request: "wires.CreateModelQualityJobDefinitionRequestTypeDef") -> Ended:
        """Create a definition, and return how that ended."""
        attempts = self._attempts()
        name, call = request["JobDefinitionName"], self._client.create_model_quality_job_definition
        try:
            return Ended(Outcome.MADE, attempts.send(name, call, request, _arn))
        except HandlerError as error:
            failure = failures.of(error)
        outcome = Outcome.REFUSED if attempts.in_doubt_since is None else Outcome.IN_DOUBT
        # Create is documented to answer ResourceInUse. Newer operations of SageMaker answer ResourceAlreadyExists.
        is_in_use = failure.aws_code in ("ResourceInUse", "ResourceInUseException")
        if is_in_use or failure.code is HandlerErrorCode.AlreadyExists:
            outcome = Outcome.TAKEN
        return Ended(outcome, failure=failure, in_doubt_since=attempts.in_doubt_since)

    def describe(self, name: str) -> "Description":
        """Return SageMaker's description of a definition. ARN and name are certain to be in it."""
        call = self._client.describe_model_quality_job_definition
        return self._attempts().send(name, call, {"JobDefinitionName": name}, _description)

    def delete(self, name: str, confirm: Callable[[], None], *, has_begun: bool) -> Ended:
        """Delete a definition, and return how that ended: TAKEN means that a monitoring schedule uses it.

        `confirm` is called before every request but the first one, which an earlier invocation may have sent
        (`has_begun`): the name may be another definition's by then. It raises NotFound if the definition is gone, and
        any other error if it must not be deleted now.
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

    def page(self, token: str | None, endpoint_name: str | None) -> tuple[list[tuple[str, str]], str | None]:
        """Return the ARNs and names on a page of the list, of an endpoint if given, and the next page's token.

        The token is None for the first page, and after the last one.
        """
        given = {"MaxResults": PAGE_SIZE, "NextToken": token, "EndpointName": endpoint_name}
        request = {name: value for name, value in given.items() if value}
        return self._attempts().send("*", self._client.list_model_quality_job_definitions, request, _page)

    def tags(self, name: str, arn: str) -> Tags:
        """Return all tags of a definition, AWS's own included.

        ListTags answers ValidationException for the ARN of a definition that its replica doesn't know: it was deleted
        since it was described, or the replica is old.

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

    def _all_tags(self, arn: str) -> Tags:
        found: Tags = {}
        request = {"ResourceArn": arn, "MaxResults": _TAG_PAGE_SIZE}
        for _ in range(_TAG_PAGES):
            page, token = self._attempts().send(arn, self._client.list_tags, request, _tags)
            found |= page
            if not token:
                return found
            request = request | {"NextToken": token}
        raise messages.ENDLESS_TAGS.error(pages=_TAG_PAGES)

    def change_tags(
        self, name: str, arn: str, to_set: Tags, to_remove: list[str], confirm: Callable[[], None]
    ) -> Outcome:
        """Remove tags of a definition, then add tags or change values. This order never exceeds the limit of 50.

        `confirm` is called before a request is sent again after an attempt that may have taken effect; it raises
        NotFound if the definition is gone. The outcome is MADE, or IN_DOUBT if an answer was lost on the way.

        Raises:
            NotFound: It was deleted since it was described.
        """
        outcome = Outcome.MADE
        changes: list[tuple[Any, str, Sequence[object]]] = [
            (self._client.delete_tags, "TagKeys", to_remove),
            (self._client.add_tags, "Tags", to_wire(to_set)),
        ]
        for call, member, values in changes:
            if not values:
                continue
            attempts = self._attempts()
            try:
                attempts.send(arn, call, {"ResourceArn": arn, member: values}, _no_members, confirm)
            except exceptions.InvalidRequest:
                self.tags(name, arn)  # if it is gone, that is the reason
                raise
            if attempts.in_doubt_since is not None:
                outcome = Outcome.IN_DOUBT
        return outcome


def _text(answer: Mapping[str, Any], member: str) -> str:
    """Return a text in an answer. Any exception from here on means that the answer can't be read (attempts.py)."""
    value = answer[member]
    if not isinstance(value, str) or not value:
        raise TypeError(member)
    return value


def _arn(answer: Mapping[str, Any]) -> str:
    arn = _text(answer, "JobDefinitionArn")
    if not arn.lower().startswith("arn:"):  # like names, ARNs are compared without case
        raise ValueError
    return arn


def _description(answer: Mapping[str, Any]) -> "Description":
    _arn(answer)
    _text(answer, "JobDefinitionName")
    return cast("Description", answer)


def _page(answer: Mapping[str, Any]) -> tuple[list[tuple[str, str]], str | None]:
    members = "MonitoringJobDefinitionArn", "MonitoringJobDefinitionName"
    found = [(_text(summary, members[0]), _text(summary, members[1])) for summary in answer["JobDefinitionSummaries"]]
    return found, _text(answer, "NextToken") if answer.get("NextToken") else None


def _tags(answer: Mapping[str, Any]) -> tuple[Tags, str | None]:
    found = {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
    if not all(isinstance(text, str) for tag in found.items() for text in tag):
        raise TypeError
    return found, _text(answer, "NextToken") if answer.get("NextToken") else None


def _no_members(answer: Mapping[str, Any]) -> None:
    """Accept an answer that has no members, unless it is text: a proxy's web page has nothing missing either."""
    if answer["ResponseMetadata"]["HTTPHeaders"].get("content-type", "").startswith("text/"):
        raise ValueError
