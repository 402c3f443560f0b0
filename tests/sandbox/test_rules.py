"""SageMaker's rules on moto, tested through boto3 in this process: at least one test for each rule."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from tools.sagemaker.rules import Fault, rules

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-quality-job-definition"
ENDPOINT_INPUT = {"EndpointName": "forecasts", "LocalPath": "/opt/ml/processing/input"}
BATCH_INPUT = {
    "DataCapturedDestinationS3Uri": "s3://bucket/captured",
    "DatasetFormat": {"Csv": {}},
    "LocalPath": "/opt/ml/processing/input",
}
GROUND_TRUTH = {"GroundTruthS3Input": {"S3Uri": "s3://bucket/truth"}}
DEFAULTS = {"S3DataDistributionType": "FullyReplicated", "S3InputMode": "File"}

Client = Any  # boto3 creates client classes at run time


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run moto in this process, without the user's AWS configuration."""
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with mock_aws():
        yield


@pytest.fixture
def sagemaker() -> Iterator[Client]:
    """Yield a client, with the default rules."""
    with rules():
        yield client()


def client() -> Client:
    """Return a client that makes one attempt a call, so that tests see faults."""
    return boto3.client("sagemaker", "us-east-1", config=Config(retries={"total_max_attempts": 1}))


def request(name: str = "definition", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - members of a request
    """Return a Create request with the required members, and these members replaced."""
    return {
        "JobDefinitionName": name,
        "ModelQualityAppSpecification": {"ImageUri": "image", "ProblemType": "Regression"},
        "ModelQualityJobInput": {"EndpointInput": ENDPOINT_INPUT, **GROUND_TRUTH},
        "ModelQualityJobOutputConfig": {
            "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://bucket/output", "LocalPath": "/output"}}]
        },
        "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}},
        "RoleArn": "arn:aws:iam::123456789012:role/monitoring",
        **changes,
    }


def create(sagemaker: Client, name: str = "definition", **changes: Any) -> str:  # noqa: ANN401 - members of a request
    """Create a definition and return its ARN."""
    return str(sagemaker.create_model_quality_job_definition(**request(name, **changes))["JobDefinitionArn"])


def describe(sagemaker: Client, name: str = "definition") -> dict[str, Any]:
    """Return a definition's description, without the transport's metadata."""
    answer = sagemaker.describe_model_quality_job_definition(JobDefinitionName=name)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def tags_of(sagemaker: Client, arn: str) -> dict[str, str]:
    """Return a definition's tags from ListTags."""
    return {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}


def tags(**pairs: str) -> list[dict[str, str]]:
    """Return tags in the API's format."""
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def schedule(sagemaker: Client, definition: str, name: str = "hourly", kind: str = "ModelQuality") -> str:
    """Create a schedule of a definition and return its ARN."""
    config = {
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        "MonitoringJobDefinitionName": definition,
        "MonitoringType": kind,
    }
    answer = sagemaker.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)
    return str(answer["MonitoringScheduleArn"])


