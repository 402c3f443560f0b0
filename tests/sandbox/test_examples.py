"""The packaged handlers deploy and delete each template in examples/ in AWS's emulator."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file

from cfn_sandbox.account.account import Account
from cfn_sandbox.account.function import Function
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.packaging.package import package
from cfn_sandbox.resource_types import catalogue
from cfn_sandbox.resource_types.registered import RegisteredType
from tests.stack_events import why
from tools import sagemaker
from tools.clients import sam, stage

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "examples"
TYPE = "AWS::SageMaker::ModelQualityJobDefinition"
OWN_TYPE = "Acme::SageMaker::ModelQualityJobDefinition"
PARAMETERS = {
    "Endpoint": "forecasts",
    "EndpointName": "forecasts",
    "ImageUri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/sagemaker-model-monitor-analyzer:latest",
    "RoleArn": "arn:aws:iam::123456789012:role/monitor",
    "Bucket": "forecasts",
    "SubnetIds": "subnet-0c0ffee0000000001,subnet-0c0ffee0000000002",
    "SecurityGroupIds": "sg-0c0ffee0000000001",
    "KmsKeyArn": "arn:aws:kms:us-west-2:123456789012:key/0c0ffee0-0000-4000-8000-000000000001",
}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Yield an account whose CloudFormation has this project's type."""
    schema = json.loads((PROJECT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
    with (
        sagemaker.account(region="us-west-2") as account,
        Function(package(PROJECT), account) as function,
    ):
        for name in (TYPE, OWN_TYPE):
            kind = RegisteredType(schema | {"typeName": name}, function.invoke)
            catalogue.add_type(account.account_id, account.region, kind)
        yield account


def yaml_template(name: str) -> dict[str, Any]:
    """Return an example's template."""
    body: dict[str, Any] = parse((EXAMPLES / name).read_text()).body
    return body


def values(template: str, others: dict[str, str]) -> list[dict[str, str]]:
    """Return the parameters that a template needs: a value for each one without a default, and others."""
    parameters = parse(template).members("Parameters")
    chosen = {key: PARAMETERS[key] for key, parameter in parameters.items() if "Default" not in parameter} | others
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in chosen.items()]


def deploy(account: Account, template: str, **others: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Create a stack from a template, and return the stack and its resources."""
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName="example",
        TemplateBody=template,
        Parameters=values(template, others),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    (stack,) = cloudformation.describe_stacks(StackName="example")["Stacks"]
    resources = cloudformation.describe_stack_resources(StackName="example")["StackResources"]
    assert (stack["StackStatus"], stack.get("StackStatusReason")) == ("CREATE_COMPLETE", None)
    return stack, resources


def delete(account: Account) -> None:
    """Delete the stack, and check that it leaves nothing behind."""
    account.client("cloudformation").delete_stack(StackName="example")
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []
    sagemaker = account.client("sagemaker")
    assert sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []
    assert sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert sagemaker.list_models()["Models"] == []
    assert account.client("iam").list_roles()["Roles"] == []


@pytest.mark.parametrize("name", ["documentation.json", "documentation.yaml"])
def test_the_documentation_s_examples_deploy(account: Account, name: str) -> None:
    """The documentation's examples deploy unchanged, with six resources and the definition as written."""
    _, resources = deploy(account, (EXAMPLES / name).read_text())
    assert len(resources) == 6
    (arn,) = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == TYPE]
    definition = account.client("sagemaker").describe_model_quality_job_definition(JobDefinitionName=arn.split("/")[1])
    assert definition["JobDefinitionArn"] == arn
    (endpoint,) = [one for one in resources if one["ResourceType"] == "AWS::SageMaker::Endpoint"]
    assert definition["ModelQualityJobInput"]["EndpointInput"] == {
        "EndpointName": endpoint["PhysicalResourceId"].split("/")[1],
        "LocalPath": "/opt/ml/processing/endpointdata",
        "InferenceAttribute": "inference",
        "ProbabilityAttribute": "probability",
        "ProbabilityThresholdAttribute": 0.8,
        "StartTimeOffset": "-PT1H",
        "EndTimeOffset": "-P0D",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 2000}
    delete(account)


def test_the_minimal_example_deploys(account: Account) -> None:
    """The minimal example deploys, and SageMaker's defaults fill in what it leaves out."""
    _, resources = deploy(account, (EXAMPLES / "minimal.yaml").read_text())
    name = resources[0]["PhysicalResourceId"].split("/")[1]
    definition = account.client("sagemaker").describe_model_quality_job_definition(JobDefinitionName=name)
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert definition["ModelQualityJobInput"]["GroundTruthS3Input"] == {"S3Uri": "s3://forecasts/labels"}
    delete(account)


def deploy_example(account: Account, name: str, **others: str) -> dict[str, Any]:
    """Deploy an example that has one definition, and return what SageMaker describes."""
    _, resources = deploy(account, (EXAMPLES / name).read_text(), **others)
    (arn,) = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == TYPE]
    return definition_of(account, arn.split("/")[1])


