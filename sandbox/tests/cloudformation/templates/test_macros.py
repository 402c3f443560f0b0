"""Macros: loops and other language extensions, included files, SAM."""

import pytest

from cfn_sandbox.cloudformation.templates.checking import check
from cfn_sandbox.cloudformation.templates.macros import expand, uses_macros
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.cloudformation.templates.template import Template
from cfn_sandbox.errors import ValidationError
from sandbox.tests.cloudformation.templates.world import PSEUDO, given, refusal, template

FILES = {
    "s3://box/properties.yaml": "Colour: &c red\nBase: *c\nName: included",
    "s3://box/resource.json": '{"B": {"Type": "Acme::Test::Toy"}}',
    "s3://box/outputs.yaml": "Outputs: {Name: {Value: included}}",
    "s3://box/short.yaml": "Name: !Ref A",
    "s3://box/broken.json": "{",
    "s3://box/text.yaml": "just a text",
    "s3://box/nested.yaml": "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://box/text.yaml}}",
}


def expanded(yaml: str, values: dict[str, str] | None = None) -> Template:
    """Return a template with its macros expanded, and checked."""
    parsed = template(yaml)
    result = expand(parsed, given(parsed, values or {}), PSEUDO, FILES.get)
    check(result)
    return result


LOOP = """
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: "One,Two"}, First: {Type: String, Default: One}}
Resources:
"""


def test_loops() -> None:
    """Fn::ForEach makes members of each text of a collection: in resources, properties, conditions and outputs."""
    result = expanded(
        LOOP
        + """
  Fn::ForEach::Toys:
    - Name
    - !Ref Names
    - Toy${Name}:
        Type: Acme::Test::Toy
        Properties:
          Name: !Ref Name
          Text: !Sub "${Name}-${Box}"
          Fn::ForEach::Sizes: [Size, [s.1, m], {"Size&{Size}": !Sub "${Size} of ${Name}"}]
  Box: {Type: Acme::Test::Toy}
Conditions:
  Fn::ForEach::Flags:
    - Name
    - [A, !Ref First]
    - {"Is${Name}": !Equals [{Ref: {"Fn::Sub": "Fir${AWS::NoValue}st"}}, !Ref Name]}
Outputs:
  Fn::ForEach::Out: [Name, !Ref Names, {"Out${Name}": {Value: !GetAtt [!Sub "Toy${Name}", Arn]}}]
"""
    )
    assert not uses_macros(result)
    assert result.extended
    assert result.section("Resources")["ToyOne"] == {
        "Type": "Acme::Test::Toy",
        "Properties": {
            "Name": "One",
            "Text": {"Fn::Sub": "One-${Box}"},
            "Sizes1": "s.1 of One",
            "Sizem": "m of One",
        },
    }
    assert list(result.resources) == ["ToyOne", "ToyTwo", "Box"]
    assert result.section("Conditions") == {
        "IsA": {"Fn::Equals": ["One", "A"]},
        "IsOne": {"Fn::Equals": ["One", "One"]},
    }
    assert result.section("Outputs")["OutTwo"] == {"Value": {"Fn::GetAtt": ["ToyTwo", "Arn"]}}
    assert list(result.section("Parameters")) == ["Names", "First"]


def test_nested_loops_and_functions_for_names() -> None:
    """Loops nest, and names and policies may be functions of parameters."""
    result = expanded(
        LOOP
        + """
  Fn::ForEach::A: [X, [A, B], {"Fn::ForEach::B": [Y, [1, 2], {"T${X}${Y}": {Type: A::B::C}}]}]
  Last:
    Type: A::B::C
    DeletionPolicy: !If [Keep, Retain, Delete]
    Properties: {Name: !Ref {"Fn::Join": ["", [TA, 2]]}, Arn: !GetAtt [!Sub "TB${AWS::NoValue}2", Arn]}
Conditions: {Keep: !Equals [!Ref First, One]}
"""
    )
    assert list(result.resources) == ["TA1", "TA2", "TB1", "TB2", "Last"]
    assert result.resources["Last"]["DeletionPolicy"] == "Retain"
    assert result.resources["Last"]["Properties"] == {"Name": {"Ref": "TA2"}, "Arn": {"Fn::GetAtt": ["TB2", "Arn"]}}


