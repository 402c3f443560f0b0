"""Narrows the handlers' role: `cfn generate` allows every action of the schema's permissions on every resource.

A schema can only name actions. The Service Authorization Reference says which resources each action supports ("Actions,
resources, and condition keys for Amazon SageMaker"). Actions that are not in the table below stay as cfn wrote them.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FILE = "resource-role.yaml"
"""The template of the role, which `cfn submit` deploys as a stack."""

Statement = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """The resource and the condition of some actions."""

    name: str
    actions: tuple[str, ...]
    resource: Any = "*"
    condition: dict[str, Any] = field(default_factory=dict)

    def statement(self, allowed: set[str]) -> Statement:
        """Return the statement for those of the rule's actions that are in `allowed`."""
        return {
            "Sid": self.name,
            "Effect": "Allow",
            "Action": sorted(allowed & set(self.actions)),
            "Resource": self.resource,
            **({"Condition": self.condition} if self.condition else {}),
        }


RULES = (
    Rule(
        "JobDefinitions",
        (
            "sagemaker:AddTags",
            "sagemaker:CreateModelQualityJobDefinition",
            "sagemaker:DeleteModelQualityJobDefinition",
            "sagemaker:DeleteTags",
            "sagemaker:DescribeModelQualityJobDefinition",
            "sagemaker:ListTags",
        ),
        resource={"Fn::Sub": "arn:${AWS::Partition}:sagemaker:*:${AWS::AccountId}:model-quality-job-definition/*"},
    ),
    Rule("ListOfJobDefinitions", ("sagemaker:ListModelQualityJobDefinitions",)),  # supports no resource
    Rule(
        "RoleOfTheJob",  # RoleArn: SageMaker runs the monitoring job with it; no other service may get it
        ("iam:PassRole",),
        condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    ),
)

_ACTION_OF_THIS_TYPE = "sagemaker:CreateModelQualityJobDefinition"
_HEADER = "# cfn's role, narrowed by packaging/role.py; `cfn generate` alone writes the wide form.\n"


def narrow(file: Path) -> None:
    """Narrow the role in a template that cfn generated; a role of another type stays unchanged.

    Args:
        file: resource-role.yaml of a project.
    """
    template = yaml.safe_load(file.read_text(encoding="utf-8"))
    for policy in template["Resources"]["ExecutionRole"]["Properties"]["Policies"]:
        document = policy["PolicyDocument"]
        if any(_ACTION_OF_THIS_TYPE in statement["Action"] for statement in document["Statement"]):
            document["Statement"] = [
                new for statement in document["Statement"] for new in narrowed_statements(statement)
            ]
            text = yaml.safe_dump(template, sort_keys=False, width=120)
            file.write_text(_HEADER + text, encoding="utf-8")


def narrowed_statements(statement: Statement) -> list[Statement]:
    """Return statements that allow the same actions, each on its own resources only.

    Args:
        statement: A statement that allows actions on every resource, as cfn writes it; any other is returned unchanged.
    """
    if statement["Effect"] != "Allow" or statement["Resource"] != "*" or "Condition" in statement:
        return [statement]
    allowed = set(statement["Action"])
    statements = [rule.statement(allowed) for rule in RULES if allowed & set(rule.actions)]
    unknown = sorted(allowed.difference(*(rule.actions for rule in RULES)))
    return statements + ([statement | {"Action": unknown}] if unknown else [])


if __name__ == "__main__":
    narrow(Path(*sys.argv[1:2] or [FILE]))
