"""Resources of moto's types are what they are in AWS, where moto's own classes leave something out.

Identifiers, attributes, tags and what an update keeps are recorded against AWS in LocalStack's tests of resources in
stacks (test_sns, ssm/test_parameter, test_lambda, test_events, test_cdk, test_sam), or in AWS's reference of a type.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cfn_sandbox.resource_types import moto_adapter
from cfn_sandbox.resource_types.interface import Instance, Outcome, Request, ResourceType

JSON = dict[str, Any]

ACCOUNT, REGION = "123456789012", "eu-west-1"
REQUEST = Request(ACCOUNT, REGION, f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/toys/1", "Box")
SESSION = boto3.Session("test", "test", region_name=REGION)
TRUST: JSON = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}},
    ],
}


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
    assert outcome.failure is None, outcome.failure
    assert outcome.instance is not None
    return outcome.instance


def refusal(outcome: Outcome) -> str:
    """Return the message of a failure."""
    assert outcome.failure is not None
    return outcome.failure.message


def tags(**values: str) -> list[dict[str, str]]:
    """Return tags as most types have them."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def function(**more: object) -> JSON:
    """Return a function's properties, with a role that exists."""
    iam = SESSION.client("iam")
    try:
        role = iam.get_role(RoleName="runner")["Role"]["Arn"]
    except ClientError:
        role = iam.create_role(RoleName="runner", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    code = {"ZipFile": "def handler(event, context): pass"}
    return {"Code": code, "Role": role, "Handler": "index.handler", "Runtime": "python3.12", **more}


def test_an_updated_topic_is_the_same() -> None:
    """An update sets attributes and tags in place, and keeps what others have subscribed and set."""
    topic, sns = kind("AWS::SNS::Topic"), SESSION.client("sns")
    before: JSON = {"DisplayName": "one", "Tags": tags(stage="test", team="a"), "KmsMasterKeyId": "alias/aws/sns"}
    before["Subscription"] = [{"Protocol": "email", "Endpoint": "a@example.com"}]
    instance = made(topic.create(replace(REQUEST, tags={"owner": "us"}), before))
    arn = instance.identifier
    found = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in found} == {"stage": "test", "team": "a", "owner": "us"}
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="other@example.com")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(TRUST))

    after: JSON = {"DisplayName": "two", "Tags": tags(stage="production")}
    after["Subscription"] = [{"Protocol": "email", "Endpoint": "b@example.com"}]
    updated = made(topic.update(replace(REQUEST, previous_tags={"owner": "us"}), after, before, instance))
    assert updated.identifier == arn
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (attributes["DisplayName"], json.loads(attributes["Policy"])) == ("two", TRUST)
    assert "KmsMasterKeyId" not in attributes
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags(stage="production")
    subscribed = {one["Endpoint"] for one in sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]}
    assert subscribed == {"other@example.com", "b@example.com"}


def test_what_a_topic_has_no_effect_of(caplog: pytest.LogCaptureFixture) -> None:
    """A property that moto's topics don't have is told, although moto passes all of them on, and can't be updated."""
    topic = kind("AWS::SNS::Topic")
    instance = made(topic.create(REQUEST, {"TracingConfig": "Active"}))
    assert caplog.messages == ["Box (AWS::SNS::Topic): TracingConfig has no effect in this sandbox"]
    changed: JSON = {"TracingConfig": "PassThrough"}
    assert "can't update TracingConfig" in refusal(
        topic.update(REQUEST, changed, {"TracingConfig": "Active"}, instance)
    )


def test_an_updated_parameter_has_a_new_version() -> None:
    """An update is the parameter's next version; its tags are a map."""
    parameter, ssm = kind("AWS::SSM::Parameter"), SESSION.client("ssm")
    before: JSON = {"Type": "String", "Value": "1", "Description": "d", "Tags": {"a": "1", "b": "2"}}
    instance = made(parameter.create(replace(REQUEST, tags={"team": "x"}), before))
    name = instance.identifier
    assert parameter.attribute(instance, "Arn") == f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}"

    def found() -> dict[str, str]:
        listed = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
        return {tag["Key"]: tag["Value"] for tag in listed}

    assert found() == {"team": "x", "a": "1", "b": "2"}
    after: JSON = {"Type": "String", "Value": "2", "Tags": {"a": "3"}}
    request = replace(REQUEST, previous_tags={"team": "x"}, tags={"team": "x"})
    updated = made(parameter.update(request, after, before, instance))
    assert updated.identifier == name
    value = ssm.get_parameter(Name=name)["Parameter"]
    assert (value["Value"], value["Version"]) == ("2", 2)
    assert parameter.attribute(updated, "Arn") == value["ARN"]
    assert found() == {"team": "x", "a": "3"}
    (described,) = ssm.describe_parameters()["Parameters"]
    assert not described.get("Description")
    made(parameter.update(replace(REQUEST, undo=True), before, after, updated))
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "1"


