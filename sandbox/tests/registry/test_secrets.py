"""Stacks make the secrets that a type's configuration or handlers read."""

import json

from cfn_sandbox.account.account import Account
from sandbox.tests.toys import Client, create, update, why

GENERATED = {"PasswordLength": 20, "SecretStringTemplate": '{"user": "me"}', "GenerateStringKey": "key"}


def template(**given: object) -> str:
    """Return a template of two secrets, one given and one generated, and a parameter with a part of the first."""
    reference = "{{resolve:secretsmanager:given:SecretString:token}}"
    resources = {
        "Given": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "given"} | given},
        "Made": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": GENERATED}},
        "Read": {
            "Type": "AWS::SSM::Parameter",
            "DependsOn": "Given",
            "Properties": {"Name": "read", "Type": "String", "Value": reference},
        },
    }
    return json.dumps({"Resources": resources, "Outputs": {"Made": {"Value": {"Ref": "Made"}}}})


def test_a_stack_makes_changes_and_deletes_secrets(home: Account, cloudformation: Client) -> None:
    """A secret has the given or a generated value, an update changes the given one alone, and the end deletes both."""
    secrets = home.client("secretsmanager")
    stack = create(cloudformation, template(SecretString='{"token": "a"}'))
    assert stack["StackStatus"] == "CREATE_COMPLETE", why(cloudformation)
    assert home.client("ssm").get_parameter(Name="read")["Parameter"]["Value"] == "a"
    made = stack["Outputs"][0]["OutputValue"]
    value = json.loads(secrets.get_secret_value(SecretId=made)["SecretString"])
    assert (value["user"], len(value["key"])) == ("me", 20)
    stack = update(cloudformation, template(SecretString='{"token": "b"}', Tags=[{"Key": "k", "Value": "v"}]))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", why(cloudformation)
    assert secrets.get_secret_value(SecretId="given")["SecretString"] == '{"token": "b"}'
    assert {tag["Key"]: tag["Value"] for tag in secrets.describe_secret(SecretId="given")["Tags"]} == {
        "aws:cloudformation:stack-name": "toys",
        "aws:cloudformation:stack-id": stack["StackId"],
        "aws:cloudformation:logical-id": "Given",
        "k": "v",
    }
    got = home.client("cloudcontrol").get_resource(TypeName="AWS::SecretsManager::Secret", Identifier=made)
    assert "Tags" not in json.loads(got["ResourceDescription"]["Properties"])
    assert json.loads(secrets.get_secret_value(SecretId=made)["SecretString"]) == value
    cloudformation.delete_stack(StackName="toys")
    assert secrets.list_secrets()["SecretList"] == []


def test_what_is_not_supported_is_refused(cloudformation: Client) -> None:
    """A property that the sandbox doesn't play is named."""
    create(cloudformation, template(SecretString='{"token": "a"}', ReplicaRegions=[{"Region": "eu-west-2"}]))
    assert "This sandbox's AWS::SecretsManager::Secret has no ReplicaRegions: leave it out" in why(cloudformation)


def test_a_stack_in_another_region(home: Account) -> None:
    """A stack's secrets are in its own region, whatever region the account was opened for."""
    there = home.client("secretsmanager", "us-east-1")
    body = template(SecretString='{"token": "a"}')
    home.client("cloudformation", "us-east-1").create_stack(StackName="toys", TemplateBody=body)
    assert "given" in [one["Name"] for one in there.list_secrets()["SecretList"]]
    assert home.client("secretsmanager").list_secrets()["SecretList"] == []
