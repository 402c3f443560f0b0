"""What CloudFormation refuses at once, in its words where they are known."""

import pytest

from cfn_sandbox.cloudformation.templates.checking import check, check_stack_name
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.errors import ValidationError
from sandbox.tests.cloudformation.templates.world import evaluator, refusal, template, value_of

TOYS = "Resources: {A: {Type: Acme::Test::Toy}}"
FORMAT = "Template format error: "


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("Resource: {}\nOther: {}", "Invalid template property or properties [Other, Resource]"),
        ("AWSTemplateFormatVersion: 2010-09-10", f"{FORMAT}unsupported value for AWSTemplateFormatVersion."),
        ("Description: [a]", f"{FORMAT}Description must be a string."),
        (f"Description: {'x' * 1025}", f"{FORMAT}Description must be no longer than 1024 bytes"),
        ("Mappings: [a]", f"{FORMAT}Any Mappings member must be an object."),
        (
            "Hooks: {}",
            "The template section Hooks is not supported by this sandbox. Blue/green deployments by CodeDeploy"
            " aren't run here: leave out Hooks, and test them in AWS.",
        ),
        (
            f"Parameters: {{{'A' * 256}: {{Type: String}}}}",
            f"{FORMAT}Parameter name {'A' * 256} must be no longer than 255 characters.",
        ),
        (
            f"Outputs: {{A: {{Value: a, Description: {'x' * 1025}}}}}",
            f"{FORMAT}Description of output A must be no longer than 1024 bytes",
        ),
        ("Parameters: {A-b: {Type: String}}", f"{FORMAT}Parameter name A-b is non alphanumeric."),
        ("Parameters: {P: {Type: String, NoEcho: ture}}", f"{FORMAT}Every NoEcho member must be true or false."),
        ("Parameters: {P: String}", f"{FORMAT}Any Parameters member must be a JSON object."),
        ("Parameters: {P: {Defualt: a, Type: String}}", "Invalid template parameter property 'Defualt'"),
        ("Parameters: {P: {Default: a}}", f"{FORMAT}Every Parameters object must contain a Type member."),
        ("Parameters: {P: {Type: Strin}}", f"{FORMAT}Unrecognized parameter type: Strin"),
        ("Parameters: {P: {Type: AWS::EC2::Box::Id}}", f"{FORMAT}Unrecognized parameter type: AWS::EC2::Box::Id"),
        ("Parameters: {P: {Type: String, Default: {Ref: A}}}", f"{FORMAT}Every Default member must be a string."),
        (
            "Parameters: {P: {Type: String, AllowedValues: [{a: b}]}}",
            f"{FORMAT}Every AllowedValues value must be a string.",
        ),
        (
            "Parameters: {P: {Type: String, Default: c, AllowedValues: [a, b]}}",
            "Template error: Parameter 'P' must be one of AllowedValues",
        ),
        (
            "Parameters: {P: {Type: String, MinValue: 1}}",
            "Template error: Parameter 'P' MinValue must be on a parameter of type Number",
        ),
        (
            "Parameters: {P: {Type: Number, AllowedPattern: a}}",
            "Template error: Parameter 'P' AllowedPattern must be on a parameter of type String",
        ),
        (
            "Parameters: {P: {Type: Number, MinValue: 3, MaxValue: 2}}",
            "Template error: Parameter 'P' MinValue must be less than MaxValue.",
        ),
        ("Parameters: {P: {Type: String, MinLength: x}}", f"{FORMAT}Every MinLength member must be a number."),
        (
            "Parameters: {P: {Type: String, Default: a, AllowedPattern: '['}}",
            f"{FORMAT}AllowedPattern [ must be a valid regular expression.",
        ),
        ("Mappings: {M: a}", f"{FORMAT}Every Mappings member M must be a map"),
        ("Mappings: {M: {A: a}}", f"{FORMAT}Every Mappings member A must be a map"),
        ("Mappings: {M: {A: {B: {C: d}}}}", f"{FORMAT}Every Mappings attribute must be a String or a List."),
        ("Mappings: {M: {A: {B: !Ref AWS::Region}}}", f"{FORMAT}Every Mappings attribute must be a String or a List."),
        (
            "Mappings: {M: {A: {eu-west-1: a}}}",
            f"{FORMAT}Mappings attribute name 'eu-west-1' must contain only alphanumeric characters.",
        ),
        ("Mappings: {M-N: {A: {B: c}}}", f"{FORMAT}Mappings name 'M-N' is non alphanumeric."),
        (
            "Conditions: {C: yes}",
            f"{FORMAT}Conditions can only be boolean operations on parameters and other conditions",
        ),
        (
            "Conditions: {C: !Equals [!Ref A, x]}",
            f"{FORMAT}Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template",
        ),
        (
            "Conditions: {C: !Not [!Condition D]}",
            f"{FORMAT}Unresolved condition dependency D in the Conditions block of the template",
        ),
        (
            "Conditions: {C: !And [!Equals [a, a]]}",
            "Template error: every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
        ),
        ("Conditions: {C: !Not [a, b]}", "Template error: Fn::Not requires a list argument with one function token"),
        (
            "Conditions: {C: !Equals [a]}",
            "Template error: every Fn::Equals object requires a list of 2 string parameters.",
        ),
        (
            "Conditions: {C: !Equals [a, !ImportValue b]}",
            "Template error: Cannot use Fn::ImportValue in Conditions.",
        ),
        ("Rules: {R: {}}", f"{FORMAT}[/Rules/R] Every Rules object must contain an Assertions list."),
        ("Rules: {R: {Assertions: []  , Asserts: 1}}", "Invalid template rule property 'Asserts'"),
        (
            "Rules: {R: {Assertions: [{Assert: !Equals [!Ref A, x]}]}}",
            f"{FORMAT}Unresolved dependencies [A]. Cannot reference resources in the Rules block of the template",
        ),
        ("Outputs: {A-b: {Value: a}}", f"{FORMAT}Output name A-b is non alphanumeric."),
        ("Outputs: {O: {}}", f"{FORMAT}Every Outputs member must contain a Value object"),
        ("Outputs: {O: {Value: a, Exports: b}}", "Invalid template output property 'Exports'"),
        (
            "Outputs: {O: {Value: a, Condition: C}}",
            f"{FORMAT}Unresolved condition dependency C in the Outputs block of the template",
        ),
        ("Outputs: {O: {Value: [a]}}", f"{FORMAT}The Value field of every Outputs member must evaluate to a String."),
        (
            "Outputs: {O: {Value: a, Export: {Name: a_b}}}",
            f"{FORMAT}Output O is malformed. The Name field of every Export member must be specified and consist only"
            " of alphanumeric characters, colons, or hyphens.",
        ),
        (  # measured in ministackorg/ministack pull request 1650
            "Outputs: {O: {Value: !Equals [a, b]}}",
            f"{FORMAT}The Value field of every Outputs member must evaluate to a String.",
        ),
        (
            "Outputs: {O: {Value: 'a {{resolve:ssm:/a}}'}}",
            "Dynamic references are resolved in the properties of resources only: take {{resolve:ssm:/a}} out of the"
            " output O, or use an SSM parameter type.",
        ),
        (
            "Conditions: {C: !Equals ['{{resolve:ssm:/a:1}}', b]}",
            "Dynamic references are resolved in the properties of resources only: take {{resolve:ssm:/a:1}} out of the"
            " condition C, or use an SSM parameter type.",
        ),
        (
            "Outputs: {O: {Value: !Ref B}}",
            f"{FORMAT}Unresolved resource dependencies [B] in the Outputs block of the template",
        ),
        (
            "Outputs: {O: {Value: !GetAtt B.Name}}",
            "Template error: instance of Fn::GetAtt references undefined resource B",
        ),
    ],
)
def test_sections(yaml: str, message: str) -> None:
    """A wrong section, or a wrong member of one, is refused and named."""
    with pytest.raises(ValidationError) as raised:
        template(f"{TOYS}\n{yaml}")
    assert refusal(raised) == message


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("Description: a", f"{FORMAT}At least one Resources member must be defined."),
        ("Resources: {}", f"{FORMAT}At least one Resources member must be defined."),
        ("Resources: {A-b: {Type: A::B::C}}", f"{FORMAT}Resource name A-b is non alphanumeric."),
        ("Resources: {A: text}", f"{FORMAT}[/Resources/A] resource definition is malformed"),
        (
            "Resources: {A: {Properties: {}}}",
            f"{FORMAT}[/Resources/A] Every Resources object must contain a Type member.",
        ),
        ("Resources: {A: {Type: A::B::C, Propertys: {}}}", "Invalid template resource property 'Propertys'"),
        (
            "Resources: {A: {Type: A::B::C, Properties: [a]}}",
            f"{FORMAT}[/Resources/A/Properties] Every Properties member must be a JSON object.",
        ),
        # These words are AWS's, recorded in LocalStack's api/test_stacks.snapshot.json.
        ("Outputs: ''\nResources: ''", f"{FORMAT}Any Resources member must be an object."),
        (
            "Resources: {A: {Type: A::B::C, DeletionPolicy: Retian}}",
            f"{FORMAT}Unrecognized DeletionPolicy Retian for resource A",
        ),
        (
            "Resources: {A: {Type: A::B::C, UpdateReplacePolicy: RetainExceptOnCreate}}",
            f"{FORMAT}Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource A",
        ),
        (
            "Resources: {A: {Type: A::B::C, DeletionPolicy: Snapshot}}",
            "Template error: resource type A::B::C does not support deletion policy Snapshot",
        ),
        (
            "Resources: {A: {Type: A::B::C, DeletionPolicy: !Ref P}}",
            f"{FORMAT}Unresolved dependencies [P]. Cannot reference resources in the DeletionPolicy block of the"
            " template",
        ),
        (
            "Resources: {A: {Type: A::B::C, UpdateReplacePolicy: {Retain: true}}}",
            f"{FORMAT}Every UpdateReplacePolicy member must be a string.",
        ),
        ("Resources: {A: {Type: A::B::C, Condition: [a]}}", f"{FORMAT}Every Condition member must be a string."),
        (
            "Resources: {A: {Type: A::B::C, Condition: C}}",
            f"{FORMAT}Unresolved condition dependency C in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: A::B::C, DependsOn: {a: b}}}",
            f"{FORMAT}DependsOn must be a string or list of strings.",
        ),
        ("Resources: {A: {Type: A::B::C, DependsOn: [!Ref B]}}", f"{FORMAT}Every DependsOn value must be a string."),
        (
            "Resources: {A: {Type: A::B::C, DependsOn: [C, B]}}",
            f"{FORMAT}Unresolved resource dependencies [B, C] in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: A::B::C, Properties: {A: !Sub '${B}'}}}",
            f"{FORMAT}Unresolved resource dependencies [B] in the Resources block of the template",
        ),
        ("Resources: {A: {Type: A::B::C, DependsOn: A}}", "Circular dependency between resources: [A]"),
        (
            "Resources: {B: {Type: A::B::C, Properties: {X: !GetAtt A.Y}}, A: {Type: A::B::C, Metadata: {X: !Ref B}}}",
            "Circular dependency between resources: [A, B]",
        ),
        (
            "Parameters: {A: {Type: String}}\nResources: {A: {Type: A::B::C}}",
            "Template error: all resources and parameters must have unique names. Common name(s):[A]",
        ),
        (
            "Resources: {A: {Type: Custom::Thing}}",
            "The resource type Custom::Thing is not supported by this sandbox. Custom resources aren't run here: use a"
            " resource type, or leave the resource out by a condition.",
        ),
        (
            "Resources: {A: {Type: Acme::Test::Toy::MODULE}}",
            "The resource type Acme::Test::Toy::MODULE is not supported by this sandbox. Modules aren't supported here:"
            " write the module's resources into the template.",
        ),
    ],
)
def test_resources(yaml: str, message: str) -> None:
    """A wrong resource, or a wrong reference between resources, is refused and named."""
    with pytest.raises(ValidationError) as raised:
        template(yaml)
    assert refusal(raised) == message


