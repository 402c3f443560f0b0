"""Runs AWS CDK against the sandbox: python -m tools.clients.cdk.

The command line comes from npm, the constructs from PyPI. Neither is patched or configured for the sandbox.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cfn_sandbox.account.account import Account
from tools.clients.stage import (
    OWN_TYPE,
    expect,
    node_environment,
    physical_id,
    playing,
    properties,
    python_environment,
    run_command,
    stack_status,
    step,
)

VARIABLES = {  # they silence CDK's telemetry and its warnings about the version of Node.js
    "CDK_DISABLE_CLI_TELEMETRY": "1",
    "CI": "true",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    "NODE_NO_WARNINGS": "1",
}


def main() -> None:
    """Install CDK, then create, change and destroy stacks with it."""
    with playing(own_type=True) as (account, folder):
        commands = node_environment("cdk-cli")
        python = python_environment("cdk-lib") / "python"
        with step("synthesize"):
            run_command([python, Path(__file__).with_name("cdk_app.py"), folder, OWN_TYPE], variables=VARIABLES)
        run(_Cdk(commands, account, folder), account)


class _Cdk:
    """The `cdk` command, run against an account."""

    def __init__(self, commands: Path, account: Account, folder: Path) -> None:
        self._account, self._folder = account, folder
        path = f"{commands}{os.pathsep}{os.environ['PATH']}"
        self._variables = VARIABLES | {"PATH": path, "HOME": str(folder)}
        self._cdk = commands / "cdk"

    def __call__(self, *arguments: str, state: str | None = None, fails: bool = False) -> str:
        app = ["--app", str(self._folder / state)] if state else []
        command = [str(self._cdk), *arguments, *app, "--no-notices"]
        return run_command(command, self._account, self._variables, folder=self._folder, fails=fails)

    def file(self, name: str, content: Any) -> str:  # noqa: ANN401 - of JSON
        """Write a JSON file into the working folder of `cdk`, and return its path."""
        path = self._folder / name
        path.write_text(json.dumps(content))
        return str(path)


def run(cdk: _Cdk, account: Account) -> None:
    """Run `cdk` bootstrap, deploy, diff, drift, import and destroy, and check each result."""
    with step("bootstrap"):
        cdk("bootstrap", "aws://123456789012/us-east-1")
    deploy = ("deploy", "--require-approval", "never")
    with step("deploy: the L1 construct, and a resource under your own type name"):
        cdk(*deploy, state="first")
        expect(stack_status(account, "Quality") == "CREATE_COMPLETE", stack_status(account, "Quality"))
        ids = {key: physical_id(account, "Quality", key) for key in ("Definition", "Own")}
    with step("diff"):
        output = cdk("diff", state="replaced")
        expect("requires replacement" in output and "analyzer:2" in output, output)
    with step("deploy a change: in place"):
        cdk(*deploy, state="changed")
        new_ids = {key: physical_id(account, "Quality", key) for key in ids}
        expect(new_ids == ids, f"{new_ids} instead of {ids}")
    with step("deploy a replacement: only the changed resource is replaced"):
        output = cdk(*deploy, state="replaced")
        expect("hence creating one" in output, output)
        new_ids = {key: physical_id(account, "Quality", key) for key in ids}
        expect(new_ids["Definition"] != ids["Definition"] and new_ids["Own"] == ids["Own"], str(new_ids))
    with step("drift: none, then a definition deleted outside the stack"):
        expect("No drift detected" in (output := cdk("drift", state="replaced")), output)
        account.client("sagemaker").delete_model_quality_job_definition(
            JobDefinitionName=new_ids["Definition"].rpartition("/")[2]
        )
        output = cdk("drift", "--fail", state="replaced", fails=True)
        expect("[-]" in output and "Definition" in output, output)
    with step("import a definition created outside the stack"):
        mapping = cdk.file("mapping.json", {"Definition": {"JobDefinitionArn": _create_elsewhere(account)}})
        cdk("import", "--force", "--resource-mapping", mapping, state="imported")
        expect(stack_status(account, "Taken") == "IMPORT_COMPLETE", stack_status(account, "Taken"))
        # CDK imports only the resource; the next deployment applies the rest of the template.
        expect("Resources" not in (output := cdk("diff", state="imported")), output)
        imported_id = physical_id(account, "Taken", "Definition")
        cdk(*deploy, state="imported")
        expect(stack_status(account, "Taken") == "UPDATE_COMPLETE", stack_status(account, "Taken"))
        expect(physical_id(account, "Taken", "Definition") == imported_id, "it was replaced")
        expect("Number of stacks with differences: 0" in (output := cdk("diff", state="imported")), output)
    _run_nested(cdk, account)
    _run_crossed(cdk, account)
    with step("destroy"):
        cdk("destroy", "--force", state="replaced")
        cdk("destroy", "--force", state="imported")
        names = [stack["StackName"] for stack in account.client("cloudformation").describe_stacks()["Stacks"]]
        expect(names == ["CDKToolkit"], str(names))


def _run_nested(cdk: _Cdk, account: Account) -> None:
    with step("a definition in a nested stack, a schedule in its parent: deploy, replace the definition, destroy"):
        sagemaker = account.client("sagemaker")
        before = _definitions(account)
        found = []
        for state in ("nested", "nested-replaced"):
            cdk("deploy", "--require-approval", "never", state=state)
            described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="nested")
            found.append(described["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"])
            expect(_definitions(account) - before == {found[-1]}, str(_definitions(account)))
        expect(found[0] != found[1], str(found))
        cdk("destroy", "--force", state="nested-replaced")
        expect(_definitions(account) == before, str(_definitions(account)))


def _run_crossed(cdk: _Cdk, account: Account) -> None:
    deploy = ("deploy", "--all", "--require-approval", "never")
    with step("a reference from another stack: deploy"):
        cdk(*deploy, state="crossed")
        created = physical_id(account, "Producer", "Definition")
        value = account.client("ssm").get_parameter(Name=physical_id(account, "Consumer", "Arn"))["Parameter"]["Value"]
        expect(value == created, f"{value} instead of {created}")
    with step("hotswap: CDK has no shortcut for the type, and deploys the change in place"):
        output = cdk(*deploy, "--hotswap-fallback", state="crossed-changed")
        expect("Falling back to doing a full deployment" in output, output)
        expect(stack_status(account, "Producer") == "UPDATE_COMPLETE", stack_status(account, "Producer"))
        expect(physical_id(account, "Producer", "Definition") == created, "it was replaced")
    with step("a replacement is refused while the other stack imports the ARN, and rolled back; destroy"):
        output = cdk(*deploy, state="crossed-replaced", fails=True)
        expect("as it is in use by Consumer" in " ".join(output.split()), output)
        expect(stack_status(account, "Producer") == "UPDATE_ROLLBACK_COMPLETE", stack_status(account, "Producer"))
        expect(physical_id(account, "Producer", "Definition") == created, "it was replaced")
        cdk("destroy", "--all", "--force", state="crossed-replaced")
        expect([stack_status(account, name) for name in ("Producer", "Consumer")] == ["", ""], "not destroyed")


def _definitions(account: Account) -> set[str]:
    summaries = account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"]
    return {summary["MonitoringJobDefinitionName"] for summary in summaries}


def _create_elsewhere(account: Account) -> str:
    response = account.client("sagemaker").create_model_quality_job_definition(
        JobDefinitionName="elsewhere", **properties()
    )
    return str(response["JobDefinitionArn"])


if __name__ == "__main__":
    main()