def test_where_identifiers_are_replaced() -> None:
    """Identifiers are replaced in the names that a loop repeats, in Ref and in `${}` of Fn::Sub, and nowhere else.

    Source: ministackorg/ministack pull request 1739, which measured it in an account.
    """
    result = expanded(
        LOOP
        + """
  Fn::ForEach::A:
    - X
    - [a-1]
    - T&{X}:
        Type: A::B::C
        Properties:
          Plain: "${X} &{X}"
          Substituted: !Sub "${X} &{X} ${!X}"
          Inner: {"Key${X}": !Sub ["${ X }${y}${X}", {y: !Ref X, X: other}]}
"""
    )
    assert result.section("Resources")["Ta1"] == {
        "Type": "A::B::C",
        "Properties": {
            "Plain": "${X} &{X}",
            "Substituted": "a-1 &{X} ${X}",
            "Inner": {"Key${X}": "a-1a-1a-1"},
        },
    }
    with pytest.raises(ValidationError, match="variable names in Fn::Sub syntax must contain only"):
        expanded(LOOP + '  Fn::ForEach::A: [X, [a], {"T${X}": {Type: A::B::C, Metadata: !Sub "${T${X}}"}}]')


def test_functions_are_replaced() -> None:
    """The processed template has values where there were functions that rest on no resource, as in AWS.

    Source: LocalStack's recordings, api/test_transformers.snapshot.json; aws-cloudformation/cfn-language-discussion
    issue 102 for Ref and for Conditions. That values of NoEcho parameters stay out is our reading.
    """
    result = expanded(
        """
Transform: AWS::LanguageExtensions
Parameters:
  Names: {Type: CommaDelimitedList, Default: "a,b,c"}
  Secret: {Type: String, NoEcho: true, Default: swordfish}
Mappings: {M: {eu-west-1: {Zone: z}}}
Conditions: {Some: !Not [!Equals [{"Fn::Length": !Ref Names}, 0]]}
Resources:
  A:
    Type: A::B::C
    Condition: {"Fn::Join": ["", [So, me]]}
    DependsOn: [B]
    Properties:
      Length: {"Fn::Length": !Ref Names}
      Names: !Ref Names
      Json: {"Fn::ToJsonString": {a: [!Ref Names], b: bar}}
      Name: !Sub "${AWS::StackName}_api"
      Zone: !FindInMap [M, !Ref AWS::Region, Zone]
      Chosen: !If [Some, !Select [1, !Ref Names], !Ref AWS::NoValue]
      Arn: !Join [":", [!Ref AWS::Region, !GetAtt B.Arn, !Join ["", [x, y]]]]
      Partly: !Sub ["${AWS::Region} ${B} ${it}", {it: !Ref AWS::Region}]
      Zones: !Join [",", !GetAZs ""]
      Secret: !Ref Secret
      Hidden: !Base64 {"Fn::Sub": "${Secret}"}
      Topics: !Ref AWS::NotificationARNs
      Wrong: !If [Some, a, !Select [3, !Ref Names]]
  B: {Type: A::B::C, DependsOn: [C, D]}
  C: {Type: A::B::C}
  D: {Type: A::B::C}
Outputs: {Out: {Value: !Ref A, Condition: Some, Export: {Name: !Sub "${AWS::StackName}-a"}}}
"""
    )
    assert result.section("Conditions") == {"Some": {"Fn::Not": [{"Fn::Equals": [3, 0]}]}}
    assert result.section("Resources")["A"] == {
        "Type": "A::B::C",
        "Condition": "Some",
        "DependsOn": "B",
        "Properties": {
            "Length": 3,
            "Names": ["a", "b", "c"],
            "Json": '{"a":[["a","b","c"]],"b":"bar"}',
            "Name": "toys_api",
            "Zone": "z",
            "Chosen": {"Fn::If": ["Some", "b", {"Ref": "AWS::NoValue"}]},
            "Arn": {"Fn::Join": [":", ["eu-west-1", {"Fn::GetAtt": ["B", "Arn"]}, "xy"]]},
            "Partly": {"Fn::Sub": ["${AWS::Region} ${B} ${it}", {"it": "eu-west-1"}]},
            "Zones": {"Fn::Join": [",", {"Fn::GetAZs": ""}]},
            "Secret": {"Ref": "Secret"},
            "Hidden": {"Fn::Base64": {"Fn::Sub": "${Secret}"}},
            "Topics": {"Ref": "AWS::NotificationARNs"},
            "Wrong": {"Fn::If": ["Some", "a", {"Fn::Select": [3, {"Ref": "Names"}]}]},
        },
    }
    assert result.resources["B"]["DependsOn"] == ["C", "D"]
    assert result.section("Outputs") == {
        "Out": {"Value": {"Ref": "A"}, "Condition": "Some", "Export": {"Name": "toys-a"}}
    }


