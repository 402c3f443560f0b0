"""A type that keeps the contract, in process, and one defect for every test that is meant to catch it.

Its identifier is the user's to choose, or the service's: the second where a test is about that.
"""

from __future__ import annotations

import copy
import itertools
from typing import Any, ClassVar

Model = dict[str, Any]
Event = dict[str, Any]

TYPE = "Acme::Test::Toy"
SCHEMA: dict[str, Any] = {
    "typeName": TYPE,
    "description": "Resource Type definition for a toy.",
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


def success(model: Model | None = None, **more: Any) -> Event:  # noqa: ANN401 - a progress event's
    """A handler's success."""
    return {"status": "SUCCESS"} | ({} if model is None else {"resourceModel": copy.deepcopy(model)}) | more


def failure(code: str, message: str = "no") -> Event:
    """A handler's failure."""
    return {"status": "FAILED", "errorCode": code, "message": message}


class Toy:
    """A type that keeps the contract: its handlers, and the resources that there are, by identifier."""

    schema: ClassVar[dict[str, Any]] = SCHEMA

    def __init__(self) -> None:
        self.there: dict[str, Model] = {}
        self.events: list[Event] = []
        self._numbers = itertools.count(1)

    def __call__(self, event: Event) -> Event:
        """Invoke a handler; the plugin library would cast the numbers."""
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
        """The property that identifies."""
        return str(self.schema["primaryIdentifier"][0]).rpartition("/")[2]

    def key(self, model: Model) -> str:
        """A model's identifier."""
        return str(model.get(self.by, ""))

    def made(self, desired: Model) -> Model:
        """What CREATE makes of properties."""
        return {"Size": 3} | desired | {"Arn": f"arn:toy/{next(self._numbers)}"}

    def create(self, desired: Model) -> Event:
        """CREATE."""
        model = self.made(desired)
        if self.key(model) in self.there:
            return failure("AlreadyExists")
        self.there[self.key(model)] = model
        return success(self.shown(model))

    def shown(self, model: Model) -> Model:
        """What the handlers tell of a toy."""
        return {key: value for key, value in model.items() if key != "Secret"}

    def read(self, desired: Model) -> Event:
        """READ."""
        model = self.there.get(self.key(desired))
        return failure("NotFound") if model is None else success(self.shown(model))

    def update(self, desired: Model) -> Event:
        """UPDATE."""
        if self.key(desired) not in self.there:
            return failure("NotFound")
        self.there[self.key(desired)] |= desired
        return success(self.shown(self.there[self.key(desired)]))

    def delete(self, desired: Model) -> Event:
        """DELETE."""
        return success() if self.there.pop(self.key(desired), None) else failure("NotFound")

    def list(self, _desired: Model) -> Event:
        """LIST."""
        return success(resourceModels=[{self.by: key} for key in self.there], nextToken=None)


class Generated(Toy):
    """The same with an identifier that the service chooses: a second CREATE makes a second toy."""

    schema = GENERATED