def test_a_function_is_updated() -> None:
    """A function has the configuration of its properties, CloudFormation's tags and the stack's; so has an update."""
    type_, lambda_ = kind("AWS::Lambda::Function"), SESSION.client("lambda")
    before = function(
        Description="d",
        MemorySize=256,
        Timeout=30,
        Environment={"Variables": {"STAGE": "one"}},
        EphemeralStorage={"Size": 1024},
        Architectures=["arm64"],
        Tags=tags(own="1"),
    )
    instance = made(type_.create(replace(REQUEST, tags={"team": "a"}), before))
    answer = lambda_.get_function(FunctionName=instance.identifier)
    assert answer["Tags"] == {
        "aws:cloudformation:stack-name": "toys",
        "aws:cloudformation:stack-id": REQUEST.stack_id,
        "aws:cloudformation:logical-id": "Box",
        "team": "a",
        "own": "1",
    }
    old = answer["Configuration"]
    assert (old["Architectures"], old["EphemeralStorage"], old["MemorySize"]) == (["arm64"], {"Size": 1024}, 256)

    changed = {"ZipFile": "def handler(event, context): return 2"}
    after = function(Environment={"Variables": {"STAGE": "two"}}, Code=changed)
    updated = made(type_.update(REQUEST, after, before, instance))
    new = lambda_.get_function(FunctionName=updated.identifier)["Configuration"]
    assert new["Environment"]["Variables"] == {"STAGE": "two"}
    assert (new["Description"], new["MemorySize"], new["Timeout"], new["Architectures"]) == ("", 128, 3, ["x86_64"])
    again = made(kind("AWS::Lambda::Function").create(replace(REQUEST, logical_id="Other"), after)).identifier
    assert new["CodeSize"] == lambda_.get_function(FunctionName=again)["Configuration"]["CodeSize"]
    assert new["CodeSha256"] != old["CodeSha256"]
    dead: JSON = {"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"}
    outcome = type_.update(REQUEST, {**after, "DeadLetterConfig": dead}, after, updated)
    assert "can't update DeadLetterConfig of AWS::Lambda::Function" in refusal(outcome)


def test_versions_and_permissions_of_a_function(caplog: pytest.LogCaptureFixture) -> None:
    """A version is identified by its ARN, a permission by its statement's Sid; both go with their resource."""
    lambda_ = SESSION.client("lambda")
    name = made(kind("AWS::Lambda::Function").create(REQUEST, function())).identifier
    version, of_function = kind("AWS::Lambda::Version"), {"FunctionName": name}
    published = made(version.create(REQUEST, {**of_function, "Description": "first"}))
    assert published.identifier == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:1"
    assert (version.attribute(published, "Version"), version.attribute(published, "FunctionArn")) == (
        "1",
        published.identifier,
    )
    (latest, first) = lambda_.list_versions_by_function(**of_function)["Versions"]
    assert (latest["Description"], first["Description"]) == ("", "first")
    assert version.delete(REQUEST, of_function, published) == Outcome()
    assert [one["Version"] for one in lambda_.list_versions_by_function(**of_function)["Versions"]] == ["$LATEST"]

    permission = kind("AWS::Lambda::Permission")
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"
    allowed: JSON = {"Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com", "SourceArn": topic}
    allowed |= of_function
    instance = made(permission.create(REQUEST, allowed))
    assert permission.attribute(instance, "Id") == instance.identifier
    assert caplog.messages == []
    assert json.loads(lambda_.get_policy(**of_function)["Policy"])["Statement"] == [
        {
            "Sid": instance.identifier,
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
            "Condition": {"ArnLike": {"AWS:SourceArn": topic}},
        }
    ]
    assert permission.delete(REQUEST, allowed, instance) == Outcome()
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lambda_.get_policy(**of_function)


def test_the_identifier_of_a_rule() -> None:
    """A rule of an event bus is identified by both names, a rule of the default bus by its own."""
    SESSION.client("events").create_event_bus(Name="bus")
    rule = kind("AWS::Events::Rule")
    pattern: JSON = {"EventPattern": {"source": ["a"]}}
    on_bus: JSON = {**pattern, "Name": "mine", "EventBusName": "bus"}
    instance = made(rule.create(REQUEST, on_bus))
    assert (instance.identifier, rule.attribute(instance, "Arn")) == (
        "bus|mine",
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/bus/mine",
    )
    updated = made(rule.update(REQUEST, {**on_bus, "Description": "d"}, on_bus, instance))
    assert (updated.identifier, rule.attribute(updated, "RuleName")) == ("bus|mine", "mine")
    assert rule.delete(REQUEST, on_bus, updated) == Outcome()
    assert SESSION.client("events").list_rules(EventBusName="bus")["Rules"] == []
    assert made(rule.create(REQUEST, {**pattern, "Name": "mine"})).identifier == "mine"


@pytest.mark.parametrize(
    ("region", "host"), [("eu-west-1", "s3-website-eu-west-1"), ("eu-central-1", "s3-website.eu-central-1")]
)
def test_the_address_of_a_website(region: str, host: str) -> None:
    """Old regions have a dash in the addresses of websites, new ones a dot."""
    bucket = kind("AWS::S3::Bucket")
    instance = made(bucket.create(replace(REQUEST, region=region), {"BucketName": "box"}))
    assert bucket.attribute(instance, "WebsiteURL") == f"http://box.{host}.amazonaws.com"


def test_the_versioning_of_a_bucket() -> None:
    """A bucket has the versioning of its properties; without, an update suspends it. What is removed is gone."""
    bucket, s3 = kind("AWS::S3::Bucket"), SESSION.client("s3")
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    before: JSON = {"BucketName": "box", "VersioningConfiguration": {"Status": "Enabled"}, "Tags": tags(a="1")}
    before["BucketEncryption"] = {"ServerSideEncryptionConfiguration": [rule]}
    instance = made(bucket.create(REQUEST, before))
    assert s3.get_bucket_versioning(Bucket="box")["Status"] == "Enabled"
    made(bucket.update(REQUEST, {"BucketName": "box"}, before, instance))
    assert s3.get_bucket_versioning(Bucket="box")["Status"] == "Suspended"
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket="box")
    made(bucket.create(REQUEST, {"BucketName": "other"}))
    assert "Status" not in s3.get_bucket_versioning(Bucket="other")


def test_a_bucket_that_is_not_empty_stays() -> None:
    """Deleting a bucket with objects fails with the service's words: moto would keep the bucket and say nothing."""
    bucket, s3 = kind("AWS::S3::Bucket"), SESSION.client("s3")
    instance = made(bucket.create(REQUEST, {"BucketName": "box"}))
    s3.put_object(Bucket="box", Key="toy", Body=b"")
    outcome = bucket.delete(REQUEST, {}, instance)
    assert refusal(outcome) == "The bucket you tried to delete is not empty (Service: S3, Error Code: BucketNotEmpty)"
    s3.delete_object(Bucket="box", Key="toy")
    assert bucket.delete(REQUEST, {}, instance) == Outcome()


def test_a_log_group_is_updated() -> None:
    """A log group's retention and tags change in place; its ARN is the one that policies name."""
    group, logs = kind("AWS::Logs::LogGroup"), SESSION.client("logs")
    before: JSON = {"LogGroupName": "box", "RetentionInDays": 7, "Tags": tags(a="1", b="2")}
    instance = made(group.create(REQUEST, before))
    assert group.attribute(instance, "Arn") == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:box:*"
    after: JSON = {"LogGroupName": "box", "Tags": tags(a="3")}
    updated = made(group.update(REQUEST, after, before, instance))
    (found,) = logs.describe_log_groups()["logGroups"]
    assert "retentionInDays" not in found
    assert logs.list_tags_for_resource(resourceArn=found["logGroupArn"])["tags"] == {"a": "3"}
    other: JSON = {"LogGroupName": "box", "LogGroupClass": "INFREQUENT_ACCESS"}
    assert "can't update LogGroupClass" in refusal(group.update(REQUEST, other, before, updated))


def test_the_managed_policies_of_a_role() -> None:
    """A role has its managed policies, AWS's and others; an update changes them, and one that doesn't exist fails."""
    role, iam = kind("AWS::IAM::Role"), SESSION.client("iam")
    statement = {"Effect": "Allow", "Action": "a:b", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    own = iam.create_policy(PolicyName="own", PolicyDocument=document)["Policy"]["Arn"]
    execution = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

    def properties(*arns: str) -> JSON:
        return {"RoleName": "box", "AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": list(arns)}

    def attached() -> list[str]:
        policies = iam.list_attached_role_policies(RoleName="box")["AttachedPolicies"]
        return [policy["PolicyArn"] for policy in policies]

    instance = made(role.create(REQUEST, properties(execution, own)))
    assert attached() == [execution, own]
    updated = made(role.update(REQUEST, properties(own), properties(execution, own), instance))
    assert attached() == [own]
    assert role.delete(REQUEST, properties(own), updated) == Outcome()
    assert iam.list_roles()["Roles"] == []

    none = "arn:aws:iam::aws:policy/NoSuchPolicy"
    outcome = role.create(REQUEST, properties(none))
    assert refusal(outcome) == (
        f"Policy {none} does not exist or is not attachable. (Service: IAM, Error Code: NoSuchEntity)"
    )
    assert outcome.instance is not None
    assert role.delete(REQUEST, properties(none), outcome.instance) == Outcome()
    assert iam.list_roles()["Roles"] == []


def test_a_user_s_groups_and_policies() -> None:
    """A user is in its groups and has its policies, until its properties lose them or it is deleted."""
    user, iam = kind("AWS::IAM::User"), SESSION.client("iam")
    for group in ("one", "two"):
        iam.create_group(GroupName=group)
    read = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    inline = {"PolicyName": "own", "PolicyDocument": TRUST}

    def found() -> tuple[list[str], list[str], list[str]]:
        named = {"UserName": "box"}
        return (
            [group["GroupName"] for group in iam.list_groups_for_user(**named)["Groups"]],
            iam.list_user_policies(**named)["PolicyNames"],
            [policy["PolicyArn"] for policy in iam.list_attached_user_policies(**named)["AttachedPolicies"]],
        )

    before: JSON = {"UserName": "box", "Groups": ["one", "two"], "Policies": [inline], "ManagedPolicyArns": [read]}
    instance = made(user.create(REQUEST, before))
    assert found() == (["one", "two"], ["own"], [read])
    after: JSON = {"UserName": "box", "Groups": ["two"], "ManagedPolicyArns": [read]}
    updated = made(user.update(REQUEST, after, before, instance))
    assert found() == (["two"], [], [read])
    assert user.delete(REQUEST, after, updated) == Outcome()
    assert iam.get_group(GroupName="two")["Users"] == []
    assert iam.list_users()["Users"] == []


def test_an_identifier_that_the_service_generates() -> None:
    """Where moto doesn't say which is the identifier, it is the one that the schema names."""
    layer: JSON = {"LayerName": "box", "Content": {"S3Bucket": "code", "S3Key": "layer.zip"}}
    s3 = SESSION.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="code", Key="layer.zip", Body=b"zip")
    made_layer = made(kind("AWS::Lambda::LayerVersion").create(REQUEST, layer))
    assert made_layer.identifier == f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:box:1"
    files = made(kind("AWS::EFS::FileSystem").create(REQUEST, {}))
    point = made(kind("AWS::EFS::AccessPoint").create(REQUEST, {"FileSystemId": files.identifier}))
    assert point.identifier.startswith("fsap-")


def test_the_status_of_an_access_key(caplog: pytest.LogCaptureFixture) -> None:
    """A key stays the same when its status changes."""
    SESSION.client("iam").create_user(UserName="box")
    key = kind("AWS::IAM::AccessKey")
    before: JSON = {"UserName": "box", "Serial": 1}
    instance = made(key.create(REQUEST, before))
    assert caplog.messages == []
    updated = made(key.update(REQUEST, {**before, "Status": "Inactive"}, before, instance))
    (found,) = SESSION.client("iam").list_access_keys(UserName="box")["AccessKeyMetadata"]
    assert (found["AccessKeyId"], found["Status"]) == (instance.identifier, "Inactive")
    assert key.delete(REQUEST, before, updated) == Outcome()
    assert SESSION.client("iam").list_access_keys(UserName="box")["AccessKeyMetadata"] == []


def test_an_event_bus_keeps_its_rules() -> None:
    """What moto would do by a new bus without the rules of the old one is refused."""
    bus, events = kind("AWS::Events::EventBus"), SESSION.client("events")
    instance = made(bus.create(REQUEST, {"Name": "box"}))
    events.put_rule(Name="rule", EventBusName="box", EventPattern="{}")
    outcome = bus.update(REQUEST, {"Name": "box", "Description": "d"}, {"Name": "box"}, instance)
    assert "can't update Description of AWS::Events::EventBus" in refusal(outcome)
    assert [rule["Name"] for rule in events.list_rules(EventBusName="box")["Rules"]] == ["rule"]