def definition_of(account: Account, name: str) -> dict[str, Any]:
    """Return what SageMaker describes under a definition's name."""
    description = account.client("sagemaker").describe_model_quality_job_definition(JobDefinitionName=name)
    return {key: value for key, value in description.items() if key != "ResponseMetadata"}


# Parts that this project's own examples share.
REPORTS = {"S3Output": {"LocalPath": "/opt/ml/processing/output", "S3Uri": "s3://forecasts/reports"}}
LABELS = {"S3Uri": "s3://forecasts/labels"}
MACHINES = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}


def test_the_realtime_example_deploys(account: Account) -> None:
    """Numbers from parameters arrive as numbers; an empty parameter leaves SageMaker's default."""
    definition = deploy_example(account, "realtime.yaml", Threshold="0.7", InstanceCount="2")
    assert definition["ModelQualityAppSpecification"] == {
        "ImageUri": PARAMETERS["ImageUri"],
        "ProblemType": "BinaryClassification",
        "Environment": {"publish_cloudwatch_metrics": "Enabled"},
    }
    assert definition["ModelQualityJobInput"] == {
        "EndpointInput": {
            "EndpointName": "forecasts",
            "LocalPath": "/opt/ml/processing/input",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "ProbabilityAttribute": "0",
            "ProbabilityThresholdAttribute": 0.7,
            "StartTimeOffset": "-P1D",
            "EndTimeOffset": "-P0D",
        },
        "GroundTruthS3Input": LABELS,
    }
    assert definition["JobResources"] == {"ClusterConfig": MACHINES | {"InstanceCount": 2}}
    assert definition["ModelQualityJobOutputConfig"] == {"MonitoringOutputs": [REPORTS]}
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    delete(account)


def test_the_realtime_example_takes_what_is_optional(account: Account) -> None:
    """An optional parameter adds its property, and the threshold has a default."""
    definition = deploy_example(account, "realtime.yaml", MaxRuntimeInSeconds="1800")
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800}
    assert definition["ModelQualityJobInput"]["EndpointInput"]["ProbabilityThresholdAttribute"] == 0.5
    delete(account)


@pytest.mark.parametrize(
    ("chosen", "written"),
    [("csv", {"Csv": {"Header": True}}), ("json-lines", {"Json": {"Line": True}}), ("parquet", {"Parquet": {}})],
)
def test_the_batch_example_deploys(account: Account, chosen: str, written: dict[str, Any]) -> None:
    """The definition has the dataset format that the parameter names, and no other."""
    definition = deploy_example(account, "batch.yaml", Format=chosen)
    assert definition["ModelQualityAppSpecification"]["ProblemType"] == "MulticlassClassification"
    assert definition["ModelQualityJobInput"] == {
        "BatchTransformInput": {
            "DataCapturedDestinationS3Uri": "s3://forecasts/captured",
            "DatasetFormat": written,
            "LocalPath": "/opt/ml/processing/input",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "InferenceAttribute": "prediction",
            "StartTimeOffset": "-P7D",
            "EndTimeOffset": "-P0D",
        },
        "GroundTruthS3Input": LABELS,
    }
    delete(account)


