"""Plays scenarios directly over stacks/, without requests and answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cfn_sandbox.cloudformation.api.change_set_operations import described, warning
from cfn_sandbox.cloudformation.stacks import change_sets
from cfn_sandbox.cloudformation.stacks.change_sets import ChangeSet, Request
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.stacks.submission import Submission
from cfn_sandbox.cloudformation.templates.dynamic import DynamicReference
from sandbox.tests.cloudformation.twins import ACCOUNT, REGION

JSON = dict[str, Any]


class NoServices:
    """An account without other services."""

    def parameter(self, name: str) -> str | None:  # noqa: ARG002 - there is none
        """Return no parameter."""
        return None

    def dynamic(self, reference: DynamicReference) -> str | None:  # noqa: ARG002 - there is none
        """Return no value."""
        return None

    def text_at(self, location: str) -> str | None:  # noqa: ARG002 - there is none
        """Return no text."""
        return None

    def can_assume(self, role_arn: str) -> bool:  # noqa: ARG002 - there is none
        """Refuse every role."""
        return False

    def publish(self, topic_arn: str, subject: str, message: str) -> None:
        """Publish nothing."""

    def availability_zones(self, region: str) -> list[str]:
        """Return two zones."""
        return [f"{region}a", f"{region}b"]


class Direct:
    """A client of one stack that calls stacks/ directly."""

    def __init__(self, name: str) -> None:
        self._space = Space(ACCOUNT, REGION, NoServices())
        self._name = name
        self._change_sets: list[ChangeSet] = []

    def create_change_set(self, kind: str, body: str, parameters: Mapping[str, str]) -> None:
        """Make the next change set."""
        given = tuple({"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items())
        request = Request(f"change-{len(self._change_sets)}", kind)
        submission = Submission(body, parameters=given)
        self._change_sets.append(change_sets.create(self._space, self._name, submission, request))

    def describe_change_set(self, *, with_values: bool) -> JSON:
        """Return the latest change set as the API describes it."""
        change_set = self._change_sets[-1]
        proposal = change_set.proposal
        reason = warning(proposal.plan) if with_values else None
        return {
            **({} if reason is None else {"StatusReason": reason}),
            "Status": change_set.status,
            "ExecutionStatus": change_set.execution_status,
            "Parameters": proposal.definition.parameters.described(),
            "Changes": described(proposal.plan, with_values=with_values),
        }

    def execute_change_set(self) -> None:
        """Execute the latest change set."""
        change_sets.execute(self._change_sets[-1])

    def describe_stack(self) -> JSON:
        """Return the stack as the API describes it."""
        stack = self._change_sets[-1].stack
        answer: JSON = {
            "StackId": stack.identity.stack_id,
            "StackStatus": stack.status.name,
            "Outputs": [output.described() for output in stack.contents.outputs],
            "Parameters": stack.definition.parameters.described(),
        }
        if stack.status.reason is not None:
            answer["StackStatusReason"] = stack.status.reason
        return answer if stack.status.deleted is None else answer | {"DeletionTime": stack.status.deleted}

    def delete_stack(self) -> None:
        """Delete the stack."""
        self._change_sets[-1].stack.delete()

    def events(self) -> Iterable[JSON]:
        """Return the stack's events, oldest first."""
        return [
            {
                "LogicalResourceId": event.subject.logical_id,
                "ResourceType": event.subject.kind,
                "ResourceStatus": event.status,
            }
            for event in self._change_sets[-1].stack.steps.events
        ]
