"""Dynamic references are resolved by a lookup, and refused where CloudFormation doesn't resolve them."""

import pytest

from cfn_sandbox.cloudformation.templates.dynamic import DynamicReference, check, dynamic_references, resolve
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import JSON, Value
from sandbox.tests.cloudformation.templates.world import evaluator, refusal

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:toys-a1B2"
SECRET = '{"user": "bear", "count": 3, "ok": true}'


def stored(reference: DynamicReference) -> str | None:
    """Return what is stored under a name."""
    return {"/toys/name": f"bear{reference.version or ''}", "toys": SECRET, ARN: "plain", "text": "x"}.get(
        reference.name
    )


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("{{resolve:ssm:/toys/name}}", "bear"),
        ("a {{resolve:ssm:/toys/name:2}} and {{resolve:ssm-secure:/toys/name:3}}", "a bear2 and bear3"),
        ("{{resolve:secretsmanager:toys}}", SECRET),
        ("{{resolve:secretsmanager:toys:SecretString}}", SECRET),
        ("{{resolve:secretsmanager:toys:SecretString:user}}", "bear"),
        ("{{resolve:secretsmanager:toys:SecretString:user::}}", "bear"),
        ("{{resolve:secretsmanager:toys:SecretString:ok:AWSCURRENT}}", "true"),
        (f"{{{{resolve:secretsmanager:{ARN}}}}}", "plain"),
        ({"a": ["{{resolve:ssm:/toys/name}}", 1]}, {"a": ["bear", 1]}),
        ("{{other}} {resolve:ssm:x}", "{{other}} {resolve:ssm:x}"),
    ],
)
def test_references(value: Value, result: JSON) -> None:
    """A reference is replaced by what is stored, within texts, lists and objects."""
    assert resolve(value, stored) == result


def test_parts_of_a_reference() -> None:
    """A reference says name, version, stage and key."""
    (one,) = dynamic_references("{{resolve:ssm:/a/b:7}}")
    (other,) = dynamic_references(f"{{{{resolve:secretsmanager:{ARN}:SecretString:k::v1}}}}")
    assert (one.service, one.name, one.version, one.key) == ("ssm", "/a/b", "7", None)
    assert (other.name, other.key, other.stage, other.version) == (ARN, "k", None, "v1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{resolve:ssm:/none:4}}", "Parameters: [ssm:/none:4] cannot be found."),
        ("{{resolve:ssm-secure:/none}}", "Parameters: [ssm-secure:/none] cannot be found."),
        ("{{resolve:secretsmanager:none}}", "Secrets Manager can't find the specified secret."),
        (
            "{{resolve:secretsmanager:toys:SecretString:none}}",
            "Could not find a value associated with JSONKey in SecretString",
        ),
        ("{{resolve:secretsmanager:text:SecretString:key}}", "Could not parse SecretString JSON"),
        (
            "{{resolve:ssm:/a b}}",
            "Incorrect format is used in the following SSM reference: [{{resolve:ssm:/a b}}]",
        ),
        (
            "{{resolve:secretsmanager:toys:SecretBinary}}",
            "Incorrect format is used in the following Secrets Manager reference:"
            " [{{resolve:secretsmanager:toys:SecretBinary}}]",
        ),
        (
            "{{resolve:vault:a}}",
            "The dynamic reference {{resolve:vault:a}} has an unknown service: use ssm, ssm-secure or secretsmanager",
        ),
    ],
)
def test_references_that_fail(text: str, message: str) -> None:
    """A malformed reference, and one to what doesn't exist, is refused in AWS's words, where they are known."""
    with pytest.raises(ValidationError) as raised:
        resolve(text, stored)
    assert refusal(raised) == message


def test_where_secure_strings_are_resolved() -> None:
    """Secure strings are resolved in the properties that the user guide lists, and refused elsewhere."""
    secure = "{{resolve:ssm-secure:/a:1}}"
    user: JSON = {"LoginProfile": {"Password": secure}}
    check("AWS::IAM::User", user)
    check("Acme::Test::Toy", "{{resolve:ssm:/a:1}}")
    toy: JSON = {"Name": secure, "Tags": [{"Value": secure}]}
    with pytest.raises(ValidationError) as raised:
        check("Acme::Test::Toy", toy)
    assert refusal(raised) == (
        "SSM Secure reference is not supported in: "
        "[Acme::Test::Toy/Properties/Name,Acme::Test::Toy/Properties/Tags/Value]"
    )


def test_parameters_are_looked_up_at_once() -> None:
    """A request is refused at once if a plain parameter doesn't exist; secrets are looked up only by the resource."""
    yaml = "Resources: {{A: {{Type: Acme::Test::Toy, Properties: {{Name: '{}'}}}}}}"
    evaluator(yaml.format("{{resolve:ssm:/toys/name}}-{{resolve:secretsmanager:none}}")).check(stored)
    with pytest.raises(ValidationError) as raised:
        evaluator(yaml.format("{{resolve:ssm:/none}}")).check(stored)
    assert refusal(raised) == "Parameters: [ssm:/none] cannot be found."
