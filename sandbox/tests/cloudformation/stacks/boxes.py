"""A type in memory for tests of stacks/, and stacks of it without the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from cfn_sandbox.cloudformation.stacks import change_sets
from cfn_sandbox.cloudformation.stacks.change_sets import ChangeSet, Request
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.cloudformation.stacks.stack import Stack
from cfn_sandbox.cloudformation.stacks.state import Options, Settings
from cfn_sandbox.cloudformation.stacks.submission import Submission, create_stack, update_stack
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.cloudformation.direct import NoServices

JSON = dict[str, Any]

ACCOUNT, REGION, BOX = "123456789012", "us-east-1", "Acme::Test::Box"
SCHEMA: JSON = {
    "typeName": BOX,
    "properties": {
        "Id": {"type": "string"},
        "Label": {"type": "string"},
        "Name": {"type": "string"},
        "Colour": {"type": "string"},
        "Size": {"type": "integer"},
        "Tags": {"type": "array", "items": {"type": "object"}},
    },
    "readOnlyProperties": ["/properties/Id", "/properties/Label"],
    "createOnlyProperties": ["/properties/Name"],
    "primaryIdentifier": ["/properties/Id"],
    "additionalProperties": False,
    "handlers": {action: {"permissions": []} for action in ("create", "read", "update", "delete", "list")},
}


class Boxes:
    """The type's handlers. `refuse` makes those of some properties fail."""

    def __init__(self) -> None:
        self.resources: dict[str, JSON] = {}
        self.refused_colour = ""
        self.refuses_deletion = False
        self.calls: list[str] = []
        self._count = 0

    def invoke(self, event: JSON) -> JSON:
        """Answer an event as a type's handlers do, all but LIST."""
        data = event["requestData"]
        model = deepcopy(data["resourceProperties"])
        self.calls.append(f"{event['action']} {data.get('logicalResourceId')}")
        if (
            event["action"] in {"CREATE", "UPDATE"}
            and self.refused_colour
            and model.get("Colour") == self.refused_colour
        ):
            return {"status": "FAILED", "errorCode": "InvalidRequest", "message": "Not this colour"}
        if event["action"] == "CREATE":
            self._count += 1
            model["Id"] = f"box-{self._count}"
        elif model["Id"] not in self.resources:
            return {"status": "FAILED", "errorCode": "NotFound", "message": "No such box"}
        elif event["action"] == "DELETE" and self.refuses_deletion:
            return {"status": "FAILED", "errorCode": "ResourceConflict", "message": "In use"}
        elif event["action"] == "DELETE":
            del self.resources[model["Id"]]
            return {"status": "SUCCESS"}
        elif event["action"] == "READ":
            return {"status": "SUCCESS", "resourceModel": self.resources[model["Id"]]}
        self.resources[model["Id"]] = model | {"Label": f"{model['Id']} in {model.get('Colour')}"}
        return {"status": "SUCCESS", "resourceModel": self.resources[model["Id"]]}


class Account:
    """An account with boxes, and its stacks by name."""

    def __init__(self) -> None:
        self.boxes = Boxes()
        self.space = Space(ACCOUNT, REGION, NoServices())
        catalogue.clear()
        catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, self.boxes.invoke))

    def create(self, name: str, template: JSON, **values: str) -> Stack:
        """Create a stack."""
        return create_stack(self.space, name, submission(template, values), Options(), Settings())

    def update(self, name: str, template: JSON, on_failure: str = "ROLLBACK", **values: str) -> Stack:
        """Update a stack."""
        stack = self.space.named(name)
        update_stack(stack, submission(template, values), Options(on_failure), stack.settings)
        return stack

    def propose(self, name: str, template: JSON, kind: str = "UPDATE", **values: str) -> ChangeSet:
        """Make a change set."""
        return change_sets.create(self.space, name, submission(template, values), Request("change", kind))


def submission(template: JSON, values: Mapping[str, str]) -> Submission:
    """Return a request with a template and the values of its parameters."""
    given = tuple({"ParameterKey": key, "ParameterValue": value} for key, value in values.items())
    return Submission(json.dumps(template), parameters=given)


def boxes(**resources: JSON) -> JSON:
    """Return a template of boxes, each given by its properties, or in full if it has a Type."""
    full = {key: one if "Type" in one else {"Type": BOX, "Properties": one} for key, one in resources.items()}
    return {"Resources": full}


def events(stack: Stack, logical_id: str | None = None) -> list[tuple[str, str | None]]:
    """Return the statuses and reasons of a stack's own events, or of a resource's, oldest first."""
    wanted = logical_id or stack.identity.name
    return [(event.status, event.reason) for event in stack.steps.events if event.subject.logical_id == wanted]
