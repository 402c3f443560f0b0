"""Properties of the evaluator, for any template of a grammar that covers every function."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from cfn_sandbox.cloudformation.templates import language_extensions
from cfn_sandbox.cloudformation.templates.checking import check
from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import JSON, Unknown, Value, is_known, unknowns
from sandbox.tests.cloudformation.templates.world import PSEUDO, TOY, Known

Strategy = st.SearchStrategy[JSON]

NAMES: list[Value] = ["10.0.0.0/16", "b", "1"]
PARAMETERS = Parameters(values={"Name": "bear/2", "Names": NAMES, "Region": "eu-west-1"})
SECTIONS: dict[str, JSON] = {
    "Parameters": {name: {"Type": "String"} for name in PARAMETERS.values},
    "Mappings": {"Map": {"eu-west-1": {"text": "t/u", "list": ["x", "y"]}}},
    "Conditions": {
        "Holds": {"Fn::Equals": ["a", "a"]},
        "Fails": {"Fn::Or": [{"Fn::Not": [{"Condition": "Holds"}]}, {"Fn::Equals": [{"Ref": "Name"}, 1]}]},
    },
}
KNOWN = Known({"Other": "toy/1"}, {"Other.Arn": "arn/1", "Other.List": ["l/1", "m"]}, {"shared": "s/1"})


def function(name: str, *arguments: Strategy) -> Strategy:
    """Return calls of a function with a list of arguments."""
    return st.tuples(*arguments).map(lambda values: {name: [*values]})


def call(name: str, argument: Strategy) -> Strategy:
    """Return calls of a function with one argument."""
    return argument.map(lambda value: {name: value})


SCALARS: Strategy = st.sampled_from(["", "a/b", "é,x", 7, 1.5, True, "{{resolve:ssm:/a}}"])
TEXTS: Strategy = st.deferred(
    lambda: st.one_of(
        SCALARS,
        st.sampled_from(["Name", "Region", "AWS::StackName", "AWS::NoValue", "Other"]).map(lambda name: {"Ref": name}),
        st.just({"Fn::GetAtt": ["Other", "Arn"]}),
        st.sampled_from(["${Name}", "${Other}-${!Other}", "${Other.Arn}", "$${AWS::Region}"]).map(
            lambda text: {"Fn::Sub": text}
        ),
        TEXTS.map(lambda value: {"Fn::Sub": ["${it}:${Name}", {"it": value}]}),
        function("Fn::Join", st.sampled_from(["", "-"]), LISTS),
        function("Fn::Select", st.integers(0, 2), LISTS),
        function("Fn::If", st.sampled_from(["Holds", "Fails"]), TEXTS, TEXTS),
        st.just({"Fn::FindInMap": ["Map", {"Ref": "Region"}, "text"]}),
        TEXTS.map(lambda key: {"Fn::FindInMap": ["Map", key, "text", {"DefaultValue": "default"}]}),
        call("Fn::Base64", TEXTS),
        st.just({"Fn::ImportValue": "shared"}),
        call("Fn::ToJsonString", st.one_of(OBJECTS, LISTS)),
        call("Fn::Length", LISTS),
    )
)
LISTS: Strategy = st.deferred(
    lambda: st.one_of(
        st.lists(TEXTS, max_size=3),
        st.sampled_from([{"Ref": "Names"}, {"Ref": "AWS::NotificationARNs"}, {"Fn::GetAtt": ["Other", "List"]}]),
        function("Fn::Split", st.sampled_from(["/", ","]), TEXTS),
        call("Fn::GetAZs", st.sampled_from(["", {"Ref": "Region"}, {"Ref": "Other"}])),
        function("Fn::Cidr", st.sampled_from(["10.0.0.0/16", {"Ref": "Other"}]), st.integers(1, 3), st.just(8)),
        function("Fn::If", st.sampled_from(["Holds", "Fails"]), LISTS, LISTS),
        st.just({"Fn::FindInMap": ["Map", "eu-west-1", "list"]}),
    )
)
OBJECTS: Strategy = st.deferred(lambda: st.dictionaries(st.sampled_from(["a", "b", "Condition"]), VALUES, max_size=2))
VALUES: Strategy = st.one_of(TEXTS, LISTS, OBJECTS)

FUNCTIONS = [
    *("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::Join", "Fn::Split", "Fn::Select", "Fn::If", "Fn::FindInMap", "Fn::Base64"),
    *("Fn::Cidr", "Fn::GetAZs", "Fn::ImportValue", "Fn::ToJsonString", "Fn::Length", "Fn::Equals", "Fn::Nothing"),
]
WILD: Strategy = st.recursive(
    st.one_of(SCALARS, st.sampled_from(["Other", "Name", "Names", "Holds", "Map", "${Other.X}", "${", "Nope", "-1"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([*FUNCTIONS, "a", "Condition", "DefaultValue"]), inner, max_size=2),
        st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda pair: {pair[0]: pair[1]}),
    ),
    max_leaves=12,
)


def evaluate(value: JSON, scope: Known) -> Value:
    """Return a property's value, evaluated in a checked template."""
    resources: JSON = {"Other": {"Type": TOY}, "It": {"Type": TOY, "Properties": {"Value": value}}}
    template = Template({**SECTIONS, "Resources": resources}, ("AWS::LanguageExtensions",))
    check(template)
    return Evaluator(template, PARAMETERS, PSEUDO, scope).properties("It").get("Value")


