"""Parameters: types, constraints, Parameter Store, and what Rules say of them."""

import pytest

from cfn_sandbox.cloudformation.templates import parameters
from cfn_sandbox.cloudformation.templates.evaluation import Evaluator
from cfn_sandbox.cloudformation.templates.parameters import Parameters
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import JSON
from sandbox.tests.cloudformation.templates.world import PSEUDO, Known, evaluator, given, refusal, template

TOYS = "Resources: {A: {Type: Acme::Test::Toy}}"


def resolved(declaration: str, value: str | None = None, stored: dict[str, str] | None = None) -> Parameters:
    """Return the parameters of a template with one parameter P."""
    values = {} if value is None else {"P": value}
    return given(template(f"Parameters: {{P: {declaration}}}\n{TOYS}"), values, stored)


@pytest.mark.parametrize(
    ("declaration", "value", "ref"),
    [
        ("{Type: String, Default: true}", None, "true"),
        ("{Type: String, Default: 1.0}", None, "1.0"),
        ("{Type: String, AllowedValues: [true, false]}", "false", "false"),
        ("{Type: Number, Default: 5}", "7.5", "7.5"),
        ("{Type: CommaDelimitedList, Default: ' a, b ,c'}", None, ["a", "b", "c"]),
        ("{Type: CommaDelimitedList}", "", [""]),
        ("{Type: CommaDelimitedList, AllowedValues: ['a,b', c]}", "a,b", ["a", "b"]),
        ("{Type: List<Number>, MinValue: 5, AllowedValues: [5, 6]}", "5, 6", ["5", "6"]),
        ("{Type: List<Number>, MaxValue: 9}", "1, 2", ["1", "2"]),
        ("{Type: List<String>}", "a,,b", ["a", "", "b"]),
        ("{Type: AWS::EC2::VPC::Id}", "vpc-1", "vpc-1"),
        ("{Type: 'List<AWS::EC2::Subnet::Id>'}", "subnet-1, subnet-2", ["subnet-1", "subnet-2"]),
        ("{Type: 'List<Anything::Else>'}", "a,b", ["a", "b"]),
        ("{Type: AWS::SSM::Parameter::Value<Anything::Else>}", "/toys/name", "bear, fox"),
        ("{Type: AWS::SSM::Parameter::Name}", "/toys/name", "/toys/name"),
        ("{Type: AWS::SSM::Parameter::Value<String>, Default: /toys/name}", None, "bear, fox"),
        ("{Type: AWS::SSM::Parameter::Value<List<String>>}", "/toys/name", ["bear", "fox"]),
        ("{Type: AWS::SSM::Parameter::Value<CommaDelimitedList>}", "/toys/name", ["bear", "fox"]),
        ("{Type: AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>}", "/toys/name", "bear, fox"),
    ],
)
def test_values(declaration: str, value: str | None, ref: JSON) -> None:
    """Ref returns a text, or the trimmed members of a list; of an SSM parameter, what Parameter Store has."""
    assert resolved(declaration, value, {"/toys/name": "bear, fox"}).values == {"P": ref}


@pytest.mark.parametrize(
    ("declaration", "value", "message"),
    [
        ("{Type: String, AllowedValues: [red]}", "blue", "must be one of AllowedValues"),
        ("{Type: CommaDelimitedList, AllowedValues: [a, b]}", "a, c", "must be one of AllowedValues"),
        ("{Type: String, AllowedPattern: '[a-z]+'}", "abc1", "must match pattern [a-z]+"),
        ("{Type: String, MinLength: 3}", "x", "must contain at least 3 characters"),
        ("{Type: String, MaxLength: '3'}", "xxxx", "must contain at most 3 characters"),
        ("{Type: Number}", "ten", "must be a number"),
        ("{Type: Number}", "nan", "must be a number"),
        ("{Type: Number, MinValue: 3}", "2", "must be a number not less than 3"),
        ("{Type: List<Number>, MaxValue: 2.5}", "1,3", "must be a number not greater than 2.5"),
        ("{Type: String}", "a\x07b", "must not contain control characters"),
        ("{Type: String}", "ä" * 2049, "must contain at most 4096 bytes"),
    ],
)
def test_constraints(declaration: str, value: str, message: str) -> None:
    """A value outside its constraints is refused in CloudFormation's words, which don't repeat it."""
    with pytest.raises(ValidationError) as raised:
        resolved(declaration, value)
    assert refusal(raised) == f"Parameter 'P' {message}"


