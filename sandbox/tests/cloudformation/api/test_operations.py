"""CloudFormation's operations over HTTP: what requests set, what descriptions show, and what is refused at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.cloudformation.api import (
    change_set_operations,
    descriptions,
    stack_operations,
    template_operations,
)
from cfn_sandbox.cloudformation.stacks.space import Space
from cfn_sandbox.protocols.service import Service
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from sandbox.tests.cloudformation.api import servers
from sandbox.tests.cloudformation.api.servers import ACCOUNT, REGION, Client
from sandbox.tests.cloudformation.direct import NoServices

TOY = "Acme::Test::Kite"
SCHEMA: dict[str, Any] = {
    "typeName": TOY,
    "properties": {"Name": {"type": "string"}, "Colour": {"type": "string"}, "Tags": {"type": "array"}},
    "primaryIdentifier": ["/properties/Name"],
    "createOnlyProperties": ["/properties/Name"],
    "handlers": {verb: {"permissions": []} for verb in ("create", "read", "update", "delete")},
    "additionalProperties": False,
}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:news"


class Services(NoServices):
    """An account with one role and one template in a bucket. It keeps what is published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str, str]] = []

    def publish(self, topic_arn: str, subject: str, message: str) -> None:
        """Keep a message."""
        self.published.append((topic_arn, subject, message))

    def can_assume(self, role_arn: str) -> bool:
        """Return whether it is the role."""
        return role_arn == ROLE

    def text_at(self, location: str) -> str | None:
        """Return the template."""
        return template() if location == "https://bucket.s3.amazonaws.com/template.json" else None


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    """Answer an event as the toy's handlers do."""
    return {"status": "SUCCESS", "resourceModel": event["requestData"]["resourceProperties"]}


@pytest.fixture
def services() -> Services:
    """Return the account's other services."""
    return Services()


@pytest.fixture
def client(services: Services) -> Iterator[Client]:
    """Yield a client of a new account."""
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, invoke))
    space = Space(ACCOUNT, REGION, services)
    functions = (change_set_operations, descriptions, stack_operations, template_operations)
    service = Service("cloudformation", "CloudFormation", functions, REGION, lambda *_: space)
    with servers.serving({"cloudformation": service}) as endpoint:
        yield servers.client(endpoint, "cloudformation")
    catalogue.clear()


def template(colour: str = "red", **sections: Any) -> str:  # noqa: ANN401 - sections of a template
    """Return a template of one toy."""
    toy = {"Type": TOY, "Properties": {"Name": "bear", "Colour": colour}}
    return json.dumps({"Resources": {"Bear": toy}} | sections)


def described(client: Client, name: str = "toys") -> dict[str, Any]:
    """Return a stack's description."""
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    description: dict[str, Any] = stack
    return description