def test_the_baseline_example_deploys(account: Account) -> None:
    """The definition has the example's baseline, upload mode and tags."""
    definition = deploy_example(account, "baseline.yaml")
    assert definition["ModelQualityBaselineConfig"] == {
        "BaseliningJobName": "churn-baseline",
        "ConstraintsResource": {"S3Uri": "s3://forecasts/baseline/constraints.json"},
    }
    (output,) = definition["ModelQualityJobOutputConfig"]["MonitoringOutputs"]
    assert output["S3Output"] == REPORTS["S3Output"] | {"S3UploadMode": "EndOfJob"}
    tags = account.client("sagemaker").list_tags(ResourceArn=definition["JobDefinitionArn"])["Tags"]
    assert tags == [{"Key": "purpose", "Value": "model-quality"}]
    delete(account)


def test_the_private_example_deploys(account: Account) -> None:
    """List parameters give the VPC's subnets and security groups; the key encrypts disks and reports."""
    definition = deploy_example(account, "private.yaml")
    assert definition["NetworkConfig"] == {
        "EnableInterContainerTrafficEncryption": True,
        "EnableNetworkIsolation": True,
        "VpcConfig": {
            "SecurityGroupIds": ["sg-0c0ffee0000000001"],
            "Subnets": ["subnet-0c0ffee0000000001", "subnet-0c0ffee0000000002"],
        },
    }
    assert definition["ModelQualityJobOutputConfig"]["KmsKeyId"] == PARAMETERS["KmsKeyArn"]
    assert definition["JobResources"]["ClusterConfig"] == MACHINES | {"VolumeKmsKeyId": PARAMETERS["KmsKeyArn"]}
    delete(account)


def test_the_alarm_s_example_deploys_whole(account: Account) -> None:
    """The schedule runs the definition, and the alarm watches the metric of endpoint and schedule."""
    definition = deploy_example(account, "alarm.yaml", LeastF2="0.8")
    assert definition["ModelQualityAppSpecification"]["Environment"] == {"publish_cloudwatch_metrics": "Enabled"}
    assert scheduled_definition(account) == definition["JobDefinitionName"]
    (alarm,) = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("aws/sagemaker/Endpoints/model-metrics", "f2")
    assert {one["Name"]: one["Value"] for one in alarm["Dimensions"]} == {
        "Endpoint": "forecasts",
        "MonitoringSchedule": "example-daily",
    }
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0.8, "LessThanThreshold")
    assert alarm["AlarmName"].startswith("example-Alarm-")
    delete(account)
    assert account.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_the_example_for_each_model_deploys(account: Account) -> None:
    """Each model in the list has a definition with its own data."""
    _, resources = deploy(account, (EXAMPLES / "for-each.yaml").read_text())
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"].split("/")[1] for one in resources}
    assert sorted(names) == ["Definitionchurn", "Definitionfraud", "Definitionuplift"]
    for model in ("churn", "fraud", "uplift"):
        definition = definition_of(account, names[f"Definition{model}"])
        assert definition["ModelQualityJobInput"]["EndpointInput"]["EndpointName"] == model
        assert definition["ModelQualityJobInput"]["GroundTruthS3Input"] == {"S3Uri": f"s3://forecasts/{model}/labels"}
    delete(account)


def test_a_model_more_in_the_list_touches_no_other_definition(account: Account) -> None:
    """An added model adds one definition and leaves the others unchanged, as the example says."""
    template = (EXAMPLES / "for-each.yaml").read_text()
    _, before = deploy(account, template)
    cloudformation = account.client("cloudformation")
    cloudformation.update_stack(
        StackName="example",
        TemplateBody=template.replace("uplift]", "uplift, returns]"),
        Parameters=values(template, {}),
        Capabilities=["CAPABILITY_AUTO_EXPAND"],
    )
    (stack,) = cloudformation.describe_stacks(StackName="example")["Stacks"]
    assert (stack["StackStatus"], stack.get("StackStatusReason")) == ("UPDATE_COMPLETE", None)
    after = cloudformation.describe_stack_resources(StackName="example")["StackResources"]
    arns = [{one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources} for resources in (before, after)]
    assert arns[1].keys() - arns[0].keys() == {"Definitionreturns"}
    assert arns[0].items() <= arns[1].items()
    delete(account)


