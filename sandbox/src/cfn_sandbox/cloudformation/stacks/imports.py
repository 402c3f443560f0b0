"""Import: a change set takes existing resources into a stack.

Sources: "Import AWS resources into a CloudFormation stack" in the user guide; ResourceToImport in the API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cfn_sandbox.cloudformation.errors import ValidationError
from cfn_sandbox.cloudformation.stacks.plan import Plan
from cfn_sandbox.cloudformation.stacks.stack import Stack
from cfn_sandbox.cloudformation.stacks.state import Definition
from cfn_sandbox.cloudformation.stacks.submission import evaluator, scope_of, types_of
from cfn_sandbox.cloudformation.types.catalogue import find_type
from cfn_sandbox.cloudformation.types.interface import ResourceType
from cfn_sandbox.cloudformation.values import JSON, Value
from cfn_sandbox.schemas.schema import ResourceSchema, at

Models = dict[str, dict[str, JSON]]  # by logical id: the properties that identify a resource


def to_import(resources: Iterable[Mapping[str, JSON]], definition: Definition, stack: Stack) -> Models:
    """Return the resources to import: by logical id, the properties that identify each.

    Args:
        resources: the request's ResourcesToImport.
        definition: what the stack shall be.
        stack: the stack that the resources are imported into.

    Raises:
        ValidationError: a resource can't be imported, or there is none.
    """
    found: Models = {}
    types = types_of(definition.template)
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


def _importable(stack: Stack, name: str) -> ResourceType | None:
    kind = find_type(stack.identity.account, stack.identity.region, name)
    return kind if kind is not None and kind.supports("READ") else None


def _schema(stack: Stack, name: str) -> ResourceSchema:
    kind = _importable(stack, name)
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
    model: dict[str, JSON] = {}
    for name, value in identifier.items():
        inner = model
        for key in paths[name][:-1]:
            member = inner.setdefault(key, {})
            inner = member if isinstance(member, dict) else {}
        inner[paths[name][-1]] = value
    return model


def identifiers(models: Models, definition: Definition, stack: Stack) -> dict[str, str]:
    """Return the physical id of each resource to import, by logical id."""
    types = types_of(definition.template)
    return {key: str(_schema(stack, types[key]).identifier(dict(model))) for key, model in models.items()}


def refuse_owned(identifiers: Mapping[str, str], definition: Definition, stack: Stack) -> None:
    """Refuse to import resources that another stack has.

    Args:
        identifiers: the physical ids of the resources to import, by logical id.
        definition: what the stack shall be.
        stack: the stack that the resources are imported into.

    Raises:
        ValidationError: a resource is in a stack already.
    """
    types = types_of(definition.template)
    for other in stack.steps.space.live():
        owned = {(one.kind, one.physical_id) for one in list(other.contents.resources.values())}
        for logical_id, physical_id in identifiers.items():
            if (types[logical_id], physical_id) in owned:
                text = f"The resource to import [{logical_id}] is in stack [{other.identity.name}] already"
                raise ValidationError(f"{text}: remove it there first, with a DeletionPolicy of Retain.")


def find_existing(definition: Definition, stack: Stack) -> Models:
    """Return the template's new resources that exist already, for ImportExistingResources.

    A resource can be found only if the template gives its whole primary identifier, and its type has a READ handler.

    Raises:
        ValidationError: a READ failed.
    """
    found: Models = {}
    evaluation = evaluator(definition, stack.identity, scope_of(definition, stack.steps.space, stack.identity))
    types = types_of(definition.template)
    for logical_id in evaluation.active():
        kind = _importable(stack, types[logical_id])
        has_policy = "DeletionPolicy" in definition.template.resources[logical_id]
        if kind is None or logical_id in stack.contents.resources or not has_policy:
            continue
        properties = kind.typed(evaluation.properties(logical_id))
        parts: dict[str, Value] = {
            ".".join(path): at(dict(properties), path) for path in kind.schema.primary_identifier
        }
        known = {name: value for name, value in parts.items() if isinstance(value, str | int | float)}
        if not parts or len(known) < len(parts):
            continue
        model = _model({name: str(value) for name, value in known.items()}, kind.schema)
        outcome = kind.read(stack.identity.request(logical_id, {}), model)
        if outcome.failure is None:
            found[logical_id] = model
        elif outcome.failure.code != "NotFound":
            raise ValidationError(outcome.failure.reason)
    return found


def refuse_other_changes(plan: Plan) -> None:
    """Refuse an import that would change other resources too.

    Raises:
        ValidationError: in CloudFormation's words.
    """
    others = [logical_id for logical_id, change in plan.changes.items() if change.action != "Import"]
    if others:
        raise ValidationError(
            f"You have modified resources [{', '.join(others)}] in your template that are not being imported. "
            "Update, create or delete operations cannot be executed during import operations."
        )