def refusal(call: Callable[..., object], /, **arguments: Any) -> tuple[str, int]:  # noqa: ANN401 - members of a request
    """Return a refusal's error code and HTTP status; check that it has a message and a request id."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    answer = refused.value.response
    assert answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["RequestId"]
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


class TestDescription:
    """Describe returns the request's members and what SageMaker adds."""

    def test_the_defaults_are_added(self, sagemaker: Client) -> None:
        """Describe adds the defaults, the ARN and the creation time."""
        create(sagemaker)
        description = describe(sagemaker)
        assert description.pop("CreationTime").tzinfo is not None
        expected = request(StoppingCondition={"MaxRuntimeInSeconds": 3600}, JobDefinitionArn=f"{ARN}/definition")
        expected["ModelQualityJobInput"] = {"EndpointInput": ENDPOINT_INPUT | DEFAULTS, **GROUND_TRUTH}
        assert description == expected

    def test_what_was_given_wins_over_the_defaults(self, sagemaker: Client) -> None:
        """A value in the request wins over its default."""
        given = {"S3DataDistributionType": "ShardedByS3Key", "S3InputMode": "Pipe"}
        create(
            sagemaker,
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            ModelQualityJobInput={"EndpointInput": ENDPOINT_INPUT | given, **GROUND_TRUTH},
        )
        description = describe(sagemaker)
        assert description["StoppingCondition"] == {"MaxRuntimeInSeconds": 60}
        assert description["ModelQualityJobInput"]["EndpointInput"] == ENDPOINT_INPUT | given

    @pytest.mark.parametrize("dataset_format", [{"Csv": {}}, {"Json": {"Line": True}}, {"Parquet": {}}])
    def test_batch_transform_input_with_its_empty_structures(
        self, sagemaker: Client, dataset_format: dict[str, Any]
    ) -> None:
        """Batch transform input keeps its empty structures, which mean something; moto knows endpoints only."""
        source = BATCH_INPUT | {"DatasetFormat": dataset_format}
        create(sagemaker, ModelQualityJobInput={"BatchTransformInput": source, **GROUND_TRUTH}, NetworkConfig={})
        description = describe(sagemaker)
        assert description["ModelQualityJobInput"] == {"BatchTransformInput": source | DEFAULTS, **GROUND_TRUTH}
        assert description["NetworkConfig"] == {}

    def test_all_the_rest_comes_back_as_given(self, sagemaker: Client) -> None:
        """Keys of Environment keep their case, numbers stay numbers, and lists keep their order."""
        given = request(
            ModelQualityAppSpecification={
                "ImageUri": "image",
                "ProblemType": "Regression",
                "ContainerEntrypoint": ["b", "a"],
                "Environment": {"UPPER": "1", "lower": "", "Mixed_Case": "x y"},
            },
            ModelQualityJobInput={
                "EndpointInput": ENDPOINT_INPUT | DEFAULTS | {"ProbabilityThresholdAttribute": 0.8},
                **GROUND_TRUTH,
            },
            ModelQualityBaselineConfig={"ConstraintsResource": {}},
            NetworkConfig={"EnableNetworkIsolation": False},
            StoppingCondition={"MaxRuntimeInSeconds": 1},
        )
        create(sagemaker, **given | {"name": given.pop("JobDefinitionName")})
        description = describe(sagemaker)
        assert {key: description[key] for key in given} == given

    def test_a_request_is_not_changed_afterwards(self, sagemaker: Client) -> None:
        """A client that changes an answer doesn't change the definition."""
        create(sagemaker)
        describe(sagemaker)["RoleArn"] = "changed"
        assert describe(sagemaker)["RoleArn"] == request()["RoleArn"]


class TestName:
    """Names keep their case and are found in any case; ARNs are lower-case."""

    def test_case(self, sagemaker: Client) -> None:
        """Describe finds a name in any case, and returns it in its original case."""
        assert create(sagemaker, "Mixed-Case") == f"{ARN}/mixed-case"
        description = describe(sagemaker, "mIXED-cASE")
        assert (description["JobDefinitionName"], description["JobDefinitionArn"]) == (
            "Mixed-Case",
            f"{ARN}/mixed-case",
        )

    @pytest.mark.parametrize(("first", "second"), [("Mixed-Case", "mixed-case"), ("mixed-case", "Mixed-Case")])
    def test_a_name_is_taken_in_any_case(self, sagemaker: Client, first: str, second: str) -> None:
        """A name that exists in another case is refused with ResourceInUse, Create's error in the API model."""
        create(sagemaker, first)
        refused = refusal(sagemaker.create_model_quality_job_definition, **request(second))
        assert refused == ("ResourceInUse", 400)

    def test_a_deleted_name_is_free(self, sagemaker: Client) -> None:
        """Delete finds a name in any case, and the name is free afterwards."""
        create(sagemaker, "Mixed-Case")
        sagemaker.delete_model_quality_job_definition(JobDefinitionName="mixed-case")
        create(sagemaker, "mixed-case")
        assert describe(sagemaker, "mixed-case")["JobDefinitionName"] == "mixed-case"

    def test_a_name_is_taken_in_its_own_region_only(self, sagemaker: Client) -> None:
        """A name is taken in one region only."""
        create(sagemaker)
        elsewhere = boto3.client("sagemaker", "eu-west-1")
        assert create(elsewhere) == f"{ARN}/definition".replace("us-east-1", "eu-west-1")

    @pytest.mark.parametrize("operation", ["describe", "delete"])
    def test_a_missing_definition_is_not_found(self, sagemaker: Client, operation: str) -> None:
        """A missing definition is ResourceNotFound, the error of Describe and Delete in the API model."""
        call = getattr(sagemaker, f"{operation}_model_quality_job_definition")
        assert refusal(call, JobDefinitionName="missing") == ("ResourceNotFound", 400)


