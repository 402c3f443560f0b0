"""The function's input and output: checks an event's members, and limits the answer's size.

CloudFormation and Cloud Control send valid events. A person who tries the function can send anything, and gets a
message that names the wrong member. Messages never quote a value, except part of a name.
"""

import json
from collections.abc import Collection, Mapping
from copy import copy
from typing import Any

from cloudformation_cli_python_lib import Action, ProgressEvent
from cloudformation_cli_python_lib.utils import KitchenSinkEncoder

from . import failures, words

ANSWER_SIZE = 5_000_000
"""The maximum length of an answer, in characters of JSON. Lambda's limit is 6 MB."""

_MESSAGE_LENGTH = 4 * words.MESSAGE_LENGTH
_MOST_TAGS = 1000

Json = dict[str, Any]


class _Part:
    """An object in the event, with its path for messages."""

    def __init__(self, members: Mapping[str, Any], path: str = "") -> None:
        self.members, self.path = members, path

    def name(self, member: str) -> str:
        return f"{self.path}/{member}".lstrip("/")

    def part(self, member: str) -> "_Part":
        return _Part(self.mapping(member) or {}, self.name(member))

    def mapping(self, member: str) -> Mapping[str, Any] | None:
        value = self.members.get(member)
        if value is not None and not isinstance(value, Mapping):
            raise failures.MEMBER_IS_NO_OBJECT.error(member=self.name(member))
        return value

    def text(self, member: str, longest: int) -> str | None:
        """Return an optional member, a string of one line."""
        value = self.members.get(member)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not value.isprintable():
            raise failures.MEMBER_IS_NO_LINE.error(member=self.name(member))
        if len(value) > longest:
            raise failures.MEMBER_IS_TOO_LONG.error(member=self.name(member), length=len(value), limit=longest)
        return value

    def required(self, member: str, longest: int) -> str:
        value = self.text(member, longest)
        if value is None:
            raise failures.MEMBER_IS_MISSING.error(member=self.name(member))
        return value

    def tags(self, member: str) -> Mapping[str, str] | None:
        value = self.mapping(member)
        if value and len(value) > _MOST_TAGS:
            raise failures.TOO_MANY_STACK_TAGS.error(member=self.name(member), count=len(value))
        for key, tag in (value or {}).items():
            if not isinstance(key, str) or not isinstance(tag, str) or not words.is_unicode(key + tag):
                raise failures.STACK_TAG_IS_NO_TEXT.error(member=self.name(member), key=words.shown(key))
        return value

    def credentials(self, member: str) -> Json | None:
        given = self.part(member)
        if not given.members:
            return None
        return {
            "accessKeyId": given.required("accessKeyId", 1024),
            "secretAccessKey": given.required("secretAccessKey", 1024),
            "sessionToken": given.text("sessionToken", 65_536),
        }


def checked(sent: object) -> Json:
    """Return the members of an event from CloudFormation that the handlers use, each of the right type.

    Raises:
        InvalidRequest: A member is missing or of another type. The message names it.
    """
    event, data = _event(sent, "requestData", failures.NO_REQUEST_DATA)
    return _common(event, event) | {
        "bearerToken": event.required("bearerToken", 1024),
        "requestData": {
            "callerCredentials": data.credentials("callerCredentials"),
            "providerCredentials": data.credentials("providerCredentials"),
            "providerLogGroupName": data.text("providerLogGroupName", 512),
            "logicalResourceId": data.text("logicalResourceId", 1024),
            "resourceProperties": data.mapping("resourceProperties"),
            "previousResourceProperties": data.mapping("previousResourceProperties"),
            "stackTags": data.tags("stackTags"),
            "previousStackTags": data.tags("previousStackTags"),
        },
    }


def checked_test(sent: object) -> Json:
    """Return what `checked` does, of an event of `sam local invoke TestEntrypoint`; the errors are the same."""
    event, request = _event(sent, "request", failures.NO_REQUEST)
    return _common(event, request) | {
        "bearerToken": request.required("clientRequestToken", 1024),
        "requestData": {
            "callerCredentials": event.credentials("credentials"),
            "logicalResourceId": request.text("logicalResourceIdentifier", 1024),
            "resourceProperties": request.mapping("desiredResourceState"),
            "previousResourceProperties": request.mapping("previousResourceState"),
            "stackTags": request.tags("desiredResourceTags"),
            "previousStackTags": request.tags("previousResourceTags"),
        },
    }


def _event(sent: object, member: str, missing: failures.Message) -> tuple[_Part, _Part]:
    """Return an event, and the object in it that must not be empty."""
    if not isinstance(sent, Mapping):
        raise failures.EVENT_IS_NO_OBJECT.error()
    event = _Part(sent)
    if not (inner := event.part(member)).members:
        raise missing.error()
    return event, inner


def _common(event: _Part, request: _Part) -> Json:
    """Return the members that both kinds of event have."""
    action = event.members.get("action")
    if not isinstance(action, str) or action not in Action.__members__:
        raise failures.UNKNOWN_ACTION.error(actions=", ".join(Action.__members__))
    region = (request if "region" in request.members else event).required("region", 63)
    if not (region.isascii() and region.replace("-", "").isalnum()):
        raise failures.NO_REGION.error(region=words.shown(region))
    account = request.text("awsAccountId", 1024)
    if account is not None and not (account.isascii() and account.isdecimal() and len(account) == 12):
        raise failures.NO_ACCOUNT.error(member=request.name("awsAccountId"))
    return {
        "action": action,
        "awsAccountId": account,
        "callbackContext": event.mapping("callbackContext"),
        "nextToken": request.text("nextToken", 8192),
        "region": region,
        "resourceType": event.text("resourceType", 1024),
        "stackId": request.text("stackId", 2048),
    }


def encoded(progress: ProgressEvent, identifiers: Collection[str]) -> Any:  # noqa: ANN401 - JSON
    """Return a progress event as JSON that Lambda accepts: valid Unicode, and within the size limit.

    An answer that is too large keeps only the identifiers of its resource, without which that would be orphaned.
    """
    progress.message = words.cut(progress.message, _MESSAGE_LENGTH)
    text = json.dumps(progress._serialize(), cls=KitchenSinkEncoder, ensure_ascii=False)
    if not words.is_unicode(text):
        text = text.encode(errors="replace").decode()
    if len(text) > ANSWER_SIZE:
        failed = failures.ANSWER_IS_TOO_LARGE.failure(size=len(text)).event()
        if progress.resourceModel is not None:
            failed.resourceModel = copy(progress.resourceModel)
            for member in vars(progress.resourceModel).keys() - {*identifiers}:
                setattr(failed.resourceModel, member, None)
        text = json.dumps(failed._serialize())
    return json.loads(text)
