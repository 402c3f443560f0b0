"""What ValidateTemplate and GetTemplateSummary say of a template, and the capabilities that it needs.

Sources: ValidateTemplate, GetTemplateSummary and CreateStack in the API reference; "Acknowledging IAM resources in
CloudFormation templates" in the user guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from cfn_sandbox.cloudformation.errors import InsufficientCapabilitiesError, ValidationError
from cfn_sandbox.cloudformation.templates.macros import uses_macros
from cfn_sandbox.cloudformation.templates.parameters import is_hidden
from cfn_sandbox.cloudformation.templates.template import Object, Template
from cfn_sandbox.cloudformation.values import JSON, text

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
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
    described: dict[str, JSON] = {"ParameterKey": key, "NoEcho": is_hidden(declaration)}
    if "Default" in declaration:
        described["DefaultValue"] = text(declaration["Default"])
    if "Description" in declaration:
        described["Description"] = text(declaration["Description"])
    return described


def _constraints(declaration: Object) -> dict[str, JSON]:
    allowed = declaration.get("AllowedValues")
    return {"AllowedValues": [text(value) for value in allowed]} if isinstance(allowed, list) else {}


def _iam(template: Template) -> tuple[list[str], list[str]]:
    """Return the IAM capabilities that a template needs, and the resource types that need them."""
    types, named = [], False
    for definition in template.resources.values():
        kind = str(definition.get("Type"))
        if kind in IAM_NAMES:
            types.append(kind)
            properties = definition.get("Properties")
            named = named or (isinstance(properties, dict) and IAM_NAMES[kind] in properties)
    needed = ["CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"] if types else []
    return needed, sorted(set(types))


def check_capabilities(
    template: Template, expanded: Template, acknowledged: Iterable[str], *, for_change_set: bool
) -> None:
    """Refuse a template that needs capabilities which the request doesn't acknowledge.

    Args:
        template: the template as the user wrote it.
        expanded: the template with its macros expanded.
        acknowledged: the request's Capabilities.
        for_change_set: whether the template is for a change set, which doesn't need CAPABILITY_AUTO_EXPAND.

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
