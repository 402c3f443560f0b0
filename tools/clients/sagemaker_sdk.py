"""Runs the SageMaker Python SDK, version 2 or 3, against the sandbox: python -m tools.clients.sagemaker_sdk v2 | v3.

The SDK creates a monitor with its schedule, and changes it. A stack then imports the schedule and its definition
without changing them. The SDK creates a second monitor and deletes it. Every line of the report was checked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import WaiterError

from cfn_sandbox.account.account import Account
from tools.clients.stage import Failure, expect, python_environment, run_command, sandbox, step

DEFINITION = "AWS::SageMaker::ModelQualityJobDefinition"
SCHEDULE = "AWS::SageMaker::MonitoringSchedule"

JSON = dict[str, Any]
Client = Any  # boto3 creates its client classes at run time


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one version of the SDK, print a line for each step, and return the exit code."""
    (version,) = sys.argv[1:] if arguments is None else arguments
    try:
        python = python_environment(f"sagemaker-{version}") / "python"
        with sandbox() as account:
            _run(python, account)
    except Failure as failure:
        print(f"sagemaker {version}: {failure}", file=sys.stderr)
        return 1
    return 0


def _run(python: Path, account: Account) -> None:
    sagemaker, cloudformation = account.client("sagemaker"), account.client("cloudformation")
    steps = _run_play(python, account, "make", "kept")
    created, attached, updated = steps["make"], steps["attach"], steps["update"]
    expect(created["status"] == updated["status"] == "Scheduled", f"the schedule is {updated['status']}")
    expect(attached["definition"] == created["definition"], "attach found another definition")
    expect(attached["tags"] == [{"Key": "team", "Value": "churn"}], f"attach found the tags {attached['tags']}")
    expect(updated["definition"] != created["definition"], "the update made no new definition")
    expect((steps["stop"]["status"], steps["start"]["status"]) == ("Stopped", "Scheduled"), "stop, start")
    expect(steps["executions"]["count"] == 0, "the SDK lists executions, but none ran")
    expect(steps["once"]["execution"] == "Failed", "the execution of the schedule of NOW did not fail")

    with step("import its schedule and its definition into a stack"):
        arns = _import_resources(account, updated["definition"])
        stack = cloudformation.describe_stacks(StackName="taken-over")["Stacks"][0]
        expect(stack["StackStatus"] == "IMPORT_COMPLETE", f"{stack['StackStatus']}: {stack.get('StackStatusReason')}")
    with step("no drift"):
        detection = cloudformation.detect_stack_drift(StackName="taken-over")["StackDriftDetectionId"]
        status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        drifts = cloudformation.describe_stack_resource_drifts(StackName="taken-over")["StackResourceDrifts"]
        expect(status["StackDriftStatus"] == "IN_SYNC", f"drift: {[drift['PropertyDifferences'] for drift in drifts]}")
        expect(len(drifts) == len(arns), "not every resource was checked")
    with step("the stack deletes them"):
        cloudformation.delete_stack(StackName="taken-over")
        expect(not sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"], "the schedule still exists")
        # The SDK's update doesn't delete the old definition.
        expect(_definitions(sagemaker) == {created["definition"]}, f"left: {_definitions(sagemaker)}")

    _run_play(python, account, "make", "gone")
    before = _definitions(sagemaker)
    _run_play(python, account, "end", "gone")
    expect(len(before) - len(_definitions(sagemaker)) == 1, "the SDK's delete left its definition")
    expect(not sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"], "the schedule still exists")


def _import_resources(account: Account, definition: str) -> dict[str, str]:
    """Import the schedule and its definition, with properties that Cloud Control returns; return their ARNs."""
    sagemaker, cloudformation = account.client("sagemaker"), account.client("cloudformation")
    arns = {
        "Definition": sagemaker.describe_model_quality_job_definition(JobDefinitionName=definition)["JobDefinitionArn"],
        "Schedule": sagemaker.describe_monitoring_schedule(MonitoringScheduleName="kept")["MonitoringScheduleArn"],
    }
    types = {"Definition": (DEFINITION, "JobDefinitionArn"), "Schedule": (SCHEDULE, "MonitoringScheduleArn")}
    template = {
        "Resources": {
            logical_id: {
                "Type": name,
                "DeletionPolicy": "Delete",
                "Properties": _properties(account.client("cloudcontrol"), cloudformation, name, arns[logical_id]),
            }
            for logical_id, (name, _) in types.items()
        }
    }
    change_set = {"StackName": "taken-over", "ChangeSetName": "take-over"}
    cloudformation.create_change_set(
        **change_set,
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(template),
        ResourcesToImport=[
            {"ResourceType": name, "LogicalResourceId": logical_id, "ResourceIdentifier": {key: arns[logical_id]}}
            for logical_id, (name, key) in types.items()
        ],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(**change_set, WaiterConfig={"Delay": 1})
    cloudformation.execute_change_set(**change_set)
    with suppress(WaiterError):  # the stack's status gives the reason
        cloudformation.get_waiter("stack_import_complete").wait(StackName="taken-over", WaiterConfig={"Delay": 1})
    return arns


def _properties(cloudcontrol: Client, cloudformation: Client, name: str, identifier: str) -> JSON:
    """Return an existing resource's properties for a template: what READ returns, without read-only properties."""
    description = cloudcontrol.get_resource(TypeName=name, Identifier=identifier)["ResourceDescription"]["Properties"]
    if name == SCHEDULE:  # not a registered type, so DescribeType has no schema of it
        read_only = {"MonitoringScheduleArn", "CreationTime", "LastModifiedTime", "MonitoringScheduleStatus"}
    else:
        schema = json.loads(cloudformation.describe_type(Type="RESOURCE", TypeName=name)["Schema"])
        read_only = {pointer.removeprefix("/properties/") for pointer in schema["readOnlyProperties"]}
    return {key: value for key, value in json.loads(description).items() if key not in read_only}


def _run_play(python: Path, account: Account, act: str, name: str) -> dict[str, JSON]:
    """Run one part of sagemaker_sdk_play.py, and return the result of each step by its name."""
    with step(f"{act} the monitor {name}"):
        play = Path(__file__).with_name("sagemaker_sdk_play.py")
        output = run_command([python, play, act, name], account, {"SAGEMAKER_SUPPRESS_V2_WARNING": "1"})
    results = [json.loads(line) for line in output.splitlines() if line.startswith('{"step"')]
    for result in results:
        details = ", ".join(f"{key} {value}" for key, value in result.items() if key != "step")
        print(f"    {result['step']}: {details}", flush=True)
    return {result["step"]: result for result in results}


def _definitions(sagemaker: Client) -> set[str]:
    summaries = sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"]
    return {summary["MonitoringJobDefinitionName"] for summary in summaries}


if __name__ == "__main__":
    sys.exit(main())
