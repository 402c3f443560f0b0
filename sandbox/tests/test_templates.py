"""Invalid templates and parameters are refused before the stack changes, and summaries describe valid ones."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account
from sandbox.tests.toys import TOY, Client, Toys, create, stack_of, template, update

TRUST = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}
ROLE = {"Type": "AWS::IAM::Role", "Properties": TRUST}
NAMED_ROLE = {"Type": "AWS::IAM::Role", "Properties": {**TRUST, "RoleName": "me"}}


def with_parameters(parameters: dict[str, Any], **resources: dict[str, Any]) -> str:
    """Return a template of toys with parameters."""
    return json.dumps(json.loads(template(**resources)) | {"Parameters": parameters})


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:5000/{bucket}/a%20b.json",
        "http://localhost:5000/{bucket}/a b.json",
        "https://s3.eu-west-1.amazonaws.com/{bucket}/a b.json",
        "https://{bucket}.s3.eu-west-1.amazonaws.com/a b.json",
        "https://{bucket}.s3.amazonaws.com/a b.json",
    ],
)
@pytest.mark.parametrize("bucket", ["box.of.localhost", "s3-box"])
def test_template_urls(home: Account, toys: Toys, cloudformation: Client, url: str, bucket: str) -> None:
    """Template URLs work path-style and virtual-hosted, for AWS and for this machine, with any bucket name."""
    s3 = home.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key="a b.json", Body=template(Bear={"Name": "bear"}).encode())
    cloudformation.create_stack(StackName="toys", TemplateURL=url.format(bucket=bucket))
    assert toys.actions() == ["CREATE Bear"]


@pytest.mark.parametrize("name", ["none/a.json", "box/none.json"])
def test_a_template_url_that_leads_nowhere(home: Account, cloudformation: Client, name: str) -> None:
    """A URL of a missing bucket or key is refused."""
    place = {"LocationConstraint": "eu-west-1"}
    home.client("s3").create_bucket(Bucket="box", CreateBucketConfiguration=place)
    with pytest.raises(ClientError, match=r"S3 error: The specified (bucket|key) does not exist"):
        cloudformation.create_stack(StackName="toys", TemplateURL=f"http://127.0.0.1:5000/{name}")


def test_a_resource_without_a_physical_resource(toys: Toys, cloudformation: Client) -> None:
    """AWS::CDK::Metadata, part of every CDK stack, has events and an identifier, which updates don't change."""

    def metadata(text: str) -> dict[str, Any]:
        return {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": text}}

    create(cloudformation, template(Bear={"Name": "bear"}, CDKMetadata=metadata("v2:deflate64:abc")))
    stack = update(cloudformation, template(Bear={"Name": "bear"}, CDKMetadata=metadata("v2:deflate64:xyz")))
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    resources = cloudformation.list_stack_resources(StackName="toys")["StackResourceSummaries"]
    statuses = {one["LogicalResourceId"]: one["ResourceStatus"] for one in resources}
    assert statuses == {"Bear": "CREATE_COMPLETE", "CDKMetadata": "UPDATE_COMPLETE"}
    assert all(one["PhysicalResourceId"] for one in resources)
    cloudformation.delete_stack(StackName="toys")
    assert toys.actions() == ["CREATE Bear", "DELETE Bear"]


@pytest.mark.parametrize(
    ("resource", "given", "needed"),
    [
        (ROLE, [], "CAPABILITY_IAM"),
        (ROLE, ["CAPABILITY_AUTO_EXPAND"], "CAPABILITY_IAM"),
        (NAMED_ROLE, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
        (ROLE, ["CAPABILITY_NAMED_IAM"], None),
        (NAMED_ROLE, ["CAPABILITY_NAMED_IAM"], None),
    ],
)
def test_capabilities(cloudformation: Client, resource: dict[str, Any], given: list[str], needed: str | None) -> None:
    """A stack or change set without the capability that it needs is refused, and nothing is created."""
    options: dict[str, Any] = {
        "StackName": "toys",
        "TemplateBody": template(Role=resource),
        "Capabilities": given,
    }
    if needed is None:
        cloudformation.create_stack(**options)
        assert stack_of(cloudformation)["StackStatus"] == "CREATE_COMPLETE"
        return
    refused = cloudformation.exceptions.InsufficientCapabilitiesException
    with pytest.raises(refused, match=rf"Requires capabilities : \[{needed}\]"):
        cloudformation.create_stack(**options)
    with pytest.raises(refused, match=needed):
        cloudformation.create_change_set(ChangeSetName="change", ChangeSetType="CREATE", **options)
    assert cloudformation.describe_stacks()["Stacks"] == []


def test_a_macro_must_be_reviewed(cloudformation: Client) -> None:
    """A macro needs a change set or its capability. SAM's own translator expands SAM templates."""
    body = json.dumps(
        {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {
                "Box": {"Type": "AWS::Serverless::SimpleTable", "Properties": {"TableName": "box"}},
            },
        }
    )
    with pytest.raises(ClientError, match="CAPABILITY_AUTO_EXPAND"):
        cloudformation.create_stack(StackName="toys", TemplateBody=body)
    change = {"StackName": "toys", "ChangeSetName": "change"}
    cloudformation.create_change_set(**change, ChangeSetType="CREATE", TemplateBody=body)
    (resource_change,) = cloudformation.describe_change_set(**change)["Changes"]
    assert resource_change["ResourceChange"]["ResourceType"] == "AWS::DynamoDB::Table"
    cloudformation.execute_change_set(**change)
    assert stack_of(cloudformation)["StackStatus"] == "CREATE_COMPLETE"
    assert cloudformation.get_template(StackName="toys")["TemplateBody"] == json.loads(body)
    processed = cloudformation.get_template(StackName="toys", TemplateStage="Processed")["TemplateBody"]
    assert processed["Resources"]["Box"]["Type"] == "AWS::DynamoDB::Table"
    cloudformation.update_stack(StackName="toys", TemplateBody=body, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert stack_of(cloudformation)["StackStatus"] == "UPDATE_COMPLETE"


def test_a_macro_that_does_not_exist(cloudformation: Client) -> None:
    """A user's macro is refused before the stack exists."""
    with pytest.raises(ClientError, match="No transform named Acme::Macro found"):
        create(cloudformation, json.dumps({"Transform": "Acme::Macro", "Resources": {"A": {"Type": TOY}}}))
    assert cloudformation.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("place", ["Transform", "Fn::Transform"])
def test_a_macro_is_acknowledged_before_it_is_expanded(cloudformation: Client, place: str) -> None:
    """Without its capability a macro is refused before it can fail: LocalStack's test_capabilities_requirements."""
    include = {"Name": "AWS::Include", "Parameters": {"Location": "s3://none/none"}}
    body: dict[str, Any] = {"Resources": {"A": {"Type": TOY}}}
    (body if place == "Transform" else body["Resources"]["A"])[place] = include
    with pytest.raises(ClientError) as refused:
        create(cloudformation, json.dumps(body))
    assert refused.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
    assert refused.value.response["Error"]["Message"] == "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"


EXPANDED = {"Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
FAILING = [
    (
        {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {"A": {"Type": "AWS::Serverless::SimpleTable", "Properties": {"Nonsense": 1}}},
        },
        "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document.",
    ),
    (
        {"Transform": "AWS::LanguageExtensions", "Resources": {"A": {"Type": TOY}, "Fn::ForEach::L": ["X", ["a"]]}},
        "Transform AWS::LanguageExtensions failed with: Fn::ForEach layout is incorrect",
    ),
    (
        {"Transform": "AWS::LanguageExtensions", "Resources": {"A": {"Type": TOY, "DependsOn": "B"}}},
        "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
    ),
]


@pytest.mark.parametrize(("body", "reason"), FAILING)
def test_a_macro_that_fails(toys: Toys, cloudformation: Client, body: dict[str, Any], reason: str) -> None:
    """A macro that fails, or makes what is refused, fails the operation, not the request: the stack is rolled back.

    Source: LocalStack's recording of AWS, TestMacros::test_failed_state in test_template_engine.snapshot.json; for
    AWS's own macros, aws-cloudformation/cfn-language-discussion issue 147.
    """
    parameters = {"Parameters": {"P": {"Type": "String", "Default": "given"}}}
    create(cloudformation, json.dumps(body | parameters), **EXPANDED)
    stack = stack_of(cloudformation)
    assert (stack["StackStatus"], stack["Parameters"]) == (
        "ROLLBACK_COMPLETE",
        [{"ParameterKey": "P", "ParameterValue": "given"}],
    )
    found = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    assert [event["ResourceStatus"] for event in found] == [
        *("ROLLBACK_COMPLETE", "ROLLBACK_IN_PROGRESS", "CREATE_IN_PROGRESS")
    ]
    assert found[1]["ResourceStatusReason"].startswith(reason)
    assert found[1]["ResourceStatusReason"].endswith(". Rollback requested by user.")
    assert cloudformation.get_template(StackName="toys")["TemplateBody"] == body | parameters
    cloudformation.delete_stack(StackName="toys")
    assert toys.actions() == []


@pytest.mark.parametrize(("body", "reason"), FAILING)
def test_a_macro_that_fails_an_update(toys: Toys, cloudformation: Client, body: dict[str, Any], reason: str) -> None:
    """An update whose macro fails is rolled back, and changes nothing."""
    before = template(Bear={"Name": "bear"})
    create(cloudformation, before)
    stack = update(cloudformation, json.dumps(body), **EXPANDED)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    found = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    (why,) = [one["ResourceStatusReason"] for one in found if one["ResourceStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"]
    assert why.startswith(reason)
    assert cloudformation.get_template(StackName="toys")["TemplateBody"] == json.loads(before)
    assert toys.actions() == ["CREATE Bear"]


def test_an_included_file_is_in_the_processed_template(home: Account, toys: Toys, cloudformation: Client) -> None:
    """The processed template has what an embedded macro made: LocalStack's test_transformers.snapshot.json."""
    s3 = home.client("s3")
    s3.create_bucket(Bucket="box", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="box", Key="name.yaml", Body=b"Name: bear")
    body = template(Bear={"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://box/name.yaml"}}})
    create(cloudformation, body, **EXPANDED)
    processed = cloudformation.get_template(StackName="toys", TemplateStage="Processed")["TemplateBody"]
    assert processed["Resources"]["Bear"]["Properties"] == {"Name": "bear"}
    assert toys.actions() == ["CREATE Bear"]


PARAMETERS = {
    "Colour": {"Type": "String", "Default": "red", "AllowedValues": ["red", "blue"], "Description": "Its colour"},
    "Secret": {"Type": "String", "NoEcho": True},
}


def test_summaries(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """A summary has parameters, capabilities with their reason, and import identifiers; parameters can be unused."""
    body = json.loads(with_parameters(PARAMETERS, Bear={"Name": "bear"}, Role=ROLE, Box={"Type": "AWS::SQS::Queue"}))
    body |= {"Description": "Toys.", "Metadata": {"a": 1}, "AWSTemplateFormatVersion": "2010-09-09"}
    validated = cloudformation.validate_template(TemplateBody=json.dumps(body))
    assert validated["Description"] == "Toys."
    assert validated["Capabilities"] == ["CAPABILITY_IAM"]
    assert validated["CapabilitiesReason"] == "The following resource(s) require capabilities: [AWS::IAM::Role]"
    assert validated["Parameters"] == [
        {"ParameterKey": "Colour", "DefaultValue": "red", "NoEcho": False, "Description": "Its colour"},
        {"ParameterKey": "Secret", "NoEcho": True},
    ]
    summary = cloudformation.get_template_summary(TemplateBody=json.dumps(body))
    assert sorted(summary["ResourceTypes"]) == ["AWS::IAM::Role", "AWS::SQS::Queue", TOY]
    assert (summary["Version"], json.loads(summary["Metadata"])) == ("2010-09-09", {"a": 1})
    assert summary["Parameters"][0]["ParameterConstraints"] == {"AllowedValues": ["red", "blue"]}
    identifiers = {one["ResourceType"]: one["ResourceIdentifiers"] for one in summary["ResourceIdentifierSummaries"]}
    assert identifiers == {TOY: ["Id"], "AWS::IAM::Role": ["RoleName"], "AWS::SQS::Queue": ["QueueUrl"]}


def test_a_stack_s_summary_and_its_secrets(toys: Toys, cloudformation: Client) -> None:
    """A stack has a summary, too. A NoEcho value is shown as ****, but reaches the resource."""
    body = with_parameters(PARAMETERS, Bear={"Name": "bear", "Colour": {"Ref": "Secret"}})
    stack = create(cloudformation, body, Parameters=[{"ParameterKey": "Secret", "ParameterValue": "swordfish"}])
    values = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    assert values == {"Colour": "red", "Secret": "****"}
    assert toys.resources["toy-1"]["Colour"] == "swordfish"
    summary = cloudformation.get_template_summary(StackName="toys")
    assert [one["ParameterKey"] for one in summary["Parameters"]] == ["Colour", "Secret"]


@pytest.mark.parametrize(
    ("declaration", "value", "message"),
    [
        ({"AllowedValues": ["red"]}, "blue", "Parameter 'Colour' must be one of AllowedValues"),
        ({"AllowedPattern": "[a-z]+"}, "Blue", r"Parameter 'Colour' must match pattern \[a-z\]\+"),
        ({"AllowedPattern": "[a-z]+", "ConstraintDescription": "small"}, "B", "failed to satisfy constraint: small"),
        ({"MinLength": 3}, "x", "Parameter 'Colour' must contain at least 3 characters"),
        ({"MaxLength": "3"}, "xxxx", "Parameter 'Colour' must contain at most 3 characters"),
        ({"Type": "Number"}, "x", "Parameter 'Colour' must be a number"),
        ({"Type": "Number", "MinValue": 3}, "2", "Parameter 'Colour' must be a number not less than 3"),
        ({"Type": "List<Number>", "MaxValue": 3}, "1,4", "Parameter 'Colour' must be a number not greater than 3"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, "a,c", "must be one of AllowedValues"),
    ],
)
def test_parameters_out_of_bounds(
    cloudformation: Client, declaration: dict[str, Any], value: str, message: str
) -> None:
    """A parameter outside its constraints is refused in CloudFormation's words, without the value."""
    body = with_parameters({"Colour": {"Type": "String"} | declaration}, Bear={"Name": "bear"})
    with pytest.raises(ClientError, match=message):
        create(cloudformation, body, Parameters=[{"ParameterKey": "Colour", "ParameterValue": value}])
    with pytest.raises(ClientError, match=r"Parameters: \[Colour\] must have values"):
        create(cloudformation, body)
    extra = [{"ParameterKey": "Other", "ParameterValue": "x"}, {"ParameterKey": "Colour", "ParameterValue": value}]
    with pytest.raises(ClientError, match=r"Parameters: \[Other\] do not exist in the template"):
        create(cloudformation, body, Parameters=extra)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Resources": {"A": {"Type": TOY}}, "Resource": {}}, r"Invalid template property or properties \[Resource\]"),
        ({"Resources": {}}, "At least one Resources member must be defined"),
        ({"Resources": {"A": {"Properties": {}}}}, r"\[/Resources/A\] Every Resources object must contain a Type"),
        (
            {"Resources": {"A": {"Type": TOY}}, "Outputs": {"X": {"Value": {"Ref": "B"}}}},
            r"Unresolved resource dependencies \[B\] in the Outputs block",
        ),
        ({"Resources": {"A": {"Type": TOY, "DependsOn": ["A"]}}}, r"Circular dependency between resources: \[A\]"),
    ],
)
def test_what_validation_refuses(cloudformation: Client, body: dict[str, Any], message: str) -> None:
    """ValidateTemplate refuses the same templates as CreateStack."""
    with pytest.raises(ClientError, match=message):
        cloudformation.validate_template(TemplateBody=json.dumps(body))
    with pytest.raises(ClientError, match=message):
        cloudformation.create_stack(StackName="toys", TemplateBody=json.dumps(body))
