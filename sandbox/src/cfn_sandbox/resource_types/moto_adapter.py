"""The types that moto implements, by the interface of every other type. Nothing else in cloudformation/ knows moto.

moto has a class for each type. It makes an object of its service from a template's properties, and some can update or
delete it. It has no schemas: AWS's published ones say what is accepted, what is an attribute and what replaces a
resource.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from importlib.resources import files
from typing import Any
from uuid import uuid4

from botocore import xform_name
from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends
from moto.core.common_models import CloudFormationModel

from cfn_sandbox.resource_types.interface import (
    Action,
    Failure,
    Instance,
    Outcome,
    Properties,
    Request,
    ResourceType,
)
from cfn_sandbox.resource_types.read_properties import ReadProperties
from cfn_sandbox.schemas import published
from cfn_sandbox.schemas.patterns import finds
from cfn_sandbox.schemas.schema import ResourceSchema, at
from cfn_sandbox.values import JSON

_LOG = logging.getLogger(__name__)

# moto doesn't implement these, and nothing in the sandbox depends on what they do: only an identifier is created. Every
# CDK stack has the first; the stacks of cfn, CDK and SAM have a bucket policy.
METADATA = "AWS::CDK::Metadata"
NOMINAL = frozenset({METADATA, "AWS::S3::BucketPolicy", *parsing.NULL_MODELS})
ROLE = "AWS::IAM::Role"  # every project's setup stack has one
KEY = "AWS::KMS::Key"
# moto's nested stacks and custom resources are its own CloudFormation's; the others are placeholders in its code.
_NOT_TYPES = frozenset(
    {"AWS::CloudFormation::Stack", "AWS::CloudFormation::CustomResource", "AWS::SERVICE::RESOURCE", "?"}
)
_TABLES: dict[str, dict[str, str]] = json.loads(files(__package__).joinpath("moto.json").read_text("utf-8"))
# The property with a resource's name, of types whose moto class doesn't say it: moto takes the name as an argument.
_NAMES = _TABLES["names"]
# What is in a service's error code, and the handler error code that AWS's handlers make of it.
_CODES = _TABLES["codes"]


class NominalType(ResourceType):
    """A type whose resources exist in name only: they have an identifier, and do nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(published.schema(name) or ResourceSchema({"typeName": name, "properties": {}}))

    def supports(self, action: Action) -> bool:
        """Return whether this is one of CREATE, UPDATE and DELETE."""
        return action in {"CREATE", "UPDATE", "DELETE"}

    def check(self, properties: Properties) -> list[str]:
        """Accept every property of a type without a published schema."""
        return super().check(properties) if self.schema.properties else []

    def create(self, request: Request, properties: Properties) -> Outcome:
        """Create an identifier, and say that the properties have no effect here."""
        self._tell_ignored(request, properties)
        return Outcome(Instance(str(uuid4()), properties))

    def update(self, request: Request, desired: Properties, previous: Properties, instance: Instance) -> Outcome:
        """Keep the identifier."""
        self._tell_ignored(request, desired)
        return Outcome(Instance(instance.identifier, desired))

    def delete(self, request: Request, properties: Properties, instance: Instance) -> Outcome:
        """Forget the identifier."""
        return Outcome()

    def _tell_ignored(self, request: Request, names: Iterable[str]) -> None:
        """Log properties that have no effect here, each once until the account is reset. `up` and `run` show it."""
        told = _kept(request, "told")
        ignored = sorted({name for name in names if (self.name, name) not in told})
        told.update((self.name, name) for name in ignored)
        if ignored and self.name != METADATA:  # which has no effect in AWS either
            resource = f"{request.logical_id} ({self.name})" if request.logical_id else self.name
            _LOG.warning("%s: %s no effect in this sandbox", resource, _listed(ignored))


