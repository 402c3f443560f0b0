"""The evaluator: every intrinsic function, over values that are known or known after apply.

Source: "Intrinsic function reference" in the user guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from cfn_sandbox.cloudformation.templates import dynamic, functions, outputs, pseudo, references, table
from cfn_sandbox.cloudformation.templates.conditions import OF_CONDITIONS, OF_RULES, Booleans, check_rules, known
from cfn_sandbox.cloudformation.templates.functions import OF_VALUES, is_function, is_scalar, may_be
from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.cloudformation.templates.pseudo import PseudoParameters
from cfn_sandbox.cloudformation.templates.template import ATTRIBUTES, POLICIES, Object, Template
from cfn_sandbox.errors import ValidationError, format_error, template_error
from cfn_sandbox.values import JSON, Reference, Unknown, Value, is_known, text, unknown_from


class Scope:
    """What the evaluator asks for: values that only the stack, the account or the region can tell.

    Each method returns a value, or an Unknown with the reference that asked for it. Each may raise ValidationError.
    In this scope nothing is known yet.
    """

    def ref(self, logical_id: str) -> Value:
        """Return what Ref returns for an active resource of the template."""
        return Unknown((Reference(logical_id),))

    def attribute(self, logical_id: str, name: str) -> Value:
        """Return an attribute (`Endpoint.Port`) of an active resource of the template."""
        return Unknown((Reference(logical_id, name),))

    def import_value(self, name: str) -> Value:  # noqa: ARG002 - nothing is known
        """Return an exported value."""
        return Unknown()

    def availability_zones(self, region: str) -> list[str]:  # noqa: ARG002 - nothing is known
        """Return the names of a region's availability zones."""
        return []


