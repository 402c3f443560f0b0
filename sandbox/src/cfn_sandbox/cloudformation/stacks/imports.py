"""Import: a change set takes existing resources into a stack.

Sources: "Import AWS resources into a CloudFormation stack" in the user guide; ResourceToImport in the API reference.
What is refused in which order, and why a change set fails, was measured against AWS for ministackorg/ministack's
tests/test_cfn_import_change_set.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from cfn_sandbox.cloudformation.stacks.deployment import RETAINED
from cfn_sandbox.cloudformation.stacks.plan import Plan
from cfn_sandbox.cloudformation.stacks.scope import Scope
from cfn_sandbox.cloudformation.stacks.stack import Stack
from cfn_sandbox.cloudformation.stacks.state import Definition
from cfn_sandbox.cloudformation.templates.functions import is_scalar
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.schemas.schema import ResourceSchema, at, put
from cfn_sandbox.values import JSON, Value

Models = dict[str, dict[str, JSON]]  # by logical id: the properties that identify a resource

REVIEW = (
    "Verify that resources and their properties defined in the template match the intended configuration of the"
    " resource import to avoid unexpected changes."
)
"""The reason of an import's change set that can be executed (aws-cloudformation/rain pull request 646)."""

# aws/aws-cdk-cli pull request 1367 quotes it
UNRETAINED = (
    "CloudFormation is attempting to import some resources because they already exist in your account. The resources"
    " must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template for successful"
    " import. The affected resources are {}"
)


def to_import(resources: Sequence[Mapping[str, JSON]], definition: Definition, stack: Stack) -> Models:
    """Return what the request's ResourcesToImport identifies; ValidationError if that can't be imported."""
    types, given = definition.template.types, {str(one["LogicalResourceId"]): one for one in resources}
    if not given:
        raise ValidationError("Must Provide at least one resource to import")
    _refuse_other_sections(stack.definition, definition)
    if len(given) < len(resources):
        raise ValidationError("Every resource to import must have unique LogicalResourceId")
    if unknown := [key for key in given if key not in types]:
        text = f"The logical resource ids [{', '.join(unknown)}] provided in ResourceToImport"
        raise ValidationError(f"{text} do not exist in the template.")
    found: Models = {}
    for key, one in given.items():
        name, wanted, identifier = str(one["ResourceType"]), types[key], one["ResourceIdentifier"]
        found[key] = _model(identifier if isinstance(identifier, dict) else {}, _schema(stack, name))
        if name != wanted:
            text = f"Resource type of [{key}] passed in ResourceToImport does not match with resource type defined in"
            text += f" the template. Resource type in ResourceToImport: {name}; Resource type in Template: {wanted}."
            raise ValidationError(text)
    active = Scope(definition, stack.identity).evaluator().active()
    new = [key for key in active if key not in stack.contents.resources]
    if not new:
        raise ValidationError("The template should contain at least one new resource to import.")
    if old := [key for key in given if key not in new]:
        text = f"Resources [{', '.join(old)}] passed in ResourceToImport are already in a stack"
        raise ValidationError(f"{text} and cannot be imported.")
    if missing := [key for key in new if key not in given]:
        raise ValidationError(f"Resources [{', '.join(missing)}] is missing from ResourceToImport list")
    return found


def _refuse_other_sections(before: Definition, after: Definition) -> None:
    one, other = (each.template.body.get("Outputs") or {} for each in (before, after))
    if one != other or before.tags != after.tags:
        name = "Outputs" if one != other else "Tags"
        raise ValidationError(f"As part of the import operation, you cannot modify or add [{name}]")


def _schema(stack: Stack, name: str) -> ResourceSchema:
    kind = stack.space.readable_type(name)
    if kind is None:
        raise ValidationError(
            f"ResourceTypes [{name}] are not supported for Import (this sandbox imports registered types)"
        )
    return kind.schema


def _model(identifier: Mapping[str, JSON], schema: ResourceSchema) -> dict[str, JSON]:
    """Return the properties of a ResourceIdentifier in the shape of a model."""
    paths = {".".join(path): path for path in schema.primary_identifier}
    if set(identifier) != set(paths):
        text = f"Invalid resource identifier for resource type {schema.name}. Expected [{', '.join(paths)}]"
        raise ValidationError(text)
    model: dict[str, Value] = {}
    for name, value in identifier.items():
        put(model, paths[name], value)
    return cast("dict[str, JSON]", model)


def identifiers(models: Models, definition: Definition, stack: Stack) -> dict[str, str]:
    """Return the physical id of each resource to import, by logical id."""
    types = definition.template.types
    return {key: str(_schema(stack, types[key]).identifier(dict(model))) for key, model in models.items()}


def failure(given: Models, existing: Models, definition: Definition, stack: Stack) -> str | None:
    """Return why a change set fails: a resource can't be read, has no fit DeletionPolicy, or is in a stack; else None.

    ResourcesToImport identifies what is `given`; ImportExistingResources has found what is `existing`.
    """
    types, resources = definition.template.types, definition.template.resources
    for logical_id, model in given.items():
        outcome = stack.space.type_of(types[logical_id]).read(stack.identity.request(logical_id), model)
        if outcome.failure is not None:
            return outcome.failure.message
    if lost := [key for key in existing if resources[key].get("DeletionPolicy") not in RETAINED]:
        pairs = {key: ", ".join(f"{name}={value}" for name, value in existing[key].items()) for key in lost}
        return UNRETAINED.format(", ".join(f"{key} ({{{text}}})" for key, text in pairs.items()))
    for logical_id, physical_id in identifiers(given | existing, definition, stack).items():
        if owner := stack.space.owner(types[logical_id], physical_id):
            return f"{physical_id} already exists in stack {owner.identity.stack_id}"
    return None


def find_existing(definition: Definition, stack: Stack) -> Models:
    """Return the template's new resources that exist already, for ImportExistingResources.

    A resource can be found only if the template gives its whole primary identifier, and its type has a READ handler.
    A READ that fails raises ValidationError.
    """
    found: Models = {}
    evaluation = Scope(definition, stack.identity).evaluator()
    types = definition.template.types
    for logical_id in evaluation.active():
        kind = stack.space.readable_type(types[logical_id])
        if kind is None or logical_id in stack.contents.resources:
            continue
        properties = kind.typed(evaluation.properties(logical_id))
        parts = {".".join(path): at(properties, path) for path in kind.schema.primary_identifier}
        if not parts or not all(map(is_scalar, parts.values())):
            continue
        model = _model({name: str(value) for name, value in parts.items()}, kind.schema)
        outcome = kind.read(stack.identity.request(logical_id), model)
        if outcome.failure is None:
            found[logical_id] = model
        elif outcome.failure.code != "NotFound":
            raise ValidationError(outcome.failure.reason)
    return found


def refuse_other_changes(plan: Plan, definition: Definition) -> None:
    """Refuse an import that would change other resources too, or that lacks a DeletionPolicy: ValidationError."""
    others = [logical_id for logical_id, change in plan.items() if change.action != "Import"]
    if others:
        raise ValidationError(
            f"You have modified resources [{', '.join(others)}] in your template that are not being imported. "
            "Update, create or delete operations cannot be executed during import operations."
        )
    if missing := [key for key in plan if "DeletionPolicy" not in definition.template.resources[key]]:
        text = f"The following resources to import [{', '.join(missing)}] must have DeletionPolicy attribute specified"
        raise ValidationError(f"{text} in the template.")
