"""Stacks with a registered type send the handlers CloudFormation's events, and act on their answers."""

import json
import re
import threading
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cfn_sandbox import SandboxError, operations
from cfn_sandbox.account.account import Account
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import ATTEMPTS, RegisteredType
from sandbox.tests.toys import (
    ACCOUNT,
    REGION,
    SCHEMA,
    TOY,
    Client,
    Toys,
    create,
    failure,
    reasons,
    stack_of,
    tags,
    template,
    update,
    why,
)


def test_a_create_is_sent_the_envelope_of_production(toys: Toys, cloudformation: Client) -> None:
    """A handler receives exactly what CloudFormation sends; numbers and booleans travel as strings."""
    properties = {"Name": "bear", "Loud": True, "Parts": [{"Size": 3}], "Labels": {}}
    stack = create(cloudformation, template(Bear=properties), Tags=tags(team="a"))
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    (event,) = toys.events
    credentials = event["requestData"].pop("callerCredentials")
    assert set(credentials) == {"accessKeyId", "secretAccessKey", "sessionToken"}
    assert len(event.pop("bearerToken")) == 36
    assert event == {
        "action": "CREATE",
        "awsAccountId": ACCOUNT,
        "callbackContext": None,
        "nextToken": None,
        "region": REGION,
        "requestData": {
            "logicalResourceId": "Bear",
            "resourceProperties": {"Name": "bear", "Loud": "true", "Parts": [{"Size": "3"}], "Labels": {}},
            "stackTags": {"team": "a"},
            "systemTags": {
                "aws:cloudformation:stack-name": "toys",
                "aws:cloudformation:stack-id": stack["StackId"],
                "aws:cloudformation:logical-id": "Bear",
            },
        },
        "resourceType": TOY,
        "resourceTypeVersion": "00000001",
        "stackId": stack["StackId"],
    }


def test_a_log_group_comes_with_credentials_to_write_to_it(toys: Toys, cloudformation: Client) -> None:
    """A type with a logging configuration receives its log group and the credentials of the log role."""
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, toys.invoke, version="00000007", log_group="toy-logs"))
    create(cloudformation, template(Bear={"Name": "bear"}))
    (event,) = toys.events
    assert event["requestData"]["providerLogGroupName"] == "toy-logs"
    assert set(event["requestData"]["providerCredentials"]) == {"accessKeyId", "secretAccessKey", "sessionToken"}
    assert event["resourceTypeVersion"] == "00000007"


def test_ref_and_getatt_follow_the_schema(toys: Toys, cloudformation: Client) -> None:
    """Ref is the primary identifier, Fn::GetAtt has the read-only properties, and dependencies are created first."""
    body = template(
        {"Born": {"Value": {"Fn::GetAtt": "Bear.Facts.Born"}}, "Cub": {"Value": {"Ref": "Cub"}}},
        Cub={"Name": "cub", "Colour": {"Fn::Sub": "like ${Bear}"}},
        Bear={"Name": "bear", "Colour": {"Ref": "AWS::NoValue"}},
    )
    stack = create(cloudformation, body)
    assert {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]} == {"Born": "today", "Cub": "toy-2"}
    assert toys.actions() == ["CREATE Bear", "CREATE Cub"]
    assert toys.resources["toy-2"]["Colour"] == "like toy-1"
    (bear,) = cloudformation.describe_stack_resources(StackName="toys", LogicalResourceId="Bear")["StackResources"]
    assert (bear["PhysicalResourceId"], bear["ResourceType"]) == ("toy-1", TOY)
    cloudformation.delete_stack(StackName="toys")
    assert toys.actions()[2:] == ["DELETE Cub", "DELETE Bear"]
    assert toys.resources == {}


@pytest.mark.parametrize("where", ["outputs", "resources"])
def test_getatt_of_another_property_is_refused(toys: Toys, cloudformation: Client, where: str) -> None:
    """Fn::GetAtt of a property that isn't read-only is refused in CloudFormation's words."""
    wrong = {"Fn::GetAtt": ["Bear", "Name"]}
    body = template({"Name": {"Value": wrong}}, Bear={"Name": "bear"})
    if where == "resources":
        body = template(Bear={"Name": "bear"}, Cub={"Name": "cub", "Colour": wrong})
    message = rf"Requested attribute Name must be a readonly property in schema for \[{TOY}\]"
    with pytest.raises(ClientError, match=message):
        create(cloudformation, body)
    assert toys.events == []


def test_depends_on_and_conditions_are_kept(toys: Toys, cloudformation: Client) -> None:
    """DependsOn orders resources. One whose condition is false isn't created, or is deleted if it exists."""
    resources = {
        "First": {"Type": TOY, "Condition": "Wanted", "DependsOn": "Second", "Properties": {"Name": "first"}},
        "Second": {"Type": TOY, "Properties": {"Name": "second"}},
    }
    body = json.dumps(
        {
            "Parameters": {"Want": {"Type": "String"}},
            "Conditions": {"Wanted": {"Fn::Equals": [{"Ref": "Want"}, "yes"]}},
            "Resources": resources,
        }
    )
    create(cloudformation, body, Parameters=[{"ParameterKey": "Want", "ParameterValue": "yes"}])
    assert toys.actions() == ["CREATE Second", "CREATE First"]
    stack = update(cloudformation, body, Parameters=[{"ParameterKey": "Want", "ParameterValue": "no"}])
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert toys.actions()[2:] == ["DELETE First"]


