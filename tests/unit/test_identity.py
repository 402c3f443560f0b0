"""Generated names, and the names that follow from a request's identifiers."""

import json
import re

import pytest
from cloudformation_cli_python_lib.exceptions import InvalidRequest, NotFound
from hypothesis import given
from hypothesis import strategies as st

from aws_sagemaker_modelqualityjobdefinition import identity
from aws_sagemaker_modelqualityjobdefinition.models import ResourceModel
from tools.envelopes import ACCOUNT, REGION, ROOT, STACK_ID, arn

# SageMaker's own rule (botocore, MonitoringJobDefinitionName), in lower case.
PATTERN = re.compile(r"[a-z0-9](-*[a-z0-9]){0,62}", re.ASCII)

stack_ids = st.none() | st.text() | st.builds("arn:aws:cloudformation:r:1:stack/{}/{}".format, st.text(), st.uuids())


def test_the_identifiers_are_the_schemas() -> None:
    """What an answer is cut down to, if it is too large, is what the schema calls identifiers."""
    schema = json.loads((ROOT / "aws-sagemaker-modelqualityjobdefinition.json").read_text())
    pointers = [*schema["primaryIdentifier"], *(one for several in schema["additionalIdentifiers"] for one in several)]
    assert [f"/properties/{name}" for name in identity.IDENTIFIERS] == pointers


@given(stack_ids, st.none() | st.text(), st.text())
def test_a_generated_name_is_always_one_that_sagemaker_takes(
    stack_id: str | None, logical_id: str | None, token: str
) -> None:
    """SageMaker accepts every generated name: without a stack, with odd characters, of parts of any length."""
    name = identity.generated_name(stack_id, logical_id, token)
    assert PATTERN.fullmatch(name)
    assert len(name) <= identity.NAME_LENGTH
    assert name == identity.generated_name(stack_id, logical_id, token)
    assert identity.parse(arn(name))["name"] == name


@given(st.tuples(stack_ids, st.none() | st.text(), st.text()), st.tuples(stack_ids, st.none() | st.text(), st.text()))
def test_another_request_has_another_name(
    one: tuple[str | None, str | None, str], other: tuple[str | None, str | None, str]
) -> None:
    """Two generated names are equal only if stack, logical id and token all are."""
    assert (identity.generated_name(*one) == identity.generated_name(*other)) == (one == other)


def test_a_generated_name_says_whose_it_is() -> None:
    """A generated name contains stack name and logical id, for people who read a list of definitions."""
    name = identity.generated_name(STACK_ID, "JobDefinition", "token")
    assert re.fullmatch(r"fraud-monitors-jobdefinition-[0-9a-f]{12}", name)


def test_the_longest_stack_name_leaves_room_for_the_logical_id() -> None:
    """A stack name of 128 characters, the longest possible, is cut to leave room for the logical id."""
    stack_id = STACK_ID.replace("Fraud_Monitors", "s" * 128)
    name = identity.generated_name(stack_id, "l" * 255, "token")
    assert len(name) <= identity.NAME_LENGTH
    assert re.fullmatch(r"s{24}-l{24}-[0-9a-f]{12}", name)


def model(**properties: str) -> ResourceModel:
    """Return a model with only these properties."""
    names = ResourceModel.__dataclass_fields__
    return ResourceModel(**{name: properties.get(name) for name in names})  # type: ignore[arg-type]  # all strings or None


@pytest.mark.parametrize(
    ("requested", "name"),
    [
        (model(JobDefinitionName="Fraud"), "Fraud"),
        (model(JobDefinitionArn=arn("fraud")), "fraud"),
        (model(JobDefinitionArn=arn("fraud"), JobDefinitionName="Fraud"), "Fraud"),
        (model(JobDefinitionArn=arn("fraud"), JobDefinitionName="Churn"), "fraud"),
        (model(JobDefinitionArn=arn("fraud", region="EU-West-1")), "fraud"),
    ],
)
def test_the_name_behind_a_request(requested: ResourceModel, name: str) -> None:
    """The ARN decides on the name. A JobDefinitionName that is equal except for case decides on the case."""
    assert identity.name_of(requested, REGION, ACCOUNT) == name


@pytest.mark.parametrize(
    "requested",
    [None, model(), model(JobDefinitionArn=arn("x", "us-east-1")), model(JobDefinitionArn=arn("x", REGION, "9" * 12))],
)
def test_what_is_elsewhere_or_nowhere_is_not_found(requested: ResourceModel | None) -> None:
    """A definition elsewhere, or a request without an identifier, is NotFound; the message says what was looked for."""
    with pytest.raises(NotFound, match="AWS::SageMaker::ModelQualityJobDefinition"):
        identity.name_of(requested, REGION, ACCOUNT)


def test_without_region_and_account_an_arn_is_taken_as_it_is() -> None:
    """An ARN is accepted without a check if the request has no region and no account, as at the test entry point."""
    assert identity.name_of(model(JobDefinitionArn=arn("fraud")), None, None) == "fraud"


@given(st.text())
def test_what_is_no_arn_is_an_invalid_request(text: str) -> None:
    """A text that is not an ARN is an InvalidRequest. The message quotes it and shows the expected form."""
    with pytest.raises(InvalidRequest, match="is not the ARN of a model quality job definition"):
        identity.parse(text)


