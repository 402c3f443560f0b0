"""Computes what an operation would change, resource by resource, for a change set.

Sources: ResourceChange, ResourceChangeDetail and ResourceTargetDefinition in the API reference; "Change set examples"
in the user guide, for which causes are Static and which are Dynamic, and for a changed parameter's two details.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cfn_sandbox.cloudformation import published
from cfn_sandbox.cloudformation.catalogue import find_type
from cfn_sandbox.cloudformation.references import references
from cfn_sandbox.cloudformation.resource import NOMINAL_TYPES, AnyResource, Definition
from cfn_sandbox.cloudformation.resource_type import ResourceType
from cfn_sandbox.cloudformation.resources import Resources

JSON = Any
Detail = dict[str, Any]

UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
ATTRIBUTES = ("Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy")
MODIFIED, MAYBE_REPLACED, REPLACED = "modified", "maybe replaced", "replaced"


@dataclass(frozen=True)
class Placeholder:
    """A placeholder for a resource that doesn't exist yet, or that the operation would change."""

    physical_resource_id: str

    def get_cfn_attribute(self, _name: str) -> str:
        """Return a placeholder: the value is not known before the change set is executed."""
        return UNKNOWN


@dataclass(frozen=True)
class Value:
    """A property in the previous and the new template: as written, and with its references resolved."""

    written_before: JSON
    written_after: JSON
    before: JSON
    after: JSON

    @property
    def known(self) -> bool:
        """Whether the new value is known before the change set is executed."""
        return UNKNOWN not in json.dumps(self.after, default=str)


class Plan:
    """The changes from the resources that a stack has to those that a template wants.

    Args:
        desired: the template's resources. This fills it with placeholders, so it can't be deployed afterwards.
        before: the resources that the stack has.
        imports: the primary identifiers of the resources to import, by logical id.
    """

    def __init__(self, desired: Resources, before: Resources, imports: Mapping[str, str]) -> None:
        self._desired, self._before, self._imports = desired, before, imports
        self._effects: dict[str, str] = {}  # by logical id: MODIFIED, MAYBE_REPLACED or REPLACED

    def changes(self) -> list[dict[str, Any]]:
        """Return the changes as the API's ResourceChange. Unchanged resources are left out."""
        changed = [change for logical_id in self._desired.order() if (change := self._change(logical_id))]
        desired_ids = set(self._desired.order())
        removed = [logical_id for logical_id in self._before.live if logical_id not in desired_ids]
        return changed + [self._removal(logical_id) for logical_id in removed]

    def _change(self, logical_id: str) -> dict[str, Any] | None:
        resolved = self._desired.resolve(logical_id)
        name, current = resolved["Type"], self._before.live.get(logical_id)
        base = {"LogicalResourceId": logical_id, "ResourceType": name}
        after = _context(self._desired, logical_id, resolved["Properties"])
        if logical_id in self._imports:
            self._desired.set_placeholder(logical_id, Placeholder(self._imports[logical_id]))
            return base | {
                "Action": "Import",
                "PhysicalResourceId": self._imports[logical_id],
                "Scope": [],
                "Details": [],
                "AfterContext": after,
            }
        if current is None:
            self._desired.set_placeholder(logical_id, Placeholder(UNKNOWN))
            return base | {"Action": "Add", "Scope": [], "Details": [], "AfterContext": after}
        details = list(self._details(logical_id, resolved, current))
        if not details:
            self._desired.set_placeholder(logical_id, current)
            return None
        replacement = _replacement(details)
        physical_id = str(current.physical_resource_id)
        self._effects[logical_id] = {"True": REPLACED, "Conditional": MAYBE_REPLACED, "False": MODIFIED}[replacement]
        self._desired.set_placeholder(logical_id, Placeholder(physical_id if replacement == "False" else UNKNOWN))
        change = base | {
            "Action": "Modify",
            "PhysicalResourceId": physical_id,
            "Replacement": replacement,
            "Scope": list(dict.fromkeys(detail["Target"]["Attribute"] for detail in details)),
            "Details": details,
            "BeforeContext": _context(self._before, logical_id, self._properties(current, logical_id)),
            "AfterContext": after,
        }
        if replacement != "False":
            change["PolicyAction"] = f"ReplaceAnd{resolved.get('UpdateReplacePolicy', 'Delete')}"
        return change

    def _removal(self, logical_id: str) -> dict[str, Any]:
        resource, resolved = self._before.live[logical_id], self._before.resolved[logical_id]
        policy = resolved.get("DeletionPolicy", "Delete")
        return {
            "Action": "Remove",
            "PolicyAction": "Retain" if policy == "RetainExceptOnCreate" else policy,
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": str(resource.physical_resource_id),
            "ResourceType": resolved["Type"],
            "Scope": [],
            "Details": [],
            "BeforeContext": _context(self._before, logical_id, resolved["Properties"]),
        }

    def _kind(self, name: str) -> ResourceType | None:
        if name in NOMINAL_TYPES:
            return None
        place = self._desired.place
        return find_type(place.account, place.region, name) or published.resource_type(name)

    def _properties(self, current: AnyResource, logical_id: str) -> Definition:
        properties: Definition = getattr(current, "properties", None) or self._before.resolved[logical_id]["Properties"]
        return properties if isinstance(properties, dict) else {}

    def _details(self, logical_id: str, resolved: Definition, current: AnyResource) -> Iterator[Detail]:
        kind = self._kind(resolved["Type"])
        written = self._desired.template["Resources"][logical_id]
        written_before = self._before.template["Resources"][logical_id]
        yield from self._property_details(
            kind, written, written_before, resolved, self._properties(current, logical_id)
        )
        for attribute in ATTRIBUTES:
            if written.get(attribute) != written_before.get(attribute):
                yield _detail({"Attribute": attribute, "RequiresRecreation": "Never"})
        if getattr(current, "tags", None) is not None and kind and kind.taggable and current.tags != self._desired.tags:
            yield _detail({"Attribute": "Tags", "RequiresRecreation": "Never"})

    def _property_details(
        self,
        kind: ResourceType | None,
        written: Definition,
        written_before: Definition,
        resolved: Definition,
        before: Definition,
    ) -> Iterator[Detail]:
        properties = resolved.get("Properties", {})
        if kind:
            properties = kind.typed(properties)
            before = kind.typed(before)
        new, old = written.get("Properties") or {}, written_before.get("Properties") or {}
        for name in dict.fromkeys([*old, *new]):
            value = Value(old.get(name), new.get(name), before.get(name), properties.get(name))
            causes = list(self._causes(value))
            if not causes:
                continue
            target = _target(name, kind, value)
            secret = _is_secret(value.written_after, self._desired) or _is_secret(value.written_before, self._before)
            for evaluation, source, cause in causes:
                detail = _detail(dict(target), evaluation, source, cause)
                if not secret:
                    values = {"BeforeValue": value.before, "AfterValue": value.after}
                    detail["Target"] |= {key: _text(item) for key, item in values.items() if item is not None}
                yield detail

    def _causes(self, value: Value) -> Iterator[tuple[str, str, str | None]]:
        """Yield Evaluation, ChangeSource and CausingEntity of each cause of a property's change."""
        if value.known and value.before == value.after:
            return
        caused = False
        for reference in dict.fromkeys(references(value.written_after, self._desired.lazy_condition_map)):
            effect = self._effects.get(reference.name)
            if self._desired.parameter_differs(reference.name, self._before):
                caused = True
                yield "Static", "ParameterReference", reference.name
            elif reference.attribute is None and effect in {MAYBE_REPLACED, REPLACED}:
                caused = True
                yield "Dynamic", "ResourceReference", reference.name
            elif reference.attribute is not None and effect is not None:
                caused = True
                yield "Dynamic", "ResourceAttribute", str(reference)
        if value.written_after != value.written_before or not caused:
            yield "Static" if value.known else "Dynamic", "DirectModification", None
        elif any(
            self._desired.parameter_differs(reference.name, self._before)
            for reference in references(value.written_after, {})
        ):
            # CloudFormation adds this detail for a changed parameter: the template's value could have changed too.
            yield "Dynamic", "DirectModification", None


