"""A user's whole path with the real cfn: create the prerequisites, submit, use in a stack, deregister, delete."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cfn_sandbox.account.account import Account
from tools import sagemaker
from tools.publishing.__main__ import main
from tools.sagemaker import endpoint

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
NAME = "Acme::SageMaker::ModelQualityJobDefinition"
TYPE_ARN = "arn:aws:cloudformation:us-east-1:123456789012:type/resource/Acme-SageMaker-ModelQualityJobDefinition"
PARAMETERS = {
    "EndpointName": "churn",
    "ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/model-monitor:1",
    "RoleArn": "arn:aws:iam::123456789012:role/model-quality-contract-tests-us-east-1",
    "Bucket": "model-quality",
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Run an account with a registry, and point every AWS client of this process and of cfn at it.

    Like the real service, its SageMaker refuses a role that it can't assume and a missing endpoint.
    """
    with sagemaker.account(strict=True) as account:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in account.environment().items():
            monkeypatch.setenv(name, value)
        yield account


def test_submitted_used_deregistered(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """The version becomes the default, runs in a stack and updates tags in place; everything can be undone.

    These are the commands of register.md, in its order, with what goes wrong without one of them.
    """
    section = (ROOT / "guides/register.md").read_text().partition("## Try it without an account\n")[2]
    assert re.findall(r"^    (\S.*)$", section.partition("\n## ")[0], re.MULTILINE) == [
        'eval "$(cfn-sandbox up --detach)"',
        "make endpoint ENDPOINT_NAME=churn",
        "make prerequisites ENDPOINT_NAME=churn",
        f"make submit TYPE_NAME={NAME}",
        f"make deregister TYPE_NAME={NAME}",
        "make prerequisites-delete",
        'eval "$(cfn-sandbox down)"',
    ]
    cloudformation = account.client("cloudformation")
    assert main(["submit", "--type-name", NAME]) == 2
    captured = capsys.readouterr()
    assert captured.err == (
        "error: AWS would not register it, so nothing was uploaded:\n"
        "  - There is no stack model-quality-contract-tests in account 123456789012, us-east-1. The inputs of the "
        "contract tests name resources that must exist: deploy them with `make prerequisites ENDPOINT_NAME=...`, or "
        "submit your own inputs with INPUTS=DIR.\n"
        "UNCHECKED=yes submits it all the same.\n"
    )
    assert account.client("s3").list_buckets()["Buckets"] == []

    assert main(["prerequisites", "--endpoint-name", "churn"]) == 2
    assert capsys.readouterr().err == (
        "error: There is no endpoint churn in us-east-1. Name another with ENDPOINT_NAME=...\n"
    )
    assert endpoint.main(["churn"]) == 0
    assert main(["prerequisites", "--endpoint-name", "churn"]) == 0
    assert capsys.readouterr().out.endswith(
        "Put 3 files that inputs/ names into its bucket. Next: make submit TYPE_NAME=...\n"
    )

    assert main(["submit", "--type-name", NAME, "--tag-updates", "in-place"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Checked in" in "".join(lines)
    assert lines[0] == "submit: loading boto3 and cfn"
    assert lines[1].startswith(f"{NAME} -> account 123456789012, us-east-1, as arn:aws:")
    assert lines[-1].endswith(f" s. Version, now the default: {TYPE_ARN}/00000001")
    described = cloudformation.describe_type(Type="RESOURCE", TypeName=NAME)
    assert described["DefaultVersionId"] == "00000001"
    assert described["LoggingConfig"]["LogGroupName"] == "acme-sagemaker-modelqualityjobdefinition-logs"
    assert described["ExecutionRoleArn"].startswith("arn:aws:iam::123456789012:role/")

    arn = _deploy(cloudformation.create_stack, {"team": "ml", "stage": "test"}, account)
    assert _tags(account, arn) == {"team": "ml", "stage": "test"}
    assert _deploy(cloudformation.update_stack, {"team": "ops"}, account) == arn
    assert _tags(account, arn) == {"team": "ops"}
    cloudformation.delete_stack(StackName="monitoring")
    assert account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"] == []

    cloudformation.register_type(TypeName=NAME, SchemaHandlerPackage=_uploaded_package(account))
    assert main(["deregister", "--type-name", NAME]) == 0
    assert capsys.readouterr().out.startswith(
        "deregister: loading boto3 and cfn\n"
        f"Deregistered version 00000002.\nDeregistered {NAME} in us-east-1. CloudFormation can no longer change or\n"
    )
    assert cloudformation.list_types(Type="RESOURCE", Visibility="PRIVATE")["TypeSummaries"] == []
    assert main(["deregister", "--type-name", NAME]) == 2
    assert capsys.readouterr().err == f"error: {NAME} is not registered in us-east-1: nothing to undo.\n"

    assert main(["prerequisites-delete"]) == 0
    assert "model-quality-contract-tests-123456789012-us-east-1" not in str(account.client("s3").list_buckets())
    assert main(["prerequisites-delete"]) == 2
    assert capsys.readouterr().err == (
        "error: There is no stack model-quality-contract-tests in us-east-1: nothing to delete.\n"
    )


@pytest.mark.weekly
@pytest.mark.usefixtures("account")
def test_unchecked_it_is_the_registry_that_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    """Without the prerequisites the registration fails with the failing tests, SageMaker's reason and advice."""
    assert main(["submit", "--type-name", NAME, "--unchecked"]) == 2
    captured = capsys.readouterr()
    first, *lines = captured.err.splitlines()
    assert "contract tests failed: test_create[inputs_1], test_create_create[inputs_1], " in first
    assert (
        "Could not assume role arn:aws:iam::123456789012:role/model-quality-contract-tests-us-east-1." in captured.err
    )
    advice = lines[lines.index("What to do:") :]
    assert advice[1].startswith("  - test_create: CREATE failed, and so does every test that begins with a CREATE.")
    assert advice[2].startswith("  `cfn-sandbox test` runs them on your machine")
    assert advice[3].startswith("The staged project, with cfn's log, is kept in ")
    assert "the default" not in captured.out
    shutil.rmtree(advice[3].rpartition(" ")[2].removesuffix("."))
    assert main(["deregister", "--type-name", NAME]) == 2


@pytest.mark.usefixtures("account")
def test_a_package_that_the_registry_refuses(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output of cfn says only that its waiter failed; the error adds the registry's reason."""
    assert main(["submit", "--unchecked", "--project", str(toy), "--type-name", "Acme::Play::Thing"]) == 2
    captured = capsys.readouterr()
    assert "The registry says: Deployment is currently in VALIDATION_STAGE of status FAILED" in captured.err
    assert "The schema has no handler to create, delete." in captured.err
    assert captured.err.count("\n") == 1
    assert "the default" not in captured.out
    assert main(["deregister", "--type-name", "Acme::Play::Thing"]) == 2
    assert "Acme::Play::Thing is not registered" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("submit TYPE_NAME=A", "submit --type-name A"),
        (
            "submit TYPE_NAME=A REGION=eu-west-1 PROFILE=work ROLE_ARN=arn TAG_UPDATES=in-place",
            "submit --type-name A --region eu-west-1 --profile work --role-arn arn --tag-updates in-place",
        ),
        ("submit TYPE_NAME=A INPUTS=mine UNCHECKED=yes", "submit --type-name A --inputs mine --unchecked"),
        ("prerequisites ENDPOINT_NAME=e", "prerequisites --endpoint-name e"),
        (
            "prerequisites ENDPOINT_NAME=e REGION=b PROFILE=c BASELINING_JOB=d",
            "prerequisites --endpoint-name e --region b --profile c --baselining-job d",
        ),
        ("prerequisites-delete REGION=b PROFILE=c", "prerequisites-delete --region b --profile c"),
        ("endpoint ENDPOINT_NAME=e", "e"),
        ("package", "package"),
        ("package TYPE_NAME=A TAG_UPDATES=in-place", "package --type-name A --tag-updates in-place"),
        ("deregister TYPE_NAME=A REGION=b PROFILE=c", "deregister --type-name A --region b --profile c"),
    ],
)
def test_make_passes_its_variables_on(tmp_path: Path, target: str, command: str) -> None:
    """Each make target runs the command with its variables as options."""
    assert " ".join(_made(tmp_path, target.split())) == command


def test_make_runs_no_value(tmp_path: Path) -> None:
    """Quotes, blanks and a shell's special characters in a value reach the command as they are."""
    value = f"a'b\"c; touch {tmp_path}/ran `touch {tmp_path}/ran` & |"
    assert _made(tmp_path, ["deregister", f"TYPE_NAME={value}"]) == ["deregister", "--type-name", value]
    assert not (tmp_path / "ran").exists()


def _made(folder: Path, arguments: list[str]) -> list[str]:
    """Return the arguments of the command that a target runs, with a program of ours as its Python."""
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    python.write_text("#!/bin/sh\nshift 2\nfor argument; do printf '%s\\0' \"$argument\"; done\n")
    python.chmod(0o755)
    (folder / ".ready").touch()
    result = subprocess.run(
        ["make", "--no-print-directory", "--old-file", str(folder / ".ready"), f"VENV={folder}", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.split("\0")[:-1]


def _deploy(action: Any, tags: dict[str, str], account: Account) -> str:  # noqa: ANN401 - a method of boto3's client
    """Create or update the minimal example's stack under our type name, and return the definition's ARN."""
    template = (ROOT / "examples" / "minimal.yaml").read_text()
    assert "AWS::SageMaker::ModelQualityJobDefinition" in template
    own_tags = "".join(f"\n        - {{Key: {key}, Value: {value}}}" for key, value in tags.items())
    action(
        StackName="monitoring",
        TemplateBody=template.replace("AWS::SageMaker::ModelQualityJobDefinition", NAME) + f"      Tags:{own_tags}\n",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
    )
    (resource,) = account.client("cloudformation").describe_stack_resources(StackName="monitoring")["StackResources"]
    assert resource["ResourceType"] == NAME
    arn: str = resource["PhysicalResourceId"]
    return arn


def _tags(account: Account, arn: str) -> dict[str, str]:
    """Return a definition's tags in SageMaker, without those that begin with aws:."""
    tags = account.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}


def _uploaded_package(account: Account) -> str:
    """Return the S3 address of the package that cfn uploaded."""
    s3 = account.client("s3")
    packages = [
        f"s3://{bucket['Name']}/{item['Key']}"
        for bucket in s3.list_buckets()["Buckets"]
        for item in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
        if item["Key"].endswith(".zip")
    ]
    (package,) = packages
    return package
