"""Cloud Control's API through boto3, on a type whose primary identifier has two parts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, WaiterError

from cfn_sandbox import SandboxError, operations
from cfn_sandbox.cloudcontrol import cloud_control
from cfn_sandbox.cloudcontrol.cloud_control import CloudControl
from cfn_sandbox.protocols.service import Service
from cfn_sandbox.resource_types import catalogue
from sandbox.tests.cloudformation.api import servers
from sandbox.tests.cloudformation.api.servers import ACCOUNT, REGION, serving
from sandbox.tests.toys.pairs import NAME, Json, Pairs, failure

Client = Any  # boto3 creates client classes at run time

EXISTING = {"Left": "a", "Right": "b", "Alias": "ab", "Colour": "red", "Size": 3}


@pytest.fixture
def pairs() -> Iterator[Pairs]:
    """Yield the type, registered for one test."""
    handlers = Pairs()
    catalogue.add_type(ACCOUNT, REGION, handlers.registered_type())
    yield handlers
    operations.end()
    catalogue.clear()


@pytest.fixture
def endpoint(pairs: Pairs) -> Iterator[str]:  # noqa: ARG001 - the fixture registers the type
    """Yield the address of a server with Cloud Control."""
    service = Service("cloudcontrol", "Cloud Control", [CloudControl()], REGION, Mock())
    with serving({"cloudcontrolapi": service}) as endpoint:
        yield endpoint


@pytest.fixture
def client(endpoint: str) -> Client:
    """Return a client that makes one attempt a call."""
    return servers.client(endpoint, "cloudcontrol")


def wait_until_ended(client: Client, answer: Json) -> Json:
    """Wait for a request to end, and return its progress event."""
    token = answer["ProgressEvent"]["RequestToken"]
    waiter = client.get_waiter("resource_request_success")
    with suppress(WaiterError):  # the caller checks which failure it is
        waiter.wait(RequestToken=token, WaiterConfig={"Delay": 0, "MaxAttempts": 10000})
    event: Json = client.get_resource_request_status(RequestToken=token)["ProgressEvent"]
    assert not event["OperationStatus"].endswith("IN_PROGRESS")
    return event


def create(client: Client, state: Json, **more: str) -> Json:
    """Create a pair, and return the final progress event."""
    return wait_until_ended(client, client.create_resource(TypeName=NAME, DesiredState=json.dumps(state), **more))


def update(client: Client, *operations: Json, identifier: str = "a|b", **more: str) -> Json:
    """Update the pair, and return the final progress event."""
    patch = json.dumps(operations)
    return wait_until_ended(
        client, client.update_resource(TypeName=NAME, Identifier=identifier, PatchDocument=patch, **more)
    )


def refusal_of(call: Callable[..., object], **arguments: Any) -> tuple[str, str]:  # noqa: ANN401 - parameters of the API
    """Return the code and the message of a refused call."""
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


def test_the_life_of_a_resource(pairs: Pairs, client: Client) -> None:
    """A resource is created, read, patched, listed and deleted. Its handlers receive neither stack nor stack tags."""
    started = client.create_resource(TypeName=NAME, DesiredState=json.dumps(EXISTING | {"Secret": "x"}))
    assert (started["ProgressEvent"]["Operation"], started["ProgressEvent"]["TypeName"]) == ("CREATE", NAME)
    created = wait_until_ended(client, started)
    assert (created["OperationStatus"], created["Identifier"]) == ("SUCCESS", "a|b")
    assert created["RequestToken"] == started["ProgressEvent"]["RequestToken"]
    (event,) = pairs.events
    assert event["stackId"] is None
    assert event["requestData"] == {
        "callerCredentials": event["requestData"]["callerCredentials"],
        "resourceProperties": EXISTING | {"Secret": "x", "Size": "3"},
    }

    got = client.get_resource(TypeName=NAME, Identifier="a|b")
    expected = EXISTING | {"Born": "today", "Limit": 9, "Facts": {"Serial": "1"}}
    assert got["TypeName"] == NAME
    assert got["ResourceDescription"]["Identifier"] == "a|b"
    assert json.loads(got["ResourceDescription"]["Properties"]) == expected

    updated = update(
        client, {"op": "replace", "path": "/Colour", "value": "blue"}, {"op": "add", "path": "/Loud", "value": True}
    )
    assert (updated["OperationStatus"], updated["Operation"], updated["Identifier"]) == ("SUCCESS", "UPDATE", "a|b")
    assert pairs.events[-1]["requestData"]["previousResourceProperties"]["Colour"] == "red"
    got = client.get_resource(TypeName=NAME, Identifier="a|b")["ResourceDescription"]
    assert json.loads(got["Properties"]) == expected | {"Colour": "blue", "Loud": True}

    listed = client.list_resources(TypeName=NAME, ResourceModel=json.dumps({"Left": "a"}))
    assert [one["Identifier"] for one in listed["ResourceDescriptions"]] == ["a|b"]
    deleted = wait_until_ended(client, client.delete_resource(TypeName=NAME, Identifier="a|b"))
    assert deleted["OperationStatus"] == "SUCCESS"
    assert pairs.events[-1]["requestData"]["resourceProperties"] == {"Left": "a", "Right": "b"}
    assert pairs.resources == {}


def test_progress_events(pairs: Pairs, client: Client) -> None:
    """The progress events of a creation and a deletion have the members that were recorded against AWS.

    A creation has its identifier at once if the desired state has it, also when it fails. Source: LocalStack's
    test_cloudcontrol_api (test_lifecycle, test_create_exceptions, test_api_exceptions), recorded against AWS.
    """
    times = {"EventTime", "RequestToken"}
    asked: Json = {"TypeName": NAME, "Identifier": "a|b", "OperationStatus": "IN_PROGRESS"}

    def without_times(event: Json) -> Json:
        assert event.keys() >= times
        return {key: value for key, value in event.items() if key not in times}

    for failed in ({}, {"StatusMessage": "That pair is there", "ErrorCode": "AlreadyExists"}):
        started = client.create_resource(TypeName=NAME, DesiredState=json.dumps(EXISTING))
        assert without_times(started["ProgressEvent"]) == asked | {"Operation": "CREATE"}
        ended = {"Operation": "CREATE", "OperationStatus": "FAILED" if failed else "SUCCESS", **failed}
        assert without_times(wait_until_ended(client, started)) == asked | ended
    for status in ("SUCCESS", "FAILED"):
        started = client.delete_resource(TypeName=NAME, Identifier="a|b")
        assert without_times(started["ProgressEvent"]) == asked | {"Operation": "DELETE"}
        assert wait_until_ended(client, started)["OperationStatus"] == status
    catalogue.add_type(
        ACCOUNT, REGION, pairs.registered_type(readOnlyProperties=["/properties/Right"], required=["Left"])
    )
    started = client.create_resource(TypeName=NAME, DesiredState='{"Left": "a"}')
    assert "Identifier" not in started["ProgressEvent"]
    wait_until_ended(client, started)


def test_the_progress_of_an_update(client: Client) -> None:
    """The first event of an update has the model that the handler gets, without what is read-only; the last has none.

    Each event has its own time. Source: cloudcontrol_lifecycle.json in testdata/aws/cloudformation of radkawar/stackd,
    recorded against AWS in September 2026.
    """
    create(client, EXISTING)
    patch = json.dumps([{"op": "replace", "path": "/Colour", "value": "blue"}])
    started = client.update_resource(TypeName=NAME, Identifier="a|b", PatchDocument=patch)
    model = json.loads(started["ProgressEvent"]["ResourceModel"])
    assert (model["Colour"], "Born" in model) == ("blue", False)
    ended = wait_until_ended(client, started)
    assert "ResourceModel" not in ended
    assert ended["EventTime"] >= started["ProgressEvent"]["EventTime"]


@pytest.mark.parametrize("identifier", ["a|b", '{"Right": "b", "Left": "a"}', '{"Alias": "ab"}'])
def test_identifiers(pairs: Pairs, client: Client, identifier: str) -> None:
    """Every action takes the primary identifier as text or JSON, and an additional one as JSON."""
    create(client, EXISTING)
    assert client.get_resource(TypeName=NAME, Identifier=identifier)["ResourceDescription"]["Identifier"] == "a|b"
    updated = update(client, {"op": "remove", "path": "/Colour"}, identifier=identifier)
    assert updated["Identifier"] == "a|b"
    deleted = wait_until_ended(client, client.delete_resource(TypeName=NAME, Identifier=identifier))
    assert (deleted["OperationStatus"], deleted["Identifier"]) == ("SUCCESS", "a|b")
    assert pairs.resources == {}


@pytest.mark.parametrize("identifier", ["a", "a|b|c", '{"Left": "a"}', '{"Colour": "red"}'])
def test_no_identifiers(pairs: Pairs, client: Client, identifier: str) -> None:
    """An invalid identifier is refused before any handler is invoked."""
    for call, more in (
        (client.get_resource, {}),
        (client.delete_resource, {}),
        (client.update_resource, {"PatchDocument": "[]"}),
    ):
        code, message = refusal_of(call, TypeName=NAME, Identifier=identifier, **more)
        assert code == "ValidationException"
        assert "is not valid for identifier [/properties/Left, /properties/Right]" in message
    assert pairs.events == []


def test_a_desired_state_that_the_schema_refuses(pairs: Pairs, client: Client) -> None:
    """An invalid desired state is refused at once in the service's words; a read-only property is invalid.

    Unlike a template's properties, its values aren't converted (LocalStack's test_cloudcontrol_api,
    test_create_invalid_desiredstate, recorded against AWS).
    """
    for state, lines in (
        (
            {"Left": "a", "Colour": "RED"},
            "#: required key [Right] not found\n#/Colour: failed validation constraint for keyword [pattern]"
            " (sandbox's hint: text that matches ^[a-z]+$)",
        ),
        (EXISTING | {"Born": "now"}, "#: extraneous key [Born] is not permitted"),
    ):
        assert refusal_of(client.create_resource, TypeName=NAME, DesiredState=json.dumps(state)) == (
            "ValidationException",
            f"Model validation failed ({lines})",
        )
    loose: list[tuple[Json, str]] = [
        ({"Left": True}, "#/Left: expected type: String, found: Boolean"),
        ({"Size": "3"}, "#/Size: expected type: Integer, found: String"),
        ({"Colour": None}, "#/Colour: expected type: String, found: Null"),
    ]
    for state, line in loose:
        code, message = refusal_of(client.create_resource, TypeName=NAME, DesiredState=json.dumps(EXISTING | state))
        assert (code, message) == ("ValidationException", f"Model validation failed ({line})")
    for text in ("{", "[]"):
        assert refusal_of(client.create_resource, TypeName=NAME, DesiredState=text)[0] == "ValidationException"
    assert pairs.events == []


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        (
            [{"op": "replace", "path": "/Left", "value": "z"}],
            "NotUpdatableException",
            "Invalid patch update: createOnlyProperties [/properties/Left] cannot be updated",
        ),
        (
            [{"op": "add", "path": "/Options", "value": {"Depth": 1}}],
            "NotUpdatableException",
            "Invalid patch update: createOnlyProperties [/properties/Options/Depth] cannot be updated",
        ),
        (
            [{"op": "replace", "path": "/Born", "value": "now"}, {"op": "remove", "path": "/Facts"}],
            "ValidationException",
            "Invalid patch update: readOnlyProperties [/properties/Born, /properties/Facts/Serial] cannot be updated",
        ),
        (
            [{"op": "add", "path": "/Colour", "value": "RED"}],
            "ValidationException",
            "Model validation failed (#/Colour: failed validation constraint for keyword [pattern]",
        ),
        ([{"op": "remove", "path": "/Loud"}], "ValidationException", "Invalid patch update: "),
        ([{"op": "paint", "path": "/Loud"}], "ValidationException", "Invalid patch update: "),
        ([{"op": "test", "path": "/Colour", "value": "blue"}], "ValidationException", "Invalid patch update: "),
        ({}, "ValidationException", "PatchDocument is not a JSON array"),
    ],
)
def test_patches_that_are_refused(pairs: Pairs, client: Client, patch: Any, code: str, message: str) -> None:  # noqa: ANN401 - any JSON value
    """An invalid patch is refused at once, without invoking the update handler."""
    create(client, EXISTING)
    refusal = refusal_of(client.update_resource, TypeName=NAME, Identifier="a|b", PatchDocument=json.dumps(patch))
    assert refusal[0] == code
    assert refusal[1].startswith(message)
    assert "UPDATE" not in pairs.actions()


def test_what_is_not_there(pairs: Pairs, client: Client) -> None:
    """GetResource and UpdateResource report a missing resource at once, DeleteResource in its progress event."""
    for call, more in ((client.get_resource, {}), (client.update_resource, {"PatchDocument": "[]"})):
        code, message = refusal_of(call, TypeName=NAME, Identifier="a|b", **more)
        token = pairs.events[-1]["bearerToken"]
        assert code == "ResourceNotFoundException"
        assert message == (
            f"{NAME} Handler returned status FAILED: No such pair (HandlerErrorCode: NotFound, RequestToken: {token})"
        )
    event = wait_until_ended(client, client.delete_resource(TypeName=NAME, Identifier="a|b"))
    assert (event["OperationStatus"], event["ErrorCode"]) == ("FAILED", "NotFound")
    assert event["StatusMessage"] == "No such pair"
    code, _ = refusal_of(client.get_resource_request_status, RequestToken="none")
    assert code == "RequestTokenNotFoundException"


def test_a_failed_create(pairs: Pairs, client: Client) -> None:
    """The progress event has the handler's code and message, and the existing resource stays."""
    create(client, EXISTING)
    event = create(client, EXISTING)
    assert (event["OperationStatus"], event["ErrorCode"]) == ("FAILED", "AlreadyExists")
    assert event["StatusMessage"] == "That pair is there"
    assert list(pairs.resources) == [("a", "b")]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDenied", "GeneralServiceException"),
        ("AlreadyExists", "AlreadyExistsException"),
        ("GeneralServiceException", "GeneralServiceException"),
        ("InternalFailure", "HandlerInternalFailureException"),
        ("InvalidCredentials", "InvalidCredentialsException"),
        ("InvalidRequest", "InvalidRequestException"),
        ("NetworkFailure", "NetworkFailureException"),
        ("NotFound", "ResourceNotFoundException"),
        ("NotStabilized", "NotStabilizedException"),
        ("NotUpdatable", "NotUpdatableException"),
        ("ResourceConflict", "ResourceConflictException"),
        ("ServiceInternalError", "ServiceInternalErrorException"),
        ("ServiceLimitExceeded", "ServiceLimitExceededException"),
        ("ServiceTimeout", "HandlerFailureException"),
        ("Throttling", "ThrottlingException"),
    ],
)
def test_the_api_s_error_of_each_handler_error_code(pairs: Pairs, client: Client, code: str, error: str) -> None:
    """Each handler error code has its error in the API, for READ and for LIST."""
    pairs.answers = [failure(code, "Broken")] * 3  # READ is retried after a retriable code
    api_error, message = refusal_of(client.get_resource, TypeName=NAME, Identifier="a|b")
    assert (api_error, "Broken" in message) == (error, True)
    pairs.answers = [failure(code, "Broken")]
    api_error, message = refusal_of(client.list_resources, TypeName=NAME, ResourceModel='{"Left": "a"}')
    assert (api_error, "Broken" in message) == (error, True)


