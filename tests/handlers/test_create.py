"""Tests of CREATE through the production entry point."""

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from aws_sagemaker_modelqualityjobdefinition import handlers, translation
from aws_sagemaker_modelqualityjobdefinition.runtime.limits import DEFAULTS
from tests.wires import Reply, Wire, call_until_done, create_definition, error_reply, invoke, json_reply, raising_reply
from tools.envelopes import ACCOUNT, REGION, STACK_ID, Json, arn, batch, event, maximal, minimal

URL = "https://api.sagemaker.eu-west-1.amazonaws.com/"


def test_a_definition_is_made_in_one_invocation_and_three_calls(wire: Wire) -> None:
    """CREATE sends every property except EndpointName, and returns what it sent plus what SageMaker adds."""
    answer = invoke("CREATE", maximal(), tags={"stage": "prod", "team": "platform"})

    assert wire.operations == ["CreateModelQualityJobDefinition", "DescribeModelQualityJobDefinition", "ListTags"]
    expected = maximal()
    expected.pop("EndpointName")
    tags = [{"Key": "stage", "Value": "prod"}, {"Key": "team", "Value": "fraud"}]
    assert wire.body("CreateModelQualityJobDefinition") == expected | {"Tags": tags}
    creation_time = answer["resourceModel"].pop("CreationTime")
    assert creation_time.endswith("+00:00")
    assert answer == {
        "status": "SUCCESS",
        "message": "",
        "callbackDelaySeconds": 0,
        "resourceModel": expected | {"Tags": tags, "JobDefinitionArn": arn("Fraud-Quality")},
    }


def test_defaults_that_sagemaker_fills_in_are_reported() -> None:
    """Without optional properties, the model has SageMaker's defaults and no nulls."""
    model = create_definition(minimal())
    expected = minimal()
    expected["ModelQualityJobInput"]["EndpointInput"] |= {
        "S3DataDistributionType": "FullyReplicated",
        "S3InputMode": "File",
    }
    name = model.pop("JobDefinitionName")
    assert model.pop("JobDefinitionArn") == arn(name)
    assert model.pop("CreationTime")
    assert model == expected | {"StoppingCondition": {"MaxRuntimeInSeconds": 3600}, "Tags": []}


def test_the_region_is_the_requests_and_the_credentials_are_the_callers(wire: Wire) -> None:
    """The library's session has no region, so CREATE sets it. The provider's credentials are for delivery only."""
    create_definition(minimal(), log_group="logs")
    assert set(wire.urls) == {URL}
    assert all(b"ASIACALLER" in bytes(str(headers["Authorization"]), "ascii") for headers in wire.headers)


def test_the_same_request_twice_makes_one_definition(wire: Wire) -> None:
    """CloudFormation can repeat a request; a generated name proves that the definition belongs to it."""
    first = create_definition(minimal())
    second = create_definition(minimal())
    assert first == second
    assert len(invoke("LIST", None)["resourceModels"]) == 1
    assert wire.operations.count("CreateModelQualityJobDefinition") == 2
    assert create_definition(minimal(), token="another")["JobDefinitionArn"] != first["JobDefinitionArn"]


def test_a_generated_name_whose_definition_is_another_is_taken() -> None:
    """CREATE reports AlreadyExists if the definition of its generated name has other properties."""
    create_definition(minimal())
    other = minimal() | {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}
    answer = invoke("CREATE", other)
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "AlreadyExists")
    assert "resourceModel" not in answer


def test_a_user_provided_name_that_is_taken_is_an_error_with_advice(wire: Wire) -> None:
    """CREATE doesn't adopt an equal definition, and returns no model: CloudFormation would delete what it names."""
    creation_time = create_definition(maximal())["CreationTime"]
    answer = invoke("CREATE", maximal(), token="another")
    assert answer["errorCode"] == "AlreadyExists"
    assert "resourceModel" not in answer
    assert "'Fraud-Quality' already exists" in answer["message"]
    assert "ResourceInUse" in answer["message"]
    assert "request id" in answer["message"]
    assert f"created at {creation_time[:19]}+00:00 and equals the request" in answer["message"]
    assert "delete the definition and try again, or import it into the stack" in answer["message"]
    assert wire.operations[3:] == [
        "CreateModelQualityJobDefinition",
        "DescribeModelQualityJobDefinition",
        "ListTags",
    ]


