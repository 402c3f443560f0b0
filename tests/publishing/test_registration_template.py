"""examples/registration.yaml: valid, and no role in it may do more or less than cfn's own."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs
from cfnlint.decode import decode

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "examples" / "registration.yaml"


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The template's resources, its short functions (!Sub) in their long form."""
    template, errors = decode(str(TEMPLATE))
    assert template is not None, errors
    return dict(template["Resources"])


def statements(role: dict[str, Any]) -> list[Any]:
    """What a role may do."""
    return [
        statement | {"Action": sorted(statement["Action"])}
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


class _Loader(yaml.SafeLoader):
    """Reads a template, with tags (!Ref) as the text behind them."""


_Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


def test_the_template_is_valid() -> None:
    """By cfn-lint, with its informational rules, in the regions that differ most."""
    config = ManualArgs(include_checks=["I"], regions=["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
    assert [str(match) for match in lint_file(TEMPLATE, config)] == []


def test_the_handlers_may_do_what_cfns_role_may(resources: dict[str, Any]) -> None:
    """Same statements, same session, and assumed by CloudFormation for this type alone, as in resource-role.yaml."""
    ours = resources["ExecutionRole"]
    generated = yaml.safe_load((ROOT / "resource-role.yaml").read_text())["Resources"]["ExecutionRole"]
    assert statements(ours) == statements(generated)
    assert ours["Properties"]["MaxSessionDuration"] == generated["Properties"]["MaxSessionDuration"]

    (trust,) = ours["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    (expected,) = generated["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    arn, variables = trust["Condition"]["StringLike"].pop("aws:SourceArn")["Fn::Sub"]
    name = "AWS-SageMaker-ModelQualityJobDefinition"
    assert arn.replace("${Hyphenated}", name) == expected["Condition"]["StringLike"].pop("aws:SourceArn")["Fn::Sub"]
    assert variables == {"Hyphenated": {"Fn::Join": ["-", {"Fn::Split": ["::", {"Ref": "TypeName"}]}]}}
    assert trust == expected


def test_logs_are_delivered_as_by_cfns_own_role(resources: dict[str, Any]) -> None:
    """The log role is that of the stack that `cfn submit` makes, for resource types."""
    infrastructure = files("rpdk.core") / "data" / "managed-upload-infrastructure.yaml"
    # Not an unsafe load: the loader is a safe one that reads tags as text.
    own = yaml.load(infrastructure.read_text(), Loader=_Loader)["Resources"]["LogAndMetricsDeliveryRole"]  # noqa: S506
    ours = resources["LogAndMetricsDeliveryRole"]
    assert statements(ours) == statements(own)
    assert ours["Properties"]["MaxSessionDuration"] == own["Properties"]["MaxSessionDuration"]
    (trust,) = ours["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    (expected,) = own["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"]["Service"] in expected["Principal"]["Service"]


def test_the_version_runs_with_both_roles_and_becomes_the_default(resources: dict[str, Any]) -> None:
    """What `cfn submit --set-default` asks of the registry, the template asks."""
    version = resources["TypeVersion"]["Properties"]
    assert version["TypeName"] == {"Ref": "TypeName"}
    assert version["SchemaHandlerPackage"] == {"Ref": "SchemaHandlerPackage"}
    assert version["ExecutionRoleArn"] == {"Fn::GetAtt": ["ExecutionRole", "Arn"]}
    assert version["LoggingConfig"]["LogRoleArn"] == {"Fn::GetAtt": ["LogAndMetricsDeliveryRole", "Arn"]}
    assert resources["DefaultVersion"]["Properties"] == {"TypeVersionArn": {"Ref": "TypeVersion"}}
