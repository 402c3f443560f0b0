"""AWS::CloudFormation::ResourceVersion and ResourceDefaultVersion: they register a type by a template.

To update the type, a new package becomes a new version, then the default moves to it, and only then is the old version
deregistered.

Sources: AWS's published schemas of both types; the API reference of the operations that they call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.resource_types import played
from cfn_sandbox.resource_types.played import Call, Handler, Model, Refusal

if TYPE_CHECKING:
    from cfn_sandbox.registry.registry import Registry

VERSION = "AWS::CloudFormation::ResourceVersion"
DEFAULT_VERSION = "AWS::CloudFormation::ResourceDefaultVersion"
CODES = {"TypeNotFoundException": "NotFound", "CFNRegistryException": "InvalidRequest"}

_Answer = Mapping[str, Any]  # an operation's output


@contextmanager
def offer(registry: Registry) -> Iterator[None]:
    """Let stacks register types in this registry until the context ends."""
    with played.offer(VERSION, _versions(registry)), played.offer(DEFAULT_VERSION, _default_versions(registry)):
        yield


def _versions(registry: Registry) -> Mapping[str, Handler]:
    """Return the handlers of ResourceVersion. Every property is create-only, so any change creates a new version."""

    def create(call: Call) -> Model:
        keys = ("TypeName", "SchemaHandlerPackage", "LoggingConfig", "ExecutionRoleArn")
        parameters = {key: call.desired[key] for key in keys if key in call.desired}
        token = str(_asked(registry.register_type, call, parameters)["RegistrationToken"])
        registration: _Answer = registry.wait_until_ended(token)
        if registration["ProgressStatus"] == "FAILED":
            raise Refusal("NotStabilized", registration["Description"])
        return model(call, registration["TypeVersionArn"])

    def model(call: Call, arn: str) -> Model:
        description = _asked(registry.describe_type, call, {"Arn": arn})
        if description["DeprecatedStatus"] == "DEPRECATED":
            raise Refusal("NotFound", f"{arn} is deregistered")
        shared = ("TypeName", "IsDefaultVersion", "ProvisioningType", "Visibility", "ExecutionRoleArn", "LoggingConfig")
        type_arn, _, version_id = arn.rpartition("/")
        members = {"Arn": arn, "TypeArn": type_arn, "VersionId": version_id} | {key: description[key] for key in shared}
        return {key: value for key, value in members.items() if value is not None}

    def read(call: Call) -> Model:
        return model(call, call.desired["Arn"])

    def delete(call: Call) -> None:
        found = read(call)  # the default version is deregistered with its type
        _asked(registry.deregister_type, call, {"Arn": found["TypeArn" if found["IsDefaultVersion"] else "Arn"]})

    def list_versions(call: Call) -> list[Model]:
        types = _asked(registry.list_types, call, {})["TypeSummaries"]
        versions = [_asked(registry.list_type_versions, call, {"Arn": each["TypeArn"]}) for each in types]
        return [{"Arn": version["Arn"]} for answer in versions for version in answer["TypeVersionSummaries"]]

    # AWS's schema has no update handler, so CloudFormation never sends it changed stack tags. Stacks here do, and
    # UPDATE ignores them.
    return {"CREATE": create, "READ": read, "UPDATE": read, "DELETE": delete, "LIST": list_versions}


def _default_versions(registry: Registry) -> Mapping[str, Handler]:
    """Return the handlers of ResourceDefaultVersion. DELETE changes nothing: a registered type always has a default."""

    def assign(call: Call) -> Model:
        keys = ("TypeName", "VersionId")
        arn = call.desired.get("TypeVersionArn")
        parameters = {"Arn": arn} if arn else {key: call.desired.get(key) for key in keys}
        _asked(registry.set_type_default_version, call, parameters)
        return model(call, _asked(registry.describe_type, call, parameters)["Arn"].rpartition("/")[0])

    def model(call: Call, type_arn: str) -> Model:
        description = _asked(registry.describe_type, call, {"Arn": type_arn})
        version_id = description["DefaultVersionId"]
        if version_id is None:
            raise Refusal("NotFound", f"{type_arn} is deregistered")
        members = {"Arn": type_arn, "TypeName": description["TypeName"], "VersionId": version_id}
        return members | {"TypeVersionArn": f"{type_arn}/{version_id}"}

    def read(call: Call) -> Model:
        return model(call, call.desired["Arn"])

    def delete(_call: Call) -> None:
        return None

    def list_types(call: Call) -> list[Model]:
        return [{"Arn": summary["TypeArn"]} for summary in _asked(registry.list_types, call, {})["TypeSummaries"]]

    return {"CREATE": assign, "READ": read, "UPDATE": assign, "DELETE": delete, "LIST": list_types}


def _asked(operation: Callable[..., _Answer], call: Call, parameters: _Answer) -> _Answer:
    """Return the answer of one of the registry's operations, whose errors are the handler's refusals."""
    try:
        return operation(parameters, (call.account, call.region))
    except CloudFormationError as error:
        raise Refusal(CODES.get(error.code, "GeneralServiceException"), error.message) from error