def refusal(call: Any, **parameters: Any) -> str:  # noqa: ANN401 - a client's method, and its parameters
    """Return the message of a call that is refused with a ValidationError."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationError"
    message: str = error["Message"]
    return message


def test_what_a_request_sets_is_shown(client: Client) -> None:
    """What CreateStack sets is in the stack's description."""
    client.create_stack(
        StackName="toys",
        TemplateBody=template(Description="Toys."),
        Tags=[{"Key": "team", "Value": "a"}],
        Capabilities=["CAPABILITY_IAM"],
        NotificationARNs=[TOPIC],
        RoleARN=ROLE,
        TimeoutInMinutes=5,
        EnableTerminationProtection=True,
        DisableRollback=True,
        RollbackConfiguration={"MonitoringTimeInMinutes": 0, "RollbackTriggers": []},
        ResourceTypes=["Acme::*"],
    )
    stack = described(client)
    expected = {
        "Description": "Toys.",
        "Tags": [{"Key": "team", "Value": "a"}],
        "Capabilities": ["CAPABILITY_IAM"],
        "NotificationARNs": [TOPIC],
        "RoleARN": ROLE,
        "TimeoutInMinutes": 5,
        "EnableTerminationProtection": True,
        "DisableRollback": True,
        "RollbackConfiguration": {"MonitoringTimeInMinutes": 0, "RollbackTriggers": []},
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    assert {key: stack[key] for key in expected} == expected


def test_an_update_keeps_what_it_does_not_name(client: Client) -> None:
    """UpdateStack keeps tags, topics, capabilities, role and rollback configuration unless the request names them."""
    client.create_stack(
        StackName="toys",
        TemplateBody=template(),
        Tags=[{"Key": "team", "Value": "a"}],
        NotificationARNs=[TOPIC],
        RoleARN=ROLE,
        RollbackConfiguration={"MonitoringTimeInMinutes": 0},
    )
    client.update_stack(StackName="toys", TemplateBody=template("blue"))
    kept = described(client)
    assert (kept["Tags"], kept["NotificationARNs"]) == ([{"Key": "team", "Value": "a"}], [TOPIC])
    assert (kept["RoleARN"], kept["RollbackConfiguration"]) == (ROLE, {"MonitoringTimeInMinutes": 0})
    client.update_stack(StackName="toys", UsePreviousTemplate=True, NotificationARNs=[f"{TOPIC}-2"])
    assert described(client)["NotificationARNs"] == [f"{TOPIC}-2"]
    client.update_stack(StackName="toys", UsePreviousTemplate=True, Tags=[], NotificationARNs=[])
    assert (described(client)["Tags"], described(client)["NotificationARNs"]) == ([], [])


def test_topics_are_told_of_every_event(client: Client, services: Services) -> None:
    """Each event goes to the topics of NotificationARNs, in the form of CloudFormation's notifications."""
    stack_id = client.create_stack(
        StackName="toys", TemplateBody=template(), NotificationARNs=[TOPIC], ClientRequestToken="mine"
    )["StackId"]
    events = client.describe_stack_events(StackName="toys")["StackEvents"]
    assert len(services.published) == len(events) > 3
    topic_arn, subject, message = services.published[-1]
    assert (topic_arn, subject) == (TOPIC, "AWS CloudFormation Notification")
    expected = {
        "StackId": stack_id,
        "Timestamp": events[0]["Timestamp"].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "EventId": events[0]["EventId"],
        "LogicalResourceId": "toys",
        "Namespace": ACCOUNT,
        "PhysicalResourceId": stack_id,
        "ResourceProperties": "null",
        "ResourceStatus": "CREATE_COMPLETE",
        "ResourceStatusReason": "",
        "ResourceType": "AWS::CloudFormation::Stack",
        "StackName": "toys",
        "ClientRequestToken": "mine",
    }
    assert message == "".join(f"{name}='{value}'\n" for name, value in expected.items())


@pytest.mark.parametrize("operation", ["create_stack", "update_stack", "create_change_set"])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"RoleARN": f"{ROLE}s"}, f"Role {ROLE}s is invalid or cannot be assumed"),
        (
            {"ResourceTypes": ["AWS::S3::*"]},
            f"Resource type {TOY} is not allowed by parameter ResourceTypes [AWS::S3::*]",
        ),
        ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "aws: prefixed tag key names are not allowed for external use."),
        ({"Tags": [{"Key": "x", "Value": "y"}] * 2}, "The request has a tag key more than once."),
        ({"NotificationARNs": ["news"]}, "Invalid notification ARN: news is not the ARN of an SNS topic."),
        ({"TemplateURL": "https://example.com/x"}, "You cannot specify both Template Body and Template URL."),
    ],
)
def test_what_is_refused_at_once(client: Client, operation: str, parameters: dict[str, Any], message: str) -> None:
    """A request for a new or an existing stack is refused before anything is made or changed."""
    more = {"ChangeSetName": "more"} if operation == "create_change_set" else {}
    if operation != "create_stack":
        client.create_stack(StackName="toys", TemplateBody=template())
    call = getattr(client, operation)
    assert refusal(call, StackName="toys", TemplateBody=template("blue"), **more, **parameters) == message
    statuses = [stack["StackStatus"] for stack in client.list_stacks()["StackSummaries"]]
    assert statuses == ([] if operation == "create_stack" else ["CREATE_COMPLETE"])


