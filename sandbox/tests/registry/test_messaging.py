"""Stacks subscribe to topics, and give topics and queues their policies.

Sources: AWS's published schemas; for the Ref of a pending subscription, the identifier and the default policy,
aws-cloudformation/aws-cloudformation-resource-providers-sns; for what SNS says of a second subscription,
localstack/localstack's issue 8816.
"""

import json
from typing import Any

import pytest

from cfn_sandbox.account.account import Account
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.interface import Action, Request
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.toys import ACCOUNT, REGION, Client, create, update, why

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/dead"
MAIL = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "ann@example.com"}
SQS = MAIL | {"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": "Queue.Arn"}}
NAMES = {"topics": "AWS::SNS::TopicPolicy", "queues": "AWS::SQS::QueuePolicy", "mail": "AWS::SNS::Subscription"}
PLACES, INVALID = {"Topics": TOPIC, "Queues": QUEUE}, "InvalidRequest"
# As somebody writes it: a date without quotes, for one, which YAML reads as no text.
ALARMS = """
Parameters:
  Mail: {Type: String, Default: ann@example.com}
  Service: {Type: String, Default: cloudwatch.amazonaws.com}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: alarms}}
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: {Service: !Ref Service}, Action: sns:Publish, Resource: !Ref Topic}
  Mailed:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: !Ref Mail}
Outputs:
  Policy: {Value: !Ref Policy}
  PolicyId: {Value: !GetAtt Policy.Id}
  Mailed: {Value: !Ref Mailed}
  MailedArn: {Value: !GetAtt Mailed.Arn}
"""


def template(**resources: tuple[str, dict[str, Any]]) -> str:
    """Return a template of a topic, a queue and resources, each a type and its properties."""
    fixed = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alarms"}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead"}},
    }
    given = {key: {"Type": NAMES[kind], "Properties": one} for key, (kind, one) in resources.items()}
    return json.dumps({"Resources": fixed | given})


def policy(service: str) -> dict[str, Any]:
    """Return a policy document that lets a service publish and send."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sns:Publish"], "Resource": TOPIC}
    return {"Version": "2012-10-17", "Statement": [statement]}


def topic_policy(home: Account, arn: str = TOPIC) -> dict[str, Any]:
    """Return the policy that a topic has."""
    found: dict[str, Any] = json.loads(home.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
    return found


def queue_policy(home: Account, name: str = "dead") -> dict[str, Any] | None:
    """Return the policy that a queue has."""
    found = home.client("sqs").get_queue_attributes(QueueUrl=name, AttributeNames=["Policy"]).get("Attributes", {})
    return json.loads(found["Policy"]) if "Policy" in found else None


def subscriptions(home: Account) -> list[dict[str, str]]:
    """Return the attributes of each subscription in the account."""
    sns = home.client("sns")
    arns = [one["SubscriptionArn"] for one in sns.list_subscriptions()["Subscriptions"]]
    return [sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"] for arn in arns]


def failure_of(kind: str, properties: dict[str, Any], action: Action = "CREATE") -> tuple[str, str] | None:
    """Return the code and message with which a type's handler fails."""
    found = catalogue.find_type(ACCOUNT, REGION, NAMES[kind])
    assert isinstance(found, RegisteredType)
    typed = found.typed(properties)
    failure = found.handle(action, Request(ACCOUNT, REGION, None, "One"), typed, typed).failure
    return None if failure is None else (failure.code, failure.message)


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    """Return a stack's outputs."""
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def test_a_topic_of_alarms(home: Account, cloudformation: Client) -> None:
    """A stack makes, changes and deletes a topic's policy and an email subscription; the change of address replaces it.

    Ref and GetAtt of a subscription are its ARN although nobody has confirmed it: AWS's handler asks for it with
    ReturnSubscriptionArn. A policy's Id is the logical id and a random part, in lower case.
    """
    stack = create(cloudformation, ALARMS)
    assert stack["StackStatus"] == "CREATE_COMPLETE", why(cloudformation)
    before = outputs(stack)
    assert before["Policy"] == before["PolicyId"]
    assert before["Policy"].startswith("policy-")
    assert before["Mailed"] == before["MailedArn"]
    assert before["Mailed"].startswith(f"{TOPIC}:")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }
    assert topic_policy(home) == {"Version": "2012-10-17", "Statement": [statement]}
    assert [one["Endpoint"] for one in subscriptions(home)] == ["ann@example.com"]
    changes = [
        {"ParameterKey": "Mail", "ParameterValue": "bob@example.com"},
        {"ParameterKey": "Service", "ParameterValue": "events.amazonaws.com"},
    ]
    stack = update(cloudformation, ALARMS, Parameters=changes)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", why(cloudformation)
    assert outputs(stack)["Policy"] == before["Policy"]
    assert topic_policy(home)["Statement"][0]["Principal"] == {"Service": "events.amazonaws.com"}
    (mailed,) = subscriptions(home)
    assert (mailed["Endpoint"], mailed["SubscriptionArn"]) == ("bob@example.com", outputs(stack)["Mailed"])
    assert outputs(stack)["Mailed"] != before["Mailed"]
    cloudformation.delete_stack(StackName="toys")
    assert (home.client("sns").list_topics()["Topics"], subscriptions(home)) == ([], [])