STACKS = [
    (
        STACK_ID,
        "It may be the one that this update replaces: CloudFormation creates the new definition before it deletes the "
        "old one, so change JobDefinitionName in the same update, or leave it out and have one generated. It was "
        "created at ",
        "If it isn't this stack's, choose another JobDefinitionName, or delete the definition if nobody needs it.",
    ),
    (
        None,
        "It was created at ",
        "so this request didn't create it. Choose another JobDefinitionName, or delete the definition first if nobody "
        "needs it.",
    ),
]


@pytest.mark.parametrize(("stack_id", "first", "then"), STACKS, ids=["stack", "Cloud Control"])
def test_a_taken_name_may_be_the_stacks_own_old_definition(stack_id: str | None, first: str, then: str) -> None:
    """In a stack, the message says first that the definition may be the replaced one. Cloud Control replaces none."""
    create_definition(maximal())
    other = maximal() | {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other"}
    message = invoke("CREATE", other, token="another", stack_id=stack_id)["message"]
    prefix = (
        "Resource of type 'AWS::SageMaker::ModelQualityJobDefinition' with identifier 'Fraud-Quality' already exists. "
    )
    assert message.startswith(prefix + first)
    assert "differs from the request in RoleArn" in message
    assert then in message
    assert ("update" in message) is (stack_id is not None)


FAILURES = [
    pytest.param(error_reply("ResourceNotFound"), "NotFound", id="lags"),
    pytest.param(error_reply("AccessDeniedException", "not allowed"), "AccessDenied", id="denied"),
    pytest.param(error_reply("ThrottlingException", "slow down"), "Throttling", id="throttled"),
    pytest.param(error_reply("InternalFailure", "sorry", 500), "ServiceInternalError", id="fails"),
    pytest.param(raising_reply(ConnectTimeoutError(endpoint_url=URL)), "NetworkFailure", id="unreachable"),
    pytest.param(raising_reply(ReadTimeoutError(endpoint_url=URL, error="slow")), "NetworkFailure", id="silent"),
    pytest.param(json_reply(200, {"JobDefinitionName": ["?"]}), "ServiceInternalError", id="garbled"),
]


@pytest.mark.parametrize("operation", ["DescribeModelQualityJobDefinition", "ListTags"])
@pytest.mark.parametrize("failure", [parameters.values[0] for parameters in FAILURES])
def test_nothing_orphans_a_definition_once_it_is_made(wire: Wire, operation: str, failure: Reply) -> None:
    """After an accepted Create, a failed read is retried, and every answer carries the model with its ARN."""
    wire.reply(operation, *[failure] * 40)
    first = invoke("CREATE", maximal())
    assert first["status"] == "IN_PROGRESS"
    assert first["resourceModel"]["JobDefinitionArn"] == arn("Fraud-Quality")
    assert first["callbackDelaySeconds"] == 1
    wire.forget_replies()
    answer, delays = call_until_done(first, "CREATE", maximal())
    assert answer["status"] == "SUCCESS"
    assert delays == [1]
    assert wire.operations.count("CreateModelQualityJobDefinition") == 1


@pytest.mark.parametrize(("failure", "code"), FAILURES)
def test_a_definition_that_stays_unreadable_fails_with_its_model_and_cause(
    wire: Wire, failure: Reply, code: str
) -> None:
    """The failed answer carries the model, because CloudFormation can only delete what an answer names."""
    wire.reply("DescribeModelQualityJobDefinition", *[failure] * 40)
    answer, delays = call_until_done(invoke("CREATE", maximal()), "CREATE", maximal())
    assert (answer["status"], answer["errorCode"]) == ("FAILED", code)
    assert answer["resourceModel"]["JobDefinitionArn"] == arn("Fraud-Quality")
    assert answer["message"]
    assert answer["callbackDelaySeconds"] == 0
    assert delays == [*DEFAULTS.checks.reads]


def test_a_defect_of_ours_does_not_orphan_a_definition_either(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After a defect in a read, the answer carries the model and the place in the code, but no values."""

    def broken(*_: object) -> None:
        secret = "s3cret"
        raise KeyError(secret.lower())

    monkeypatch.setattr(translation, "model", broken)
    answer, _ = call_until_done(invoke("CREATE", maximal()), "CREATE", maximal())
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "InternalFailure")
    assert "KeyError in broken, line" in answer["message"]
    assert "in broken" in caplog.text
    assert "s3cret" not in answer["message"] + caplog.text
    assert answer["resourceModel"]["JobDefinitionArn"] == arn("Fraud-Quality")


def test_tags_are_waited_for(wire: Wire) -> None:
    """CREATE waits until ListTags, which lags behind, reports the tags."""
    wire.reply(
        "ListTags", json_reply(200, {"Tags": []}), json_reply(200, {"Tags": [{"Key": "stage", "Value": "prod"}]})
    )
    first = invoke("CREATE", maximal(), tags={"stage": "prod"})
    answer, delays = call_until_done(first, "CREATE", maximal(), tags={"stage": "prod"})
    assert delays == [1, 2]
    assert {tag["Key"]: tag["Value"] for tag in answer["resourceModel"]["Tags"]} == {"stage": "prod", "team": "fraud"}
    assert wire.operations.count("CreateModelQualityJobDefinition") == 1


def test_tags_that_never_come_are_not_stabilized(wire: Wire) -> None:
    """CREATE waits a minute for the tags, then fails with NotStabilized and names the definition."""
    wire.reply("ListTags", *[json_reply(200, {"Tags": []})] * 20)
    answer, delays = call_until_done(invoke("CREATE", maximal()), "CREATE", maximal())
    assert answer["errorCode"] == "NotStabilized"
    assert "did not report the tags within 60 seconds" in answer["message"]
    assert answer["resourceModel"]["JobDefinitionArn"] == arn("Fraud-Quality")
    assert sum(delays) == 60


def test_tags_of_aws_are_never_sent(wire: Wire) -> None:
    """CREATE drops the tags that CloudFormation adds to the stack's: only AWS can set aws: keys."""
    create_definition(minimal(), tags={"aws:cloudformation:stack-id": "x", "AWS:thing": "y", "stage": "prod"})
    assert wire.body("CreateModelQualityJobDefinition")["Tags"] == [{"Key": "stage", "Value": "prod"}]


@pytest.mark.parametrize(
    ("tags", "stack", "words"),
    [
        ([{"Key": "aws:x", "Value": "1"}], {}, "reserved"),
        ([{"Key": "Aws:x", "Value": "1"}], {}, "reserved"),
        ([{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], {}, "more than once"),
        ([{"Key": "own", "Value": "1"}], {f"k{n}": "v" for n in range(50)}, "51 tags, 1 of the Tags property and 50"),
    ],
)
def test_tags_that_can_not_be_set_are_refused_at_once(
    wire: Wire, tags: list[Json], stack: dict[str, str], words: str
) -> None:
    """CREATE explains what is wrong with the tags, and doesn't call SageMaker."""
    answer = invoke("CREATE", minimal() | {"Tags": tags}, tags=stack)
    assert answer["errorCode"] == "InvalidRequest"
    assert words in answer["message"]
    assert wire.requests == []


def test_fifty_tags_are_not_too_many() -> None:
    """A tag that overrides a stack tag counts once towards the limit of 50."""
    stack = {f"k{n}": "v" for n in range(50)}
    model = create_definition(minimal() | {"Tags": [{"Key": "k0", "Value": "mine"}]}, tags=stack)
    assert {tag["Key"]: tag["Value"] for tag in model["Tags"]} == stack | {"k0": "mine"}


@pytest.mark.parametrize("empty", [{"Csv": {}}, {"Json": {}}])
def test_an_empty_format_reaches_sagemaker_and_comes_back(wire: Wire, empty: Json) -> None:
    """CREATE keeps an empty Csv or Json, which the generated models lose."""
    model = create_definition(batch(empty))
    batch_input = wire.body("CreateModelQualityJobDefinition")["ModelQualityJobInput"]["BatchTransformInput"]
    assert batch_input["DatasetFormat"] == empty
    assert model["ModelQualityJobInput"]["BatchTransformInput"]["DatasetFormat"] == empty


def test_an_empty_network_config_reaches_sagemaker_and_comes_back(wire: Wire) -> None:
    """Losing `NetworkConfig: {}` causes an endless difference, which stopped Terraform's pull request 31464."""
    model = create_definition(minimal() | {"NetworkConfig": {}})
    assert wire.body("CreateModelQualityJobDefinition")["NetworkConfig"] == {}
    assert model["NetworkConfig"] == {}


def test_parquet_is_true_for_us_and_an_empty_structure_for_sagemaker(wire: Wire) -> None:
    """Parquet is the only property whose value differs between the schema and SageMaker's API."""
    model = create_definition(batch({"Parquet": True}))
    batch_input = wire.body("CreateModelQualityJobDefinition")["ModelQualityJobInput"]["BatchTransformInput"]
    assert batch_input["DatasetFormat"] == {"Parquet": {}}
    assert model["ModelQualityJobInput"]["BatchTransformInput"]["DatasetFormat"] == {"Parquet": True}


def test_parquet_false_alone_names_no_format(wire: Wire) -> None:
    """The handler refuses `Parquet: false` alone, because the schema can't and SageMaker would get no format."""
    answer = invoke("CREATE", batch({"Parquet": False}))
    assert answer["errorCode"] == "InvalidRequest"
    assert "must name a format" in answer["message"]
    assert wire.requests == []


def test_numbers_and_booleans_may_come_as_strings(wire: Wire) -> None:
    """CREATE converts the strings that CloudFormation sends for numbers and booleans."""
    properties = maximal()
    properties["JobResources"]["ClusterConfig"] |= {"InstanceCount": "2", "VolumeSizeInGB": "50"}
    properties["StoppingCondition"]["MaxRuntimeInSeconds"] = "2000"
    properties["NetworkConfig"] |= {
        "EnableInterContainerTrafficEncryption": "true",
        "EnableNetworkIsolation": "False",
    }
    properties["ModelQualityJobInput"]["EndpointInput"]["ProbabilityThresholdAttribute"] = "0.8"
    create_definition(properties)
    expected = maximal()
    expected.pop("EndpointName")
    assert wire.body("CreateModelQualityJobDefinition") == expected


def _properties_with(path: str, value: Any) -> Json:  # noqa: ANN401 - any JSON
    properties = maximal()
    *parents, last = path.split("/")
    target = properties
    for parent in parents:
        target = target[parent]
    target[last] = value
    return properties


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("Surprise", "s3cret", "Surprise is not a property"),
        ("JobResources/ClusterConfig/Surprise", "s3cret", "JobResources/ClusterConfig/Surprise is not a property"),
        ("JobResources", "s3cret", "JobResources must be an object"),
        ("JobResources/ClusterConfig/InstanceCount", "s3cret", "InstanceCount must be a whole number"),
        ("JobResources/ClusterConfig/InstanceCount", 1.5, "InstanceCount must be a whole number"),
        ("JobResources/ClusterConfig/InstanceCount", True, "InstanceCount must be a whole number"),
        ("JobResources/ClusterConfig/InstanceType", {"s3cret": 1}, "InstanceType must be a string"),
        ("NetworkConfig/EnableNetworkIsolation", "s3cret", "EnableNetworkIsolation must be true or false"),
        ("ModelQualityJobInput/EndpointInput/ProbabilityThresholdAttribute", "s3cret", "must be a number"),
        ("ModelQualityJobInput/EndpointInput/ProbabilityThresholdAttribute", "nan", "must be a number"),
        ("ModelQualityJobInput/EndpointInput/ProbabilityThresholdAttribute", "-Infinity", "must be a number"),
        ("ModelQualityAppSpecification/Environment", ["s3cret"], "Environment must be an object"),
        ("ModelQualityAppSpecification/ContainerArguments", "s3cret", "ContainerArguments must be a list"),
        ("ModelQualityAppSpecification/Environment", {"A": ["s3cret"]}, "Environment/A must be a string"),
    ],
)
def test_a_property_of_another_shape_is_named_and_its_value_is_not(
    wire: Wire, path: str, value: object, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """InvalidRequest names the property and not its value, which can be a secret."""
    answer = invoke("CREATE", _properties_with(path, value))
    assert answer["errorCode"] == "InvalidRequest"
    assert words in answer["message"]
    assert "s3cret" not in answer["message"] + caplog.text
    assert wire.requests == []


def test_values_that_templates_leave_as_json_become_strings(wire: Wire) -> None:
    """Environment variables that a template sets to true or 3 become strings; a null property is left out."""
    create_definition(
        _properties_with("ModelQualityAppSpecification/Environment", {"FLAG": True, "LEVEL": 3, "RATE": 0.5})
        | {"NetworkConfig": None}
    )
    request = wire.body("CreateModelQualityJobDefinition")
    assert request["ModelQualityAppSpecification"]["Environment"] == {"FLAG": "true", "LEVEL": "3", "RATE": "0.5"}
    assert "NetworkConfig" not in request


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (error_reply("ValidationException", "1 validation error"), "InvalidRequest", "1 validation error"),
        (error_reply("ConflictException", "busy"), "ResourceConflict", "busy"),
        (error_reply("ResourceLimitExceeded", "no more"), "ServiceLimitExceeded", "no more"),
        (error_reply("AccessDeniedException", "iam:PassRole"), "AccessDenied", "iam:PassRole"),
        (error_reply("ExpiredTokenException", "expired"), "InvalidCredentials", "expired"),
    ],
)
def test_a_refusal_has_sagemakers_message(wire: Wire, reply: Reply, code: str, words: str) -> None:
    """The message, which a stack event shows, has AWS's text, the operation, the error code and the request id."""
    wire.reply("CreateModelQualityJobDefinition", reply)
    answer = invoke("CREATE", minimal())
    assert (answer["status"], answer["errorCode"]) == ("FAILED", code)
    assert words in answer["message"]
    assert "SageMaker CreateModelQualityJobDefinition" in answer["message"]
    assert "request id request-1" in answer["message"]
    assert "resourceModel" not in answer