JOIN = (
    "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a"
    " function that returns a list of strings (such as Fn::GetAZs) to be joined."
)
GET_ATT = "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
SUB = (
    "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument,"
    " and an optional second argument to specify a mapping of values to replace in the string"
)
FIND = "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("!Ref [Other]", "every Ref object must have a single String value."),
        ("!GetAtt Other", GET_ATT),
        ("!GetAtt [!Ref Other, Name]", GET_ATT),
        ("!GetAtt ''", GET_ATT),
        ("!Join [',']", JOIN),
        ("!Join [',', a]", JOIN),
        ("!Join [[a], [b]]", JOIN),
        ("!Join [',', !If [C, [a, [b]], [c]]]", JOIN),
        (
            "!Split [',']",
            "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a"
            " function that returns a string to be split.",
        ),
        ("!Select [1]", "Fn::Select requires a list argument with two elements: an integer index and a list"),
        ("!Select [0, a]", "Fn::Select requires a list argument with two elements: an integer index and a list"),
        ("!Sub [a]", SUB),
        ("!Sub [a, b]", SUB),
        ("!Sub {a: b}", SUB),
        (
            "!Sub '${Other-x}'",
            "variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and"
            " colons",
        ),
        ("!If [C, a]", "Fn::If requires a list argument with three elements"),
        ("!If [!Equals [a, b], a, b]", "Fn::If requires a list argument with the first element being a condition"),
        ("!If [Nope, a, b]", "unresolved condition dependency Nope in Fn::If"),
        ("!FindInMap [M, a]", FIND),
        ("!FindInMap [M, !Ref Other, b]", "the arguments of Fn::FindInMap must not depend on any resources"),
        ("!FindInMap [!Sub '${Other.Id}', a, b]", "the arguments of Fn::FindInMap must not depend on any resources"),
        ("!FindInMap [M, a, b, {DefaultValue: c}]", FIND),
        ("!FindInMap [M, a, b]", "Mapping named 'M' is not present in the 'Mappings' section of template."),
        ("!Base64 [a]", "every Fn::Base64 object must have a String-typed value."),
        ("!GetAZs [a]", "every Fn::GetAZs object must have a String-typed value."),
        (
            "!ImportValue {Ref: Other}",
            "the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs",
        ),
        ("!Or [!Equals [a, b], !Equals [a, b]]", "Fn::Or cannot be partially collapsed"),
        ("{'Fn::Join': [',', [a]], Other: b}", "an object with Fn::Join can have no other members"),
    ],
)
def test_forms_of_functions(part: str, message: str) -> None:
    """A function of a wrong form is refused in AWS's words, where they are known."""
    with pytest.raises(ValidationError) as raised:
        value_of(part, "Conditions: {C: !Equals [a, a]}")
    assert refusal(raised) == f"Template error: {message}"