@pytest.mark.parametrize("name", ["9stack", "a_b", "a b", "-a"])
def test_stack_names(client: Client, name: str) -> None:
    """A stack's name begins with a letter, and has letters, digits and dashes."""
    message = refusal(client.create_stack, StackName=name, TemplateBody=template())
    pattern = "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    assert (
        message == f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: {pattern}"
    )


def test_a_template_in_a_bucket(client: Client) -> None:
    """A template can come from a URL; one that isn't there is refused."""
    client.create_stack(StackName="toys", TemplateURL="https://bucket.s3.amazonaws.com/template.json")
    assert described(client)["StackStatus"] == "CREATE_COMPLETE"
    missing = {"StackName": "more", "TemplateURL": "https://bucket.s3.amazonaws.com/nothing.json"}
    assert refusal(client.create_stack, **missing).startswith("S3 error: The specified key does not exist.")
    assert refusal(client.create_stack, StackName="more") == ("Either Template URL or Template Body must be specified.")


def test_a_stack_that_has_only_change_sets_can_be_created(client: Client) -> None:
    """CreateStack of a REVIEW_IN_PROGRESS stack creates it."""
    change_set = {"StackName": "toys", "ChangeSetName": "first", "ChangeSetType": "CREATE"}
    client.create_change_set(**change_set, TemplateBody=template())
    assert described(client)["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert refusal(client.get_template_summary, StackName="toys") == (
        "GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks."
    )
    client.create_stack(StackName="toys", TemplateBody=template())
    assert described(client)["StackStatus"] == "CREATE_COMPLETE"


def test_the_life_of_a_change_set(client: Client) -> None:
    """After its execution a change set is no longer listed, and its name is free again."""
    client.create_stack(StackName="toys", TemplateBody=template())
    named = {"StackName": "toys", "ChangeSetName": "next"}
    client.create_change_set(**named, TemplateBody=template("blue"), Description="Blue.")
    (summary,) = client.list_change_sets(StackName="toys")["Summaries"]
    assert (summary["ChangeSetName"], summary["Description"], summary["ExecutionStatus"]) == (
        "next",
        "Blue.",
        "AVAILABLE",
    )
    assert client.get_template(**named)["TemplateBody"] == json.loads(template("blue"))
    assert client.get_template(StackName="toys")["TemplateBody"] == json.loads(template())
    client.execute_change_set(**named)
    assert described(client)["ChangeSetId"] == summary["ChangeSetId"]
    assert client.list_change_sets(StackName="toys")["Summaries"] == []
    client.create_change_set(**named, TemplateBody=template("green"))
    client.delete_change_set(**named)
    client.delete_change_set(**named)
    for call in (client.describe_change_set, client.get_template, client.execute_change_set):
        with pytest.raises(ClientError, match=r"ChangeSetNotFound.*ChangeSet \[next\] does not exist"):
            call(**named)


def test_a_deleted_stack_s_arn(client: Client) -> None:
    """A deleted stack is found by its ARN, not by its name, and gets no new change set.

    Source of AWS's words: LocalStack's recording of it, in api/test_changesets.snapshot.json.
    """
    stack_id = client.create_stack(StackName="toys", TemplateBody=template())["StackId"]
    client.delete_stack(StackName="toys")
    assert described(client, stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert client.describe_stacks()["Stacks"] == []
    listed = client.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert [(one["StackId"], "DeletionTime" in one) for one in listed] == [(stack_id, True)]
    change_set = {"ChangeSetName": "more", "ChangeSetType": "CREATE", "TemplateBody": template()}
    message = refusal(client.create_change_set, StackName=stack_id, **change_set)
    assert message == f"Stack [{stack_id}] already exists and cannot be created again with the changeSet [more]."
    message = refusal(client.create_change_set, StackName=stack_id[:-1], **change_set)
    assert message == f"Stack [{stack_id[:-1]}] does not exist"
    message = refusal(client.create_change_set, StackName=stack_id, **change_set | {"ChangeSetType": "UPDATE"})
    assert message == f"Stack [{stack_id}] does not exist"


def test_a_program_that_waits_for_a_deletion_by_name(client: Client) -> None:
    """The program that deleted a stack finds it DELETE_COMPLETE by its name, once; another program doesn't find it."""
    other = servers.client(client.meta.endpoint_url, "cloudformation", user_agent="other")
    for program in (client, other):
        client.create_stack(StackName="toys", TemplateBody=template())
        client.delete_stack(StackName="toys")
        if program is client:
            assert described(client)["StackStatus"] == "DELETE_COMPLETE"
        assert refusal(program.describe_stacks, StackName="toys") == "Stack with id toys does not exist"


def test_a_program_that_looks_while_a_stack_is_deleted(client: Client) -> None:
    """It finds the stack by its name until the deletion ends, and once after that."""
    seen: list[str] = []

    def look(event: dict[str, Any]) -> dict[str, Any]:
        if event["action"] == "DELETE":
            seen.append(described(client)["StackStatus"])
        return invoke(event)

    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, look))
    client.create_stack(StackName="toys", TemplateBody=template())
    client.delete_stack(StackName="toys")
    assert [*seen, described(client)["StackStatus"]] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert refusal(client.describe_stacks, StackName="toys") == "Stack with id toys does not exist"


