"""Applies a definition to what a stack has, and undoes that again."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

from cfn_sandbox.cloudformation.stacks import events
from cfn_sandbox.cloudformation.stacks.events import Subject
from cfn_sandbox.cloudformation.stacks.plan import mask
from cfn_sandbox.cloudformation.stacks.scope import Scope
from cfn_sandbox.cloudformation.stacks.state import NOTHING, Contents, Definition, Draft, Options, Resource
from cfn_sandbox.cloudformation.stacks.steps import StepFailure, Steps
from cfn_sandbox.cloudformation.templates.outputs import outputs
from cfn_sandbox.errors import CloudFormationError, ValidationError
from cfn_sandbox.resource_types.interface import ResourceType
from cfn_sandbox.values import JSON, objects, shown

RETAINED = frozenset({"Retain", "RetainExceptOnCreate"})
NO_REPLACEMENT = "Replacement type updates not supported on stack with disable-rollback."


@dataclass(frozen=True)
class Undo:
    """How to undo one step."""

    logical_id: str  # the resource's
    work: Callable[[], Resource | None]  # undoes the step, and returns the resource that exists then
    removes: bool = False  # whether it deletes what the step has made


@dataclass
class UndoLog:
    """How to undo an operation."""

    steps: list[Undo] = field(default_factory=list)  # of each step so far
    # the replaced resources that are not deleted yet, with whether they shall be kept
    leftovers: list[tuple[Resource, bool]] = field(default_factory=list)
    live: dict[str, Resource] = field(default_factory=dict)  # the resources that exist, by logical id

    def add(self, logical_id: str, work: Callable[[], Resource | None], *, removes: bool = False) -> None:
        """Add how to undo the step that follows, or that was just done."""
        self.steps.append(Undo(logical_id, work, removes))

    def undo(self, stable: Contents, skipped: Collection[str] = (), *, removals: bool) -> None:
        """Undo all steps: last step first, or of an update in the order of the former resources' dependencies.

        Args:
            stable: what the stack shall have then. Its resources are replaced by those that an undone update reports.
            skipped: the logical ids of resources that are left as they are.
            removals: whether to delete what was made; without, `clean_up` does that.

        Raises:
            StepFailure: at the first step that can't be undone. If called again, this continues with that step.
        """
        order = [] if removals else list(stable.resources)
        due = [one for one in reversed(self.steps) if removals or not one.removes]
        for step in sorted(due, key=lambda one: order.index(one.logical_id) if one.logical_id in order else -1):
            if step.logical_id not in skipped:
                restored, former = step.work(), stable.resources.get(step.logical_id)
                if restored is not None and former is not None and restored.physical_id == former.physical_id:
                    stable.resources[step.logical_id] = restored
            self.steps.remove(step)

    def clean_up(self) -> str | None:
        """Delete what the operation has made, last first; return the stack's reason if something is left, as in AWS."""
        done = [_attempt(step.work) for step in reversed(self.steps)]
        return None if all(done) else events.LEFT