class Evaluator:
    """Evaluates a template. It is lazy: only what is asked for is resolved, and only the taken branch of Fn::If.

    All methods raise ValidationError, and nothing else but what the scope raises. None stands for AWS::NoValue: it is
    left out of objects and lists.

    The template is expanded and checked. What only the stack can tell, the scope is asked each time: nothing is
    remembered. Without a scope, nothing is known.
    """

    def __init__(
        self, template: Template, parameters: Parameters, pseudo: PseudoParameters, scope: Scope | None = None
    ) -> None:
        self.template, self.parameters, self.pseudo = template, parameters, pseudo
        self.scope = scope or Scope()
        self._conditions: dict[str, bool | None] = {}  # None while a condition is being evaluated

    def of(self, template: Template) -> Evaluator:
        """Return an evaluator of another template with the same values."""
        return Evaluator(template, self.parameters, self.pseudo, self.scope)

    def masked(self, mask: Value) -> Evaluator:
        """Return an evaluator with a mask for NoEcho values, but with the conditions that were evaluated without."""
        values, found = {**self.parameters.values}, copy(self)
        for key in self.parameters.hidden:
            values[key] = [mask] if isinstance(values[key], list) else mask
        vars(found).update(parameters=replace(self.parameters, values=values), _conditions={**self._conditions})
        return found

    def condition(self, name: str) -> bool:
        """Return a condition's value."""
        if name not in self._conditions:
            conditions = self.template.section("Conditions")
            if name not in conditions:
                raise no_condition(name)
            self._conditions[name] = None
            try:
                self._conditions[name] = Booleans(self.evaluate, self.condition).holds(conditions[name])
            except RecursionError as error:
                raise template_error(f"The condition {name} depends on too many other conditions.") from error
            finally:
                if self._conditions[name] is None:
                    del self._conditions[name]
        value = self._conditions[name]
        if value is None:
            raise template_error(f"Found circular condition dependency: {name}")
        return value

    def is_active(self, definition: Object) -> bool:
        """Return whether the condition of a resource's or output's definition holds."""
        name = definition.get("Condition")
        return not isinstance(name, str) or self.condition(name)

    def active(self) -> list[str]:
        """Return the logical ids of the resources whose condition holds, in the template's order."""
        return [logical_id for logical_id, one in self.template.resources.items() if self.is_active(one)]

    def properties(self, logical_id: str) -> dict[str, Value]:
        """Return a resource's properties, evaluated. Dynamic references are left as they are."""
        value = self.attribute(logical_id, "Properties")
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise format_error(f"[/Resources/{logical_id}] Every Properties member must be a JSON object.")
        return {**value}

    def attribute(self, logical_id: str, name: str) -> Value:
        """Return an attribute of a resource's definition (`Metadata`, `DeletionPolicy`), evaluated; None without it."""
        return self.evaluate(self.written(logical_id, name))

    def written(self, logical_id: str, *path: str) -> JSON:
        """Return a part of a resource's definition as it is written; None if it isn't there."""
        part: JSON = self.template.resources.get(logical_id)
        for name in path:
            part = part.get(name) if isinstance(part, dict) else None
        return part

    def references(self, logical_id: str, *path: str) -> list[Reference]:
        """Return the references in a resource's definition, or in a part of it, without repetition.

        Only active references count: not those in a branch of Fn::If that isn't taken. Those in Metadata do.
        """
        return [*dict.fromkeys(references.references(self.written(logical_id, *path), self.condition))]

    def dependencies(self, logical_id: str) -> list[str]:
        """Return the logical ids that a resource depends on by reference or DependsOn; only active resources."""
        resources = self.template.resources
        names = dict.fromkeys(references.needed(resources[logical_id], self.condition))
        return [name for name in names if name in resources and self.is_active(resources[name])]

    def order(self) -> list[str]:
        """Return the active resources' logical ids, each after those that it depends on, else as in the template."""
        return in_order({logical_id: self.dependencies(logical_id) for logical_id in self.active()})

    def check(self, lookup: dynamic.Lookup | None = None) -> None:
        """Refuse what CloudFormation refuses as soon as parameters have values, before anything is made.

        That is: assertions of Rules, references to resources whose condition is false, missing map keys, and all that
        evaluating the active resources and outputs shows. `lookup` looks up plain parameters in dynamic references;
        None leaves them for later.
        """
        for name in self.template.section("Conditions"):
            self.condition(name)
        check_rules(self.template.members("Rules"), Booleans(self.evaluate, self.condition, rules=True))
        for block in ("Resources", "Outputs"):
            self._check_references(block)
        self.order()
        for logical_id in self.active():
            self._check_resource(logical_id, lookup)
        outputs.outputs(self)

    def _check_references(self, block: str) -> None:
        active = set(self.active())
        definitions = [one for one in self.template.members(block).values() if self.is_active(one)]
        names = [name for one in definitions for name in references.needed(one, self.condition)]
        # Also by DependsOn: cfn-lint's rule E3005 refuses it, and users work around it (coverage roadmap issue 1015).
        inactive = [name for name in names if name in self.template.resources and name not in active]
        if inactive:
            raise unresolved(inactive, block, is_late=block == "Outputs")

    def _check_resource(self, logical_id: str, lookup: dynamic.Lookup | None) -> None:
        kind = str(self.template.resources[logical_id].get("Type"))
        dynamic.check(kind, self.properties(logical_id), lookup)
        for name in ATTRIBUTES:
            value = self.attribute(logical_id, name)
            if name in POLICIES and value is not None:
                table.check_policy(logical_id, kind, name, value)

    def evaluate(self, part: JSON) -> Value:
        """Return a part of the template, evaluated."""
        if isinstance(part, list):
            items: list[Value] = [value for item in part if (value := self.evaluate(item)) is not None]
            return items
        if not isinstance(part, dict):
            return part
        names = [name for name in part if is_function(name)]
        if names and len(part) == 1:
            return self._function(names[0], part[names[0]])
        if names and (names[0] != "Ref"):
            raise template_error(f"an object with {names[0]} can have no other members")
        evaluated = ((name, self.evaluate(member)) for name, member in part.items())
        members: dict[str, Value] = {name: value for name, value in evaluated if value is not None}
        return members

    def _function(self, name: str, argument: JSON) -> Value:
        if name in OF_VALUES:
            if name in functions.OF_LANGUAGE_EXTENSIONS and not self.template.extended:
                raise table.unsupported_function(name)
            value = self.evaluate(argument)
            match name, argument, value:  # recorded of a list as written: LocalStack's test_change_set_fn_select.py
                case "Fn::Select", [int() | str(), list()], [int() | str() as index, [*members]]:
                    if str(index) not in map(str, range(len(members))):
                        raise table.malformed(name)
            return OF_VALUES[name](value)
        if name in OF_CONDITIONS | OF_RULES:
            raise template_error(f"{name} cannot be partially collapsed")
        special = {
            "Ref": self._ref,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::GetAZs": self._get_azs,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import_value,
            "Fn::Sub": self._sub,
        }
        if name not in special:
            raise table.unsupported_function(name)
        return special[name](argument)

    def _if(self, argument: JSON) -> Value:
        if not isinstance(argument, list) or not argument or not isinstance(argument[0], str):
            raise table.malformed("Fn::If")
        if len(argument) != 3:
            raise template_error("Fn::If requires a list argument with three elements")
        return self._chosen(argument[0], *argument[1:])

    def _chosen(self, condition: str, *branches: JSON) -> Value:
        return self.evaluate(branches[0 if self.condition(condition) else 1])

    def _ref(self, argument: JSON) -> Value:
        if not isinstance(argument, str) or not argument:
            raise table.malformed("Ref")
        return self._named(argument)

    def _named(self, name: str) -> Value:
        if name in self.parameters.values:
            return self.parameters.values[name]
        if name in pseudo.NAMES:
            return self.pseudo.value(name)
        self._check_exists(name)
        return self.scope.ref(name)

    def _check_exists(self, logical_id: str) -> None:
        definition = self.template.resources.get(logical_id)
        if definition is None or not self.is_active(definition):
            raise unresolved([logical_id], "Resources")

    def _get_att(self, argument: JSON) -> Value:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            raise table.malformed("Fn::GetAtt")
        return self._attribute(argument[0], argument[1])

    def _attribute(self, logical_id: str, name: JSON) -> Value:
        evaluated = known(self.evaluate(name))
        if not isinstance(evaluated, str) or not evaluated:
            raise table.malformed("Fn::GetAtt")
        self._check_exists(logical_id)
        return self.scope.attribute(logical_id, evaluated)

    def _sub(self, argument: JSON) -> Value:
        template, mapping = (argument, {}) if isinstance(argument, str) else sub_arguments(argument)
        values: dict[str, Value] = {}
        for name in references.variables(template):
            value = self.evaluate(mapping[name]) if name in mapping else self._variable(name)
            if value is not None and not may_be(value, "string"):
                raise table.malformed("Fn::Sub")
            values[name] = value
        if not is_known(values):
            return unknown_from(values, kind="string")
        texts = {name: text(value) if is_scalar(value) else "" for name, value in values.items()}
        return functions.limited(references.substituted(template, texts.__getitem__))

    def _variable(self, name: str) -> Value:
        reference = references.variable(name)
        if reference.attribute is None:
            return self._named(name)
        return self._attribute(reference.name, reference.attribute)

    def _find_in_map(self, argument: JSON) -> Value:
        if not isinstance(argument, list) or len(argument) not in ({3, 4} if self.template.extended else {3}):
            raise table.malformed("Fn::FindInMap")
        keys = [self.evaluate(part) for part in argument[:3]]
        if not all(may_be(key, "string") for key in keys):
            raise table.malformed("Fn::FindInMap")
        if not is_known(keys):
            return unknown_from(keys)
        name, key, attribute = (text(key) if is_scalar(key) else "" for key in keys)
        if not name or not key or not attribute:
            raise table.malformed("Fn::FindInMap")
        found = find_in_map(self.template.section("Mappings"), name, key, attribute)
        if found is not None:
            return found
        if len(argument) == 4:
            if not isinstance(argument[3], dict) or argument[3].keys() != {"DefaultValue"}:
                raise table.malformed("Fn::FindInMap")
            return self.evaluate(argument[3]["DefaultValue"])
        check_map(self.template, name)
        raise template_error(f"Unable to get mapping for {name}::{key}::{attribute}")

    def _get_azs(self, argument: JSON) -> Value:
        region = self.evaluate(argument)
        if isinstance(region, Unknown) and may_be(region, "string"):
            return unknown_from(region, kind="array")
        if not is_scalar(region):
            raise table.malformed("Fn::GetAZs")
        own = self.pseudo.region  # of another region, AWS returns none
        zones: list[Value] = [*self.scope.availability_zones(own)] if text(region) in {"", own} else []
        return zones

    def _import_value(self, argument: JSON) -> Value:
        name = self.evaluate(argument)
        if not is_scalar(name):
            raise table.malformed("Fn::ImportValue")
        return self.scope.import_value(text(name))


