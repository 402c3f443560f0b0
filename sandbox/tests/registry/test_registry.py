"""The registry works through boto3, the AWS CLI and cfn, with small toy types."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cfn_sandbox import SandboxError
from cfn_sandbox.account.account import Account, bare_environment
from cfn_sandbox.registry.registry import RESERVED, Registry
from sandbox.tests.toys.echo import build_zip

Client = Any  # boto3 creates client classes at run time

TOY = "Acme::Test::Puzzle"
HANDLERS = """
toys = {}

def resource(event, context):
    model = event["requestData"]["resourceProperties"]
    if event["action"] == "DELETE":
        del toys[model["Name"]]
        return {"status": "SUCCESS"}
    if event["action"] == "CREATE" and model["Name"] in toys:
        return {"status": "FAILED", "errorCode": "AlreadyExists", "message": "taken"}
    toys[model["Name"]] = model | {"Maker": "maker %s" % event["resourceTypeVersion"]}
    return {"status": "SUCCESS", "resourceModel": toys[model["Name"]]}
"""
SCHEMA: dict[str, Any] = {
    "typeName": TOY,
    "description": "A toy.",
    "sourceUrl": "https://example.com/toys",
    "properties": {"Name": {"type": "string"}, "Colour": {"type": "string"}, "Maker": {"type": "string"}},
    "readOnlyProperties": ["/properties/Maker"],
    "createOnlyProperties": ["/properties/Name"],
    "primaryIdentifier": ["/properties/Name"],
    "handlers": {verb: {"permissions": []} for verb in ("create", "read", "update", "delete", "list")},
    "additionalProperties": False,
}
SETTINGS: dict[str, Any] = {"runtime": "python3.12", "entrypoint": "toy.resource"}
ROLE = "arn:aws:iam::123456789012:role/toys"


def build_package(name: str = TOY, code: str = HANDLERS, changes: dict[str, Any] | None = None) -> bytes:
    """Return a toy's package as cfn builds it, with these members of its schema replaced."""
    return build_zip(
        {
            ".rpdk-config": json.dumps(SETTINGS),
            "schema.json": json.dumps(SCHEMA | {"typeName": name} | (changes or {})),
            "ResourceProvider.zip": build_zip({"toy.py": code}),
        }
    )


@pytest.fixture
def account() -> Iterator[Account]:
    """Yield an account whose registry runs no tests, with a bucket for uploads."""
    with Account(tested=False) as account:
        account.client("s3").create_bucket(Bucket="uploads")
        yield account


@pytest.fixture
def registry(account: Account) -> Registry:
    """Return the account's registry."""
    return account.registry


@pytest.fixture
def cloudformation(account: Account, registry: Registry) -> Client:  # noqa: ARG001 - the fixture starts the registry
    """Return a CloudFormation client."""
    return account.client("cloudformation")


