"""Types that keep the contract, in process; defects.py derives broken ones from them.

Toy has a user-provided identifier. Generated has one that the service chooses.
"""

from __future__ import annotations

import copy
import itertools
from typing import Any, ClassVar

Model = dict[str, Any]
Event = dict[str, Any]

TYPE = "Acme::Test::Bear"
SCHEMA: dict[str, Any] = {
    "typeName": TYPE,
    "description": "Resource Type definition for a toy bear.",
    "properties": {
        "Name": {"type": "string", "pattern": "^[a-z]+$"},
        "Arn": {"type": "string", "pattern": "^arn:"},
        "Colour": {"type": "string", "enum": ["red", "green"]},
        "Size": {"type": "integer", "default": 3},
        "Secret": {"type": "string"},
    },
    "required": ["Name", "Secret"],
    "readOnlyProperties": ["/properties/Arn"],
    "writeOnlyProperties": ["/properties/Secret"],
    "createOnlyProperties": ["/properties/Name"],
    "primaryIdentifier": ["/properties/Name"],
    "tagging": {"taggable": False},
    "handlers": {verb: {"permissions": ["toy:All"]} for verb in ("create", "read", "update", "delete", "list")},
    "additionalProperties": False,
}
GENERATED: dict[str, Any] = {**SCHEMA, "primaryIdentifier": ["/properties/Arn"]}
CREATE: Model = {"Name": "bear", "Colour": "red", "Size": 3, "Secret": "honey"}
UPDATE: Model = {"Name": "bear", "Colour": "green", "Size": 4, "Secret": "honey"}


def success(model: Model | None = None, **more: Any) -> Event:  # noqa: ANN401 - a progress event's members
    """Return a handler's success."""
    return {"status": "SUCCESS"} | ({} if model is None else {"resourceModel": copy.deepcopy(model)}) | more


def failure(code: str, message: str = "no") -> Event:
    """Return a handler's failure."""
    return {"status": "FAILED", "errorCode": code, "message": message}


class Toy:
    """A type that keeps the contract: its handlers, and the existing resources by identifier."""

    schema: ClassVar[dict[str, Any]] = SCHEMA

    def __init__(self) -> None:
        self.existing: dict[str, Model] = {}
        self.events: list[Event] = []
        self._numbers = itertools.count(1)

    def __call__(self, event: Event) -> Event:
        """Call the event's handler, with Size as an integer: the plugin library would cast it."""
        event = copy.deepcopy(event)
        self.events.append(event)
        for key in ("resourceProperties", "previousResourceProperties"):
            if "Size" in (event["requestData"].get(key) or {}):
                event["requestData"][key]["Size"] = int(event["requestData"][key]["Size"])
        handler = getattr(self, event["action"].lower())
        answer: Event = handler(event["requestData"]["resourceProperties"])
        return answer

    @property
    def by(self) -> str:
        """The name of the primary identifier's property."""
        return str(self.schema["primaryIdentifier"][0]).rpartition("/")[2]

    def key(self, model: Model) -> str:
        """Return a model's identifier."""
        return str(model.get(self.by, ""))

    def new_model(self, desired: Model) -> Model:
        """Return the complete model of a new toy."""
        return {"Size": 3} | desired | {"Arn": f"arn:toy/{next(self._numbers)}"}

    def create(self, desired: Model) -> Event:
        """Create a toy, or fail with AlreadyExists."""
        model = self.new_model(desired)
        if self.key(model) in self.existing:
            return failure("AlreadyExists")
        self.existing[self.key(model)] = model
        return success(self.reported_model(model))

    def reported_model(self, model: Model) -> Model:
        """Return the model as the handlers report it, without its secret."""
        return {key: value for key, value in model.items() if key != "Secret"}

    def read(self, desired: Model) -> Event:
        """Return a toy, or fail with NotFound."""
        model = self.existing.get(self.key(desired))
        return failure("NotFound") if model is None else success(self.reported_model(model))

    def update(self, desired: Model) -> Event:
        """Change a toy, or fail with NotFound."""
        if self.key(desired) not in self.existing:
            return failure("NotFound")
        self.existing[self.key(desired)] |= desired
        return success(self.reported_model(self.existing[self.key(desired)]))

    def delete(self, desired: Model) -> Event:
        """Delete a toy, or fail with NotFound."""
        return success() if self.existing.pop(self.key(desired), None) else failure("NotFound")

    def list(self, _desired: Model) -> Event:
        """Return the identifiers of all toys."""
        return success(resourceModels=[{self.by: key} for key in self.existing], nextToken=None)


class Generated(Toy):
    """A toy whose identifier the service chooses, so a second CREATE creates a second toy."""

    schema = GENERATED
