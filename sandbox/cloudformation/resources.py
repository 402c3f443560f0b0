"""The resources of one template: created, updated, replaced, deleted, and what was done undone.

moto reads templates and resolves what they refer to; it creates, updates and deletes the resources that it knows. A
resource of a type that was taught is created, changed and deleted by invoking its function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.core.exceptions import ServiceException

from sandbox.cloudformation.catalogue import taught
from sandbox.cloudformation.references import references
from sandbox.cloudformation.resource_type import HandlerFailure, InvalidProperties, Request, ResourceType

UNMADE = frozenset({*parsing.NULL_MODELS, "AWS::S3::BucketPolicy"})  # moto has none, and cfn's own stacks need them

Definition = dict[str, Any]  # a resource as the template has it, or with what it refers to resolved
Made = Any  # what stands for a resource: a Resource, or an object of moto's
JSON = Any


class Note(Protocol):
    """Adds a resource's event to its stack."""

    def __call__(
        self, status: str, logical_id: str, kind: str, resource: Made = None, reason: str | None = None
    ) -> None:
        """`kind` is the type's name; `resource` is what exists so far, if it does."""


@dataclass(frozen=True)
class Place:
    """Where a stack is, and which it is."""

    account: str
    region: str
    stack_id: str
    stack_name: str


class ResourceFailure(Exception):  # noqa: N818 - CloudFormation's word: a resource failed to create
    """A resource failed to create, update or delete. `text` is the reason of its event."""

    def __init__(self, logical_id: str, verb: str, error: Exception) -> None:
        told = isinstance(error, HandlerFailure | InvalidProperties | ServiceException)
        self.text = str(getattr(error, "message", error)) if told else f"{type(error).__name__}: {error}"
        super().__init__(f"The following resource(s) failed to {verb.lower()}: [{logical_id}]. {self.text}")


class Resource:
    """A resource of a taught type, with the attributes that moto looks for in whatever a stack has made."""

    def __init__(
        self, kind: ResourceType, logical_id: str, properties: Definition, tags: dict[str, str], model: Definition
    ) -> None:
        self.cf_resource_type = kind.name
        self.logical_resource_id = logical_id
        self.physical_resource_id = kind.identifier(model)
        self.kind = kind
        self.properties = properties  # as the template has them, resolved, in the schema's types
        self.tags = tags  # the stack's, when the handler was told of them last
        self.model = model  # as the handler reported it last

    def get_cfn_attribute(self, name: str) -> JSON:
        """What Fn::GetAtt returns: a read-only property of the model."""
        if not self.kind.has_attribute(name):
            raise UnformattedGetAttTemplateException
        return self.kind.attribute(self.model, name)


