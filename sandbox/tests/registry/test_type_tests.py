"""The registry accepts a type only if AWS's contract tests and rules pass, and names those that fail."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox import SandboxError
from cfn_sandbox.account.account import Account, bare_environment
from cfn_sandbox.account.function import Function
from cfn_sandbox.registry import registry as registry_module
from cfn_sandbox.registry.type_tests import TypeTester
from sandbox.tests.toys import contract as toys
from sandbox.tests.toys.echo import build_zip

Client = Any  # boto3 creates client classes at run time

TAGS = {"type": "array", "items": {"type": "string"}}
SCHEMA = {
    **toys.SCHEMA,
    "properties": {**toys.SCHEMA["properties"], "Tags": TAGS},
    "tagging": {
        "taggable": True,
        "tagOnCreate": True,
        "tagUpdatable": True,
        "tagProperty": "/properties/Tags",
        "cloudFormationSystemTags": False,
        "permissions": ["toy:Tag"],
    },
}
CODE = Path(toys.__file__).read_text()
GOOD = f"{CODE}\ntoy = Toy()\n\ndef resource(event, context):\n    return toy(event)\n"
CREATE, UPDATE = toys.CREATE | {"Tags": ["a"]}, toys.UPDATE | {"Tags": ["a"]}
INPUTS = {"inputs/inputs_1_create.json": json.dumps(CREATE), "inputs/inputs_1_update.json": json.dumps(UPDATE)}
# Handlers whose second DELETE succeeds instead of failing with NotFound.
BAD = GOOD.replace(
    'success() if self.existing.pop(self.key(desired), None) else failure("NotFound")',
    "success(self.existing.pop(self.key(desired), None) and None)",
)
SLOW = GOOD.replace("def resource(event, context):", "def resource(event, context):\n    import time; time.sleep(0.4)")
SETTINGS = {"runtime": "python3.12", "entrypoint": "toy.resource"}


def build_package(code: str = GOOD, inputs: dict[str, str] = INPUTS, schema: dict[str, Any] = SCHEMA) -> bytes:
    """Return a toy's package as cfn builds it."""
    provider = build_zip({"toy.py": code})
    files: dict[str, str | bytes] = {
        ".rpdk-config": json.dumps(SETTINGS),
        "schema.json": json.dumps(schema),
        "ResourceProvider.zip": provider,
    }
    return build_zip({**files, **inputs})


def write_package(file: Path) -> Path:
    """Write a toy's package to a file, and return the file."""
    file.write_bytes(build_package())
    return file


@pytest.fixture
def client(account: Account) -> Client:
    """Return a CloudFormation client of an account whose registry runs the tests, with a bucket for uploads."""
    account.client("s3").create_bucket(Bucket="uploads")
    return account.client("cloudformation")


def submit(account: Account, package: bytes) -> dict[str, Any]:
    """Submit a package, and return the description of its registration."""
    account.client("s3").put_object(Bucket="uploads", Key="toy.zip", Body=package)
    cloudformation = account.client("cloudformation")
    request = {"TypeName": toys.TYPE, "SchemaHandlerPackage": "s3://uploads/toy.zip"}
    token = cloudformation.register_type(**request)["RegistrationToken"]
    answer: dict[str, Any] = cloudformation.describe_type_registration(RegistrationToken=token)
    return answer


def status_of_tests(client: Client) -> tuple[str, str]:
    """Return the status of the type's tests, and its description."""
    answer = client.describe_type(Type="RESOURCE", TypeName=toys.TYPE, VersionId="00000001")
    return answer["TypeTestsStatus"], answer["TypeTestsStatusDescription"]


def wait_for_tests(client: Client) -> tuple[str, str]:
    """Wait until the type's tests end, and return their status and its description."""
    while status_of_tests(client)[0] == "IN_PROGRESS":
        time.sleep(0.1)
    return status_of_tests(client)


def test_a_type_that_passes_is_registered(account: Account, client: Client) -> None:
    """A passing type is registered with its number of passed tests; its next version must be compatible."""
    first = submit(account, build_package())
    assert first["ProgressStatus"] == "COMPLETE", first
    passed = ("PASSED", "50 contract tests passed, 6 skipped")
    assert status_of_tests(client) == passed
    arn = client.test_type(Type="RESOURCE", TypeName=toys.TYPE)["TypeVersionArn"]
    assert arn == first["TypeVersionArn"]
    assert wait_for_tests(client) == passed

    narrow = {**SCHEMA, "properties": {key: value for key, value in SCHEMA["properties"].items() if key != "Size"}}
    second = submit(account, build_package(schema=narrow))
    assert second["ProgressStatus"] == "FAILED"
    assert "PR001: Resource properties MUST NOT be removed (at /properties/Size)" in second["Description"]


def test_the_tests_have_the_type_s_configuration(account: Account, client: Client) -> None:
    """The first version of a type that needs a configuration is registered without v2; TestType has what was set."""
    configuration = {"properties": {"Token": {"type": "string"}}, "required": ["Token"], "additionalProperties": False}
    schema = SCHEMA | {"typeConfiguration": configuration}
    refusal = 'return {"status": "FAILED", "errorCode": "InvalidCredentials", "message": "no token"}'
    code = GOOD.replace(
        "    return toy(event)",
        f"""    if event["requestData"].get("typeConfiguration") != {{"Token": "sesame"}}:
        {refusal}
    return toy(event)""",
    )
    assert submit(account, build_package(code, schema=schema))["ProgressStatus"] == "COMPLETE"
    status, description = status_of_tests(client)
    assert (status, "contract tests v2 need the type's configuration: set it" in description) == ("PASSED", True)
    client.set_type_configuration(Type="RESOURCE", TypeName=toys.TYPE, Configuration='{"Token": "sesame"}')
    client.test_type(Type="RESOURCE", TypeName=toys.TYPE)
    assert wait_for_tests(client) == ("PASSED", "50 contract tests passed, 6 skipped")


