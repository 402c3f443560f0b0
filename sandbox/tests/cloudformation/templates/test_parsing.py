"""Templates are parsed as CloudFormation reads YAML and JSON."""

import pytest

from cfn_sandbox.cloudformation.templates import parsing
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import JSON, shown, text
from sandbox.tests.cloudformation.templates.world import refusal


def test_yaml_as_cloudformation_reads_it() -> None:
    """YAML has short functions in every form, dates as text, YAML 1.1's numbers and booleans, and keys as written."""
    body = """
    Conditions: {Both: !And [!Condition One, !Equals [!Ref A, 2012-10-17]]}
    Values: [1, 1.5, 0777, yes, "yes", Off, 012345678901, =, .inf]
    Flags: {Yes: 1, "80": 2}
    Attributes: [!GetAtt B.C.D, !GetAtt [B, C, D], !GetAtt B]
    Anchor: &alone {Sub: !Sub ["${x}-${B.C.D}", {x: !Ref B}]}
    """
    assert parse(body).body == {
        "Conditions": {"Both": {"Fn::And": [{"Condition": "One"}, {"Fn::Equals": [{"Ref": "A"}, "2012-10-17"]}]}},
        "Values": [1, 1.5, 511, True, "yes", False, "012345678901", "=", ".inf"],
        "Flags": {"Yes": 1, "80": 2},
        "Attributes": [{"Fn::GetAtt": ["B", "C.D"]}, {"Fn::GetAtt": ["B", "C.D"]}, {"Fn::GetAtt": ["B"]}],
        "Anchor": {"Sub": {"Fn::Sub": ["${x}-${B.C.D}", {"x": {"Ref": "B"}}]}},
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.0, "1.0"),
        (0.5, "0.5"),
        (1e8, "1.0E8"),
        (12345678.5, "1.23456785E7"),
    ],
)
def test_scalars_as_texts(value: float, words: str) -> None:
    """Booleans are `true` and `false`, and numbers are written as Java writes them."""
    assert text(value) == words
    nested: JSON = {"a": [value, "x"]}
    assert shown(nested) == {"a": [words, "x"]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"this is invalid JSON"}', "Template format error: JSON not well-formed. (line 1, column 25)"),
        ("a: b: c", "Template format error: YAML not well-formed. (line 1, column 5)"),
        ("a: 1\n---\nb: 2", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ("- a", "Template format error: unsupported structure."),
        ("text", "Template format error: unsupported structure."),
        ("a: &x [1]\nb: *x", "YAML aliases are not allowed in CloudFormation templates"),
        ("a: &x [*x]", "YAML aliases are not allowed in CloudFormation templates"),
        ("Outputs: {A: {Value: }}", "[/Outputs/A/Value] 'null' values are not allowed in templates"),
        ('{"Outputs": {"A": {"Value": null}}}', "[/Outputs/A/Value] 'null' values are not allowed in templates"),
        ("a: {b: 1, b: 2}", "Template format error: The key b is given more than once in one object."),
        ('{"a": 1, "a": 2}', "Template format error: The key a is given more than once in one object."),
        ("? [a]\n: b", "Template format error: [] map keys must be strings; received a map instead"),
        ("a: [{!Sub x: b}]", "Template format error: [/a/0] map keys must be strings; received a map instead"),
        (
            "Mappings: {Ids: {123456789012: {A: b}}}",
            "Template format error: [/Mappings/Ids] map keys must be strings; received numeric [123456789012] instead",
        ),
        ('{"a": NaN}', "Template format error: JSON not well-formed. (NaN is no JSON number)"),
        ('{"a": 1e999}', "Template format error: JSON not well-formed. (a number is too large)"),
        (f'{{"a": {"9" * 5000}}}', "Template format error: JSON not well-formed. (a number is too long)"),
        (f"a: {'9' * 5000}", "Template format error: YAML not well-formed. (a number is too long)"),
        ('{"a": {"b": "\\u0000"}}', "Template format error: [/a/b] control characters are not allowed in templates"),
        ("a: '\ud800'", "Template format error: unsupported characters."),
        ("a: '\x01'", "Template format error: YAML not well-formed. (a character is not allowed)"),
        (
            "a: !!set {b}",
            "Template format error: YAML not well-formed. (the tag tag:yaml.org,2002:set is not supported)",
        ),
        *(
            (
                f"a: !!{kind} {value}",
                f"Template format error: YAML not well-formed. (the tag tag:yaml.org,2002:{kind} is not supported)",
            )
            for kind, value in [("int", "''"), ("float", "''"), ("bool", "maybe"), ("map", "x"), ("str", "[a]")]
        ),
    ],
)
def test_what_is_not_well_formed(body: str, message: str) -> None:
    """A template that can't be read is refused in one sentence."""
    with pytest.raises(ValidationError) as raised:
        parse(body)
    assert refusal(raised) == message


def test_a_star_is_no_alias() -> None:
    """Wildcards of policies are texts, and an anchor alone passes."""
    assert parse("a: &one [s3:*, '*', \"*x\"]").body == {"a": ["s3:*", "*", "*x"]}


@pytest.mark.parametrize(
    "body",
    [
        "[" * 20_000,
        '{"a":' * 8_000,
        '{"a": 1, "b": ' + "[" * 101 + "]" * 101 + "}",
        "a: " + "[" * 20_000,
        "a: " + "{b: " * 9_000,
        "- " * 20_000,
        "".join(f"{' ' * depth}b:\n" for depth in range(300)),
    ],
)
def test_deep_templates(body: str) -> None:
    """A template that is nested too deep is refused, and doesn't overflow the stack."""
    with pytest.raises(ValidationError) as raised:
        parse(body)
    assert refusal(raised) == "Template format error: The template is nested more than 100 levels deep."


def test_the_size_is_counted_in_bytes() -> None:
    """A TemplateBody has at most 51,200 bytes in UTF-8; one in S3 may be longer."""
    body = "a: " + "ä" * 25_600
    with pytest.raises(ValidationError) as raised:
        parse(body)
    start = f"1 validation error detected: Value '{body}' at 'templateBody' failed to satisfy constraint: "
    assert refusal(raised) == f"{start}Member must have length less than or equal to 51200"
    assert parse(body, from_url=True).body == {"a": "ä" * 25_600}
    assert parse("a: " + "x" * 51_197).body
    with pytest.raises(ValidationError, match="Template may not exceed 1000000 bytes in size"):
        parse("a: " + "x" * 1_000_000, from_url=True)
    with pytest.raises(ValidationError, match="Member must have length greater than or equal to 1"):
        parse("")


def test_included_files() -> None:
    """A file for AWS::Include may have aliases, but none that never end, and no short forms of functions."""
    assert parsing.parse_part("a: &x [1]\nb: *x", included=True) == {"a": [1], "b": [1]}
    bomb = "a: &a [1, 1]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghijklmnopq", "bcdefghijklmnopqr", strict=True)
    )
    for endless in (bomb, "a: &x [*x]"):
        with pytest.raises(ValidationError, match="its aliases make it too large"):
            parsing.parse_part(endless, included=True)
    with pytest.raises(ValidationError, match="YAML short forms of functions are not supported"):
        parsing.parse_part("a: !Ref B", included=True)