class TestValidation:
    """The service checks all constraints of the API model; botocore checks only some."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"JobDefinitionName": "-name"},
            {"JobDefinitionName": "name-"},
            {"JobDefinitionName": "na_me"},
            {"JobDefinitionName": "n" * 64},
            {"RoleArn": "arn:aws:iam::12:role/not-twelve-digits"},
            {"StoppingCondition": {"MaxRuntimeInSeconds": 86401}},
            {"ModelQualityAppSpecification": {"ImageUri": "image", "ProblemType": "Clustering"}},
            {"ModelQualityAppSpecification": {"ImageUri": "image", "Environment": {"a-b": "c"}}},
            {"ModelQualityAppSpecification": {"ImageUri": "image", "Environment": {"a": "c" * 257}}},
            {"ModelQualityAppSpecification": {"ImageUri": "image", "Environment": {f"k{n}": "" for n in range(51)}}},
            {"ModelQualityAppSpecification": {"ImageUri": "image", "ContainerArguments": ["a"] * 51}},
            {"JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "none", "VolumeSizeInGB": 20}}},
            {"Tags": tags(**{"bad*key": "x"})},
        ],
    )
    def test_what_the_model_rules_out_is_refused(self, sagemaker: Client, changes: dict[str, Any]) -> None:
        """A violated constraint is a ValidationException, and nothing is created."""
        refused = refusal(sagemaker.create_model_quality_job_definition, **request() | changes)
        assert refused == ("ValidationException", 400)
        assert sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []

    def test_what_is_required_is_required(self) -> None:
        """A missing required member is refused even if the client doesn't check it."""
        unchecked = boto3.client("sagemaker", "us-east-1", config=Config(parameter_validation=False))
        with rules():
            assert refusal(unchecked.create_model_quality_job_definition, JobDefinitionName="name") == (
                "ValidationException",
                400,
            )

    def test_every_failure_is_reported(self, sagemaker: Client) -> None:
        """The message counts all violations and names member and constraint, in the service's words."""
        with pytest.raises(ClientError) as refused:
            create(sagemaker, "-name", RoleArn="arn:aws:iam::12:role/not-twelve-digits")
        message = refused.value.response["Error"]["Message"]
        assert message.startswith(
            "2 validation errors detected: Value '-name' at 'JobDefinitionName' failed to satisfy"
        )
        assert (
            "at 'RoleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:" in message
        )

    def test_letters_of_any_language_are_fine_in_tags(self, sagemaker: Client) -> None:
        r"""Tags can have letters of any language: the model's pattern has \p{L}, which Python's re lacks."""
        arn = create(sagemaker, Tags=tags(Équipe="Zürich données 東京"))
        assert tags_of(sagemaker, arn) == {"Équipe": "Zürich données 東京"}


class TestTags:
    """Tags are read and changed by ARN, are limited in number, and can lag."""

    def test_life(self, sagemaker: Client) -> None:
        """Tags are added, changed and deleted; AddTags returns all tags."""
        arn = create(sagemaker, Tags=tags(a="1", b="2"))
        assert sagemaker.add_tags(ResourceArn=arn, Tags=tags(b="3", c="4"))["Tags"] == tags(a="1", b="3", c="4")
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a", "never-there"])
        assert tags_of(sagemaker, arn) == {"b": "3", "c": "4"}

    def test_the_arn_is_taken_in_any_case(self, sagemaker: Client) -> None:
        """ListTags accepts an ARN in any case, because callers build ARNs from names, which keep their case."""
        create(sagemaker, "Mixed-Case", Tags=tags(a="1"))
        assert tags_of(sagemaker, f"{ARN}/Mixed-Case") == {"a": "1"}

    @pytest.mark.parametrize("arn", [f"{ARN}/missing", f"{ARN}/definition".replace("123456789012", "210987654321")])
    def test_an_arn_of_nothing_is_refused(self, sagemaker: Client, arn: str) -> None:
        """The ARN of a missing definition or of another account is refused."""
        create(sagemaker)
        assert refusal(sagemaker.list_tags, ResourceArn=arn) == ("ValidationException", 400)
        assert refusal(sagemaker.add_tags, ResourceArn=arn, Tags=tags(a="1")) == ("ValidationException", 400)
        assert refusal(sagemaker.delete_tags, ResourceArn=arn, TagKeys=["a"]) == ("ValidationException", 400)

    def test_aws_keys_and_repeated_keys_are_refused(self, sagemaker: Client) -> None:
        """Create and AddTags refuse aws: keys and repeated keys, and change nothing."""
        arn = create(sagemaker)
        for wrong in (tags(**{"aws:x": "1"}), tags(**{"AWS:x": "1"}), [*tags(a="1"), *tags(a="2")]):
            refused = refusal(sagemaker.create_model_quality_job_definition, **request("other", Tags=wrong))
            assert refused == ("ValidationException", 400)
            assert refusal(sagemaker.add_tags, ResourceArn=arn, Tags=wrong) == ("ValidationException", 400)
        assert tags_of(sagemaker, arn) == {}

    def test_fifty_tags_at_most(self, sagemaker: Client) -> None:
        """A definition has at most 50 tags, from one request or several; a new value adds no tag."""
        fifty = {f"key-{number}": "value" for number in range(50)}
        refused = refusal(
            sagemaker.create_model_quality_job_definition, **request("other", Tags=tags(**fifty, more="1"))
        )
        assert refused == ("ValidationException", 400)
        arn = create(sagemaker, Tags=tags(**fifty))
        sagemaker.add_tags(ResourceArn=arn, Tags=tags(**{"key-7": "another"}))
        assert refusal(sagemaker.add_tags, ResourceArn=arn, Tags=tags(more="1")) == ("ValidationException", 400)
        assert tags_of(sagemaker, arn) == fifty | {"key-7": "another"}

    def test_the_lag_is_off_unless_asked_for(self, sagemaker: Client) -> None:
        """Without a lag, ListTags shows a change at once."""
        assert tags_of(sagemaker, create(sagemaker, Tags=tags(a="1"))) == {"a": "1"}

    def test_the_lag_counts_answers_behind_each_change(self) -> None:
        """With a lag of two, ListTags returns two old answers after each Create, AddTags or DeleteTags."""
        with rules(tag_lag=2):
            lagging = client()
            arn = create(lagging, Tags=tags(a="1"))
            assert [tags_of(lagging, arn) for _ in range(4)] == [{}, {}, {"a": "1"}, {"a": "1"}]
            lagging.add_tags(ResourceArn=arn, Tags=tags(b="2"))
            lagging.delete_tags(ResourceArn=arn, TagKeys=["a"])
            assert [tags_of(lagging, arn) for _ in range(3)] == [{"a": "1"}, {"a": "1"}, {"b": "2"}]

    def test_other_resources_keep_motos_own_tags(self, sagemaker: Client) -> None:
        """The rules apply to definitions; moto tags a model as before."""
        arn = sagemaker.create_model(ModelName="model", ExecutionRoleArn=request()["RoleArn"], Tags=tags(a="1"))[
            "ModelArn"
        ]
        sagemaker.add_tags(ResourceArn=arn, Tags=tags(b="2"))
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
        assert tags_of(sagemaker, arn) == {"b": "2"}


