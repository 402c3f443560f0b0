"""An in-memory toy type, and helpers that create, update and inspect a stack of toys."""

import json
from typing import Any

Client = Any  # boto3 creates client classes at run time

ACCOUNT, REGION = "123456789012", "eu-west-1"
TOY = "Acme::Test::Toy"
SCHEMA: dict[str, Any] = {
    "typeName": TOY,
    "definitions": {
        "Part": {
            "type": "object",
            "properties": {"Size": {"type": "integer", "minimum": 1}},
            "required": ["Size"],
            "additionalProperties": False,
        }
    },
    "properties": {
        "Id": {"type": "string"},
        "Facts": {"type": "object", "properties": {"Born": {"type": "string"}}},
        "Name": {"type": "string", "pattern": "^[a-z]+$"},
        "Colour": {"type": "string"},
        "Loud": {"type": "boolean"},
        "Parts": {"type": "array", "items": {"$ref": "#/definitions/Part"}},
        "Labels": {
            "type": "object",
            "patternProperties": {"^[a-z]+$": {"type": "string"}},
            "additionalProperties": False,
        },
    },
    "required": ["Name"],
    "readOnlyProperties": ["/properties/Id", "/properties/Facts/Born"],
    "createOnlyProperties": ["/properties/Name", "/properties/Parts/*/Size"],
    "primaryIdentifier": ["/properties/Id"],
    "additionalProperties": False,
}


class Toys:
    """The type's handlers. They record every event, and return the answers queued in `answers` before their own."""

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.waits: list[float] = []
        self.count = 0

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answer an event as the type's handlers do, all but LIST."""
        event = json.loads(json.dumps(event))
        self.events.append(event)
        if self.answers:
            return self.answers.pop(0)
        model = event["requestData"]["resourceProperties"]
        if event["action"] == "CREATE":
            if any(toy["Name"] == model["Name"] for toy in self.resources.values()):
                return failure("AlreadyExists", "That name is taken")
            self.count += 1
            model = model | {"Id": f"toy-{self.count}"}
        elif model["Id"] not in self.resources:
            return failure("NotFound", "No such toy")
        elif event["action"] == "DELETE":
            del self.resources[model["Id"]]
            return {"status": "SUCCESS"}
        elif event["action"] == "READ":
            return {"status": "SUCCESS", "resourceModel": self.resources[model["Id"]]}
        self.resources[model["Id"]] = {"Facts": {"Born": "today"}} | model
        return {"status": "SUCCESS", "resourceModel": self.resources[model["Id"]]}

    def actions(self) -> list[str]:
        """Return the action and the logical id of each event so far."""
        return [f"{event['action']} {event['requestData']['logicalResourceId']}" for event in self.events]


def failure(code: str, message: str = "No", model: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a failed progress event."""
    return {"status": "FAILED", "errorCode": code, "message": message, "resourceModel": model}


def template(outputs: dict[str, Any] | None = None, **resources: dict[str, Any]) -> str:
    """Return a template of toys, each given by its properties, or in full if it has a Type."""
    resources = {key: one if "Type" in one else {"Type": TOY, "Properties": one} for key, one in resources.items()}
    return json.dumps({"Resources": resources, "Outputs": outputs or {}})


def stack_of(cloudformation: Client) -> dict[str, Any]:
    """Return the description of the stack called toys."""
    stack: dict[str, Any] = cloudformation.describe_stacks(StackName="toys")["Stacks"][0]
    return stack


def create(cloudformation: Client, body: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters of the API
    """Create the stack called toys, and return its description."""
    cloudformation.create_stack(StackName="toys", TemplateBody=body, **options)
    return stack_of(cloudformation)


def update(cloudformation: Client, body: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters of the API
    """Update the stack called toys, and return its description."""
    cloudformation.update_stack(StackName="toys", TemplateBody=body, **options)
    return stack_of(cloudformation)


def tags(**pairs: str) -> list[dict[str, str]]:
    """Return tags in the API's format."""
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def why(cloudformation: Client, stack_name: str = "toys") -> str:
    """Return the reasons of a stack's failed events, oldest first. Like AWS, the stack's own reason names no cause."""
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("FAILED")]
    return "\n".join(event["ResourceStatusReason"] for event in failed)


def reasons(cloudformation: Client, status: str) -> list[str]:
    """Return the status reasons of the toys' events with this status, oldest first."""
    events = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    return [
        event["ResourceStatusReason"]
        for event in reversed(events)
        if event["ResourceStatus"] == status and event["ResourceType"] == TOY
    ]
