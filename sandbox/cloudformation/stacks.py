"""Registered resource types inside moto's CloudFormation: create, update, replace, delete, roll back.

moto reads templates, resolves what they refer to, and creates, updates and deletes the resources that it knows.
It does not roll back, replace, or change things in order of dependence, and it answers CreateStack only when all is
done or broken. Here its stacks do as CloudFormation's: an operation runs in the background, its outcome is the
stack's status, reason and events, and a resource of a type that was taught is created, changed and deleted by
invoking its function.

Left out of CloudFormation: OnFailure, DisableRollback, rollback inside nested stacks, custom resources, IMPORT
change sets. An operation works on one resource at a time and stops at the first failure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from moto.cloudformation import models, parsing
from moto.cloudformation.exceptions import AlreadyExistsException, UnformattedGetAttTemplateException, ValidationError
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id
from moto.core.exceptions import ServiceException

from sandbox.cloudformation.resource_type import HandlerFailure, InvalidProperties, Request, ResourceType

PATIENCE = 20.0  # seconds: an operation that takes longer goes on after its call was answered
UNMADE = frozenset({*parsing.NULL_MODELS, "AWS::S3::BucketPolicy"})  # moto has none, and cfn's own stacks need them
READY = {
    "CREATE": {"CREATE_PENDING", "REVIEW_IN_PROGRESS"},
    "UPDATE": {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"},
}

Definition = dict[str, Any]  # a resource as the template has it, or with what it refers to resolved
Made = Any  # what stands for a resource: a Resource, or an object of moto's
JSON = Any

_create_change_set_of_moto = models.CloudFormationBackend.create_change_set
_taught: dict[tuple[str, str, str], ResourceType] = {}
_operations: set[threading.Thread] = set()
_closing = threading.Event()


def teach(account: str, region: str, resource_type: ResourceType) -> None:
    """Let templates use a type: from now on this version of it, for stacks that have it already too."""
    _taught[account, region, resource_type.name] = resource_type


def taught(account: str, region: str, name: str) -> ResourceType | None:
    """The type that templates may use by this name."""
    return _taught.get((account, region, name))


def forget(account: str, region: str, name: str) -> None:
    """Let templates use a type no longer. Stacks that have it can't change or delete it."""
    _taught.pop((account, region, name), None)


def wait(seconds: float) -> None:
    """Wait for the next invocation of a handler, or until `installed` ends."""
    _closing.wait(seconds)


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
        self.properties = properties
        self.tags = tags  # the stack's, when the handler was told of them last
        self.model = model
        self._kind = kind

    def get_cfn_attribute(self, name: str) -> JSON:
        """What Fn::GetAtt returns: a read-only property of the model."""
        if not self._kind.has_attribute(name):
            raise UnformattedGetAttTemplateException
        return self._kind.attribute(self.model, name)


