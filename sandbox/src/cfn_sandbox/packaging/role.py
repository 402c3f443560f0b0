"""Narrows the handlers' role: `cfn generate` allows every action of the schema's permissions on every resource.

A schema can only name actions. AWS's Service Authorization Reference says which resources and conditions each action
supports. A project's settings have these as rules (cfn_sandbox.settings). Actions without a rule stay as they are.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cfn_sandbox import SandboxError, settings
from cfn_sandbox.cli import shell
from cfn_sandbox.settings import RoleRule

__all__ = ["FILE", "narrow"]

FILE = "resource-role.yaml"
"""The template of the role, which `cfn submit` deploys as a stack."""

Statement = dict[str, Any]

_HEADER = "# cfn's role, narrowed by `cfn-sandbox role`; `cfn generate` alone writes the wide form.\n"


def narrow(file: Path, rules: Sequence[RoleRule]) -> None:
    """Narrow the role in a template that cfn generated. Without a rule for one of its actions, it stays unchanged.

    Args:
        file: resource-role.yaml of a project.
        rules: the rules of the project's settings.
    """
    known = {action for rule in rules for action in rule.actions}
    template = yaml.safe_load(file.read_text(encoding="utf-8"))
    for policy in template["Resources"]["ExecutionRole"]["Properties"]["Policies"]:
        document = policy["PolicyDocument"]
        if any(known & {*statement["Action"]} for statement in document["Statement"]):
            document["Statement"] = [
                new for statement in document["Statement"] for new in _narrowed_statements(statement, rules)
            ]
            text = yaml.safe_dump(template, sort_keys=False, width=120)
            file.write_text(_HEADER + text, encoding="utf-8")


def _narrowed_statements(statement: Statement, rules: Sequence[RoleRule]) -> list[Statement]:
    """Return statements that allow the same actions, each on the resources of its rule.

    Args:
        statement: A statement that allows actions on every resource, as cfn writes it; any other is returned unchanged.
        rules: As for `narrow`.
    """
    if statement["Effect"] != "Allow" or statement["Resource"] != "*" or "Condition" in statement:
        return [statement]
    allowed = set(statement["Action"])
    statements = [_statement(rule, allowed) for rule in rules if allowed & set(rule.actions)]
    unknown = sorted(allowed.difference(*(rule.actions for rule in rules)))
    return statements + ([statement | {"Action": unknown}] if unknown else [])


def _statement(rule: RoleRule, allowed: set[str]) -> Statement:
    """Return the statement for those of a rule's actions that are allowed."""
    return {
        "Sid": rule.name,
        "Effect": "Allow",
        "Action": sorted(allowed & set(rule.actions)),
        "Resource": rule.resource,
        **({"Condition": rule.condition} if rule.condition else {}),
    }


def from_options(options: argparse.Namespace) -> int:
    """Narrow the role of a project by its settings, for `cfn-sandbox role`."""
    project = shell.project(options.project)
    if not (project / FILE).is_file():
        raise SandboxError(f"{project} has no {FILE}: `cfn generate` writes it")
    narrow(project / FILE, settings.read(project).role)
    return 0
