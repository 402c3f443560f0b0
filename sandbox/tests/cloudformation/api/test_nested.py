"""Nested stacks as clients make them: templates in buckets, and what descriptions show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cfn_sandbox.account.account import Account

JSON = dict[str, Any]
NAME = "/toys/bear"
CHILD = {
    "Parameters": {"Value": {"Type": "String"}},
    "Resources": {
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Name": NAME, "Value": {"Ref": "Value"}},
        }
    },
    "Outputs": {"Name": {"Value": {"Ref": "Parameter"}}},
}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Yield an account with a template in a bucket."""
    with Account(region="eu-west-1", tested=False) as account:
        s3 = account.client("s3")
        s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket="templates", Key="dir/1a2b.template", Body=json.dumps(CHILD))
        yield account


def parent(url: str, value: str) -> str:
    """Return a template of one nested stack."""
    properties = {"TemplateURL": url, "Parameters": {"Value": value}}
    return json.dumps(
        {
            "Resources": {"Child": {"Type": "AWS::CloudFormation::Stack", "Properties": properties}},
            "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Name"]}}},
        }
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.eu-west-1.amazonaws.com/templates/dir/1a2b.template",
        "https://s3.amazonaws.com/templates/dir/1a2b.template",
        "https://templates.s3.eu-west-1.amazonaws.com/dir/1a2b.template",
        "https://templates.s3.amazonaws.com/dir/1a2b.template",
        "ENDPOINT/templates/dir/1a2b.template",
    ],
)
def test_template_urls(account: Account, url: str) -> None:
    """A child's template is found at each kind of URL that `package`, SAM and CDK write."""
    client = account.client("cloudformation")
    url = url.replace("ENDPOINT", client.meta.endpoint_url)
    client.create_stack(StackName="parent", TemplateBody=parent(url, "one"), Tags=[{"Key": "team", "Value": "toys"}])
    (stack,) = client.describe_stacks(StackName="parent")["Stacks"]
    assert (stack["StackStatus"], stack["Outputs"]) == (
        "CREATE_COMPLETE",
        [{"OutputKey": "Name", "OutputValue": NAME}],
    )
    child_id = client.describe_stack_resource(StackName="parent", LogicalResourceId="Child")["StackResourceDetail"][
        "PhysicalResourceId"
    ]
    (child,) = client.describe_stacks(StackName=child_id)["Stacks"]
    assert (child["ParentId"], child["RootId"]) == (stack["StackId"], stack["StackId"])
    assert child["Tags"] == [{"Key": "team", "Value": "toys"}]
    assert "ParentId" not in stack
    client.update_stack(StackName="parent", TemplateBody=parent(url, "two"))
    assert account.client("ssm").get_parameter(Name=NAME)["Parameter"]["Value"] == "two"
    client.delete_stack(StackName="parent")
    assert client.describe_stacks()["Stacks"] == []