class Resources(parsing.ResourceMap):
    """The resources of one template, and the way there from those of the template before.

    Args:
        place: where the stack is.
        template: as `Stack.parse_template` returns it.
        parameters: the values given for the template's parameters.
        tags: the stack's.
        exports: of the account's other stacks in the region, by name.
        note: adds an event to the stack's.

    Raises:
        ValidationError: the template has a type that is not known here, or moto refuses it.
    """

    def __init__(
        self,
        place: Place,
        template: Definition,
        parameters: dict[str, Any],
        tags: dict[str, str],
        *,
        exports: dict[str, parsing.Export],
        note: Note,
    ) -> None:
        super().__init__(
            place.stack_id,
            place.stack_name,
            parameters,
            tags,
            region_name=place.region,
            account_id=place.account,
            template=template,
            cross_stack_resources=exports,
        )
        self.template = template
        self.live: dict[str, Made] = {}  # what exists, in order of dependence
        self.resolved: dict[str, Definition] = {}
        self._note = note
        self._place = {"account_id": place.account, "region_name": place.region}  # as moto's functions take it
        self._before = self
        self._ensured: set[str] = set()
        self._ensuring: list[str] = []
        self._replaced: set[str] = set()
        self._undo: list[Callable[[], object]] = []  # the log: what undoes each step that was taken
        self._undoing = False
        self._refuse_unknown_types()
        self.load()

    def _taught(self, name: str) -> ResourceType | None:
        return taught(self._account_id, self._region_name, name)

    def _refuse_unknown_types(self) -> None:
        for logical_id, definition in self._resource_json_map.items():
            if "Type" not in definition:
                raise ValidationError(message=f"Template format error: [/Resources/{logical_id}] has no Type member")
        names = {definition["Type"] for definition in self._resource_json_map.values()}
        known = {*parsing.get_model_map(), *UNMADE}
        unknown = sorted(name for name in names if name not in known and not self._taught(name))
        if unknown:
            message = f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
            if any(name.startswith("AWS::") for name in unknown):
                message += " (of AWS's own types, this sandbox has those that moto makes)"
            raise ValidationError(message=message)

    def validate_outputs(self) -> None:
        """Refuse an output of an attribute that a taught type has not; moto says so of its own when it comes to it."""
        for output in (self.template.get("Outputs") or {}).values():
            value = output.get("Value")
            logical_id, name = value["Fn::GetAtt"] if isinstance(value, dict) and "Fn::GetAtt" in value else ("", "")
            kind = self._taught(self._resource_json_map.get(logical_id, {}).get("Type", ""))
            if kind and not kind.has_attribute(name):
                message = UnformattedGetAttTemplateException.description.format(logical_id, name)
                raise ValidationError(message=message)

    def __getitem__(self, key: str) -> Made | JSON:
        """A parameter, a mapping, or a resource as far as it is there: None under a condition that is false."""
        if key in self._parsed_resources:
            return self._parsed_resources[key]
        if key not in self._resource_json_map:
            raise ValidationError(message=f"Template format error: Unresolved resource dependencies [{key}]")
        return None

    def follow(self, before: Resources) -> None:
        """Create, update and replace until there is what the template says.

        Raises:
            ResourceFailure: at the first resource that fails; `roll_back` then undoes what was done before.
        """
        self._before = before
        for logical_id in self._resource_json_map:
            self.ensure(logical_id)

    def ensure(self, logical_id: str) -> None:
        """Have a resource be as the template says, and before it those that it depends on.

        Raises:
            ResourceFailure: it can't be, or one of those.
        """
        if logical_id in self._ensured:
            return
        definition = self._resource_json_map[logical_id]
        condition = definition.get("Condition")
        if definition["Type"] in UNMADE or (condition and not self.lazy_condition_map[condition]):
            self._ensured.add(logical_id)
            return
        if logical_id in self._ensuring:
            raise ValidationError(message=f"Circular dependency between resources: [{', '.join(self._ensuring)}]")
        self._ensuring.append(logical_id)
        try:
            for other in self._dependencies(definition):
                self.ensure(other)
            self.resolved[logical_id] = {"Properties": {}} | parsing.clean_json(definition, self)
            resource = self._bring_about(logical_id, self.resolved[logical_id])
        except ResourceFailure:
            raise
        except Exception as error:  # a reference that leads nowhere: moto raises what comes
            raise ResourceFailure(logical_id, "create", error) from error
        self._ensuring.remove(logical_id)
        self._ensured.add(logical_id)
        self.live[logical_id] = self._parsed_resources[logical_id] = resource

    def _dependencies(self, definition: Definition) -> list[str]:
        """The resources that a resource depends on: what it says itself, and what it refers to."""
        others = definition.get("DependsOn", [])
        names = [others] if isinstance(others, str) else list(others)
        names += [one.name for one in references(definition, self.lazy_condition_map)]
        return [name for name in names if name in self._resource_json_map]

    def roll_back(self) -> None:
        """Undo what `follow` did, the last first.

        Raises:
            ResourceFailure: at the first step that can't be undone.
        """
        self._undoing = True
        while self._undo:
            self._undo.pop()()
        self._undoing = False

    def clean_up(self) -> None:
        """Delete what the template before had and this one has not, or has replaced.

        What can't be deleted is left, with an event that says so: for CloudFormation the update is complete by now.
        """
        for logical_id in reversed(self._before.live):
            resource, resolved = self._before.live[logical_id], self._before.resolved[logical_id]
            try:
                if logical_id in self._replaced:
                    self._delete(logical_id, resource, resolved, "UpdateReplacePolicy")
                elif logical_id not in self.live:
                    self._delete(logical_id, resource, resolved)
            except ResourceFailure:
                continue

    def delete(self) -> None:
        """Delete what exists, dependents first.

        Raises:
            ResourceFailure: at the first that can't be deleted; it and the rest stay.
        """
        for logical_id in reversed(list(self.live)):
            self._delete(logical_id, self.live[logical_id], self.resolved[logical_id])

    def _bring_about(self, logical_id: str, wanted: Definition) -> Made:
        kind, current = self._taught(wanted["Type"]), self._before.live.get(logical_id)
        if current is None:
            return self._create(logical_id, wanted, kind)
        if kind is None:
            return self._update_of_moto(logical_id, wanted, current)
        properties = kind.typed(wanted["Properties"])
        if kind.replaces(current.properties, properties):
            replacement = self._create(logical_id, wanted, kind)
            self._replaced.add(logical_id)
            return replacement
        if (properties, self.tags) != (current.properties, current.tags):
            return self._update(kind, logical_id, properties, current)
        return current

    def _create(self, logical_id: str, wanted: Definition, kind: ResourceType | None) -> Made:
        def create() -> Made:
            if kind:
                return self._create_taught(kind, logical_id, wanted)
            definition = self._resource_json_map[logical_id]
            return parsing.parse_and_create_resource(logical_id, definition, self, **self._place)

        resource = self._step("CREATE", logical_id, wanted["Type"], create)
        self._undo.append(partial(self._delete, logical_id, resource, wanted))
        return resource

    def _create_taught(self, kind: ResourceType, logical_id: str, wanted: Definition) -> Resource:
        properties = kind.typed(wanted["Properties"])
        kind.validate(logical_id, properties)
        try:
            model = kind.handle("CREATE", self._request(logical_id, self.tags), properties)
        except HandlerFailure as failure:
            if failure.model and kind.identifier(failure.model):
                resource = Resource(kind, logical_id, properties, self.tags, failure.model)
                self._undo.append(partial(self._delete, logical_id, resource, wanted))
            raise
        return Resource(kind, logical_id, properties, self.tags, model)

    def _update(self, kind: ResourceType, logical_id: str, properties: Definition, current: Resource) -> Resource:
        new, old = (properties, self.tags), (current.properties, current.tags)

        def turn(to: tuple[Definition, dict[str, str]], of: tuple[Definition, dict[str, str]]) -> Resource:
            model = kind.handle("UPDATE", self._request(logical_id, to[1], of[1]), to[0], of[0], current.model)
            return Resource(kind, logical_id, *to, model)

        def update() -> Resource:
            kind.validate(logical_id, properties)
            back = partial(self._step, "UPDATE", logical_id, kind.name, partial(turn, old, new), current)
            self._undo.append(back)  # before it is done: CloudFormation undoes a failed update too
            return turn(new, old)

        updated: Resource = self._step("UPDATE", logical_id, kind.name, update, current)
        return updated

    def _update_of_moto(self, logical_id: str, wanted: Definition, current: Made) -> Made:
        if wanted["Properties"] == self._before.resolved[logical_id]["Properties"]:
            return current

        def update(resources: Resources, original: Made) -> Made:
            resources._parsed_resources[logical_id] = original
            definition = resources._resource_json_map[logical_id]
            updated: Made = parsing.parse_and_update_resource(logical_id, definition, resources, **self._place)
            if updated is None:
                raise NotImplementedError(f"moto can't update a {wanted['Type']}")
            resources.live[logical_id] = resources._parsed_resources[logical_id] = updated
            return updated

        updated = self._step("UPDATE", logical_id, wanted["Type"], partial(update, self, current), current)
        back = partial(
            self._step, "UPDATE", logical_id, wanted["Type"], partial(update, self._before, updated), updated
        )
        self._undo.append(back)
        return updated

    def _delete(self, logical_id: str, resource: Made, resolved: Definition, policy: str = "DeletionPolicy") -> None:
        kept = {"Retain"} if self._undoing else {"Retain", "RetainExceptOnCreate"}
        if resolved.get(policy) in kept:
            self._note("DELETE_SKIPPED", logical_id, resolved["Type"], resource)
        else:
            delete = self._delete_taught if isinstance(resource, Resource) else self._delete_resource
            self._step("DELETE", logical_id, resolved["Type"], partial(delete, resource, resolved), resource)
        if self.live.get(logical_id) is resource:
            del self.live[logical_id]

    def _delete_taught(self, resource: Resource, _resolved: Definition) -> None:
        kind = self._taught(resource.cf_resource_type)
        if kind is None:
            raise ValidationError(message=f"The type {resource.cf_resource_type} is not registered any more.")
        request = self._request(resource.logical_resource_id, resource.tags)
        try:
            kind.handle("DELETE", request, resource.properties, model=resource.model)
        except HandlerFailure as failure:
            if failure.code != "NotFound":  # gone is what a delete is for
                raise

    def _request(self, logical_id: str, tags: dict[str, str], previous: dict[str, str] | None = None) -> Request:
        return Request(self._account_id, self._region_name, self.stack_id, logical_id, tags, previous or {})

    def _step(self, verb: str, logical_id: str, kind: str, work: Callable[[], Made], resource: Made = None) -> Made:
        """Do a step between its events."""
        self._note(f"{verb}_IN_PROGRESS", logical_id, kind, resource)
        try:
            done = work()
        except Exception as error:
            failure = ResourceFailure(logical_id, verb, error)  # moto's models raise anything; the stack must roll back
            self._note(f"{verb}_FAILED", logical_id, kind, resource, failure.text)
            raise failure from error
        self._note(f"{verb}_COMPLETE", logical_id, kind, done or resource)
        return done
