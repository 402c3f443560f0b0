"""Scenarios recorded against AWS get the same answers, fact by fact: from stacks/, and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cfn_sandbox.account.account import Account
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.cloudformation.direct import Direct
from sandbox.tests.cloudformation.over_http import OverHttp
from sandbox.tests.cloudformation.player import ACCEPTED, SCENARIOS, Client, differences, play
from sandbox.tests.cloudformation.twins import ACCOUNT, IDENTIFY, REGION, Handlers, schema

STACK = "two-step"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Yield an account that serves CloudFormation."""
    with Account(region=REGION, tested=False) as account:
        yield account


@pytest.fixture(params=["stacks", "http"])
def client(request: pytest.FixtureRequest, account: Account) -> Client:
    """Register the twins of the recorded types, and return a client."""
    for name in IDENTIFY:
        catalogue.add_type(ACCOUNT, REGION, RegisteredType(schema(name), Handlers(name).invoke))
    return Direct(STACK) if request.param == "stacks" else OverHttp(account.client("cloudformation"), STACK)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["scenario"])
def test_every_fact(scenario: dict[str, Any], client: Client) -> None:
    """Two change sets, the stack after each, its events and its deletion are as AWS recorded them."""
    found = differences(scenario, play(scenario, client, STACK))
    accepted = ACCEPTED.get(scenario["scenario"], {})
    assert {fact: here for fact, (_, here) in found.items()} == {fact: here for fact, (here, _) in accepted.items()}


def test_the_accepted_differences_are_few() -> None:
    """At most one fact in a hundred differs, and none of a resource's properties, outputs or final status."""
    facts = [fact for accepted in ACCEPTED.values() for fact in accepted]
    assert len(facts) * 100 <= sum(len(scenario["aws"]) for scenario in SCENARIOS)
    assert all(fact.startswith("events: ") for fact in facts)