def test_deploy_after_delete_stack(client: Client, tmp_path: Path) -> None:
    """The AWS CLI's deploy makes a new stack right after its delete-stack."""
    file = tmp_path / "template.json"
    file.write_text(template())
    client.create_stack(StackName="toys", TemplateBody=template())
    for command in (["delete-stack"], ["deploy", "--template-file", str(file)]):
        completed = subprocess.run(
            [sys.executable, "-m", "awscli", "cloudformation", *command, "--stack-name", "toys"],
            env={
                "AWS_ENDPOINT_URL": client.meta.endpoint_url,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": REGION,
            },
            check=False,
            capture_output=True,
            text=True,
        )
        assert completed.returncode == 0, completed.stderr
    assert described(client)["StackStatus"] == "CREATE_COMPLETE"


def test_events_and_resources_come_in_pages(client: Client) -> None:
    """Lists of more than a hundred come in pages, events newest first."""
    toys = {f"Bear{n}": {"Type": TOY, "Properties": {"Name": f"bear-{n}"}} for n in range(60)}
    client.create_stack(StackName="toys", TemplateBody=json.dumps({"Resources": toys}), ClientRequestToken="mine")
    pages = list(client.get_paginator("describe_stack_events").paginate(StackName="toys"))
    events = [event for page in pages for event in page["StackEvents"]]
    assert [len(page["StackEvents"]) for page in pages] == [100, len(events) - 100]
    assert (events[0]["ResourceStatus"], events[-1]["ResourceStatus"]) == ("CREATE_COMPLETE", "CREATE_IN_PROGRESS")
    assert sorted((event["Timestamp"] for event in events), reverse=True) == [event["Timestamp"] for event in events]
    assert {event["ClientRequestToken"] for event in events} == {"mine"}
    assert "NextToken" in refusal(client.describe_stack_events, StackName="toys", NextToken="x")


def test_resources(client: Client) -> None:
    """A stack's resources are found by the stack, by their logical ids, and by a physical id."""
    client.create_stack(StackName="toys", TemplateBody=template())
    (resource,) = client.describe_stack_resources(PhysicalResourceId="bear")["StackResources"]
    assert (resource["StackName"], resource["LogicalResourceId"], resource["ResourceStatus"]) == (
        "toys",
        "Bear",
        "CREATE_COMPLETE",
    )
    assert client.describe_stack_resources(StackName="toys", LogicalResourceId="Bear")["StackResources"] == [resource]
    (summary,) = client.list_stack_resources(StackName="toys")["StackResourceSummaries"]
    assert summary["PhysicalResourceId"] == "bear"
    detail = client.describe_stack_resource(StackName="toys", LogicalResourceId="Bear")["StackResourceDetail"]
    assert (detail["PhysicalResourceId"], detail["Metadata"]) == ("bear", "{}")
    both = {"StackName": "toys", "PhysicalResourceId": "bear"}
    message = "You must specify either StackName or PhysicalResourceId, but not both."
    assert refusal(client.describe_stack_resources, **both) == message
    assert refusal(client.describe_stack_resources, PhysicalResourceId="wolf") == "Stack for wolf does not exist"
    missing = {"StackName": "toys", "LogicalResourceId": "Wolf"}
    assert refusal(client.describe_stack_resource, **missing) == "Resource Wolf does not exist for stack toys"
    missing["StackName"] = resource["StackId"]
    assert refusal(client.describe_stack_resource, **missing).endswith(f"for stack {resource['StackId']}")


def test_a_stack_without_active_resources(client: Client) -> None:
    """A stack whose resources are all inactive is made: people create an empty stack so, to update it later.

    Source: gliptak.github.io/tags/cloudformation, whose starter template has one resource, behind a false condition.
    """
    body: dict[str, Any] = {"Conditions": {"Never": {"Fn::Equals": ["a", "b"]}}}
    body["Resources"] = {"Bear": {"Type": TOY, "Condition": "Never", "Properties": {"Name": "bear"}}}
    client.create_stack(StackName="toys", TemplateBody=json.dumps(body))
    (stack,) = client.describe_stacks(StackName="toys")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert client.list_stack_resources(StackName="toys")["StackResourceSummaries"] == []


@pytest.mark.parametrize("kind", ["Custom::Thing", "Acme::Test::Toy::MODULE", "Acme::Test::Unknown"])
def test_a_type_that_is_not_supported_behind_a_condition(client: Client, kind: str) -> None:
    """A resource that the sandbox can't make is refused where its condition holds, and only there."""
    body: dict[str, Any] = {
        "Parameters": {"Extras": {"Type": "String"}},
        "Conditions": {"Extras": {"Fn::Equals": [{"Ref": "Extras"}, "yes"]}},
        "Resources": {
            "Bear": {"Type": TOY, "Properties": {"Name": "bear"}},
            "Extra": {"Type": kind, "Condition": "Extras"},
        },
    }
    request = {"StackName": "toys", "TemplateBody": json.dumps(body)}
    refused = refusal(client.create_stack, **request, Parameters=[{"ParameterKey": "Extras", "ParameterValue": "yes"}])
    assert kind in refused
    client.create_stack(**request, Parameters=[{"ParameterKey": "Extras", "ParameterValue": "no"}])
    (stack,) = client.describe_stacks(StackName="toys")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_that_does_not_exist(client: Client) -> None:
    """Each operation says so in its own words."""
    for operation in (client.describe_stacks, client.describe_stack_resources, client.list_stack_resources):
        assert refusal(operation, StackName="none") == "Stack with id none does not exist"
    assert refusal(client.get_template, StackName="none") == "Stack with id none does not exist"
    missing = {"StackName": "none", "LogicalResourceId": "Bear"}
    assert refusal(client.describe_stack_resource, **missing) == "Stack 'none' does not exist"
    assert refusal(client.describe_stack_events, StackName="none") == "Stack [none] does not exist"


def test_resources_that_are_being_made(client: Client) -> None:
    """A resource is listed as soon as its creation has begun, without a physical id."""
    seen: list[dict[str, Any]] = []

    def look(event: dict[str, Any]) -> dict[str, Any]:
        seen.extend(client.list_stack_resources(StackName="toys")["StackResourceSummaries"])
        return invoke(event)

    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, look))
    client.create_stack(StackName="toys", TemplateBody=template())
    wolf = {"Type": TOY, "Properties": {"Name": "wolf"}}
    bear = json.loads(template())["Resources"]["Bear"]
    client.update_stack(StackName="toys", TemplateBody=json.dumps({"Resources": {"Bear": bear, "Wolf": wolf}}))
    names = ("LogicalResourceId", "ResourceType", "ResourceStatus", "PhysicalResourceId")
    assert [tuple(one.get(name) for name in names) for one in seen] == [
        ("Bear", TOY, "CREATE_IN_PROGRESS", None),
        ("Bear", TOY, "CREATE_COMPLETE", "bear"),
        ("Wolf", TOY, "CREATE_IN_PROGRESS", None),
    ]


