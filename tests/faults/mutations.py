"""Invalid events: events as CloudFormation sends them, with one to three wrong parts.

A short placeholder stands for a huge or deep value until the event is sent, so that hypothesis can print the event.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema

from tools.envelopes import ACCOUNT, LOG_GROUP, REGION, ROOT, STACK_ID, TYPE_NAME, Json, arn, maximal, minimal

CANARY = "kanari3nv0gel"
"""A marker in property values that no output may contain."""

SECRETS = ("ASIAK4NARI", "k3y-kanari3nv0gel", "t0ken-kanari3nv0gel", "k3y-provider-kanari3nv0gel")

Path = tuple[str | int, ...]

REMOVED = "<gone>"
DEEP = "<10,000 levels>"
DEEP_LIST = "<10,000 lists>"
LONG_TEXT = "<300,000 letters>"
HUGE_NUMBER = "<10 to the 400th>"
SURROGATE = "<half a character>"

WRONG_VALUES: tuple[Any, ...] = (
    None,
    "",
    " ",
    "a\nb",
    0,
    -1,
    1.5,
    True,
    [],
    {},
    [None],
    [{}],
    {"Key": "a"},
    {"": CANARY},
    {"x": {"y": [CANARY]}},
    {"Attempt": "x"},
    {"Attempt": -1},
    CANARY,
    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-quality-job-definition/{CANARY}",
    "1_0",
    " 7 \n",
    "٣",
    "1e400",
    float("nan"),
    float("inf"),
    REMOVED,
    DEEP,
    DEEP_LIST,
    LONG_TEXT,
    HUGE_NUMBER,
    SURROGATE,
)


def event(action: str, properties: Any) -> Json:  # noqa: ANN401 - any properties, wrong ones too
    """Return an event as CloudFormation sends it, with canaries as credentials and values."""
    return {
        "action": action,
        "awsAccountId": ACCOUNT,
        "bearerToken": "5f8a7a36-token",
        "region": REGION,
        "resourceType": TYPE_NAME,
        "resourceTypeVersion": "00000001",
        "stackId": STACK_ID,
        "callbackContext": None,
        "nextToken": None,
        "requestData": {
            "callerCredentials": dict(
                zip(("accessKeyId", "secretAccessKey", "sessionToken"), SECRETS[:3], strict=True)
            ),
            "providerCredentials": {
                "accessKeyId": "ASIAPROVIDER",
                "secretAccessKey": SECRETS[3],
                "sessionToken": SECRETS[2],
            },
            "providerLogGroupName": LOG_GROUP,
            "logicalResourceId": "JobDefinition",
            "resourceProperties": properties,
            "previousResourceProperties": properties if action == "UPDATE" else None,
            "stackTags": {"stage": CANARY},
            "previousStackTags": {"stage": "before"},
            "systemTags": {"aws:cloudformation:stack-name": "Fraud_Monitors"},
        },
    }


def test_event(action: str, properties: Any) -> Json:  # noqa: ANN401 - as above
    """Return an event as `sam local invoke TestEntrypoint` sends it."""
    return {
        "credentials": dict(zip(("accessKeyId", "secretAccessKey", "sessionToken"), SECRETS[:3], strict=True)),
        "action": action,
        "region": REGION,
        "callbackContext": None,
        "request": {
            "clientRequestToken": "token",
            "desiredResourceState": properties,
            "previousResourceState": properties if action == "UPDATE" else None,
            "logicalResourceIdentifier": "JobDefinition",
            "desiredResourceTags": {"stage": CANARY},
            "previousResourceTags": {"stage": "before"},
            "region": REGION,
            "awsAccountId": ACCOUNT,
            "nextToken": None,
        },
    }


test_event.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it as a test


def _schema() -> Json:
    schema = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
    rules = {key: schema[key] for key in ("definitions", "properties", "required", "additionalProperties")}
    rules["properties"] = {
        name: rule for name, rule in rules["properties"].items() if name not in ("CreationTime", "JobDefinitionArn")
    }
    return rules | {"type": "object"}


def _with_canaries(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return properties in which the values of tags and of the Environment's LEVEL are canaries."""
    if isinstance(value, dict):
        return {key: CANARY if key in ("Value", "LEVEL") else _with_canaries(part) for key, part in value.items()}
    return [_with_canaries(part) for part in value] if isinstance(value, list) else value


PROPERTIES = st.one_of(
    st.sampled_from((_with_canaries(maximal()), minimal(), {"JobDefinitionArn": arn("fraud")})),
    from_schema(_schema()),
)


def paths(value: Any, prefix: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - JSON
    """Yield the path of every part of a value."""
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*prefix, key)
        yield from paths(part, (*prefix, key))


def replace_part(value: Any, path: Path, new: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of a value with one part replaced. Parts off its path are shared with the original."""
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        if not rest and new == REMOVED:
            return {name: part for name, part in value.items() if name != key}
        return {**value, key: replace_part(value.get(key), rest, new)}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return [*value[:key], replace_part(value[key], rest, new), *value[key + 1 :]]
    return {key: replace_part(None, rest, new)}


@st.composite
def invalid_events(draw: st.DrawFn, build_event: Any) -> Json:  # noqa: ANN401 - event or test_event
    """Draw an event with one to three wrong parts."""
    drawn: Json = build_event(draw(st.sampled_from(("CREATE", "READ", "UPDATE", "DELETE", "LIST"))), draw(PROPERTIES))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([*paths(drawn)]))
        if draw(st.booleans()):
            path = (*path[:-1], draw(st.sampled_from(("Surprise", "Tags", "stackTags", "nextToken"))))
        drawn = replace_part(drawn, path, value_at(path, draw(st.sampled_from(WRONG_VALUES))))
    return drawn


def value_at(path: Path, wrong: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a wrong value as it stands at a path.

    Only properties, tags and credentials keep the canary: messages may quote the rest of the envelope.
    """
    names = {*map(str, path)}
    if names & {"resourceProperties", "previousResourceProperties", "desiredResourceState", "previousResourceState"}:
        return wrong
    if names & {"callerCredentials", "providerCredentials", "credentials", "stackTags", "desiredResourceTags"}:
        return wrong
    return json.loads(json.dumps(wrong).replace(CANARY, "stranger"))


def expand_placeholders(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an event as it is sent: placeholders become huge or deep values, and no part is shared."""
    if isinstance(value, Mapping):
        return {expand_placeholders(key): expand_placeholders(part) for key, part in value.items()}
    if isinstance(value, list):
        return [expand_placeholders(part) for part in value]
    if value in (DEEP, DEEP_LIST):
        deep: Any = "deepest"
        for _ in range(10_000):
            deep = {"deeper": deep} if value == DEEP else [deep]
        return deep
    if value == HUGE_NUMBER and isinstance(value, str):
        return 10**400
    return {LONG_TEXT: "y" * 300_000, SURROGATE: "half \ud800"}.get(value, value) if isinstance(value, str) else value
