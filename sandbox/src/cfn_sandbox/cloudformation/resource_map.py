"""A template's resources in one stack: in dependency order, with their references resolved.

moto creates a resource when a reference first reads it. Here a reference only finds resources that exist already.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.ssm.models import ssm_backends

from cfn_sandbox.cloudformation.catalogue import find_type
from cfn_sandbox.cloudformation.references import references
from cfn_sandbox.cloudformation.resource import NOMINAL_TYPES, AnyResource, Definition, Place
from cfn_sandbox.cloudformation.resource_type import ResourceType

JSON = Any


class ResourceMap(parsing.ResourceMap):
    """moto's map of a template's resources, changed so that it creates none of them.

    Args:
        place: the stack's account, region, id and name.
        template: a template as `templates.parse` returns it; an empty one for a stack without resources.
        parameters: the values given for the template's parameters.
        tags: the stack's tags.
        exports: the exports of all stacks in the account and region, by name.

    Raises:
        ValidationError: the template has an unknown type, or moto refuses it.
    """

    def __init__(
        self,
        place: Place,
        template: Definition,
        parameters: dict[str, Any],
        tags: dict[str, str],
        exports: dict[str, parsing.Export],
    ) -> None:
        super().__init__(
            place.stack_id,
            place.stack_name,
            parameters,
            tags,
            region_name=place.region,
            account_id=place.account,
            template=template,
            cross_stack_resources=exports,
        )
        self.place = place
        self.template = template
        self._refuse_unknown_types()
        self.load()

    def find_type(self, name: str) -> ResourceType | None:
        """Return the type that the catalogue has for this name in the stack's account and region; else None."""
        return find_type(self._account_id, self._region_name, name)

    def _refuse_unknown_types(self) -> None:
        names = {definition["Type"] for definition in self._resource_json_map.values()}
        known = {*parsing.get_model_map(), *NOMINAL_TYPES}
        unknown = sorted(name for name in names if name not in known and not self.find_type(name))
        if unknown:
            message = f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
            if any(name.startswith("AWS::") for name in unknown):
                message += " (this sandbox supports only some of AWS's own types: guides/sandbox.md says which)"
            raise ValidationError(message=message)

    def parse_ssm_parameter(self, value: str, value_type: str) -> Any:  # noqa: ANN401 - a string or a list of strings
        """Return the value that Parameter Store has under a name. moto's own method crashes if there is none."""
        parameter = ssm_backends[self._account_id][self._region_name].get_parameter(value)
        if parameter is None:
            text = f"Unable to fetch parameters [{value}] from parameter store for this account."
            raise ValidationError(message=text)
        return parameter.value.split(",") if "List" in value_type else parameter.value

    def validate_outputs(self) -> None:
        """Refuse an output of an attribute that a type in the catalogue lacks. moto checks its own types later."""
        for output in (self.template.get("Outputs") or {}).values():
            value = output.get("Value")
            logical_id, name = value["Fn::GetAtt"] if isinstance(value, dict) and "Fn::GetAtt" in value else ("", "")
            kind = self.find_type(self._resource_json_map.get(logical_id, {}).get("Type", ""))
            if kind and not kind.has_attribute(name):
                message = UnformattedGetAttTemplateException.description.format(logical_id, name)
                raise ValidationError(message=message)

    def __getitem__(self, key: str) -> AnyResource | JSON:
        """Return a parameter, a mapping or a resource; None for a resource that doesn't exist (yet).

        moto's method would create the resource. One whose condition is false never exists.
        """
        if key in self._parsed_resources:
            return self._parsed_resources[key]
        if key not in self._resource_json_map:
            raise ValidationError(message=f"Template format error: Unresolved resource dependencies [{key}]")
        return None

    def order(self) -> list[str]:
        """Return the logical ids of the resources that the template wants, in dependency order."""
        graph = {
            key: self.dependencies(definition)
            for key, definition in self._resource_json_map.items()
            if "Condition" not in definition or self.lazy_condition_map[definition["Condition"]]
        }
        return [key for key in TopologicalSorter(graph).static_order() if key in graph]

    def resolve(self, logical_id: str) -> Definition:
        """Return a resource's definition, with its references resolved as far as they are known."""
        return {"Properties": {}} | dict(parsing.clean_json(self._resource_json_map[logical_id], self))

    def set_placeholder(self, logical_id: str, resource: AnyResource) -> None:
        """Resolve references to a resource with this placeholder from now on."""
        self._parsed_resources[logical_id] = resource

    @property
    def no_echo_parameters(self) -> set[str]:
        """The names of the NoEcho parameters, whose values must not be shown."""
        declarations = self.template.get("Parameters") or {}
        return {
            key for key, declaration in declarations.items() if str(declaration.get("NoEcho", False)).lower() == "true"
        }

    def parameter_differs(self, name: str, before: ResourceMap) -> bool:
        """Return whether a parameter exists and its value differs from the previous one."""
        parameters = self.resolved_parameters
        return name in parameters and parameters[name] != before.resolved_parameters.get(name)

    def dependencies(self, definition: Definition) -> list[str]:
        """Return the logical ids that a resource depends on, by DependsOn or by reference."""
        others = definition.get("DependsOn", [])
        names = [others] if isinstance(others, str) else list(others)
        names += [reference.name for reference in references(definition, self.lazy_condition_map)]
        return [name for name in names if name in self._resource_json_map]
