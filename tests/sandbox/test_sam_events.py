"""The events in sam-tests/ work with the packaged function's test entry point in the emulator."""

import json
from typing import Any

from cfn_sandbox.account.function import Function
from cfn_sandbox.packaging.package import package
from tools import sagemaker
from tools.envelopes import ROOT

EVENTS = ROOT / "sam-tests"
ORDER = ("create", "read", "update", "list", "delete")


def test_the_events_tell_the_life_of_a_definition() -> None:
    """The events take a definition from CREATE to DELETE, as they do with `sam local invoke` and Docker."""
    assert {path.stem for path in EVENTS.glob("*.json")} == set(ORDER)
    answers: dict[str, dict[str, Any]] = {}
    with sagemaker.account() as account, Function(package(ROOT), account, "testEntrypoint") as function:
        for name in ORDER:
            answers[name] = function.invoke(json.loads((EVENTS / f"{name}.json").read_text()))
            assert answers[name]["status"] == "SUCCESS", answers[name]
        after = function.invoke(json.loads((EVENTS / "read.json").read_text()))
    created = answers["create"]["resourceModel"]
    assert answers["read"]["resourceModel"] == created
    assert {tag["Key"]: tag["Value"] for tag in created["Tags"]} == {"stage": "test", "team": "fraud"}
    updated = answers["update"]["resourceModel"]
    assert {tag["Key"]: tag["Value"] for tag in updated.pop("Tags")} == {"stage": "prod", "team": "fraud"}
    assert updated == {key: value for key, value in created.items() if key != "Tags"}
    assert [model["JobDefinitionArn"] for model in answers["list"]["resourceModels"]] == [created["JobDefinitionArn"]]
    assert "resourceModel" not in answers["delete"]
    assert after["errorCode"] == "NotFound"