def submit(account: Account, package: bytes | None, name: str = TOY, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters of the API
    """Upload a package and register it as `cfn submit` does, and return the registration's description."""
    if package is not None:
        account.client("s3").put_object(Bucket="uploads", Key="toys/package.zip", Body=package)
    cloudformation = account.client("cloudformation")
    url = "s3://uploads/toys/package.zip"
    token = cloudformation.register_type(TypeName=name, SchemaHandlerPackage=url, **options)["RegistrationToken"]
    answer: dict[str, Any] = cloudformation.describe_type_registration(RegistrationToken=token)
    del answer["ResponseMetadata"]
    return answer


def refusal_of(call: Callable[..., object], **arguments: object) -> tuple[str, str]:
    """Return the code and the message of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def template(kind: str = TOY, **properties: str) -> str:
    """Return a template of one toy."""
    resources = {"Bear": {"Type": kind, "Properties": {"Name": "bear"} | properties}}
    outputs = {"Maker": {"Value": {"Fn::GetAtt": ["Bear", "Maker"]}}}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def deploy(cloudformation: Client, name: str, body: str) -> dict[str, Any]:
    """Create or update a stack, and return its description."""
    exists = any(stack["StackName"] == name for stack in cloudformation.describe_stacks()["Stacks"])
    (cloudformation.update_stack if exists else cloudformation.create_stack)(StackName=name, TemplateBody=body)
    stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return stack


def maker(stack: dict[str, Any]) -> str:
    """Return the version that created or updated the toy of a stack."""
    assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack["StackStatusReason"]
    value: str = stack["Outputs"][0]["OutputValue"]
    return value


def test_a_type_is_registered_and_runs(account: Account, cloudformation: Client) -> None:
    """A package in a bucket becomes a type that stacks can use, and answers have the API's format.

    As recorded against AWS (LocalStack's test_extensions_api, test_crud_extension): DescribeType answers a version's
    ARN whatever was asked for, and what the tests found only if a version was named.
    """
    logging = {"LogRoleArn": ROLE, "LogGroupName": "toy-logs"}
    arn = "arn:aws:cloudformation:us-east-1:123456789012:type/resource/Acme-Test-Puzzle"
    assert submit(account, build_package(), LoggingConfig=logging, ExecutionRoleArn=ROLE) == {
        "ProgressStatus": "COMPLETE",
        "Description": "Deployment is currently in DEPLOY_STAGE of status COMPLETED",
        "TypeArn": arn,
        "TypeVersionArn": f"{arn}/00000001",
    }
    answer = cloudformation.describe_type(Type="RESOURCE", TypeName=TOY)
    created = answer.pop("TimeCreated")
    assert json.loads(answer.pop("Schema")) == SCHEMA
    del answer["ResponseMetadata"]
    assert answer == {
        "Arn": f"{arn}/00000001",
        "Type": "RESOURCE",
        "TypeName": TOY,
        "Description": "A toy.",
        "DefaultVersionId": "00000001",
        "IsDefaultVersion": True,
        "ProvisioningType": "FULLY_MUTABLE",
        "DeprecatedStatus": "LIVE",
        "LoggingConfig": logging,
        "ExecutionRoleArn": ROLE,
        "Visibility": "PRIVATE",
        "SourceUrl": "https://example.com/toys",
        "LastUpdated": created,
    }
    version = cloudformation.describe_type(Type="RESOURCE", TypeName=TOY, VersionId="00000001")
    assert (version["Arn"], version["TypeTestsStatus"], version["TypeTestsStatusDescription"]) == (
        f"{arn}/00000001",
        "NOT_TESTED",
        "The version has not been tested.",
    )
    (summary,) = cloudformation.list_types(Visibility="PRIVATE", Type="RESOURCE")["TypeSummaries"]
    assert summary == {
        "Type": "RESOURCE",
        "TypeName": TOY,
        "Description": "A toy.",
        "TypeArn": arn,
        "DefaultVersionId": "00000001",
        "LastUpdated": created,
    }
    assert maker(deploy(cloudformation, "toys", template())) == "maker 00000001"
    cloudformation.delete_stack(StackName="toys")
    assert cloudformation.describe_stacks()["Stacks"] == []
    assert maker(deploy(cloudformation, "toys", template())) == "maker 00000001"  # the name is free again


def test_an_unregistered_type_is_unrecognized(account: Account, cloudformation: Client) -> None:
    """A type is unknown before its registration, and in every other region after it."""
    with pytest.raises(ClientError, match=rf"Template format error: Unrecognized resource types: \[{TOY}\]"):
        deploy(cloudformation, "toys", template())
    submit(account, build_package())
    key = account.credentials
    session = boto3.Session(key.access_key_id, key.secret_access_key, region_name="eu-west-1")
    elsewhere: Client = session.client("cloudformation", endpoint_url=account.endpoint)
    with pytest.raises(ClientError, match=rf"Unrecognized resource types: \[{TOY}\]"):
        deploy(elsewhere, "toys", template())
    with pytest.raises(elsewhere.exceptions.TypeNotFoundException):
        elsewhere.describe_type(Type="RESOURCE", TypeName=TOY)
    assert elsewhere.list_types()["TypeSummaries"] == []
    elsewhere.close()


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        (None, "s3://uploads/toys/package.zip can't be read: .*NoSuchKey"),
        (b"no zip", "The package was not built by cfn: File is not a zip file"),
        (build_zip({".rpdk-config": "{}"}), "The package was not built by cfn: .*schema.json"),
        (build_zip({".rpdk-config": "{", "schema.json": "{}"}), "The package was not built by cfn: Expecting property"),
        (build_package(changes={"properties": {"Name": {"type": "strings"}}}), "The schema is not valid: 'strings'"),
        (build_package("Acme::Test::Other"), f"The schema is of Acme::Test::Other, not of {TOY}"),
        (build_package(changes={"handlers": {"create": {"permissions": []}}}), "no handler to read, delete"),
        (
            build_zip(
                {
                    ".rpdk-config": json.dumps({"runtime": "java17", "entrypoint": "x"}),
                    "schema.json": json.dumps(SCHEMA),
                    "ResourceProvider.zip": build_zip({}),
                }
            ),
            "This sandbox runs Python types only, not java17",
        ),
        (build_package(code="import toybox"), "toy.py, line 1: ModuleNotFoundError: No module named 'toybox'"),
        (build_package(code="def toy(): pass"), "toy has no resource, and entrypoint in .rpdk-config is toy.resource"),
        (build_package(code="def"), "toy.py, line 1: SyntaxError: invalid syntax"),
    ],
    ids=[
        "no object",
        "no zip",
        "no schema",
        "no settings",
        "schema",
        "name",
        "handlers",
        "java",
        "import",
        "entry",
        "syntax",
    ],
)
def test_a_package_that_is_not_right_fails_with_the_reason(
    account: Account, cloudformation: Client, package: bytes | None, reason: str
) -> None:
    """An invalid package fails the registration with a reason, and leaves neither version nor type."""
    answer = submit(account, package)
    assert answer["ProgressStatus"] == "FAILED"
    assert answer.keys() == {"ProgressStatus", "Description"}
    with pytest.raises(AssertionError, match=f"(?s)VALIDATION_STAGE of status FAILED: .*{reason}"):
        raise AssertionError(answer["Description"])
    assert cloudformation.list_types()["TypeSummaries"] == []
    with pytest.raises(cloudformation.exceptions.TypeNotFoundException):
        cloudformation.describe_type(Type="RESOURCE", TypeName=TOY)
    assert submit(account, build_package())["TypeVersionArn"].endswith("/00000001")


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("namespace", [*RESERVED, "aws"])
def test_reserved_namespaces_are_refused(account: Account, namespace: str) -> None:
    """Each reserved namespace is refused in any case."""
    name = f"{namespace}::Test::Toy"
    with pytest.raises(ClientError, match=r"CFNRegistryException.*The namespace of .* is reserved"):
        submit(account, build_package(name), name)


def test_what_is_added_may_be_of_any_namespace(account: Account, registry: Registry, tmp_path: Path) -> None:
    """Registry.add accepts any namespace, because the sandbox's own project has AWS's."""
    name = "AWS::Test::Toy"
    package = tmp_path / "package.zip"
    package.write_bytes(build_package(name))
    registry.add_package(package)
    assert maker(deploy(account.client("cloudformation"), "toys", template(name))) == "maker 00000001"


def test_the_sandbox_s_own_project_may_be_submitted() -> None:
    """The account's `reserved` type can be submitted despite its namespace; the demo needs it."""
    with Account(reserved="AWS::Test::Toy", tested=False) as account:
        account.client("s3").create_bucket(Bucket="uploads")
        assert submit(account, build_package("AWS::Test::Toy"), "AWS::Test::Toy")["ProgressStatus"] == "COMPLETE"
        with pytest.raises(ClientError, match="is reserved"):
            submit(account, build_package("AWS::Test::Bear"), "AWS::Test::Bear")


def test_a_package_that_can_not_be_added(registry: Registry, tmp_path: Path) -> None:
    """The error for a package that can't be added names it."""
    package = tmp_path / "package.zip"
    package.write_bytes(b"")
    with pytest.raises(SandboxError, match=r"package\.zip can't be registered: The package was not built by cfn"):
        registry.add_package(package)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"TypeName": "Acme::Test::Puzzle::MODULE", "Type": "MODULE"},
            "RegisterType with Type MODULE is not supported. This sandbox registers resource types only",
        ),
        (
            {"TypeName": TOY, "Type": "HOOK"},
            "RegisterType with Type HOOK is not supported. This sandbox registers resource types only",
        ),
    ],
)
def test_other_kinds_are_refused(cloudformation: Client, options: dict[str, str], message: str) -> None:
    """Other kinds of types are refused with a reason, before the package is read."""
    with pytest.raises(cloudformation.exceptions.CFNRegistryException, match=message):
        cloudformation.register_type(SchemaHandlerPackage="s3://uploads/toys/package.zip", **options)


@pytest.mark.usefixtures("registry")
def test_a_wrong_name_is_refused(account: Account) -> None:
    """What is no type name is refused in the words of AWS's front end, before the package is read."""
    words = "Value 'Acme::Test-Toys' at 'typeName' failed to satisfy constraint: Member must satisfy regular expression"
    with pytest.raises(ClientError, match=words):
        submit(account, None, "Acme::Test-Toys")


def test_a_request_that_is_repeated_registers_once(account: Account, cloudformation: Client) -> None:
    """A request with the same ClientRequestToken registers one version."""
    versions = {submit(account, build_package(), ClientRequestToken="once")["TypeVersionArn"] for _ in range(2)}
    assert [version.rpartition("/")[2] for version in versions] == ["00000001"]
    assert (
        len(cloudformation.list_type_registrations(RegistrationStatusFilter="COMPLETE")["RegistrationTokenList"]) == 1
    )


def test_two_versions(account: Account, cloudformation: Client) -> None:
    """The first version stays the default until another is set; stacks then use that one."""
    submit(account, build_package())
    second = submit(account, build_package(changes={"description": "A better toy."}))["TypeVersionArn"]
    assert maker(deploy(cloudformation, "toys", template())) == "maker 00000001"
    versions = cloudformation.list_type_versions(Type="RESOURCE", TypeName=TOY)["TypeVersionSummaries"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in versions] == [
        ("00000001", True),
        ("00000002", False),
    ]
    assert [one["Arn"] for one in versions][1] == second

    cloudformation.set_type_default_version(Arn=second)
    description = cloudformation.describe_type(Arn=second)
    assert (description["Arn"], description["IsDefaultVersion"], description["Description"]) == (
        second,
        True,
        "A better toy.",
    )
    stack = deploy(cloudformation, "more", template(Name="wolf"))
    assert maker(stack) == "maker 00000002"

    cloudformation.set_type_default_version(Type="RESOURCE", TypeName=TOY, VersionId="00000001")
    assert maker(deploy(cloudformation, "toys", template(Colour="red"))) == "maker 00000001"
    assert cloudformation.describe_type(Type="RESOURCE", TypeName=TOY)["DefaultVersionId"] == "00000001"


def test_a_second_version_while_stacks_exist(account: Account, cloudformation: Client) -> None:
    """A stack made by one version is updated by the next default version, and then by the old one again."""
    submit(account, build_package())
    assert maker(deploy(cloudformation, "toys", template(Colour="red"))) == "maker 00000001"
    better = {"properties": SCHEMA["properties"] | {"Size": {"type": "string"}}}
    second = submit(account, build_package(changes=better))["TypeVersionArn"]
    with pytest.raises(ClientError, match=r"No updates are to be performed"):
        deploy(cloudformation, "toys", template(Colour="red"))

    cloudformation.set_type_default_version(Arn=second)
    assert maker(deploy(cloudformation, "toys", template(Colour="blue", Size="big"))) == "maker 00000002"
    assert cloudformation.describe_type(Type="RESOURCE", TypeName=TOY)["DefaultVersionId"] == "00000002"

    cloudformation.set_type_default_version(Type="RESOURCE", TypeName=TOY, VersionId="00000001")
    assert maker(deploy(cloudformation, "toys", template(Colour="green"))) == "maker 00000001"
    named = {"StackName": "toys", "TemplateBody": template(Colour="green", Size="big")}
    cloudformation.update_stack(**named)
    assert cloudformation.describe_stacks(StackName="toys")["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    cloudformation.delete_stack(StackName="toys")
    assert cloudformation.describe_stacks()["Stacks"] == []


def test_what_can_not_be_the_default(account: Account, cloudformation: Client) -> None:
    """A missing, unknown or deregistered version can't be the default."""
    submit(account, build_package())
    submit(account, build_package())
    named = {"Type": "RESOURCE", "TypeName": TOY}
    with pytest.raises(cloudformation.exceptions.CFNRegistryException, match=r"Which version\?"):
        cloudformation.set_type_default_version(**named)
    with pytest.raises(
        cloudformation.exceptions.TypeNotFoundException, match="There is no Acme::Test::Puzzle 00000003"
    ):
        cloudformation.set_type_default_version(**named, VersionId="00000003")
    cloudformation.deregister_type(**named, VersionId="00000002")
    with pytest.raises(cloudformation.exceptions.TypeNotFoundException, match=r"00000002 of .* is deregistered"):
        cloudformation.set_type_default_version(**named, VersionId="00000002")


CONFIGURED: dict[str, Any] = {
    "typeConfiguration": {
        "properties": {"Token": {"$ref": "#/definitions/Token"}},
        "required": ["Token"],
        "additionalProperties": False,
    },
    "definitions": {"Token": {"type": "string", "minLength": 2}},
}


def test_a_type_configuration(account: Account, cloudformation: Client) -> None:
    """The events of the handlers have what SetTypeConfiguration got, with dynamic references resolved each time.

    The API's answers are recorded of AWS (LocalStack's test_extensions_api, test_extension_type_configuration).
    """
    named = {"Type": "RESOURCE", "TypeName": TOY}
    code = HANDLERS.replace(
        '"maker %s" % event["resourceTypeVersion"]', 'str(event["requestData"].get("typeConfiguration"))'
    )
    submit(account, build_package(code=code, changes=CONFIGURED))
    described = cloudformation.describe_type(**named)["ConfigurationSchema"]
    assert json.loads(described) == CONFIGURED["typeConfiguration"]
    assert maker(deploy(cloudformation, "none", template().replace("bear", "none"))) == "None"
    account.client("ssm").put_parameter(Name="token", Value="sesame", Type="SecureString")
    answer = cloudformation.set_type_configuration(**named, Configuration='{"Token": "{{resolve:ssm-secure:token}}"}')
    assert answer["ConfigurationArn"] == (
        "arn:aws:cloudformation:us-east-1:123456789012:type-configuration/resource/Acme-Test-Puzzle/default"
    )
    type_arn = answer["ConfigurationArn"].replace("type-configuration/", "type/").removesuffix("/default")
    set_ = {
        "Arn": answer["ConfigurationArn"],
        "Alias": "default",
        "Configuration": '{"Token": "{{resolve:ssm-secure:token}}"}',
        "TypeArn": type_arn,
    }
    for identifier in (
        {"TypeArn": type_arn},
        {"Type": "RESOURCE", "TypeName": TOY},
        {"TypeConfigurationArn": answer["ConfigurationArn"]},
    ):
        found = cloudformation.batch_describe_type_configurations(TypeConfigurationIdentifiers=[identifier])
        (one,) = found["TypeConfigurations"]
        assert (one.pop("LastUpdated") is not None, one) == (True, set_)
        assert (found["Errors"], found["UnprocessedTypeConfigurations"]) == ([], [])
    assert maker(deploy(cloudformation, "toys", template())) == "{'Token': 'sesame'}"
    account.client("ssm").delete_parameter(Name="token")
    failed = deploy(cloudformation, "toys", template(Colour="red"))
    assert failed["StackStatus"].startswith("UPDATE_ROLLBACK")


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "is not as the schema's typeConfiguration has it: .*Token"),
        ('{"Token": "a"}', "has it: .*Token"),
        ('{"Token": "{{resolve:ssm:none}}"}', "can't be resolved: .*none"),
    ],
)
def test_a_type_configuration_that_is_refused(
    account: Account, cloudformation: Client, configuration: str, message: str
) -> None:
    """What is not as the schema has it, or can't be resolved, is refused and changes nothing."""
    submit(account, build_package(changes=CONFIGURED))
    with pytest.raises(cloudformation.exceptions.CFNRegistryException, match=message):
        cloudformation.set_type_configuration(Type="RESOURCE", TypeName=TOY, Configuration=configuration)


def test_a_type_without_configuration(account: Account, cloudformation: Client) -> None:
    """A type whose schema has no typeConfiguration takes none, and an unknown type is not found."""
    arn = submit(account, build_package())["TypeArn"]
    with pytest.raises(cloudformation.exceptions.CFNRegistryException, match="has no typeConfiguration, so"):
        cloudformation.set_type_configuration(TypeArn=arn, Configuration="{}")
    with pytest.raises(cloudformation.exceptions.TypeNotFoundException):
        cloudformation.set_type_configuration(Type="RESOURCE", TypeName="Acme::Test::Other", Configuration="{}")
    asked = cloudformation.batch_describe_type_configurations
    found = asked(
        TypeConfigurationIdentifiers=[{"TypeArn": arn}, {"Type": "RESOURCE", "TypeName": "Acme::Test::Other"}]
    )
    assert [one["Configuration"] for one in found["TypeConfigurations"]] == ["{}"]
    (error,) = found["Errors"]
    assert (error["ErrorCode"], error["ErrorMessage"], error["TypeConfigurationIdentifier"]["TypeName"]) == (
        "TypeNotFoundException",
        "The type 'Acme::Test::Other' cannot be found.",
        "Acme::Test::Other",
    )
    assert refusal_of(asked, TypeConfigurationIdentifiers=[{}]) == (
        "ValidationError",
        "1 validation error detected: Value null at 'typeConfigurationIdentifiers' failed to satisfy constraint: "
        "Member must not be null",
    )