def test_the_attributes_of_a_subscription(home: Account, cloudformation: Client) -> None:
    """Attributes are what the template says, numbers included, and are removed with it. Messages arrive by them."""
    raw = {"RawMessageDelivery": True, "FilterPolicy": {"price": [{"numeric": [">", 100]}], "zip": ["8000"]}}
    redrive = {"RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": "Queue.Arn"}}}
    body = {"FilterPolicyScope": "MessageBody"}
    stack = create(cloudformation, template(Sent=("mail", SQS | raw | redrive | body)))
    assert stack["StackStatus"] == "CREATE_COMPLETE", why(cloudformation)
    (sent,) = subscriptions(home)
    assert json.loads(sent["FilterPolicy"]) == raw["FilterPolicy"]
    assert json.loads(sent["RedrivePolicy"]) == {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"}
    assert (sent["RawMessageDelivery"], sent["FilterPolicyScope"]) == ("true", "MessageBody")
    for price in (99, 101):
        home.client("sns").publish(TopicArn=TOPIC, Message=json.dumps({"price": price, "zip": "8000"}))
    (message,) = home.client("sqs").receive_message(QueueUrl="dead", MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"]) == {"price": 101, "zip": "8000"}
    home.client("sqs").purge_queue(QueueUrl="dead")

    got = home.client("cloudcontrol").get_resource(TypeName=NAMES["mail"], Identifier=sent["SubscriptionArn"])
    assert json.loads(got["ResourceDescription"]["Properties"]) == {
        "Arn": sent["SubscriptionArn"],
        "TopicArn": TOPIC,
        "Protocol": "sqs",
        "Endpoint": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead",
        "RedrivePolicy": {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"},
        **raw,
        **body,
    }
    listed = home.client("cloudcontrol").list_resources(TypeName=NAMES["mail"])["ResourceDescriptions"]
    assert [one["Identifier"] for one in listed] == [sent["SubscriptionArn"]]

    stack = update(cloudformation, template(Sent=("mail", SQS | {"RawMessageDelivery": False})))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", why(cloudformation)
    (plain,) = subscriptions(home)
    assert (plain["SubscriptionArn"], plain["RawMessageDelivery"]) == (sent["SubscriptionArn"], "false")
    assert not plain.get("FilterPolicy")
    assert not plain.get("RedrivePolicy")
    home.client("sns").publish(TopicArn=TOPIC, Message="free")
    (message,) = home.client("sqs").receive_message(QueueUrl="dead")["Messages"]
    assert json.loads(message["Body"])["Message"] == "free"


def test_the_scope_of_a_filter_changes_in_place(home: Account, cloudformation: Client) -> None:
    """The same policy filters by another part of the message after an update of its scope, and back by a rollback."""
    filtered = SQS | {"RawMessageDelivery": True, "FilterPolicy": {"colour": ["red"]}}
    create(cloudformation, template(Sent=("mail", filtered)))
    stack = update(cloudformation, template(Sent=("mail", filtered | {"FilterPolicyScope": "MessageBody"})))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", why(cloudformation)
    home.client("sns").publish(TopicArn=TOPIC, Message='{"colour": "red"}')
    assert len(home.client("sqs").receive_message(QueueUrl="dead")["Messages"]) == 1
    stack = update(cloudformation, template(Sent=("mail", filtered | {"FilterPolicy": {"colour": "red"}})))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert 'Invalid parameter: FilterPolicy: "colour" must be an object or an array' in why(cloudformation)
    (sent,) = subscriptions(home)
    assert (sent["FilterPolicyScope"], sent["FilterPolicy"]) == ("MessageBody", '{"colour": ["red"]}')


def test_a_subscription_that_can_t_be_made(home: Account) -> None:
    """What SNS refuses and what moto would ignore is refused, by name, and nothing is left of it."""
    home.client("sns").create_topic(Name="alarms")
    ours = "This sandbox's AWS::SNS::Subscription has"
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"ReplayPolicy": {"PointType": "Timestamp"}}, INVALID, f"{ours} no ReplayPolicy: leave it out"),
        ({"SubscriptionRoleArn": "arn:aws:iam::1:role/r"}, INVALID, f"{ours} no SubscriptionRoleArn: leave it out"),
        ({"Region": "us-east-1"}, INVALID, f"{ours} no Region but the stack's, {REGION}: leave it out"),
        (
            {"Protocol": "firehose"},
            INVALID,
            f"{ours} no Protocol firehose, but http, https, email, email-json, sms, sqs, lambda, application",
        ),
        ({"RawMessageDelivery": True}, INVALID, f"{ours} RawMessageDelivery of sqs only: leave it out"),
        ({"Endpoint": "ann"}, INVALID, "Invalid parameter: Endpoint is none of protocol email"),
        ({"Endpoint": None}, INVALID, "Invalid parameter: Endpoint is none of protocol email"),
        ({"TopicArn": f"{TOPIC}-2"}, "NotFound", "Topic does not exist"),
        (
            {"TopicArn": "alarms"},
            INVALID,
            "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        ({"FilterPolicy": "red"}, INVALID, "Invalid parameter: FilterPolicy is no JSON object"),
        ({"RedrivePolicy": "[]"}, INVALID, "Invalid parameter: RedrivePolicy is no JSON object"),
        (
            {"FilterPolicy": {"colour": "red"}},
            INVALID,
            'Invalid parameter: FilterPolicy: "colour" must be an object or an array',
        ),
        (
            {"FilterPolicyScope": "Body"},
            INVALID,
            "Invalid parameter: FilterPolicyScope: Invalid value [Body]. "
            "Please use either MessageBody or MessageAttributes",
        ),
    ]
    for given, code, text in cases:
        assert failure_of("mail", MAIL | {"TopicArn": TOPIC} | given) == (code, text)
    assert subscriptions(home) == []


def test_a_document_as_text(home: Account, cloudformation: Client) -> None:
    """A policy can be an object or its text, and the one is no drift from the other."""
    policies = {"FilterPolicy": {"price": [1, {"numeric": [">", 5]}]}, "RedrivePolicy": {"deadLetterTargetArn": "a"}}
    texts = {key: json.dumps(value) for key, value in policies.items()}
    create(cloudformation, template(Sent=("mail", SQS | texts)))
    (sent,) = subscriptions(home)
    assert {key: sent[key] for key in texts} == texts
    cloudformation.detect_stack_drift(StackName="toys")
    (drift,) = cloudformation.describe_stack_resource_drifts(StackName="toys")["StackResourceDrifts"]
    assert (drift["StackResourceDriftStatus"], drift["PropertyDifferences"]) == ("IN_SYNC", [])


def test_a_subscription_that_exists(home: Account, cloudformation: Client) -> None:
    """SNS has one subscription of an endpoint: the same one is taken over, and one with other attributes refused."""
    home.client("sns").create_topic(Name="alarms")
    body = json.dumps({"Resources": {"Sent": {"Type": NAMES["mail"], "Properties": MAIL | {"TopicArn": TOPIC}}}})
    arn = home.client("sns").subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ann@example.com")["SubscriptionArn"]
    create(cloudformation, body)
    (resource,) = cloudformation.describe_stack_resources(StackName="toys")["StackResources"]
    assert (resource["ResourceStatus"], resource["PhysicalResourceId"]) == ("CREATE_COMPLETE", arn)
    others = body.replace('"Sent"', '"Other"').replace('"Protocol"', '"FilterPolicy": {"a": ["b"]}, "Protocol"')
    cloudformation.create_stack(StackName="others", TemplateBody=others)
    text = "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
    assert text in why(cloudformation, "others")
    assert [one.get("FilterPolicy") for one in subscriptions(home)] == [None]


def test_a_policy_that_moves(home: Account, cloudformation: Client) -> None:
    """Policies leave a topic and a queue that left the list or the template, and topics get their default back."""
    other = home.client("sns").create_topic(Name="other")["TopicArn"]
    home.client("sqs").create_queue(QueueName="other")
    default = topic_policy(home, other)
    document = policy("cloudwatch.amazonaws.com")
    both: dict[str, tuple[str, dict[str, Any]]] = {
        "Topics": ("topics", {"PolicyDocument": document, "Topics": [{"Ref": "Topic"}, other]}),
        "Queues": ("queues", {"PolicyDocument": json.dumps(document), "Queues": [{"Ref": "Queue"}]}),
    }
    stack = create(cloudformation, template(**both))
    assert stack["StackStatus"] == "CREATE_COMPLETE", why(cloudformation)
    assert [topic_policy(home), topic_policy(home, other), queue_policy(home)] == [document] * 3
    changed = policy("events.amazonaws.com")
    moved: dict[str, tuple[str, dict[str, Any]]] = {
        "Topics": ("topics", {"PolicyDocument": changed, "Topics": [{"Ref": "Topic"}]}),
        "Queues": ("queues", {"PolicyDocument": changed, "Queues": [QUEUE.replace("dead", "other")]}),
    }
    stack = update(cloudformation, template(**moved))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", why(cloudformation)
    assert (topic_policy(home), topic_policy(home, other)) == (changed, default)
    assert (queue_policy(home), queue_policy(home, "other")) == (None, changed)
    update(cloudformation, template())
    assert topic_policy(home) == json.loads(json.dumps(default).replace(":other", ":alarms"))
    assert queue_policy(home, "other") is None


def test_a_policy_that_can_t_be_made(home: Account) -> None:
    """A policy is refused before one of its topics or queues has it."""
    home.client("sns").create_topic(Name="alarms")
    home.client("sqs").create_queue(QueueName="dead")
    default, arn = topic_policy(home), f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
    elsewhere = QUEUE.replace(REGION, "us-east-1")
    owner = "is not the URL of a queue of this account and region"
    words = "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"
    text, no_statement = "PolicyDocument is no JSON object", {"Version": "2012-10-17", "Statement": list[str]()}
    cases: list[tuple[str, dict[str, Any], str, str]] = [
        ("topics", {"Topics": [TOPIC, f"{TOPIC}-2"]}, "NotFound", "Topic does not exist"),
        ("topics", {"Topics": [TOPIC, "a"]}, INVALID, words),
        ("topics", {"Topics": []}, INVALID, "Invalid parameter: Topics is empty"),
        ("topics", {"Topics": [TOPIC], "PolicyDocument": "all"}, INVALID, f"Invalid parameter: {text}"),
        (
            "topics",
            {"Topics": [TOPIC], "PolicyDocument": no_statement},
            INVALID,
            "Invalid parameter: PolicyDocument has no Statement",
        ),
        ("queues", {"Queues": [QUEUE, f"{QUEUE}-2"]}, "NotFound", "The specified queue does not exist."),
        ("queues", {"Queues": [QUEUE, arn]}, INVALID, f"{arn} {owner}"),
        ("queues", {"Queues": [QUEUE, elsewhere]}, INVALID, f"{elsewhere} {owner}"),
        ("queues", {"Queues": [QUEUE], "PolicyDocument": "all"}, INVALID, f"Invalid parameter: {text}"),
    ]
    for kind, given, code, reason in cases:
        assert failure_of(kind, {"PolicyDocument": policy("events.amazonaws.com")} | given) == (code, reason)
    assert (topic_policy(home), queue_policy(home)) == (default, None)


def test_what_is_gone(home: Account) -> None:
    """UPDATE and DELETE of what was deleted elsewhere are NotFound. Of two topics, the one that is there is reset."""
    document, gone = policy("events.amazonaws.com"), ("NotFound", "Topic does not exist")
    topics, queues = ({"Id": "a", key: [one], "PolicyDocument": document} for key, one in PLACES.items())
    for action in ("UPDATE", "DELETE"):
        subscription = MAIL | {"TopicArn": TOPIC, "Arn": f"{TOPIC}:1"}
        assert failure_of("mail", subscription, action) == ("NotFound", "Subscription does not exist")
        assert failure_of("topics", topics, action) == gone
        assert failure_of("queues", queues, action) == ("NotFound", "The specified queue does not exist.")
    here = home.client("sns").create_topic(Name="here")["TopicArn"]
    default, given = topic_policy(home, here), json.dumps(document)
    home.client("sns").set_topic_attributes(TopicArn=here, AttributeName="Policy", AttributeValue=given)
    assert failure_of("topics", topics | {"Topics": [TOPIC, here]}, "DELETE") is None
    assert topic_policy(home, here) == default


def test_cloud_control_has_no_policies(home: Account) -> None:
    """Cloud Control lacks types without a READ handler, as AWS's schemas of the policies are: it could return none."""
    cloudcontrol = home.client("cloudcontrol")
    with pytest.raises(cloudcontrol.exceptions.UnsupportedActionException, match="does not support CREATE action"):
        cloudcontrol.create_resource(TypeName=NAMES["topics"], DesiredState="{}")


def test_a_stack_in_another_region(home: Account) -> None:
    """A stack's policy is that of its region's topic and queue, not of those with the same names in another."""
    there = {"sns": home.client("sns", "us-east-1"), "sqs": home.client("sqs", "us-east-1")}
    home.client("sqs").create_queue(QueueName="dead")
    properties = {"PolicyDocument": policy("a"), "Queues": [{"Ref": "Queue"}]}
    mailed = template(Queues=("queues", properties), Mailed=("mail", MAIL))
    home.client("cloudformation", "us-east-1").create_stack(StackName="toys", TemplateBody=mailed)
    assert len(there["sns"].list_subscriptions()["Subscriptions"]) == 1
    (found,) = [there["sqs"].get_queue_attributes(QueueUrl="dead", AttributeNames=["Policy"])]
    assert json.loads(found["Attributes"]["Policy"]) == policy("a")
    assert (queue_policy(home), subscriptions(home)) == (None, [])