def test_resources_that_are_gone(client: Client) -> None:
    """A stack that was deleted or rolled back lists what it had, but for what updates removed."""
    resources = {name: {"Type": TOY, "Properties": {"Name": name.lower()}} for name in ("Bear", "Kept", "Removed")}
    resources["Kept"]["DeletionPolicy"] = "Retain"
    client.create_stack(StackName="toys", TemplateBody=json.dumps({"Resources": resources}))
    del resources["Removed"]
    client.update_stack(StackName="toys", TemplateBody=json.dumps({"Resources": resources}))
    stack_id = described(client)["StackId"]
    assert len(client.describe_stack_resources(StackName=stack_id)["StackResources"]) == 2
    client.delete_stack(StackName="toys")
    found = client.describe_stack_resources(StackName=stack_id)["StackResources"]
    assert {one["LogicalResourceId"]: (one["ResourceStatus"], one["PhysicalResourceId"]) for one in found} == {
        "Bear": ("DELETE_COMPLETE", "bear"),
        "Kept": ("DELETE_SKIPPED", "kept"),
    }
    detail = client.describe_stack_resource(StackName=stack_id, LogicalResourceId="Bear")["StackResourceDetail"]
    assert detail["ResourceStatus"] == "DELETE_COMPLETE"


def test_resources_to_retain(client: Client) -> None:
    """Only resources that could not be deleted can be retained."""

    def locked(event: dict[str, Any]) -> dict[str, Any]:
        if event["action"] == "DELETE" and event["requestData"]["logicalResourceId"] == "Bear":
            return {"status": "FAILED", "errorCode": "ResourceConflict", "message": "In use"}
        return invoke(event)

    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, locked))
    wolf = {"Type": TOY, "DependsOn": "Bear", "Properties": {"Name": "wolf"}}
    bear = json.loads(template())["Resources"]["Bear"]
    client.create_stack(StackName="toys", TemplateBody=json.dumps({"Resources": {"Bear": bear, "Wolf": wolf}}))
    client.delete_stack(StackName="toys")
    words = "The specified resources to retain must be in a valid state. Do not specify "
    for name in ("Wolf", "None"):
        assert words in refusal(client.delete_stack, StackName="toys", RetainResources=["Bear", name])
    client.delete_stack(StackName="toys", RetainResources=["Bear"])
    assert client.describe_stacks()["Stacks"] == []


def test_a_token_makes_a_request_once(client: Client) -> None:
    """The same request with the same token is answered as the first one was, and does nothing again."""
    first = client.create_stack(StackName="toys", TemplateBody=template(), ClientRequestToken="a")
    again = client.create_stack(StackName="toys", TemplateBody=template(), ClientRequestToken="a")
    assert (again["StackId"], again["OperationId"]) == (first["StackId"], first["OperationId"])
    update = {"StackName": "toys", "TemplateBody": template("blue"), "ClientRequestToken": "b"}
    operations = {client.update_stack(**update)["OperationId"] for _ in range(2)}
    assert len(operations) == 1
    change_set = {"StackName": "toys", "ChangeSetName": "green", "TemplateBody": template("green"), "ClientToken": "c"}
    assert client.create_change_set(**change_set)["Id"] == client.create_change_set(**change_set)["Id"]
    for _ in range(2):
        client.execute_change_set(StackName="toys", ChangeSetName="green", ClientRequestToken="d")
    events = client.describe_stack_events(StackName="toys")["StackEvents"]
    own = [event["ResourceStatus"] for event in events if event["LogicalResourceId"] == "toys"]
    assert own.count("UPDATE_COMPLETE") == 2


def test_a_token_that_is_always_the_same(client: Client) -> None:
    """A stack that was deleted is created again, and deleted again, and a new change set is executed."""
    token = {"ClientRequestToken": "always"}
    ids = set()
    for _ in range(2):
        ids.add(client.create_stack(StackName="toys", TemplateBody=template(), **token)["StackId"])
        for colour in ("blue", "green"):
            names = {"StackName": "toys", "ChangeSetName": "change"}
            client.create_change_set(**names, TemplateBody=template(colour))
            client.execute_change_set(**names, **token)
            assert f'"{colour}"' in json.dumps(client.get_template(StackName="toys")["TemplateBody"])
        client.delete_stack(StackName="toys", **token)
        assert client.describe_stacks()["Stacks"] == []
    assert len(ids) == 2