class Deployment:
    """One operation that makes a stack match a definition.

    `undo` is the log of earlier operations that failed and were not rolled back; else an empty one.
    """

    def __init__(self, steps: Steps, before: Contents, definition: Definition, undo: UndoLog) -> None:
        self._steps, self._before, self.definition, self.undo = steps, before, definition, undo
        self._scope = Scope(definition, steps.identity, applying=True)
        self._evaluator = self._scope.evaluator()
        self.undo.live = self._scope.resources

    def deploy(self, options: Options) -> Contents:
        """Create, update, replace and import until the resources match the definition, and return what there is then.

        StepFailure says that a resource fails; the undo log then undoes the steps so far. CloudFormationError: a macro
        has failed or an export is missing, before anything is made; or the outputs can't be evaluated.
        """
        if self.definition.failure is not None:
            raise ValidationError(self.definition.failure)
        if any("Fn::ImportValue" in one for one in objects(self.definition.template.body)):
            self._evaluator.check()
        for logical_id in self._evaluator.order():
            try:
                draft = self._draft(logical_id)
                if logical_id in options.imports:
                    self._import(draft, options.imports[logical_id])
                else:
                    self._make(draft, options)
            except StepFailure as failure:
                self._note(failure, options)
                raise
        made = outputs(self._evaluator)
        return Contents(self.definition, self._scope.resources, made, frozenset(self._scope.imported))

    def kept(self) -> Contents:
        """Return what the stack has after an operation that failed and isn't rolled back.

        Resources that the operation didn't reach are as they were before.
        """
        resources = self._before.resources | self._scope.resources
        return Contents(self.definition, resources, self._before.outputs, self._before.imported)

    def _note(self, failure: StepFailure, options: Options) -> None:
        """Add how a rollback undoes a failed creation, and what it says if nothing was made, or no update begun."""
        logical_id, tell = failure.subject.logical_id, self._steps.events.add
        current = self._before.resources.get(logical_id) if failure.verb == "UPDATE" else None
        if failure.left is not None:
            self._add(failure.left, retain=False)
        elif failure.verb == "CREATE":
            retained = self.definition.template.resources[logical_id].get("DeletionPolicy") == "Retain"
            status = "DELETE_SKIPPED" if retained and not options.retain_except_on_create else "DELETE_COMPLETE"
            self.undo.add(logical_id, partial(tell, failure.subject, status), removes=True)
        elif current is not None and logical_id not in [one.logical_id for one in self.undo.steps[-1:]]:
            self.undo.add(logical_id, partial(tell, current.subject(current.physical_id), "UPDATE_COMPLETE"))

    def clean_up(self) -> str | None:
        """Delete what was replaced or removed; return the reason of the update, which is complete, if some is left."""
        live = self._scope.resources
        removed = [
            (resource, resource.deletion_policy in RETAINED)
            for logical_id, resource in reversed(self._before.resources.items())
            if logical_id not in live
        ]
        replaced, done = list(reversed(self.undo.leftovers)), []
        for resource in reversed(list(live.values())):  # what a nested stack has left may be in use by what comes later
            done += self._delete([entry for entry in replaced if entry[0].logical_id == resource.logical_id])
            self._steps.clean_up(resource)
        done += self._delete([*(entry for entry in replaced if entry[0].logical_id not in live), *removed])
        return None if all(done) else events.LEFT

    def _delete(self, entries: Iterable[tuple[Resource, bool]]) -> list[bool]:
        delete = self._steps.delete
        return [_attempt(partial(delete, replace(resource, shown=None), skip=kept)) for resource, kept in entries]

    def _draft(self, logical_id: str) -> Draft:
        name = self.definition.template.types[logical_id]
        try:
            kind = self._steps.identity.space.type_of(name)
            properties = self._evaluator.properties(logical_id)
            policy = self._evaluator.attribute(logical_id, "DeletionPolicy")
        except CloudFormationError as error:
            verb = "UPDATE" if logical_id in self._before.resources else "CREATE"
            raise self._steps.refuse(verb, Subject(logical_id, name), error.message) from error
        visible = json.dumps(shown(mask(self._evaluator, logical_id, properties)))
        tags = self.definition.tags if kind.schema.taggable else {}
        known = cast("dict[str, JSON]", properties)  # a scope that applies returns nothing unknown
        return Draft(logical_id, name, known, tags, visible, str(policy or "Delete"))

    def _make(self, draft: Draft, options: Options) -> None:
        current = self._before.resources.get(draft.logical_id)
        if current is not None and current.failed:
            self._steps.delete(current)
            current = None
        if current is None:
            self.undo.steps = [one for one in self.undo.steps if one.logical_id != draft.logical_id]  # earlier attempts
            self._add(self._steps.create(draft), retain=not options.retain_except_on_create)
            return
        kind = self._steps.identity.space.type_of(draft.kind)
        new, old = kind.typed(draft.properties), kind.typed(current.properties)
        if _replaces(kind, old, new):
            subject = draft.subject(current.physical_id)
            if options.on_failure == "DO_NOTHING":
                raise self._steps.refuse("UPDATE", subject, NO_REPLACEMENT)
            self._steps.events.add(subject, "UPDATE_IN_PROGRESS", events.REPLACEMENT)
            policy = self._evaluator.attribute(draft.logical_id, "UpdateReplacePolicy")
            restored = current.subject(current.physical_id)
            self.undo.add(draft.logical_id, partial(self._steps.events.add, restored, "UPDATE_COMPLETE"))
            self._add(self._steps.create(draft, "UPDATE"), retain=False)
            self.undo.leftovers.append((current, policy in RETAINED))
        elif kind.always_updated or not _equal(new, old) or dict(draft.tags) != dict(current.tags):
            self._update(draft, current)
        else:
            kept = replace(current, properties=draft.properties, shown=draft.shown)
            self._scope.resources[draft.logical_id] = replace(kept, deletion_policy=draft.deletion_policy)

    def _add(self, resource: Resource, *, retain: bool) -> None:
        self._scope.resources[resource.logical_id] = resource
        skip = retain and resource.deletion_policy == "Retain"
        created = self._before.definition is NOTHING  # an update's cleanup shows no properties
        let_go = partial(self._steps.delete, resource if created else replace(resource, shown=None), skip=skip)
        self.undo.add(resource.logical_id, partial(self._take_back, resource, let_go), removes=True)

    def _take_back(self, resource: Resource, let_go: Callable[[], None]) -> None:
        let_go()
        current = self.undo.live.get(resource.logical_id)
        if current is not None and current.physical_id == resource.physical_id:
            del self.undo.live[resource.logical_id]

    def _update(self, draft: Draft, current: Resource, reason: str | None = None) -> None:
        begun = partial(self.undo.add, draft.logical_id)
        self._scope.resources[draft.logical_id] = self._steps.update(draft, current, begun, reason)

    def _import(self, draft: Draft, identifier: Mapping[str, JSON]) -> None:
        resource = self._steps.adopt(draft, identifier)
        self._scope.resources[draft.logical_id] = resource
        self.undo.add(draft.logical_id, partial(self._take_back, resource, partial(self._steps.release, resource)))
        if self._steps.identity.space.type_of(draft.kind).supports("UPDATE"):  # whether or not the stack has tags
            self._update(draft, resource, events.TAGS_OF_IMPORTED)


def _attempt(work: Callable[[], object]) -> bool:
    """Do a step of a cleanup in up to three attempts, as AWS's user guide says; return whether it succeeded."""
    for _ in range(3):
        with suppress(StepFailure):
            work()
            return True
    return False


def _equal(new: object, old: object) -> bool:
    return json.dumps(new, sort_keys=True, default=str) == json.dumps(old, sort_keys=True, default=str)


def _replaces(kind: ResourceType, old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    names = [name for name in {*old, *new} if not _equal(new.get(name), old.get(name))]
    if kind.schema.replaces(dict(old), dict(new)):  # type: ignore[arg-type]  # known values
        return True
    return any(kind.schema.replacement(name, old.get(name), new.get(name)) == "Always" for name in names)  # type: ignore[arg-type]  # known values