@pytest.mark.parametrize(("default", "given", "place"), [("a", "B", ""), ("B", None, "Template error: ")])
def test_a_constraint_that_is_described(default: str, given: str | None, place: str) -> None:
    """A ConstraintDescription stands in AWS's message, where the parameter's name has no quotes.

    Users quote it: "Parameter InstanceType failed to satisfy constraint: must be a valid EC2 instance type."
    """
    with pytest.raises(ValidationError) as raised:
        resolved(f"{{Type: String, AllowedPattern: a, ConstraintDescription: small, Default: {default}}}", given)
    assert refusal(raised) == f"{place}Parameter P failed to satisfy constraint: small"


def test_parameter_store() -> None:
    """A name that Parameter Store doesn't have is refused; what it has is the ResolvedValue."""
    declaration = "{Type: AWS::SSM::Parameter::Value<List<String>>, Default: /toys/name}"
    with pytest.raises(ValidationError) as raised:
        resolved(declaration)
    assert refusal(raised) == "Unable to fetch parameters [/toys/name] from parameter store for this account."
    with pytest.raises(ValidationError) as raised:
        resolved("{Type: AWS::SSM::Parameter::Value<String>}")
    assert refusal(raised) == "Parameter P should either have input value or default value"
    shown = resolved(declaration, None, {"/toys/name": "bear,fox"}).described()
    assert shown == [{"ParameterKey": "P", "ParameterValue": "/toys/name", "ResolvedValue": "bear,fox"}]


def test_secrets() -> None:
    """NoEcho values are masked."""
    found = resolved("{Type: String, NoEcho: true, Default: swordfish}")
    assert found.hidden == {"P"}
    assert found.values == {"P": "swordfish"}
    assert found.described() == [{"ParameterKey": "P", "ParameterValue": "****"}]


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        ([], "Parameters: [P] must have values"),
        ([{"ParameterKey": "P"}], "Parameters: [P] must have values"),
        (
            [{"ParameterKey": "P", "ParameterValue": "a"}, {"ParameterKey": "X", "ParameterValue": "a"}],
            "Parameters: [X] do not exist in the template",
        ),
        ([{"ParameterKey": "P", "ParameterValue": "a"}] * 2, "Parameters: [P] are given more than once"),
        (
            [{"ParameterKey": "P", "UsePreviousValue": True}],
            "Invalid input for parameter key P. Cannot specify usePreviousValue as true for a parameter key not in the"
            " previous template",
        ),
        (
            [{"ParameterKey": "P", "UsePreviousValue": True, "ParameterValue": "a"}],
            "Invalid input for parameter key P. Cannot specify usePreviousValue as true and non empty value for a"
            " parameter",
        ),
    ],
)
def test_wrong_requests(requested: list[dict[str, JSON]], message: str) -> None:
    """A request without a value, or with one too many, is refused."""
    parsed = template(f"Parameters: {{P: {{Type: String}}}}\n{TOYS}")
    with pytest.raises(ValidationError) as raised:
        parameters.resolve(parsed, requested, None, lambda _: None)
    assert refusal(raised) == message


