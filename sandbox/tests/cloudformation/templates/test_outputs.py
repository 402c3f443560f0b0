"""Outputs, exports, and what ValidateTemplate and GetTemplateSummary say."""

import pytest

from cfn_sandbox.cloudformation.templates.outputs import Output, outputs
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.cloudformation.templates.summary import check_capabilities, summarized, validated
from cfn_sandbox.errors import InsufficientCapabilitiesError, ValidationError
from cfn_sandbox.values import Reference, Unknown
from sandbox.tests.cloudformation.templates.world import Known, evaluator, refusal

TOYS = "Resources: {A: {Type: Acme::Test::Toy}}"


def test_outputs() -> None:
    """Outputs are texts; one whose condition is false doesn't exist, and exports nothing."""
    yaml = f"""
    Conditions: {{Never: !Equals [a, b]}}
    Outputs:
      Flag: {{Value: true, Description: A flag}}
      Count: {{Value: 1.0, Export: {{Name: !Sub "${{AWS::StackName}}:count"}}}}
      None: {{Condition: Never, Value: !Select [9, [a]], Export: {{Name: none}}}}
      Name: {{Value: !GetAtt A.Name}}
      Same: {{Value: 1.0, Export: {{Name: same}}}}
    {TOYS}
    """
    found = outputs(evaluator(yaml))
    assert found == [
        Output("Flag", "true", "A flag"),
        Output("Count", "1.0", export="toys:count"),
        Output("Name", Unknown((Reference("A", "Name"),))),
        Output("Same", "1.0", export="same"),
    ]
    assert [output.described() for output in found[:2]] == [
        {"OutputKey": "Flag", "OutputValue": "true", "Description": "A flag"},
        {"OutputKey": "Count", "OutputValue": "1.0", "ExportName": "toys:count"},
    ]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            "{Value: !GetAtt A.List}",
            "Template format error: The Value field of every Outputs member must evaluate to a String.",
        ),
        (
            "{Value: !Ref AWS::NoValue}",
            "Template format error: The Value field of every Outputs member must evaluate to a String.",
        ),
        (
            "{Value: a, Export: {Name: !Ref A}}",
            "Template format error: Output O is malformed.  The Name field of Export must not depend on any resources,"
            " imported values, or Fn::GetAZs.",
        ),
        (
            "{Value: a, Export: {Name: !Sub '${AWS::Region}/a'}}",
            "Template format error: Output O is malformed. The Name field of every Export member must be specified and"
            " consist only of alphanumeric characters, colons, or hyphens.",
        ),
        ("{Value: a, Export: {Name: one}}", "Template format error: Outputs export the name one more than once."),
    ],
)
def test_outputs_that_are_refused(output: str, message: str) -> None:
    """A list, nothing, and wrong names of exports are refused."""
    yaml = f"Outputs: {{Z: {{Value: b, Export: {{Name: one}}}}, O: {output}}}\n{TOYS}"
    with pytest.raises(ValidationError) as raised:
        outputs(evaluator(yaml, scope=Known(attributes={"A.List": ["a"]})))
    assert refusal(raised) == message


ROLE = "{Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}"
NAMED = "{Type: AWS::IAM::Role, Properties: {RoleName: me, AssumeRolePolicyDocument: {}}}"


def test_summaries() -> None:
    """A summary has parameters, capabilities with their reason, types, metadata and the declared transforms."""
    body = f"""
    AWSTemplateFormatVersion: 2010-09-09
    Description: Toys.
    Metadata: {{a: 1}}
    Transform: [AWS::LanguageExtensions]
    Parameters:
      Colour: {{Type: String, Default: true, AllowedValues: [true, blue], Description: Its colour}}
      Secret: {{Type: String, NoEcho: "true"}}
    Resources: {{A: {{Type: Acme::Test::Toy}}, B: {ROLE}, C: {ROLE}}}
    """
    colour = {"ParameterKey": "Colour", "NoEcho": False, "DefaultValue": "true", "Description": "Its colour"}
    secret = {"ParameterKey": "Secret", "NoEcho": True}
    assert validated(parse(body)) == {
        "Description": "Toys.",
        "Parameters": [colour, secret],
        "Capabilities": ["CAPABILITY_IAM"],
        "CapabilitiesReason": "The following resource(s) require capabilities: [AWS::IAM::Role]",
        "DeclaredTransforms": ["AWS::LanguageExtensions"],
    }
    summary = summarized(parse(body))
    assert summary["Parameters"] == [
        {**colour, "ParameterType": "String", "ParameterConstraints": {"AllowedValues": ["true", "blue"]}},
        {**secret, "ParameterType": "String", "ParameterConstraints": {}},
    ]
    assert summary["ResourceTypes"] == ["Acme::Test::Toy", "AWS::IAM::Role"]
    assert (summary["Version"], summary["Metadata"]) == ("2010-09-09", '{"a": 1}')


@pytest.mark.parametrize(
    ("resource", "acknowledged", "missing"),
    [
        (ROLE, [], "CAPABILITY_IAM"),
        (ROLE, ["CAPABILITY_AUTO_EXPAND"], "CAPABILITY_IAM"),
        (NAMED, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
        (ROLE, ["CAPABILITY_NAMED_IAM"], None),
        (NAMED, ["CAPABILITY_NAMED_IAM"], None),
    ],
)
def test_capabilities(resource: str, acknowledged: list[str], missing: str | None) -> None:
    """A template that needs a capability which isn't acknowledged is refused."""
    parsed = parse(f"Resources: {{A: {resource}}}")
    if missing is None:
        check_capabilities(parsed, parsed, acknowledged, for_change_set=False)
        return
    with pytest.raises(InsufficientCapabilitiesError) as raised:
        check_capabilities(parsed, parsed, acknowledged, for_change_set=True)
    assert (raised.value.code, raised.value.message) == (
        "InsufficientCapabilitiesException",
        f"Requires capabilities : [{missing}]",
    )


def test_macros_and_unknown_capabilities() -> None:
    """A macro needs its capability, but not in a change set. A capability that doesn't exist is refused."""
    parsed = parse(f"Transform: AWS::LanguageExtensions\n{TOYS}")
    check_capabilities(parsed, parsed, [], for_change_set=True)
    with pytest.raises(InsufficientCapabilitiesError, match="CAPABILITY_AUTO_EXPAND"):
        check_capabilities(parsed, parsed, [], for_change_set=False)
    with pytest.raises(ValidationError) as raised:
        check_capabilities(parsed, parsed, ["CAPABILITY_ALL"], for_change_set=True)
    assert refusal(raised).startswith("1 validation error detected: Value '[CAPABILITY_ALL]' at 'capabilities' failed")