def _target(name: str, kind: ResourceType | None, value: Value) -> dict[str, Any]:
    recreation = kind.recreation(name, value.before, value.after if value.known else None) if kind else "Never"
    path = {"Path": f"/Properties/{name}", "RequiresRecreation": recreation}
    path["AttributeChangeType"] = "Add" if value.before is None else "Remove" if value.after is None else "Modify"
    if kind and name == kind.tag_property:
        return {"Attribute": "Tags", **path}
    return {"Attribute": "Properties", "Name": name, **path}


def _detail(
    target: dict[str, Any],
    evaluation: str = "Static",
    source: str = "DirectModification",
    cause: str | None = None,
) -> Detail:
    detail = {"Target": target, "Evaluation": evaluation, "ChangeSource": source}
    return detail if cause is None else detail | {"CausingEntity": cause}


def _replacement(details: list[Detail]) -> str:
    certain = {detail["Target"]["RequiresRecreation"] for detail in details if detail["Evaluation"] == "Static"}
    possible = {detail["Target"]["RequiresRecreation"] for detail in details}
    if "Always" in certain:
        return "True"
    return "Conditional" if possible - {"Never"} else "False"


def _is_secret(written: JSON, resources: Resources) -> bool:
    return any(reference.name in resources.no_echo_parameters for reference in references(written, {}))


def _context(resources: Resources, logical_id: str, properties: Definition) -> str:
    """Return a resource's properties as JSON; a property that refers to a NoEcho parameter is masked."""
    written = resources.template["Resources"][logical_id].get("Properties") or {}
    visible = {key: "****" if _is_secret(written.get(key), resources) else value for key, value in properties.items()}
    return json.dumps({"Properties": visible}, default=str)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
