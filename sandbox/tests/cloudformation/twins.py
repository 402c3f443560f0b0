"""Twins of AWS's types: registered types with AWS's published schemas, and handlers in memory.

They show what CloudFormation does without the gaps that moto's versions of these types have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

JSON = dict[str, Any]
Identify = Callable[[JSON], JSON]  # returns the read-only and generated properties of a new resource

ACCOUNT, REGION = "123456789012", "us-east-1"


def generated(prefix: str) -> str:
    """Return a generated name."""
    return f"{prefix}-{uuid4().hex[:12].upper()}"


def _topic(model: JSON) -> JSON:
    name = model.get("TopicName") or generated("topic")
    return {"TopicName": name, "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"}


def _parameter(model: JSON) -> JSON:
    return {"Name": model.get("Name") or generated("parameter")}


def _log_group(model: JSON) -> JSON:
    return {"LogGroupName": model.get("LogGroupName") or generated("group")}


def _bucket(model: JSON) -> JSON:
    return {"BucketName": model.get("BucketName") or generated("bucket").lower()}


IDENTIFY: Mapping[str, Identify] = {
    "AWS::SNS::Topic": _topic,
    "AWS::SSM::Parameter": _parameter,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
}


def schema(name: str) -> JSON:
    """Return AWS's published schema of a type, in cfn-lint's copy."""
    document: JSON = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema
    return document


class Handlers:
    """The handlers of one twin, with its resources by primary identifier."""

    def __init__(self, name: str) -> None:
        self._identify = IDENTIFY[name]
        self._key = schema(name)["primaryIdentifier"][0].rpartition("/")[2]
        self.resources: dict[str, JSON] = {}

    def invoke(self, event: JSON) -> JSON:
        """Answer an event as a type's handlers do, all but LIST."""
        model = dict(event["requestData"]["resourceProperties"])
        if event["action"] == "CREATE":
            model |= self._identify(model)
            if model[self._key] in self.resources:
                return {"status": "FAILED", "errorCode": "AlreadyExists", "message": "It exists."}
        elif model.get(self._key) not in self.resources:
            return {"status": "FAILED", "errorCode": "NotFound", "message": "It doesn't exist."}
        if event["action"] == "DELETE":
            del self.resources[model[self._key]]
            return {"status": "SUCCESS"}
        if event["action"] == "READ":
            return {"status": "SUCCESS", "resourceModel": self.resources[model[self._key]]}
        self.resources[model[self._key]] = self.resources.get(model[self._key], {}) | model
        return {"status": "SUCCESS", "resourceModel": self.resources[model[self._key]]}
