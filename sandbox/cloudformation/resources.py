"""Creates, updates, replaces, imports and deletes the resources of a template, and undoes these steps.

moto reads templates, resolves references, and creates, updates and deletes resources of the types that it knows. For a
type in catalogue.py, the type's function is invoked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError

from sandbox.cloudformation.resource import NOMINAL, Definition, Made, NamedOnly, Note, Place, Resource, ResourceFailure
from sandbox.cloudformation.resource_map import ResourceMap
from sandbox.cloudformation.resource_type import HandlerFailure, Request, ResourceType

JSON = Any
REPLACED = "Requested update requires the creation of a new physical resource; hence creating one."
TAGGED = "Apply stack-level tags to imported resource if applicable."


class Resources(ResourceMap):
    """The resources of one template, and their deployment over those of the previous template.

    Args:
        place: the stack's account, region, id and name.
        template: a template as `templates.parse` returns it.
        parameters: the values given for the template's parameters.
        tags: the stack's tags.
        exports: the exports of all stacks in the account and region, by name.
        note: adds a stack event.
        imports: the resources to import: by logical id, the properties that identify each.

    Raises:
        ValidationError: the template has an unknown type, or moto refuses it.
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
        imports: Mapping[str, Definition] | None = None,
    ) -> None:
        super().__init__(place, template, parameters, tags, exports)
        self.live: dict[str, Made] = {}  # the resources that exist, in dependency order
        self.resolved: dict[str, Definition] = {}
        self.unfinished = False  # whether an operation failed and was not rolled back
        self._note = note
        self._imports = imports or {}
        self._place = {"account_id": place.account, "region_name": place.region}  # arguments of moto's functions
        self._before = self
        self._ensured: set[str] = set()
        self.failed: set[str] = set()  # resources that exist although their creation failed
        self._superseded: dict[str, tuple[Made, Definition]] = {}  # replaced resources that are not deleted yet
        self._left: list[tuple[str, Made, Definition]] = []  # those left over by earlier, unfinished operations
        self._undo: list[tuple[str, Callable[[], object]]] = []  # the log: how to undo each step so far
        self._undoing = False

    def follow(self, before: Resources) -> None:
        """Create, update, replace and import until the resources match the template.

        Raises:
            ResourceFailure: at the first resource that fails; `roll_back` then undoes the steps so far.
        """
        self._before = before
        if before.unfinished:
            self._undo, self._left = list(before._undo), list(before._left)
        for logical_id in self._resource_json_map:
            self.ensure(logical_id)

    def ensure(self, logical_id: str) -> None:
        """Make a resource match the template, after the resources that it depends on.

        Raises:
            ResourceFailure: this resource or one that it depends on failed.
        """
        if logical_id in self._ensured:
            return
        definition = self._resource_json_map[logical_id]
        condition = definition.get("Condition")
        if condition and not self.lazy_condition_map[condition]:
            self._ensured.add(logical_id)
            return
        try:
            for other in self.dependencies(definition):
                self.ensure(other)
            self.resolved[logical_id] = self.resolve(logical_id)
            resource = self._deploy(logical_id, self.resolved[logical_id])
        except ResourceFailure:
            raise
        except Exception as error:  # moto raises any exception for a reference that leads nowhere
            raise ResourceFailure(logical_id, "create", error) from error
        self._ensured.add(logical_id)
        self.live[logical_id] = self._parsed_resources[logical_id] = resource

    def roll_back(self, skipped: Collection[str] = ()) -> None:
        """Undo the steps of `follow`, last step first.

        Args:
            skipped: the logical ids of resources that are left as they are.

        Raises:
            ResourceFailure: at the first step that can't be undone. If called again, this continues with that step.
        """
        self._undoing = True
        while self._undo:
            logical_id, undo = self._undo[-1]
            if logical_id not in skipped:
                undo()
            self._undo.pop()
        self._undoing = False

    def keep(self) -> None:
        """Keep the resources as they are after a failed operation that isn't rolled back.

        Resources that the operation didn't reach stay as they were before.
        """
        self.unfinished = True
        self._left += [(key, *superseded) for key, superseded in self._superseded.items()]
        for logical_id, resource in self._before.live.items():
            if logical_id not in self.live:
                self.live[logical_id] = resource
                self.resolved[logical_id] = self._before.resolved[logical_id]

    def also_delete(self, other: Resources) -> None:
        """Make `delete` also delete the resources that are left by an operation whose rollback failed."""
        for key, resource in other.live.items():
            if getattr(self.live.get(key), "physical_resource_id", None) != resource.physical_resource_id:
                self._left.append((key, resource, other.resolved[key]))

    def clean_up(self) -> None:
        """Delete the resources that were replaced, or that are no longer in the template.

        A resource that can't be deleted is left, with an event. The update is complete all the same, as in
        CloudFormation.
        """
        before = self._before
        gone = [
            (key, before.live[key], before.resolved[key])
            for key in reversed(before.live)
            if key in self._superseded or key not in self.live
        ]
        for logical_id, resource, resolved in [*reversed(self._left), *gone]:
            policy = "UpdateReplacePolicy" if logical_id in self.live else "DeletionPolicy"
            try:
                self._delete(logical_id, resource, resolved, policy)
            except ResourceFailure:
                continue
        self._undo, self._left = [], []

    def delete(self, retained: Collection[str] = (), *, force: bool = False) -> None:
        """Delete all resources, dependents first.

        Args:
            retained: the logical ids of resources to keep.
            force: whether to skip resources that can't be deleted, instead of failing.

        Raises:
            ResourceFailure: at the first resource that can't be deleted; it and the rest stay.
        """
        there = [(key, self.live[key], self.resolved[key]) for key in reversed(list(self.live))]
        for logical_id, resource, resolved in [*reversed(self._left), *there]:
            try:
                self._delete(logical_id, resource, resolved, skip=logical_id in retained)
            except ResourceFailure:
                if not force:
                    raise

    def _deploy(self, logical_id: str, wanted: Definition) -> Made:
        kind, current = self.find_type(wanted["Type"]), self._before.live.get(logical_id)
        if logical_id in self._imports and kind:
            return self._import(kind, logical_id, wanted)
        if current is not None and logical_id in self._before.failed:
            self._delete(logical_id, current, wanted)
            current = None
        if current is None:
            return self._create(logical_id, wanted, kind)
        if kind is None:
            return self._moto_update(logical_id, wanted, current)
        properties = kind.typed(wanted["Properties"])
        if kind.replaces(current.properties, properties):
            self._note("UPDATE_IN_PROGRESS", logical_id, kind.name, current, REPLACED)
            replacement = self._create(logical_id, wanted, kind, "UPDATE")
            self._superseded[logical_id] = current, self._before.resolved[logical_id]
            return replacement
        tags = self.tags if kind.taggable else current.tags
        if (properties, tags) != (current.properties, current.tags):
            return self._update(kind, logical_id, properties, current)
        return current

    def _create(self, logical_id: str, wanted: Definition, kind: ResourceType | None, verb: str = "CREATE") -> Made:
        def create() -> Made:
            if kind:
                return self._create_taught(kind, logical_id, wanted)
            if wanted["Type"] in NOMINAL:
                return NamedOnly(wanted["Type"], logical_id)
            definition = self._resource_json_map[logical_id]
            return parsing.parse_and_create_resource(logical_id, definition, self, **self._place)

        resource = self._step(verb, logical_id, wanted["Type"], create)
        self._undo.append((logical_id, partial(self._delete, logical_id, resource, wanted)))
        return resource

    def _import(self, kind: ResourceType, logical_id: str, wanted: Definition) -> Resource:
        """Take an existing resource into the stack, as its READ handler reports it, and add the stack's tags to it."""
        properties = kind.typed(wanted["Properties"])

        def read() -> Resource:
            kind.validate(logical_id, properties)
            identifier = kind.typed(self._imports[logical_id])
            model = kind.handle("READ", self._request(logical_id, {}), {}, model=identifier)
            if kind.identifier(model) is None:
                raise ValidationError(message=f"READ of {logical_id} returned no primary identifier.")
            return Resource(kind, logical_id, properties, {}, model)

        def release(resource: Resource) -> None:
            for status in ("IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"):
                self._note(status, logical_id, kind.name, resource)
            self.live.pop(logical_id, None)

        resource: Resource = self._step("IMPORT", logical_id, kind.name, read)
        self._undo.append((logical_id, partial(release, resource)))
        if kind.taggable and self.tags:
            return self._update(kind, logical_id, properties, resource, TAGGED)
        return resource

    def _create_taught(self, kind: ResourceType, logical_id: str, wanted: Definition) -> Resource:
        properties = kind.typed(wanted["Properties"])
        kind.validate(logical_id, properties)
        try:
            model = kind.handle("CREATE", self._request(logical_id, self.tags), properties)
        except HandlerFailure as failure:
            if failure.model and kind.identifier(failure.model):
                resource = Resource(kind, logical_id, properties, self.tags, failure.model)
                self._undo.append((logical_id, partial(self._delete, logical_id, resource, wanted)))
                self.live[logical_id] = resource
                self.failed.add(logical_id)
            raise
        return Resource(kind, logical_id, properties, self.tags, model)

    def _update(
        self,
        kind: ResourceType,
        logical_id: str,
        properties: Definition,
        current: Resource,
        reason: str | None = None,
    ) -> Resource:
        new, old = (properties, self.tags), (current.properties, current.tags)

        def turn(to: tuple[Definition, dict[str, str]], of: tuple[Definition, dict[str, str]]) -> Resource:
            model = kind.handle("UPDATE", self._request(logical_id, to[1], of[1]), to[0], of[0], current.model)
            return Resource(kind, logical_id, *to, model)

        def update() -> Resource:
            kind.validate(logical_id, properties)
            back = partial(self._step, "UPDATE", logical_id, kind.name, partial(turn, old, new), current)
            self._undo.append((logical_id, back))  # before the update: CloudFormation also undoes an update that fails
            return turn(new, old)

        updated: Resource = self._step("UPDATE", logical_id, kind.name, update, current, reason)
        return updated

    def _moto_update(self, logical_id: str, wanted: Definition, current: Made) -> Made:
        unchanged = wanted["Properties"] == self._before.resolved[logical_id]["Properties"]
        if unchanged or wanted["Type"] in NOMINAL:
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
        self._undo.append((logical_id, back))
        return updated

    def _delete(
        self,
        logical_id: str,
        resource: Made,
        resolved: Definition,
        policy: str = "DeletionPolicy",
        *,
        skip: bool = False,
    ) -> None:
        kept = {"Retain"} if self._undoing else {"Retain", "RetainExceptOnCreate"}
        if skip or resolved.get(policy) in kept:
            self._note("DELETE_SKIPPED", logical_id, resolved["Type"], resource)
        else:
            delete = self._delete_taught if isinstance(resource, Resource) else self._moto_delete
            self._step("DELETE", logical_id, resolved["Type"], partial(delete, resource, resolved), resource)
        if self.live.get(logical_id) is resource:
            del self.live[logical_id]

    def _moto_delete(self, resource: Made, resolved: Definition) -> None:
        if not isinstance(resource, NamedOnly):
            self._delete_resource(resource, resolved)

    def _delete_taught(self, resource: Resource, _resolved: Definition) -> None:
        kind = self.find_type(resource.cf_resource_type)
        if kind is None:
            raise ValidationError(message=f"The type {resource.cf_resource_type} is not registered any more.")
        request = self._request(resource.logical_resource_id, resource.tags)
        try:
            kind.handle("DELETE", request, resource.properties, model=resource.model)
        except HandlerFailure as failure:
            if failure.code != "NotFound":  # the resource is already deleted
                raise

    def _request(self, logical_id: str, tags: dict[str, str], previous: dict[str, str] | None = None) -> Request:
        return Request(self._account_id, self._region_name, self.stack_id, logical_id, tags, previous or {})

    def _step(
        self,
        verb: str,
        logical_id: str,
        kind: str,
        work: Callable[[], Made],
        resource: Made = None,
        reason: str | None = None,
    ) -> Made:
        """Do a step, with an event before it and another after it."""
        self._note(f"{verb}_IN_PROGRESS", logical_id, kind, resource, reason)
        try:
            done = work()
        except Exception as error:
            failure = ResourceFailure(logical_id, verb, error)  # moto's models raise anything; the stack must roll back
            self._note(f"{verb}_FAILED", logical_id, kind, resource, failure.text)
            raise failure from error
        self._note(f"{verb}_COMPLETE", logical_id, kind, done or resource)
        return done