class Resources(parsing.ResourceMap):
    """The resources of one template, and the way there from those of the template before.

    moto resolves a reference by asking this map for the other resource. What is not settled is settled the moment it is
    asked for, and so the order of dependence comes by itself.
    """

    def __init__(self, stack: Stack, template: Definition, parameters: dict[str, Any], tags: dict[str, str]) -> None:
        super().__init__(
            stack.stack_id,
            stack.name,
            parameters,
            tags,
            region_name=stack.region_name,
            account_id=stack.account_id,
            template=template,
            cross_stack_resources=stack.backend.exports,
        )
        self.template = template
        self.live: dict[str, Made] = {}  # what exists, in order of dependence
        self.resolved: dict[str, Definition] = {}
        self._stack = stack
        self._place = {"account_id": stack.account_id, "region_name": stack.region_name}
        self._before = self
        self._unsettled: set[str] = set()
        self._settling: list[str] = []
        self._replaced: set[str] = set()
        self._undo: list[Callable[[], object]] = []
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
        """A parameter, a mapping, or a resource, settled first if need be: None under a condition that is false."""
        if key in self._unsettled:
            self._unsettled.discard(key)
            self._settle(key)
        if key in self._parsed_resources:
            return self._parsed_resources[key]
        if key in self._settling:
            raise ValidationError(message=f"Circular dependency between resources: [{', '.join(self._settling)}]")
        if key not in self._resource_json_map:
            raise ValidationError(message=f"Template format error: Unresolved resource dependencies [{key}]")
        return None

    def follow(self, before: Resources) -> None:
        """Create, update and replace until there is what the template says.

        Raises:
            ResourceFailure: at the first resource that fails; `roll_back` then undoes what was done before.
        """
        self._before = before
        self._unsettled = set(self._resource_json_map)
        for logical_id in self._resource_json_map:
            _ = self[logical_id]

    def roll_back(self) -> None:
        """Undo what `follow` did, the last first."""
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

    def _settle(self, logical_id: str) -> None:
        definition = self._resource_json_map[logical_id]
        condition = definition.get("Condition")
        if definition["Type"] in UNMADE or (condition and not self.lazy_condition_map[condition]):
            return
        self._settling.append(logical_id)
        try:
            others = definition.get("DependsOn", [])
            for other in [others] if isinstance(others, str) else others:
                _ = self[other]
            self.resolved[logical_id] = {"Properties": {}} | parsing.clean_json(definition, self)
            resource = self._bring_about(logical_id, self.resolved[logical_id])
        except ResourceFailure:
            raise
        except Exception as error:  # a reference that leads nowhere: moto raises what comes
            raise ResourceFailure(logical_id, "create", error) from error
        self._settling.remove(logical_id)
        self.live[logical_id] = self._parsed_resources[logical_id] = resource

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
            self._stack.note("DELETE_SKIPPED", logical_id, resolved["Type"], resource)
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
        self._stack.note(f"{verb}_IN_PROGRESS", logical_id, kind, resource)
        try:
            done = work()
        except Exception as error:
            failure = ResourceFailure(logical_id, verb, error)  # moto's models raise anything; the stack must roll back
            self._stack.note(f"{verb}_FAILED", logical_id, kind, resource, failure.text)
            raise failure from error
        self._stack.note(f"{verb}_COMPLETE", logical_id, kind, done or resource)
        return done


