"""Checks a template: what CloudFormation refuses at once, before parameters have values.

Sources: "Template anatomy" and "CloudFormation quotas" in the user guide; for the words, validations of AWS that
LocalStack recorded (tests/aws/services/cloudformation), and messages that users quote.
"""

from __future__ import annotations

import re
from typing import cast

from cfn_sandbox.cloudformation.templates import dynamic, forms, parameter_types, pseudo, table
from cfn_sandbox.cloudformation.templates.conditions import OF_CONDITIONS
from cfn_sandbox.cloudformation.templates.evaluation import in_order, unresolved
from cfn_sandbox.cloudformation.templates.forms import Forms
from cfn_sandbox.cloudformation.templates.functions import is_scalar
from cfn_sandbox.cloudformation.templates.macros import uses_macros
from cfn_sandbox.cloudformation.templates.outputs import is_export_name, malformed_export, not_a_text
from cfn_sandbox.cloudformation.templates.references import depends_on, needed, references
from cfn_sandbox.cloudformation.templates.template import POLICIES, Object, Template
from cfn_sandbox.errors import ValidationError, format_error, template_error
from cfn_sandbox.values import JSON, objects, text

LIMITS = {"Mappings": 200, "Outputs": 200, "Parameters": 200, "Resources": 500}
MAXIMUM_ATTRIBUTES = 200  # of a mapping, and of each of its keys (cfn-lint's schema of mappings)
MAXIMUM_NAME_LENGTH = 255
MAXIMUM_DESCRIPTION_BYTES = 1024
_ALPHANUMERIC = re.compile("[A-Za-z0-9]+")
_STACK_NAME = re.compile("[a-zA-Z][-a-zA-Z0-9]*")


def check(template: Template) -> None:
    """Refuse a template with wrong sections, members, functions, references or circular dependencies.

    ValidationError has AWS's words, where they are known. A template that has macros yet to be expanded is checked as
    far as possible: its sections and parameters. Types, attributes and properties are the business of resource_types/.
    """
    _check_sections(template)
    _check_parameters(template)
    if uses_macros(template):
        return
    _check_mappings(template.section("Mappings"))
    _check_conditions(template)
    _check_rules(template)
    _check_resources(template)
    _check_outputs(template)
    _check_references(template)