def in_order(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """Return logical ids, each after those that it depends on, else as they are given; ValidationError in a circle."""
    places = {logical_id: place for place, logical_id in enumerate(dependencies)}
    sorter = TopologicalSorter(dependencies)
    try:
        sorter.prepare()
    except CycleError as error:
        listed = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(f"Circular dependency between resources: [{listed}]") from error
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=places.__getitem__)
        order += ready
        sorter.done(*ready)
    return order


def sub_arguments(argument: JSON) -> tuple[str, Mapping[str, JSON]]:
    """Return the text and the mapping of a Fn::Sub with two arguments; a ValidationError says that they are none."""
    if isinstance(argument, list) and len(argument) == 2:
        template, mapping = argument
        if isinstance(template, str) and isinstance(mapping, dict):
            return template, mapping
    raise table.malformed("Fn::Sub")


def find_in_map(mappings: Object, name: str, key: str, attribute: str) -> JSON:
    """Return a value of a mapping; None if it isn't there."""
    second = mappings.get(name)
    attributes = second.get(key) if isinstance(second, dict) else None
    return attributes.get(attribute) if isinstance(attributes, dict) else None


def check_map(template: Template, name: str) -> None:
    """Refuse a mapping that doesn't exist."""
    if name not in template.section("Mappings"):
        raise template_error(f"Mapping named '{name}' is not present in the 'Mappings' section of template.")


def no_condition(name: str) -> ValidationError:
    """Return the error of a condition that doesn't exist."""
    return template_error(f"unresolved condition dependency {name} in Fn::If")


def unresolved(names: list[str], block: str, *, is_late: bool = False) -> ValidationError:
    """Return the error of references to what doesn't exist, or isn't made because its condition is false.

    AWS finds the second kind late in outputs, and says so without a prefix: LocalStack's test_conditions.snapshot.json.
    """
    words = f"Unresolved resource dependencies [{', '.join(sorted(set(names)))}] in the {block} block of the template"
    return ValidationError(words) if is_late else format_error(words)