KIND = "model-quality-job-definition"


@pytest.mark.parametrize(
    "text",
    [
        f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{KIND}/",
        f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{KIND}/-fraud",
        f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{KIND}/fraud-",
        f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{KIND}/{'f' * 64}",
        f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}1:{KIND}/fraud",
        f"arn:aws:sagemaker::{ACCOUNT}:{KIND}/fraud",
        f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-bias-job-definition/fraud",
        f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{KIND}/fraud\n",
    ],
)
def test_what_is_nearly_an_arn_is_an_invalid_request(text: str) -> None:
    """An ARN must be whole and of this kind; the message says how one looks."""
    with pytest.raises(InvalidRequest) as caught:
        identity.parse(text)
    form = f"arn:<partition>:sagemaker:<region>:<account>:{KIND}/<name>"
    shown = text.replace("\n", " ")
    assert str(caught.value) == f"'{shown}' is not the ARN of a model quality job definition: {form}"


def test_the_parts_of_an_arn() -> None:
    """An ARN has a partition of AWS, a region, an account and a name of up to 63 characters, in any case."""
    name = "F" * 63
    parts = identity.parse(f"ARN:AWS-US-GOV:SageMaker:US-Gov-West-1:{ACCOUNT}:{KIND}/{name}")
    assert parts.groupdict() == {"region": "US-Gov-West-1", "account": ACCOUNT, "name": name}


@pytest.mark.parametrize(
    ("role", "region", "account", "expected"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/m", "eu-west-1", None, f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{KIND}/n-1"),
        (
            f"arn:aws-cn:iam::{ACCOUNT}:role/m",
            "CN-North-1",
            "9" * 12,
            f"arn:aws-cn:sagemaker:cn-north-1:{'9' * 12}:{KIND}/n-1",
        ),
        (f"arn:aws:iam::{ACCOUNT}:role/m", None, ACCOUNT, None),
        (f"arn:aws:iam::{ACCOUNT}", "eu-west-1", ACCOUNT, None),
        ("arn:aws:iam::12345:role/m", "eu-west-1", ACCOUNT, None),
        ("a role", "eu-west-1", ACCOUNT, None),
        (None, "eu-west-1", ACCOUNT, None),
    ],
)
def test_the_arn_of_a_generated_name_is_known_beforehand(
    role: str | None, region: str | None, account: str | None, expected: str | None
) -> None:
    """Region and account are the request's, the partition is the role's; what SageMaker refuses has no ARN."""
    assert identity.arn_of("N-1", role, region, account) == expected


@pytest.mark.parametrize(
    ("stack_id", "logical_id", "start"),
    [
        (STACK_ID, "Job.Definition", "fraud-monitors-job-definition-"),
        (STACK_ID, None, "fraud-monitors-"),
        (STACK_ID, "My__Job", "fraud-monitors-my-job-"),
        ("my-stack", "Definition", "my-stack-definition-"),
        ("a/b", "Definition", "a-b-definition-"),
        (None, "Definition", "definition-"),
        (None, None, "model-quality-"),
        (None, "\u00e9\u00e9", "model-quality-"),
        ("arn:aws:cloudformation:r:1:stack/__/uuid", "Definition", "definition-"),
    ],
)
def test_what_a_generated_name_begins_with(stack_id: str | None, logical_id: str | None, start: str) -> None:
    """It begins with what can be read of stack and logical id, and with the kind of resource where there is nothing."""
    assert re.fullmatch(f"{start}[0-9a-f]{{12}}", identity.generated_name(stack_id, logical_id, "token"))


def test_a_generated_name_never_changes() -> None:
    """The same request has the same name in every version of this type: a stack's retry would make a second one."""
    assert identity.generated_name(STACK_ID, "JobDefinition", "token") == "fraud-monitors-jobdefinition-2f76236db429"
    assert identity.generated_name(None, None, "token") == "model-quality-f1505f35dfd0"


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        (None, "'(no JobDefinitionArn and no JobDefinitionName)' was not found."),
        (
            model(JobDefinitionArn=arn("x", "us-east-1")),
            f"'{arn('x', 'us-east-1')} (this request is for eu-west-1, account {ACCOUNT})' was not found.",
        ),
    ],
)
def test_what_was_not_found_is_named(requested: ResourceModel | None, message: str) -> None:
    """The message names the ARN, and the region and account that the request is for."""
    with pytest.raises(NotFound) as caught:
        identity.name_of(requested, REGION, ACCOUNT)
    start = "Resource of type 'AWS::SageMaker::ModelQualityJobDefinition' with identifier "
    assert str(caught.value) == start + message


def test_a_definition_with_another_arn_is_not_found() -> None:
    """ARNs are compared without case; a request without an ARN accepts any."""
    identity.confirm(None, arn("fraud"))
    identity.confirm("", arn("churn"))
    identity.confirm(arn("fraud"), arn("Fraud").upper())
    with pytest.raises(NotFound, match=re.escape(f"with identifier '{arn('fraud')}' was not found.")):
        identity.confirm(arn("fraud"), arn("churn"))
