"""The steps of the guides work in the sandbox: the AWS CLI runs their commands as written."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from moto.sagemaker import urls

from cfn_sandbox.account.account import Account, bare_environment
from cfn_sandbox.account.function import Function
from cfn_sandbox.packaging.package import package
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from tests.stack_events import why
from tools import sagemaker
from tools.envelopes import ROOT
from tools.sagemaker import endpoint

OURS, THEIRS = "Acme::SageMaker::ModelQualityJobDefinition", "AWS::SageMaker::ModelQualityJobDefinition"
PARAMETERS = {
    "EndpointName": "churn",
    "ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer",
    "RoleArn": "arn:aws:iam::123456789012:role/monitor",
    "Bucket": "my-bucket",
}
Json = dict[str, Any]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Yield an account that has this project's type under AWS's name and under Acme's."""
    schema = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
    with (
        sagemaker.account() as account,
        Function(package(ROOT), account) as function,
    ):
        for name in (OURS, THEIRS):
            kind = RegisteredType(schema | {"typeName": name}, function.invoke)
            catalogue.add_type(account.account_id, account.region, kind)
        yield account


def commands(guide: str) -> list[str]:
    """Return the AWS CLI commands of a guide, with continued lines joined."""
    text = (ROOT / "guides" / guide).read_text()
    return [
        re.sub(r"\s*\\\n\s*", " ", command).strip()
        for command in re.findall(r"^ {4,}((?:[A-Z]+=\$\()?aws (?:.*\\\n)*.*)$", text, re.MULTILINE)
    ]


def block(guide: str, first: str) -> str:
    """Return the commands of a guide, as they stand, from the line that begins with a text to the end of its block."""
    text = (ROOT / "guides" / guide).read_text()
    (found,) = re.findall(rf"^ {{4}}{re.escape(first)}.*\n(?: {{4}}.*\n)*", text, re.MULTILINE)
    return str(found)


def output_of(account: Account, command: str, folder: Path, variables: Mapping[str, str] | None = None) -> str:
    """Run a command of a guide in a shell, as it stands, and return what it prints.

    Args:
        account: the account that the command calls.
        command: the command, or several, a line each.
        folder: the working directory.
        variables: the shell's variables that commands before it have set.
    """
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    completed = subprocess.run(
        ["/bin/sh", "-ec", command],
        cwd=folder,
        env=bare_environment() | account.environment() | {"PATH": path, "AWS_PAGER": "", **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, f"{command}\n{completed.stderr}"
    return completed.stdout.strip()


def update_stack(account: Account, template: Json) -> None:
    """Update the stack called monitoring to a template."""
    cloudformation = account.client("cloudformation")
    cloudformation.update_stack(StackName="monitoring", TemplateBody=json.dumps(template))
    assert state(account) == ("UPDATE_COMPLETE", None)


def state(account: Account, name: str = "monitoring") -> tuple[str, str | None]:
    """Return the stack's status and its reason."""
    (stack,) = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return stack["StackStatus"], stack.get("StackStatusReason")


def definitions(account: Account) -> list[str]:
    """Return the ARNs of all definitions."""
    summaries = account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"]
    return [one["MonitoringJobDefinitionArn"] for one in summaries]


def properties() -> Json:
    """Return the definition's properties in the CDK snippet of clients.md."""
    (snippet,) = (
        code
        for code in re.findall(r"```python\n(.*?)```", (ROOT / "guides/clients.md").read_text(), re.DOTALL)
        if "aws_cdk" in code
    )
    (argument,) = (
        keyword.value
        for node in ast.walk(ast.parse(snippet))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "properties"
    )
    definition: Json = ast.literal_eval(argument)
    definition["ModelQualityAppSpecification"]["ImageUri"] = PARAMETERS["ImageUri"]  # the snippet has "..."
    return definition


def schedule(definition: object) -> Json:
    """Return a schedule that runs a definition by its name."""
    return {
        "Type": "AWS::SageMaker::MonitoringSchedule",
        "Properties": {
            "MonitoringScheduleName": "daily",
            "MonitoringScheduleConfig": {
                "MonitoringType": "ModelQuality",
                "MonitoringJobDefinitionName": definition,
                "ScheduleConfig": {"ScheduleExpression": "cron(0 6 ? * * *)"},
            },
        },
    }


def make_role(account: Account) -> str:
    """Make a role that SageMaker can assume, and return its ARN."""
    statement = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn: str = account.client("iam").create_role(RoleName="assumed", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    return arn


def test_the_readme_s_event_of_a_failed_stack(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's first screen has the sandbox's words, wrapped and with an ellipsis for the request id."""
    before, after = re.findall(r"```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert before == "Error occurred during operation 'CREATE'. (HandlerErrorCode: GeneralServiceException)\n"
    definition = properties() | {"RoleArn": make_role(account)}
    del definition["ModelQualityJobInput"]["EndpointInput"]["InferenceAttribute"]
    template = json.dumps({"Resources": {"JobDefinition": {"Type": OURS, "Properties": definition}}})
    # As with --strict: SageMaker's class in the account that is open already.
    dispatch: Any = next(iter(urls.url_paths.values()))
    monkeypatch.setattr(dispatch.__self__, "strict", True)
    account.client("cloudformation").create_stack(StackName="refused", TemplateBody=template)
    assert state(account, "refused") == ("ROLLBACK_COMPLETE", None)
    told = why(account.client("cloudformation"), "refused")
    account.client("cloudformation").delete_stack(StackName="refused")
    shown = re.sub(r"request id \w+|RequestToken: [\w-]+, ", lambda found: "request id …" * ("id" in found[0]), told)
    shown = shown.removeprefix('Resource handler returned message: "').replace(
        '" (HandlerErrorCode', " (HandlerErrorCode"
    )
    assert shown.split() == after.split()


def test_the_name_of_a_definition_as_an_attribute(account: Account) -> None:
    """Fn::GetAtt gives the name under AWS's name of the type, and is refused under another."""
    cloudformation = account.client("cloudformation")
    output = {"Name": {"Value": {"Fn::GetAtt": ["JobDefinition", "JobDefinitionName"]}}}
    for name in (THEIRS, OURS):
        resource = {"Type": name, "Properties": properties() | {"JobDefinitionName": "Churn"}}
        template = json.dumps({"Resources": {"JobDefinition": resource}, "Outputs": output})
        if name == OURS:
            with pytest.raises(ClientError, match="Requested attribute JobDefinitionName must be a readonly property"):
                cloudformation.create_stack(StackName="named", TemplateBody=template)
            continue
        cloudformation.create_stack(StackName="named", TemplateBody=template)
        assert state(account, "named") == ("CREATE_COMPLETE", None), why(cloudformation, "named")
        (stack,) = cloudformation.describe_stacks(StackName="named")["Stacks"]
        assert [one["OutputValue"] for one in stack["Outputs"]] == ["Churn"]
        cloudformation.delete_stack(StackName="named")


def test_an_exported_name_blocks_the_replacement(account: Account) -> None:
    """A replacement would change an export that another stack imports, so the update rolls back."""
    cloudformation = account.client("cloudformation")
    resource: Json = {"Type": OURS, "Properties": properties()}
    exported = {"Arn": {"Value": {"Ref": "JobDefinition"}, "Export": {"Name": "definition"}}}
    template: Json = {"Resources": {"JobDefinition": resource}, "Outputs": exported}
    cloudformation.create_stack(StackName="monitoring", TemplateBody=json.dumps(template))
    assert state(account) == ("CREATE_COMPLETE", None)
    imported = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "definition"}},
    }
    cloudformation.create_stack(StackName="user", TemplateBody=json.dumps({"Resources": {"Name": imported}}))
    assert state(account, "user") == ("CREATE_COMPLETE", None)
    before = definitions(account)
    resource["Properties"]["RoleArn"] = "arn:aws:iam::123456789012:role/other"
    cloudformation.update_stack(StackName="monitoring", TemplateBody=json.dumps(template))
    assert state(account)[0] == "UPDATE_ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="monitoring")["StackEvents"]
    reasons = [one.get("ResourceStatusReason", "") for one in events]
    assert any("Export definition cannot be updated as it is in use by user" in one for one in reasons), reasons
    assert definitions(account) == before
    for name in ("user", "monitoring"):
        cloudformation.delete_stack(StackName=name)
    assert definitions(account) == []


def test_migrate(account: Account, tmp_path: Path) -> None:
    """Definition and schedule survive the change of type, with a name as AWS's type generates it, in mixed case."""
    generated = "CFN-JobDefinition-XLuFaxlXoHQZ"
    cloudformation = account.client("cloudformation")
    find, describe, create, created, execute, imported, detect, drifts = commands("migrate.md")
    (step,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "guides/migrate.md").read_text(), re.DOTALL)
    kept: Json = yaml.safe_load(step)["JobDefinition"]
    name_of = {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "JobDefinition"}]}]}
    before: Json = {"Type": THEIRS, "Properties": properties() | {"JobDefinitionName": generated}}
    template: Json = {"Resources": {"JobDefinition": before, "Schedule": schedule(name_of)}}
    cloudformation.create_stack(StackName="monitoring", TemplateBody=json.dumps(template))
    assert state(account) == ("CREATE_COMPLETE", None)
    # Steps 1 and 2.
    template["Resources"]["JobDefinition"] = before | kept
    update_stack(account, template)
    arn = output_of(account, f'{find}\necho "$ARN"', tmp_path)
    assert definitions(account) == [arn]
    # Step 3.
    update_stack(account, {"Resources": {"Schedule": schedule(generated)}})
    events = cloudformation.describe_stack_events(StackName="monitoring")["StackEvents"]
    assert "DELETE_SKIPPED" in [one["ResourceStatus"] for one in events if one["LogicalResourceId"] == "JobDefinition"]
    assert definitions(account) == [arn]
    # Step 4.
    name = output_of(account, describe, tmp_path, {"ARN": arn})
    assert name == generated
    ours: Json = {"Type": OURS, "DeletionPolicy": "Retain", "Properties": properties() | {"JobDefinitionName": name}}
    template = {"Resources": {"JobDefinition": ours, "Schedule": schedule(name)}}
    (tmp_path / "template.yaml").write_text(yaml.safe_dump(template))
    output_of(account, create, tmp_path, {"ARN": arn})
    for command in (created, execute, imported):
        output_of(account, command, tmp_path)
    assert state(account) == ("IMPORT_COMPLETE", None)
    # Step 5.
    output_of(account, detect, tmp_path)
    found = json.loads(output_of(account, drifts, tmp_path))["StackResourceDrifts"]
    assert {one["LogicalResourceId"]: one["StackResourceDriftStatus"] for one in found} == {
        "JobDefinition": "IN_SYNC",
        "Schedule": "IN_SYNC",
    }
    # Step 6.
    del ours["DeletionPolicy"]
    update_stack(account, {"Resources": {"JobDefinition": ours, "Schedule": schedule(name_of)}})
    assert definitions(account) == [arn]
    found = cloudformation.describe_stack_resources(StackName="monitoring")["StackResources"]
    assert arn in [one["PhysicalResourceId"] for one in found]
    # After the steps: a replacement, under a generated name again.
    del ours["Properties"]["JobDefinitionName"]
    ours["Properties"]["RoleArn"] = "arn:aws:iam::123456789012:role/other"
    update_stack(account, {"Resources": {"JobDefinition": ours, "Schedule": schedule(name_of)}})
    assert arn not in definitions(account)
    cloudformation.delete_stack(StackName="monitoring")
    assert definitions(account) == []