def test_a_handler_in_progress_is_called_back(toys: Toys, cloudformation: Client) -> None:
    """After the requested delay, a handler is invoked again with its context, its model and the same token."""
    toys.answers = [
        {
            "status": "IN_PROGRESS",
            "callbackContext": {"step": 1},
            "callbackDelaySeconds": 7,
            "resourceModel": {"Id": "toy-9", "Name": "bear", "Parts": [{"Size": 3}]},
        },
    ]
    create(cloudformation, template(Bear={"Name": "bear"}))
    first, second = toys.events
    assert toys.waits == [7]
    assert (first["callbackContext"], second["callbackContext"]) == (None, {"step": 1})
    assert second["requestData"]["resourceProperties"] == {"Id": "toy-9", "Name": "bear", "Parts": [{"Size": 3}]}
    assert first["bearerToken"] == second["bearerToken"]


@pytest.mark.parametrize("code", ["Throttling", "ServiceInternalError", "NetworkFailure", "ResourceConflict"])
def test_a_retriable_error_is_retried(toys: Toys, cloudformation: Client, code: str) -> None:
    """A retriable error is retried with longer waits, and after the last attempt it fails the operation."""
    toys.answers = [failure(code)]
    assert create(cloudformation, template(Bear={"Name": "bear"}))["StackStatus"] == "CREATE_COMPLETE"
    assert toys.actions() == ["CREATE Bear"] * 2
    toys.answers = [failure(code)] * ATTEMPTS
    stack = update(cloudformation, template(Bear={"Name": "bear", "Colour": "red"}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert f"HandlerErrorCode: {code}" in why(cloudformation)
    assert toys.waits == [2, 2, 4]


def test_a_handler_that_never_ends_is_given_up(toys: Toys, cloudformation: Client) -> None:
    """A handler is given up after its timeoutInMinutes, and the resource that it reported is deleted."""
    slow = SCHEMA | {"handlers": {"create": {"timeoutInMinutes": 2}}}
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(slow, toys.invoke, wait=toys.waits.append))
    toys.resources["toy-1"] = {"Name": "bear", "Id": "toy-1"}
    toys.answers = [
        {"status": "IN_PROGRESS", "callbackDelaySeconds": 50, "resourceModel": {"Id": "toy-1", "Name": "bear"}}
    ] * 3
    create(cloudformation, template(Bear={"Name": "bear"}))
    assert "Resource timed out waiting for completion (RequestToken: " in why(cloudformation)
    assert toys.waits == [50, 50]
    assert toys.actions()[-1] == "DELETE Bear"
    assert toys.resources == {}


def test_a_failure_reaches_the_caller_and_is_cleaned_up(toys: Toys, cloudformation: Client) -> None:
    """The handler's message and code appear in the stack and its events, and earlier resources are deleted."""
    body = template(First={"Name": "first"}, Second={"Name": "second", "Colour": {"Ref": "First"}})
    toys.answers = [
        {"status": "SUCCESS", "resourceModel": {"Id": "toy-1"}},
        failure("InvalidRequest", "No such colour"),
    ]
    toys.resources["toy-1"] = {"Name": "first"}
    stack = create(cloudformation, body)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "StackStatusReason" not in stack
    events = cloudformation.describe_stack_events(StackName="toys")["StackEvents"]
    own = {
        one["ResourceStatus"]: one.get("ResourceStatusReason") for one in events if one["LogicalResourceId"] == "toys"
    }
    assert own == {
        "CREATE_IN_PROGRESS": "User Initiated",
        "ROLLBACK_IN_PROGRESS": "The following resource(s) failed to create: [Second]. Rollback requested by user.",
        "ROLLBACK_COMPLETE": None,
    }
    (reason,) = reasons(cloudformation, "CREATE_FAILED")
    token = toys.events[1]["bearerToken"]
    assert reason == (
        f'Resource handler returned message: "No such colour" (RequestToken: {token}, HandlerErrorCode: InvalidRequest)'
    )
    assert reason in why(cloudformation)
    assert toys.actions() == ["CREATE First", "CREATE Second", "DELETE First"]
    assert toys.resources == {}
    resources = cloudformation.describe_stack_resources(StackName="toys")["StackResources"]
    assert {one["LogicalResourceId"]: one["ResourceStatus"] for one in resources} == {
        "First": "DELETE_COMPLETE",
        "Second": "DELETE_COMPLETE",
    }
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        update(cloudformation, body)
    cloudformation.delete_stack(StackName="toys")
    assert cloudformation.list_stacks(StackStatusFilter=["ROLLBACK_COMPLETE"])["StackSummaries"] == []


def test_a_failed_create_with_a_model_is_deleted(toys: Toys, cloudformation: Client) -> None:
    """A failed CREATE with an identifier names a resource that exists, so the rollback deletes it."""
    toys.resources["toy-8"] = {}
    toys.answers = [failure("NotStabilized", model={"Id": "toy-8", "Name": "bear"})]
    assert create(cloudformation, template(Bear={"Name": "bear"}))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert toys.actions() == ["CREATE Bear", "DELETE Bear"]
    assert toys.events[1]["requestData"]["resourceProperties"] == {"Name": "bear", "Id": "toy-8"}
    assert toys.resources == {}


def test_a_failed_create_without_a_model_is_not(toys: Toys, cloudformation: Client) -> None:
    """A failed CREATE without an identifier deletes nothing: the existing resource isn't the stack's."""
    toys.resources["theirs"] = {"Name": "bear"}
    assert create(cloudformation, template(Bear={"Name": "bear"}))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert toys.actions() == ["CREATE Bear"]
    assert list(toys.resources) == ["theirs"]


@pytest.mark.parametrize("reported", [False, True])
def test_a_function_that_crashes_is_a_failure_too(toys: Toys, cloudformation: Client, *, reported: bool) -> None:
    """A crash is the reason of the failure, and the rollback deletes a resource reported before it."""
    if reported:
        toys.resources["toy-1"] = {}
        toys.answers = [{"status": "IN_PROGRESS", "resourceModel": {"Id": "toy-1"}}]

    def crash(event: dict[str, Any]) -> dict[str, Any]:
        if event["action"] == "CREATE" and not toys.answers:
            raise SandboxError("the handler crashed: Runtime.ImportModuleError: No module named 'toybox'")
        return toys.invoke(event)

    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, crash))
    create(cloudformation, template(Bear={"Name": "bear"}))
    assert "No module named 'toybox'" in why(cloudformation)
    assert "HandlerErrorCode: InternalFailure" in why(cloudformation)
    assert toys.resources == {}


