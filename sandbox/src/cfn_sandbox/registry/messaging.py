"""Subscriptions to topics, and the policies of topics and queues: types of SNS and SQS that moto lacks.

moto keeps what these handlers send. It filters messages, and delivers raw ones to queues. It enforces no policy,
confirms every subscription at once, sends nothing again and moves nothing to a dead-letter queue.

Sources: AWS's published schemas of the types; AWS's handlers of SNS's two, in
aws-cloudformation/aws-cloudformation-resource-providers-sns (the ARN as Ref while a subscription is pending, the order
of calls, a policy's Id, the default policy). AWS publishes no handlers of a queue's policy: that its Id has the same
form is assumed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from cfn_sandbox.resource_types import played
from cfn_sandbox.resource_types.played import Call, Handler, Model, Refusal

if TYPE_CHECKING:
    from cfn_sandbox.account.account import Account

SUBSCRIPTION = "AWS::SNS::Subscription"
TOPIC_POLICY = "AWS::SNS::TopicPolicy"
QUEUE_POLICY = "AWS::SQS::QueuePolicy"

# What the Endpoint of each protocol that moto has looks like: Subscribe in SNS's API reference.
_ENDPOINTS = {
    "http": "http://.",
    "https": "https://.",
    "email": "[^@]+@[^@]+$",
    "email-json": "[^@]+@[^@]+$",
    "sms": "[+0-9]",
    "sqs": "arn:[^:]+:sqs:",
    "lambda": "arn:[^:]+:lambda:",
    "application": "arn:[^:]+:sns:",
}
# Each attribute with the value that removes it, in the order in which moto has to hear them: it reads a filter policy
# by the scope that the subscription has.
_ATTRIBUTES = {
    "RawMessageDelivery": "false",
    "DeliveryPolicy": "",
    "RedrivePolicy": "",
    "FilterPolicyScope": "MessageAttributes",
    "FilterPolicy": "",
}
_DOCUMENTS = ("DeliveryPolicy", "RedrivePolicy", "FilterPolicy")
_PLACE = ("TopicArn", "Protocol", "Endpoint")
_ARN_PARTS = 6
_DEFAULT_ACTIONS = (
    *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe"),
    *("ListSubscriptionsByTopic", "Publish"),
)
_CODES = {"NotFound": "NotFound", "AWS.SimpleQueueService.NonExistentQueue": "NotFound"}


@contextmanager
def offer(account: Account) -> Iterator[None]:
    """Let stacks subscribe to topics, and give topics and queues policies, until the context ends.

    Args:
        account: the account that has the topics and queues.
    """
    with (
        played.offer(SUBSCRIPTION, _subscriptions(account)),
        played.offer(TOPIC_POLICY, _topic_policies(account)),
        played.offer(QUEUE_POLICY, _queue_policies(account)),
    ):
        yield


def _subscriptions(account: Account) -> Mapping[str, Handler]:  # noqa: C901 - a short function for each handler
    def sns(call: Call, operation: str, **parameters: object) -> dict[str, Any]:
        return played.called(account.client("sns", call.region), operation, _CODES, **parameters)

    def listed(call: Call) -> list[Model]:
        pages = account.client("sns", call.region).get_paginator("list_subscriptions").paginate()
        return [{"Arn": one["SubscriptionArn"]} for page in pages for one in page["Subscriptions"]]

    def model(call: Call, arn: str) -> Model:
        found = sns(call, "get_subscription_attributes", SubscriptionArn=arn)["Attributes"]
        members = {key: found[key] for key in (*_PLACE, "FilterPolicyScope") if key in found}
        if not found.get("FilterPolicy"):
            members.pop("FilterPolicyScope", None)
        documents = {key: json.loads(found[key]) for key in _DOCUMENTS if found.get(key)}
        return {"Arn": arn, **members, **documents, "RawMessageDelivery": found["RawMessageDelivery"].lower() == "true"}

    def put(call: Call, arn: str, wanted: Mapping[str, str]) -> Model:
        """Set the attributes that differ, and return the subscription."""
        present = _attributes(model(call, arn))
        changed = {key for key in _ATTRIBUTES if wanted[key] != present[key]}
        if "FilterPolicyScope" in changed:
            changed.add("FilterPolicy")  # moto goes on reading the policy by the scope that it was set with
        for key in (each for each in _ATTRIBUTES if each in changed):
            name_and_value = {"AttributeName": key, "AttributeValue": wanted[key]}
            sns(call, "set_subscription_attributes", SubscriptionArn=arn, **name_and_value)
        return model(call, arn)

    def create(call: Call) -> Model:
        _check_subscription(call)
        _check_arn(call.desired["TopicArn"])
        before, wanted = listed(call), _attributes(call.desired)
        place = {key: call.desired[key] for key in _PLACE}
        arn = str(sns(call, "subscribe", **place, ReturnSubscriptionArn=True)["SubscriptionArn"])
        if {"Arn": arn} in before:  # moto would change its attributes
            if _attributes(found := model(call, arn)) != wanted:
                text = "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
                raise Refusal("InvalidRequest", text)
            return found
        try:
            return put(call, arn, wanted)
        except Refusal:
            sns(call, "unsubscribe", SubscriptionArn=arn)
            raise

    def read(call: Call) -> Model:
        return model(call, call.desired["Arn"])

    def update(call: Call) -> Model:
        _check_subscription(call)
        arn = call.desired["Arn"]
        before = _attributes(model(call, arn))
        try:
            return put(call, arn, _attributes(call.desired))
        except Refusal:  # of one attribute, after another one was set
            put(call, arn, before)
            raise

    def delete(call: Call) -> None:
        read(call)  # moto's Unsubscribe takes any ARN
        sns(call, "unsubscribe", SubscriptionArn=call.desired["Arn"])

    return {"CREATE": create, "READ": read, "UPDATE": update, "DELETE": delete, "LIST": listed}


def _topic_policies(account: Account) -> Mapping[str, Handler]:
    def sns(call: Call, operation: str, arn: str, **parameters: str) -> None:
        played.called(account.client("sns", call.region), operation, _CODES, TopicArn=arn, **parameters)

    def look(call: Call, arn: str) -> None:
        _check_arn(arn)
        sns(call, "get_topic_attributes", arn)

    def put(call: Call, arn: str, policy: str | None) -> None:
        value = json.dumps(_default_policy(call, arn)) if policy is None else policy
        sns(call, "set_topic_attributes", arn, AttributeName="Policy", AttributeValue=value)

    return _policies("Topics", look, put)


def _queue_policies(account: Account) -> Mapping[str, Handler]:
    def sqs(call: Call, operation: str, **parameters: object) -> dict[str, Any]:
        return played.called(account.client("sqs", call.region), operation, _CODES, **parameters)

    def look(call: Call, url: str) -> None:
        """Refuse what isn't a queue's URL: moto reads no more of one than its last part."""
        host, (owner, _, name) = urlsplit(url).netloc, urlsplit(url).path.lstrip("/").partition("/")
        here = host.startswith(f"sqs.{call.region}.") or host == urlsplit(account.endpoint).netloc
        if not here or owner != call.account:
            raise Refusal("InvalidRequest", f"{url} is not the URL of a queue of this account and region")
        sqs(call, "get_queue_url", QueueName=name)

    def put(call: Call, url: str, policy: str | None) -> None:
        sqs(call, "set_queue_attributes", QueueUrl=url, Attributes={"Policy": policy or ""})

    return _policies("Queues", look, put)


def _policies(  # noqa: C901 - as above
    owners: str, look: Callable[[Call, str], None], put: Callable[[Call, str, str | None], None]
) -> Mapping[str, Handler]:
    """Return the handlers of a policy, which exists in its topics or queues only: AWS's schemas have no READ of it.

    Args:
        owners: the property with the topics or queues.
        look: refuses one that doesn't exist.
        put: gives one its policy, or with None the policy that it had when it was made.
    """

    def apply(call: Call) -> None:
        policy = _document(call.desired, "PolicyDocument")
        if not policy.get("Statement"):
            raise Refusal("InvalidRequest", "Invalid parameter: PolicyDocument has no Statement")
        if not call.desired[owners]:
            raise Refusal("InvalidRequest", f"Invalid parameter: {owners} is empty")
        for each in call.desired[owners]:
            look(call, each)
        for each in call.desired[owners]:
            put(call, each, json.dumps(policy))

    def remove(call: Call, leaving: list[str]) -> list[str]:
        """Take the policy from topics or queues, and return those that are there."""
        there = []
        for each in leaving:
            try:
                put(call, each, None)
            except Refusal as refusal:
                if refusal.code != "NotFound":
                    raise
            else:
                there.append(each)
        return there

    def create(call: Call) -> Model:
        apply(call)
        return call.desired | {"Id": f"{call.logical_id}-{uuid4().hex[:12]}".lower()}

    def update(call: Call) -> Model:
        apply(call)
        remove(call, [each for each in call.previous[owners] if each not in call.desired[owners]])
        return call.desired

    def delete(call: Call) -> None:
        if not remove(call, call.desired[owners]):
            look(call, call.desired[owners][0])

    return {"CREATE": create, "UPDATE": update, "DELETE": delete}


def _check_subscription(call: Call) -> None:
    """Refuse what SNS refuses and moto doesn't, and by name what moto would ignore."""
    given = call.desired
    unknown = sorted(given.keys() - {"Arn", "Region", *_PLACE, *_ATTRIBUTES})
    protocol, scope = given["Protocol"], given.get("FilterPolicyScope", "MessageBody")
    if unknown:
        raise Refusal("InvalidRequest", f"This sandbox's {SUBSCRIPTION} has no {unknown[0]}: leave it out")
    if given.get("Region", call.region) != call.region:
        raise Refusal(
            "InvalidRequest",
            f"This sandbox's {SUBSCRIPTION} has no Region but the stack's, {call.region}: leave it out",
        )
    if protocol not in _ENDPOINTS:
        raise Refusal(
            "InvalidRequest", f"This sandbox's {SUBSCRIPTION} has no Protocol {protocol}, but {', '.join(_ENDPOINTS)}"
        )
    if not re.match(_ENDPOINTS[protocol], given.get("Endpoint", "")):
        raise Refusal("InvalidRequest", f"Invalid parameter: Endpoint is none of protocol {protocol}")
    if given.get("RawMessageDelivery") and protocol != "sqs":
        raise Refusal(
            "InvalidRequest", f"This sandbox's {SUBSCRIPTION} has RawMessageDelivery of sqs only: leave it out"
        )
    if scope not in {"MessageBody", "MessageAttributes"}:
        allowed = "Please use either MessageBody or MessageAttributes"
        raise Refusal("InvalidRequest", f"Invalid parameter: FilterPolicyScope: Invalid value [{scope}]. {allowed}")


