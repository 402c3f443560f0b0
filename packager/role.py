"""The handlers' role, narrowed: `cfn generate` allows every action of the schema's permissions on every resource.

A schema can't say more than the action's name. Which resources an action takes is said in the Service Authorization
Reference ("Actions, resources, and condition keys for Amazon SageMaker"); what is not in the table below stays as cfn
wrote it.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FILE = "resource-role.yaml"
"""The template of the role, which `cfn submit` makes a stack of."""

Statement = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """What some actions are allowed on, and when."""

    name: str
    actions: tuple[str, ...]
    resource: Any = "*"
    condition: dict[str, Any] = field(default_factory=dict)

    def statement(self, allowed: set[str]) -> Statement:
        """Return the statement for those of the actions that are allowed."""
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
        resource={"Fn::Sub": "arn:${AWS::Partition}:sagemaker:*:*:model-quality-job-definition/*"},
    ),
    Rule("ListOfJobDefinitions", ("sagemaker:ListModelQualityJobDefinitions",)),  # takes no resource
    Rule(
        "RoleOfTheJob",  # RoleArn: SageMaker runs the monitoring job with it, and nothing else may be given it
        ("iam:PassRole",),
        condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    ),
)

_OF_THIS_TYPE = "sagemaker:CreateModelQualityJobDefinition"
_HEADER = "# cfn's role, narrowed by packager/role.py; `cfn generate` alone writes the wide form.\n"


def narrow(file: Path) -> None:
    """Narrow the role in a template that cfn generated; that of a type with other permissions stays as it is.

    Args:
        file: resource-role.yaml of a project.
    """
    template = yaml.safe_load(file.read_text(encoding="utf-8"))
    for policy in template["Resources"]["ExecutionRole"]["Properties"]["Policies"]:
        document = policy["PolicyDocument"]
        if any(_OF_THIS_TYPE in statement["Action"] for statement in document["Statement"]):
            document["Statement"] = [new for statement in document["Statement"] for new in narrowed(statement)]
            text = yaml.safe_dump(template, sort_keys=False, width=120)
            file.write_text(_HEADER + text, encoding="utf-8")


def narrowed(statement: Statement) -> list[Statement]:
    """Return the statements that allow the same actions, each on what it is for.

    Args:
        statement: One that allows actions on every resource, as cfn writes it; another is returned as it is.
    """
    if statement["Effect"] != "Allow" or statement["Resource"] != "*" or "Condition" in statement:
        return [statement]
    allowed = set(statement["Action"])
    statements = [rule.statement(allowed) for rule in RULES if allowed & set(rule.actions)]
    unknown = sorted(allowed.difference(*(rule.actions for rule in RULES)))
    return statements + ([statement | {"Action": unknown}] if unknown else [])


if __name__ == "__main__":
    narrow(Path(*sys.argv[1:2] or [FILE]))
