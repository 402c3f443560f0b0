"""The public names: an account with a type whose handlers are a Python function."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

import cfn_sandbox
from cfn_sandbox import Account, PackagerError, SandboxError
from sandbox.tests.toys import SCHEMA, TOY, Toys

TOPIC = {
    "typeName": "AWS::SNS::Topic",
    "properties": {"TopicName": {"type": "string"}, "TopicArn": {"type": "string"}},
    "readOnlyProperties": ["/properties/TopicArn"],
    "primaryIdentifier": ["/properties/TopicArn"],
}


def test_a_stack_uses_a_type_that_was_added_from_python() -> None:
    """The defaults suffice: the handler gets CloudFormation's event, and its model is the resource."""
    toys = Toys()
    template = {"Resources": {"One": {"Type": TOY, "Properties": {"Name": "bear"}}}}
    with Account() as account:
        account.registry.add(SCHEMA, toys.invoke)
        cloudformation = account.client("cloudformation")
        cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))
        cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
        (resource,) = cloudformation.describe_stack_resources(StackName="s")["StackResources"]
    assert resource["PhysicalResourceId"] == "toy-1"
    event = toys.events[0]
    assert event["action"] == "CREATE"
    assert event["requestData"]["resourceProperties"] == {"Name": "bear"}
    assert event["callbackContext"] is None


def test_it_goes_before_motos_type_of_the_same_name() -> None:
    """A type in AWS's namespace replaces moto's: moto makes no topic."""
    events = []

    def invoke(event: dict[str, object]) -> dict[str, object]:
        events.append(event["action"])
        return {"status": "SUCCESS", "resourceModel": {"TopicName": "news", "TopicArn": "arn:aws:sns:x:1:mine"}}

    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}}}}
    with Account() as account:
        account.registry.add(TOPIC, invoke)
        cloudformation = account.client("cloudformation")
        cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))
        cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
        (resource,) = cloudformation.describe_stack_resources(StackName="s")["StackResources"]
        assert account.client("sns").list_topics()["Topics"] == []
    assert resource["PhysicalResourceId"] == "arn:aws:sns:x:1:mine"
    assert events[0] == "CREATE"


def test_the_registry_describes_it() -> None:
    """DescribeType has its schema; adding it again makes a second version the default; TestType has nothing to test."""
    with Account() as account:
        account.registry.add(SCHEMA, Toys().invoke)
        account.registry.add(SCHEMA, Toys().invoke)
        cloudformation = account.client("cloudformation")
        described = cloudformation.describe_type(Type="RESOURCE", TypeName=TOY)
        assert json.loads(described["Schema"]) == SCHEMA
        assert described["DefaultVersionId"] == "00000002"
        with pytest.raises(ClientError, match="was added from Python: it has no package to test"):
            cloudformation.test_type(Type="RESOURCE", TypeName=TOY)


def test_what_can_not_be_added_is_a_sentence(tmp_path: Path) -> None:
    """A schema without a name, a missing package and a closed account each raise SandboxError."""
    account = Account()
    with pytest.raises(SandboxError, match="the account is not open"):
        account.registry  # noqa: B018 - a property that raises
    with account:
        with pytest.raises(SandboxError, match="a schema without typeName"):
            account.registry.add({"properties": {}}, Toys().invoke)
        with pytest.raises(SandboxError, match=r"missing\.zip can't be read: No such file"):
            account.registry.add_package(tmp_path / "missing.zip")
    with pytest.raises(SandboxError, match="the account is not open"):
        account.registry  # noqa: B018 - as above


def test_errors_are_one_family() -> None:
    """Whoever catches SandboxError catches all errors that a user can act on."""
    assert issubclass(PackagerError, SandboxError)


def test_importing_the_package_is_cheap() -> None:
    """Importing cfn_sandbox loads neither moto nor boto3, until Account is used."""
    program = (
        "import sys, cfn_sandbox; assert not {'moto', 'boto3', 'requests'} & {*sys.modules}; "
        "cfn_sandbox.Account; assert 'moto' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    with pytest.raises(AttributeError, match="has no attribute 'Acount'"):
        cfn_sandbox.Acount  # noqa: B018 - a misspelt name