def _check_arn(arn: str) -> None:
    """Refuse a topic's ARN that moto can't read, in SNS's words."""
    parts = len(arn.split(":"))
    if parts < _ARN_PARTS:
        text = f"Invalid parameter: TopicArn Reason: An ARN must have at least {_ARN_PARTS} elements, not {parts}"
        raise Refusal("InvalidRequest", text)


def _attributes(properties: Model) -> dict[str, str]:
    """Return all attributes of a subscription as text, as SNS has them."""
    given = (key for key in _DOCUMENTS if key in properties)
    texts = {key: json.dumps(_document(properties, key), sort_keys=True) for key in given}
    if "FilterPolicyScope" in properties:
        texts["FilterPolicyScope"] = properties["FilterPolicyScope"]
    if "RawMessageDelivery" in properties:
        texts["RawMessageDelivery"] = json.dumps(properties["RawMessageDelivery"])
    return _ATTRIBUTES | texts


def _document(properties: Model, name: str) -> dict[str, Any]:
    """Return a property that is an object. Refuse the text that is left of one that isn't JSON."""
    document = properties[name]
    if not isinstance(document, dict):
        raise Refusal("InvalidRequest", f"Invalid parameter: {name} is no JSON object")
    return document


def _default_policy(call: Call, arn: str) -> dict[str, Any]:
    """Return the policy that SNS gives a new topic: a topic always has one."""
    statement = {
        "Effect": "Allow",
        "Sid": "__default_statement_ID",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _DEFAULT_ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": call.account}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
