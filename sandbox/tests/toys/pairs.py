"""A small in-memory type whose primary identifier has two parts, for tests that stacks don't cover."""

import json
from collections.abc import Callable
from typing import Any

from cfn_sandbox.resource_types.registered import RegisteredType

Json = dict[str, Any]

NAME = "Acme::Test::Pair"
SCHEMA: Json = {
    "typeName": NAME,
    "definitions": {
        "Part": {
            "type": "object",
            "properties": {"Size": {"type": "integer", "minimum": 1}, "Key": {"type": "string"}},
            "additionalProperties": False,
        }
    },
    "properties": {
        "Left": {"type": "string"},
        "Right": {"type": "string"},
        "Alias": {"type": "string"},
        "Colour": {"type": "string", "pattern": "^[a-z]+$"},
        "Size": {"type": "integer"},
        "Limit": {"type": "integer"},
        "Loud": {"type": "boolean"},
        "Parts": {"type": "array", "items": {"$ref": "#/definitions/Part"}},
        "Labels": {
            "type": "array",
            "insertionOrder": False,
            "items": {"type": "object", "properties": {"Key": {"type": "string"}, "Value": {"type": "string"}}},
        },
        "Options": {
            "type": "object",
            "properties": {"Depth": {"type": "integer"}, "Note": {"type": "string"}},
        },
        "Secret": {"type": "string"},
        "Born": {"type": "string"},
        "Facts": {"type": "object", "properties": {"Serial": {"type": "string"}, "Mood": {"type": "string"}}},
    },
    "required": ["Left", "Right"],
    "readOnlyProperties": ["/properties/Born", "/properties/Facts/Serial"],
    "writeOnlyProperties": ["/properties/Secret", "/properties/Parts/*/Key"],
    "createOnlyProperties": ["/properties/Left", "/properties/Right", "/properties/Options/Depth"],
    "primaryIdentifier": ["/properties/Left", "/properties/Right"],
    "additionalIdentifiers": [["/properties/Alias"]],
    "additionalProperties": False,
    "handlers": {
        **{verb: {"permissions": []} for verb in ("create", "read", "update", "delete")},
        "list": {"permissions": [], "handlerSchema": {"properties": {"Left": {}}, "required": ["Left"]}},
    },
}


class Pairs:
    """The type's handlers. They record every event, and return the answers queued in `answers` before their own."""

    def __init__(self) -> None:
        self.resources: dict[tuple[str, str], Json] = {}
        self.events: list[Json] = []
        self.answers: list[Json | Callable[[], Json]] = []

    def registered_type(self, **changes: Any) -> RegisteredType:  # noqa: ANN401 - members of a schema
        """Return the registered type, with these members of its schema replaced."""
        return RegisteredType(SCHEMA | changes, self.invoke, wait=lambda _: None)

    def invoke(self, event: Json) -> Json:
        """Answer an event as the type's five handlers do."""
        event = json.loads(json.dumps(event))
        self.events.append(event)
        if self.answers:
            answer = self.answers.pop(0)
            return answer() if callable(answer) else answer
        action, model = event["action"], event["requestData"].get("resourceProperties") or {}
        if action == "LIST":
            models = [pair for key, pair in self.resources.items() if key[0] == model.get("Left", key[0])]
            begin = int(event["nextToken"] or 0)
            token = str(begin + 2) if len(models) > begin + 2 else None
            return {"status": "SUCCESS", "resourceModels": models[begin : begin + 2], "nextToken": token}
        by_alias = next(
            (key for key, pair in self.resources.items() if pair.get("Alias", "") == model.get("Alias")), None
        )
        key = (model["Left"], model["Right"]) if "Left" in model else by_alias
        if action == "CREATE":
            if key in self.resources:
                return failure("AlreadyExists", "That pair is there")
            self.resources[str(key[0]), str(key[1])] = {  # type: ignore[index]
                "Born": "today",
                "Limit": 9,
                "Facts": {"Serial": "1"},
            } | _readable(model)
        elif key not in self.resources:
            return failure("NotFound", "No such pair")
        elif action == "UPDATE":
            self.resources[key] = {name: self.resources[key][name] for name in ("Born", "Limit", "Facts")} | _readable(
                model
            )
        elif action == "DELETE":
            del self.resources[key]
            return {"status": "SUCCESS"}
        return {"status": "SUCCESS", "resourceModel": self.resources[key]}  # type: ignore[index]

    def actions(self) -> list[str]:
        """Return the actions of the events so far."""
        return [event["action"] for event in self.events]


def _readable(model: Json) -> Json:
    """Return what a READ reports: no write-only property, and numbers as numbers, as the plugin library casts them."""
    readable = {key: value for key, value in model.items() if key != "Secret"}
    if "Parts" in readable:
        readable["Parts"] = [{key: value for key, value in part.items() if key != "Key"} for part in readable["Parts"]]
    typed: Json = RegisteredType(SCHEMA, lambda event: event).typed(readable)
    return typed


def failure(code: str, message: str = "No") -> Json:
    """Return a failed progress event."""
    return {"status": "FAILED", "errorCode": code, "message": message}
