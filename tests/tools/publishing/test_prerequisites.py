"""The stack that contract tests need: creating, updating and deleting it, its failures, and watching a registration."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account
from cfn_sandbox.contract import inputs
from tests.tools.publishing import endpoints
from tools import sagemaker
from tools.publishing import prerequisites, stand_ins, watch
from tools.publishing.errors import PublishingError
from tools.publishing.place import Place

ROOT = Path(__file__).parents[3]
REGION = "us-west-2"
BUCKET = f"model-quality-contract-tests-123456789012-{REGION}"


@pytest.fixture
def account() -> Iterator[Account]:
    """Run an account with two endpoints, one of them with data capture."""
    with sagemaker.account(region=REGION) as account:
        endpoints.make(account, "churn")
        endpoints.make(account, "blind", captures=False)
        yield account


@pytest.fixture
def place(account: Account) -> Place:
    """Return the account's place, through a session like a user's."""
    return endpoints.place(account)


def deploy(place: Place, endpoint: str = "churn", job: str | None = None) -> list[str]:
    """Deploy the stack and return the lines shown."""
    lines: list[str] = []
    prerequisites.deploy(ROOT, place, endpoint, job, lines.append)
    return lines


def test_all_that_inputs_name_is_made(place: Place, account: Account) -> None:
    """Deploying shows each event, uploads the files that inputs name and exports the variables for `cfn test`."""
    lines = deploy(place)
    assert lines[0] == "Creating the stack model-quality-contract-tests"
    assert "  CREATE_COMPLETE      Role" in lines
    assert lines[-1] == "Put 3 files that inputs/ names into its bucket. Next: make submit TYPE_NAME=..."
    keys = [item["Key"] for item in account.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == ["baseline/constraints.json", "scripts/after.py", "scripts/before.py"]
    exports = {item["Name"]: item["Value"] for item in account.client("cloudformation").list_exports()["Exports"]}
    assert exports == {"region": REGION, "account": "123456789012", "partition": "aws"}
    assert set(stand_ins.of(ROOT).values()) <= prerequisites.outputs(place).keys()


def test_every_stand_in_is_one_of_the_inputs() -> None:
    """Inputs and template must have the same stand-ins, or one of them is never replaced."""
    variables = {"region": REGION, "account": "123456789012", "partition": "aws"}
    sets = inputs.read(ROOT / "inputs", variables)
    texts = {
        text for input_set in sets for document in input_set.documents.values() for text in stand_ins.strings(document)
    }
    assert stand_ins.of(ROOT).keys() <= texts
    assert {text for text in texts if text.startswith(("subnet-", "sg-"))} <= stand_ins.of(ROOT).keys()


def test_deployed_again(place: Place) -> None:
    """The same deployment changes nothing; another endpoint and a baselining job update the stack."""
    deploy(place)
    assert "  It is up to date." in deploy(place)
    endpoints.make_at(place, "green")
    lines = deploy(place, "green", "baseline-7")
    assert lines[0] == "Updating the stack model-quality-contract-tests"
    outputs = prerequisites.outputs(place)
    assert (outputs["EndpointName"], outputs["BaseliningJobName"]) == ("green", "baseline-7")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "No endpoint: "),
        ("nowhere", f"There is no endpoint nowhere in {REGION}. Name another with ENDPOINT_NAME=..."),
        ("blind", "The endpoint blind captures no data. Name another with ENDPOINT_NAME=..."),
    ],
)
def test_an_endpoint_with_data_capture_is_asked_for(place: Place, name: str, words: str) -> None:
    """An endpoint without data capture is refused before anything is created."""
    with pytest.raises(PublishingError) as refusal:
        deploy(place, name)
    assert str(refusal.value).startswith(words)
    assert prerequisites.outputs(place) == {}


def test_a_stack_that_fails_says_why_and_can_be_tried_again(place: Place, account: Account) -> None:
    """A failure names its reason, here a name that is taken; the next attempt deletes the remains first."""
    repositories = account.client("ecr")
    repositories.create_repository(repositoryName="model-quality-contract-tests")
    with pytest.raises(PublishingError, match=r"-contract-tests is ROLLBACK_COMPLETE\. Repository: "):
        deploy(place)
    repositories.delete_repository(repositoryName="model-quality-contract-tests")
    lines = deploy(place)
    assert lines[0] == "Deleting what an earlier attempt left of model-quality-contract-tests"
    assert lines[-1].startswith("Put 3 files")


def test_exports_of_another_stack_are_left_alone(place: Place, account: Account) -> None:
    """If another stack exports one of the variables, this one exports none: an export's name must be unique."""
    body = "Resources: {B: {Type: AWS::S3::Bucket}}\nOutputs: {R: {Value: us-west-2, Export: {Name: region}}}"
    account.client("cloudformation").create_stack(StackName="others", TemplateBody=body)
    result = deploy_parameters(place, account)
    assert result == ("Another stack exports region, so this one does not. Only `cfn test` reads exports.", "no")