def test_a_rollback_that_fails_says_so_and_can_be_deleted_later(toys: Toys, cloudformation: Client) -> None:
    """A stack whose rollback failed keeps its remaining resources, and DELETE can delete them."""
    toys.answers = [
        {"status": "SUCCESS", "resourceModel": {"Id": "toy-1"}},
        failure("InvalidRequest", "second is refused"),
        failure("AccessDenied", "first stays"),
    ]
    toys.resources["toy-1"] = {}
    stack = create(cloudformation, template(A={"Name": "a"}, B={"Name": "b", "Colour": {"Ref": "A"}}))
    assert stack["StackStatus"] == "ROLLBACK_FAILED"
    assert "second is refused" in why(cloudformation)
    assert "first stays" in why(cloudformation)
    cloudformation.delete_stack(StackName="toys")
    assert toys.resources == {}


def test_a_delete_that_fails_can_be_tried_again(toys: Toys, cloudformation: Client) -> None:
    """A failed DELETE gives the handler's message and keeps the resource, and a second DELETE succeeds."""
    create(cloudformation, template(Bear={"Name": "bear"}))
    toys.answers = [failure("GeneralServiceException", "Still in use")]
    cloudformation.delete_stack(StackName="toys")
    stack = stack_of(cloudformation)
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "Still in use" in why(cloudformation)
    cloudformation.delete_stack(StackName="toys")
    assert stack_of(cloudformation)["StackStatus"] == "DELETE_COMPLETE"
    assert toys.resources == {}


def test_a_resource_that_is_gone_is_deleted(toys: Toys, cloudformation: Client) -> None:
    """NotFound counts as success for DELETE."""
    create(cloudformation, template(Bear={"Name": "bear"}))
    toys.resources.clear()
    cloudformation.delete_stack(StackName="toys")
    assert stack_of(cloudformation)["StackStatus"] == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("policy", "after_rollback", "after_delete"),
    [("Delete", [], []), ("Retain", ["toy-1"], ["toy-1"]), ("RetainExceptOnCreate", [], ["toy-1"])],
)
def test_deletion_policies(
    toys: Toys, cloudformation: Client, policy: str, after_rollback: list[str], after_delete: list[str]
) -> None:
    """DeletionPolicy decides what stays after a rolled back CREATE and after DELETE of the stack."""
    bear = {"Type": TOY, "DeletionPolicy": policy, "Properties": {"Name": "bear"}}
    stack = create(cloudformation, template(Bear=bear, Cub={"Name": "CUB", "Colour": {"Ref": "Bear"}}))
    assert (stack["StackStatus"], list(toys.resources)) == ("ROLLBACK_COMPLETE", after_rollback)
    cloudformation.delete_stack(StackName="toys")
    toys.resources, toys.count = {}, 0
    assert create(cloudformation, template(Bear=bear))["StackStatus"] == "CREATE_COMPLETE"
    cloudformation.delete_stack(StackName="toys")
    assert list(toys.resources) == after_delete


def test_a_replaced_resource_may_be_kept(toys: Toys, cloudformation: Client) -> None:
    """UpdateReplacePolicy: Retain keeps a replaced resource."""
    for name in ("bear", "wolf"):
        body = template(Bear={"Type": TOY, "UpdateReplacePolicy": "Retain", "Properties": {"Name": name}})
        (create if name == "bear" else update)(cloudformation, body)
    assert [toy["Name"] for toy in toys.resources.values()] == ["bear", "wolf"]


