"""Every intrinsic function, of known values and of values that are known after apply."""

import pytest

from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import JSON, Reference, Unknown, Value, is_known, shown
from sandbox.tests.cloudformation.templates.world import Known, evaluator, refusal, value_of

AROUND = """
Parameters:
  Name: {Type: String, Default: bear}
  Names: {Type: CommaDelimitedList, Default: "a, b,c"}
  Ports: {Type: List<Number>, Default: "80, 443"}
  Flag: {Type: String, Default: true}
Mappings:
  Sizes: {eu-west-1: {small: 1, on: true, all: [x, y]}, "12": {small: s}}
Conditions:
  Holds: !Equals [true, "true"]
  Fails: !Not [!Condition Holds]
"""


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("!Ref Name", "bear"),
        ("!Ref Names", ["a", "b", "c"]),
        ("!Ref Ports", ["80", "443"]),
        ("!Ref Flag", "true"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref AWS::AccountId", "123456789012"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        ("!Ref AWS::StackName", "toys"),
        ("!Ref AWS::NotificationARNs", ["arn:aws:sns:eu-west-1:123456789012:news"]),
        ("!Ref AWS::NoValue", None),
        ("[a, !Ref AWS::NoValue, {b: !Ref AWS::NoValue, c: 1}]", ["a", {"c": 1}]),
        ("!Sub '${Name}-${ AWS::Region }-${!Name}-$Name'", "bear-eu-west-1-${Name}-$Name"),
        ("!Sub ['${Name}${Flag}', {Name: !Join ['', [x, 1]]}]", "x1true"),
        ("!Join ['-', [a, 1, true, !Ref AWS::NoValue, 2.5]]", "a-1-true-2.5"),
        ("!Join [',', !Ref Names]", "a,b,c"),
        ("!Join ['', []]", ""),
        ("!Split ['|', 'a||c|']", ["a", "", "c", ""]),
        ("!Select ['1', !Ref Names]", "b"),
        ("!Select [0, [!Ref AWS::NoValue, a]]", "a"),
        ("!Select [1, !Split ['/', 'arn/name']]", "name"),
        ("!If [Holds, a, !Ref Other]", "a"),
        ("!If [Fails, a, !Ref AWS::NoValue]", None),
        ("!FindInMap [Sizes, !Ref AWS::Region, small]", 1),
        ("!FindInMap [Sizes, !Ref AWS::Region, all]", ["x", "y"]),
        ("!FindInMap [!Sub Sizes, 12, small]", "s"),
        ("!Base64 HelloWorld", "SGVsbG9Xb3JsZA=="),
        ("!Base64 {'Fn::Sub': 'ä${Name}'}", "w6RiZWFy"),
        ("!Cidr [192.168.0.0/24, 3, 5]", ["192.168.0.0/27", "192.168.0.32/27", "192.168.0.64/27"]),
        ("!Cidr [10.0.7.9/16, '2', '8']", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("!Cidr ['2600:1f18:abc:de00::/56', 2, 64]", ["2600:1f18:abc:de00::/64", "2600:1f18:abc:de01::/64"]),
        ("!GetAZs ''", ["eu-west-1a", "eu-west-1b"]),
        (
            "!GetAZs us-east-1",
            [],
        ),  # as LocalStack's test_get_azs_function says, and ministack pull request 1650 measured
        ("{Fn::GetAZs: 1}", []),
        ("!GetAZs {Ref: AWS::Region}", ["eu-west-1a", "eu-west-1b"]),
        ("{Condition: Holds, Effect: Allow}", {"Condition": "Holds", "Effect": "Allow"}),
        ("{Condition: Holds}", {"Condition": "Holds"}),
    ],
)
def test_known_values(part: str, value: JSON) -> None:
    """A function of known values is known."""
    assert value_of(part, AROUND) == value


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("!ToJsonString {a: [1, true, !Ref Name], b: !Ref AWS::NoValue}", '{"a":[1,true,"bear"]}'),
        ("!ToJsonString [ä, 1.5]", '["ä",1.5]'),
        ("!Length [1, 2]", 2),
        ("!Length {Ref: Names}", 3),
        ("!Length {'Fn::Split': [a, xay]}", 2),
        ("!FindInMap [Sizes, nowhere, small, {DefaultValue: !Ref Name}]", "bear"),
        ("!FindInMap [Sizes, '12', small, {DefaultValue: !Ref Name}]", "s"),
        ("!FindInMap [None, nowhere, small, {DefaultValue: 0}]", 0),
    ],
)
def test_functions_of_language_extensions(part: str, value: JSON) -> None:
    """Functions of AWS::LanguageExtensions work in a template that declares it."""
    assert value_of(part, AROUND, extended=True) == value


