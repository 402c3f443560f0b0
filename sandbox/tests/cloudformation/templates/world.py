"""A stack's surroundings for tests of templates: what is known of its resources, and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from cfn_sandbox.cloudformation.templates import parameters
from cfn_sandbox.cloudformation.templates.checking import check
from cfn_sandbox.cloudformation.templates.evaluation import Evaluator, Scope
from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.cloudformation.templates.pseudo import PseudoParameters
from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.errors import CloudFormationError
from cfn_sandbox.values import JSON, Reference, Unknown, Value

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/toys/1"
PSEUDO = PseudoParameters("123456789012", "eu-west-1", STACK_ID, "toys", ("arn:aws:sns:eu-west-1:123456789012:news",))
TOY = "Acme::Test::Toy"


@dataclass
class Known(Scope):
    """A scope that knows some resources and exports. The others are known after apply.

    Attributes:
        identifiers: what Ref returns, by logical id.
        attributes: what Fn::GetAtt returns, by `LogicalId.Attribute`.
        exports: the exported values.
        asked: which resources were asked for.
    """

    identifiers: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str | list[str]] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def ref(self, logical_id: str) -> Value:
        """Return a resource's identifier."""
        self.asked.append(logical_id)
        return self.identifiers.get(logical_id, Unknown((Reference(logical_id),)))

    def attribute(self, logical_id: str, name: str) -> Value:
        """Return a resource's attribute."""
        self.asked.append(f"{logical_id}.{name}")
        value = self.attributes.get(f"{logical_id}.{name}", Unknown((Reference(logical_id, name),)))
        items: list[Value] = [*value] if isinstance(value, list) else []
        return items if isinstance(value, list) else value

    def import_value(self, name: str) -> Value:
        """Return an exported value."""
        return self.exports.get(name, Unknown())

    def availability_zones(self, region: str) -> list[str]:
        """Return two zones."""
        return [f"{region}a", f"{region}b"]


def template(yaml: str, *, extended: bool = False) -> Template:
    """Return a parsed and checked template, as if AWS::LanguageExtensions had made it if it is `extended`."""
    parsed = Template(parse(yaml).body, ("AWS::LanguageExtensions",) if extended else ())
    check(parsed)
    return parsed


def evaluator(yaml: str, values: Mapping[str, str] | None = None, scope: Known | None = None) -> Evaluator:
    """Return the evaluator of a template."""
    parsed = template(yaml)
    return Evaluator(parsed, given(parsed, values or {}), PSEUDO, scope or Known())


def given(parsed: Template, values: Mapping[str, str], stored: Mapping[str, str] | None = None) -> Parameters:
    """Return a template's parameters for the values of a request, and for what Parameter Store has."""
    requested: list[Mapping[str, JSON]] = [{"ParameterKey": key, "ParameterValue": one} for key, one in values.items()]
    return parameters.resolve(parsed, requested, None, (stored or {}).get)


def value_of(part: str, around: str = "", scope: Known | None = None, *, extended: bool = False) -> Value:
    """Return what a property's YAML evaluates to, in a template with a resource `Other` and what is `around`."""
    yaml = (
        f"Resources:\n  Other: {{Type: {TOY}}}\n  It:\n    Type: {TOY}\n    Properties:\n      Value: {part}\n{around}"
    )
    parsed = template(yaml, extended=extended)
    evaluation = Evaluator(parsed, given(parsed, {}), PSEUDO, scope or Known())
    return evaluation.properties("It").get("Value")


def refusal(raised: pytest.ExceptionInfo[CloudFormationError]) -> str:
    """Return the message of a refusal."""
    assert raised.value.code == "ValidationError"
    return raised.value.message
