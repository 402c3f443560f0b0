"""What ValidateTemplate and GetTemplateSummary say of a template, and the capabilities that it needs.

Sources: ValidateTemplate, GetTemplateSummary and CreateStack in the API reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from cfn_sandbox.cloudformation.templates import table
from cfn_sandbox.cloudformation.templates.macros import uses_macros
from cfn_sandbox.cloudformation.templates.parameters import is_hidden
from cfn_sandbox.cloudformation.templates.template import Object, Template
from cfn_sandbox.errors import InsufficientCapabilitiesError, ValidationError
from cfn_sandbox.values import JSON, text

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_SATISFIED_BY = {"CAPABILITY_IAM": {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}}  # the second covers both


def validated(template: Template) -> dict[str, JSON]:
    """Return the members of ValidateTemplate's answer. `template` is checked, and need not be expanded."""
    parameters: list[JSON] = [_parameter(key, one) for key, one in template.members("Parameters").items()]
    answer: dict[str, JSON] = {"Parameters": parameters}
    if template.description is not None:
        answer["Description"] = template.description
    needed, types = _iam(template)
    if needed:
        answer["Capabilities"] = [*needed]
        answer["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{', '.join(types)}]"
    if uses_macros(template):
        answer["DeclaredTransforms"] = [*template.transforms]
    return answer


def summarized(template: Template) -> dict[str, JSON]:
    """Return the members of GetTemplateSummary's answer, without ResourceIdentifierSummaries and Warnings."""
    answer = validated(template)
    answer["Parameters"] = [
        {**_parameter(key, one), "ParameterType": text(one.get("Type", "")), "ParameterConstraints": _constraints(one)}
        for key, one in template.members("Parameters").items()
    ]
    answer["ResourceTypes"] = [*dict.fromkeys(text(one.get("Type", "")) for one in template.resources.values())]
    if "AWSTemplateFormatVersion" in template.body:
        answer["Version"] = template.body["AWSTemplateFormatVersion"]
    if "Metadata" in template.body:
        answer["Metadata"] = json.dumps(template.body["Metadata"])
    return answer


def _parameter(key: str, declaration: Object) -> dict[str, JSON]:
    members = {"DefaultValue": "Default", "Description": "Description"}
    given = {member: text(declaration[name]) for member, name in members.items() if name in declaration}
    return {"ParameterKey": key, "NoEcho": is_hidden(declaration), **given}


def _constraints(declaration: Object) -> dict[str, JSON]:
    allowed = declaration.get("AllowedValues")
    return {"AllowedValues": [text(value) for value in allowed]} if isinstance(allowed, list) else {}


def _iam(template: Template) -> tuple[list[str], list[str]]:
    """Return the IAM capabilities that a template needs, and the resource types that need them."""
    name_properties = table.rows("types that need capabilities", "honoured")
    types, named = set(), False
    for definition in template.resources.values():
        kind, properties = str(definition.get("Type")), definition.get("Properties")
        if kind in name_properties:
            types.add(kind)
            named = named or (isinstance(properties, dict) and name_properties[kind] in properties)
    return ["CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"] if types else [], sorted(types)


def check_capabilities(
    template: Template, expanded: Template, acknowledged: Iterable[str], *, for_change_set: bool
) -> None:
    """Refuse a template that needs capabilities which the request doesn't acknowledge.

    Args:
        template: the template as the user wrote it.
        expanded: the template with its macros expanded.
        acknowledged: the request's Capabilities.
        for_change_set: whether a change set is made, which doesn't need CAPABILITY_AUTO_EXPAND.

    Raises:
        ValidationError: a capability that doesn't exist.
        InsufficientCapabilitiesError: with the missing capabilities.
    """
    given = set(acknowledged)
    if unknown := sorted(given - set(CAPABILITIES)):
        place = f"Value '[{', '.join(unknown)}]' at 'capabilities' failed to satisfy constraint"
        member = f"Member must satisfy constraint: [Member must satisfy enum value set: [{', '.join(CAPABILITIES)}]]"
        raise ValidationError(f"1 validation error detected: {place}: {member}")
    needed = [name for name in _iam(expanded)[0] if not _SATISFIED_BY.get(name, {name}) & given]
    if uses_macros(template) and not for_change_set and "CAPABILITY_AUTO_EXPAND" not in given:
        needed.append("CAPABILITY_AUTO_EXPAND")
    if needed:
        raise InsufficientCapabilitiesError(f"Requires capabilities : [{', '.join(needed)}]")