def test_the_import_s_example_takes_in_what_exists(account: Account) -> None:
    """An existing definition is imported by its ARN, unchanged and without drift, and outlives the stack."""
    template = (EXAMPLES / "import/template.yaml").read_text()
    text = (EXAMPLES / "import/resources.json").read_text().replace("us-east-1", account.region)
    (resource,) = json.loads(text)
    sagemaker, cloudformation = account.client("sagemaker"), account.client("cloudformation")
    created = sagemaker.create_model_quality_job_definition(
        JobDefinitionName="churn-2024-06-01",
        ModelQualityAppSpecification={"ImageUri": PARAMETERS["ImageUri"], "ProblemType": "Regression"},
        ModelQualityJobInput={
            "EndpointInput": {
                "EndpointName": "forecasts",
                "LocalPath": "/opt/ml/processing/input",
                "InferenceAttribute": "0",
            },
            "GroundTruthS3Input": LABELS,
        },
        ModelQualityJobOutputConfig={"MonitoringOutputs": [REPORTS]},
        JobResources={"ClusterConfig": MACHINES},
        RoleArn=PARAMETERS["RoleArn"],
    )
    before = definition_of(account, "churn-2024-06-01")
    assert created["JobDefinitionArn"] == resource["ResourceIdentifier"]["JobDefinitionArn"]
    change_set = {"StackName": "example", "ChangeSetName": "adopt"}
    cloudformation.create_change_set(
        **change_set,
        ChangeSetType="IMPORT",
        TemplateBody=template,
        ResourcesToImport=[resource],
        Parameters=values(template, {}),
    )
    cloudformation.execute_change_set(**change_set)
    (stack,) = cloudformation.describe_stacks(StackName="example")["Stacks"]
    assert (stack["StackStatus"], stack.get("StackStatusReason")) == ("IMPORT_COMPLETE", None)
    assert definition_of(account, "churn-2024-06-01") == before
    detection = cloudformation.detect_stack_drift(StackName="example")["StackDriftDetectionId"]
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    assert (status["DetectionStatus"], status["StackDriftStatus"]) == ("DETECTION_COMPLETE", "IN_SYNC")
    cloudformation.delete_stack(StackName="example")
    assert definition_of(account, "churn-2024-06-01") == before
    sagemaker.delete_model_quality_job_definition(JobDefinitionName="churn-2024-06-01")


def scheduled_definition(account: Account) -> str:
    """Return the name of the definition that the example's schedule runs."""
    schedule = account.client("sagemaker").describe_monitoring_schedule(MonitoringScheduleName="example-daily")
    return str(schedule["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"])


def events(account: Account) -> list[tuple[str, str]]:
    """Return logical id and status of each event of the stack's last operation, oldest first."""
    stack_events = account.client("cloudformation").describe_stack_events(StackName="example")["StackEvents"]
    start = next(
        number for number, event in enumerate(stack_events) if event.get("ResourceStatusReason") == "User Initiated"
    )
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(stack_events[:start])]


def update_stack(account: Account, template: dict[str, Any]) -> dict[str, Any]:
    """Update the stack to a template, and return the stack."""
    cloudformation = account.client("cloudformation")
    cloudformation.update_stack(
        StackName="example",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "UsePreviousValue": True} for key in template["Parameters"]],
    )
    stack: dict[str, Any] = cloudformation.describe_stacks(StackName="example")["Stacks"][0]
    return stack


def test_the_schedule_s_example_deploys_whole(account: Account) -> None:
    """The schedule runs the stack's definition by its name."""
    stack, resources = deploy(account, (EXAMPLES / "schedule.yaml").read_text())
    assert sorted(one["ResourceType"] for one in resources) == sorted([TYPE, "AWS::SageMaker::MonitoringSchedule"])
    (name,) = [output["OutputValue"] for output in stack["Outputs"]]
    assert scheduled_definition(account) == name
    definition = account.client("sagemaker").describe_model_quality_job_definition(JobDefinitionName=name)
    batch = definition["ModelQualityJobInput"]["BatchTransformInput"]
    assert (batch["DatasetFormat"], batch["ProbabilityThresholdAttribute"]) == ({"Csv": {"Header": True}}, 0.5)
    delete(account)


