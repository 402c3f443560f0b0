"""moto's types behave as every other type does."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.cloudformation.parsing import get_model_map
from moto.moto_api._internal.models import moto_api_backend

from cfn_sandbox.resource_types import moto_adapter
from cfn_sandbox.resource_types.interface import Instance, Outcome, Request, ResourceType

JSON = dict[str, Any]

ACCOUNT, REGION = "123456789012", "eu-west-1"
REQUEST = Request(ACCOUNT, REGION, f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/toys/1", "Box")
SESSION = boto3.Session("test", "test", region_name=REGION)


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    """Give each test an empty account."""
    with mock_aws():
        yield


def kind(name: str) -> ResourceType:
    """Return a type of moto's."""
    found = moto_adapter.find(name)
    assert found is not None
    return found


def made(outcome: Outcome) -> Instance:
    """Return the resource of a success."""
    assert outcome.failure is None
    assert outcome.instance is not None
    return outcome.instance


def test_every_type_has_a_published_schema() -> None:
    """All of moto's types are found with the schema that AWS publishes; placeholders and nested stacks are not."""
    names = [name for name in {*get_model_map(), *moto_adapter.NOMINAL} if moto_adapter.find(name)]
    assert len(names) > 95
    without = {name for name in names if not kind(name).schema.properties}
    assert without <= {"AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle"}
    assert {"AWS::SERVICE::RESOURCE", "AWS::CloudFormation::Stack", "?"}.isdisjoint(names)
    assert moto_adapter.find("AWS::CloudFormation::Stack") is None
    assert moto_adapter.find("AWS::No::Such") is None


def test_a_queue_s_life() -> None:
    """A resource is created with a generated name, has attributes, is updated in place, and is deleted."""
    queue, client = kind("AWS::SQS::Queue"), SESSION.client("sqs")
    properties = queue.typed({"VisibilityTimeout": "30"})
    instance = made(queue.create(REQUEST, properties))
    assert client.list_queues()["QueueUrls"] == [instance.identifier]
    assert str(queue.attribute(instance, "Arn")).startswith(f"arn:aws:sqs:{REGION}:{ACCOUNT}:toys-Box-")
    assert queue.attribute(instance, "VisibilityTimeout") == 30
    assert queue.attribute(instance, "DelaySeconds") is None
    updated = made(queue.update(REQUEST, {"VisibilityTimeout": 60}, properties, instance))
    assert updated.identifier == instance.identifier
    attributes = client.get_queue_attributes(QueueUrl=instance.identifier, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "60"
    assert queue.delete(REQUEST, properties, updated) == Outcome()
    assert "QueueUrls" not in client.list_queues()
    assert queue.delete(REQUEST, properties, updated) == Outcome()


def test_a_parameter_without_a_name() -> None:
    """A type whose name moto takes for given gets a generated one; its properties are its attributes.

    The name's form is recorded against AWS (LocalStack's ssm/test_parameter), so the stack's name can begin with "aws",
    which SSM reserves.
    """
    parameter, properties = kind("AWS::SSM::Parameter"), {"Type": "String", "Value": "1"}
    stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/aws-toys/1"
    instance = made(parameter.create(replace(REQUEST, stack_id=stack_id), properties))
    assert re.fullmatch("CFN-Box-[A-Za-z0-9]{12}", instance.identifier)
    assert parameter.attribute(instance, "Value") == "1"
    assert parameter.attribute(instance, "Type") == "String"
    made(parameter.update(REQUEST, {**properties, "Value": "2"}, properties, instance))
    assert SESSION.client("ssm").get_parameter(Name=instance.identifier)["Parameter"]["Value"] == "2"


def test_a_name_that_moto_takes_from_elsewhere() -> None:
    """A name that the template gives is the resource's, also of types whose moto class doesn't say its property."""
    model, client = kind("AWS::SageMaker::Model"), SESSION.client("sagemaker")
    role: JSON = {"ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "PrimaryContainer": {"Image": "i"}}
    made(model.create(REQUEST, {**role, "ModelName": "own"}))
    instance = made(model.create(REQUEST, role))
    names = [found["ModelName"] for found in client.list_models()["Models"]]
    assert sorted(names) == ["own", instance.identifier.rpartition("/")[2]]
    config, endpoint = kind("AWS::SageMaker::EndpointConfig"), kind("AWS::SageMaker::Endpoint")
    variant = {"VariantName": "a", "ModelName": "own", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    variants: JSON = {"ProductionVariants": [variant]}
    for name in ("one", "two"):
        made(config.create(REQUEST, {"EndpointConfigName": name, **variants}))
    instance = made(endpoint.create(REQUEST, {"EndpointConfigName": "one"}))
    (before,) = client.list_endpoints()["Endpoints"]
    made(endpoint.update(REQUEST, {"EndpointConfigName": "two"}, {"EndpointConfigName": "one"}, instance))
    (after,) = client.list_endpoints()["Endpoints"]
    assert after["EndpointName"] == before["EndpointName"]
    assert client.describe_endpoint(EndpointName=after["EndpointName"])["EndpointConfigName"] == "two"


@pytest.mark.parametrize(
    ("name", "property_name"), [("AWS::SQS::Queue", "FifoQueue"), ("AWS::SNS::Topic", "FifoTopic")]
)
def test_names_of_fifos(name: str, property_name: str) -> None:
    """A generated name has the suffix that a FIFO needs (LocalStack's test_sqs, validated against AWS)."""
    stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{'long' * 30}/1"
    for request in (REQUEST, replace(REQUEST, stack_id=stack_id)):
        identifier = made(kind(name).create(request, {property_name: True})).identifier
        assert identifier.endswith(".fifo")
    assert not made(kind(name).create(REQUEST, {property_name: False})).identifier.endswith(".fifo")


def test_names_in_lower_case() -> None:
    """A generated name is in lower case where the schema requires it."""
    assert made(kind("AWS::ECR::Repository").create(REQUEST, {})).identifier.startswith("toys-box-")


def test_an_identifier_that_moto_lacks() -> None:
    """Where moto's object has no physical id, the identifier is the one that the schema names."""
    assert made(kind("AWS::IoT::Thing").create(REQUEST, {"ThingName": "lamp"})).identifier == "lamp"


def test_the_stack_s_tags() -> None:
    """A resource gets the stack's tags; where keys are equal, its own wins."""
    tagged = Request(ACCOUNT, REGION, REQUEST.stack_id, "Box", {"team": "a", "own": "b"})
    properties: JSON = {"BucketName": "box", "Tags": [{"Key": "own", "Value": "c"}]}
    made(kind("AWS::S3::Bucket").create(tagged, properties))
    assert SESSION.client("s3").get_bucket_tagging(Bucket="box")["TagSet"] == [
        {"Key": "own", "Value": "c"},
        {"Key": "team", "Value": "a"},
    ]
    assert properties["Tags"] == [{"Key": "own", "Value": "c"}]


def test_the_tags_of_a_key() -> None:
    """A key gets its tags and the stack's, whose members KMS calls otherwise than CloudFormation."""
    tagged = replace(REQUEST, tags={"team": "a"})
    policy: JSON = {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}
    own: JSON = {"Tags": [{"Key": "own", "Value": "b"}]}
    instance = made(kind("AWS::KMS::Key").create(tagged, {**policy, **own}))
    tags = SESSION.client("kms").list_resource_tags(KeyId=instance.identifier)["Tags"]
    assert sorted(tag["TagKey"] + tag["TagValue"] for tag in tags) == ["ownb", "teama"]
    made(kind("AWS::KMS::Key").create(REQUEST, policy))


def test_the_policy_of_a_key() -> None:
    """A key can be described: its policy is the template's, or KMS's default, as text."""
    policy: JSON = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}],
    }
    kms = SESSION.client("kms")
    for properties in ({"KeyPolicy": policy}, {}):
        key_id = made(kind("AWS::KMS::Key").create(REQUEST, properties)).identifier
        assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["Enabled"]
        found = json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
        assert found["Statement"][0]["Action"] == "kms:*"
        assert not properties or found == policy


def test_what_moto_can_not_update() -> None:
    """A type without an update refuses one with a sentence, but not one in which only the stack's tags differ."""
    key = kind("AWS::KMS::Key")
    assert not key.supports("UPDATE")
    instance = made(key.create(REQUEST, {}))
    tagged = Request(ACCOUNT, REGION, REQUEST.stack_id, "Box", {"team": "a"})
    assert made(key.update(tagged, {}, {}, instance)).identifier == instance.identifier
    failure = key.update(REQUEST, {"Description": "mine"}, {}, instance).failure
    assert failure is not None
    assert failure.message == (
        "The sandbox can't update AWS::KMS::Key: moto, which implements the type here, can't update it. "
        "Give the resource another logical id to replace it"
    )
    assert failure.reason.endswith(", HandlerErrorCode: InvalidRequest)")


def test_what_an_update_of_moto_s_ignores() -> None:
    """An update is refused if moto ignores what has changed, or leaves what is removed; the way back is not."""
    bucket = kind("AWS::S3::Bucket")
    previous: JSON = {"BucketName": "box"}
    instance = made(bucket.create(REQUEST, previous))
    fast: JSON = {"BucketName": "box", "AccelerateConfiguration": {"AccelerationStatus": "Enabled"}}
    failure = bucket.update(REQUEST, fast, previous, instance).failure
    assert failure is not None
    assert failure.message == (
        "The sandbox can't update AccelerateConfiguration of AWS::S3::Bucket: moto, which implements the type here, "
        "ignores that. Give the resource another logical id to replace it"
    )
    made(bucket.update(replace(REQUEST, undo=True), previous, fast, instance))
    queue = kind("AWS::SQS::Queue")
    patient: JSON = {"VisibilityTimeout": 300}
    refused = queue.update(REQUEST, {}, patient, made(queue.create(REQUEST, patient))).failure
    assert refused is not None
    assert refused.message.startswith("The sandbox can't update VisibilityTimeout of AWS::SQS::Queue: moto")
    tagged: JSON = {"BucketName": "box", "Tags": [{"Key": "a", "Value": "b"}]}
    made(bucket.update(REQUEST, tagged, previous, instance))
    assert SESSION.client("s3").get_bucket_tagging(Bucket="box")["TagSet"] == tagged["Tags"]


