"""The checks before an upload: AWS's schema rules, its checks of inputs, and what exists in the account."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cfn_sandbox.account.account import Account
from cfn_sandbox.contract import inputs
from tests.tools.publishing import endpoints
from tools import sagemaker
from tools.publishing import preflight, prerequisites
from tools.publishing.advice import with_advice
from tools.publishing.errors import RefusedError
from tools.publishing.existence import check_resources
from tools.publishing.names import TypeName
from tools.publishing.place import Place

ROOT = Path(__file__).parents[3]
ACME = TypeName("Acme::SageMaker::ModelQualityJobDefinition")
REGION = "eu-west-1"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Run an account that has everything the inputs name; its endpoint's name contains the region."""
    with sagemaker.account(region=REGION) as account:
        endpoints.make(account, f"churn-{REGION}")
        prerequisites.deploy(ROOT, endpoints.place(account), f"churn-{REGION}", None, lambda _: None)
        yield account


@pytest.fixture
def place(account: Account) -> Place:
    """Return the account's place."""
    return endpoints.place(account)


@pytest.fixture
def project(staged: Path, tmp_path: Path) -> Path:
    """Return a copy of the staged project that the test can change."""
    return Path(shutil.copytree(staged, tmp_path / "acme"))


def check(project: Path, place: Place) -> list[str]:
    """Run the checks and return the lines they show."""
    lines: list[str] = []
    preflight.check(project, ROOT, ACME, place, lines.append)
    return lines


def change(file: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit a JSON file."""
    document = json.loads(file.read_text())
    edit(document)
    file.write_text(json.dumps(document))


def test_what_only_the_account_knows_is_written_into_the_inputs(project: Path, place: Place) -> None:
    """The inputs get the account's ids and names, with {{region}} for the region: AWS refuses a literal one."""
    lines = check(project, place)
    assert [line.partition(":")[0] for line in lines[:-1]] == ["Note", "Note"]
    assert "TAG017" in lines[0]
    assert "baselining job" in lines[1]
    assert lines[-1].startswith("Checked in ")
    written = json.loads((project / "inputs" / "inputs_1_update.json").read_text())
    assert written["EndpointName"] == "churn-{{region}}"
    assert written["ModelQualityJobInput"]["EndpointInput"]["EndpointName"] == "churn-{{region}}"
    outputs = prerequisites.outputs(place)
    vpc = written["NetworkConfig"]["VpcConfig"]
    assert vpc == {"SecurityGroupIds": [outputs["SecurityGroup"]], "Subnets": [outputs["SubnetA"], outputs["SubnetB"]]}
    assert written["RoleArn"] == "arn:{{partition}}:iam::{{account}}:role/model-quality-contract-tests-{{region}}"
    assert inputs.problems(project / "inputs", json.loads((project / f"{ACME.stem}.json").read_text())) == []


def test_all_problems_are_reported_at_once(project: Path, place: Place) -> None:
    """One refusal lists the problems of the schema and the inputs, each with advice, and how to submit unchecked."""
    change(project / f"{ACME.stem}.json", lambda schema: schema["handlers"].pop("read"))
    change(project / "inputs" / "inputs_2_create.json", lambda one: one.update(RoleArn="arn:aws:iam::1:role/r"))
    with pytest.raises(RefusedError) as refusal:
        check(project, place)
    lines = str(refusal.value).splitlines()
    assert lines[0] == "AWS would not register it, so nothing was uploaded:"
    assert any(line.startswith("  - PER003: ") and "Change the schema, then" in line for line in lines)
    assert any(line.startswith("  - no_hardcoded_partitions: ") and "inputs_2_create.json" in line for line in lines)
    assert lines[-1] == "UNCHECKED=yes submits it all the same."


def test_the_version_before_is_compared_with(
    project: Path, place: Place, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removing a property of the registered version is refused; a deregistered version isn't compared."""
    schema = json.loads((project / f"{ACME.stem}.json").read_text())
    schema["properties"]["Gone"] = {"type": "string"}
    answer: dict[str, Any] = {"DeprecatedStatus": "LIVE", "Schema": json.dumps(schema)}
    monkeypatch.setattr(account.client("cloudformation"), "describe_type", lambda **_: answer)
    with pytest.raises(RefusedError, match="/properties/Gone"):
        check(project, place)
    answer["DeprecatedStatus"] = "DEPRECATED"
    assert check(project, place)[-1].startswith("Checked in ")


def test_a_registry_that_may_not_be_asked_stops_nothing(
    project: Path, place: Place, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without permission to read the registry, the check prints AWS's message and continues."""

    def refuse(**_: Any) -> None:  # noqa: ANN401 - the request's parameters
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "ann may not"}}, "DescribeType")

    monkeypatch.setattr(account.client("cloudformation"), "describe_type", refuse)
    lines = check(project, place)
    assert lines[0].startswith("Note: the schema is not compared with the version before: An error occurred (AccessDen")
    assert lines[-1].startswith("Checked in ")


