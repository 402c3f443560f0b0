"""Tests that the schema lists exactly the permissions that the handlers use."""

import json
from collections.abc import Callable

import pytest

from tests.wires import Wire, active_wires, create_definition, error_reply, invoke
from tools.envelopes import ROOT, Json, maximal, minimal

SCHEMA = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())

# SageMaker checks these too: the caller must be allowed to pass the role and to tag what it creates
# (Service Authorization Reference, "dependent actions" of CreateModelQualityJobDefinition).
DEPENDENT_ACTIONS = {"create": {"iam:PassRole", "sagemaker:AddTags"}}


def _create(_: Json) -> None:
    invoke("CREATE", maximal(), tags={"stage": "prod"}, token="new")


def _update(model: Json) -> None:
    state = minimal() | {"JobDefinitionArn": model["JobDefinitionArn"]}
    invoke("UPDATE", state, state, tags={"new": "1"}, previous_tags={"old": "1"})


def _delete(model: Json) -> None:
    """Delete a definition and lose the first answer, after which DELETE looks."""
    active_wires[-1].reply("DeleteModelQualityJobDefinition", error_reply("InternalFailure", status=500))
    invoke("DELETE", model)


ACTIONS: dict[str, Callable[[Json], object]] = {
    "create": _create,
    "read": lambda model: invoke("READ", {"JobDefinitionArn": model["JobDefinitionArn"]}),
    "update": _update,
    "delete": _delete,
    "list": lambda _: invoke("LIST", {"EndpointName": "fraud"}),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_handler_asks_for_the_permissions_that_it_uses(wire: Wire, action: str) -> None:
    """A handler without a permission fails in a locked-down account, and nobody wants to grant an unused one."""
    model = create_definition(minimal(), tags={"old": "1"})
    wire.requests.clear()
    ACTIONS[action](model)
    used = {f"sagemaker:{operation}" for operation in wire.operations}
    assert set(SCHEMA["handlers"][action]["permissions"]) == used | DEPENDENT_ACTIONS.get(action, set())


def test_tagging_asks_for_what_the_handlers_use_on_tags() -> None:
    """The tagging block repeats the handlers' tag permissions for CloudFormation's documentation."""
    permissions = {permission for handler in SCHEMA["handlers"].values() for permission in handler["permissions"]}
    assert set(SCHEMA["tagging"]["permissions"]) == {permission for permission in permissions if "Tags" in permission}


def test_a_create_without_tags_needs_no_permission_on_tags_but_to_read_them(wire: Wire) -> None:
    """CREATE without tags works under a policy that forbids tagging."""
    wire.reply("AddTags", error_reply("AccessDeniedException"))
    create_definition(minimal())
    assert "Tags" not in wire.body("CreateModelQualityJobDefinition")
    assert "AddTags" not in wire.operations