def agree(before: Value, after: Value) -> None:
    """Compare a value before apply with the same value after it: unknown parts are filled in, the others are equal."""
    if isinstance(before, Unknown):
        expected = {"string": str, "array": list, "integer": int, "object": dict, None: object}[before.kind]
        assert isinstance(after, expected)
    elif isinstance(before, list):
        assert isinstance(after, list)
        assert len(before) == len(after)
        for one, other in zip(before, after, strict=True):
            agree(one, other)
    elif isinstance(before, dict):
        assert isinstance(after, dict)
        assert before.keys() == after.keys()
        for key, member in before.items():
            agree(member, after[key])
    else:
        assert before == after


def outcome(value: JSON, scope: Known) -> tuple[Value, str]:
    """Return what a property evaluates to, or the message of the refusal."""
    try:
        return evaluate(value, scope), ""
    except ValidationError as refused:
        return None, refused.message


@settings(deadline=None, max_examples=150)
@given(VALUES)
def test_what_is_known_before_apply_stays(value: JSON) -> None:
    """What is known, or refused, while resources are unknown is so when they are known, and all is known then."""
    unknown = Known()
    before, refused = outcome(value, unknown)
    after, refused_later = outcome(value, KNOWN)
    if refused:
        assert refused_later
    elif refused_later:
        assert unknown.asked or "Fn::ImportValue" in json.dumps(value)
    else:
        assert is_known(after)
        agree(before, after)
        references = {str(reference) for part in unknowns(before) for reference in part.references}
        assert references <= {*unknown.asked}


@settings(deadline=None, max_examples=100)
@given(VALUES)
def test_what_language_extensions_replace_evaluates_to_the_same(value: JSON) -> None:
    """The values that AWS::LanguageExtensions writes for functions are what these would return."""
    resources: JSON = {"Other": {"Type": TOY}, "It": {"Type": TOY, "Properties": {"Value": value}}}
    template = Template({**SECTIONS, "Resources": resources}, ("AWS::LanguageExtensions",))
    words = ""
    try:
        template = language_extensions.expand(Evaluator(template, PARAMETERS, PSEUDO))
    except ValidationError as error:
        words = error.message
    if words:
        assert words.endswith("The Fn::Length value could not be resolved for properties")
        return
    properties = template.resources["It"]["Properties"]
    assert isinstance(properties, dict)
    for scope in (Known(), KNOWN):
        assert outcome(properties["Value"], scope) == outcome(value, scope)


@settings(deadline=None, max_examples=100)
@given(VALUES)
def test_evaluation_has_no_memory(value: JSON) -> None:
    """One evaluator, asked before and after resources are known, answers as a new one does."""
    scope = Known()
    resources: JSON = {"Other": {"Type": TOY}, "It": {"Type": TOY, "Properties": {"Value": value}}}
    evaluator = Evaluator(
        Template({**SECTIONS, "Resources": resources}, ("AWS::LanguageExtensions",)), PARAMETERS, PSEUDO, scope
    )
    try:
        evaluator.properties("It")
        expected = evaluate(value, KNOWN)
    except ValidationError:
        return
    scope.identifiers, scope.attributes, scope.exports = KNOWN.identifiers, KNOWN.attributes, KNOWN.exports
    assert evaluator.properties("It").get("Value") == expected


@settings(deadline=None, max_examples=150)
@given(WILD, WILD, WILD)
def test_only_cloudformation_s_errors(value: JSON, condition: JSON, output: JSON) -> None:
    """Whatever a template says, parsing, checking and evaluating it raises nothing but CloudFormation's errors."""
    sections: dict[str, JSON] = {
        **SECTIONS,
        "Conditions": {"Holds": {"Fn::Equals": [condition, condition]}, "Other": condition},
        "Rules": {"R": {"RuleCondition": condition, "Assertions": [{"Assert": condition}]}},
        "Resources": {"Other": {"Type": TOY}, "It": {"Type": TOY, "Properties": {"V": value}, "Metadata": output}},
        "Outputs": {"O": {"Value": output, "Export": {"Name": value}}},
    }
    for left_out in ({"Rules"}, {"Rules", "Outputs"}, {"Rules", "Outputs", "Conditions"}, set[str]()):
        body = {name: member for name, member in sections.items() if name not in left_out}
        with suppress(ValidationError):
            template = Template(parse(json.dumps(body)).body, ("AWS::LanguageExtensions",))
            check(template)
            Evaluator(template, PARAMETERS, PSEUDO, KNOWN).check()
        with suppress(ValidationError):
            Evaluator(Template(body, ("AWS::LanguageExtensions",)), PARAMETERS, PSEUDO, Known()).check()