def deploy_parameters(place: Place, account: Account) -> tuple[str, str]:
    """Return the first line of a deployment and the template's ExportVariables."""
    parameters: dict[str, Any] = {}
    client = account.client("cloudformation")

    def refuse(**request: Any) -> None:  # noqa: ANN401 - CreateStack's parameters
        parameters.update(
            {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in request["Parameters"]}
        )
        raise ClientError({"Error": {"Code": "Stop", "Message": "stop"}}, "CreateStack")

    client.create_stack = refuse  # the sandbox (moto) ignores the condition of an export
    lines: list[str] = []
    with pytest.raises(ClientError, match="stop"):
        prerequisites.deploy(ROOT, place, "churn", None, lines.append)
    return lines[0], parameters["ExportVariables"]


def test_deleted_prerequisites(place: Place, account: Account) -> None:
    """Deleting empties the bucket first; a second deletion says that there is no stack."""
    deploy(place)
    lines: list[str] = []
    prerequisites.delete(ROOT, place, lines.append)
    assert "  DELETE_COMPLETE      Bucket" in lines
    assert account.client("s3").list_buckets()["Buckets"] == []
    with pytest.raises(PublishingError, match=f"There is no stack model-quality-contract-tests in {REGION}"):
        prerequisites.delete(ROOT, place, lines.append)


def test_a_bucket_of_somebody_elses_is_not_emptied(place: Place, account: Account) -> None:
    """A stack of another template with the same name is left alone, and so is the bucket that its output names."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket="precious", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="precious", Key="kept", Body=b"kept")
    body = "Resources: {T: {Type: AWS::SNS::Topic}}\nOutputs: {Bucket: {Value: precious}}"
    account.client("cloudformation").create_stack(StackName="model-quality-contract-tests", TemplateBody=body)
    with pytest.raises(PublishingError, match="isn't the one that `make prerequisites` deploys"):
        prerequisites.delete(ROOT, place, lambda _: None)
    assert s3.list_objects_v2(Bucket="precious")["KeyCount"] == 1
    statuses = {stack["StackStatus"] for stack in account.client("cloudformation").describe_stacks()["Stacks"]}
    assert statuses == {"CREATE_COMPLETE"}


def test_a_project_that_needs_nothing(place: Place, tmp_path: Path) -> None:
    """A project without the template gets an error, and its inputs have no stand-ins."""
    with pytest.raises(PublishingError, match=r"has no examples/contract-tests\.yaml"):
        prerequisites.deploy(tmp_path, place, "churn", None, lambda _: None)
    assert stand_ins.of(tmp_path) == {}


def test_a_registration_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only new progress is shown; an error is shown and ends the watching."""
    monkeypatch.setattr(watch, "INTERVAL", 0.01)
    answers: list[dict[str, str] | None] = [
        {"ProgressStatus": "IN_PROGRESS", "Description": "Deployment is in TEST_STAGE"},
        {"ProgressStatus": "IN_PROGRESS", "Description": "Deployment is in TEST_STAGE"},
        {"ProgressStatus": "COMPLETE"},
        None,
    ]
    lines: list[str] = []
    session = endpoints.StubSession(answers)
    with watch.registration(session, "token", lines.append):  # type: ignore[arg-type]  # watch uses only client()
        session.exhausted.wait(10)
    assert lines == [
        "  IN_PROGRESS: Deployment is in TEST_STAGE",
        "  COMPLETE",
        "  Its progress can't be seen: An error occurred (AccessDenied) when calling the DescribeTypeRegistration "
        "operation: ann may not",
    ]
