"""AWS::SecretsManager::Secret, which moto lacks: the secrets that a type's configuration or its handlers read.

Sources: AWS's published schema of the type; CreateSecret, UpdateSecret and GetRandomPassword in the API reference;
for CloudFormation's own tags, LocalStack's test_secretsmanager, recorded against AWS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cfn_sandbox.resource_types import played
from cfn_sandbox.resource_types.played import Call, Handler, Model, Refusal

if TYPE_CHECKING:
    from cfn_sandbox.account.account import Account

SECRET = "AWS::SecretsManager::Secret"

_GIVEN = ("Name", "Description", "KmsKeyId", "SecretString")
_CODES = {"ResourceExistsException": "AlreadyExists", "ResourceNotFoundException": "NotFound"}
_SUPPORTED = {*_GIVEN, "Id", "Tags", "GenerateSecretString"}


@contextmanager
def offer(account: Account) -> Iterator[None]:
    """Let stacks make secrets until the context ends.

    Args:
        account: the account that keeps them.
    """
    with played.offer(SECRET, _handlers(account)):
        yield


def _handlers(account: Account) -> Mapping[str, Handler]:  # noqa: C901 - a short function for each handler
    def called(call: Call, operation: str, **parameters: object) -> dict[str, Any]:
        return played.called(account.client("secretsmanager", call.region), operation, _CODES, **parameters)

    def value_of(call: Call) -> dict[str, Any]:
        """Return the members of the request that creates or changes a secret."""
        unknown = sorted(call.desired.keys() - _SUPPORTED)
        if unknown:
            raise Refusal("InvalidRequest", f"This sandbox's {SECRET} has no {unknown[0]}: leave it out")
        members = {key: call.desired[key] for key in _GIVEN if key in call.desired}
        rules = call.desired.get("GenerateSecretString")
        if rules is None or call.desired.get("GenerateSecretString") == call.previous.get("GenerateSecretString"):
            return members
        options = {
            key: value for key, value in rules.items() if key not in {"SecretStringTemplate", "GenerateStringKey"}
        }
        password = str(called(call, "get_random_password", **options)["RandomPassword"])
        if "GenerateStringKey" in rules:
            content = json.loads(rules.get("SecretStringTemplate", "{}")) | {rules["GenerateStringKey"]: password}
            return members | {"SecretString": json.dumps(content)}
        return members | {"SecretString": password}

    def tags_of(call: Call) -> list[dict[str, str]]:
        tags = call.system_tags | dict(call.tags) | {tag["Key"]: tag["Value"] for tag in call.desired.get("Tags", [])}
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    def create(call: Call) -> Model:
        members = {"Name": f"{call.logical_id}-{uuid4().hex[:12]}"} | value_of(call)
        answer = called(call, "create_secret", **members, Tags=tags_of(call))
        return model(call, answer["ARN"])

    def model(call: Call, arn: str) -> Model:
        found = called(call, "describe_secret", SecretId=arn)
        if found.get("DeletedDate"):
            raise Refusal("NotFound", f"{arn} is deleted")
        members = {"Id": arn} | {key: found.get(key) for key in ("Name", "Description", "KmsKeyId")}
        members["Tags"] = [tag for tag in found.get("Tags", []) if not tag["Key"].startswith("aws:")]
        return {key: value for key, value in members.items() if value}

    def update(call: Call) -> Model:
        members = {key: value for key, value in value_of(call).items() if key != "Name"}
        called(call, "update_secret", SecretId=call.desired["Id"], **members)
        before = [tag["Key"] for tag in called(call, "describe_secret", SecretId=call.desired["Id"]).get("Tags", [])]
        if before:
            called(call, "untag_resource", SecretId=call.desired["Id"], TagKeys=before)
        called(call, "tag_resource", SecretId=call.desired["Id"], Tags=tags_of(call))
        return model(call, call.desired["Id"])

    def delete(call: Call) -> None:
        model(call, call.desired["Id"])
        called(call, "delete_secret", SecretId=call.desired["Id"], ForceDeleteWithoutRecovery=True)

    def listed(call: Call) -> list[Model]:
        return [{"Id": secret["ARN"]} for secret in called(call, "list_secrets")["SecretList"]]

    def read(call: Call) -> Model:
        return model(call, call.desired["Id"])

    return {"CREATE": create, "READ": read, "UPDATE": update, "DELETE": delete, "LIST": listed}
