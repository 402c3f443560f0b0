"""Fn::GetAtt gives what cfn-lint says that AWS gives, by type."""

import json
from importlib.resources import files
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, _getatts

from cfn_sandbox.schemas import published
from cfn_sandbox.schemas.attributes import attribute_paths, refusal
from cfn_sandbox.schemas.schema import ResourceSchema


def test_the_lists_are_cfn_lint_s() -> None:
    """The copied lists are those of the installed cfn-lint."""
    table = json.loads(files("cfn_sandbox.schemas").joinpath("attributes.json").read_text("utf-8"))
    assert table["all_properties"] == _getatts._all_property_types
    assert table["further"] == _getatts._exceptions


@pytest.mark.slow
def test_the_rules_are_cfn_lint_s() -> None:
    """For every published type the attributes are cfn-lint's, but lists of objects that it overlooks behind `$ref`.

    Those of AWS::Serverless are no types of CloudFormation's: the macro replaces them.
    """
    with_outputs = {"AWS::CloudFormation::Stack", "AWS::ServiceCatalog::CloudFormationProvisionedProduct"}
    names = {name for name in PROVIDER_SCHEMA_MANAGER.get_resource_types("us-east-1") if "::Serverless::" not in name}
    assert len(names) > 1_000
    for name in names - with_outputs:
        theirs = _getatts.GetAtts(PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name)).attrs.data
        schema = published.schema(name)
        assert schema is not None
        expected = {
            attribute for attribute in theirs if "*" not in attribute and not _is_list_of_objects(schema, attribute)
        }
        assert {".".join(path) for path in attribute_paths(schema)} == expected, name


def _is_list_of_objects(schema: ResourceSchema, attribute: str) -> bool:
    if schema.name not in _getatts._all_property_types:
        return False
    rules: list[Any] = schema.at(attribute.split("."))
    return any(schema.kinds(item) & {"object", "array"} for rule in rules for item in schema.items(rule))


SETTABLE = "Requested attribute {} must be a readonly property in schema for [{}]"
# As in aws-cloudformation/cloudformation-resource-schema pull request 101.
MISSING = "Requested attribute {} does not exist in schema for {}"


@pytest.mark.parametrize(
    ("name", "attribute", "words"),
    [
        ("AWS::SNS::Topic", "TopicName", None),
        ("AWS::SNS::Topic", "Tags", SETTABLE),
        ("AWS::SNS::Topic", "Nonsense", MISSING),
        ("AWS::SQS::Queue", "RedrivePolicy", SETTABLE),
        ("AWS::SageMaker::ModelQualityJobDefinition", "JobDefinitionName", None),
        ("AWS::SageMaker::ModelQualityJobDefinition", "JobResources.ClusterConfig.InstanceType", None),
        ("AWS::SageMaker::ModelQualityJobDefinition", "JobResources.ClusterConfig", SETTABLE),
        ("AWS::SageMaker::Endpoint", "EndpointName", None),
        ("AWS::CloudFormation::Stack", "Outputs.Name", None),
        ("AWS::CloudFormation::Stack", "Outputs", MISSING),
        ("AWS::RDS::DBCluster", "Endpoint.Address", None),
        ("AWS::RDS::DBCluster", "Endpoint.Nonsense", MISSING),
        ("AWS::Logs::LogGroup", "Arn", None),
        ("AWS::Logs::LogGroup", "RetentionInDays", SETTABLE),
    ],
)
def test_attributes(name: str, attribute: str, words: str | None) -> None:
    """Older types of AWS's give every property but lists of objects, others the read-only ones, with AWS's sentence."""
    schema = published.schema(name)
    assert schema is not None
    assert refusal(schema, attribute) == (words and words.format(attribute, name))


def test_private_types_give_read_only_properties() -> None:
    """A registered type has its read-only properties as attributes, also nested ones, but none inside a list."""
    read_only: list[Any] = ["/properties/Arn", "/properties/Outer/Inner", "/properties/List/*/Member"]
    schema = ResourceSchema({"typeName": "My::Own::Type", "properties": {"Name": {}}, "readOnlyProperties": read_only})
    assert attribute_paths(schema) == {("Arn",), ("Outer", "Inner")}
    assert refusal(schema, "Outer.Inner") is None
    assert refusal(schema, "Name") is not None