class TestList:
    """Definitions are listed in pages, for all endpoints or for one."""

    def test_pages(self, sagemaker: Client) -> None:
        """Each definition appears once, the newest first (model), and the last page has no token."""
        for number in range(5):
            create(sagemaker, f"Definition-{number}")
        pages = list(
            sagemaker.get_paginator("list_model_quality_job_definitions").paginate(PaginationConfig={"PageSize": 2})
        )
        assert [len(page["JobDefinitionSummaries"]) for page in pages] == [2, 2, 1]
        assert "NextToken" not in pages[-1]
        summaries = [summary for page in pages for summary in page["JobDefinitionSummaries"]]
        assert [summary["MonitoringJobDefinitionName"] for summary in summaries] == [
            f"Definition-{n}" for n in reversed(range(5))
        ]
        assert [summary["MonitoringJobDefinitionArn"] for summary in summaries] == [
            f"{ARN}/definition-{n}" for n in reversed(range(5))
        ]

    def test_endpoint(self, sagemaker: Client) -> None:
        """EndpointName filters the list; a definition for batch transform has no endpoint."""
        create(sagemaker, "one")
        other = {"EndpointInput": ENDPOINT_INPUT | {"EndpointName": "other"}, **GROUND_TRUTH}
        create(sagemaker, "two", ModelQualityJobInput=other)
        create(sagemaker, "three", ModelQualityJobInput={"BatchTransformInput": BATCH_INPUT, **GROUND_TRUTH})
        (summary,) = sagemaker.list_model_quality_job_definitions(EndpointName="other")["JobDefinitionSummaries"]
        assert (summary["MonitoringJobDefinitionName"], summary["EndpointName"]) == ("two", "other")
        assert len(sagemaker.list_model_quality_job_definitions()["JobDefinitionSummaries"]) == 3

    def test_a_token_of_another_list_is_refused(self, sagemaker: Client) -> None:
        """An unknown token is a ValidationException."""
        refused = refusal(sagemaker.list_model_quality_job_definitions, NextToken="never-given")
        assert refused == ("ValidationException", 400)

    def test_a_hundred_a_page_at_most(self, sagemaker: Client) -> None:
        """MaxResults over 100, the API model's limit, is refused."""
        refused = refusal(sagemaker.list_model_quality_job_definitions, MaxResults=101)
        assert refused == ("ValidationException", 400)