def test_rules_that_are_not_installed_are_reported_as_skipped(
    project: Path, place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without the rules or their engine, which has no wheel for some Pythons, a note says who runs them."""
    monkeypatch.setenv("CFN_SANDBOX_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    lines = check(project, place)
    assert lines[0].startswith("Note: AWS's schema rules can't be fetched: ")
    assert lines[0].endswith("AWS runs them when it registers the type.")


def test_user_provided_inputs(project: Path, place: Place, tmp_path: Path) -> None:
    """The user's inputs replace the project's, and the same checks apply to them."""
    own = tmp_path / "mine"
    own.mkdir()
    (own / "inputs_1_create.json").write_text('{"RoleArn": "arn:{{partition}}:iam::{{account}}:role/mine"}')
    preflight.replace_inputs(project, own)
    assert [file.name for file in (project / "inputs").iterdir()] == ["inputs_1_create.json"]
    with pytest.raises(RefusedError, match="property_coverage: no input uses EndpointName"):
        check(project, place)
    (own / "inputs_1_create.json").write_text('{"RoleArn": "subnet-0c0ffee0000000001"')
    preflight.replace_inputs(project, own)
    with pytest.raises(
        RefusedError, match=r"  - inputs: inputs_1_create\.json is not JSON: .*Contract tests read inputs_N"
    ):
        check(project, place)
    with pytest.raises(RefusedError, match=r"nowhere is not a folder of inputs\."):
        preflight.replace_inputs(project, tmp_path / "nowhere")


@pytest.fixture
def document(place: Place) -> dict[str, Any]:
    """Return the first set's create inputs, with their stand-ins."""
    return inputs.read(ROOT / "inputs", place.variables)[0].create


def test_everything_that_inputs_name_is_looked_for(document: dict[str, Any], place: Place) -> None:
    """Each missing thing is reported once, with its name and the input file."""
    text = json.dumps(document).replace("model-quality-contract-tests", "nothing")
    findings = check_resources(
        {"inputs_1_create.json": json.loads(text), "inputs_1_update.json": json.loads(text)}, place
    )
    assert all(problem.endswith(" inputs_1_create.json names it.") for problem in findings.problems)
    text = " ".join(findings.problems)
    for expected in (
        "role arn:aws:iam::123456789012:role/nothing-eu-west-1",
        "bucket nothing-123456789012-eu-west-1",
        "key arn:aws:kms:eu-west-1:123456789012:alias/nothing",
        "subnet subnet-0c0ffee0000000001",
        "security group sg-0c0ffee0000000001",
        "image repository 123456789012.dkr.ecr.eu-west-1.amazonaws.com/nothing:latest",
        "endpoint endpoint-with-data-capture",
    ):
        assert f"There is no {expected}" in text, expected
    assert len(findings.problems) == 8  # there are two subnets; a bucket is checked once, whatever path follows it


def test_what_is_there_and_no_use(document: dict[str, Any], place: Place, account: Account) -> None:
    """A role that trusts another service, an endpoint without data capture and a key awaiting deletion are problems."""
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    role = account.client("iam").create_role(RoleName="lambdas", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    endpoints.make(account, "blind", captures=False)
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    account.client("kms").schedule_key_deletion(KeyId=key.rpartition("/")[2])
    document["ModelQualityJobInput"]["EndpointInput"]["EndpointName"] = "blind"
    document["ModelQualityJobOutputConfig"]["KmsKeyId"] = key
    problems = check_resources({"mine.json": document | {"RoleArn": role}}, place).problems
    assert (
        f"SageMaker can't assume the role {role}: its trust policy does not name sagemaker.amazonaws.com."
        in problems[-2]
    )
    assert any(problem == f"The key {key} is PendingDeletion. mine.json names it." for problem in problems)
    assert any(problem == "The endpoint blind captures no data. mine.json names it." for problem in problems)


def test_what_may_not_be_seen_is_a_note(
    document: dict[str, Any], place: Place, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without permission to read roles, a note replaces the problem: registering needs no such permission."""

    def refuse(**_: Any) -> None:  # noqa: ANN401 - the request's parameters
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "ann may not"}}, "GetRole")

    monkeypatch.setattr(account.client("iam"), "get_role", refuse)
    findings = check_resources({"inputs_1_create.json": document}, place)
    assert not any("role" in problem for problem in findings.problems)
    assert findings.notes[0] == (
        "Whether the role arn:aws:iam::123456789012:role/model-quality-contract-tests-eu-west-1 exists can't be seen: "
        "AccessDenied (GetRole)."
    )


def test_a_failed_registration_reports_each_failed_test() -> None:
    """Each failed test or rule is listed once with advice; a message that names none is left unchanged."""
    failed = "test_create[inputs_1], test_create_read[inputs_1], no_hardcoded_regions, PER003"
    description = f"Deployment failed\n4 of 29 contract tests failed: {failed}"
    assert with_advice(description).splitlines() == [
        *description.splitlines(),
        "What to do:",
        "  - test_create: CREATE failed, and so does every test that begins with a CREATE. The handler's message says "
        "why; often an input names a resource that the account doesn't have.",
        "  - no_hardcoded_regions: Write {{region}} in inputs/ instead.",
        "  - PER003: Change the schema, then `make generate`.",
        "  `cfn-sandbox test` runs them on your machine, without an account, and shows what was called.",
    ]
    assert with_advice("Internal failure") == "Internal failure"