def check_stack_name(name: str) -> None:
    """Refuse a stack name that CloudFormation refuses: ValidationError."""
    words = f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must"
    if not _STACK_NAME.fullmatch(name):
        raise ValidationError(f"{words} satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
    if len(name) > 128:
        raise ValidationError(f"{words} have length less than or equal to 128")


def _check_sections(template: Template) -> None:
    sections = [name for name in template.body if not name.startswith("Fn::Transform")]
    if "Globals" in sections and "AWS::Serverless-2016-10-31" in template.transforms:
        sections.remove("Globals")
    table.check("sections", sections)
    version = template.body.get("AWSTemplateFormatVersion", "2010-09-09")
    if version != "2010-09-09":
        raise format_error("unsupported value for AWSTemplateFormatVersion.")
    if not isinstance(template.body.get("Description", ""), str):
        raise format_error("Description must be a string.")
    _check_length("Description", template.body)
    for name in ("Resources", "Conditions", "Mappings", "Outputs", "Parameters", "Rules"):
        section = template.body.get(name, {})
        if not isinstance(section, dict):
            raise format_error(f"Any {name} member must be an object.")
        if len(section) > LIMITS.get(name, len(section)):
            counted = f"Number of {name.lower()}, {len(section)}, is greater than maximum allowed, {LIMITS[name]}"
            raise format_error(counted)


def _check_length(described: str, part: Object) -> None:
    if len(str(part.get("Description", "")).encode()) > MAXIMUM_DESCRIPTION_BYTES:
        raise format_error(f"{described} must be no longer than {MAXIMUM_DESCRIPTION_BYTES} bytes")


def _check_name(described: str, name: str) -> None:
    if not _ALPHANUMERIC.fullmatch(name):
        raise format_error(f"{described} is non alphanumeric.")
    if len(name) > MAXIMUM_NAME_LENGTH:  # "CloudFormation quotas" in the user guide; AWS's words aren't known
        raise format_error(f"{described} must be no longer than {MAXIMUM_NAME_LENGTH} characters.")


def _check_parameters(template: Template) -> None:
    for key, declaration in template.section("Parameters").items():
        _check_name(f"Parameter name {key}", key)
        if not isinstance(declaration, dict):
            raise format_error("Any Parameters member must be a JSON object.")
        table.check("parameter", declaration)
        for name in declaration.keys() - {"AllowedValues"}:
            if not is_scalar(declaration[name]):
                raise format_error(f"Every {name} member must be a string.")
        if text(declaration.get("NoEcho", False)).lower() not in {"true", "false"}:
            raise format_error("Every NoEcho member must be true or false.")
        allowed = declaration.get("AllowedValues", [])
        if not isinstance(allowed, list) or not all(map(is_scalar, allowed)):
            raise format_error("Every AllowedValues value must be a string.")
        parameter_types.check_constraints(key, declaration)


def _check_count(described: str, attributes: Object) -> None:
    if len(attributes) > MAXIMUM_ATTRIBUTES:  # AWS's words aren't known
        counted = f"Number of attributes of {described}, {len(attributes)}"
        raise format_error(f"{counted}, is greater than maximum allowed, {MAXIMUM_ATTRIBUTES}")


def _check_mappings(mappings: Object) -> None:
    for name, keys in mappings.items():
        _check_name(f"Mappings name '{name}'", name)
        if not isinstance(keys, dict):
            raise format_error(f"Every Mappings member {name} must be a map")
        _check_count(f"mapping {name}", keys)
        for key, attributes in keys.items():
            if not isinstance(attributes, dict):
                raise format_error(f"Every Mappings member {key} must be a map")
            _check_count(f"{name}::{key}", attributes)
            for attribute, value in attributes.items():
                if not is_scalar(value) and not (isinstance(value, list) and all(map(is_scalar, value))):
                    raise format_error("Every Mappings attribute must be a String or a List.")
                if not _ALPHANUMERIC.fullmatch(attribute):
                    words = f"Mappings attribute name '{attribute}' must contain only alphanumeric characters."
                    raise format_error(words)


def _check_conditions(template: Template) -> None:
    conditions, checked = template.section("Conditions"), Forms(template)
    for name, condition in conditions.items():
        _refuse_resources(condition, template, "Conditions")
        dynamic.refuse(condition, f"the condition {name}")
        checked.check_boolean(condition)
        for one in objects(condition):
            other = one.get("Condition")
            if isinstance(other, str) and other not in conditions:
                raise format_error(f"Unresolved condition dependency {other} in the Conditions block of the template")


def _refuse_resources(part: JSON, template: Template, block: str) -> None:
    names = template.section("Parameters").keys() | pseudo.NAMES
    if found := sorted({reference.name for reference in references(part)} - names):
        words = f"Unresolved dependencies [{', '.join(found)}]. Cannot reference resources in the {block} block"
        raise format_error(f"{words} of the template")


def _check_rules(template: Template) -> None:
    for name, rule in template.section("Rules").items():
        assertions = rule.get("Assertions") if isinstance(rule, dict) else None
        if not isinstance(rule, dict) or not isinstance(assertions, list):
            raise format_error(f"[/Rules/{name}] Every Rules object must contain an Assertions list.")
        table.check("rule", rule)
        _refuse_resources(rule, template, "Rules")
        dynamic.refuse(rule, f"the rule {name}")
        asserted: list[JSON] = [rule["RuleCondition"]] if "RuleCondition" in rule else []
        for assertion in assertions:
            if not isinstance(assertion, dict) or "Assert" not in assertion:
                raise format_error(f"[/Rules/{name}] Every Assertions object must contain an Assert member.")
            table.check("assertion", assertion)
            asserted.append(assertion["Assert"])
        for part in asserted:
            Forms(template).check_boolean(part, rules=True)


def _check_resources(template: Template) -> None:
    resources = template.section("Resources")
    if not resources:
        raise format_error("At least one Resources member must be defined.")
    if common := sorted(resources.keys() & template.section("Parameters").keys()):
        words = "all resources and parameters must have unique names. Common name(s)"
        raise template_error(f"{words}:[{', '.join(common)}]")
    for logical_id, definition in resources.items():
        _check_name(f"Resource name {logical_id}", logical_id)
        if not isinstance(definition, dict):
            raise format_error(f"[/Resources/{logical_id}] resource definition is malformed")
        _check_resource(logical_id, definition, template)


def _check_resource(logical_id: str, definition: Object, template: Template) -> None:
    kind = definition.get("Type")
    if not isinstance(kind, str):
        raise format_error(f"[/Resources/{logical_id}] Every Resources object must contain a Type member.")
    if "Condition" not in definition:  # else only if the condition holds, which values of parameters decide
        table.refuse("types", kind)
    table.check("resource", definition)
    _check_condition(definition, template, "Resources")
    others = definition.get("DependsOn", [])
    if not isinstance(others, (str, list)):
        raise format_error("DependsOn must be a string or list of strings.")
    if isinstance(others, list) and not all(isinstance(other, str) for other in others):
        raise format_error("Every DependsOn value must be a string.")
    if not isinstance(definition.get("Properties", {}), dict):
        raise format_error(f"[/Resources/{logical_id}/Properties] Every Properties member must be a JSON object.")
    for name in sorted(definition.keys() & POLICIES):
        _refuse_resources(definition[name], template, name)
        if isinstance(definition[name], str):
            table.check_policy(logical_id, kind, name, definition[name])
        elif not forms.is_function_call(definition[name]):
            raise format_error(f"Every {name} member must be a string.")
    Forms(template).evaluate({name: definition[name] for name in definition if name not in {"Condition", "DependsOn"}})


def _check_condition(definition: Object, template: Template, block: str) -> None:
    condition = definition.get("Condition")
    if condition is not None and not isinstance(condition, str):
        raise format_error("Every Condition member must be a string.")
    if condition is not None and condition not in template.section("Conditions"):
        raise format_error(f"Unresolved condition dependency {condition} in the {block} block of the template")


def _check_outputs(template: Template) -> None:
    for key, output in template.section("Outputs").items():
        _check_name(f"Output name {key}", key)
        if not isinstance(output, dict) or "Value" not in output:
            raise format_error("Every Outputs member must contain a Value object")
        table.check("output", output)
        _check_condition(output, template, "Outputs")
        if not isinstance(output.get("Description", ""), str):
            raise format_error("Every Description member must be a string.")
        _check_length(f"Description of output {key}", output)
        export = output.get("Export", {"Name": "none"})
        if not isinstance(export, dict) or export.keys() != {"Name"}:
            raise malformed_export(key)
        if not is_export_name(export["Name"]) and not forms.is_function_call(export["Name"]):
            raise malformed_export(key)
        dynamic.refuse(output, f"the output {key}")
        if isinstance(output["Value"], dict) and output["Value"].keys() & OF_CONDITIONS:
            raise not_a_text()
        for part in (output["Value"], export):
            Forms(template).evaluate(part)
        if not is_scalar(output["Value"]) and not forms.is_function_call(output["Value"]):
            raise not_a_text()


def _check_references(template: Template) -> None:
    known = template.resources.keys() | template.section("Parameters").keys() | pseudo.NAMES
    for block in ("Resources", "Outputs"):
        found = [one for part in template.section(block).values() for one in references(part)]
        for reference in found:
            if reference.attribute is not None and reference.name not in template.resources:
                words = "instance of Fn::GetAtt references undefined resource"
                raise template_error(f"{words} {reference.name}")
        missing = [reference.name for reference in found if reference.name not in known]
        if block == "Resources":
            needed = (name for one in template.resources.values() for name in depends_on(one))
            missing += [name for name in needed if name not in template.resources]
        if missing:
            raise unresolved(missing, block)
    _refuse_cycles(template.resources)


def _refuse_cycles(resources: dict[str, Object]) -> None:
    """Refuse resources that depend on each other whatever the conditions say: outside of Fn::If."""
    certain = {key: cast("Object", forms.without_branches(one)) for key, one in resources.items()}
    in_order({key: {*needed(one)} & resources.keys() for key, one in certain.items()})