@pytest.mark.parametrize(
    "members", ["!GetAtt B.List", "!Split [',', !Ref B]", "!GetAZs ''", "[!ImportValue a]", "!Ref B"]
)
def test_a_length_is_known_to_the_transform(members: str) -> None:
    """Fn::Length counts what parameters and mappings say; of what is known later, AWS's transform refuses it.

    Source of the words: ministackorg/ministack pull request 1739.
    """
    wanted = "Transform AWS::LanguageExtensions failed with: The Fn::Length value could not be resolved for properties"
    with pytest.raises(ValidationError) as raised:
        expanded(LOOP + f"  A: {{Type: A::B::C, Metadata: {{'Fn::Length': {members}}}}}\n  B: {{Type: A::B::C}}")
    assert refusal(raised) == wanted
    chosen = expanded(LOOP + "  A: {Type: A::B::C, Metadata: {'Fn::Length': !If [C, [a], [b, c]]}}" + IS_ONE)
    assert chosen.resources["A"]["Metadata"] == {"Fn::Length": {"Fn::If": ["C", ["a"], ["b", "c"]]}}


FORTY = [*range(40)]
IS_ONE = "\nConditions: {C: !Equals [!Ref First, One]}"


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ("  Fn::ForEach::A: [X, [a]]", "Fn::ForEach layout is incorrect"),
        ("  Fn::ForEach::A: [X, [a], {}]", "Fn::ForEach layout is incorrect"),
        (
            f"  Fn::ForEach::A: [X, {FORTY}, {{'Fn::ForEach::B': [Y, {FORTY}, {{'T${{X}}Y${{Y}}': {{}}}}]}}]",
            "Fn::ForEach makes more than 1000 members",
        ),
        ("  Fn::ForEach::A-b: [X, [a], {}]", "Fn::ForEach::A-b: the name of a loop must be alphanumeric"),
        (
            "  Fn::ForEach::A: [X, a, {'T${X}': {Type: A::B::C}}]",
            "Could not find a collection or could not be resolved for Fn::ForEach",
        ),
        (
            "  Fn::ForEach::A: [X, [a, b], {T: {Type: A::B::C}}]",
            "Duplicate key 'T' when merging keys to parent object in Fn::ForEach",
        ),
        ("  Fn::ForEach::A: [First, [a], {T: {}}]", "Fn::ForEach::A: the identifier First is in use already"),
        (
            "  B: {Type: A::B::C}\n  Fn::ForEach::A: [X, [!Ref B], {'T${X}': {}}]",
            "Could not find a collection or could not be resolved for Fn::ForEach",
        ),
    ],
)
def test_loops_that_are_refused(resources: str, message: str) -> None:
    """A wrong loop fails with the transform's name."""
    with pytest.raises(ValidationError) as raised:
        expanded(LOOP + resources)
    assert refusal(raised) == f"Transform AWS::LanguageExtensions failed with: {message}"


def include(location: str) -> str:
    """Return an embedded AWS::Include."""
    return f"{{Name: AWS::Include, Parameters: {{Location: {location}}}}}"


