"""Import: a change set takes existing resources into a stack.

Sources: "Import AWS resources into a CloudFormation stack" in the user guide; ResourceToImport in the API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from cfn_sandbox.cloudformation.catalogue import find_type
from cfn_sandbox.cloudformation.resource import Definition
from cfn_sandbox.cloudformation.resource_type import HandlerFailure, Request, ResourceType
from cfn_sandbox.cloudformation.resources import Resources
from cfn_sandbox.cloudformation.stack import Stack


def to_import(
    resources: Iterable[Mapping[str, Any]], template: Mapping[str, Any], stack: Stack
) -> dict[str, Definition]:
    """Return the resources to import: by logical id, the properties that identify each.

    Args:
        resources: the request's ResourcesToImport.
        template: the template that has the resources.
        stack: the stack that the resources are imported into.

    Raises:
        ValidationError: a resource can't be imported, or there is none.
    """
    found: dict[str, Definition] = {}
    for resource in resources:
        logical_id, definition = resource["LogicalResourceId"], template["Resources"].get(resource["LogicalResourceId"])
        if definition is None or definition["Type"] != resource["ResourceType"]:
            text = f"The template has no resource [{logical_id}] of type {resource['ResourceType']}"
            raise ValidationError(message=text)
        if logical_id in stack.resource_map.live:
            raise ValidationError(message=f"Resource [{logical_id}] is in stack [{stack.name}] already")
        found[logical_id] = _identifier_model(
            resource["ResourceIdentifier"], _importable_type(stack, resource["ResourceType"])
        )
    if not found:
        raise ValidationError(message="At least one resource to import must be provided in ResourcesToImport.")
    missing = [key for key in found if "DeletionPolicy" not in template["Resources"][key]]
    if missing:
        text = f"The following resources to import [{', '.join(missing)}] must have DeletionPolicy attribute specified"
        raise ValidationError(message=f"{text} in the template.")
    return found


def _importable_type(stack: Stack, name: str) -> ResourceType:
    kind = find_type(stack.account_id, stack.region_name, name)
    if kind is None:
        raise ValidationError(
            message=f"ResourceTypes [{name}] are not supported for Import (this sandbox imports registered types)"
        )
    return kind


def _identifier_model(identifier: Mapping[str, str], kind: ResourceType) -> Definition:
    """Return the properties of a ResourceIdentifier in the shape of a model."""
    paths = {".".join(path): path for path in kind.identifier_paths}
    if set(identifier) != set(paths):
        text = (
            f"Invalid ResourceIdentifier for {kind.name}: it needs [{', '.join(paths)}], not [{', '.join(identifier)}]"
        )
        raise ValidationError(message=text)
    model: Definition = {}
    for name, value in identifier.items():
        inner = model
        for key in paths[name][:-1]:
            inner = inner.setdefault(key, {})
        inner[paths[name][-1]] = value
    return model


def identifiers(models: Mapping[str, Definition], template: Mapping[str, Any], stack: Stack) -> dict[str, str]:
    """Return the primary identifier of each resource to import, by logical id."""
    kinds = {key: _importable_type(stack, template["Resources"][key]["Type"]) for key in models}
    return {key: str(kinds[key].identifier(model)) for key, model in models.items()}


def find_existing(resources: Resources, stack: Stack) -> dict[str, Definition]:
    """Return the template's new resources that exist already, for ImportExistingResources.

    A resource can be found only if the template gives its whole primary identifier. Only types in the catalogue are
    looked up, not moto's own.
    """
    found: dict[str, Definition] = {}
    for logical_id, definition in resources.template["Resources"].items():
        kind = find_type(stack.account_id, stack.region_name, definition["Type"])
        if kind is None or logical_id in stack.resource_map.live or "DeletionPolicy" not in definition:
            continue
        properties = kind.typed(resources.resolve(logical_id)["Properties"])
        if kind.identifier(properties) is None:
            continue
        identifier = _identifier_model({".".join(path): _at(properties, path) for path in kind.identifier_paths}, kind)
        request = Request(stack.account_id, stack.region_name, stack.stack_id, logical_id)
        try:
            kind.handle("READ", request, {}, model=identifier)
        except HandlerFailure as failure:
            if failure.code != "NotFound":
                raise ValidationError(message=str(failure)) from failure
        else:
            found[logical_id] = identifier
    return found


def _at(properties: Mapping[str, Any], path: list[str]) -> str:
    value: Any = properties
    for key in path:
        value = value[key]
    return str(value)


def refuse_other_changes(changes: Iterable[Mapping[str, Any]]) -> None:
    """Refuse an import that would change other resources too.

    Raises:
        ValidationError: with CloudFormation's wording.
    """
    others = [change["LogicalResourceId"] for change in changes if change["Action"] != "Import"]
    if others:
        raise ValidationError(
            message=f"You have modified resources [{', '.join(others)}] in your template that are not being imported. "
            "Update, create or delete operations cannot be executed during import operations."
        )
