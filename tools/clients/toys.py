"""A small type that the recorded clients deploy: its schema, and its handlers in this process."""

import json
from typing import Any

Json = dict[str, Any]

SCHEMA: Json = {
    "typeName": "Acme::Clients::Toy",
    "properties": {
        "Id": {"type": "string"},
        "Facts": {"type": "object", "properties": {"Born": {"type": "string"}}},
        "Name": {"type": "string", "pattern": "^[a-z]+$"},
        "Colour": {"type": "string"},
    },
    "required": ["Name"],
    "readOnlyProperties": ["/properties/Id", "/properties/Facts/Born"],
    "createOnlyProperties": ["/properties/Name"],
    "primaryIdentifier": ["/properties/Id"],
    "additionalProperties": False,
}


class Toys:
    """The type's handlers, all but LIST, with the resources by their Id and the actions so far."""

    def __init__(self) -> None:
        self.resources: dict[str, Json] = {}
        self.actions: list[str] = []
        self._made = 0

    def invoke(self, event: Json) -> Json:
        """Answer an event as CloudFormation sends it."""
        action, model = event["action"], json.loads(json.dumps(event["requestData"]["resourceProperties"]))
        self.actions.append(action)
        if action == "CREATE":
            if any(toy["Name"] == model["Name"] for toy in self.resources.values()):
                return _failure("AlreadyExists", "That name is taken")
            self._made += 1
            model["Id"] = f"toy-{self._made}"
        elif model["Id"] not in self.resources:
            return _failure("NotFound", "No such toy")
        if action == "DELETE":
            del self.resources[model["Id"]]
            return {"status": "SUCCESS"}
        if action != "READ":
            self.resources[model["Id"]] = {"Facts": {"Born": "today"}} | model
        return {"status": "SUCCESS", "resourceModel": self.resources[model["Id"]]}


def _failure(code: str, message: str) -> Json:
    return {"status": "FAILED", "errorCode": code, "message": message, "resourceModel": None}