def test_a_crash_of_the_handler(pairs: Pairs, client: Client) -> None:
    """When the handler crashes, a request fails with InternalFailure and a list with the API's error for it."""

    def crash() -> Json:
        raise SandboxError("the function crashed")

    def defect() -> Json:
        raise KeyError("Name")

    message = f"This sandbox failed on CREATE of {NAME}: its own log has the place. Please report it."
    for answer, expected in ((crash, "the function crashed"), (defect, message)):
        pairs.answers = [answer]
        event = create(client, EXISTING)
        assert (event["OperationStatus"], event["ErrorCode"]) == ("FAILED", "InternalFailure")
        assert event["StatusMessage"] == expected
    pairs.answers = [crash]
    code, message = refusal_of(client.list_resources, TypeName=NAME, ResourceModel='{"Left": "a"}')
    assert (code, "the function crashed" in message) == ("HandlerInternalFailureException", True)


def test_lists_in_pages(pairs: Pairs, client: Client) -> None:
    """ListResources passes the handler's token on and requires the properties that its handlerSchema requires."""
    for number in range(5):
        create(client, {"Left": "a", "Right": str(number)})
    paginator = client.get_paginator("list_resources")
    pages = list(paginator.paginate(TypeName=NAME, ResourceModel='{"Left": "a"}'))
    identifiers = [one["Identifier"] for page in pages for one in page["ResourceDescriptions"]]
    assert identifiers == [f"a|{number}" for number in range(5)]
    assert len(pages) == 3
    code, message = refusal_of(client.list_resources, TypeName=NAME)
    assert (code, "#: required key [Left] not found" in message) == ("InvalidRequestException", True)
    catalogue.add_type(ACCOUNT, REGION, pairs.registered_type(handlers={"list": {}}))
    assert len(client.list_resources(TypeName=NAME)["ResourceDescriptions"]) == 2
    assert pairs.events[-1]["requestData"]["resourceProperties"] == {}