OTHER, ARN = Reference("Other"), Reference("Other", "Arn")


@pytest.mark.parametrize(
    ("part", "references"),
    [
        ("!Ref Other", [OTHER]),
        ("!GetAtt Other.Arn", [ARN]),
        ("!GetAtt [Other, !Ref Name]", [Reference("Other", "bear")]),
        ("!Join ['-', [a, !Ref Other, !GetAtt Other.Arn, !Ref Other]]", [OTHER, ARN]),
        ("!Join ['-', !GetAtt Other.Arn]", [ARN]),
        ("!Split ['/', !Ref Other]", [OTHER]),
        ("!Select [1, !Split ['/', !GetAtt Other.Arn]]", [ARN]),
        ("!Select [0, [!Ref Other, b]]", [OTHER]),
        ("!Sub '${Name}-${Other.Arn}-${Other}'", [ARN, OTHER]),
        ("!Sub ['${x}', {x: !Ref Other}]", [OTHER]),
        ("!Base64 {Ref: Other}", [OTHER]),
        ("!Cidr [!Ref Other, 2, 8]", [OTHER]),
        ("!GetAZs {Ref: Other}", [OTHER]),
        ("!If [Holds, !Ref Other, x]", [OTHER]),
        ("!ImportValue nowhere", []),
    ],
)
def test_values_known_after_apply(part: str, references: list[Reference]) -> None:
    """A function of a value that is known after apply is known after apply, and tells which references it rests on."""
    value = value_of(part, AROUND)
    assert isinstance(value, Unknown)
    assert list(value.references) == references
    nested: list[Value] = ["a", value]
    assert shown(nested) == ["a", "{{changeSet:KNOWN_AFTER_APPLY}}"]


def test_unknown_members() -> None:
    """A list or an object with an unknown member is partly known: its other members and its length are."""
    assert value_of("!Select [1, [!Ref Other, b]]") == "b"
    assert value_of("!Length [1, !Ref Other]", extended=True) == 2
    assert not is_known(value_of("!ToJsonString {a: !Ref Other}", extended=True))
    assert value_of("{a: [!Ref Other, b]}") == {"a": [Unknown((OTHER,)), "b"]}


def test_resources_and_exports() -> None:
    """Ref, Fn::GetAtt, Fn::Sub and Fn::ImportValue return what the stack and the account know."""
    scope = Known({"Other": "toy-1"}, {"Other.A.B": ["x", "y"], "Other.Arn": "arn"}, {"shared-eu-west-1": "s"})
    assert value_of("!Sub '${Other}:${Other.Arn}'", scope=scope) == "toy-1:arn"
    assert value_of("!Join ['', !GetAtt Other.A.B]", scope=scope) == "xy"
    assert value_of("!ImportValue {'Fn::Sub': 'shared-${AWS::Region}'}", scope=scope) == "s"


