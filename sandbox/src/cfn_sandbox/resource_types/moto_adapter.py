"""The types that moto implements, by the interface of every other type. Nothing else in cloudformation/ knows moto.

moto has a class for each type. It makes an object of its service from a template's properties, and some can update or
delete it. It has no schemas: AWS's published ones say what is accepted, what is an attribute and what replaces a
resource.
"""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from botocore import xform_name
from moto.backends import get_backend
from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends
from moto.core.common_models import CloudFormationModel
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy
from moto.utilities.utils import get_partition

from cfn_sandbox.resource_types.interface import (
    Action,
    Failure,
    Instance,
    Outcome,
    Properties,
    Request,
)
from cfn_sandbox.resource_types.moto_objects import (
    ATTRIBUTES,
    COMPLETIONS,
    IN_PLACE,
    PARAMETER,
    PASSED_ON,
    PERMISSION,
    RELEASES,
    ROLE,
    TAKEN,
    USER,
    Change,
    text,
)
from cfn_sandbox.resource_types.nominal import METADATA, NominalType
from cfn_sandbox.resource_types.read_properties import ReadProperties
from cfn_sandbox.schemas.patterns import finds
from cfn_sandbox.schemas.schema import at
from cfn_sandbox.values import JSON

NOMINAL = frozenset({METADATA, "AWS::S3::BucketPolicy", *parsing.NULL_MODELS})
KEY = "AWS::KMS::Key"
_GLOBAL = frozenset({"iam", "s3"})  # services whose moto backends are by partition
_FIFO_LENGTH = 75  # with its suffix, a queue's name has 80 characters
# moto's nested stacks and custom resources are its own CloudFormation's; the others are placeholders in its code.
_NOT_TYPES = frozenset(
    {"AWS::CloudFormation::Stack", "AWS::CloudFormation::CustomResource", "AWS::SERVICE::RESOURCE", "?"}
)
_TABLES: dict[str, dict[str, str]] = json.loads(files(__package__).joinpath("moto.json").read_text("utf-8"))
# The property with a resource's name, of types whose moto class doesn't say it: moto takes the name as an argument.
_NAMES = _TABLES["names"]
# What is in a service's error code, and the handler error code that AWS's handlers make of it.
_CODES = _TABLES["codes"]