class TestSchedule:
    """A schedule locks its definition against deletion."""

    def test_the_lock(self, sagemaker: Client) -> None:
        """The lock holds until the schedule is deleted, even if it names the definition in another case."""
        create(sagemaker, "Definition")
        create(sagemaker, "other")
        schedule(sagemaker, "dEFINITION")
        refused = refusal(sagemaker.delete_model_quality_job_definition, JobDefinitionName="definition")
        assert refused == ("ResourceInUse", 400)
        sagemaker.delete_model_quality_job_definition(JobDefinitionName="other")
        sagemaker.delete_monitoring_schedule(MonitoringScheduleName="HOURLY")
        sagemaker.delete_model_quality_job_definition(JobDefinitionName="definition")

    def test_a_schedule_is_described_and_listed(self, sagemaker: Client) -> None:
        """A schedule is described and listed with its definition, and names are found in any case."""
        create(sagemaker)
        create(sagemaker, "other")
        arn = schedule(sagemaker, "definition", "Hourly")
        schedule(sagemaker, "other", "daily")
        description = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="hourly")
        assert (description["MonitoringScheduleName"], description["MonitoringScheduleArn"]) == ("Hourly", arn)
        assert description["MonitoringScheduleStatus"] == "Scheduled"
        assert description["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"] == "definition"
        listed = sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"]
        assert [summary["MonitoringScheduleName"] for summary in listed] == ["daily", "Hourly"]
        (only,) = sagemaker.list_monitoring_schedules(MonitoringJobDefinitionName="Definition")[
            "MonitoringScheduleSummaries"
        ]
        assert (only["MonitoringScheduleArn"], only["MonitoringJobDefinitionName"]) == (arn, "definition")

    def test_what_can_not_be_scheduled(self, sagemaker: Client) -> None:
        """A taken name, a missing definition, one of another monitor, and a missing schedule are refused."""
        create(sagemaker)
        schedule(sagemaker, "definition")
        config = {"MonitoringJobDefinitionName": "definition", "MonitoringType": "ModelQuality"}
        for name, wrong, code in (
            ("HOURLY", {}, "ResourceInUse"),
            ("new", {"MonitoringJobDefinitionName": "missing"}, "ResourceNotFound"),
            ("new", {"MonitoringType": "DataQuality"}, "ResourceNotFound"),
        ):
            refused = refusal(
                sagemaker.create_monitoring_schedule,
                MonitoringScheduleName=name,
                MonitoringScheduleConfig=config | wrong,
            )
            assert refused == (code, 400)
        for operation in (sagemaker.describe_monitoring_schedule, sagemaker.delete_monitoring_schedule):
            assert refusal(operation, MonitoringScheduleName="missing") == ("ResourceNotFound", 400)


class TestFaults:
    """Faults make chosen calls fail."""

    def test_the_call_that_was_named_fails(self) -> None:
        """A fault makes the calls with its numbers fail, with its code and status; other calls succeed."""
        with rules(faults=[Fault("DescribeModelQualityJobDefinition", "ThrottlingException", 400, calls=(2, 3))]):
            faulty = client()
            create(faulty)
            describe(faulty)
            for _ in range(2):
                refused = refusal(faulty.describe_model_quality_job_definition, JobDefinitionName="definition")
                assert refused == ("ThrottlingException", 400)
            describe(faulty)

    def test_a_request_that_is_refused_does_nothing(self) -> None:
        """A fault before the operation prevents it."""
        with rules(faults=[Fault("CreateModelQualityJobDefinition")]):
            faulty = client()
            refused = refusal(faulty.create_model_quality_job_definition, **request())
            assert refused == ("InternalFailure", 500)
            assert faulty.list_model_quality_job_definitions()["JobDefinitionSummaries"] == []

    def test_an_answer_that_is_lost_leaves_its_work_done(self) -> None:
        """A fault after the operation loses only the answer: the definition exists."""
        with rules(faults=[Fault("CreateModelQualityJobDefinition", status=503, after=True)]):
            faulty = client()
            refused = refusal(faulty.create_model_quality_job_definition, **request())
            assert refused == ("InternalFailure", 503)
            assert describe(faulty)["JobDefinitionName"] == "definition"


def test_the_rules_end_with_their_block() -> None:
    """After the rules end, moto is unchanged; new rules start without the old faults."""
    with rules(faults=[Fault("ListTags")]):
        pass
    plain = client()
    arn = create(plain, "Mixed-Case")
    assert arn == f"{ARN}/Mixed-Case"
    assert "StoppingCondition" not in describe(plain, "Mixed-Case")
    with rules():
        assert create(plain, "Another") == f"{ARN}/another"