FIND = "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("!Select [3, !Ref Names]", "Fn::Select  cannot select nonexistent value at index 3"),
        ("!Select ['3', !Split [',', 'a,b']]", "Fn::Select  cannot select nonexistent value at index 3"),
        ("!Select [!Select [0, ['3']], [a, b]]", "Fn::Select  cannot select nonexistent value at index 3"),
        ("!Select [-1, !Ref Names]", "Fn::Select  cannot select nonexistent value at index -1"),
        # Recorded by LocalStack, in test_change_set_fn_select.snapshot.json:
        *(
            (part, "Fn::Select requires a list argument with two elements: an integer index and a list")
            for part in ("!Select [x, [a, b]]", "!Select [3, [a, b]]", "!Select ['3', [a, b]]", "!Select [0, 2]")
        ),
        ("!FindInMap [Sizes, mars, small]", "Unable to get mapping for Sizes::mars::small"),
        ("!FindInMap [Sizes, '12', large]", "Unable to get mapping for Sizes::12::large"),
        ("!FindInMap [!Ref Name, a, b]", "Mapping named 'bear' is not present in the 'Mappings' section of template."),
        ("!FindInMap [!Ref Names, a, b]", FIND),
        ("!Cidr [10.0.0.0/24, 9, 5]", "Fn::Cidr can't make 9 blocks of 5 bits in 10.0.0.0/24"),
        ("!Cidr [10.0.0/16, 1, 8]", "Fn::Cidr can't use 10.0.0/16: it is not a CIDR block"),
    ],
)
def test_wrong_values(part: str, message: str) -> None:
    """A function of a value that it can't have is refused in CloudFormation's words."""
    with pytest.raises(ValidationError) as raised:
        value_of(part, AROUND)
    assert refusal(raised) == f"Template error: {message}"


def test_only_what_is_active_is_resolved() -> None:
    """Inactive resources and branches of Fn::If that aren't taken are never resolved, though they would fail."""
    scope = Known()
    evaluation = evaluator(
        """
        Conditions: {Fails: !Equals [a, b]}
        Resources:
          Never: {Type: Acme::Test::Toy, Condition: Fails, Properties: {A: !Select [9, [a]], B: !Ref Base}}
          Base: {Type: Acme::Test::Toy}
          Toy:
            Type: Acme::Test::Toy
            Properties: {A: !If [Fails, !GetAtt Never.Name, fine], B: !If [Fails, !Select [9, [a]], !Ref Base]}
        Outputs: {Name: {Condition: Fails, Value: !GetAtt Never.Name}}
        """,
        scope=scope,
    )
    evaluation.check()
    assert evaluation.active() == ["Base", "Toy"]
    assert evaluation.dependencies("Toy") == ["Base"]
    assert evaluation.properties("Toy") == {"A": "fine", "B": Unknown((Reference("Base"),))}
    assert set(scope.asked) == {"Base"}


def test_references_and_order() -> None:
    """References have a resource's attributes, Metadata and DependsOn make dependencies, and order follows them."""
    evaluation = evaluator(
        """
        Conditions: {Holds: !Equals [a, a]}
        Resources:
          Last: {Type: A::B::C, DependsOn: [First, Middle], Properties: {A: !Sub "${Middle.Arn}", B: !Ref AWS::Region}}
          Middle: {Type: A::B::C, Metadata: {After: !If [Holds, !Ref First, !Ref Last]}}
          First: {Type: A::B::C}
        """
    )
    assert evaluation.references("Last") == [Reference("Middle", "Arn"), Reference("AWS::Region")]
    assert evaluation.references("Last", "Properties", "A") == [Reference("Middle", "Arn")]
    assert evaluation.dependencies("Last") == ["Middle", "First"]
    assert evaluation.order() == ["First", "Middle", "Last"]


def test_a_cycle_through_a_branch_that_is_taken() -> None:
    """Resources that depend on each other are refused only if the branches are taken."""
    yaml = """
    Parameters: {Which: {Type: String}}
    Conditions: {Holds: !Equals [!Ref Which, "yes"]}
    Resources:
      A: {Type: A::B::C, Properties: {B: !If [Holds, !Ref B, x]}}
      B: {Type: A::B::C, Properties: {A: !Ref A}}
    """
    assert evaluator(yaml, {"Which": "no"}).order() == ["A", "B"]
    with pytest.raises(ValidationError) as raised:
        evaluator(yaml, {"Which": "yes"}).check()
    assert refusal(raised) == "Circular dependency between resources: [A, B]"
