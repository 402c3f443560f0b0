"""Scenarios recorded against AWS get the same answers from stacks/, fact by fact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cfn_sandbox.cloudformation.types import catalogue
from cfn_sandbox.cloudformation.types.registered import RegisteredType
from sandbox.tests.cloudformation.direct import Direct
from sandbox.tests.cloudformation.player import ACCEPTED, SCENARIOS, differences, play
from sandbox.tests.cloudformation.twins import ACCOUNT, IDENTIFY, REGION, Handlers, schema


@pytest.fixture(autouse=True)
def twins() -> Iterator[None]:
    """Register the twins of the recorded types for one test."""
    for name in IDENTIFY:
        catalogue.add_type(ACCOUNT, REGION, RegisteredType(schema(name), Handlers(name).invoke))
    yield
    catalogue.clear()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["scenario"])
def test_every_fact(scenario: dict[str, Any]) -> None:
    """Two change sets, the stack after each, its events and its deletion are as AWS recorded them."""
    found = differences(scenario, play(scenario, Direct("two-step"), "two-step"))
    accepted = ACCEPTED.get(scenario["scenario"], {})
    assert {fact: here for fact, (_, here) in found.items()} == {fact: here for fact, (here, _) in accepted.items()}


def test_the_accepted_differences_are_few() -> None:
    """At most one fact in a hundred differs, and none of a resource's properties, outputs or final status."""
    facts = [fact for accepted in ACCEPTED.values() for fact in accepted]
    assert len(facts) * 100 <= sum(len(scenario["aws"]) for scenario in SCENARIOS)
    assert all(fact.startswith("events: ") for fact in facts)
