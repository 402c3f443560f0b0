"""Scenarios recorded against AWS get the same answers from the API, fact by fact, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cfn_sandbox.cloudformation.api import (
    change_set_operations,
    descriptions,
    stack_operations,
    template_operations,
)
from cfn_sandbox.cloudformation.api.service import Service
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.types import catalogue
from cfn_sandbox.cloudformation.types.registered import RegisteredType
from sandbox.tests.cloudformation.api import servers
from sandbox.tests.cloudformation.api.over_http import OverHttp
from sandbox.tests.cloudformation.direct import NoServices
from sandbox.tests.cloudformation.player import ACCEPTED, SCENARIOS, differences, play
from sandbox.tests.cloudformation.twins import ACCOUNT, IDENTIFY, REGION, Handlers, schema

FUNCTIONS = (change_set_operations, descriptions, stack_operations, template_operations)


@pytest.fixture
def client() -> Iterator[servers.Client]:
    """Yield a client of a new account, in which the twins of the recorded types are registered."""
    for name in IDENTIFY:
        catalogue.add_type(ACCOUNT, REGION, RegisteredType(schema(name), Handlers(name).invoke))
    space = Space(ACCOUNT, REGION, NoServices())
    service = Service("cloudformation", "CloudFormation", FUNCTIONS, REGION, lambda *_: space)
    with servers.serving({"cloudformation": service}) as endpoint:
        yield servers.client(endpoint, "cloudformation", REGION)
    catalogue.clear()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["scenario"])
def test_every_fact(client: servers.Client, scenario: dict[str, Any]) -> None:
    """Two change sets, the stack after each, its events and its deletion are as AWS recorded them."""
    found = differences(scenario, play(scenario, OverHttp(client, "two-step"), "two-step"))
    accepted = ACCEPTED.get(scenario["scenario"], {})
    assert {fact: here for fact, (_, here) in found.items()} == {fact: here for fact, (here, _) in accepted.items()}
