"""Tests that a malformed event is refused with the name of the wrong member, never with an InternalFailure."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from aws_sagemaker_modelqualityjobdefinition import handlers
from tests.wires import Wire, create_definition, invoke
from tools.envelopes import ACCOUNT, CALLER, REGION, STACK_ID, Json, arn, event, maximal, minimal

ACTIONS = ("CREATE", "READ", "UPDATE", "DELETE", "LIST")
DEEP: Any = None
for _ in range(10_000):
    DEEP = [DEEP]
LONE_SURROGATE = "\ud800"
LONG_TEXT = "x" * 6_000_000


def check_well_formed(answer: Any) -> Json:  # noqa: ANN401 - JSON
    """Check that Lambda accepts an answer and that a failure explains itself, and return the answer."""
    assert len(json.dumps(answer, ensure_ascii=False).encode()) < 10_000
    assert answer["status"] in ("SUCCESS", "FAILED", "IN_PROGRESS")
    if answer["status"] == "FAILED":
        assert answer["errorCode"] != "InternalFailure"
        assert len(answer["message"]) > 15
        assert not any(word in answer["message"] for word in ("Error)", "object has no attribute", "NoneType", "dict"))
    checked: Json = answer
    return checked


def check_refused(bad_event: Any, name: str, caplog: pytest.LogCaptureFixture | None = None) -> None:  # noqa: ANN401 - any JSON
    """Check that an event is refused with a message that names the wrong member and not its value."""
    answer = check_well_formed(handlers.resource(bad_event, None))
    assert answer["errorCode"] == "InvalidRequest", answer
    assert name in answer["message"]
    assert "s3cret" not in answer["message"] + (caplog.text if caplog else "")


def with_value(envelope: Json, path: str, value: Any) -> Json:  # noqa: ANN401 - any JSON
    """Set a value at a path of an event, and return the event."""
    *parents, last = path.split("/")
    target = envelope
    for parent in parents:
        target = target[parent]
    target[last] = value
    return envelope


TEXTS = ("stackId", "bearerToken", "region", "awsAccountId", "nextToken", "requestData/logicalResourceId")
CREDENTIALS = tuple(
    f"requestData/{party}/{key}" for party in ("callerCredentials", "providerCredentials") for key in CALLER
)
INVALID_TEXTS = [1, True, 1.5, ["s3cret"], {"s3cret": 1}, "s3cret\nline", f"s3cret{LONE_SURROGATE}", DEEP, LONG_TEXT]


@pytest.mark.parametrize("value", INVALID_TEXTS, ids=lambda value: str(value)[:12] if value is not DEEP else "deep")
@pytest.mark.parametrize("path", [*TEXTS, *CREDENTIALS, "requestData/providerLogGroupName"])
@pytest.mark.parametrize("action", ["CREATE", "READ"])
def test_a_member_that_is_no_text_of_a_line_is_named(wire: Wire, action: str, path: str, value: object) -> None:
    """Ids, tokens, region and credentials must be one-line strings; SageMaker isn't called otherwise."""
    check_refused(with_value(event(action, minimal(), log_group="logs"), path, value), path)
    assert wire.requests == []


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize(
    "path", ["bearerToken", "region", "action", "requestData", *(p for p in CREDENTIALS if "session" not in p)]
)
def test_missing_required_members_are_reported(path: str, empty: str | None) -> None:
    """A required member that is empty or missing is refused; the function's own region doesn't replace an empty one."""
    if path == "requestData":
        empty = None
    check_refused(with_value(event("CREATE", minimal(), log_group="logs"), path, empty), path)
    sent = event("CREATE", minimal(), log_group="logs")
    *parents, last = path.split("/")
    place = sent
    for parent in parents:
        place = place[parent]
    del place[last]
    check_refused(sent, path)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("awsAccountId", ["12345678901", "12345678901x", "\u0661" * 12, "-" * 12]),
        ("region", ["eu west 1", "eu/west", "../..", "-eu", "\u0661", "evil.example#", "-", "x" * 64]),
        ("action", ["EXPLODE", "create", 1, ["CREATE"], {"CREATE": 1}, LONG_TEXT, LONE_SURROGATE, "CREATE\n"]),
    ],
)
def test_a_member_of_another_form_is_named(path: str, values: list[object]) -> None:
    """Account, region and action must have the right form: ARNs and host names are built from the first two."""
    for value in values:
        check_refused(with_value(event("CREATE", minimal()), path, value), path)