class Stack(models.Stack):
    """A stack whose operations run in the background and roll back."""

    resource_map: Resources
    stack_status_reason: str | None = None

    @property
    def backend(self) -> models.CloudFormationBackend:
        """The CloudFormation, moto's, of the stack's account and region."""
        return models.cloudformation_backends[self.account_id][self.region_name]

    @property
    def stack_resources(self) -> Made:
        """What exists now: moto's own would create what does not."""
        return list(self.resource_map.live.values())

    @staticmethod
    def parse_template(template: str) -> Definition:
        """The template, with lists for Fn::GetAtt: moto trips over a string, as in outputs that `cfn submit` sends."""
        if not template:
            raise ValidationError(message="Either Template URL or Template Body must be specified.")
        try:
            parsed: Definition = _with_lists(super(Stack, Stack).parse_template(template))
        except ValueError as error:  # moto tries JSON last
            raise ValidationError(message=f"Template format error: neither YAML nor JSON. ({error})") from error
        return parsed

    def _create_resource_map(self) -> Resources:
        return Resources(self, self.template_dict, self.parameters, self.tags)

    def _create_output_map(self) -> parsing.OutputMap:
        return parsing.OutputMap(self.resource_map, {}, self.stack_id)  # there are none until the resources are there

    def change(self, action: str, template: str, parameters: dict[str, Any], tags: dict[str, str]) -> None:
        """Begin to create or update what the template says.

        Raises:
            ValidationError: the template is refused, or the stack's state allows no such operation.
        """
        if self.status not in READY[action]:
            raise ValidationError(message=f"Stack:{self.stack_id} is in {self.status} state and can not be updated.")
        definition = self.parse_template(template)
        if action == "UPDATE" and (definition, parameters, tags) == (self.template_dict, self.parameters, self.tags):
            raise ValidationError(message="No updates are to be performed.")
        wanted = Resources(self, definition, parameters, tags)
        changed = [key for key, new in definition["Resources"].items() if new["Type"] != self._type(key, new["Type"])]
        if changed:
            message = f"Update of resource type is not permitted. The new template modifies resource type of: {changed}"
            raise ValidationError(message=message)
        self._begin(action, partial(self._follow, action, wanted, template, tags))

    def _type(self, logical_id: str, otherwise: str) -> str:
        name: str = self.resource_map.resolved.get(logical_id, {}).get("Type", otherwise)
        return name

    def _follow(self, action: str, wanted: Resources, template: str, tags: dict[str, str]) -> None:
        before, rollback = self.resource_map, "ROLLBACK" if action == "CREATE" else "UPDATE_ROLLBACK"
        if action == "CREATE":
            self.resource_map = wanted  # what is there so far can be seen, and deleted should the rollback fail
        try:
            wanted.follow(before)
            output_map = parsing.OutputMap(wanted, wanted.template, self.stack_id)
            self._export(output_map)
        except Exception as error:  # noqa: BLE001 - moto raises anything for an output; the stack must roll back
            self._enter(f"{rollback}_IN_PROGRESS", str(error))
            try:
                wanted.roll_back()
            except ResourceFailure as failure:
                self._enter(f"{rollback}_FAILED", f"{error} {failure}")
            else:
                self._enter(f"{rollback}_COMPLETE", str(error))
            return
        self.template, self.template_dict, self.description = (
            template,
            wanted.template,
            wanted.template.get("Description"),
        )
        self.parameters, self.tags = wanted.input_parameters, tags
        self.resource_map, self.output_map = wanted, output_map
        if action == "UPDATE":
            self._enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            wanted.clean_up()
        self._enter(f"{action}_COMPLETE")

    def _export(self, output_map: parsing.OutputMap) -> None:
        _ = list(output_map.values())  # resolves them
        exports = {export.name: export for export in output_map.exports}
        for name in exports.keys() & self.backend.exports.keys():
            if self.backend.exports[name].exporting_stack_id != self.stack_id:
                raise ValidationError(message=f"Export with name {name} is already exported by another stack")
        self._withdraw_exports()
        self.backend.exports.update(exports)

    def _withdraw_exports(self) -> None:
        for export in list(self.backend.exports.values()):
            if export.exporting_stack_id == self.stack_id:
                del self.backend.exports[export.name]

    def delete(self) -> None:
        """Begin to delete the stack; nothing happens if that is under way already."""
        if self.status == "DELETE_IN_PROGRESS":
            return
        if self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(message=f"Stack:{self.stack_id} is in {self.status} state; wait until that is over.")
        self._begin("DELETE", self._delete)

    def _delete(self) -> None:
        try:
            self.resource_map.delete()
        except ResourceFailure as failure:
            self._enter("DELETE_FAILED", str(failure))
            return
        self._withdraw_exports()
        self.output_map = self._create_output_map()
        self.backend.stacks.pop(self.stack_id, None)
        self.backend.deleted_stacks[self.stack_id] = self
        self._enter("DELETE_COMPLETE")

    def _begin(self, action: str, work: Callable[[], None]) -> None:
        self._enter(f"{action}_IN_PROGRESS", "User Initiated")
        operation = threading.Thread(target=work, name=f"{action} {self.name}", daemon=True)
        _operations.add(operation)
        operation.start()
        operation.join(PATIENCE)

    def _enter(self, status: str, reason: str | None = None) -> None:
        self._add_stack_event(status, reason)
        self.stack_status_reason = reason
        self.status = status

    def note(self, status: str, logical_id: str, kind: str, resource: Made = None, reason: str | None = None) -> None:
        """Add a resource's event. It leaves the properties out, which CloudFormation would show."""
        physical_id = str(getattr(resource, "physical_resource_id", None) or "")
        self.events.append(models.Event(self.stack_id, self.name, logical_id, physical_id, kind, status, reason, None))


