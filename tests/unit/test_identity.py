"""Generated names, and the names that follow from a request's identifiers."""

import re

import pytest
from cloudformation_cli_python_lib.exceptions import InvalidRequest, NotFound
from hypothesis import given
from hypothesis import strategies as st

from aws_sagemaker_modelqualityjobdefinition import identity
from aws_sagemaker_modelqualityjobdefinition.models import ResourceModel
from tools.envelopes import ACCOUNT, REGION, STACK_ID, arn

# SageMaker's own rule (botocore, MonitoringJobDefinitionName), in lower case.
PATTERN = re.compile(r"[a-z0-9](-*[a-z0-9]){0,62}", re.ASCII)

stack_ids = st.none() | st.text() | st.builds("arn:aws:cloudformation:r:1:stack/{}/{}".format, st.text(), st.uuids())


@given(stack_ids, st.none() | st.text(), st.text())
def test_a_generated_name_is_always_one_that_sagemaker_takes(
    stack_id: str | None, logical_id: str | None, token: str
) -> None:
    """SageMaker accepts every generated name: without a stack, with odd characters, of parts of any length."""
    name = identity.generated_name(stack_id, logical_id, token)
    assert PATTERN.fullmatch(name)
    assert len(name) <= identity.NAME_LENGTH
    assert name == identity.generated_name(stack_id, logical_id, token)
    assert identity.parse(arn(name)).name == name


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
