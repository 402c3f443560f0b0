"""A parsed template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from cfn_sandbox.values import JSON

Object = dict[str, JSON]
POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
# Of a resource's definition, what is evaluated as its properties are.
ATTRIBUTES = ("Metadata", "CreationPolicy", "UpdatePolicy", *POLICIES)
# XML 1.0, in which the API answers, can't hold these.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Template:
    """A template as JSON. It never changes."""

    # the whole template: each Fn::GetAtt is a list of a logical id and an attribute's whole name, and each number,
    # boolean and date of a YAML template is as CloudFormation reads it
    body: Object
    expanded_by: tuple[str, ...] = ()  # the macros that made it; none for a template as the user wrote it

    def section(self, name: str) -> Object:
        """Return a section's members; an empty object if the template has no such section."""
        section = self.body.get(name)
        return section if isinstance(section, dict) else {}

    def members(self, name: str) -> dict[str, Object]:
        """Return a section whose members are objects (Resources, Parameters, Outputs, Rules, Mappings)."""
        return {key: member for key, member in self.section(name).items() if isinstance(member, dict)}

    @cached_property
    def resources(self) -> dict[str, Object]:
        """The resources' definitions, by logical id."""
        return self.members("Resources")

    @cached_property
    def types(self) -> dict[str, str]:
        """The resources' types, by logical id."""
        return {logical_id: str(definition.get("Type")) for logical_id, definition in self.resources.items()}

    @property
    def extended(self) -> bool:
        """Whether AWS::LanguageExtensions made this template, so that its functions are allowed."""
        return "AWS::LanguageExtensions" in self.expanded_by

    @property
    def description(self) -> str | None:
        """The template's Description."""
        text = self.body.get("Description")
        return text if isinstance(text, str) else None

    @property
    def transforms(self) -> list[str]:
        """The names of the macros that the template's Transform section declares, in order."""
        declared = self.body.get("Transform")
        macros = declared if isinstance(declared, list) else [] if declared is None else [declared]
        names = [macro.get("Name") if isinstance(macro, dict) else macro for macro in macros]
        return [name for name in names if isinstance(name, str)]