def test_previous_values() -> None:
    """UsePreviousValue takes the stack's value; without it, the new default counts."""
    before = resolved("{Type: String, Default: old}")
    parsed = template(f"Parameters: {{P: {{Type: String, Default: new}}}}\n{TOYS}")
    kept = parameters.resolve(parsed, [{"ParameterKey": "P", "UsePreviousValue": True}], before, lambda _: None)
    assert kept.values == {"P": "old"}
    assert kept.texts == {"P": "old"}
    assert parameters.resolve(parsed, [], before, lambda _: None).values == {"P": "new"}


RULES = """
Parameters:
  Size: {Type: String}
  Zones: {Type: CommaDelimitedList, Default: "a,b"}
Rules:
  Small:
    RuleCondition: !Not [!Equals [!Ref Size, any]]
    Assertions:
      - {Assert: !Contains [[s, m], !Ref Size], AssertDescription: Choose s or m.}
      - {Assert: !EachMemberIn [!Ref Zones, [a, b, c]], AssertDescription: Choose zones.}
      - Assert: !Or [!EachMemberEquals [[a, a], a], !Equals [a, b]]
"""


def test_rules() -> None:
    """A false assertion refuses the request with its description, unless the rule's condition is false."""
    for size in ("s", "any"):
        evaluator(RULES + TOYS, {"Size": size}).check()
    with pytest.raises(ValidationError) as raised:
        evaluator(RULES + TOYS, {"Size": "xl", "Zones": "a,z"}).check()
    assert refusal(raised) == "Template error: Choose s or m. Choose zones."


@pytest.mark.parametrize(
    ("assertion", "holds"),
    [
        ("!Contains [[a, 1], '1']", True),
        ("!Contains [[a, b], c]", False),
        ("!Contains [!Ref Zones, b]", True),
        ("!EachMemberEquals [[a, a], a]", True),
        ("!EachMemberEquals [[a, b], a]", False),
        ("!EachMemberIn [!Ref Zones, [a, b, c]]", True),
        ("!EachMemberIn [[a, z], !Ref Zones]", False),
        ("!And [!Equals [a, a], !Contains [[a], b]]", False),
        ("!Or [!Equals [a, b], !Contains [[a], a]]", True),
        ("!Not [!EachMemberIn [[z], [a]]]", True),
    ],
)
def test_functions_of_rules(assertion: str, holds: bool) -> None:  # noqa: FBT001 - a value of the table
    """Functions of rules compare a value with lists, and lists with lists."""
    zones = "Parameters: {Zones: {Type: CommaDelimitedList, Default: 'a,b'}}"
    yaml = f"{zones}\nRules: {{R: {{Assertions: [{{Assert: {assertion}}}]}}}}\n"
    evaluation = evaluator(yaml + TOYS)
    if holds:
        evaluation.check()
    else:
        with pytest.raises(ValidationError, match=r"An assertion of the rule R does not hold\."):
            evaluation.check()


def test_conditions() -> None:
    """Conditions compare texts: a YAML boolean equals the text `true`, a number its digits."""
    yaml = f"""
    Parameters: {{Flag: {{Type: String, Default: true}}, Count: {{Type: Number, Default: 2}}}}
    Mappings: {{Sizes: {{big: {{On: true}}}}}}
    Conditions:
      Flagged: !Equals [!Ref Flag, "true"]
      Counted: !Equals [!Ref Count, 2]
      Mapped: !Equals [!FindInMap [Sizes, big, !Sub "On"], true]
      Joined: !Equals [!Join ["", [a, !Ref Flag]], atrue]
      Both: !And [!Condition Flagged, !Condition Counted]
      Neither: !Not [!Or [!Condition Flagged, !Condition Counted]]
    {TOYS}
    """
    parsed = template(yaml)
    evaluation = Evaluator(parsed, given(parsed, {}), PSEUDO, Known())
    names = ("Flagged", "Counted", "Mapped", "Joined", "Both", "Neither")
    assert {name: evaluation.condition(name) for name in names} == {
        "Flagged": True,
        "Counted": True,
        "Mapped": True,
        "Joined": True,
        "Both": True,
        "Neither": False,
    }
