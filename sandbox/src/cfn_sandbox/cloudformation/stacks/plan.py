"""The plan of an operation: what it changes, by resource and property, and why.

Sources: ResourceChange, ResourceChangeDetail and ResourceTargetDefinition in the API reference; change sets recorded
against AWS (tests/cloudformation/recordings), for causes, evaluations and dependents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cfn_sandbox.cloudformation.stacks.scope import Scope
from cfn_sandbox.cloudformation.stacks.state import Contents, Definition, Identity, Resource
from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.cloudformation.templates.outputs import outputs
from cfn_sandbox.cloudformation.templates.template import ATTRIBUTES
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import Reference, Value, is_known

MASKED = "****"
Path = tuple[str, ...]  # to an attribute or a property: the resource's logical id, the attribute, the property's name


@dataclass(frozen=True)
class Cause:
    """One reason why a property changes."""

    evaluation: str  # Static or Dynamic
    source: str  # ParameterReference, ResourceReference, ResourceAttribute or DirectModification
    entity: str | None = None  # what the reference is to
    views: frozenset[bool] = frozenset({True, False})  # the views that show it: with values, without values, or both


_DIRECT = Cause("Static", "DirectModification")
_AUTOMATIC = Cause("Dynamic", "Automatic")  # the template of a nested stack may have changed


@dataclass(frozen=True)
class Change:
    """A change of one property, or of one attribute of a resource's definition."""

    attribute: str  # Properties, Tags (the stack's), Metadata or another attribute
    name: str | None = None  # the property's name; None for an attribute
    before: Value = None  # the value before; None if there is none
    after: Value = None  # the value after; None if there is none. It can be or contain an Unknown
    recreation: str = "Never"  # whether the change requires replacement: Always, Never or Conditionally
    causes: tuple[Cause, ...] = (_DIRECT,)  # why it changes


@dataclass(frozen=True)
class ResourceChange:
    """What an operation does to one resource."""

    action: str  # Add, Modify, Remove or Import
    logical_id: str  # its name in the template
    kind: str  # the type's name
    physical_id: str | None = None  # its physical id before; None if there is none
    changes: tuple[Change, ...] = ()  # the changes of a Modify
    before: Mapping[str, Value] | None = None  # the properties before, secrets masked; None without a resource
    after: Mapping[str, Value] | None = None  # the properties after, secrets masked; None without a resource
    desired: Mapping[str, Value] = field(default_factory=dict, repr=False)  # the properties after, without masks
    policy: str | None = None  # what happens to what is removed or replaced: Delete, Retain, ...; None if nothing is
    change_set_id: str | None = None  # the change set of the nested stack that it is; None without IncludeNestedStacks

    @property
    def replacement(self) -> str:
        """Whether the resource is replaced: True, False or Conditional."""
        possible = {change.recreation for change in self.changes}
        certain = {
            change.recreation
            for change in self.changes
            if is_known(change.after) and any(cause.evaluation == "Static" for cause in change.causes)
        }
        return "True" if "Always" in certain else "Conditional" if possible - {"Never"} else "False"

    @property
    def updates(self) -> bool:
        """Whether the resource itself changes, and not just what the template says of it."""
        return any(change.attribute in {"Properties", "Tags"} for change in self.changes)


Plan = Mapping[str, ResourceChange]
"""What an operation changes, by logical id. Unchanged resources are left out."""


def make_plan(
    identity: Identity, before: Contents, after: Definition, imports: Mapping[str, str] | None = None
) -> Plan:
    """Return the plan of an operation; a ValidationError says that the template can't be evaluated.

    `imports` has the physical ids of the resources to import, by logical id.
    """
    return _Planner(identity, before, after, imports or {}).plan()