def test_what_a_creation_of_moto_s_ignores(caplog: pytest.LogCaptureFixture) -> None:
    """A property that moto never looks at is told by name, once until the account is reset; names and tags are read."""
    bucket = kind("AWS::S3::Bucket")
    named: JSON = {"BucketName": "box", "Tags": [{"Key": "a", "Value": "b"}]}
    made(bucket.create(REQUEST, named))
    assert caplog.messages == []
    locked: JSON = {"WebsiteConfiguration": {}, "ObjectLockEnabled": True}
    for number in range(2):
        made(bucket.create(REQUEST, {"BucketName": f"box-{number}", **locked}))
    made(bucket.create(REQUEST, {"BucketName": "box-2", **locked, "AccelerateConfiguration": {}}))
    assert caplog.messages == [
        "Box (AWS::S3::Bucket): ObjectLockEnabled and WebsiteConfiguration have no effect in this sandbox",
        "Box (AWS::S3::Bucket): AccelerateConfiguration has no effect in this sandbox",
    ]
    moto_api_backend.reset()
    caplog.clear()
    made(bucket.create(REQUEST, {"BucketName": "box", **locked}))
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(
    ("name", "property_name", "told"),
    [
        ("AWS::S3::BucketPolicy", "PolicyDocument", True),
        ("AWS::CloudFormation::WaitCondition", "Timeout", True),
        ("AWS::CDK::Metadata", "Analytics", False),
    ],
)
def test_what_types_in_name_only_ignore(
    caplog: pytest.LogCaptureFixture,
    name: str,
    property_name: str,
    told: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Of a type that does nothing here, each property is told, unless it does nothing in AWS either."""
    instance = made(kind(name).create(REQUEST, {property_name: "x"}))
    made(kind(name).update(REQUEST, {property_name: "x", "Another": "y"}, {property_name: "x"}, instance))
    told_names = [property_name, "Another"] if told else []
    assert caplog.messages == [f"Box ({name}): {each} has no effect in this sandbox" for each in told_names]


def test_a_role_is_updated() -> None:
    """A role gets its new trust policy, inline policies and session; policies of other resources stay."""
    role, iam = kind("AWS::IAM::Role"), SESSION.client("iam")
    trust: JSON = {"Version": "2012-10-17", "Statement": []}
    allowed: JSON = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*"}]}
    before: JSON = {
        "AssumeRolePolicyDocument": trust,
        "Policies": [{"PolicyName": name, "PolicyDocument": trust} for name in ("one", "two")],
    }
    instance = made(role.create(REQUEST, before))
    assert iam.get_role_policy(RoleName=instance.identifier, PolicyName="one")["PolicyDocument"] == trust
    iam.put_role_policy(RoleName=instance.identifier, PolicyName="other", PolicyDocument=json.dumps(allowed))
    after: JSON = {
        "AssumeRolePolicyDocument": allowed,
        "MaxSessionDuration": 8400,
        "Policies": [{"PolicyName": "two", "PolicyDocument": allowed}],
    }
    made(role.update(REQUEST, after, before, instance))
    found = iam.get_role(RoleName=instance.identifier)["Role"]
    assert (found["AssumeRolePolicyDocument"], found["MaxSessionDuration"]) == (allowed, 8400)
    assert sorted(iam.list_role_policies(RoleName=instance.identifier)["PolicyNames"]) == ["other", "two"]
    policy = iam.get_role_policy(RoleName=instance.identifier, PolicyName="two")["PolicyDocument"]
    assert policy == allowed
    failure = role.update(REQUEST, {**after, "Path": "/other/"}, after, instance).failure
    assert failure is not None
    assert failure.message.startswith("The sandbox can't update Path of AWS::IAM::Role: moto")


def test_a_name_that_is_taken() -> None:
    """Moto hands out what exists, with the new tags; CloudFormation refuses a name that is taken, by whomever."""
    topic, properties = kind("AWS::SNS::Topic"), {"TopicName": "box"}
    instance = made(topic.create(REQUEST, properties))
    failure = topic.create(REQUEST, properties).failure
    assert failure is not None
    assert failure.code == "AlreadyExists"
    assert (
        failure.message == f"Resource of type 'AWS::SNS::Topic' with identifier '{instance.identifier}' already exists."
    )
    topic.delete(REQUEST, properties, instance)
    made(topic.create(REQUEST, properties))
    sns, sqs = SESSION.client("sns"), SESSION.client("sqs")
    arn = sns.create_topic(Name="own", Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    url = sqs.create_queue(QueueName="own", tags={"a": "1"})["QueueUrl"]
    tagged: JSON = {"Tags": [{"Key": "a", "Value": "2"}]}
    for type_, name, identifier in (
        (topic, {"TopicName": "own"}, arn),
        (kind("AWS::SQS::Queue"), {"QueueName": "own"}, url),
    ):
        refused = type_.create(REQUEST, {**name, **tagged}).failure
        assert refused is not None
        assert refused.message == f"Resource of type '{type_.name}' with identifier '{identifier}' already exists."
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "1"}


@pytest.mark.parametrize(
    ("name", "properties", "code", "message"),
    [
        (
            "AWS::SageMaker::Endpoint",
            {"EndpointConfigName": "none"},
            "InvalidRequest",
            "Could not find endpoint configuration 'arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/none'. "
            "(Service: SageMaker, Error Code: ValidationException)",
        ),
        (
            "AWS::Events::Rule",
            {"Name": "rule", "EventBusName": "none", "EventPattern": {}},
            "NotFound",
            "Event bus none does not exist. (Service: Events, Error Code: ResourceNotFoundException)",
        ),
    ],
)
def test_a_service_s_error(name: str, properties: JSON, code: str, message: str) -> None:
    """What a service of moto's refuses is a reason of CloudFormation's kind, with a handler error code."""
    failure = kind(name).create(REQUEST, properties).failure
    assert failure is not None
    assert (failure.code, failure.message) == (code, message)
    assert failure.reason == (
        f'Resource handler returned message: "{message}" (RequestToken: {failure.token}, HandlerErrorCode: {code})'
    )


def test_a_property_that_moto_needs() -> None:
    """A property that moto needs and AWS doesn't is named with its place, not as Python's KeyError."""
    failure = kind("AWS::ECS::Service").create(REQUEST, {}).failure
    assert failure is not None
    assert failure.reason == (
        "Properties validation failed for resource Box with message:\n"
        "#: required key [Cluster] not found (sandbox's hint: moto, which implements the type here, needs it)"
    )


def test_a_defect_of_moto_s() -> None:
    """Any other exception says that it is the sandbox's, and in which type."""
    properties: JSON = {"Subscription": [{"Endpoint": "a@example.com"}]}
    failure = kind("AWS::SNS::Topic").create(REQUEST, properties).failure
    assert failure is not None
    assert failure.code == "InternalFailure"
    assert failure.message == "The sandbox's AWS::SNS::Topic, which moto implements, failed: KeyError: 'Protocol'"


def test_what_a_schema_refuses() -> None:
    """Moto's types accept what AWS's schema accepts, and no more."""
    assert kind("AWS::SNS::Topic").check({"Nonsense": 1}) == ["#: extraneous key [Nonsense] is not permitted"]
    assert kind("AWS::SNS::Topic").schema.replacement("TopicName", "a", "b") == "Always"


def test_attributes() -> None:
    """An attribute that AWS doesn't have is refused in AWS's words, one that moto lacks in the sandbox's."""
    bucket = kind("AWS::S3::Bucket")
    assert bucket.attribute_refusal("Arn") is None
    assert bucket.attribute_refusal("Name") == ("Requested attribute Name does not exist in schema for AWS::S3::Bucket")
    assert bucket.attribute_refusal("MetadataConfiguration.Destination") == (
        "The sandbox has no attribute MetadataConfiguration.Destination of AWS::S3::Bucket: "
        "moto, which implements the type here, lacks it"
    )
    assert "has no attribute PolicyId of AWS::IAM::ManagedPolicy" in str(
        kind("AWS::IAM::ManagedPolicy").attribute_refusal("PolicyId")
    )
    for name, attribute in (("AWS::SSM::Parameter", "Arn"), ("AWS::Lambda::Version", "Version")):
        assert kind(name).attribute_refusal(attribute) is None


def test_what_waits() -> None:
    """A handle is an address, and its condition is identified by it; a bucket's policy is identified by the bucket.

    The first two are recorded against AWS (LocalStack's test_cloudformation), the third is AWS's published schema's.
    """
    handle = made(kind("AWS::CloudFormation::WaitConditionHandle").create(REQUEST, {}))
    host = "https://cloudformation-waitcondition-eu-west-1.s3.eu-west-1.amazonaws.com"
    assert handle.identifier == f"{host}/arn%3Aaws%3Acloudformation%3Aeu-west-1%3A123456789012%3Astack%2Ftoys%2F1%2FBox"
    condition = kind("AWS::CloudFormation::WaitCondition")
    waiting = made(condition.create(replace(REQUEST, logical_id="Wait"), {"Handle": handle.identifier}))
    assert waiting.identifier == f"{REQUEST.stack_id}/Box"
    assert len(made(condition.create(REQUEST, {"Count": 0})).identifier) == 36
    policy: JSON = {"Bucket": "box", "PolicyDocument": {}}
    assert made(kind("AWS::S3::BucketPolicy").create(REQUEST, policy)).identifier == "box"


def test_types_in_name_only() -> None:
    """A type that does nothing gives an identifier, which stays."""
    metadata = kind("AWS::CDK::Metadata")
    assert metadata.check({"Analytics": "x"}) == []
    instance = made(metadata.create(REQUEST, {"Analytics": "x"}))
    assert made(metadata.update(REQUEST, {}, {"Analytics": "x"}, instance)).identifier == instance.identifier
    assert metadata.delete(REQUEST, {}, instance) == Outcome()
    assert metadata.read(REQUEST, {}).failure is not None
    assert metadata.list(REQUEST, None).failure is not None
    assert [action for action in ("CREATE", "READ", "UPDATE", "DELETE", "LIST") if metadata.supports(action)] == [
        *("CREATE", "UPDATE", "DELETE")
    ]