def test_a_client_token(pairs: Pairs, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated token is the same request. Another request can use the token only after 36 hours.

    The refusal is recorded against AWS (LocalStack's test_cloudcontrol_api, test_double_create_with_client_token).
    """
    first = create(client, EXISTING, ClientToken="mine")
    again = create(client, EXISTING, ClientToken="mine")
    assert again == first
    assert pairs.actions() == ["CREATE"]
    other = {"TypeName": NAME, "DesiredState": json.dumps(EXISTING | {"Right": "c"}), "ClientToken": "mine"}
    assert refusal_of(client.create_resource, **other) == (
        "ClientTokenConflictException",
        f"ClientToken mine is already associated with an existing operation with RequestToken {first['RequestToken']}",
    )
    deletion = {"TypeName": NAME, "Identifier": "a|b", "ClientToken": "mine"}
    assert refusal_of(client.delete_resource, **deletion)[0] == "ClientTokenConflictException"
    monkeypatch.setattr(cloud_control, "TOKEN_LIFETIME", timedelta(0))
    assert wait_until_ended(client, client.create_resource(**other))["OperationStatus"] == "SUCCESS"


def test_a_refused_request_does_not_use_up_its_token(pairs: Pairs, client: Client) -> None:
    """A corrected request can use the token of a refused one."""
    wrong = {"TypeName": NAME, "DesiredState": '{"Left": "a"}', "ClientToken": "mine"}
    assert refusal_of(client.create_resource, **wrong)[0] == "ValidationException"
    assert create(client, EXISTING, ClientToken="mine")["OperationStatus"] == "SUCCESS"
    assert list(pairs.resources) == [("a", "b")]


def test_one_operation_at_a_time(pairs: Pairs, client: Client) -> None:
    """A second operation on a resource is refused while one runs. Requests are listed in pages, with filters."""
    create(client, EXISTING)
    gate = threading.Event()

    def slow() -> Json:
        assert gate.wait(30)
        return {"status": "SUCCESS", "resourceModel": pairs.resources["a", "b"]}

    pairs.answers = [{"status": "SUCCESS", "resourceModel": pairs.resources["a", "b"]}, slow]
    patch = '[{"op": "replace", "path": "/Colour", "value": "blue"}]'
    started = client.update_resource(TypeName=NAME, Identifier="a|b", PatchDocument=patch)
    assert started["ProgressEvent"]["OperationStatus"] == "IN_PROGRESS"
    code, message = refusal_of(client.delete_resource, TypeName=NAME, Identifier="a|b")
    assert (code, started["ProgressEvent"]["RequestToken"] in message) == ("ConcurrentOperationException", True)
    listed = client.list_resource_requests(ResourceRequestStatusFilter={"OperationStatuses": ["IN_PROGRESS"]})
    assert [one["Operation"] for one in listed["ResourceRequestStatusSummaries"]] == ["UPDATE"]
    gate.set()
    assert wait_until_ended(client, started)["OperationStatus"] == "SUCCESS"
    listed = client.list_resource_requests(ResourceRequestStatusFilter={"Operations": ["CREATE", "DELETE"]})
    assert [one["Operation"] for one in listed["ResourceRequestStatusSummaries"]] == ["CREATE"]
    one, two = (page["ResourceRequestStatusSummaries"] for page in _pages(client))
    assert [summary["Operation"] for summary in [*one, *two]] == ["UPDATE", "CREATE"]


def _pages(client: Client) -> Iterator[Json]:
    first = client.list_resource_requests(MaxResults=1)
    yield first
    yield client.list_resource_requests(MaxResults=1, NextToken=first["NextToken"])


def test_a_cancelled_request(pairs: Pairs, client: Client) -> None:
    """The handler of a cancelled request isn't invoked again; its resource stays. Ended requests can't be cancelled.

    The refusals are recorded against AWS (LocalStack's test_cloudcontrol_api, test_cancel_edge_cases).
    """
    gate, invoked = threading.Event(), threading.Event()

    def answer_in_progress() -> Json:
        invoked.set()
        assert gate.wait(30)
        return {"status": "IN_PROGRESS", "callbackDelaySeconds": 1, "resourceModel": EXISTING}

    pairs.answers = [answer_in_progress]
    started = client.create_resource(TypeName=NAME, DesiredState=json.dumps(EXISTING))["ProgressEvent"]
    assert invoked.wait(30)
    token = started["RequestToken"]
    for _ in range(2):
        cancelled = client.cancel_resource_request(RequestToken=token)["ProgressEvent"]
        assert cancelled["OperationStatus"] == "CANCEL_IN_PROGRESS"
    gate.set()
    event = wait_until_ended(client, {"ProgressEvent": started})
    assert (event["OperationStatus"], event["Identifier"]) == ("CANCEL_COMPLETE", "a|b")
    assert pairs.actions() == ["CREATE"]
    finished = create(client, EXISTING)
    assert client.cancel_resource_request(RequestToken=token)["ProgressEvent"] == event
    assert refusal_of(client.cancel_resource_request, RequestToken=finished["RequestToken"]) == (
        "ValidationException",
        f"Request {finished['RequestToken']} is already in status SUCCESS",
    )
    assert refusal_of(client.cancel_resource_request, RequestToken="none") == (
        "RequestTokenNotFoundException",
        "Request with token none was not found",
    )


def test_types_and_actions_that_are_not_there(pairs: Pairs, client: Client, endpoint: str) -> None:
    """An unknown type, version or region is refused, and so is an action without a handler in the schema.

    AWS's words: LocalStack's test_cloudcontrol_api, test_api_exceptions, recorded against AWS.
    """
    elsewhere = servers.client(endpoint, "cloudcontrol", "eu-west-2")
    for call, more in (
        (client.get_resource, {"TypeName": "Acme::Test::Nothing"}),
        (client.get_resource, {"TypeName": NAME, "TypeVersionId": "00000002"}),
        (elsewhere.get_resource, {"TypeName": NAME}),
    ):
        code, message = refusal_of(call, Identifier="a|b", **more)
        assert (code, message.partition(" (This request is for eu-west-2; ")[0]) == (
            "TypeNotFoundException",
            f"The type '{more['TypeName']}' cannot be found.",
        )
    code, message = refusal_of(client.list_resources, TypeName="AWS::SNS::Topic")
    assert (code, message.partition(" (In this sandbox, ")[0]) == (
        "TypeNotFoundException",
        "The type 'AWS::SNS::Topic' cannot be found.",
    )
    catalogue.add_type(ACCOUNT, REGION, pairs.registered_type(handlers={"create": {}}))
    request = {"TypeName": NAME, "Identifier": "a|b", "PatchDocument": "[]"}
    assert refusal_of(client.update_resource, **request) == (
        "UnsupportedActionException",
        f"Resource type {NAME} does not support UPDATE action",
    )
    assert pairs.events == []


def test_the_first_answer_is_in_progress(pairs: Pairs, client: Client) -> None:
    """However fast the handler is, the first answer says that the request is in progress."""
    created = client.create_resource(TypeName=NAME, DesiredState=json.dumps(EXISTING))["ProgressEvent"]
    assert created["OperationStatus"] == "IN_PROGRESS"
    assert wait_until_ended(client, {"ProgressEvent": created})["OperationStatus"] == "SUCCESS"
    patch = '[{"op": "remove", "path": "/Colour"}]'
    updated = client.update_resource(TypeName=NAME, Identifier="a|b", PatchDocument=patch)["ProgressEvent"]
    assert updated["OperationStatus"] == "IN_PROGRESS"
    assert wait_until_ended(client, {"ProgressEvent": updated})["OperationStatus"] == "SUCCESS"
    deleted = client.delete_resource(TypeName=NAME, Identifier="a|b")["ProgressEvent"]
    assert deleted["OperationStatus"] == "IN_PROGRESS"
    assert wait_until_ended(client, {"ProgressEvent": deleted})["OperationStatus"] == "SUCCESS"
    assert pairs.resources == {}


def test_a_read_that_hangs_holds_up_nothing_else(pairs: Pairs, client: Client, endpoint: str) -> None:
    """While one resource's READ hangs, other resources are created and deleted; the one that it is about is locked."""
    create(client, EXISTING)
    create(client, EXISTING | {"Right": "c", "Alias": "ac"})
    gate, reading = threading.Event(), threading.Event()

    def hang() -> Json:
        reading.set()
        assert gate.wait(30)
        return {"status": "SUCCESS", "resourceModel": pairs.resources["a", "b"]}

    pairs.answers = [hang]
    patch = '[{"op": "remove", "path": "/Colour"}]'
    request = {"TypeName": NAME, "Identifier": "a|b", "PatchDocument": patch}
    answers: list[Json] = []
    slow = servers.client(endpoint, "cloudcontrol")
    update_thread = threading.Thread(target=lambda: answers.append(slow.update_resource(**request)))
    update_thread.start()
    assert reading.wait(30)
    deleted = client.delete_resource(TypeName=NAME, Identifier="a|c")
    assert wait_until_ended(client, deleted)["OperationStatus"] == "SUCCESS"
    assert create(client, EXISTING | {"Right": "d", "Alias": "ad"})["OperationStatus"] == "SUCCESS"
    assert refusal_of(client.delete_resource, TypeName=NAME, Identifier="a|b")[0] == "ConcurrentOperationException"
    gate.set()
    update_thread.join(30)
    assert wait_until_ended(client, answers[0])["OperationStatus"] == "SUCCESS"


def test_a_refused_request_unlocks_its_resource(pairs: Pairs, client: Client) -> None:
    """A request that is refused after its resource was locked leaves it to the next one."""
    create(client, EXISTING)
    wrong = '[{"op": "replace", "path": "/Left", "value": "z"}]'
    refused = refusal_of(client.update_resource, TypeName=NAME, Identifier="a|b", PatchDocument=wrong)
    assert refused[0] == "NotUpdatableException"
    deleted = client.delete_resource(TypeName=NAME, Identifier="a|b")
    assert wait_until_ended(client, deleted)["OperationStatus"] == "SUCCESS"
    assert pairs.resources == {}


def test_equal_requests_at_the_same_time(pairs: Pairs, client: Client, endpoint: str) -> None:
    """Requests with one client token that arrive together are one request."""
    arguments = {"TypeName": NAME, "DesiredState": json.dumps(EXISTING), "ClientToken": "mine"}
    answers: list[Json] = []
    clients = [servers.client(endpoint, "cloudcontrol") for _ in range(4)]
    threads = [threading.Thread(target=lambda c=c: answers.append(c.create_resource(**arguments))) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({answer["ProgressEvent"]["RequestToken"] for answer in answers}) == 1
    assert wait_until_ended(client, answers[0])["OperationStatus"] == "SUCCESS"
    assert pairs.actions() == ["CREATE"]


def test_what_a_handler_waits_for(pairs: Pairs, client: Client) -> None:
    """While a handler waits, the StatusMessage is the one that it reported, and RetryAfter when it is invoked again.

    Sources: for RetryAfter, cloudcontrol_lifecycle.json in testdata/aws/cloudformation of radkawar/stackd; that a list
    has it, LocalStack's test_cloudcontrol_api, test_list_request_status. Both are recorded against AWS.
    """
    create(client, EXISTING)
    gate, waiting = threading.Event(), threading.Event()

    def answer_in_progress() -> Json:
        return {"status": "IN_PROGRESS", "callbackDelaySeconds": 5, "message": "Waiting for the schedule of the pair"}

    def hang() -> Json:
        waiting.set()
        assert gate.wait(30)
        return {"status": "SUCCESS"}

    pairs.answers = [answer_in_progress, hang]
    token = client.delete_resource(TypeName=NAME, Identifier="a|b")["ProgressEvent"]["RequestToken"]
    assert waiting.wait(30)
    event = client.get_resource_request_status(RequestToken=token)["ProgressEvent"]
    assert (event["OperationStatus"], event["StatusMessage"]) == ("IN_PROGRESS", "Waiting for the schedule of the pair")
    assert (event["RetryAfter"] - event["EventTime"]).total_seconds() == pytest.approx(5)
    listed = client.list_resource_requests()["ResourceRequestStatusSummaries"]
    assert [("RetryAfter" in one, one["OperationStatus"]) for one in listed] == [
        (True, "IN_PROGRESS"),
        (False, "SUCCESS"),
    ]
    assert listed[0]["RetryAfter"] >= event["EventTime"]
    gate.set()
    ended = wait_until_ended(client, {"ProgressEvent": event})
    assert (ended["OperationStatus"], ended.get("StatusMessage"), ended.get("RetryAfter")) == ("SUCCESS", None, None)


@pytest.mark.parametrize("token", ["many", "-1", "7", "9" * 30])
def test_a_bad_token_of_a_page(client: Client, token: str) -> None:
    """A NextToken that no answer gave is refused in the service's protocol."""
    create(client, EXISTING)
    message = "The value of NextToken is not one that this operation returned."
    assert refusal_of(client.list_resource_requests, NextToken=token) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *(("InternalFailure", 500), ("NetworkFailure", 500), ("ServiceInternalError", 500), ("ServiceTimeout", 500)),
        *(("NotFound", 400), ("Throttling", 400), ("AccessDenied", 400)),
    ],
)
def test_faults_are_500(pairs: Pairs, client: Client, code: str, status: int) -> None:
    """A handler's failure that the API's model marks as a fault is a 500, which SDKs try again; others are 400."""
    pairs.answers = [failure(code, "Broken")] * 3
    with pytest.raises(ClientError) as refused:
        client.get_resource(TypeName=NAME, Identifier="a|b")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("patch", [[1], ["add"], [{}], [{"op": "add", "path": 5, "value": 1}], [None]])
def test_patches_that_are_none(pairs: Pairs, client: Client, patch: Any) -> None:  # noqa: ANN401 - any JSON value
    """What isn't a JSON Patch at all is refused like a wrong one, never a 500."""
    create(client, EXISTING)
    refusal = refusal_of(client.update_resource, TypeName=NAME, Identifier="a|b", PatchDocument=json.dumps(patch))
    assert (refusal[0], refusal[1].startswith("Invalid patch update: ")) == ("ValidationException", True)
    assert "UPDATE" not in pairs.actions()