def test_included_files() -> None:
    """AWS::Include includes files anywhere, and in the Transform section members of sections."""
    result = expanded(
        f"""
        Transform: {include("s3://box/outputs.yaml")}
        Parameters: {{Box: {{Type: String, Default: box}}}}
        Resources:
          A:
            Type: Acme::Test::Toy
            Properties:
              Own: 1
              Fn::Transform: {include('!Sub "s3://${Box}/properties.yaml"')}
              Text: {{Fn::Transform: {include("s3://box/text.yaml")}}}
          Fn::Transform: {include("s3://box/resource.json")}
        Outputs: {{Own: {{Value: !Ref A}}}}
        """
    )
    assert result.body["Resources"] == {
        "A": {
            "Type": "Acme::Test::Toy",
            "Properties": {"Own": 1, "Text": "just a text", "Colour": "red", "Base": "red", "Name": "included"},
        },
        "B": {"Type": "Acme::Test::Toy"},
    }
    assert result.body["Outputs"] == {"Own": {"Value": {"Ref": "A"}}, "Name": {"Value": "included"}}
    assert "Transform" not in result.body


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (include("s3://box/none"), "Transform AWS::Include failed with: There is no S3 object at s3://box/none."),
        (include("none"), "Transform AWS::Include failed with: The location parameter is not a valid S3 uri."),
        (
            include("s3://box/broken.json"),
            "Transform AWS::Include failed with: The specified S3 object's content should be valid Yaml/JSON (Template"
            " format error: JSON not well-formed. (line 1, column 3))",
        ),
        (
            include("s3://box/short.yaml"),
            "Transform AWS::Include failed with: The specified S3 object's content should be valid Yaml/JSON (Template"
            " format error: YAML short forms of functions are not supported in included files.)",
        ),
        (
            include("s3://box/nested.yaml"),
            "Transform AWS::Include failed with: What is included can't use Fn::Transform.",
        ),
        ("{Name: Upper}", "No transform named 123456789012::Upper found."),
        ("{Name: Acme::Upper}", "No transform named Acme::Upper found."),
        ("{Name: {Ref: Box}}", "Key Name of transform definition must be a string."),
        (
            "{Name: AWS::ServiceCatalog}",
            "The transform AWS::ServiceCatalog is not supported by this sandbox. There are no provisioned products"
            " here: pass their outputs as parameters.",
        ),
    ],
)
@pytest.mark.parametrize("place", ["Fn::Transform", "Transform"])
def test_macros_that_fail(call: str, message: str, place: str) -> None:
    """A missing macro or file fails, embedded in the template as well as in its Transform section."""
    embedded = f"Properties: {{Fn::Transform: {call}}}" if place == "Fn::Transform" else "Properties: {}"
    top = f"Transform: [{call}]" if place == "Transform" else "Metadata: {}"
    with pytest.raises(ValidationError) as raised:
        expanded(f"{top}\nResources:\n  A:\n    Type: A::B::C\n    {embedded}\n")
    assert refusal(raised) == message


SAM = "Transform: AWS::Serverless-2016-10-31\nResources: {Box: {Type: AWS::Serverless::SimpleTable, Properties: "


def test_sam() -> None:
    """SAM's own translator expands SAM's resources, with the template's parameters."""
    names = "Parameters: {Name: {Type: String, Default: box}, Names: {Type: CommaDelimitedList, Default: 'a,b'}}"
    result = expanded(f"{SAM}{{TableName: !Ref Name}}}}}}\n{names}")
    assert result.resources["Box"]["Type"] == "AWS::DynamoDB::Table"
    assert not uses_macros(result)
    with pytest.raises(ValidationError) as raised:
        expanded(SAM + "{Nonsense: 1}}}")
    start = "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document."
    assert refusal(raised).startswith(start)


def test_applications_of_the_repository() -> None:
    """An application of the Serverless Application Repository is refused by name; one in S3 isn't."""
    app = "Transform: AWS::Serverless-2016-10-31\nResources: {App: {Type: AWS::Serverless::Application, Properties: "
    with pytest.raises(ValidationError) as raised:
        expanded(app + "{Location: {ApplicationId: a, SemanticVersion: 1.0.0}}}}")
    assert refusal(raised) == (
        "Transform AWS::Serverless-2016-10-31 failed with: Applications of the Serverless Application Repository can't"
        " be fetched here: leave App out."
    )
    result = expanded(app + "{Location: 'https://s3.amazonaws.com/box/a.yaml'}}}")
    assert result.resources["App"]["Type"] == "AWS::CloudFormation::Stack"


def test_a_template_without_macros() -> None:
    """A template without macros is itself."""
    parsed = parse("Resources: {A: {Type: A::B::C}}")
    assert expand(parsed, given(parsed, {}), PSEUDO, FILES.get) is parsed
