"""Parses templates, checks them before an operation, and summarizes them.

Sources: "Template anatomy" and, for capabilities, "Using IAM with CloudFormation" in the user guide;
ValidateTemplate, GetTemplateSummary and CreateStack in the API reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

import yaml
from moto.cloudformation.exceptions import ValidationError
from moto.core.exceptions import ServiceException

from cfn_sandbox.cloudformation import language_extensions
from cfn_sandbox.cloudformation.references import Reference, references

JSON = Any
Template = dict[str, Any]

SECTIONS = frozenset(
    {
        *("AWSTemplateFormatVersion", "Conditions", "Description", "Hooks", "Mappings", "Metadata", "Outputs"),
        *("Parameters", "Resources", "Rules", "Transform"),
    }
)
PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
# The types that need an IAM capability, and the property that holds a user-provided name.
IAM_NAMES = {
    "AWS::IAM::AccessKey": None,
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": None,
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": None,
}
SATISFIED_BY = {"CAPABILITY_IAM": {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}}  # CAPABILITY_NAMED_IAM covers both
_LONG_NAMES = {"Ref": "Ref", "Condition": "Condition"}


class InsufficientCapabilities(ServiceException):
    """A template that needs capabilities which the request doesn't acknowledge."""

    code = "InsufficientCapabilitiesException"


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: with short forms of functions, and with dates as plain strings."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> JSON:
    value: JSON
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # YAML has no fourth kind of node
    return {_LONG_NAMES.get(suffix, f"Fn::{suffix}"): value}


