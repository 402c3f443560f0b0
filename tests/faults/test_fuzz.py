"""Invalid events at both entry points: every failure is a short message, none is a defect, and no secret leaks.

Property values and credentials contain canaries. No log, standard stream, message or callback context may contain one.
The exception is AWS's own text: it may quote values, and goes only into the message to CloudFormation.
"""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from aws_sagemaker_modelqualityjobdefinition import handlers
from tests.faults import mutations
from tests.faults.mutations import (
    CANARY,
    DEEP,
    DEEP_LIST,
    HUGE_NUMBER,
    LONG_TEXT,
    SECRETS,
    SURROGATE,
    WRONG_VALUES,
    expand_placeholders,
    invalid_events,
    replace_part,
)
from tests.faults.world import CODES, MEMBERS, World, open_world
from tools.envelopes import Json, maximal, minimal

bounded = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=80,
    suppress_health_check=[*HealthCheck],  # a whole event takes longer than hypothesis expects
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes, and a drawn event is small enough to read
    print_blob=False,
)

LONGEST = 3_000
"""The most characters that a message may have: AWS's text, cut at a thousand, and ours around it."""


class RecordCollector(logging.Handler):
    """A log handler that keeps the text of every record."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.messages.append(self.format(record))


@contextmanager
def capture_output() -> Iterator[Any]:
    """Capture what a function's log would have: the records from INFO on, and the standard streams."""
    handler, root = RecordCollector(), logging.getLogger()
    level, streams = root.level, (io.StringIO(), io.StringIO())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            yield lambda: "\n".join([*handler.messages, *(stream.getvalue() for stream in streams)])
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def check_answer(world: World, entry: Any, event: Any) -> Json:  # noqa: ANN401 - an entry point; anything
    """Send an event, check that the answer, the logs and the streams keep their promises, and return the answer."""
    world.network.forget()
    world.network.delivered.clear()
    before = world.clock.now
    with capture_output() as get_output:
        answer: Json = entry(event, None)
    answer_text = json.dumps(answer, ensure_ascii=False)
    answer_text.encode()  # as AWS's runtime client does: half a surrogate pair would fail
    assert world.clock.now - before <= 60
    assert set(answer) <= MEMBERS, answer
    assert answer["status"] in ("SUCCESS", "FAILED", "IN_PROGRESS"), answer
    message = str(answer.get("message") or "")
    if answer["status"] == "FAILED":
        assert answer["errorCode"] in CODES, answer
        assert message[:1].strip(), f"no message: {message!r}"
        for phrase in ("object has no attribute", "Traceback", "unexpected keyword", "NoneType", "a defect"):
            assert phrase not in message, message
    assert len(message) <= LONGEST, f"{len(message)} characters"
    output = get_output() + b"".join(world.network.delivered).decode(errors="replace")
    private_texts = [message if not world.network.calls else "", json.dumps(answer.get("callbackContext"))]
    for secret in SECRETS:
        assert secret not in output + message + json.dumps(answer.get("callbackContext")), f"{secret}: {answer}"
    assert CANARY not in _without_names(output), output[:2000]
    assert not [text for text in private_texts if CANARY in _without_names(text)], private_texts
    return answer


def _without_names(text: str) -> str:
    """Return a text without the canaries that it may have as a definition's name."""
    return text.replace(f"model-quality-job-definition/{CANARY}", "").replace(f"Deleting {CANARY} for", "")


@bounded
@given(invalid_events(mutations.event))
def test_the_entry_point(event: Json) -> None:
    """The entry point that CloudFormation calls keeps its promises under invalid events."""
    with open_world() as world:
        check_answer(world, handlers.resource, expand_placeholders(event))


@settings(bounded, max_examples=40)
@given(invalid_events(mutations.test_event))
def test_the_test_entry_point(event: Json) -> None:
    """The entry point that `sam local invoke TestEntrypoint` calls keeps the same promises."""
    with open_world() as world:
        check_answer(world, handlers.test_entrypoint, expand_placeholders(event))


