"""Plays the scenarios of recordings/two-step.json, and returns the facts in the recording's form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

JSON = dict[str, Any]

ACCOUNT = "123456789012"
RECORDED = Path(__file__).parent / "recordings" / "two-step.json"
SCENARIOS: list[JSON] = json.loads(RECORDED.read_text())


class Client(Protocol):
    """The part of CloudFormation's API that a scenario needs, with the answers' members as in the API."""

    def create_change_set(self, kind: str, body: str, parameters: Mapping[str, str]) -> None:
        """Make the scenario's next change set."""

    def describe_change_set(self, *, with_values: bool) -> JSON:
        """Return DescribeChangeSet's answer for the latest change set."""

    def execute_change_set(self) -> None:
        """Execute the latest change set, and wait until the stack is at rest."""

    def describe_stack(self) -> JSON:
        """Return the stack's description, also of a deleted one."""

    def delete_stack(self) -> None:
        """Delete the stack, and wait until it is gone."""

    def events(self) -> Iterable[JSON]:
        """Return the stack's events, oldest first."""


def play(scenario: JSON, client: Client, stack_name: str) -> JSON:
    """Play a scenario and return the facts."""
    facts: JSON = {}
    for number, (step, kind) in enumerate((("first", "CREATE"), ("second", "UPDATE")), 1):
        client.create_change_set(kind, json.dumps(scenario[step]["template"]), scenario[step]["parameters"])
        for with_values in (True, False):
            title = f"change set {number} {'with' if with_values else 'without'} values"
            facts |= _of_change_set(title, client.describe_change_set(with_values=with_values))
        client.execute_change_set()
        facts |= _of_stack(f"stack after {number}", client.describe_stack())
    until = scenario["aws"]["events: recorded until"]
    facts["events: recorded until"] = until
    if until == "update":
        facts |= _of_events(client.events())
    client.delete_stack()
    stack = client.describe_stack()
    facts |= _of_stack("stack after deletion", stack)
    del facts["stack after deletion: Parameters"]
    facts["stack after deletion: has DeletionTime"] = "DeletionTime" in stack
    if until == "deletion":
        facts |= _of_events(client.events())
    return _normalized(facts, stack["StackId"], stack_name)


def _of_change_set(title: str, answer: JSON) -> JSON:
    facts: JSON = {f"{title}: Parameters": answer.get("Parameters", [])}
    facts[f"{title}: rest"] = {
        key: answer[key] for key in ("ExecutionStatus", "Status", "StatusReason") if key in answer
    }
    facts[f"{title}: changes"] = []
    for item in answer.get("Changes", []):
        change = dict(item["ResourceChange"])
        logical_id = change.pop("LogicalResourceId")
        facts[f"{title}: changes"].append(logical_id)
        change.pop("PhysicalResourceId", None)
        for key, value in change.items():
            is_context = key in {"BeforeContext", "AfterContext"}
            facts[f"{title}: {logical_id}.{key}"] = json.loads(value) if is_context else value
    return facts


def _of_stack(title: str, stack: JSON) -> JSON:
    status = {key: stack[key] for key in ("StackStatus", "StackStatusReason") if key in stack}
    return {
        title: status,
        f"{title}: Outputs": stack.get("Outputs", []),
        f"{title}: Parameters": stack.get("Parameters", []),
    }


def _of_events(events: Iterable[JSON]) -> JSON:
    facts: dict[str, list[str]] = {}
    for event in events:
        is_stack = event["ResourceType"] == "AWS::CloudFormation::Stack"
        statuses = facts.setdefault(f"events: {'Stack' if is_stack else event['LogicalResourceId']}", [])
        status = event["ResourceStatus"]
        if statuses[-1:] != [status] and status != "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
            statuses.append(status)
    return dict(facts)


def _normalized(facts: JSON, stack_id: str, stack_name: str) -> JSON:
    text = json.dumps(facts).replace(stack_id, "STACK-ID").replace(stack_name, "STACK-NAME").replace(ACCOUNT, "ACCOUNT")
    text = re.sub(r"(topic|parameter|group|bucket)-[0-9A-Fa-f]{12}", "GENERATED", text)
    answer: JSON = json.loads(text)
    return answer


def differences(scenario: JSON, facts: JSON) -> dict[str, tuple[Any, Any]]:
    """Return what AWS answered and what was answered, by fact, where they differ."""
    aws = scenario["aws"]
    return {key: (aws.get(key), facts.get(key)) for key in sorted({*aws, *facts}) if aws.get(key) != facts.get(key)}


# By scenario and fact: what is answered instead of what AWS answered, and why.
ACCEPTED: dict[str, dict[str, tuple[Any, str]]] = {
    "unrelated_changes_requires_replacement": {
        "events: Parameter1": (
            [
                *("CREATE_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"),
                *("DELETE_IN_PROGRESS", "DELETE_COMPLETE"),
            ],
            "The recording ends before the replaced parameter is deleted. Other replacements have these events.",
        )
    }
}