def test_adopt(account: Account) -> None:
    """The guide's commands, from first to last and as they stand, import a definition without changing it."""
    make, listing, create, created, execute, imported, detect, drifts = commands("adopt.md")
    arn = json.loads(output_of(account, make, ROOT))["JobDefinitionArn"]
    name = {"JobDefinitionName": "churn-2024-06-01"}
    before = account.client("sagemaker").describe_model_quality_job_definition(**name)
    assert json.loads(output_of(account, listing, ROOT)) == [arn]
    for command in (create, created, execute, imported, detect):
        output_of(account, command, ROOT)
    assert state(account, "adopted") == ("IMPORT_COMPLETE", None)
    (drift,) = json.loads(output_of(account, drifts, ROOT))["StackResourceDrifts"]
    assert drift["StackResourceDriftStatus"] == "IN_SYNC"
    after = account.client("sagemaker").describe_model_quality_job_definition(**name)
    assert after["CreationTime"] == before["CreationTime"]
    account.client("cloudformation").delete_stack(StackName="adopted")
    account.client("sagemaker").delete_model_quality_job_definition(**name)


def test_cloud_control(account: Account, tmp_path: Path) -> None:
    """The Cloud Control commands of clients.md run as they stand, with the properties of its CDK snippet."""
    (tmp_path / "churn.json").write_text(json.dumps(properties()))
    script = block("clients.md", "TYPE=Acme::SageMaker::ModelQualityJobDefinition")
    printed = output_of(account, f'{script}\necho "$ARN $TOKEN"', tmp_path)
    got, listed, deleted, last = re.findall(r"^\{.*?^\}$|^arn:.*$", printed, re.MULTILINE | re.DOTALL)
    arn, updated = last.split()
    model = json.loads(json.loads(got)["ResourceDescription"]["Properties"])
    assert model["JobDefinitionArn"] == json.loads(got)["ResourceDescription"]["Identifier"] == arn
    assert [one["Identifier"] for one in json.loads(listed)["ResourceDescriptions"]] == [arn]
    control = account.client("cloudcontrol")
    event = control.get_resource_request_status(RequestToken=updated)["ProgressEvent"]
    assert (event["Operation"], event["OperationStatus"]) == ("UPDATE", "SUCCESS")
    token = json.loads(deleted)["ProgressEvent"]["RequestToken"]
    control.get_waiter("resource_request_success").wait(RequestToken=token, WaiterConfig={"Delay": 1})
    assert definitions(account) == []


def test_the_sandbox_s_session(account: Account) -> None:
    """The commands of sandbox.md between `cfn-sandbox up` and `cfn-sandbox down` work."""
    deploy, resources = commands("sandbox.md")
    output_of(account, deploy, ROOT)
    (resource,) = json.loads(output_of(account, resources, ROOT))["StackResources"]
    assert definitions(account) == [resource["PhysicalResourceId"]]
    account.client("cloudformation").delete_stack(StackName="monitoring")


def test_an_endpoint_is_made_in_a_sandbox_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In an account it would cost money, so another address than this machine's is refused."""
    for url in ("", "https://api.sagemaker.us-east-1.amazonaws.com"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert endpoint.main(["churn"]) == 1
        assert capsys.readouterr().err.startswith("make endpoint: no sandbox is up in this shell")
    assert endpoint.main([""]) == 1
    assert "name the endpoint" in capsys.readouterr().err