def test_without_credentials_the_cause_is_named() -> None:
    """A type registered with --no-role gets no credentials, and the message says so."""
    request = event("CREATE", minimal())
    request["requestData"]["callerCredentials"] = None
    answer = handlers.resource(request, None)
    assert answer["errorCode"] == "InvalidCredentials"
    assert "without an execution role" in answer["message"]


def test_without_properties_there_is_nothing_to_create() -> None:
    """CREATE without properties is an InvalidRequest."""
    answer = invoke("CREATE", None)
    assert answer["errorCode"] == "InvalidRequest"
    assert "no properties" in answer["message"]


def test_outside_of_stacks_a_name_is_generated_too() -> None:
    """CREATE generates a name without a stack id: Cloud Control and `cfn test` send a token as the logical id."""
    model = create_definition(minimal(), stack_id=None, logical_id="5F8A_token")
    assert model["JobDefinitionName"].startswith("5f8a-token-")
    assert model["JobDefinitionArn"] == arn(model["JobDefinitionName"], REGION, ACCOUNT)


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"Attempt": 1}, "callbackContext doesn't come from an answer of this resource type."),
        (
            {"Attempt": 1, "Arn": arn("other"), "Outcome": "Made"},
            "callbackContext is about another definition than the properties.",
        ),
    ],
)
@pytest.mark.parametrize("has_arn", [True, False])
def test_a_context_that_is_no_knowledge_is_refused(
    wire: Wire,
    context: Json,
    message: str,
    has_arn: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Nothing is created on its word; the failure has the event's model if that names a definition."""
    state = minimal() | ({"JobDefinitionArn": arn("fraud")} if has_arn else {})
    answer = invoke("CREATE", state, context=context)
    assert (answer["status"], answer["errorCode"], answer["message"]) == ("FAILED", "InvalidRequest", message)
    assert answer.get("resourceModel") == (state if has_arn else None)
    assert wire.operations == []