class _Planner:
    def __init__(self, identity: Identity, before: Contents, after: Definition, imports: Mapping[str, str]) -> None:
        self._contents, self._imports = before, imports
        self._scope, self._shown = Scope(after, identity), Scope(after, identity)
        self._shown.identifiers = self._scope.identifiers
        self._after = self._scope.evaluator()
        # In these two, no resource is known.
        self._before, self._written = (Scope(one, identity).evaluator() for one in (before.definition, after))
        self._effects: dict[str, ResourceChange] = {}

    def plan(self) -> Plan:
        order = self._after.order()
        for logical_id in order:
            if (change := self._change(logical_id)) is not None:
                self._effects[logical_id] = change
        removed = self._contents.resources.keys() - set(order)
        changes = self._effects | {logical_id: self._removal(logical_id) for logical_id in removed}
        return {logical_id: changes[logical_id] for logical_id in sorted(changes, key="{}~".format)}  # AWS's order

    def _change(self, logical_id: str) -> ResourceChange | None:
        kind = self._scope.definition.template.types[logical_id]
        properties = self._after.properties(logical_id)
        after = mask(self._after, logical_id, self._visible(logical_id, properties))
        current = self._contents.resources.get(logical_id)
        if logical_id in self._imports:
            physical_id = self._imports[logical_id]
            self._scope.identifiers[logical_id] = physical_id
            return ResourceChange("Import", logical_id, kind, physical_id, after=after)
        if current is None:
            return ResourceChange("Add", logical_id, kind, after=after, desired=properties)
        changes = tuple(self._changes(properties, current))
        if not changes:
            self._scope.resources[logical_id] = self._shown.resources[logical_id] = current
            return None
        before = mask(self._before, logical_id, current.properties)
        change = ResourceChange("Modify", logical_id, kind, current.physical_id, changes, before, after, properties)
        if change.replacement == "False":
            self._scope.identifiers[logical_id] = current.physical_id
            self._shown.resources[logical_id] = current
            if not change.updates:
                self._scope.resources[logical_id] = current
            return change
        policy = self._after.attribute(logical_id, "UpdateReplacePolicy")
        return replace(change, policy=f"ReplaceAnd{policy or 'Delete'}")

    def _visible(self, logical_id: str, properties: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return properties as AWS shows them: with the attributes that what is updated in place has before."""
        try:
            return properties if is_known(dict(properties)) else self._shown.evaluator().properties(logical_id)
        except ValidationError:  # an attribute has no value before
            return properties

    def _removal(self, logical_id: str) -> ResourceChange:
        resource = self._contents.resources[logical_id]
        policy = "Retain" if resource.deletion_policy == "RetainExceptOnCreate" else resource.deletion_policy
        # AWS shows references to resources as not known.
        before = mask(self._before, logical_id, self._before.properties(logical_id))
        return ResourceChange("Remove", logical_id, resource.kind, resource.physical_id, before=before, policy=policy)

    def _changes(self, properties: Mapping[str, Value], current: Resource) -> Iterator[Change]:
        logical_id, kind = current.logical_id, self._scope.kind(current.logical_id)
        for attribute in ATTRIBUTES:
            old, new = (evaluator.attribute(logical_id, attribute) for evaluator in (self._before, self._written))
            path = logical_id, attribute
            if old != new or (not is_known(new) and self._before.written(*path) != self._after.written(*path)):
                yield self._changed(path, old, new)
        changes = list(self._property_changes(properties, current))
        if not changes and kind is not None and kind.always_updated:
            changes = [Change("Properties", causes=(_AUTOMATIC,))]
        yield from changes
        if kind is not None and kind.schema.taggable and dict(current.tags) != dict(self._scope.definition.tags):
            yield Change("Tags")

    def _property_changes(self, properties: Mapping[str, Value], current: Resource) -> Iterator[Change]:
        logical_id, kind = current.logical_id, self._scope.kind(current.logical_id)
        after = kind.typed(properties) if kind is not None else dict(properties)
        before = kind.typed(current.properties) if kind is not None else dict(current.properties)
        for name in sorted({*before, *after}):
            old, new = before.get(name), after.get(name)
            if old == new and isinstance(old, bool) == isinstance(new, bool) and is_known(new):
                continue
            recreation = kind.schema.replacement(name, old, new) if kind is not None else "Never"
            yield self._changed((logical_id, "Properties", name), old, new, recreation, known=is_known(new))

    def _changed(self, path: Path, old: Value, new: Value, recreation: str = "Never", *, known: bool = True) -> Change:
        causes = tuple(self._causes(path, known=known))
        if any(_is_secret(evaluator, path) for evaluator in (self._after, self._before)):
            old = new = MASKED
        return Change(path[1], path[2] if path[2:] else None, old, new, recreation, causes)

    def _causes(self, path: Path, *, known: bool) -> Iterator[Cause]:
        """Yield why a property or an attribute differs, or may differ once everything is known."""
        causes = [self._cause(reference) for reference in self._after.references(*path)]
        found = list(dict.fromkeys(cause for cause in causes if cause is not None))
        yield from found
        if not found:
            yield _DIRECT if known else replace(_DIRECT, evaluation="Dynamic")
            return
        views = frozenset[bool]().union(*(_direct_views(cause, self._scope.definition) for cause in found))
        if self._after.written(*path) != self._before.written(*path):
            views = frozenset({True, False})
        if views:
            yield Cause("Dynamic", "DirectModification", views=views)

    def _cause(self, reference: Reference) -> Cause | None:
        """Return why what a reference refers to differs, or may differ; None if it doesn't."""
        name, attribute = reference.name, reference.attribute
        after, before = self._scope.definition.parameters.values, self._contents.definition.parameters.values
        if attribute is None and name in after and not (name in before and before[name] == after[name]):
            return Cause("Static", "ParameterReference", name)
        effect = self._effects.get(name)
        if effect is None or effect.action != "Modify" or not effect.updates:
            return None
        source = "ResourceReference" if attribute is None else "ResourceAttribute"
        if effect.replacement != "False":
            return Cause("Static" if effect.replacement == "True" else "Dynamic", source, str(reference))
        # With values, AWS doesn't show what follows a resource that is updated in place.
        return None if attribute is None else Cause("Dynamic", source, str(reference), frozenset({False}))


def _direct_views(cause: Cause, definition: Definition) -> frozenset[bool]:
    """Return the views in which a second detail follows a cause: the template's value could have changed, too."""
    if cause.evaluation == "Dynamic":
        return frozenset()
    if cause.source != "ParameterReference":
        return frozenset({True})
    # A parameter whose text is a name in Parameter Store changes by itself.
    return frozenset() if cause.entity in definition.parameters.resolved else frozenset({True, False})


def _is_secret(evaluator: Evaluator, path: Path) -> bool:
    """Return whether a property or an attribute rests on a NoEcho parameter."""
    hidden = evaluator.parameters.hidden
    return bool(hidden) and any(reference.name in hidden for reference in evaluator.references(*path))


def mask(evaluator: Evaluator, logical_id: str, properties: Mapping[str, Value]) -> dict[str, Value]:
    """Return a resource's properties as AWS shows them: without NoEcho values (test_recorded_calls)."""
    secret = {name for name in properties if _is_secret(evaluator, (logical_id, "Properties", name))}
    try:
        visible = evaluator.masked(MASKED).properties(logical_id) if secret else {}
    except ValidationError:  # such as of Fn::Select, whose index is masked
        return {MASKED: MASKED}
    return {name: visible.get(name) if name in secret else value for name, value in properties.items()}


def differs(identity: Identity, contents: Contents, after: Definition) -> bool:
    """Return whether an update would change active resources, outputs, the tags or the notifications.

    Other sections of a template, and parameters, can't be changed by themselves. Source: the pages of these sections in
    the user guide; for parameters and inactive resources, users' reports (test_what_changes_nothing).
    """
    before = contents.definition
    if (before.tags, before.notification_arns) != (after.tags, after.notification_arns):
        return True
    if before.template.body == after.template.body and before.parameters.values == after.parameters.values:
        return False
    one, other = (outputs(Scope(each, identity).evaluator()) for each in (before, after))
    return one != other or bool(make_plan(identity, contents, after))