def test_a_replacement_moves_the_schedule_before_it_deletes_the_old_definition(account: Account) -> None:
    """The schedule moves before the old definition is deleted: SageMaker keeps a definition in use."""
    template = yaml_template("schedule.yaml")
    stack, _ = deploy(account, json.dumps(template))
    (old,) = [output["OutputValue"] for output in stack["Outputs"]]
    template["Resources"]["JobDefinition"]["Properties"]["RoleArn"] = "arn:aws:iam::123456789012:role/other"
    stack = update_stack(account, template)
    (new,) = [output["OutputValue"] for output in stack["Outputs"]]
    assert (stack["StackStatus"], scheduled_definition(account)) == ("UPDATE_COMPLETE", new)
    assert new != old
    assert [event for event in events(account) if event[1].endswith("COMPLETE")] == [
        ("JobDefinition", "UPDATE_COMPLETE"),
        ("Schedule", "UPDATE_COMPLETE"),
        ("JobDefinition", "DELETE_COMPLETE"),
        ("example", "UPDATE_COMPLETE"),
    ]
    remaining = account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"]
    assert [one["MonitoringJobDefinitionName"] for one in remaining] == [new]
    delete(account)


def test_a_failed_replacement_moves_the_schedule_back(account: Account) -> None:
    """The rollback moves the schedule to the old definition before it deletes the new one."""
    template = yaml_template("schedule.yaml")
    stack, _ = deploy(account, json.dumps(template))
    (old,) = [output["OutputValue"] for output in stack["Outputs"]]
    template["Resources"]["JobDefinition"]["Properties"]["RoleArn"] = "arn:aws:iam::123456789012:role/other"
    template["Resources"]["Broken"] = {
        "Type": "AWS::SageMaker::MonitoringSchedule",
        "DependsOn": "Schedule",
        "Properties": {
            "MonitoringScheduleName": "broken",
            "MonitoringScheduleConfig": {"MonitoringType": "ModelQuality", "MonitoringJobDefinitionName": "nowhere"},
        },
    }
    stack = update_stack(account, template)
    assert (stack["StackStatus"], scheduled_definition(account)) == ("UPDATE_ROLLBACK_COMPLETE", old)
    assert "there is no model quality job definition nowhere" in why(account.client("cloudformation"), "example")
    assert [event for event in events(account) if event[1].endswith("COMPLETE")] == [
        *[("JobDefinition", "UPDATE_COMPLETE"), ("Schedule", "UPDATE_COMPLETE")] * 2,
        ("Broken", "DELETE_COMPLETE"),
        ("JobDefinition", "DELETE_COMPLETE"),
        ("example", "UPDATE_ROLLBACK_COMPLETE"),
    ]
    remaining = account.client("sagemaker").list_model_quality_job_definitions()["JobDefinitionSummaries"]
    assert [one["MonitoringJobDefinitionName"] for one in remaining] == [old]
    delete(account)