def test_deregistering(account: Account, cloudformation: Client) -> None:
    """The default version is deregistered last, and by the type's name; new versions continue the numbering.

    As recorded against AWS (LocalStack's test_extensions_api, test_extension_versioning).
    """
    named = {"Type": "RESOURCE", "TypeName": TOY}
    arn = submit(account, build_package())["TypeArn"]
    submit(account, build_package())
    active = (
        "This type has more than one active version. Please deregister non-default active versions before attempting "
        "to deregister the type."
    )
    default = (
        f"Version '00000001' is the default version and cannot be deregistered. Deregister the resource type '{TOY}' "
        "instead."
    )
    assert refusal_of(cloudformation.deregister_type, **named) == ("CFNRegistryException", active)
    assert refusal_of(cloudformation.deregister_type, Arn=arn) == ("CFNRegistryException", active)
    assert refusal_of(cloudformation.deregister_type, Arn=f"{arn}/00000001") == ("CFNRegistryException", default)
    cloudformation.deregister_type(Arn=f"{arn}/00000002")
    assert refusal_of(cloudformation.deregister_type, **named, VersionId="00000001") == (
        "CFNRegistryException",
        default,
    )
    with pytest.raises(cloudformation.exceptions.TypeNotFoundException, match="is deregistered already"):
        cloudformation.deregister_type(Arn=f"{arn}/00000002")
    deprecated = cloudformation.list_type_versions(**named, DeprecatedStatus="DEPRECATED")["TypeVersionSummaries"]
    assert [one["VersionId"] for one in deprecated] == ["00000002"]
    cloudformation.deregister_type(**named)
    assert cloudformation.list_types()["TypeSummaries"] == []
    (summary,) = cloudformation.list_types(DeprecatedStatus="DEPRECATED")["TypeSummaries"]
    assert summary["TypeName"] == TOY
    assert cloudformation.describe_type(**named)["DeprecatedStatus"] == "DEPRECATED"
    with pytest.raises(cloudformation.exceptions.TypeNotFoundException, match="is deregistered already"):
        cloudformation.deregister_type(**named)
    assert submit(account, build_package())["TypeVersionArn"] == f"{arn}/00000003"
    assert maker(deploy(cloudformation, "toys", template())) == "maker 00000003"