@pytest.mark.parametrize(
    ("part", "name"),
    [("!Reff A", "Fn::Reff"), ("!Length [a]", "Fn::Length"), ("!ToJsonString {}", "Fn::ToJsonString")],
)
def test_functions_that_do_not_exist(part: str, name: str) -> None:
    """A function that doesn't exist is refused; so are those of AWS::LanguageExtensions without the transform."""
    with pytest.raises(ValidationError) as raised:
        value_of(part)
    start = (
        f"Template error: Encountered unsupported function: {name} Supported functions are: [Fn::Base64, Fn::GetAtt,"
    )
    assert refusal(raised).startswith(start)


def test_functions_that_are_not_supported() -> None:
    """A function of AWS's that the sandbox lacks is refused by name, with what to do instead."""
    with pytest.raises(ValidationError) as raised:
        value_of("!GetStackOutput {StackName: a, OutputName: b}")
    assert refusal(raised) == (
        "The function Fn::GetStackOutput is not supported by this sandbox. Outputs of other stacks can't be read by"
        " name here: export the output, and use Fn::ImportValue."
    )


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "Resources: {A: {Type: A::B::C, Condition: Never}, B: {Type: A::B::C, Properties: {X: !Ref A}}}",
            f"{FORMAT}Unresolved resource dependencies [A] in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: A::B::C, Condition: Never}, B: {Type: A::B::C, Properties: {X: !Sub '${A.Y}'}}}",
            f"{FORMAT}Unresolved resource dependencies [A] in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: A::B::C, Condition: Never}, B: {Type: A::B::C, DependsOn: A}}",
            f"{FORMAT}Unresolved resource dependencies [A] in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: A::B::C, Condition: Never}, B: {Type: A::B::C}}\nOutputs: {O: {Value: !GetAtt A.Y}}",
            "Unresolved resource dependencies [A] in the Outputs block of the template",
        ),
        (
            "Resources: {B: {Type: A::B::C, Properties: {X: !Select [2, !Split [',', 'a,b']]}}}",
            "Template error: Fn::Select  cannot select nonexistent value at index 2",
        ),
        (
            "Resources: {B: {Type: A::B::C}}\nOutputs: {O: {Value: !Split [',', !Ref B]}}",
            f"{FORMAT}The Value field of every Outputs member must evaluate to a String.",
        ),
        (
            "Resources: {B: {Type: A::B::C, Properties: {X: '{{resolve:ssm:/a:}}'}}}",
            "Incorrect format is used in the following SSM reference: [{{resolve:ssm:/a:}}]",
        ),
        (
            "Resources: {B: {Type: A::B::C, Properties: {X: {Y: ['{{resolve:ssm-secure:/a:1}}']}}}}",
            "SSM Secure reference is not supported in: [A::B::C/Properties/X/Y]",
        ),
    ],
)
def test_what_the_parameters_decide(yaml: str, message: str) -> None:
    """What is wrong only with the given parameters is refused before anything is made."""
    with pytest.raises(ValidationError) as raised:
        evaluator(f"Conditions: {{Never: !Equals [a, b]}}\n{yaml}").check()
    assert refusal(raised) == message