class MotoType(NominalType):
    """A type that moto implements.

    Args:
        name: the type's name.
        model: moto's class.
    """

    def __init__(self, name: str, model: type[CloudFormationModel]) -> None:
        super().__init__(name)
        self._model = model
        self._name_property = _NAMES.get(name) or model.cloudformation_name_type()

    def supports(self, action: Action) -> bool:
        """Return whether moto's class has a method for an action. None has one for READ and LIST."""
        if action == "UPDATE":
            return not hasattr(self._model.update_from_cloudformation_json, "__isabstractmethod__")
        return action in {"CREATE", "DELETE"}

    def attribute_refusal(self, name: str) -> str | None:
        """Return why Fn::GetAtt is refused: the type has no such attribute, or moto can't tell its value."""
        refusal, path = super().attribute_refusal(name), tuple(name.split("."))
        known = path not in self.schema.read_only or [path] == self.schema.primary_identifier
        if refusal or known or self._model.has_cfn_attr(name):
            return refusal
        return f"The sandbox has no attribute {name} of {self.name}: moto, which implements the type here, lacks it"

    def attribute(self, instance: Instance, name: str) -> JSON:
        """Return the value that moto has of an attribute, else what the template says of the property."""
        try:
            value: JSON = instance.state.get_cfn_attribute(name)  # type: ignore[attr-defined]  # moto's object
        except Exception:  # noqa: BLE001 - moto raises one of many exceptions if it lacks the attribute
            value = None
        if value is None and [tuple(name.split("."))] == self.schema.primary_identifier:
            return instance.identifier
        return super().attribute(instance, name) if value is None else value

    def create(self, request: Request, properties: Properties) -> Outcome:
        """Create a resource, with a generated name if the type has names and the template gives none."""
        name = self._given_name(properties) or self._generated_name(request)
        extra = {"LogicalId": request.logical_id, "StackId": request.stack_id, "ResourceType": self.name}

        def create() -> Outcome:
            definition = self._definition(properties, request.tags, name)
            given = ReadProperties(definition["Properties"])
            made = self._model.create_from_cloudformation_json(
                name, definition | {"Properties": given}, request.account, request.region, **extra
            )
            if self.name == ROLE:
                _complete_role(made, given, {})
            ignored = definition["Properties"].keys() - given.read - {self._name_property}
            outcome = self._outcome(made, name, request, properties)
            identity = self.name, outcome.instance.identifier if outcome.instance else ""
            if identity in _live(request) and len(self.schema.primary_identifier) == 1:
                text = f"Resource of type '{self.name}' with identifier '{identity[1]}' already exists."
                return Outcome(failure=Failure.of_handler("AlreadyExists", text))  # moto hands out what exists
            _live(request).add(identity)
            self._tell_ignored(request, ignored)
            return outcome

        return self._attempt(request, properties, create)

    def update(self, request: Request, desired: Properties, previous: Properties, instance: Instance) -> Outcome:
        """Update a resource in place. The stack's tags are set at creation only: some updates of moto replace it."""
        name = self._given_name(desired) or self._present_name(instance)
        wanted = self._definition(desired, request.tags, name)
        if dict(desired) == dict(previous):
            return Outcome(Instance(instance.identifier, desired, instance.state))
        if not self.supports("UPDATE"):
            return self._unsupported("update")
        given = ReadProperties(wanted["Properties"])
        changed = {key for key in {*desired, *previous} if desired.get(key) != previous.get(key)}

        def update() -> Outcome:
            updated = self._model.update_from_cloudformation_json(
                original_resource=instance.state,
                new_resource_name=name or instance.identifier,
                cloudformation_json=wanted | {"Properties": given},
                account_id=request.account,
                region_name=request.region,
            )
            if self.name == ROLE:
                _complete_role(updated or instance.state, given, previous)
            ignored = sorted(changed - given.read)
            if ignored and not request.undo:
                words = f"The sandbox can't update {', '.join(ignored)} of {self.name}: moto, which implements the type"
                text = f"{words} here, ignores that. Give the resource another logical id to replace it"
                return Outcome(failure=Failure.of_handler("InvalidRequest", text))
            return self._outcome(updated or instance.state, instance.identifier, request, desired)

        return self._attempt(request, desired, update)

    def delete(self, request: Request, properties: Properties, instance: Instance) -> Outcome:
        """Delete a resource: by its object's own method, or else by the class's."""

        def delete() -> Outcome:
            place = request.account, request.region
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
        if self.name == KEY:  # moto hands a template's tags to a service that calls their members otherwise
            given = settled.get("Tags", [])
            settled["Tags"] = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in given]
        return {"Type": self.name, "Properties": settled}

    def _generated_name(self, request: Request) -> str:
        """Return moto's generated name, in lower case if the schema requires it."""
        name = parsing.generate_resource_name(self.name, request.stack_name or "sandbox", request.logical_id or "")
        rules = self.schema.resolve(self.schema.properties.get(self._name_property))
        pattern = rules.get("pattern")
        return name if not isinstance(pattern, str) or finds(pattern, name) else name.lower()

    def _outcome(self, resource: Any, name: str, request: Request, properties: Properties) -> Outcome:  # noqa: ANN401 - moto's object
        resource.cf_resource_type, resource.logical_resource_id = self.name, request.logical_id
        own = getattr(resource, "physical_resource_id", None)  # a few of moto's objects have none
        identifier = own or self.schema.identifier(properties) or name
        return Outcome(Instance(str(identifier), properties, resource))

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


def _complete_role(role: Any, desired: dict[str, Any], previous: Properties) -> None:  # noqa: ANN401 - moto's object
    """Set what moto's update leaves as it was, or takes from another property, and policies as JSON, not Python."""
    role.assume_role_policy_document = _document(desired["AssumeRolePolicyDocument"])
    role.max_session_duration = desired.get("MaxSessionDuration", 3600)
    role.permissions_boundary_arn = desired.get("PermissionsBoundary", "")
    before = previous.get("Policies")
    for policy in before if isinstance(before, list) else []:
        if isinstance(policy, dict):
            role.policies.pop(policy["PolicyName"], None)
    for policy in desired.get("Policies", []):
        role.put_policy(policy["PolicyName"], _document(policy["PolicyDocument"]))


def _document(policy: object) -> str:
    return policy if isinstance(policy, str) else json.dumps(policy)


def _listed(names: Sequence[str]) -> str:
    return f"{names[0]} has" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} have"


def _live(request: Request) -> set[tuple[str, str]]:
    """Return the types and identifiers of what templates have created, until the account is reset."""
    return _kept(request, "live")


def _kept(request: Request, what: str) -> set[tuple[str, str]]:
    """Return a set that moto forgets when the account is reset."""
    backend = cloudformation_backends[request.account][request.region]
    kept: set[tuple[str, str]] = vars(backend).setdefault(f"cfn_sandbox_{what}", set())
    return kept


@lru_cache(maxsize=256)
def find(name: str) -> NominalType | None:
    """Return the type that moto implements, or one in name only; None if there is none."""
    if name in NOMINAL:
        return NominalType(name)
    model = parsing.get_model_map().get(name)
    return None if model is None or name in _NOT_TYPES else MotoType(name, model)
