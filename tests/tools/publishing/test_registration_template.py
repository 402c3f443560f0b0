"""examples/registration.yaml is valid, and its roles allow neither more nor less than needed."""

import io
import json
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs
from cfnlint.decode import decode
from cloudformation_cli_python_lib.metrics import MetricsPublisher

from cfn_sandbox import Account, settings

ROOT = Path(__file__).parents[3]
OPERATIONS = settings.read(ROOT).service_models
TEMPLATE = ROOT / "examples" / "registration.yaml"


@pytest.fixture
def resources() -> dict[str, Any]:
    """Return the template's resources, with short functions such as !Sub in their long form."""
    template, errors = decode(str(TEMPLATE))
    assert template is not None, errors
    return dict(template["Resources"])


def statements(role: dict[str, Any]) -> list[Any]:
    """Return a role's statements, with sorted actions."""
    return [
        statement | {"Action": sorted(statement["Action"])}
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


class _Loader(yaml.SafeLoader):
    """A loader that reads tags such as !Ref as plain text."""


_Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


def test_the_template_is_valid() -> None:
    """cfn-lint finds nothing, its informational rules included, in four very different regions."""
    config = ManualArgs(include_checks=["I"], regions=["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
    assert [str(match) for match in lint_file(TEMPLATE, config)] == []


def test_the_handlers_may_do_what_cfns_role_may(resources: dict[str, Any]) -> None:
    """The execution role has the statements, session limit and trust policy of resource-role.yaml."""
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


def test_the_delivery_role_may_do_what_delivery_does(resources: dict[str, Any]) -> None:
    """The role allows exactly the operations of delivery, on the type's own log group and namespace."""
    logs, metrics = statements(resources["LogAndMetricsDeliveryRole"])
    assert logs["Action"] == sorted(f"logs:{operation}" for operation in OPERATIONS["logs"])
    assert metrics["Action"] == sorted(f"cloudwatch:{operation}" for operation in OPERATIONS["cloudwatch"])
    name = resources["TypeVersion"]["Properties"]["LoggingConfig"]["LogGroupName"]["Fn::Sub"]
    group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    assert [resource["Fn::Sub"] for resource in logs["Resource"]] == [
        [f"{group}{name[0]}", name[1]],
        [f"{group}{name[0]}:*", name[1]],
    ]
    namespace, variables = metrics["Condition"]["StringEquals"]["cloudwatch:namespace"]["Fn::Sub"]
    assert variables == {"Slashed": {"Fn::Join": ["/", {"Fn::Split": ["::", {"Ref": "TypeName"}]}]}}
    assert namespace.replace("${Slashed}", "Acme/Play/Thing") == MetricsPublisher._make_namespace("Acme::Play::Thing")


def test_the_delivery_role_is_assumed_for_this_type_alone(resources: dict[str, Any]) -> None:
    """Like the execution role, it can't be assumed for another account's type."""
    (trust,) = resources["LogAndMetricsDeliveryRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert [trust] == resources["ExecutionRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert set(trust["Condition"]) == {"StringEquals", "StringLike"}


def test_the_delivery_role_asks_for_less_than_cfns_own(resources: dict[str, Any]) -> None:
    """The role of cfn also serves plugins of other languages, some of which describe before they create."""
    infrastructure = files("rpdk.core") / "data" / "managed-upload-infrastructure.yaml"
    # The loader is a safe one that reads tags as text.
    own = yaml.load(infrastructure.read_text(), Loader=_Loader)["Resources"]["LogAndMetricsDeliveryRole"]  # noqa: S506
    ours = resources["LogAndMetricsDeliveryRole"]
    actions = [{action for statement in statements(role) for action in statement["Action"]} for role in (ours, own)]
    assert actions[0] < actions[1]
    assert ours["Properties"]["MaxSessionDuration"] == own["Properties"]["MaxSessionDuration"]


def test_the_version_runs_with_both_roles_and_becomes_the_default(resources: dict[str, Any]) -> None:
    """The template makes the same requests to the registry as `cfn submit --set-default`."""
    version = resources["TypeVersion"]["Properties"]
    assert version["TypeName"] == {"Ref": "TypeName"}
    assert version["SchemaHandlerPackage"] == {"Ref": "SchemaHandlerPackage"}
    assert version["ExecutionRoleArn"] == {"Fn::GetAtt": ["ExecutionRole", "Arn"]}
    assert version["LoggingConfig"]["LogRoleArn"] == {"Fn::GetAtt": ["LogAndMetricsDeliveryRole", "Arn"]}
    assert resources["DefaultVersion"]["Properties"] == {"TypeVersionArn": {"Ref": "TypeVersion"}}


def test_it_registers_a_type() -> None:
    """Deployed with a package, the template registers the type with its role, and makes the version the default."""
    function, package = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(function, "w") as contents:
        contents.writestr("handlers.py", "def resource(event, context):\n    return {'status': 'FAILED'}")
    schema: dict[str, Any] = {"typeName": "Acme::Toy::Thing", "description": "A toy."}
    schema["properties"] = {"Name": {"type": "string"}}
    schema |= {"primaryIdentifier": ["/properties/Name"], "additionalProperties": False}
    schema["handlers"] = {name: {"permissions": []} for name in ("create", "read", "delete")}
    with zipfile.ZipFile(package, "w") as contents:
        contents.writestr(".rpdk-config", '{"runtime": "python3.12", "entrypoint": "handlers.resource"}')
        contents.writestr("schema.json", json.dumps(schema))
        contents.writestr("ResourceProvider.zip", function.getvalue())
    parameters = {"TypeName": "Acme::Toy::Thing", "SchemaHandlerPackage": "s3://uploads/toy.zip"}
    with Account(tested=False) as account:
        account.client("s3").create_bucket(Bucket="uploads")
        account.client("s3").put_object(Bucket="uploads", Key="toy.zip", Body=package.getvalue())
        cloudformation = account.client("cloudformation")
        cloudformation.create_stack(
            StackName="registration",
            TemplateBody=TEMPLATE.read_text(),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        described = cloudformation.describe_type(Type="RESOURCE", TypeName="Acme::Toy::Thing")
        (stack,) = cloudformation.describe_stacks()["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs["TypeVersionArn"].endswith(described["DefaultVersionId"])
    assert outputs["ExecutionRoleArn"] == described["ExecutionRoleArn"]
    assert described["LoggingConfig"]["LogGroupName"] == "Acme-Toy-Thing-logs"