def test_conditions_that_depend_on_each_other() -> None:
    """Conditions that depend on each other are refused."""
    yaml = f"Conditions: {{A: !Not [!Condition B], B: !Not [!Condition A]}}\n{TOYS}"
    with pytest.raises(ValidationError, match="Template error: Found circular condition dependency: A"):
        evaluator(yaml).check()


def test_templates_that_would_never_end() -> None:
    """Functions that double a text in each other, and endless chains of conditions, are refused at once."""
    doubled = "x"
    for _ in range(30):
        doubled = f"!Sub ['${{a}}${{a}}', {{a: {doubled}}}]"
    with pytest.raises(ValidationError, match="a function makes a text of more than 1000000 characters"):
        value_of(doubled)
    chain = "".join(f"  C{number}: !Not [!Condition C{number + 1}]\n" for number in range(900))
    with pytest.raises(ValidationError, match="depends on too many other conditions"):
        evaluator(f"Conditions:\n{chain}  C900: !Equals [a, a]\n{TOYS}").check()


def test_too_many() -> None:
    """More resources, or attributes of a mapping, than CloudFormation allows are refused."""
    resources = "".join(f"  R{number}: {{Type: A::B::C}}\n" for number in range(501))
    with pytest.raises(ValidationError, match="Number of resources, 501, is greater than maximum allowed, 500"):
        check(parse(f"Resources:\n{resources}"))
    attributes = "".join(f"    K{number}: {{a: b}}\n" for number in range(201))
    with pytest.raises(
        ValidationError, match="Number of attributes of mapping M, 201, is greater than maximum allowed"
    ):
        check(parse(f"Mappings:\n  M:\n{attributes}{TOYS}"))
    attributes = "".join(f"      k{number}: b\n" for number in range(201))
    with pytest.raises(ValidationError, match="Number of attributes of M::K, 201, is greater than maximum allowed"):
        check(parse(f"Mappings:\n  M:\n    K:\n{attributes}{TOYS}"))


@pytest.mark.parametrize("name", ["9stack", "a_b", "", "a b", "a" * 129])
def test_stack_names(name: str) -> None:
    """A stack name begins with a letter, and has letters, digits and dashes, 128 at most."""
    with pytest.raises(ValidationError, match="at 'stackName' failed to satisfy constraint: Member must"):
        check_stack_name(name)
    check_stack_name("a-9")
