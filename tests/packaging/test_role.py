"""The handlers' role is narrowed for the actions in the table; other statements stay as cfn wrote them."""

from pathlib import Path
from typing import Any

import yaml

from cfn_sandbox import settings
from cfn_sandbox.packaging import role
from tools.envelopes import ROOT

WIDE = {
    "Effect": "Allow",
    "Action": [
        "iam:PassRole",
        "sagemaker:AddTags",
        "sagemaker:CreateModelQualityJobDefinition",
        "sagemaker:ListModelQualityJobDefinitions",
    ],
    "Resource": "*",
}


def template(*statements: dict[str, Any]) -> str:
    """Return the part of cfn's role template that matters here."""
    policies = [{"PolicyName": "ResourceTypePolicy", "PolicyDocument": {"Statement": list(statements)}}]
    return yaml.safe_dump({"Resources": {"ExecutionRole": {"Properties": {"Policies": policies}}}})


def narrow(tmp_path: Path, text: str) -> str:
    """Return a template after it is narrowed."""
    file = tmp_path / role.FILE
    file.write_text(text)
    role.narrow(file, settings.read(ROOT).role)
    return file.read_text()


def test_each_action_is_allowed_once_on_what_it_is_for(tmp_path: Path) -> None:
    """Narrowing loses no action and adds none."""
    result = yaml.safe_load(narrow(tmp_path, template(WIDE)))
    (policy,) = result["Resources"]["ExecutionRole"]["Properties"]["Policies"]
    definitions, listing, passing = policy["PolicyDocument"]["Statement"]
    assert definitions["Action"] == ["sagemaker:AddTags", "sagemaker:CreateModelQualityJobDefinition"]
    assert definitions["Resource"]["Fn::Sub"].endswith(":sagemaker:*:${AWS::AccountId}:model-quality-job-definition/*")
    assert (listing["Action"], listing["Resource"]) == (["sagemaker:ListModelQualityJobDefinitions"], "*")
    assert (passing["Action"], list(passing["Condition"])) == (["iam:PassRole"], ["StringEquals"])


def test_an_action_that_the_table_does_not_know_stays(tmp_path: Path) -> None:
    """An unknown action stays allowed on every resource, so a permission that a later schema adds isn't lost."""
    result = narrow(tmp_path, template(WIDE | {"Action": [*WIDE["Action"], "kms:DescribeKey"]}))
    assert [statement["Action"] for statement in _statements(result)][-1] == ["kms:DescribeKey"]
    assert _statements(result)[-1]["Resource"] == "*"


def test_a_denial_stays_as_it_is(tmp_path: Path) -> None:
    """Cfn's statement for a type without permissions keeps every byte."""
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": "*"}
    assert narrow(tmp_path, template(statement)) == template(statement)


def test_what_is_narrow_stays_so(tmp_path: Path) -> None:
    """Narrowing a second time changes nothing."""
    once = narrow(tmp_path, template(WIDE))
    assert narrow(tmp_path, once) == once


def test_the_projects_own_role_is_narrow() -> None:
    """Every action except LIST's is limited to this type's ARNs or has a condition."""
    wide = [
        statement["Action"]
        for statement in _statements((ROOT / role.FILE).read_text())
        if statement["Resource"] == "*" and "Condition" not in statement
    ]
    assert wide == [["sagemaker:ListModelQualityJobDefinitions"]]


def _statements(text: str) -> list[dict[str, Any]]:
    (policy,) = yaml.safe_load(text)["Resources"]["ExecutionRole"]["Properties"]["Policies"]
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements
