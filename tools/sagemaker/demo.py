"""The demonstration: the documentation's example as a stack that is created, changed in three ways and deleted.

It shows this project's type, unlike the rest of the sandbox. Every step checks its result.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from cfn_sandbox import SandboxError
from cfn_sandbox.account.account import Account, bare_environment
from cfn_sandbox.cli.shell import told_log
from cfn_sandbox.cli.teller import Teller
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.packaging import cfn
from cfn_sandbox.packaging.package import copy_project
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.interface import Action, Request
from cfn_sandbox.resource_types.registered import RegisteredType
from tools import sagemaker

TYPE = "AWS::SageMaker::ModelQualityJobDefinition"  # reserved by AWS: users register it under another name
NAME = "model-quality-demo"
REGION = "us-west-2"  # one of the eight regions in the example's mapping
LOGICAL_ID = "JobDefinition"
NEXT = (
    ".venv/bin/cfn-sandbox run -- aws cloudformation deploy --stack-name churn --template-file examples/realtime.yaml "
    "--parameter-overrides "
    "EndpointName=churn Bucket=bucket ImageUri=image RoleArn=arn:aws:iam::123456789012:role/monitor",
    ".venv/bin/cfn-sandbox test           # AWS's contract suites against the packaged type",
    "make submit TYPE_NAME=Acme::SageMaker::ModelQualityJobDefinition    # in your account: guides/register.md",
)

Client = Any  # boto3 creates its clients' classes at run time


class Demo:
    """The demonstration's steps, in order.

    Args:
        account: the account of the stack.
        kind: the type, for READ and LIST outside a stack.
        teller: shows the steps.
    """

    def __init__(self, account: Account, kind: RegisteredType, teller: Teller) -> None:
        self._cloudformation: Client = account.client("cloudformation")
        self._sagemaker: Client = account.client("sagemaker")
        self._iam: Client = account.client("iam")
        self._kind = kind
        self._request = Request(account.account_id, account.region)
        self._teller = teller

    def run(self, template: dict[str, Any]) -> None:
        """Run all steps.

        Raises:
            SandboxError: a step's result is not the expected one.
        """
        template["Outputs"] = {
            "Arn": {"Value": {"Ref": LOGICAL_ID}},
            "CreationTime": {"Value": {"Fn::GetAtt": [LOGICAL_ID, "CreationTime"]}},
        }
        properties = template["Resources"][LOGICAL_ID]["Properties"]
        teller, tags, before = self._teller, {"team": "forecasting"}, self._existing_names()
        with teller.step("Create the documentation's example as a stack, two outputs added"):
            self._cloudformation.create_stack(
                StackName=NAME, TemplateBody=json.dumps(template), Tags=_tags(tags), Capabilities=["CAPABILITY_IAM"]
            )
            outputs = self._outputs("CREATE_COMPLETE")
            arn = outputs["Arn"]
        for resource in self._cloudformation.describe_stack_resources(StackName=NAME)["StackResources"]:
            teller.detail(f"{resource['ResourceType']:<42}{resource['PhysicalResourceId'].split('/')[-1]}")
        for name, value in outputs.items():
            teller.detail(f"{name} = {value}")

        with teller.step("READ it by its ARN alone, as CloudFormation does to detect drift"):
            answer = self._invoke("READ", arn)
            _expect(answer["status"] == "SUCCESS", f"READ answered {answer.get('message')}")
        for line in yaml.safe_dump(
            answer["resourceModel"], sort_keys=False, default_flow_style=None, width=96
        ).splitlines():
            teller.detail(line)

        with teller.step("LIST all definitions"):
            self._expect_listed(arn)
        teller.detail("this one, and no other")

        with teller.step("Give it an EndpointName: no interruption"):
            properties["EndpointName"] = "forecasts"
            self._update(template, tags)
            _expect(self._outputs("UPDATE_COMPLETE")["Arn"] == arn, "the definition was replaced")
        teller.detail("the same ARN")

        with teller.step("Change a stack tag: in place"):
            tags = {"team": "pricing"}
            self._update(template, tags)
            _expect(self._outputs("UPDATE_COMPLETE")["Arn"] == arn, "the definition was replaced")
            reported = self._sagemaker.list_tags(ResourceArn=arn)["Tags"]
            _expect(reported == _tags(tags), f"SageMaker reports the tags {reported}")
        teller.detail("the same ARN; SageMaker reports team=pricing")

        with teller.step("Change RoleArn: replacement"):
            properties["RoleArn"] = {"Fn::GetAtt": ["ExecutionRole", "Arn"]}
            self._update(template, tags)
            replacement = self._outputs("UPDATE_COMPLETE")["Arn"]
            _expect(replacement != arn, "the definition was not replaced")
            self._expect_listed(replacement)
            _expect(self._invoke("READ", arn).get("errorCode") == "NotFound", "the old definition is still there")
        teller.detail(f"a new ARN {replacement}")
        teller.detail("the old definition is gone")

        with teller.step("Delete the stack"):
            self._cloudformation.delete_stack(StackName=NAME)
            self._wait_until_ended("DELETE_COMPLETE")
            left = self._existing_names() - before  # `before` has the bucket and two roles of cfn's stacks
            _expect(not left, f"left behind: {left}")
        teller.detail("nothing is left: no stack, definition, endpoint, configuration, model or role")

    def _update(self, template: Mapping[str, Any], tags: dict[str, str]) -> None:
        self._cloudformation.update_stack(
            StackName=NAME, TemplateBody=json.dumps(template), Tags=_tags(tags), Capabilities=["CAPABILITY_IAM"]
        )

    def _outputs(self, status: str) -> dict[str, str]:
        """Wait until the stack's operation ends with a status, and return the stack's outputs."""
        outputs = self._wait_until_ended(status).get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def _wait_until_ended(self, status: str) -> dict[str, Any]:
        while True:
            (stack,) = [
                summary
                for summary in self._cloudformation.list_stacks()["StackSummaries"]
                if summary["StackName"] == NAME
            ]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
            time.sleep(0.2)
        _expect(stack["StackStatus"] == status, f"the stack is {stack['StackStatus']}: {self._why(stack['StackId'])}")
        described: dict[str, Any] = self._cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"][0]
        return described

    def _why(self, stack_id: str) -> str:
        """Return the reasons of a stack's failed events, oldest first. The stack's own reason names no cause."""
        events = self._cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
        failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("FAILED")]
        return " ".join(event.get("ResourceStatusReason", "") for event in failed) or "no event failed"

    def _invoke(self, action: Action, arn: str | None = None) -> dict[str, Any]:
        """Invoke READ or LIST as CloudFormation does outside a stack, with the primary identifier alone."""
        model = {"JobDefinitionArn": arn} if arn else {}
        return self._kind.invoke(self._kind.event(action, self._request, {}, model=model))

    def _expect_listed(self, arn: str) -> None:
        answer = self._invoke("LIST")
        listed = [model["JobDefinitionArn"] for model in answer.get("resourceModels") or []]
        _expect(listed == [arn], f"LIST answered {listed} {answer.get('message') or ''}")

    def _existing_names(self) -> set[str]:
        """Return the names of all stacks and of all resources of the types that the example's stack creates."""
        resources = [
            *self._cloudformation.describe_stacks()["Stacks"],
            *self._sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"],
            *self._sagemaker.list_endpoints()["Endpoints"],
            *self._sagemaker.list_endpoint_configs()["EndpointConfigs"],
            *self._sagemaker.list_models()["Models"],
            *self._iam.list_roles()["Roles"],
        ]
        return {next(str(value) for key, value in resource.items() if key.endswith("Name")) for resource in resources}


def run(project: Path, teller: Teller) -> None:
    """Start an account, register this project's type in it, and show the life of a stack.

    Args:
        project: the folder of the type's project.
        teller: shows the steps.

    Raises:
        SandboxError: a step's result is not the expected one. The message includes the errors of the handler's log.
            This function always cleans up, whether it fails or not.
    """
    started_at = time.monotonic()
    with ExitStack() as running:
        running.enter_context(told_log(teller.detail))
        with teller.step("Start an AWS account on this machine"):
            account = running.enter_context(sagemaker.account(region=REGION, reserved=TYPE))
        teller.detail(account.endpoint)
        try:
            _run_steps(project, account, teller)
        except (SandboxError, ClientError) as error:
            raise SandboxError("\n".join(filter(None, [str(error), error_excerpt(account.registry.log)]))) from error
    teller.detail(f"all of it in {time.monotonic() - started_at:.0f} s on this machine: no Docker, no AWS account")
    teller.commands("What you may want to try next:", NEXT)


def _run_steps(project: Path, account: Account, teller: Teller) -> None:
    with teller.step("Register the type with `cfn submit`; it runs in AWS's Lambda emulator"):
        _submit(project, account)
        kind = catalogue.find_type(account.account_id, account.region, TYPE)
        if not isinstance(kind, RegisteredType):
            raise SandboxError("unexpected result: the type is not registered")
    described = account.client("cloudformation").describe_type(Type="RESOURCE", TypeName=TYPE, VersionId=kind.version)
    teller.detail(f"{described['TypeName']}, version {described['DefaultVersionId']}")
    teller.detail(described["TypeTestsStatusDescription"])
    template = parse((project / "examples" / "documentation.yaml").read_text()).body
    Demo(account, kind, teller).run(template)


def error_excerpt(log: str) -> str:
    """Return the end of a handler's log, from the first error on, or an empty text if the log has no error."""
    lines = log.splitlines()
    first = next((number for number, line in enumerate(lines) if re.search(r"ERROR|Traceback", line)), len(lines))
    excerpt = "\n".join(lines[first:][-20:])
    return f"The handler's log says:\n{excerpt}" if excerpt else ""


def _submit(project: Path, account: Account) -> None:
    """Run the real `cfn submit` in a copy of the project, because it writes into the folder."""
    with tempfile.TemporaryDirectory(prefix="sandbox-demo-") as scratch:
        copy_project(project, Path(scratch))
        cfn.run(["submit", "--set-default"], Path(scratch), bare_environment() | account.environment())


def _expect(condition: object, otherwise: str) -> None:
    if not condition:
        raise SandboxError(f"unexpected result: {otherwise}")


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