@pytest.mark.parametrize("envelope", [None, [], "text", 5, {}, {"action": "CREATE"}, [DEEP]])
def test_what_is_no_event_is_refused(envelope: Any) -> None:  # noqa: ANN401 - any JSON
    """Both entry points refuse JSON that isn't an event."""
    assert check_well_formed(handlers.resource(envelope, None))["errorCode"] == "InvalidRequest"
    assert check_well_formed(handlers.test_entrypoint(envelope, None))["errorCode"] == "InvalidRequest"


@pytest.mark.parametrize("value", [1, "s3cret", ["s3cret"], True, DEEP])
@pytest.mark.parametrize(
    "path",
    [
        "callbackContext",
        "requestData",
        "requestData/callerCredentials",
        "requestData/resourceProperties",
        "requestData/previousResourceProperties",
        "requestData/stackTags",
        "requestData/previousStackTags",
    ],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_member_that_is_no_object_is_named(action: str, path: str, value: object) -> None:
    """The message names the member and says that it must be an object."""
    answer = check_well_formed(handlers.resource(with_value(event(action, minimal()), path, value), None))
    assert answer["errorCode"] == "InvalidRequest"
    assert answer["message"] == f"{path} must be an object."


CONTEXTS = [
    {"Attempt": "x"},
    {"Attempt": None},
    {"Attempt": -1},
    {"Attempt": 0},
    {"Attempt": True},
    {"Attempt": 1.0},
    {"Attempt": 10**400},
    {"Attempt": DEEP},
    {"Attempt": 1, "InDoubt": 1},
    {"Attempt": 1, "InDoubt": False},
    {"InDoubt": True},
    {"s3cret": 1},
    {"Attempt": 1, LONE_SURROGATE: 1},
]


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda context: "-".join(map(ascii, context)))
@pytest.mark.parametrize("action", ["CREATE", "UPDATE", "DELETE"])
def test_a_callback_context_that_is_not_ours_is_refused(wire: Wire, action: str, context: Json) -> None:
    """A handler refuses a foreign callback context, because it could make the handler repeat or skip a change."""
    check_refused(with_value(event(action, minimal(), minimal()), "callbackContext", context), "callbackContext")
    assert wire.requests == []


@pytest.mark.parametrize("value", [None, 1, ["s3cret"], {"s3cret": 1}, f"s3cret{LONE_SURROGATE}"])
@pytest.mark.parametrize("path", ["stackTags", "previousStackTags"])
def test_a_stacks_tag_that_is_no_text_is_named(path: str, value: object) -> None:
    """The message names a stack tag that isn't a string by its key."""
    envelope = event("UPDATE", minimal(), minimal())
    envelope["requestData"][path] = {"good": "1", "team/a": value}
    check_refused(envelope, f"requestData/{path}/team/a")


def test_a_stacks_tags_are_not_counted_for_ever() -> None:
    """Too many stack tags are refused at once: a stack can have 50."""
    check_refused(event("CREATE", minimal(), tags={f"k{n}": "v" for n in range(100_000)}), "requestData/stackTags")