def test_a_cleanup_that_fails_leaves_the_update_complete(toys: Toys, cloudformation: Client) -> None:
    """The update completes even if the replaced resource can't be deleted; an event says so."""
    create(cloudformation, template(Bear={"Name": "bear"}, Cub={"Name": "cub"}))
    toys.resources["toy-3"] = {}
    toys.answers = [{"status": "SUCCESS", "resourceModel": {"Id": "toy-3"}}, failure("AccessDenied", "It stays")]
    stack = update(cloudformation, template(Bear={"Name": "wolf"}, Cub={"Name": "cub"}))
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert "It stays" in reasons(cloudformation, "DELETE_FAILED")[0]


def test_an_update_without_interruption(toys: Toys, cloudformation: Client) -> None:
    """UPDATE receives desired and previous properties, both with the identifier, and the identifier stays."""
    create(cloudformation, template(Bear={"Name": "bear", "Colour": "red"}))
    stack = update(cloudformation, template({"Id": {"Value": {"Ref": "Bear"}}}, Bear={"Name": "bear", "Loud": False}))
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputValue"]) == ("UPDATE_COMPLETE", "toy-1")
    data = toys.events[1]["requestData"]
    assert data["resourceProperties"] == {"Name": "bear", "Loud": "false", "Id": "toy-1"}
    assert data["previousResourceProperties"] == {"Name": "bear", "Colour": "red", "Id": "toy-1"}
    assert toys.actions() == ["CREATE Bear", "UPDATE Bear"]
    cloudformation.delete_stack(StackName="toys")
    assert "previousResourceProperties" not in toys.events[2]["requestData"]


def test_a_change_of_stack_tags_updates_in_place(toys: Toys, cloudformation: Client) -> None:
    """The handler receives the tags before and after; without any change, there is no update."""
    body = template(Bear={"Name": "bear"})
    create(cloudformation, body, Tags=tags(team="a", cost="1"))
    with pytest.raises(ClientError, match="No updates are to be performed"):
        update(cloudformation, body, Tags=tags(team="a", cost="1"))
    update(cloudformation, body, Tags=tags(team="b"))
    assert toys.actions() == ["CREATE Bear", "UPDATE Bear"]
    data = toys.events[1]["requestData"]
    assert (data["stackTags"], data["previousStackTags"]) == ({"team": "b"}, {"team": "a", "cost": "1"})
    assert data["resourceProperties"] == data["previousResourceProperties"]
    assert stack_of(cloudformation)["Tags"] == tags(team="b")


@pytest.mark.parametrize("change", [{"Name": "wolf"}, {"Name": "bear", "Parts": [{"Size": 2}]}])
def test_a_create_only_property_replaces(toys: Toys, cloudformation: Client, change: dict[str, Any]) -> None:
    """A replacement creates the new resource, updates the dependents, and then deletes the old one."""
    bear = {"Name": "bear", "Parts": [{"Size": 1}]}
    cub = {"Name": "cub", "Colour": {"Ref": "Bear"}}
    create(cloudformation, template(Cub=cub, Bear=bear))
    toys.resources["toy-1"]["Name"] = "generated"  # as if the type generated names, which don't clash
    stack = update(cloudformation, template({"Id": {"Value": {"Ref": "Bear"}}}, Cub=cub, Bear=change))
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputValue"]) == ("UPDATE_COMPLETE", "toy-3")
    assert toys.actions()[2:] == ["CREATE Bear", "UPDATE Cub", "DELETE Bear"]
    assert toys.events[-1]["requestData"]["resourceProperties"]["Id"] == "toy-1"
    assert set(toys.resources) == {"toy-2", "toy-3"}
    assert toys.resources["toy-2"]["Colour"] == "toy-3"


def test_a_custom_name_can_not_be_replaced(toys: Toys, cloudformation: Client) -> None:
    """A replacement comes before the deletion, so a user-provided name is taken; the update rolls back."""
    create(cloudformation, template(Bear={"Name": "bear", "Parts": [{"Size": 1}]}))
    stack = update(cloudformation, template(Bear={"Name": "bear", "Parts": [{"Size": 2}]}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "That name is taken" in why(cloudformation)
    assert "HandlerErrorCode: AlreadyExists" in why(cloudformation)
    assert toys.actions() == ["CREATE Bear", "CREATE Bear"]
    assert list(toys.resources) == ["toy-1"]
    assert update(cloudformation, template(Bear={"Name": "wolf"}))["StackStatus"] == "UPDATE_COMPLETE"
    assert [toy["Name"] for toy in toys.resources.values()] == ["wolf"]


def test_an_update_that_fails_restores_everything(toys: Toys, cloudformation: Client) -> None:
    """A rollback restores changed resources and tags, deletes new ones, and keeps replaced and removed ones."""
    before = template(A={"Name": "a", "Colour": "red"}, B={"Name": "b"}, C={"Name": "c"}, D={"Name": "d"})
    create(cloudformation, before, Tags=tags(team="a"))
    original_resources = json.loads(json.dumps(toys.resources))
    after = template(
        A={"Name": "a", "Colour": "blue"},
        B={"Name": "bb"},
        New={"Name": "new"},
        D={"Name": "d", "Colour": {"Fn::Sub": "${A}${B}${New}"}},
    )
    original = toys.invoke

    def refuse_d(event: dict[str, Any]) -> dict[str, Any]:
        data = event["requestData"]
        if data["logicalResourceId"] == "D" and "Colour" in data["resourceProperties"]:
            toys.events.append(event)
            return failure("InvalidRequest", "D won't have it")
        return original(event)

    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, refuse_d))
    stack = update(cloudformation, after, Tags=tags(team="b"))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "D won't have it" in why(cloudformation)
    assert toys.resources == original_resources
    assert stack["Tags"] == tags(team="a")
    assert toys.actions()[4:] == [
        *["UPDATE A", "CREATE B", "CREATE New", "UPDATE D"],
        *["UPDATE A", "DELETE New", "DELETE B"],
    ]
    rollback_data = toys.events[-3]["requestData"]
    assert (rollback_data["stackTags"], rollback_data["previousStackTags"]) == ({"team": "a"}, {"team": "b"})
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, toys.invoke))
    assert update(cloudformation, after)["StackStatus"] == "UPDATE_COMPLETE"
    assert sorted(toy["Name"] for toy in toys.resources.values()) == ["a", "bb", "d", "new"]