class MotoType(NominalType):
    """A type that moto implements.

    Args:
        name: the type's name.
        model: moto's class.
    """

    def __init__(self, name: str, model: type[CloudFormationModel]) -> None:
        super().__init__(name, _told)
        self._model = model
        self._name_property = _NAMES.get(name) or model.cloudformation_name_type()

    def supports(self, action: Action) -> bool:
        """Return whether moto's class has a method for an action, or needs none. There is none for READ and LIST."""
        if action == "UPDATE":
            return self.name in IN_PLACE or not hasattr(
                self._model.update_from_cloudformation_json, "__isabstractmethod__"
            )
        return action in {"CREATE", "DELETE"}

    def attribute_refusal(self, name: str) -> str | None:
        """Return why Fn::GetAtt is refused: the type has no such attribute, or moto can't tell its value."""
        refusal, path = super().attribute_refusal(name), tuple(name.split("."))
        known = path not in self.schema.read_only or [path] == self.schema.primary_identifier
        known = known or name in ATTRIBUTES.get(self.name, ())
        if refusal or known or (hasattr(self._model, "get_cfn_attribute") and self._model.has_cfn_attr(name)):
            return refusal
        return f"The sandbox has no attribute {name} of {self.name}: moto, which implements the type here, lacks it"

    def attribute(self, instance: Instance, name: str) -> JSON:
        """Return the value that moto has of an attribute, else what the template says of the property."""
        completed: dict[str, JSON] = getattr(instance.state, "cfn_attributes", {})
        if name in completed:
            return completed[name]
        try:
            value: JSON = instance.state.get_cfn_attribute(name)  # type: ignore[attr-defined]  # moto's object
        except Exception:  # noqa: BLE001 - moto raises one of many exceptions if it lacks the attribute
            value = None
        if value is None and [tuple(name.split("."))] == self.schema.primary_identifier:
            return instance.identifier
        return super().attribute(instance, name) if value is None else value

    def create(self, request: Request, properties: Properties) -> Outcome:
        """Create a resource, with a generated name if the type has names and the template gives none."""
        name = self._given_name(properties) or self._generated_name(request, properties)
        extra = {"LogicalId": request.logical_id, "StackId": request.stack_id, "ResourceType": self.name}

        def create() -> Outcome:
            if self.name in TAKEN and (taken := TAKEN[self.name](self._backend(request), name)):
                return self._taken(taken)
            definition = self._definition(properties, request.tags, name)
            given = ReadProperties(definition["Properties"])
            passed = definition["Properties"] if self.name in PASSED_ON else given
            made = self._model.create_from_cloudformation_json(
                name, definition | {"Properties": passed}, request.account, request.region, **extra
            )
            try:
                made = self._completed(request, made, name, given, {})
            except Exception as error:  # noqa: BLE001 - of moto's services; the resource is there, and has to be deleted
                failure = self._failure(error, request, properties)
                return replace(self._outcome(made, name, request, properties), failure=failure)
            ignored = definition["Properties"].keys() - given.read - {self._name_property}
            outcome = self._outcome(made, name, request, properties)
            identity = self.name, outcome.instance.identifier if outcome.instance else ""
            if identity in _live(request) and len(self.schema.primary_identifier) == 1:
                return self._taken(identity[1])  # moto hands out what exists
            _live(request).add(identity)
            self._tell_ignored(request, ignored)
            return outcome

        return self._attempt(request, properties, create)

    def update(self, request: Request, desired: Properties, previous: Properties, instance: Instance) -> Outcome:
        """Update a resource in place."""
        name = self._given_name(desired) or self._present_name(instance)
        wanted = self._definition(desired, request.tags, name)
        if dict(desired) == dict(previous):
            return Outcome(Instance(instance.identifier, desired, instance.state))
        if not self.supports("UPDATE"):
            return self._unsupported("update")
        given = ReadProperties(wanted["Properties"])
        changed = {key for key in {*desired, *previous} if desired.get(key) != previous.get(key)}

        def update() -> Outcome:
            updated: Any = None
            if self.name not in IN_PLACE:
                updated = self._model.update_from_cloudformation_json(
                    original_resource=instance.state,
                    new_resource_name=name or instance.identifier,
                    cloudformation_json=wanted | {"Properties": given},
                    account_id=request.account,
                    region_name=request.region,
                )
            before = self._definition(previous, request.previous_tags, name)["Properties"]
            updated = self._completed(request, updated or instance.state, name or instance.identifier, given, before)
            kept: set[str] = set()
            if updated is instance.state and self.name not in COMPLETIONS:  # moto leaves what is gone
                kept = previous.keys() - desired.keys()
            ignored = sorted((changed - given.read) | kept)
            if ignored and not request.undo:
                words = f"The sandbox can't update {', '.join(ignored)} of {self.name}: moto, which implements the type"
                text = f"{words} here, ignores that. Give the resource another logical id to replace it"
                return Outcome(failure=Failure.of_handler("InvalidRequest", text))
            return self._outcome(updated, instance.identifier, request, desired)

        return self._attempt(request, desired, update)

    def delete(self, request: Request, properties: Properties, instance: Instance) -> Outcome:
        """Delete a resource: by its object's own method, or else by the class's."""

        def delete() -> Outcome:
            place = request.account, request.region
            if self.name in RELEASES:
                given = self._definition(properties, request.tags, self._present_name(instance))["Properties"]
                RELEASES[self.name](instance.state, self._backend(request), given)
            try:
                instance.state.delete(*place)  # type: ignore[attr-defined]  # moto's object, if it has this method
            except (TypeError, AttributeError):
                if not hasattr(self._model.delete_from_cloudformation_json, "__isabstractmethod__"):
                    definition = self._definition(properties, request.tags, self._present_name(instance))
                    self._model.delete_from_cloudformation_json(instance.identifier, definition, *place)
            return Outcome()

        outcome = self._attempt(request, properties, delete)
        _live(request).discard((self.name, instance.identifier))
        return Outcome() if outcome.failure and outcome.failure.code == "NotFound" else outcome

    def _taken(self, identifier: str) -> Outcome:
        text = f"Resource of type '{self.name}' with identifier '{identifier}' already exists."
        return Outcome(failure=Failure.of_handler("AlreadyExists", text))

    def _backend(self, request: Request) -> Any:  # noqa: ANN401 - moto's object
        service = self.name.split("::")[1].lower()
        place = get_partition(request.region) if service in _GLOBAL else request.region
        return get_backend(service)[request.account][place]  # type: ignore[call-overload]  # a name of any service

    def _completed(
        self, request: Request, resource: object, name: str, desired: ReadProperties, previous: Mapping[str, Any]
    ) -> Any:  # noqa: ANN401 - moto's object
        """Return what moto made or changed, with what its class leaves out."""
        complete = COMPLETIONS.get(self.name)
        if complete is None:
            return resource
        backend = self._backend(request)
        if self.name in {ROLE, USER}:
            _offer_policies(backend, desired)
        return complete(Change(resource, backend, name, request.region, desired, previous, request.system_tags))

    def _given_name(self, properties: Properties) -> str | None:
        name = properties.get(self._name_property)
        return name if isinstance(name, str) else None

    def _present_name(self, instance: Instance) -> str | None:
        own: str | None = getattr(instance.state, "name", None)
        return own or getattr(instance.state, xform_name(self._name_property), None)

    def _definition(self, properties: Properties, tags: Mapping[str, str], name: object) -> dict[str, Any]:
        """Return a resource as moto's classes expect it.

        It has its name, and the stack's tags if the type has a list of tags. moto reads no maps of tags.
        """
        settled: dict[str, Any] = deepcopy(dict(properties))
        tag_property = self.schema.tag_property
        if isinstance(name, str) and self._name_property in self.schema.properties:
            settled.setdefault(self._name_property, name)
        if tags and tag_property and "array" in self.schema.kinds(self.schema.properties.get(tag_property)):
            own = settled.get(tag_property, [])
            keys = {tag.get("Key") for tag in own}
            settled[tag_property] = own + [{"Key": key, "Value": tags[key]} for key in tags if key not in keys]
        if self.name == PARAMETER:  # whose tags are a map, as moto doesn't know
            own = settled.get("Tags", {})
            settled["Tags"] = [{"Key": key, "Value": value} for key, value in {**tags, **own}.items()]
        if self.name == KEY:  # moto hands a template's tags to a service that calls their members otherwise
            given = settled.get("Tags", [])
            settled["Tags"] = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in given]
            settled["KeyPolicy"] = text(settled["KeyPolicy"]) if "KeyPolicy" in settled else None  # moto has a default
        if self.name == PERMISSION:
            settled["StatementId"] = name
        return {"Type": self.name, "Properties": settled}

    def _generated_name(self, request: Request, properties: Properties) -> str:
        """Return a generated name: in most types moto's, in lower case if the schema requires it."""
        if self.name == PARAMETER:
            suffix = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))
            return f"CFN-{request.logical_id}-{suffix}"
        name = parsing.generate_resource_name(self.name, request.stack_name or "sandbox", request.logical_id or "")
        rules = self.schema.resolve(self.schema.properties.get(self._name_property))
        pattern = rules.get("pattern")
        if properties.get("FifoQueue") or properties.get("FifoTopic"):
            name = f"{name[:_FIFO_LENGTH]}.fifo"
        return name if not isinstance(pattern, str) or finds(pattern, name) else name.lower()

    def _outcome(self, resource: Any, name: str, request: Request, properties: Properties) -> Outcome:  # noqa: ANN401 - moto's object
        resource.cf_resource_type, resource.logical_resource_id = self.name, request.logical_id
        own = getattr(resource, "physical_resource_id", None)  # a few of moto's objects have none
        known = getattr(resource, "cfn_identifier", None) or own or self.schema.identifier(properties)
        identifier = known or self._generated_identifier(resource) or name
        return Outcome(Instance(str(identifier), properties, resource))

    def _generated_identifier(self, resource: object) -> object:
        """Return the identifier that the service has given to a resource, if moto keeps it under its own name."""
        generated = [path[-1] for path in self.schema.primary_identifier if path in self.schema.read_only]
        if len(generated) != 1:
            return None
        places = (xform_name(generated[0]), "arn" if generated[0].endswith("Arn") else "id")
        return next((found for place in places if (found := getattr(resource, place, None))), None)

    def _attempt(self, request: Request, properties: Properties, work: Callable[[], Outcome]) -> Outcome:
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - moto's classes raise anything, and the stack has to roll back
            return Outcome(failure=self._failure(error, request, properties))

    def _failure(self, error: Exception, request: Request, properties: Properties) -> Failure:
        """Return what moto raised as a reason of CloudFormation's kind, with the property's path where it is known."""
        code, message = getattr(error, "error_type", getattr(error, "code", None)), getattr(error, "message", None)
        if isinstance(code, str) and message:
            known = next((handlers for part, handlers in _CODES.items() if part in code), "GeneralServiceException")
            text = f"{message} (Service: {self.name.split('::')[1]}, Error Code: {code})"
            return Failure.of_handler(known, text)
        key = error.args[0] if isinstance(error, KeyError) and error.args else None
        if isinstance(key, str) and key in self.schema.properties and at(dict(properties), [key]) is None:
            line = f"#: required key [{key}] not found (sandbox's hint: moto, which implements the type here, needs it)"
            text = f"Properties validation failed for resource {request.logical_id} with message:\n{line}"
            return Failure("InvalidRequest", text, text)
        text = f"The sandbox's {self.name}, which moto implements, failed: {type(error).__name__}: {error}"
        return Failure.of_handler("InternalFailure", text)


