"""AWS::CloudFormation::ResourceVersion and ResourceDefaultVersion: they register a type by a template.

A stack set with them registers a type in many accounts and regions. To update the type, a new package becomes a new
version, then the default moves to it, and only then is the old version deregistered.

Sources: AWS's published schemas of both types; the API reference of the actions that they call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException

from cfn_sandbox.cloudformation import aws_types
from cfn_sandbox.cloudformation.aws_types import Call, Handler, Refusal

if TYPE_CHECKING:
    from cfn_sandbox.cloudformation.private_registry import Registry

VERSION = "AWS::CloudFormation::ResourceVersion"
DEFAULT_VERSION = "AWS::CloudFormation::ResourceDefaultVersion"
CODES = {"TypeNotFoundException": "NotFound", "CFNRegistryException": "InvalidRequest"}

JSON = dict[str, Any]


@contextmanager
def offer(registry: Registry) -> Iterator[None]:
    """Let stacks register types in this registry until the context ends."""
    with ExitStack() as contexts:
        contexts.enter_context(aws_types.offer(VERSION, _versions(registry)))
        contexts.enter_context(aws_types.offer(DEFAULT_VERSION, _default_versions(registry)))
        yield


def _versions(registry: Registry) -> Mapping[str, Handler]:
    """Return the handlers of ResourceVersion. Every property is create-only, so any change creates a new version."""

    def create(call: Call) -> JSON:
        parameters: JSON = {
            key: call.desired[key]
            for key in ("TypeName", "SchemaHandlerPackage", "LoggingConfig", "ExecutionRoleArn")
            if key in call.desired
        }
        with _service_errors_as_refusals():
            registration = registry.wait_until_ended(
                registry.register_type(parameters, call.region)["RegistrationToken"]
            )
        if registration["ProgressStatus"] == "FAILED":
            raise Refusal("NotStabilized", registration["Description"])
        return model(registration["TypeVersionArn"], call.region)

    def model(arn: str, region: str) -> JSON:
        with _service_errors_as_refusals():
            description = registry.describe_type({"Arn": arn}, region)
        if description["DeprecatedStatus"] == "DEPRECATED":
            raise Refusal("NotFound", f"{arn} is deregistered")
        type_arn, _, version_id = arn.rpartition("/")
        members = {
            "Arn": arn,
            "TypeArn": type_arn,
            "VersionId": version_id,
            **{key: description[key] for key in ("TypeName", "IsDefaultVersion", "ProvisioningType", "Visibility")},
            **{key: description[key] for key in ("ExecutionRoleArn", "LoggingConfig")},
        }
        return {key: value for key, value in members.items() if value is not None}

    def delete(call: Call) -> None:
        model(call.desired["Arn"], call.region)
        with _service_errors_as_refusals():
            registry.deregister_type({"Arn": call.desired["Arn"]}, call.region)

    def read(call: Call) -> JSON:
        return model(call.desired["Arn"], call.region)

    def list_versions(call: Call) -> list[JSON]:
        types = registry.list_types({}, call.region)["TypeSummaries"]
        return [
            {"Arn": version["Arn"]}
            for summary in types
            for version in registry.list_type_versions({"Arn": summary["TypeArn"]}, call.region)["TypeVersionSummaries"]
        ]

    # AWS's schema has no update handler, so CloudFormation never sends it changed stack tags. Stacks here do, and
    # UPDATE ignores them.
    return {"CREATE": create, "READ": read, "UPDATE": read, "DELETE": delete, "LIST": list_versions}


def _default_versions(registry: Registry) -> Mapping[str, Handler]:
    """Return the handlers of ResourceDefaultVersion. DELETE changes nothing: a registered type always has a default."""

    def assign(call: Call) -> JSON:
        desired = call.desired
        by_arn = {"Arn": desired["TypeVersionArn"]} if "TypeVersionArn" in desired else {}
        parameters = by_arn or {key: desired.get(key) for key in ("TypeName", "VersionId")}
        with _service_errors_as_refusals():
            registry.set_type_default_version(parameters, call.region)
            arn = registry.describe_type(parameters, call.region)["Arn"]
        return model(arn.rpartition("/")[0], call.region)

    def model(type_arn: str, region: str) -> JSON:
        with _service_errors_as_refusals():
            description = registry.describe_type({"Arn": type_arn}, region)
        version_id = description["DefaultVersionId"]
        if version_id is None:
            raise Refusal("NotFound", f"{type_arn} is deregistered")
        return {
            "Arn": type_arn,
            "TypeName": description["TypeName"],
            "VersionId": version_id,
            "TypeVersionArn": f"{type_arn}/{version_id}",
        }

    def read(call: Call) -> JSON:
        return model(call.desired["Arn"], call.region)

    def delete(_call: Call) -> None:
        return None

    def list_types(call: Call) -> list[JSON]:
        return [{"Arn": summary["TypeArn"]} for summary in registry.list_types({}, call.region)["TypeSummaries"]]

    return {"CREATE": assign, "READ": read, "UPDATE": assign, "DELETE": delete, "LIST": list_types}


@contextmanager
def _service_errors_as_refusals() -> Iterator[None]:
    try:
        yield
    except ServiceException as error:
        raise Refusal(CODES.get(error.code, "GeneralServiceException"), error.message) from error
