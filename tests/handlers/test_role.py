"""Tests that the role in resource-role.yaml has the actions that the handlers need, and no other.

moto enforces the role's policy: it checks the signature, action and resource of each request. It can't enforce
iam:PassRole, nor the sagemaker:AddTags of a Create with tags, because SageMaker checks these inside of Create.
For these two, the tests check the policy's statements.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from moto.core.authorization import enable_iam_authentication
from moto.iam.models import iam_backends
from moto.sagemaker.responses import SageMakerResponse

from tests.wires import resource
from tools.envelopes import ACCOUNT, REGION, ROOT, Json, arn, event, maximal, minimal

TEMPLATE = yaml.safe_load((ROOT / "resource-role.yaml").read_text())
(POLICY,) = TEMPLATE["Resources"]["ExecutionRole"]["Properties"]["Policies"]
STATEMENTS = {statement["Sid"]: statement for statement in POLICY["PolicyDocument"]["Statement"]}

Invoke = Callable[..., Json]


@pytest.fixture
def role() -> str:
    """Create the role from the template, as CloudFormation does, and return its name."""
    cloudformation = boto3.client("cloudformation", REGION)
    template = {name: part for name, part in TEMPLATE.items() if name != "Outputs"}  # moto can't read their Fn::GetAtt
    cloudformation.create_stack(StackName="role", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    (stack_resource,) = cloudformation.describe_stack_resources(StackName="role")["StackResources"]
    name: str = stack_resource["PhysicalResourceId"]
    # moto keeps a template's policy as an object with its functions resolved, and enforces only text.
    iam = iam_backends[ACCOUNT]["aws"]
    _, document = iam.get_role_policy(name, POLICY["PolicyName"])
    iam.put_role_policy(name, POLICY["PolicyName"], json.dumps(document))
    return name


@pytest.fixture
def session(role: str) -> boto3.Session:
    """Return a session with the role's credentials."""
    role_arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    credentials = boto3.client("sts", REGION).assume_role(RoleArn=role_arn, RoleSessionName="handler")["Credentials"]
    return boto3.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], region_name=REGION
    )


@pytest.fixture
def invoke_with_role(monkeypatch: pytest.MonkeyPatch, session: boto3.Session) -> Iterator[Invoke]:
    """Yield the entry point with the role's credentials, and enforce the role's policy on every call."""
    # moto expects a service's response class to say which resource a request is about; SageMaker's doesn't.
    monkeypatch.setattr(SageMakerResponse, "_determine_resource", _resource_of, raising=False)
    role_credentials: Any = session.get_credentials()
    credentials = {
        "accessKeyId": role_credentials.access_key,
        "secretAccessKey": role_credentials.secret_key,
        "sessionToken": role_credentials.token,
    }

    def invoke(*arguments: Any, **named: Any) -> Json:  # noqa: ANN401 - passed on to event()
        envelope = event(*arguments, **named)
        envelope["requestData"]["callerCredentials"] = credentials
        answer: Json = resource(envelope, None)
        return answer

    with enable_iam_authentication():
        yield invoke


def _resource_of(self: SageMakerResponse) -> str:
    """Return the ARN that a request is about, as the Service Authorization Reference defines it."""
    body = json.loads(self.body)
    name = body.get("JobDefinitionName")
    return str(body.get("ResourceArn") or (arn(name) if name else "*"))


def _create_definition(invoke: Invoke) -> Json:
    """Create a definition with a tag under the whole policy, and return its model."""
    answer = invoke("CREATE", minimal(), tags={"old": "1"})
    assert answer["status"] == "SUCCESS", answer
    model: Json = answer["resourceModel"]
    return model


def _update(invoke: Invoke, model: Json) -> Json:
    state = minimal() | {"JobDefinitionArn": model["JobDefinitionArn"]}
    return invoke("UPDATE", state, state, tags={"new": "1"}, previous_tags={"old": "1"})