@pytest.mark.parametrize(
    ("own", "pointer"),
    [
        ([None], "/Tags/0"),
        ([{}], "/Tags/0/Key"),
        ([{"Key": "a"}], "/Tags/0/Value"),
        ([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": None}], "/Tags/1/Value"),
        ([{"Value": "s3cret"}], "/Tags/0/Key"),
        ([{"Key": ["s3cret"], "Value": "1"}], "/Tags/0/Key"),
        ([["s3cret"]], "/Tags/0"),
        ({"Key": "a", "Value": "1"}, "/Tags"),
        ([{"Key": LONE_SURROGATE, "Value": "1"}], "/Tags/0/Key"),
        ([{"Key": "aws:" + LONG_TEXT, "Value": "1"}], "/Tags/0"),
    ],
)
def test_a_malformed_tag_is_named(wire: Wire, own: object, pointer: str) -> None:
    """A malformed tag is refused by its pointer. A missing key once created a tag named None."""
    check_refused(event("CREATE", minimal() | {"Tags": own}), pointer)
    assert wire.requests == []


NUMBER = "JobResources/ClusterConfig/InstanceCount"
THRESHOLD = "ModelQualityJobInput/EndpointInput/ProbabilityThresholdAttribute"


@pytest.mark.parametrize(
    "value", ["1_0", " 7 \n", "7\n", "\u0661\u0662", "+7", "0x7", "1e2", "", "7.0", 10**400, 2**63, 1.5, "9" * 5000]
)
def test_what_json_would_not_call_a_whole_number_is_none(wire: Wire, value: object) -> None:
    """A whole number must have JSON's form and fit in 64 bits; Python's int() accepts more, for example 1_0."""
    envelope = event("CREATE", maximal())
    check_refused(
        with_value(envelope, f"requestData/resourceProperties/{NUMBER}", value), f"/{NUMBER} must be a whole number"
    )
    assert wire.requests == []


@pytest.mark.parametrize(
    "value", ["1_0.5", " 0.5", "\u0661", "nan", "inf", ".5", "5.", 10**400, float("nan"), float("inf"), "1e999"]
)
def test_what_json_would_not_call_a_number_is_none(wire: Wire, value: object) -> None:
    """A number must have JSON's form and be finite; Python's float() accepts more, for example nan."""
    envelope = event("CREATE", maximal())
    check_refused(
        with_value(envelope, f"requestData/resourceProperties/{THRESHOLD}", value), f"/{THRESHOLD} must be a number"
    )
    assert wire.requests == []


@pytest.mark.parametrize("value", ["7", 7, 7.0])
def test_a_whole_number_may_come_in_other_forms(wire: Wire, value: object) -> None:
    """A whole number can be a string, as CloudFormation sends it, or a float such as 7.0."""
    envelope = with_value(event("CREATE", maximal()), f"requestData/resourceProperties/{NUMBER}", value)
    handlers.resource(envelope, None)
    cluster = wire.body("CreateModelQualityJobDefinition")["JobResources"]["ClusterConfig"]
    assert cluster["InstanceCount"] == int(float(str(value)))
    assert isinstance(cluster["InstanceCount"], int)


ENVIRONMENT = "ModelQualityAppSpecification/Environment"


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        (ENVIRONMENT, {"A": None}, f"/{ENVIRONMENT}/A"),
        (ENVIRONMENT, {"A": DEEP}, f"/{ENVIRONMENT}/A"),
        (ENVIRONMENT, {"A": 10**400}, f"/{ENVIRONMENT}/A"),
        (ENVIRONMENT, {"A": float("nan")}, f"/{ENVIRONMENT}/A"),
        (ENVIRONMENT, {"A": LONE_SURROGATE}, f"/{ENVIRONMENT}/A"),
        (ENVIRONMENT, {LONE_SURROGATE: "1"}, f"/{ENVIRONMENT}/\\ud800"),
        (ENVIRONMENT, {"a/b~c": {}}, f"/{ENVIRONMENT}/a~1b~0c"),
        (ENVIRONMENT, {LONG_TEXT: {}}, f"/{ENVIRONMENT}/xxx"),
        (ENVIRONMENT, DEEP, f"/{ENVIRONMENT}"),
        (ENVIRONMENT, {f"V{n}": "s3cret" for n in range(200_000)}, f"/{ENVIRONMENT}"),
        ("ModelQualityAppSpecification/ContainerArguments", ["a", None], "ContainerArguments/1"),
        ("ModelQualityAppSpecification/ContainerArguments", ["s3cret"] * 200_000, "ContainerArguments"),
        (
            "ModelQualityJobOutputConfig/MonitoringOutputs",
            [{"S3Output": {"Odd": 1}}],
            "MonitoringOutputs/0/S3Output/Odd",
        ),
        ("RoleArn", LONE_SURROGATE, "/RoleArn"),
        ("JobDefinitionName", LONE_SURROGATE, "/JobDefinitionName"),
        ("NetworkConfig", DEEP, "/NetworkConfig"),
        (LONE_SURROGATE, 1, "/\\ud800"),
        (LONG_TEXT, 1, "/xxx"),
        ("Surprise", DEEP, "/Surprise"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) and value.isascii() else "",
)
@pytest.mark.parametrize("action", ["CREATE", "UPDATE"])
def test_a_property_that_is_wrong_is_named_by_its_pointer(
    wire: Wire, action: str, path: str, value: object, pointer: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The handler names a wrong property, desired or previous, within a second and without its value."""
    start = time.process_time()
    properties = maximal()
    steps = path.split("/")
    target = properties
    for parent in steps[:-1]:
        target = target[parent]
    target[steps[-1]] = value
    envelope = event(action, maximal(), maximal())
    envelope["requestData"]["resourceProperties"] = properties
    check_refused(envelope, pointer, caplog)
    envelope = event(action, maximal(), maximal())
    envelope["requestData"]["previousResourceProperties"] = properties
    check_refused(envelope, pointer, caplog)
    assert time.process_time() - start < 1
    assert wire.requests == []


@pytest.mark.parametrize(
    "identifier",
    [{"JobDefinitionArn": LONG_TEXT}, {"JobDefinitionName": LONG_TEXT}, {"JobDefinitionArn": arn("x" * 6_000_000)}],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_long_identifier_is_not_echoed(action: str, identifier: Json) -> None:
    """A message cuts a long identifier, because Lambda accepts at most 6 MB."""
    check_well_formed(invoke(action, minimal() | identifier, minimal() | identifier))


@pytest.mark.parametrize("name", ["line\nbreak", "\u202ename", "x" * 500])
def test_nothing_odd_reaches_the_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A log record escapes and cuts a name: a line break in it would start a new line in the log."""
    caplog.set_level(logging.INFO)
    invoke("CREATE", minimal() | {"JobDefinitionName": name})
    invoke("DELETE", {"JobDefinitionName": name})
    assert caplog.records
    assert all(record.getMessage().isprintable() and len(record.getMessage()) < 300 for record in caplog.records)


def build_test_event(changes: Mapping[str, Any]) -> Json:
    """Return an event for the test entry point, with other members in its request."""
    request: Json = {
        "clientRequestToken": "token",
        "desiredResourceState": minimal(),
        "logicalResourceIdentifier": "JobDefinition",
        "stackId": STACK_ID,
        "region": REGION,
        "awsAccountId": ACCOUNT,
    }
    return {"credentials": CALLER, "action": "CREATE", "region": REGION, "request": {**request, **changes}}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"region": ""}, "region"),
        ({"region": None}, "region"),
        ({"region": 5}, "region"),
        ({"clientRequestToken": None}, "request/clientRequestToken"),
        ({"clientRequestToken": LONE_SURROGATE}, "request/clientRequestToken"),
        ({"stackId": ["x"]}, "request/stackId"),
        ({"awsAccountId": 123456789012}, "request/awsAccountId"),
        ({"awsAccountId": "1"}, "request/awsAccountId"),
        ({"logicalResourceIdentifier": DEEP}, "request/logicalResourceIdentifier"),
        ({"desiredResourceState": [1]}, "request/desiredResourceState"),
        ({"previousResourceState": "x"}, "request/previousResourceState"),
        ({"desiredResourceTags": ["x"]}, "request/desiredResourceTags"),
        ({"desiredResourceTags": {"a": None}}, "request/desiredResourceTags/a"),
        ({"desiredResourceState": {"Surprise": 1}}, "/Surprise"),
        ({"desiredResourceState": minimal() | {"Tags": [{}]}}, "/Tags/0/Key"),
    ],
)
def test_the_test_entry_point_refuses_the_same(wire: Wire, change: Json, word: str) -> None:
    """The test entry point names a wrong member of the request as its events do."""
    answer = check_well_formed(handlers.test_entrypoint(build_test_event(change), None))
    assert answer["errorCode"] == "InvalidRequest"
    assert word in answer["message"]
    assert wire.requests == []


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda envelope: envelope.update(request=None), "request"),
        (lambda envelope: envelope.update(request="x"), "request"),
        (lambda envelope: envelope.update(credentials="x"), "credentials"),
        (lambda envelope: envelope.update(credentials={"accessKeyId": "x"}), "credentials/secretAccessKey"),
        (lambda envelope: envelope.update(action=None), "action"),
        (lambda envelope: envelope.update(callbackContext=[1]), "callbackContext"),
        (lambda envelope: envelope.update(callbackContext={"Attempt": "x"}), "callbackContext"),
        (lambda envelope: (envelope.pop("region"), envelope["request"].pop("region")), "region"),
    ],
)
def test_the_test_entry_points_own_members_are_checked(spoil: Callable[[Json], object], word: str) -> None:
    """The test entry point checks the members around the request as the production entry point does."""
    envelope = build_test_event({})
    spoil(envelope)
    answer = check_well_formed(handlers.test_entrypoint(envelope, None))
    assert answer["errorCode"] == "InvalidRequest"
    assert word in answer["message"]


def test_the_test_entry_point_takes_either_region() -> None:
    """The test entry point uses the event's region if the request has none."""
    envelope = build_test_event({})
    del envelope["request"]["region"]
    assert handlers.test_entrypoint(envelope, None)["status"] == "SUCCESS"


def test_credentials_without_a_session_are_a_users() -> None:
    """Credentials without a session token are accepted: `sam local invoke` can pass an IAM user's."""
    envelope = with_value(event("CREATE", minimal()), "requestData/callerCredentials/sessionToken", None)
    assert handlers.resource(envelope, None)["status"] == "SUCCESS"


def test_what_cloudformation_adds_tomorrow_is_no_error() -> None:
    """The entry point ignores members of an event that it doesn't use."""
    envelope = event("CREATE", minimal(), Novelty=LONE_SURROGATE)
    envelope["requestData"] |= {"systemTags": [1], "typeConfiguration": "x", "platformCredentials": "x", "Novelty": 1}
    assert handlers.resource(envelope, None)["status"] == "SUCCESS"
    assert create_definition(minimal())["JobDefinitionArn"]