ENTRIES = [
    pytest.param(handlers.resource, mutations.event, id="entrypoint"),
    pytest.param(handlers.test_entrypoint, mutations.test_event, id="testEntrypoint"),
]


@pytest.mark.parametrize(("entry", "build_event"), ENTRIES)
@pytest.mark.parametrize("event", [None, [], "event", 7, {}, {"action": "READ"}, [{}], True, {"action": None}])
def test_what_is_no_event_at_all(world: World, entry: Any, build_event: Any, event: Any) -> None:  # noqa: ANN401 - anything
    """An input that is not an event is an InvalidRequest, for example when a person tries the function."""
    del build_event
    assert check_answer(world, entry, event)["errorCode"] == "InvalidRequest"


@pytest.mark.parametrize(("entry", "build_event"), ENTRIES)
@pytest.mark.parametrize("action", ["CREATE", "READ", "UPDATE", "DELETE", "LIST"])
def test_every_part_of_every_event(world: World, entry: Any, build_event: Any, action: str) -> None:  # noqa: ANN401
    """Both entry points keep their promises whichever part of the envelope is wrong, down to a single credential.

    Each part gets some of the wrong values, and different parts get different ones.
    """
    whole = build_event(action, {"JobDefinitionName": "churn"} if action != "CREATE" else minimal())
    envelope = [path for path in mutations.paths(whole) if "esource" not in str(path[-2:-1]) or len(path) < 3]
    for number, path in enumerate(envelope, len(action)):
        for wrong in WRONG_VALUES[number % 20 :: 20]:
            check_answer(world, entry, expand_placeholders(replace_part(whole, path, mutations.value_at(path, wrong))))


# the JSON pointer of a property, a value that it can't have
PROPERTIES = [
    ("JobResources/ClusterConfig/InstanceCount", "1_0"),
    ("JobResources/ClusterConfig/InstanceCount", " 7 \n"),
    ("JobResources/ClusterConfig/InstanceCount", "٣"),
    ("JobResources/ClusterConfig/InstanceCount", HUGE_NUMBER),
    ("JobResources/ClusterConfig/InstanceCount", float("nan")),
    ("JobResources/ClusterConfig/InstanceCount", CANARY),
    ("JobResources/ClusterConfig/InstanceCount", LONG_TEXT),
    ("JobResources/ClusterConfig/InstanceCount", DEEP),
    ("JobResources/ClusterConfig/InstanceCount", True),
    ("JobResources/ClusterConfig", CANARY),
    ("JobResources", []),
    ("ModelQualityAppSpecification/ContainerArguments", {}),
    ("ModelQualityAppSpecification/ContainerArguments/0", DEEP_LIST),
    ("ModelQualityAppSpecification/Environment", [CANARY]),
    ("ModelQualityAppSpecification/ImageUri", SURROGATE),
    ("ModelQualityJobInput/EndpointInput/ProbabilityThresholdAttribute", "1_0.5"),
    ("ModelQualityJobInput/EndpointInput/ProbabilityThresholdAttribute", float("inf")),
    ("NetworkConfig/EnableNetworkIsolation", "perhaps"),
    ("RoleArn", SURROGATE),
    ("Tags", {}),
    ("Tags", [None]),
    ("Tags", [{}]),
    ("Tags", [{"Key": "a"}]),
    ("Tags", [{"Value": "a"}]),
    ("Tags", [{"Key": None, "Value": None}]),
]


@pytest.mark.parametrize(("entry", "build_event"), ENTRIES)
@pytest.mark.parametrize("action", ["CREATE", "UPDATE"])
@pytest.mark.parametrize(("pointer", "wrong"), PROPERTIES)
def test_a_property_that_is_wrong_is_named(
    world: World,
    entry: Any,  # noqa: ANN401 - an entry point
    build_event: Any,  # noqa: ANN401 - a function that builds events
    action: str,
    pointer: str,
    wrong: Any,  # noqa: ANN401 - anything
) -> None:
    """The message names a wrong property by its JSON pointer, and nothing is sent to SageMaker."""
    path = tuple(int(part) if part.isdigit() else part for part in pointer.split("/"))
    properties = replace_part(maximal(), path, wrong)
    answer = check_answer(world, entry, expand_placeholders(build_event(action, properties)))
    assert answer["errorCode"] == "InvalidRequest", answer
    assert pointer.removesuffix("/0") in answer["message"], answer
    assert world.network.calls == []


