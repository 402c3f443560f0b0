"""Stacks of toys: a type in memory, and what its tests say to CloudFormation."""

import json
from typing import Any

import boto3

Client = Any  # boto3 makes its clients at run time

ACCOUNT, REGION = "123456789012", "eu-west-1"
SESSION = boto3.Session("test", "test", region_name=REGION)  # one: it reads the service's model once
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
    """A type of ten lines, in memory: it keeps every event, and answers what a test put in `answers` before its own."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.waits: list[float] = []
        self.count = 0

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """The five handlers, save one."""
        event = json.loads(json.dumps(event))
        self.events.append(event)
        if self.answers:
            return self.answers.pop(0)
        model = event["requestData"]["resourceProperties"]
        if event["action"] == "CREATE":
            if any(toy["Name"] == model["Name"] for toy in self.made.values()):
                return failed("AlreadyExists", "That name is taken")
            self.count += 1
            model = model | {"Id": f"toy-{self.count}"}
        elif model["Id"] not in self.made:
            return failed("NotFound", "No such toy")
        elif event["action"] == "DELETE":
            del self.made[model["Id"]]
            return {"status": "SUCCESS"}
        elif event["action"] == "READ":
            return {"status": "SUCCESS", "resourceModel": self.made[model["Id"]]}
        self.made[model["Id"]] = {"Facts": {"Born": "today"}} | model
        return {"status": "SUCCESS", "resourceModel": self.made[model["Id"]]}

    def actions(self) -> list[str]:
        """What was asked so far, and of which resource."""
        return [f"{event['action']} {event['requestData']['logicalResourceId']}" for event in self.events]


def failed(code: str, message: str = "No", model: dict[str, Any] | None = None) -> dict[str, Any]:
    """A failed progress event."""
    return {"status": "FAILED", "errorCode": code, "message": message, "resourceModel": model}


def template(outputs: dict[str, Any] | None = None, **resources: dict[str, Any]) -> str:
    """A template of toys, each given by its properties, or in full when it has a Type."""
    resources = {key: one if "Type" in one else {"Type": TOY, "Properties": one} for key, one in resources.items()}
    return json.dumps({"Resources": resources, "Outputs": outputs or {}})


def stack_of(cloudformation: Client) -> dict[str, Any]:
    """The stack called toys."""
    stack: dict[str, Any] = cloudformation.describe_stacks(StackName="toys")["Stacks"][0]
    return stack


def create(cloudformation: Client, body: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - of the API
    """Create the stack called toys."""
    cloudformation.create_stack(StackName="toys", TemplateBody=body, **options)
    return stack_of(cloudformation)


def update(cloudformation: Client, body: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - of the API
    """Update it."""
    cloudformation.update_stack(StackName="toys", TemplateBody=body, **options)
    return stack_of(cloudformation)


def tags(**pairs: str) -> list[dict[str, str]]:
    """Tags as the API takes them."""
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def reasons(cloudformation: Client, status: str) -> list[str]:
    """The reasons of the resources' events with a status, oldest first."""
    events = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    return [
        event["ResourceStatusReason"]
        for event in reversed(events)
        if event["ResourceStatus"] == status and event["ResourceType"] == TOY
    ]