def test_a_type_deregistered_while_in_use(account: Account, cloudformation: Client) -> None:
    """The stacks of a deregistered type can't be changed or deleted until the type is registered again."""
    submit(account, build_package())
    deploy(cloudformation, "toys", template())
    cloudformation.deregister_type(Type="RESOURCE", TypeName=TOY)
    with pytest.raises(ClientError, match=rf"Unrecognized resource types: \[{TOY}\]"):
        deploy(cloudformation, "toys", template(Colour="red"))
    cloudformation.delete_stack(StackName="toys")
    (stack,) = cloudformation.describe_stacks(StackName="toys")["Stacks"]
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert stack["StackStatusReason"] == "The following resource(s) failed to delete: [Bear]. "
    failed = cloudformation.describe_stack_events(StackName="toys")["StackEvents"][1]
    assert f"The type {TOY} is not registered any more" in failed["ResourceStatusReason"]
    forgiving = HANDLERS.replace('del toys[model["Name"]]', 'toys.pop(model["Name"], None)')  # the toys are forgotten
    submit(account, build_package(code=forgiving))
    cloudformation.delete_stack(StackName="toys")
    assert cloudformation.describe_stacks()["Stacks"] == []


def test_two_types_at_once(account: Account, cloudformation: Client) -> None:
    """Each type has its own function, and one template can use both types."""
    other = "Acme::Test::ToyBox"
    submit(account, build_package())
    submit(account, build_package(other, HANDLERS.replace("maker", "boxer")), other)
    resources = {
        "Box": {"Type": other, "Properties": {"Name": {"Fn::GetAtt": ["Bear", "Maker"]}}},
        "Bear": {"Type": TOY, "Properties": {"Name": "bear"}},
    }
    outputs = {"Maker": {"Value": {"Fn::Sub": "${Box.Maker} for ${Box}"}}}
    stack = deploy(cloudformation, "toys", json.dumps({"Resources": resources, "Outputs": outputs}))
    assert maker(stack) == "boxer 00000001 for maker 00000001"
    arn = cloudformation.describe_type(Type="RESOURCE", TypeName=other)["Arn"]
    assert cloudformation.describe_type(Arn=arn)["TypeName"] == other
    names = [one["TypeName"] for one in cloudformation.list_types(Filters={"TypeNamePrefix": other})["TypeSummaries"]]
    assert names == [other]


def test_lists_come_in_pages(account: Account, cloudformation: Client) -> None:
    """Lists come in pages of MaxResults, and the last page has no NextToken."""
    for _ in range(3):
        submit(account, build_package())
    tokens: list[str] = []
    more: dict[str, str] = {"RegistrationStatusFilter": "COMPLETE"}
    while True:
        page = cloudformation.list_type_registrations(MaxResults=2, **more)
        tokens += page["RegistrationTokenList"]
        if "NextToken" not in page:
            break
        more["NextToken"] = page["NextToken"]
    newest = cloudformation.describe_type_registration(RegistrationToken=tokens[0])
    assert (len(tokens), newest["TypeVersionArn"].rpartition("/")[2]) == (3, "00000003")
    first = cloudformation.list_type_versions(Type="RESOURCE", TypeName=TOY, MaxResults=1)
    assert [one["VersionId"] for one in first["TypeVersionSummaries"]] == ["00000001"]


def test_registrations_are_listed_by_name_type_and_status(account: Account, cloudformation: Client) -> None:
    """Registrations can be filtered by name, by type and by status. By default only those in progress are listed.

    The default: ListTypeRegistrations in the API reference, and LocalStack's test_extensions_api, recorded against AWS.
    """
    arn = submit(account, build_package())["TypeArn"]
    submit(account, b"")

    def listed(**filters: str) -> int:
        return len(cloudformation.list_type_registrations(**filters)["RegistrationTokenList"])

    assert listed(TypeName=TOY) == 0
    assert listed(TypeName=TOY, RegistrationStatusFilter="COMPLETE") == 1
    assert listed(TypeName="Acme::Test::Other", RegistrationStatusFilter="COMPLETE") == 0
    assert listed(TypeArn=arn, RegistrationStatusFilter="COMPLETE") == 1
    assert listed(RegistrationStatusFilter="FAILED") == 1


def test_there_are_no_public_types_and_no_hooks(account: Account, cloudformation: Client) -> None:
    """The registry has the account's own types only, no public types and no hooks."""
    submit(account, build_package())
    assert cloudformation.list_types(Visibility="PUBLIC")["TypeSummaries"] == []
    assert cloudformation.list_types(Type="HOOK")["TypeSummaries"] == []