NEEDED: dict[str, Callable[[Invoke, Json], Json]] = {
    "sagemaker:AddTags": _update,
    "sagemaker:CreateModelQualityJobDefinition": lambda invoke, _: invoke("CREATE", maximal(), token="new"),
    "sagemaker:DeleteModelQualityJobDefinition": lambda invoke, model: invoke("DELETE", model),
    "sagemaker:DeleteTags": _update,
    "sagemaker:DescribeModelQualityJobDefinition": lambda invoke, model: invoke("READ", model),
    "sagemaker:ListModelQualityJobDefinitions": lambda invoke, _: invoke("LIST", None),
    "sagemaker:ListTags": lambda invoke, model: invoke("READ", model),
}


def test_the_table_has_every_action_that_moto_enforces() -> None:
    """NEEDED has all of the role's actions except iam:PassRole."""
    allowed = {action for statement in STATEMENTS.values() for action in statement["Action"]}
    assert allowed == {*NEEDED, "iam:PassRole"}


def test_the_role_is_enough(invoke_with_role: Invoke) -> None:
    """Every handler succeeds with the role, with all optional properties and tags set."""
    answers = [invoke_with_role("CREATE", maximal(), tags={"stage": "prod"})]
    model = answers[0]["resourceModel"]
    answers += [
        invoke_with_role("READ", {"JobDefinitionArn": model["JobDefinitionArn"]}),
        invoke_with_role("LIST", {"EndpointName": "fraud"}),
        invoke_with_role("UPDATE", model, model, tags={"stage": "test", "new": "1"}, previous_tags={"stage": "prod"}),
        invoke_with_role("DELETE", model),
    ]
    assert [answer["status"] for answer in answers] == ["SUCCESS"] * 5, answers


@pytest.mark.parametrize("action", NEEDED)
def test_without_an_action_its_handler_is_denied_and_says_which(
    invoke_with_role: Invoke, role: str, action: str
) -> None:
    """The handler fails with AccessDenied, a terminal code, and the message names the missing action."""
    model = _create_definition(invoke_with_role)
    _remove_action(role, action)
    answer = NEEDED[action](invoke_with_role, model)
    assert (answer["status"], answer["errorCode"]) == ("FAILED", "AccessDenied"), answer
    assert f"is not authorized to perform: {action}" in answer["message"]


@pytest.mark.usefixtures("invoke_with_role")
def test_other_resources_of_sagemaker_are_out_of_reach(session: boto3.Session) -> None:
    """SageMaker's tag actions apply to all its resources; the role allows them for definitions alone."""
    sagemaker = session.client("sagemaker")
    other = arn("churn").replace("model-quality-job-definition", "endpoint")
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:AddTags"):
        sagemaker.add_tags(ResourceArn=other, Tags=[{"Key": "owner", "Value": "us"}])
    sagemaker.close()


def test_the_job_definitions_statement_covers_their_arns_in_every_partition() -> None:
    """The ARN contains SageMaker's resource type, whatever name this type is registered under."""
    assert STATEMENTS["JobDefinitions"]["Resource"] == {
        "Fn::Sub": "arn:${AWS::Partition}:sagemaker:*:${AWS::AccountId}:model-quality-job-definition/*"
    }
    assert "sagemaker:AddTags" in STATEMENTS["JobDefinitions"]["Action"]


def test_a_role_may_be_passed_to_sagemaker_alone() -> None:
    """The template's author chooses RoleArn; only the account's own policies can limit which role it is."""
    statement = STATEMENTS["RoleOfTheJob"]
    assert statement["Action"] == ["iam:PassRole"]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def _remove_action(role: str, action: str) -> None:
    """Remove an action from the role's policy, in moto's backend because the API is enforced by now."""
    iam = iam_backends[ACCOUNT]["aws"]
    _, policy = iam.get_role_policy(role, POLICY["PolicyName"])
    document = json.loads(policy)
    for statement in document["Statement"]:
        statement["Action"] = [allowed for allowed in statement["Action"] if allowed != action]
    document["Statement"] = [statement for statement in document["Statement"] if statement["Action"]]
    iam.put_role_policy(role, POLICY["PolicyName"], json.dumps(document))