def test_a_token_for_another_request(client: Client) -> None:
    """A token that another request to the stack has used is refused; one of a refused request is free again."""
    assert refusal(client.update_stack, StackName="toys", TemplateBody="{}", ClientRequestToken="a")
    client.create_stack(StackName="toys", TemplateBody=template(), ClientRequestToken="a")
    client.create_stack(StackName="others", TemplateBody=template(), ClientRequestToken="a")
    client.update_stack(StackName="toys", TemplateBody=template("blue"), ClientRequestToken="b")
    with pytest.raises(ClientError) as refused:
        client.update_stack(StackName="toys", TemplateBody=template("green"), ClientRequestToken="b")
    assert refused.value.response["Error"]["Code"] == "TokenAlreadyExistsException"
    assert described(client)["StackStatus"] == "UPDATE_COMPLETE"


def test_what_can_not_be_changed_by_itself(client: Client) -> None:
    """Neither the template's Description nor its Metadata makes an update."""
    client.create_stack(StackName="toys", TemplateBody=template())
    body = template(Description="Toys.", Metadata={"Version": 2})
    assert refusal(client.update_stack, StackName="toys", TemplateBody=body) == "No updates are to be performed."
    client.create_change_set(StackName="toys", ChangeSetName="same", TemplateBody=body)
    described = client.describe_change_set(StackName="toys", ChangeSetName="same")
    assert (described["Status"], described["Changes"]) == ("FAILED", [])


def test_resources_to_import_need_an_import(client: Client) -> None:
    """ResourcesToImport is refused in a change set of another type, which would make the resource."""
    bear = {"ResourceType": TOY, "LogicalResourceId": "Bear", "ResourceIdentifier": {"Name": "bear"}}
    request = {"StackName": "toys", "ChangeSetName": "change", "TemplateBody": template(), "ResourcesToImport": [bear]}
    message = refusal(client.create_change_set, **request, ChangeSetType="CREATE")
    assert message == "ResourcesToImport needs the ChangeSetType IMPORT, not CREATE."
    assert client.describe_stacks()["Stacks"] == []


def test_metadata_of_a_resource(client: Client) -> None:
    """DescribeStackResource shows a resource's Metadata with its references resolved."""
    wolf = {"Type": TOY, "Properties": {"Name": "wolf"}, "Metadata": {"Friend": {"Ref": "Bear"}}}
    resources = json.loads(template())["Resources"] | {"Wolf": wolf}
    client.create_stack(StackName="toys", TemplateBody=json.dumps({"Resources": resources}))
    detail = client.describe_stack_resource(StackName="toys", LogicalResourceId="Wolf")["StackResourceDetail"]
    assert json.loads(detail["Metadata"]) == {"Friend": "bear"}


def test_exports_and_imports(client: Client) -> None:
    """Exports are listed with their stack, and the stacks that use one by its name."""
    outputs = {"Name": {"Value": "bear", "Export": {"Name": "Bear"}}}
    stack_id = client.create_stack(StackName="toys", TemplateBody=template(Outputs=outputs))["StackId"]
    assert client.list_exports()["Exports"] == [{"ExportingStackId": stack_id, "Name": "Bear", "Value": "bear"}]
    assert refusal(client.list_imports, ExportName="Bear") == "Export 'Bear' is not imported by any stack."
    wolf = {"Type": TOY, "Properties": {"Name": "wolf", "Colour": {"Fn::ImportValue": "Bear"}}}
    client.create_stack(StackName="wolves", TemplateBody=json.dumps({"Resources": {"Wolf": wolf}}))
    assert client.list_imports(ExportName="Bear")["Imports"] == ["wolves"]