_Loader.add_multi_constructor("!", _function)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(text: str) -> Template:
    """Parse a template in YAML or JSON, and write each Fn::GetAtt as a list.

    Raises:
        ValidationError: the text is neither YAML nor JSON, or not an object.
    """
    if not text:
        raise ValidationError(message="Either Template URL or Template Body must be specified.")
    try:
        parsed = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)  # noqa: S506 - safe
    except (ValueError, yaml.YAMLError):
        try:
            parsed = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader; a YAML template can begin with { too
        except (ValueError, yaml.YAMLError) as error:
            raise ValidationError(message=f"Template format error: neither YAML nor JSON. ({error})") from error
    if not isinstance(parsed, dict):
        raise ValidationError(message="Template format error: unsupported structure.")
    template: Template = normalize(parsed)
    return template


def normalize(value: JSON) -> JSON:
    """Return a part of a template with each Fn::GetAtt as a list of a logical id and an attribute's whole name."""
    if isinstance(value, list):
        return [normalize(item) for item in value]
    if not isinstance(value, dict):
        return value
    attribute = value.get("Fn::GetAtt")
    if isinstance(attribute, str):
        return {"Fn::GetAtt": attribute.split(".", 1)}
    if isinstance(attribute, list) and all(isinstance(part, str) for part in attribute):
        return {"Fn::GetAtt": [attribute[0], ".".join(attribute[1:])]}
    if isinstance(value.get("Fn::Sub"), str):
        return _with_variables(value["Fn::Sub"])
    return {key: normalize(member) for key, member in value.items()}


def _with_variables(text: str) -> JSON:
    """Return a Fn::Sub with a variable for each nested attribute: moto would look it up by its first part alone."""
    variables = {}
    for name in re.findall(r"\$\{([A-Za-z0-9]+\.[^.}]+\.[^}]+)\}", text):
        logical_id, attribute = name.split(".", 1)
        variable = "Attribute" + "".join(filter(str.isalnum, name))
        variables[variable] = {"Fn::GetAtt": [logical_id, attribute]}
        text = text.replace(f"${{{name}}}", f"${{{variable}}}")
    return {"Fn::Sub": [text, variables] if variables else text}


def check(template: Template) -> None:
    """Refuse a template with invalid sections, unresolved references or circular dependencies.

    Raises:
        ValidationError: with CloudFormation's wording.
    """
    template = _expand_loops(template)
    unknown = sorted(str(key) for key in template.keys() - SECTIONS)
    if unknown:
        raise ValidationError(message=f"Invalid template property or properties [{', '.join(unknown)}]")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValidationError(message="Template format error: At least one Resources member must be defined.")
    for logical_id, definition in resources.items():
        if not isinstance(definition, dict) or not isinstance(definition.get("Type"), str):
            message = (
                f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
            )
            raise ValidationError(message=message)
    known = {*resources, *(template.get("Parameters") or {}), *PSEUDO_PARAMETERS}
    graph = {logical_id: _dependencies(definition) for logical_id, definition in resources.items()}
    _refuse_unresolved({name for names in graph.values() for name in names} - known, "Resources")
    outputs = references(template.get("Outputs") or {}, {})
    _refuse_unresolved({reference.name for reference in outputs} - known, "Outputs")
    try:
        TopologicalSorter(
            {key: [name for name in names if name in resources] for key, names in graph.items()}
        ).prepare()
    except CycleError as error:
        cycle = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(message=f"Circular dependency between resources: [{cycle}]") from error


def _expand_loops(template: Template) -> Template:
    """Return the template with its loops expanded, using the parameters' defaults."""
    if language_extensions.NAME not in transforms(template):
        return template
    plain: Template = normalize(language_extensions.expand(template, {}, "us-east-1"))
    return plain


def _refuse_unresolved(names: Iterable[str], block: str) -> None:
    if names := sorted(names):
        text = f"Unresolved resource dependencies [{', '.join(names)}] in the {block} block of the template"
        raise ValidationError(message=f"Template format error: {text}")


def _dependencies(definition: Mapping[str, Any]) -> list[str]:
    others = definition.get("DependsOn", [])
    found: Iterable[Reference] = references({k: v for k, v in definition.items() if k != "Metadata"}, {})
    return [*([others] if isinstance(others, str) else others), *(reference.name for reference in found)]


def transforms(template: Template) -> list[str]:
    """Return the names of the macros that the template declares."""
    declared = template.get("Transform") or []
    return [
        macro if isinstance(macro, str) else macro["Name"]
        for macro in (declared if isinstance(declared, list) else [declared])
    ]


def capabilities(template: Template) -> tuple[list[str], list[str]]:
    """Return the capabilities that the template needs, and the resource types that need them."""
    types, needed = set(), set()
    for definition in _expand_loops(template)["Resources"].values():
        if definition["Type"] in IAM_NAMES:
            types.add(definition["Type"])
            named = IAM_NAMES[definition["Type"]] in (definition.get("Properties") or {})
            needed.add("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM")
    if "CAPABILITY_NAMED_IAM" in needed:
        needed.discard("CAPABILITY_IAM")
    return sorted(needed), sorted(types)


def check_capabilities(template: Template, acknowledged: Iterable[str], *, for_change_set: bool) -> None:
    """Refuse a template that needs capabilities which the request doesn't acknowledge.

    Args:
        template: the template.
        acknowledged: the request's Capabilities.
        for_change_set: whether the template is for a change set, which doesn't need CAPABILITY_AUTO_EXPAND.

    Raises:
        InsufficientCapabilities: with the missing capabilities.
    """
    needed = [name for name in capabilities(template)[0] if not SATISFIED_BY.get(name, {name}) & set(acknowledged)]
    if transforms(template) and not for_change_set and "CAPABILITY_AUTO_EXPAND" not in acknowledged:
        needed.append("CAPABILITY_AUTO_EXPAND")
    if needed:
        raise InsufficientCapabilities(f"Requires capabilities : [{', '.join(needed)}]")


def summary(template: Template) -> dict[str, Any]:
    """Return the members that the answers of ValidateTemplate and GetTemplateSummary share."""
    needed, types = capabilities(template)
    answer: dict[str, Any] = {
        "Description": template.get("Description"),
        "Capabilities": needed,
        "DeclaredTransforms": transforms(template),
        "Parameters": [
            {
                "ParameterKey": key,
                "DefaultValue": None if declaration.get("Default") is None else str(declaration["Default"]),
                "NoEcho": str(declaration.get("NoEcho", False)).lower() == "true",
                "Description": declaration.get("Description"),
                "ParameterType": declaration.get("Type", "String"),
                "ParameterConstraints": {
                    "AllowedValues": [str(value) for value in declaration.get("AllowedValues", [])]
                },
            }
            for key, declaration in (template.get("Parameters") or {}).items()
        ],
    }
    if types:
        answer["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{', '.join(types)}]"
    return answer