def test_a_type_that_can_not_be_updated(account: Account, cloudformation: Client) -> None:
    """A type without an update handler is IMMUTABLE."""
    handlers = {verb: SCHEMA["handlers"][verb] for verb in ("create", "read", "delete")}
    submit(account, build_package(changes={"handlers": handlers}))
    assert cloudformation.describe_type(Type="RESOURCE", TypeName=TOY)["ProvisioningType"] == "IMMUTABLE"


def test_unknown_tokens_and_actions_left_out(account: Account, cloudformation: Client) -> None:
    """An unknown token, an unknown type and an action that the registry lacks are refused with a reason.

    The type's refusal is recorded against AWS (LocalStack's test_extensions_api, test_extension_not_complete).
    """
    unknown = ("TypeNotFoundException", f"The type '{TOY}' cannot be found.")
    arn = "arn:aws:cloudformation:us-east-1:123456789012:type/resource/Acme-Test-Puzzle"
    assert refusal_of(cloudformation.describe_type, Type="RESOURCE", TypeName=TOY) == unknown
    assert refusal_of(cloudformation.deregister_type, Arn=arn) == unknown
    assert refusal_of(cloudformation.describe_type, Arn=f"{arn}/00000001") == unknown
    with pytest.raises(cloudformation.exceptions.CFNRegistryException, match="No registration token matches never"):
        cloudformation.describe_type_registration(RegistrationToken="never")
    submit(account, build_package())
    with pytest.raises(
        cloudformation.exceptions.CFNRegistryException, match="This sandbox has no CloudFormation's PublishType"
    ):
        cloudformation.publish_type(Type="RESOURCE", TypeName=TOY)


def test_the_aws_cli_reads_it(account: Account, cloudformation: Client) -> None:
    """The AWS CLI reads the registry, and its waiter waits for a registration."""
    submit(account, build_package())
    (token,) = cloudformation.list_type_registrations(RegistrationStatusFilter="COMPLETE")["RegistrationTokenList"]
    environment = bare_environment() | account.environment()
    aws = [str(Path(sys.executable).with_name("aws")), "cloudformation"]
    subprocess.run(
        [*aws, "wait", "type-registration-complete", "--registration-token", token], env=environment, check=True
    )
    completed = subprocess.run(
        [*aws, "describe-type", "--type", "RESOURCE", "--type-name", TOY, "--query", "DefaultVersionId"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert completed.stdout.strip() == '"00000001"'


def test_the_registry_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the account closes, no file and no process stays."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    scratch = tmp_path / "cache" / "cfn-sandbox" / "run"
    package = tmp_path / "package.zip"
    package.write_bytes(build_package())
    with Account(tested=False) as account:
        function = account.registry.add_package(package)
        assert list(scratch.iterdir())
    assert list(scratch.iterdir()) == []
    with pytest.raises(OSError, match="No such file"):  # the function's folder is gone, too
        function.invoke({})


def test_cfn_submit_registers_another_project(account: Account, cloudformation: Client, tmp_path: Path) -> None:
    """The real `cfn submit --set-default` registers another, small project."""
    settings = SETTINGS | {
        "artifact_type": "RESOURCE",
        "typeName": TOY,
        "language": "python312",
        "entrypoint": "acme_test_puzzle.resource",
        "testEntrypoint": "acme_test_puzzle.resource",
        "settings": {"use_docker": False, "no_docker": True, "protocolVersion": "2.0.0"},
    }
    source = tmp_path / "src" / "acme_test_puzzle"
    source.mkdir(parents=True)
    (source / "__init__.py").write_text(HANDLERS)
    (tmp_path / ".rpdk-config").write_text(json.dumps(settings))
    (tmp_path / "acme-test-puzzle.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "requirements.txt").touch()
    programs = Path(sys.executable).parent
    completed = subprocess.run(
        [programs / "cfn", "submit", "--set-default", "--role-arn", ROLE],
        cwd=tmp_path,
        env=bare_environment() | account.environment() | {"PATH": os.pathsep.join([str(programs), os.defpath])},
        check=False,
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert cloudformation.describe_type(Type="RESOURCE", TypeName=TOY)["ExecutionRoleArn"] == ROLE
    assert maker(deploy(cloudformation, "toys", template())) == "maker 00000001"