@pytest.mark.parametrize("name", ["resourceProperties", "Tags", "stackTags"])
def test_a_great_many_of_something_is_refused(world: World, name: str) -> None:
    """An event with 200,000 keys is refused, and nothing is sent to SageMaker."""
    many = {f"K{number}": CANARY for number in range(200_000)}
    event = mutations.event("CREATE", minimal())
    if name == "resourceProperties":
        event["requestData"][name] = replace_part(minimal(), ("ModelQualityAppSpecification", "Environment"), many)
    elif name == "stackTags":
        event["requestData"][name] = many
    else:
        event["requestData"]["resourceProperties"]["Tags"] = [{"Key": key, "Value": "1"} for key in many]
    answer = check_answer(world, handlers.resource, event)
    assert answer["errorCode"] == "InvalidRequest", str(answer)[:2000]
    assert world.network.calls == []


@pytest.mark.parametrize(("entry", "build_event"), ENTRIES)
@pytest.mark.parametrize("action", ["READ", "DELETE", "UPDATE"])
def test_megabytes_are_not_sent_back(world: World, entry: Any, build_event: Any, action: str) -> None:  # noqa: ANN401
    """An answer does not repeat an identifier of 6 MB, which is Lambda's limit for an answer."""
    long = "x" * 6_000_000
    for identifier in ({"JobDefinitionArn": long}, {"JobDefinitionName": long}):
        answer = check_answer(world, entry, build_event(action, minimal() | identifier))
        assert answer["status"] == "FAILED"
        assert len(json.dumps(answer)) < 20_000


@pytest.mark.parametrize("action", ["CREATE", "READ", "UPDATE", "DELETE", "LIST"])
def test_megabytes_of_aws_are_not_passed_on(world: World, action: str) -> None:
    """AWS's text is cut after a thousand characters, and the request id comes before it."""
    words = "unheard of " * 300_000
    body = json.dumps({"__type": "ValidationException", "message": words}).encode()
    world.network.answer_all(400, body)
    event = mutations.event(action, {"JobDefinitionName": "churn"} | minimal())
    answer = check_answer(world, handlers.resource, event)
    assert answer["errorCode"] == "InvalidRequest", str(answer)[:2000]
    assert "unheard of" in answer["message"]
    assert 0 < answer["message"].index("0b0c1d2e-request") < answer["message"].index("unheard of")


@pytest.mark.parametrize("region", ["", None, 7, [], "eu-west-1\n", "not a region", "\ud800"])
def test_a_region_that_is_none_is_an_invalid_request(world: World, region: Any) -> None:  # noqa: ANN401
    """An invalid region is an InvalidRequest: the handler never uses the function's own region instead."""
    event = mutations.event("READ", {"JobDefinitionName": "churn"}) | {"region": region}
    answer = check_answer(world, handlers.resource, event)
    assert answer["errorCode"] == "InvalidRequest"
    assert "region" in answer["message"].lower()
    assert world.network.calls == []


def test_a_logger_at_debug_delivers_our_records_alone(world: World) -> None:
    """Only this package's records are delivered at DEBUG, because botocore's contain bodies and tokens."""
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        handlers.resource(mutations.event("CREATE", mutations._with_canaries(maximal())), None)
    finally:
        logging.getLogger().setLevel(logging.WARNING)
    delivered = b"".join(world.network.delivered).decode()
    assert "CREATE of JobDefinition: SUCCESS" in delivered
    assert CANARY not in delivered
    assert "botocore" not in delivered
    assert "urllib3" not in delivered
