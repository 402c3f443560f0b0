"""Plays scenarios over HTTP, as a client does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Client = Any  # boto3 creates client classes at run time
JSON = dict[str, Any]


class OverHttp:
    """A client of one stack that calls the API.

    Args:
        client: boto3's client of CloudFormation.
        name: the stack's name.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name  # its ARN, once there is a stack
        self._number = 0

    @property
    def _change_set(self) -> dict[str, str]:
        return {"StackName": self._name, "ChangeSetName": f"change-{self._number}"}

    def create_change_set(self, kind: str, body: str, parameters: Mapping[str, str]) -> None:
        """Make the next change set."""
        self._number += 1
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        answer = self._client.create_change_set(
            **self._change_set, ChangeSetType=kind, TemplateBody=body, Parameters=given
        )
        self._name = answer["StackId"]

    def describe_change_set(self, *, with_values: bool) -> JSON:
        """Return DescribeChangeSet's answer for the latest change set."""
        answer: JSON = self._client.describe_change_set(**self._change_set, IncludePropertyValues=with_values)
        return answer

    def execute_change_set(self) -> None:
        """Execute the latest change set."""
        self._client.execute_change_set(**self._change_set)

    def describe_stack(self) -> JSON:
        """Return the stack's description."""
        (stack,) = self._client.describe_stacks(StackName=self._name)["Stacks"]
        answer: JSON = stack
        return answer

    def delete_stack(self) -> None:
        """Delete the stack."""
        self._client.delete_stack(StackName=self._name)

    def events(self) -> Iterable[JSON]:
        """Return the stack's events, oldest first."""
        pages = self._client.get_paginator("describe_stack_events").paginate(StackName=self._name)
        newest_first: list[JSON] = [event for page in pages for event in page["StackEvents"]]
        return reversed(newest_first)
