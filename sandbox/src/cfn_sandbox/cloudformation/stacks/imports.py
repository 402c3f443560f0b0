"""Import: a change set takes existing resources into a stack.

Sources: "Import AWS resources into a CloudFormation stack" in the user guide; ResourceToImport in the API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from cfn_sandbox.cloudformation.stacks.plan import Plan
from cfn_sandbox.cloudformation.stacks.scope import Scope
from cfn_sandbox.cloudformation.stacks.stack import Stack
from cfn_sandbox.cloudformation.stacks.state import Definition
from cfn_sandbox.cloudformation.templates.functions import is_scalar
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.schemas.schema import ResourceSchema, at, put
from cfn_sandbox.values import JSON, Value

Models = dict[str, dict[str, JSON]]  # by logical id: the properties that identify a resource


def to_import(resources: Iterable[Mapping[str, JSON]], definition: Definition, stack: Stack) -> Models:
    """Return what the request's ResourcesToImport identifies; ValidationError if that can't be imported."""
    found: Models = {}
    types = definition.template.types
    for resource in resources:
        logical_id, name = str(resource["LogicalResourceId"]), str(resource["ResourceType"])
        if types.get(logical_id) != name:
            raise ValidationError(f"The template has no resource [{logical_id}] of type {name}")
        if logical_id in stack.contents.resources:
            raise ValidationError(f"Resource [{logical_id}] is in stack [{stack.identity.name}] already")
        identifier = resource["ResourceIdentifier"]
        found[logical_id] = _model(identifier if isinstance(identifier, dict) else {}, _schema(stack, name))
    if not found:
        raise ValidationError("At least one resource to import must be provided in ResourcesToImport.")
    missing = [key for key in found if "DeletionPolicy" not in definition.template.resources[key]]
    if missing:
        text = f"The following resources to import [{', '.join(missing)}] must have DeletionPolicy attribute specified"
        raise ValidationError(f"{text} in the template.")
    return found


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
        text = f"it needs [{', '.join(paths)}], not [{', '.join(identifier)}]"
        raise ValidationError(f"Invalid ResourceIdentifier for {schema.name}: {text}")
    model: dict[str, Value] = {}
    for name, value in identifier.items():
        put(model, paths[name], value)
    return cast("dict[str, JSON]", model)


def identifiers(models: Models, definition: Definition, stack: Stack) -> dict[str, str]:
    """Return the physical id of each resource to import, by logical id; ValidationError if a stack has it already."""
    types = definition.template.types
    found = {key: str(_schema(stack, types[key]).identifier(dict(model))) for key, model in models.items()}
    for logical_id, physical_id in found.items():
        if owner := stack.space.owner(types[logical_id], physical_id):
            text = f"The resource to import [{logical_id}] is in stack [{owner.identity.name}] already"
            raise ValidationError(f"{text}: remove it there first, with a DeletionPolicy of Retain.")
    return found


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
        has_policy = "DeletionPolicy" in definition.template.resources[logical_id]
        if kind is None or logical_id in stack.contents.resources or not has_policy:
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


def refuse_other_changes(plan: Plan) -> None:
    """Refuse an import that would change other resources too: ValidationError."""
    others = [logical_id for logical_id, change in plan.items() if change.action != "Import"]
    if others:
        raise ValidationError(
            f"You have modified resources [{', '.join(others)}] in your template that are not being imported. "
            "Update, create or delete operations cannot be executed during import operations."
        )