def _with_lists(value: JSON) -> JSON:
    if isinstance(value, list):
        return [_with_lists(item) for item in value]
    if not isinstance(value, dict):
        return value
    attribute = value.get("Fn::GetAtt")
    if isinstance(attribute, str):
        return {"Fn::GetAtt": attribute.split(".", 1)}
    if isinstance(attribute, list):
        return {"Fn::GetAtt": [attribute[0], ".".join(attribute[1:])]}
    return {key: _with_lists(member) for key, member in value.items()}


# In place of the methods of moto's backend.


def _create_stack(
    self: models.CloudFormationBackend,
    name: str,
    template: str,
    parameters: dict[str, Any],
    **options: JSON,
) -> Stack:
    if any(stack.name == name for stack in self.stacks.values()):
        raise AlreadyExistsException(f"Stack [{name}] already exists")
    stack_id = generate_stack_id(name, self.region_name, self.account_id)
    stack = Stack(  # type: ignore[abstract]  # as moto's own
        stack_id, name, template, parameters, self.account_id, self.region_name, **options
    )
    self.stacks[stack_id] = stack
    stack.change("CREATE", template, parameters, stack.tags)
    return stack


def _update_stack(
    self: models.CloudFormationBackend,
    name: str,
    template: str,
    role_arn: str | None,
    parameters: list[dict[str, Any]],
    tags: dict[str, str] | None,
) -> Stack:
    stack = cast("Stack", self.get_stack(name))
    given = {item["ParameterKey"]: item.get("ParameterValue") for item in parameters}
    previous = {key: stack.parameters[key] for key, value in given.items() if value is None and key in stack.parameters}
    values = {key: value for key, value in given.items() if value is not None} | previous
    stack.change("UPDATE", template, values, stack.tags if tags is None else tags)
    stack.role_arn = role_arn
    return stack


def _delete_stack(self: models.CloudFormationBackend, name_or_stack_id: str) -> None:
    for stack in list(self.stacks.values()):
        if name_or_stack_id in {stack.name, stack.stack_id}:
            stack.delete()


def _create_change_set(self: models.CloudFormationBackend, *arguments: JSON, **options: JSON) -> tuple[str, str]:
    if options["change_set_type"] not in READY:
        raise ValidationError(message=f"This sandbox has no change sets of type {options['change_set_type']}.")
    change_set_id, stack_id = _create_change_set_of_moto(self, *arguments, **options)
    change_set = self.change_sets[change_set_id]
    if change_set.status == "FAILED" and change_set.tags and change_set.tags != self.stacks[stack_id].tags:
        change_set.status, change_set.execution_status, change_set.status_reason = "CREATE_COMPLETE", "AVAILABLE", None
    return change_set_id, stack_id


def _execute_change_set(
    self: models.CloudFormationBackend,
    change_set_name: str,
    stack_name: str | None = None,  # noqa: ARG001 - moto's
) -> None:
    change_set = cast("models.ChangeSet", self.describe_change_set(change_set_name))
    stack = cast("Stack", self.stacks[change_set.stack_id])
    stack.change(change_set.change_set_type, change_set.template, change_set.parameters, change_set.tags or stack.tags)
    change_set.execution_status = "EXECUTE_COMPLETE"


@contextmanager
def installed() -> Iterator[None]:
    """Put these stacks in place of moto's own until the context ends; what is under way then comes to its end."""
    backend = models.CloudFormationBackend
    ours: list[tuple[Any, str, Any]] = [
        (models, "Stack", Stack),
        (backend, "create_stack", _create_stack),
        (backend, "update_stack", _update_stack),
        (backend, "delete_stack", _delete_stack),
        (backend, "create_change_set", _create_change_set),
        (backend, "execute_change_set", _execute_change_set),
        # It overlooks tags; `change` does not.
        (CloudFormationResponse, "_validate_different_update", lambda *_: None),
    ]
    theirs = [(owner, name, getattr(owner, name)) for owner, name, _ in ours]
    for owner, name, value in ours:
        setattr(owner, name, value)
    try:
        yield
    finally:
        _closing.set()
        while _operations:
            _operations.pop().join()
        _closing.clear()
        for owner, name, value in theirs:
            setattr(owner, name, value)
        _taught.clear()
