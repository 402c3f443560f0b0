"""Plays scenarios over HTTP, as any client does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

JSON = dict[str, Any]


class OverHttp:
    """A client of one stack through boto3.

    Args:
        cloudformation: boto3's client.
        name: the stack's name.
    """

    def __init__(self, cloudformation: Any, name: str) -> None:  # noqa: ANN401 - boto3 creates the class at run time
        self._client = cloudformation
        self._name = name
        self._change_sets: list[str] = []
        self._stack_id = ""

    def create_change_set(self, kind: str, body: str, parameters: Mapping[str, str]) -> None:
        """Make the next change set."""
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        answer = self._client.create_change_set(
            StackName=self._name,
            ChangeSetName=f"change-{len(self._change_sets)}",
            ChangeSetType=kind,
            TemplateBody=body,
            Parameters=given,
        )
        self._change_sets.append(answer["Id"])
        self._stack_id = answer["StackId"]

    def describe_change_set(self, *, with_values: bool) -> JSON:
        """Return the latest change set."""
        answer: JSON = self._client.describe_change_set(
            ChangeSetName=self._change_sets[-1], IncludePropertyValues=with_values
        )
        return answer

    def execute_change_set(self) -> None:
        """Execute the latest change set."""
        self._client.execute_change_set(ChangeSetName=self._change_sets[-1])

    def describe_stack(self) -> JSON:
        """Return the stack's description, also of a deleted one."""
        stack: JSON = self._client.describe_stacks(StackName=self._stack_id)["Stacks"][0]
        return stack

    def delete_stack(self) -> None:
        """Delete the stack."""
        self._client.delete_stack(StackName=self._stack_id)

    def events(self) -> Iterable[JSON]:
        """Return the stack's events, oldest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self._stack_id)
        newest_first: list[JSON] = [event for page in pages for event in page["StackEvents"]]
        return newest_first[::-1]