def _offer_policies(backend: Any, properties: Mapping[str, Any]) -> None:  # noqa: ANN401 - moto's object
    """Let roles and users have AWS's managed policies: moto has them, but an account doesn't."""
    for arn in properties.get("ManagedPolicyArns", []):
        if ":iam::aws:" in arn and arn not in backend.managed_policies:
            name = arn.rpartition("/")[2]
            if name in _aws_policies():
                place = backend.account_id, backend.region_name
                policy = AWSManagedPolicy.from_data(name, *place, _aws_policies()[name])
                backend.managed_policies[policy.arn] = policy


@cache
def _aws_policies() -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies


def _live(request: Request) -> set[tuple[str, str]]:
    """Return the types and identifiers of what templates have created, until the account is reset."""
    return _kept(request, "live")


def _told(request: Request) -> set[tuple[str, str]]:
    """Return the types and properties that were told to have no effect, until the account is reset."""
    return _kept(request, "told")


def _kept(request: Request, what: str) -> set[tuple[str, str]]:
    """Return a set that moto forgets when the account is reset."""
    backend = cloudformation_backends[request.account][request.region]
    kept: set[tuple[str, str]] = vars(backend).setdefault(f"cfn_sandbox_{what}", set())
    return kept


@lru_cache(maxsize=256)
def find(name: str) -> NominalType | None:
    """Return the type that moto implements, or one in name only; None if there is none."""
    if name in NOMINAL:
        return NominalType(name, _told)
    model = parsing.get_model_map().get(name)
    return None if model is None or name in _NOT_TYPES else MotoType(name, model)