def test_unknown_types(client: Client) -> None:
    """ValidateTemplate and GetTemplateSummary refuse unknown types; the latter reports them if it is asked to."""
    body = json.dumps({"Resources": {"A": {"Type": "Acme::Test::Nothing"}}})
    message = "Template format error: Unrecognized resource types: [Acme::Test::Nothing]"
    assert refusal(client.validate_template, TemplateBody=body) == message
    assert refusal(client.get_template_summary, TemplateBody=body) == message
    as_warnings = {"TreatUnrecognizedResourceTypesAsWarnings": True}
    summary = client.get_template_summary(TemplateBody=body, TemplateSummaryConfig=as_warnings)
    assert summary["Warnings"] == {"UnrecognizedResourceTypes": ["Acme::Test::Nothing"]}


def test_the_summary_of_a_template(client: Client) -> None:
    """GetTemplateSummary tells what identifies each resource, for a template and for a stack."""
    client.create_stack(StackName="toys", TemplateBody=template(Metadata={"By": "me"}))
    for source in ({"TemplateBody": template(Metadata={"By": "me"})}, {"StackName": "toys"}):
        summary = client.get_template_summary(**source)
        assert summary["ResourceTypes"] == [TOY]
        assert json.loads(summary["Metadata"]) == {"By": "me"}
        assert summary["ResourceIdentifierSummaries"] == [
            {"ResourceType": TOY, "LogicalResourceIds": ["Bear"], "ResourceIdentifiers": ["Name"]}
        ]
    assert client.validate_template(TemplateBody=template(Description="Toys."))["Description"] == "Toys."


def test_what_create_stack_can_not_have(client: Client) -> None:
    """CreateStack has no previous values, and takes one of DisableRollback and OnFailure."""
    parameters = [{"ParameterKey": "Colour", "UsePreviousValue": True}]
    message = refusal(client.create_stack, StackName="toys", TemplateBody=template(), Parameters=parameters)
    assert message == (
        "Invalid input for parameter key Colour. "
        "Cannot specify usePreviousValue as true for a parameter key not in the previous template"
    )
    both = {"DisableRollback": True, "OnFailure": "DELETE"}
    message = refusal(client.create_stack, StackName="toys", TemplateBody=template(), **both)
    assert message == "You can specify either DisableRollback or OnFailure, but not both"


def test_policies(client: Client) -> None:
    """No stack has a policy: GetStackPolicy returns none, and requests that set one are refused."""
    client.create_stack(StackName="toys", TemplateBody=template())
    assert "StackPolicyBody" not in client.get_stack_policy(StackName="toys")
    message = refusal(client.update_stack, StackName="toys", TemplateBody=template("blue"), StackPolicyBody="{}")
    assert message.startswith("UpdateStack with StackPolicyBody is not supported. Stack policies are not enforced here")


def test_termination_protection(client: Client) -> None:
    """A protected stack can't be deleted until the protection is taken off."""
    client.create_stack(StackName="toys", TemplateBody=template(), EnableTerminationProtection=True)
    assert refusal(client.delete_stack, StackName="toys") == (
        "Stack [toys] cannot be deleted while TerminationProtection is enabled"
    )
    client.update_termination_protection(StackName="toys", EnableTerminationProtection=False)
    client.delete_stack(StackName="toys")
    client.delete_stack(StackName="toys")
    assert client.describe_stacks()["Stacks"] == []


def test_drift(client: Client) -> None:
    """Drift detection is started, described by its id, and shown with the stack's resources."""
    client.create_stack(StackName="toys", TemplateBody=template())
    detection = client.detect_stack_drift(StackName="toys")["StackDriftDetectionId"]
    status = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    assert status["DetectionStatus"] == "DETECTION_COMPLETE"
    found = client.describe_stack_resource_drifts(StackName="toys")["StackResourceDrifts"]
    assert [one["LogicalResourceId"] for one in found] == ["Bear"]
    (resource,) = client.describe_stack_resources(StackName="toys")["StackResources"]
    assert resource["DriftInformation"]["StackResourceDriftStatus"] == found[0]["StackResourceDriftStatus"]
    missing = "Drift detection none does not exist"
    assert refusal(client.describe_stack_drift_detection_status, StackDriftDetectionId="none") == missing
