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

from cfn_sandbox.cloudformation.resource import (
    NOMINAL_TYPES,
    AddEvent,
    AnyResource,
    Definition,
    NominalResource,
    Place,
    Resource,
    ResourceFailure,
)
from cfn_sandbox.cloudformation.resource_map import ResourceMap
from cfn_sandbox.cloudformation.resource_type import HandlerFailure, Request, ResourceType

JSON = Any
REPLACEMENT_REASON = "Requested update requires the creation of a new physical resource; hence creating one."
TAGS_REASON = "Apply stack-level tags to imported resource if applicable."


class Resources(ResourceMap):
    """The resources of one template, and their deployment over those of the previous template.

    Args:
        place: the stack's account, region, id and name.
        template: a template as `templates.parse` returns it.
        parameters: the values given for the template's parameters.
        tags: the stack's tags.
        exports: the exports of all stacks in the account and region, by name.
        add_event: adds a stack event.
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
        add_event: AddEvent,
        imports: Mapping[str, Definition] | None = None,
    ) -> None:
        super().__init__(place, template, parameters, tags, exports)
        self.live: dict[str, AnyResource] = {}  # the resources that exist, in dependency order
        self.resolved: dict[str, Definition] = {}
        self.unfinished = False  # whether an operation failed and was not rolled back
        self._add_event = add_event
        self._imports = imports or {}
        self._moto_arguments = {
            "account_id": place.account,
            "region_name": place.region,
        }  # arguments of moto's functions
        self._before = self
        self._ensured: set[str] = set()
        self.failed: set[str] = set()  # resources that exist although their creation failed
        self._replaced: dict[str, tuple[AnyResource, Definition]] = {}  # replaced resources that are not deleted yet
        self._leftovers: list[
            tuple[str, AnyResource, Definition]
        ] = []  # those left over by earlier, unfinished operations
        self._undo_log: list[tuple[str, Callable[[], object]]] = []  # the log: how to undo each step so far
        self._rolling_back = False

    def deploy(self, before: Resources) -> None:
        """Create, update, replace and import until the resources match the template.

        Raises:
            ResourceFailure: at the first resource that fails; `roll_back` then undoes the steps so far.
        """
        self._before = before
        if before.unfinished:
            self._undo_log, self._leftovers = list(before._undo_log), list(before._leftovers)
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
            resource = self._deploy_resource(logical_id, self.resolved[logical_id])
        except ResourceFailure:
            raise
        except Exception as error:  # moto raises any exception for a reference that leads nowhere
            raise ResourceFailure(logical_id, "create", error) from error
        self._ensured.add(logical_id)
        self.live[logical_id] = self._parsed_resources[logical_id] = resource

    def roll_back(self, skipped: Collection[str] = ()) -> None:
        """Undo the steps of `deploy`, last step first.

        Args:
            skipped: the logical ids of resources that are left as they are.

        Raises:
            ResourceFailure: at the first step that can't be undone. If called again, this continues with that step.
        """
        self._rolling_back = True
        while self._undo_log:
            logical_id, undo = self._undo_log[-1]
            if logical_id not in skipped:
                undo()
            self._undo_log.pop()
        self._rolling_back = False

    def keep(self) -> None:
        """Keep the resources as they are after a failed operation that isn't rolled back.

        Resources that the operation didn't reach stay as they were before.
        """
        self.unfinished = True
        self._leftovers += [(key, *replaced) for key, replaced in self._replaced.items()]
        for logical_id, resource in self._before.live.items():
            if logical_id not in self.live:
                self.live[logical_id] = resource
                self.resolved[logical_id] = self._before.resolved[logical_id]

    def also_delete(self, other: Resources) -> None:
        """Make `delete` also delete the resources that are left by an operation whose rollback failed."""
        for key, resource in other.live.items():
            if getattr(self.live.get(key), "physical_resource_id", None) != resource.physical_resource_id:
                self._leftovers.append((key, resource, other.resolved[key]))

    def clean_up(self) -> None:
        """Delete the resources that were replaced, or that are no longer in the template.

        A resource that can't be deleted is left, with an event. The update is complete all the same, as in
        CloudFormation.
        """
        before = self._before
        removed = [
            (key, before.live[key], before.resolved[key])
            for key in reversed(before.live)
            if key in self._replaced or key not in self.live
        ]
        for logical_id, resource, resolved in [*reversed(self._leftovers), *removed]:
            policy = "UpdateReplacePolicy" if logical_id in self.live else "DeletionPolicy"
            try:
                self._delete(logical_id, resource, resolved, policy)
            except ResourceFailure:
                continue
        self._undo_log, self._leftovers = [], []

    def delete(self, retained: Collection[str] = (), *, force: bool = False) -> None:
        """Delete all resources, dependents first.

        Args:
            retained: the logical ids of resources to keep.
            force: whether to skip resources that can't be deleted, instead of failing.

        Raises:
            ResourceFailure: at the first resource that can't be deleted; it and the rest stay.
        """
        existing = [(key, self.live[key], self.resolved[key]) for key in reversed(list(self.live))]
        for logical_id, resource, resolved in [*reversed(self._leftovers), *existing]:
            try:
                self._delete(logical_id, resource, resolved, skip=logical_id in retained)
            except ResourceFailure:
                if not force:
                    raise

    def _deploy_resource(self, logical_id: str, resolved: Definition) -> AnyResource:
        kind, current = self.find_type(resolved["Type"]), self._before.live.get(logical_id)
        if logical_id in self._imports and kind:
            return self._import(kind, logical_id, resolved)
        if current is not None and logical_id in self._before.failed:
            self._delete(logical_id, current, resolved)
            current = None
        if current is None:
            return self._create(logical_id, resolved, kind)
        if kind is None:
            return self._update_with_moto(logical_id, resolved, current)
        properties = kind.typed(resolved["Properties"])
        if kind.replaces(current.properties, properties):
            self._add_event("UPDATE_IN_PROGRESS", logical_id, kind.name, current, REPLACEMENT_REASON)
            replacement = self._create(logical_id, resolved, kind, "UPDATE")
            self._replaced[logical_id] = current, self._before.resolved[logical_id]
            return replacement
        tags = self.tags if kind.taggable else current.tags
        if (properties, tags) != (current.properties, current.tags):
            return self._update(kind, logical_id, properties, current)
        return current

    def _create(
        self, logical_id: str, resolved: Definition, kind: ResourceType | None, verb: str = "CREATE"
    ) -> AnyResource:
        def create() -> AnyResource:
            if kind:
                return self._create_with_handler(kind, logical_id, resolved)
            if resolved["Type"] in NOMINAL_TYPES:
                return NominalResource(resolved["Type"], logical_id)
            definition = self._resource_json_map[logical_id]
            return parsing.parse_and_create_resource(logical_id, definition, self, **self._moto_arguments)

        resource = self._step(verb, logical_id, resolved["Type"], create)
        self._undo_log.append((logical_id, partial(self._delete, logical_id, resource, resolved)))
        return resource

    def _import(self, kind: ResourceType, logical_id: str, resolved: Definition) -> Resource:
        """Take an existing resource into the stack, as its READ handler reports it, and add the stack's tags to it."""
        properties = kind.typed(resolved["Properties"])

        def read() -> Resource:
            kind.validate(logical_id, properties)
            identifier = kind.typed(self._imports[logical_id])
            model = kind.handle("READ", self._request(logical_id, {}), {}, model=identifier)
            if kind.identifier(model) is None:
                raise ValidationError(message=f"READ of {logical_id} returned no primary identifier.")
            return Resource(kind, logical_id, properties, {}, model)

        def release(resource: Resource) -> None:
            for status in ("IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"):
                self._add_event(status, logical_id, kind.name, resource)
            self.live.pop(logical_id, None)

        resource: Resource = self._step("IMPORT", logical_id, kind.name, read)
        self._undo_log.append((logical_id, partial(release, resource)))
        if kind.taggable and self.tags:
            return self._update(kind, logical_id, properties, resource, TAGS_REASON)
        return resource

    def _create_with_handler(self, kind: ResourceType, logical_id: str, resolved: Definition) -> Resource:
        properties = kind.typed(resolved["Properties"])
        kind.validate(logical_id, properties)
        try:
            model = kind.handle("CREATE", self._request(logical_id, self.tags), properties)
        except HandlerFailure as failure:
            if failure.model and kind.identifier(failure.model):
                resource = Resource(kind, logical_id, properties, self.tags, failure.model)
                self._undo_log.append((logical_id, partial(self._delete, logical_id, resource, resolved)))
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

        def invoke_update(
            desired: tuple[Definition, dict[str, str]], previous: tuple[Definition, dict[str, str]]
        ) -> Resource:
            model = kind.handle(
                "UPDATE", self._request(logical_id, desired[1], previous[1]), desired[0], previous[0], current.model
            )
            return Resource(kind, logical_id, *desired, model)

        def update() -> Resource:
            kind.validate(logical_id, properties)
            undo = partial(self._step, "UPDATE", logical_id, kind.name, partial(invoke_update, old, new), current)
            self._undo_log.append(
                (logical_id, undo)
            )  # before the update: CloudFormation also undoes an update that fails
            return invoke_update(new, old)

        updated: Resource = self._step("UPDATE", logical_id, kind.name, update, current, reason)
        return updated

    def _update_with_moto(self, logical_id: str, resolved: Definition, current: AnyResource) -> AnyResource:
        unchanged = resolved["Properties"] == self._before.resolved[logical_id]["Properties"]
        if unchanged or resolved["Type"] in NOMINAL_TYPES:
            return current

        def update(resources: Resources, original: AnyResource) -> AnyResource:
            resources._parsed_resources[logical_id] = original
            definition = resources._resource_json_map[logical_id]
            updated: AnyResource = parsing.parse_and_update_resource(
                logical_id, definition, resources, **self._moto_arguments
            )
            if updated is None:
                raise NotImplementedError(f"moto can't update a {resolved['Type']}")
            resources.live[logical_id] = resources._parsed_resources[logical_id] = updated
            return updated

        updated = self._step("UPDATE", logical_id, resolved["Type"], partial(update, self, current), current)
        undo = partial(
            self._step, "UPDATE", logical_id, resolved["Type"], partial(update, self._before, updated), updated
        )
        self._undo_log.append((logical_id, undo))
        return updated

    def _delete(
        self,
        logical_id: str,
        resource: AnyResource,
        resolved: Definition,
        policy: str = "DeletionPolicy",
        *,
        skip: bool = False,
    ) -> None:
        retaining = {"Retain"} if self._rolling_back else {"Retain", "RetainExceptOnCreate"}
        if skip or resolved.get(policy) in retaining:
            self._add_event("DELETE_SKIPPED", logical_id, resolved["Type"], resource)
        else:
            delete = self._delete_with_handler if isinstance(resource, Resource) else self._delete_with_moto
            self._step("DELETE", logical_id, resolved["Type"], partial(delete, resource, resolved), resource)
        if self.live.get(logical_id) is resource:
            del self.live[logical_id]

    def _delete_with_moto(self, resource: AnyResource, resolved: Definition) -> None:
        if not isinstance(resource, NominalResource):
            self._delete_resource(resource, resolved)

    def _delete_with_handler(self, resource: Resource, _resolved: Definition) -> None:
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
        work: Callable[[], AnyResource],
        resource: AnyResource = None,
        reason: str | None = None,
    ) -> AnyResource:
        """Do a step, with an event before it and another after it."""
        self._add_event(f"{verb}_IN_PROGRESS", logical_id, kind, resource, reason)
        try:
            result = work()
        except Exception as error:
            failure = ResourceFailure(logical_id, verb, error)  # moto's models raise anything; the stack must roll back
            self._add_event(f"{verb}_FAILED", logical_id, kind, resource, failure.text)
            raise failure from error
        self._add_event(f"{verb}_COMPLETE", logical_id, kind, result or resource)
        return result