def test_a_type_that_fails_is_not(account: Account, client: Client) -> None:
    """The registration of a failing type says which tests failed and why, and creates no version."""
    assert submit(account, build_package(BAD)) | {"ResponseMetadata": None} == {
        "ProgressStatus": "FAILED",
        "Description": (
            "Deployment is currently in VALIDATION_STAGE of status FAILED: "
            "1 of 56 contract tests failed: test_delete_delete[inputs_1]\n"
            "test_delete_delete[inputs_1]: DELETE was to fail with NotFound; it succeeded"
        ),
        "ResponseMetadata": None,
    }
    with pytest.raises(client.exceptions.TypeNotFoundException):
        status_of_tests(client)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({}, "no inputs in the package: contract tests v2 read inputs_1_create.json"),
        (INPUTS | {"inputs/inputs_1_create.json": "{"}, "inputs_1_create.json is not JSON"),
        (INPUTS | {"inputs/inputs_1_update.json": '"{{x}}"'}, "inputs_1_update.json has the variable {{x}}"),
    ],
)
def test_inputs_that_can_not_be_used_fail(
    account: Account, client: Client, inputs: dict[str, str], reason: str
) -> None:
    """Missing or unusable inputs fail the registration, because an untested type has not passed."""
    answer = submit(account, build_package(inputs=inputs))
    assert answer["ProgressStatus"] == "FAILED"
    assert f"of status FAILED: {reason}" in answer["Description"]
    assert client.list_types()["TypeSummaries"] == []


def test_a_type_in_use_is_tested_on_demand(account: Account, tmp_path: Path) -> None:
    """TestType tests a version that `cfn-sandbox up` added untested, and refuses a deregistered one."""
    package = tmp_path / "package.zip"
    package.write_bytes(build_package(BAD))
    account.registry.add_package(package)
    client = account.client("cloudformation")
    assert status_of_tests(client) == ("NOT_TESTED", "The version has not been tested.")
    client.test_type(Type="RESOURCE", TypeName=toys.TYPE)
    status, description = wait_for_tests(client)
    assert (status, description.splitlines()[0]) == (
        "FAILED",
        "1 of 56 contract tests failed: test_delete_delete[inputs_1]",
    )
    client.deregister_type(Type="RESOURCE", TypeName=toys.TYPE)
    with pytest.raises(client.exceptions.TypeNotFoundException):
        client.test_type(Type="RESOURCE", TypeName=toys.TYPE)


def test_a_long_registration_goes_on_when_register_type_has_answered(
    account: Account, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long registration is IN_PROGRESS after RegisterType, and is dropped when its registry ends.

    It has the type's ARN already, as recorded against AWS (LocalStack's test_extensions_api, test_crud_extension).
    """
    monkeypatch.setattr(registry_module, "PATIENCE", 0.1)
    answer = submit(account, build_package(SLOW))
    assert answer["ProgressStatus"] == "IN_PROGRESS"
    assert answer["TypeArn"].endswith(f":type/resource/{toys.TYPE.replace('::', '-')}")
    with pytest.raises(client.exceptions.TypeNotFoundException):
        status_of_tests(client)


def test_tests_that_do_not_end_are_reported(toy_package: Path, account: Account) -> None:
    """If the tests can't finish, the error has their output, for example after a defect of the sandbox."""
    with Function(toy_package, account) as function, pytest.raises(SandboxError, match=r"(?s)did not end: .*KeyError"):
        TypeTester(account).run({}, write_package(toy_package.parent / "toy.zip"), function)


def test_cfn_submit_ends_with_the_failing_tests(account: Account, client: Client, tmp_path: Path) -> None:
    """The real `cfn submit` of a project with failing tests exits with an error and names the test."""
    source = tmp_path / "src" / "acme_test_bear"
    source.mkdir(parents=True)
    (source / "__init__.py").write_text(BAD)
    settings = SETTINGS | {
        "artifact_type": "RESOURCE",
        "typeName": toys.TYPE,
        "language": "python312",
        "entrypoint": "acme_test_bear.resource",
        "testEntrypoint": "acme_test_bear.resource",
        "settings": {"use_docker": False, "no_docker": True, "protocolVersion": "2.0.0"},
    }
    (tmp_path / ".rpdk-config").write_text(json.dumps(settings))
    (tmp_path / "acme-test-bear.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "inputs").mkdir()
    for name, text in INPUTS.items():
        (tmp_path / name).write_text(text)
    programs = Path(sys.executable).parent
    completed = subprocess.run(
        [programs / "cfn", "submit", "--role-arn", "arn:aws:iam::123456789012:role/toys"],
        cwd=tmp_path,
        env=bare_environment() | account.environment() | {"PATH": f"{programs}:/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert completed.returncode
    assert "1 of 56 contract tests failed: test_delete_delete[inputs_1]" in completed.stdout + completed.stderr
    assert client.list_types()["TypeSummaries"] == []