@pytest.mark.parametrize(
    "name", sorted({str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.yaml")} - {"documentation.yaml"})
)
def test_cfn_lint_finds_nothing(name: str) -> None:
    """cfn-lint accepts the examples, except the documentation's, in which it rejects a key id."""
    assert [str(match) for match in lint_file(EXAMPLES / name)] == []


def test_both_notations_say_the_same() -> None:
    """The documentation's JSON and YAML examples are the same template."""
    as_json, as_yaml = ((EXAMPLES / f"documentation.{notation}").read_text() for notation in ("json", "yaml"))
    assert parse(as_json) == parse(as_yaml)


ELSEWHERE = {
    "monitors.yaml": "tests/sandbox/test_monitors.py",
    "registration.yaml": "tests/tools/publishing/test_registration_template.py",
    "contract-tests.yaml": "tools/publishing/stand_ins.py",  # `make prerequisites` and tests/tools/publishing deploy it
}


def by_change_set(account: Account, kind: str, template: str, team: str, **others: str) -> list[dict[str, Any]]:
    """Make and execute a change set of the stack called example, and return its changes."""
    cloudformation = account.client("cloudformation")
    change_set = cloudformation.create_change_set(
        StackName="example",
        ChangeSetName="deploy",
        ChangeSetType=kind,
        TemplateBody=template,
        Parameters=values(template, others),
        Tags=[{"Key": "team", "Value": team}],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )["Id"]
    described = cloudformation.describe_change_set(ChangeSetName=change_set)
    assert described["Status"] == "CREATE_COMPLETE", described.get("StatusReason")
    cloudformation.execute_change_set(ChangeSetName=change_set)
    (stack,) = cloudformation.describe_stacks(StackName="example")["Stacks"]
    assert stack["StackStatus"] == f"{kind}_COMPLETE", why(cloudformation, "example")
    return [change["ResourceChange"] for change in described["Changes"]]


@pytest.mark.parametrize("name", sorted({path.name for path in EXAMPLES.glob("*.yaml")} - {*ELSEWHERE}))
def test_change_sets_make_change_and_replace_every_example(account: Account, name: str) -> None:
    """As `aws cloudformation deploy` does it, each example is made, changed in place, and replaced by another role."""
    template = (EXAMPLES / name).read_text()
    made = by_change_set(account, "CREATE", template, "a")
    assert {change["Action"] for change in made} == {"Add"}
    changed = by_change_set(account, "UPDATE", template, "b")
    kinds = {change["ResourceType"]: change["Replacement"] for change in changed}
    # The documentation's example refers to an attribute of its endpoint, whose tags change, too.
    assert kinds[TYPE] == ("Conditional" if name == "documentation.yaml" else "False")
    if "RoleArn" in parse(template).members("Parameters"):
        replaced = by_change_set(account, "UPDATE", template, "b", RoleArn="arn:aws:iam::123456789012:role/other")
        kinds = {change["ResourceType"]: change["Replacement"] for change in replaced}
        assert kinds[TYPE] == "True"
    delete(account)


def of_the_guides() -> dict[str, dict[str, Any]]:
    """Return the templates of the guides that are no example, and those of the clients: with a resource Definition."""
    (step,) = re.findall(r"```yaml\n(.*?)```", (PROJECT / "guides/migrate.md").read_text(), re.DOTALL)
    kept = parse(f"Resources:\n{step}").resources["JobDefinition"]
    (snippet,) = re.findall(r"```python\nimport aws_cdk.*?```", (PROJECT / "guides/clients.md").read_text(), re.DOTALL)
    (text,) = re.findall(r"properties=(\{.*\}),\n\)\n", snippet, re.DOTALL)
    properties = ast.literal_eval(text)
    name = {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Definition"}]}]}
    plain = stage.template()
    other = {"Resources": {"Definition": {"Type": OWN_TYPE, "Properties": properties}}}
    return {
        "stage.py": plain,
        "sam.py": sam.written(),
        "migrate.md": {
            "Resources": {"Definition": kept | {"Properties": plain["Resources"]["Definition"]["Properties"]}}
        },
        "clients.md": other | {"Outputs": {"Name": {"Value": name}}},
    }


@pytest.mark.parametrize("name", sorted(of_the_guides()))
def test_templates_of_guides_and_clients_deploy_both_ways(account: Account, name: str) -> None:
    """Each is made by a stack; and made, changed in place and replaced by change sets."""
    template = of_the_guides()[name]
    properties = template["Resources"]["Definition"]["Properties"]
    deploy(account, json.dumps(template))
    account.client("cloudformation").delete_stack(StackName="example")
    steps: list[tuple[dict[str, Any], str]] = [
        ({}, "Add"),
        ({"EndpointName": "b"}, "False"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/other"}, "True"),
    ]
    for changes, expected in steps:
        properties |= changes
        kind = "CREATE" if expected == "Add" else "UPDATE"
        shown = by_change_set(account, kind, json.dumps(template), "a")
        (change,) = [one for one in shown if one["LogicalResourceId"] == "Definition"]
        assert expected in {change["Action"], change.get("Replacement")}
    account.client("cloudformation").delete_stack(StackName="example")
    client = account.client("sagemaker")
    left = client.list_model_quality_job_definitions()["JobDefinitionSummaries"]
    # What a template retains: that of the first stack, the replaced one, and the last one.
    assert len(left) == (3 if name == "migrate.md" else 0)
    for definition in left:
        client.delete_model_quality_job_definition(JobDefinitionName=definition["MonitoringJobDefinitionName"])


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.rglob("*.yaml")))
def test_every_example_is_deployed(name: str) -> None:
    """Every example has a test that deploys it."""
    source = (PROJECT / ELSEWHERE.get(name, "tests/sandbox/test_examples.py")).read_text()
    assert re.search(rf"[\"/]{re.escape(name)}\"", source.partition("\nELSEWHERE")[0])