def test_moto_s_own_resources_roll_back_with_the_type(home: Account, toys: Toys, cloudformation: Client) -> None:
    """A rollback deletes a queue that the operation created, and restores one that it changed."""
    sqs = home.client("sqs")

    def box(timeout: int) -> dict[str, Any]:
        return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "box", "VisibilityTimeout": timeout}}

    bear = {"Name": "bear", "Colour": {"Fn::GetAtt": "Box.QueueName"}}
    toys.answers = [failure("InvalidRequest")]
    assert create(cloudformation, template(Box=box(30), Bear=bear))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "QueueUrls" not in sqs.list_queues()
    cloudformation.delete_stack(StackName="toys")

    create(cloudformation, template(Box=box(30), Bear=bear))
    toys.answers = [failure("InvalidRequest")]
    stack = update(cloudformation, template(Box=box(60), Bear=bear | {"Loud": True}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (url,) = sqs.list_queues()["QueueUrls"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert attributes == {"VisibilityTimeout": "30"}
    cloudformation.delete_stack(StackName="toys")
    assert "QueueUrls" not in sqs.list_queues()


FAILED = "failed validation constraint for keyword"


@pytest.mark.parametrize(
    ("properties", "lines"),
    [
        ({}, ["#: required key [Name] not found"]),
        ({"Name": "bear", "Nmae": "x"}, ["#: extraneous key [Nmae] is not permitted"]),
        ({"Name": "bear", "Id": "mine"}, ["#: extraneous key [Id] is not permitted"]),
        (
            {"Name": "Bear"},
            [f"#/Name: {FAILED} [pattern] (sandbox's hint: text that matches ^[a-z]+$)"],
        ),
        ({"Name": "bear", "Loud": "very"}, ["#/Loud: expected type: Boolean, found: String"]),
        ({"Name": "bear", "Labels": {"A1": "x"}}, ["#/Labels: extraneous key [A1] is not permitted"]),
        ({"Name": "bear", "Parts": {}}, ["#/Parts: expected type: JSONArray, found: JSONObject"]),
        (
            {"Name": "bear", "Parts": [{"Size": 0}, {}, {"Size": "x", "Weight": 1}]},
            [
                f"#/Parts/0/Size: {FAILED} [minimum] (sandbox's hint: at least 1)",
                "#/Parts/1: required key [Size] not found",
                "#/Parts/2: extraneous key [Weight] is not permitted",
                "#/Parts/2/Size: expected type: Integer, found: String",
            ],
        ),
    ],
)
def test_properties_are_validated_before_any_handler(
    toys: Toys, cloudformation: Client, properties: dict[str, Any], lines: list[str]
) -> None:
    """Invalid properties are refused in CloudFormation's words: one line an error, without the value."""
    stack = create(cloudformation, template(Bear=properties))
    (reason,) = reasons(cloudformation, "CREATE_FAILED")
    title, *found = reason.splitlines()
    assert title == "Properties validation failed for resource Bear with message:"
    assert sorted(found) == sorted(lines)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert toys.events == []


def test_an_update_of_invalid_properties_reaches_no_handler(toys: Toys, cloudformation: Client) -> None:
    """An update with invalid properties invokes no handler, and neither does its rollback."""
    create(cloudformation, template(Bear={"Name": "bear"}))
    stack = update(cloudformation, template(Bear={"Name": "bear", "Loud": "very"}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "#/Loud: expected type: Boolean, found: String" in why(cloudformation)
    assert toys.actions() == ["CREATE Bear"]


@pytest.mark.parametrize("model", [None, {"Name": "bear"}, {"Id": "another"}])
def test_a_success_must_name_its_resource(toys: Toys, cloudformation: Client, model: dict[str, Any] | None) -> None:
    """A success without the identifier, or with another one after an update, is a failure."""
    create(cloudformation, template(Bear={"Name": "bear"}))
    toys.answers = [{"status": "SUCCESS", "resourceModel": model}]
    stack = update(cloudformation, template(Bear={"Name": "bear", "Loud": "true"}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "The handler succeeded with the primary identifier" in why(cloudformation)
    assert toys.actions() == ["CREATE Bear", "UPDATE Bear"]


def test_scalars_may_be_written_as_strings(toys: Toys, cloudformation: Client) -> None:
    """CloudFormation takes "3" for 3 and 3 for "3", so rewriting one as the other changes nothing."""
    create(cloudformation, template(Bear={"Name": "bear", "Loud": "true", "Parts": [{"Size": "3"}], "Colour": 7}))
    properties = toys.events[0]["requestData"]["resourceProperties"]
    assert properties == {"Name": "bear", "Loud": "true", "Parts": [{"Size": "3"}], "Colour": "7"}
    same = {"Name": "bear", "Loud": True, "Parts": [{"Size": 3}], "Colour": "7"}
    with pytest.raises(ClientError, match=r"No updates are to be performed\.$"):
        update(cloudformation, template(Bear=same))
    assert toys.actions() == ["CREATE Bear"]


def test_an_unknown_type_is_refused(home: Account, toys: Toys, cloudformation: Client) -> None:
    """An unknown type, or another region's, is refused in CloudFormation's words before the stack exists."""
    body = template(Bear={"Name": "bear"}, Other={"Type": "Acme::Test::Other"}, Yeti={"Type": "Acme::Test::Yeti"})
    unknown = r"Template format error: Unrecognized resource types: \[Acme::Test::Other, Acme::Test::Yeti\]"
    with pytest.raises(ClientError, match=unknown):
        create(cloudformation, body)
    elsewhere = boto3.client(
        "cloudformation",
        "eu-west-2",
        endpoint_url=home.endpoint,
        aws_access_key_id=home.credentials.access_key_id,
        aws_secret_access_key=home.credentials.secret_access_key,
    )
    with pytest.raises(ClientError, match=rf"Unrecognized resource types: \[{TOY}\]"):
        create(elsewhere, template(Bear={"Name": "bear"}))
    assert cloudformation.describe_stacks()["Stacks"] == []
    assert toys.events == []


def test_types_of_aws_that_moto_lacks(cloudformation: Client) -> None:
    """A missing AWS type is refused with the reason, and one that cfn's own stacks need is ignored."""
    schedule = {"Type": "AWS::SageMaker::ModelBiasJobDefinition"}
    with pytest.raises(ClientError, match=r"ModelBiasJobDefinition\] \(this sandbox supports only some"):
        create(cloudformation, template(Schedule=schedule))
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "box", "PolicyDocument": {}}}
    stack = create(cloudformation, template(Policy=policy, Bear={"Name": "bear"}))
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_what_moto_can_not_update(toys: Toys, cloudformation: Client) -> None:
    """A change that moto can't make fails the update with a message, instead of doing nothing."""
    key = {"Type": "AWS::KMS::Key", "Properties": {}}
    create(cloudformation, template(Key=key, Bear={"Name": "bear"}))
    changed = {"Type": "AWS::KMS::Key", "Properties": {"Description": "mine"}}
    stack = update(cloudformation, template(Key=changed, Bear={"Name": "bear"}))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "The sandbox can't update AWS::KMS::Key: moto, which implements" in why(cloudformation)
    assert toys.actions() == ["CREATE Bear"]


def test_what_is_updated_in_place_is_rolled_back(home: Account, cloudformation: Client) -> None:
    """A failed update gives a topic, a parameter and a log group their old properties back; they stay the same."""

    def body(word: str, days: int, **more: Any) -> str:  # noqa: ANN401 - properties
        topic = {"TopicName": "news", "DisplayName": word, "Tags": tags(word=word)}
        parameter = {"Name": "/word", "Type": "String", "Value": word, "Tags": {"word": word}}
        group = {"LogGroupName": "box", "RetentionInDays": days}
        resources = {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": topic},
            "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": parameter},
            "Group": {"Type": "AWS::Logs::LogGroup", "Properties": group},
        }
        return json.dumps({"Resources": resources | more, "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}}})

    sns, ssm = home.client("sns"), home.client("ssm")
    arn = create(cloudformation, body("one", 1))["Outputs"][0]["OutputValue"]
    sns.subscribe(TopicArn=arn, Protocol="email", Endpoint="a@example.com")
    last = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "not a name"}}
    last |= {"DependsOn": ["Topic", "Parameter", "Group"]}
    stack = update(cloudformation, body("two", 7, Last=last))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "one"
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags(word="one")
    assert len(sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]) == 1
    found = ssm.get_parameter(Name="/word")["Parameter"]
    assert (found["Value"], found["Version"]) == ("one", 3)
    (group,) = home.client("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 1


def test_an_update_without_a_template(toys: Toys, cloudformation: Client) -> None:  # noqa: ARG001 - the fixture registers the type
    """UpdateStack without a template is refused, as in CloudFormation."""
    create(cloudformation, template(Bear={"Name": "bear"}))
    with pytest.raises(ClientError, match="Either Template URL or Template Body must be specified"):
        cloudformation.update_stack(StackName="toys")


def test_an_identifier_of_several_parts(toys: Toys, cloudformation: Client) -> None:
    """Ref joins the parts of an identifier, and DELETE receives each part at its place in the model."""
    model = {"Name": "bear", "Facts": {"Born": "today"}}
    parts = SCHEMA | {"primaryIdentifier": ["/properties/Name", "/properties/Facts/Born"]}
    catalogue.add_type(ACCOUNT, REGION, RegisteredType(parts, toys.invoke))
    toys.answers = [{"status": "SUCCESS", "resourceModel": model}, {"status": "SUCCESS"}]
    stack = create(cloudformation, template({"Ref": {"Value": {"Ref": "Bear"}}}, Bear={"Name": "bear"}))
    assert stack["Outputs"][0]["OutputValue"] == "bear|today"
    cloudformation.delete_stack(StackName="toys")
    assert toys.events[-1]["requestData"]["resourceProperties"] == model


@pytest.mark.parametrize("body", ["{", "Resources: {A: cron(? *)}", "Description: nothing", "Resources: {A: {}}"])
def test_a_template_that_can_not_be_read(cloudformation: Client, body: str) -> None:
    """A template that can't be parsed is a template format error, and leaves no stack."""
    with pytest.raises(ClientError, match="Template format error"):
        create(cloudformation, body)
    assert cloudformation.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        (
            {"A": {"Name": "a", "Colour": {"Ref": "B"}}, "B": {"Name": "b", "Colour": {"Ref": "A"}}},
            "Circular dependency",
        ),
        ({"A": {"Name": "a", "Colour": {"Ref": "B"}}}, r"Unresolved resource dependencies \[B\]"),
    ],
)
def test_a_reference_that_leads_nowhere(
    toys: Toys, cloudformation: Client, resources: dict[str, Any], message: str
) -> None:
    """A circular or unresolved reference is refused before the stack exists."""
    with pytest.raises(ClientError, match=message):
        create(cloudformation, template(**resources))
    assert cloudformation.describe_stacks()["Stacks"] == []
    assert toys.events == []


def test_a_resource_keeps_its_type(toys: Toys, cloudformation: Client) -> None:
    """An update can't change the type of a resource."""
    create(cloudformation, template(Bear={"Name": "bear"}))
    with pytest.raises(ClientError, match="Update of resource type is not permitted"):
        update(cloudformation, template(Bear={"Type": "AWS::S3::Bucket"}))
    assert list(toys.resources) == ["toy-1"]


def test_a_name_is_taken_once(toys: Toys, cloudformation: Client) -> None:
    """A second stack of the same name is an AlreadyExistsException, and doesn't touch the first."""
    create(cloudformation, template(Bear={"Name": "bear"}))
    with pytest.raises(cloudformation.exceptions.AlreadyExistsException):
        create(cloudformation, template(Bear={"Name": "wolf"}))
    assert list(toys.resources) == ["toy-1"]


def test_exports_reach_other_stacks(toys: Toys, cloudformation: Client) -> None:
    """Another stack can import an export; its name is unique, and it is deleted with its stack."""
    body = template({"Id": {"Value": {"Ref": "Bear"}, "Export": {"Name": "bear-id"}}}, Bear={"Name": "bear"})
    create(cloudformation, body)
    wolf = template(Wolf={"Name": "wolf", "Colour": {"Fn::ImportValue": "bear-id"}})
    cloudformation.create_stack(StackName="other", TemplateBody=wolf)
    assert toys.resources["toy-2"]["Colour"] == "toy-1"
    again = template({"Id": {"Value": "x", "Export": {"Name": "bear-id"}}}, Cat={"Name": "cat"})
    cloudformation.create_stack(StackName="third", TemplateBody=again)
    (third,) = cloudformation.describe_stacks(StackName="third")["Stacks"]
    assert third["StackStatus"] == "ROLLBACK_COMPLETE"
    own = [
        event["ResourceStatusReason"]
        for event in cloudformation.describe_stack_events(StackName="third")["StackEvents"]
        if event["ResourceStatus"] == "ROLLBACK_IN_PROGRESS"
    ]
    assert own == ["Export with name bear-id is already exported by stack toys. Rollback requested by user."]
    assert cloudformation.list_imports(ExportName="bear-id")["Imports"] == ["other"]
    for stack in ("other", "toys"):
        cloudformation.delete_stack(StackName=stack)
    assert cloudformation.list_exports()["Exports"] == []


def test_change_sets_do_the_same(toys: Toys, cloudformation: Client) -> None:
    """Change sets create, update and roll back a stack. An executed one's name is free again."""
    made = []
    for kind, colour in (("CREATE", "red"), ("UPDATE", "blue"), ("UPDATE", "green")):
        name = "change"
        body = template(Bear={"Name": "bear", "Colour": colour})
        answer = cloudformation.create_change_set(
            StackName="toys", ChangeSetName=name, ChangeSetType=kind, TemplateBody=body, Tags=tags(team="a")
        )
        made.append(answer["Id"])
        if colour == "green":
            toys.answers = [failure("InvalidRequest", "No green")]
        cloudformation.execute_change_set(StackName="toys", ChangeSetName=name)
    with pytest.raises(cloudformation.exceptions.InvalidChangeSetStatusException, match="EXECUTE_COMPLETE"):
        cloudformation.execute_change_set(ChangeSetName=made[0])
    with pytest.raises(cloudformation.exceptions.ChangeSetNotFoundException):
        cloudformation.execute_change_set(StackName="toys", ChangeSetName="change")
    assert toys.actions() == ["CREATE Bear", "UPDATE Bear", "UPDATE Bear"]
    stack = stack_of(cloudformation)
    assert (stack["StackStatus"], stack["Tags"]) == ("UPDATE_ROLLBACK_COMPLETE", tags(team="a"))
    assert "No green" in why(cloudformation)
    assert toys.resources["toy-1"]["Colour"] == "blue"


def test_tags_alone_are_a_change(toys: Toys, cloudformation: Client) -> None:
    """A change of tags alone is an update, in a change set and with the parameters' previous values."""
    body = json.dumps(
        {
            "Parameters": {"Colour": {"Type": "String"}},
            "Resources": {"Bear": {"Type": TOY, "Properties": {"Name": "bear", "Colour": {"Ref": "Colour"}}}},
        }
    )
    previous: dict[str, Any] = {"ParameterKey": "Colour", "UsePreviousValue": True}
    create(cloudformation, body, Parameters=[{"ParameterKey": "Colour", "ParameterValue": "red"}], Tags=tags(team="a"))
    stack = update(cloudformation, body, Parameters=[previous], Tags=tags(team="b"))
    assert (stack["StackStatus"], stack["Tags"]) == ("UPDATE_COMPLETE", tags(team="b"))
    for number, (team, status) in enumerate([("b", "FAILED"), ("c", "CREATE_COMPLETE")]):
        change = {"StackName": "toys", "ChangeSetName": f"change-{number}"}
        cloudformation.create_change_set(
            **change, ChangeSetType="UPDATE", TemplateBody=body, Parameters=[previous], Tags=tags(team=team)
        )
        assert cloudformation.describe_change_set(**change)["Status"] == status
    cloudformation.execute_change_set(**change)
    assert toys.actions() == ["CREATE Bear", "UPDATE Bear", "UPDATE Bear"]
    data = toys.events[-1]["requestData"]
    assert (data["stackTags"], data["previousStackTags"]) == ({"team": "c"}, {"team": "b"})
    assert data["resourceProperties"]["Colour"] == "red"


def test_a_long_operation_goes_on_after_the_call(
    toys: Toys, cloudformation: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call returns while the operation runs, and no other operation can begin until it ends."""
    gate = threading.Event()
    monkeypatch.setattr(operations, "PATIENCE", 0.01)

    def slow(event: dict[str, Any]) -> dict[str, Any]:
        assert gate.wait(30)
        return toys.invoke(event)

    catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, slow))
    assert create(cloudformation, template(Bear={"Name": "bear"}))["StackStatus"] == "CREATE_IN_PROGRESS"
    with pytest.raises(ClientError, match="CREATE_IN_PROGRESS state and can not be updated"):
        update(cloudformation, template(Bear={"Name": "wolf"}))
    with pytest.raises(ClientError, match=r"cannot be deleted while in status CREATE_IN_PROGRESS \(sandbox's hint: "):
        cloudformation.delete_stack(StackName="toys")
    gate.set()
    cloudformation.get_waiter("stack_create_complete").wait(StackName="toys", WaiterConfig={"Delay": 0.05})
    assert list(toys.resources) == ["toy-1"]
    gate.clear()
    stack_id = update(cloudformation, template(Bear={"Name": "bear", "Colour": "red"}))["StackId"]
    words = re.escape(f"Stack [{stack_id}] cannot be deleted while in status UPDATE_IN_PROGRESS")
    with pytest.raises(ClientError, match=f": {words}$"):  # as elifesciences/builder quotes AWS
        cloudformation.delete_stack(StackName="toys")
    gate.set()
    cloudformation.get_waiter("stack_update_complete").wait(StackName="toys", WaiterConfig={"Delay": 0.05})
    gate.clear()
    for _ in range(2):
        cloudformation.delete_stack(StackName="toys")
    gate.set()
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="toys", WaiterConfig={"Delay": 0.05})
    assert toys.actions() == ["CREATE Bear", "UPDATE Bear", "DELETE Bear"]


def test_what_is_under_way_ends_with_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the context ends, it doesn't wait for a handler that requested a long delay."""
    monkeypatch.setattr(operations, "PATIENCE", 0.01)
    toys, started_at = Toys(), time.monotonic()
    toys.answers = [{"status": "IN_PROGRESS", "callbackDelaySeconds": 600, "resourceModel": {"Name": "bear"}}]
    with Account(region=REGION, tested=False) as account:
        catalogue.add_type(ACCOUNT, REGION, RegisteredType(SCHEMA, toys.invoke, wait=operations.wait))
        client = account.client("cloudformation")
        assert create(client, template(Bear={"Name": "bear"}))["StackStatus"] == "CREATE_IN_PROGRESS"
    assert toys.actions() == ["CREATE Bear"] * 2
    assert time.monotonic() - started_at < 60
    assert [thread for thread in threading.enumerate() if thread.name == "CREATE toys"] == []
