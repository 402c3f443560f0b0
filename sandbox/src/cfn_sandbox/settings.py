"""A project's settings of the sandbox: the table `[tool.cfn-sandbox]` in its pyproject.toml. Each setting is optional.

[tool.cfn-sandbox]
plugins = ["tools.example:plugin"]            # rules of services, types to play, options (see cfn_sandbox.plugins)
language = "python312-small"                  # cfn's language plugin, instead of the one in .rpdk-config
architecture = "x86_64"                       # the processor that the package is for: x86_64 (the default) or arm64
drop = ["bin"]                                # python312-small leaves these top-level folders out, used or not

[tool.cfn-sandbox.service-models]             # `cfn-sandbox models` ships botocore's models of these calls alone
sns = ["CreateTopic", "DeleteTopic"]

[tool.cfn-sandbox.service-model-members.sns]  # of these shapes, ships these members alone; the others aren't parsed
Topic = ["TopicArn"]

[[tool.cfn-sandbox.role]]                     # `cfn-sandbox role` limits the actions of the handlers' role
name = "Topics"
actions = ["sns:CreateTopic", "sns:DeleteTopic"]
resource = {"Fn::Sub" = "arn:${AWS::Partition}:sns:*:*:*"}
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cfn_sandbox import SandboxError
from cfn_sandbox.packaging.compiled import ARCHITECTURES

__all__ = ["RoleRule", "Settings", "read"]

_TABLE = "[tool.cfn-sandbox]"
_STRINGS = {"type": "array", "items": {"type": "string"}}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "plugins": _STRINGS,
        "language": {"type": "string"},
        "service-models": {"type": "object", "additionalProperties": _STRINGS},
        "service-model-members": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": _STRINGS},
        },
        "role": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "pattern": "^[A-Za-z0-9]+$"},
                    "actions": _STRINGS | {"minItems": 1},
                    "resource": {"type": ["string", "object", "array"]},
                    "condition": {"type": "object"},
                },
                "required": ["name", "actions"],
                "additionalProperties": False,
            },
        },
        "architecture": {"enum": [*ARCHITECTURES]},
        "drop": _STRINGS,
    },
    "additionalProperties": False,
}


@dataclass(frozen=True)
class RoleRule:
    """The resource and the condition of some of the actions that the handlers' role allows.

    Args:
        name: the statement's Sid.
        actions: the actions, such as sns:CreateTopic.
        resource: the statement's Resource, in CloudFormation's syntax.
        condition: the statement's Condition; empty for none.
    """

    name: str
    actions: Sequence[str]
    resource: str | Mapping[str, Any] | Sequence[Any] = "*"
    condition: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What a project sets.

    Args:
        plugins: the plugins that are active for the project (see cfn_sandbox.plugins).
        language: cfn's language plugin that packages the project; None for the one that .rpdk-config names.
        service_models: the operations that the handlers call, by botocore's name of the service.
        service_model_members: the members that are read, of shapes whose other members aren't, by service and shape.
        role: the rules by which the handlers' role is narrowed.
        architecture: the processor that the package is for; None for Lambda's default.
        drop: the top-level files and folders that python312-small leaves out without a proof that nothing uses them.
    """

    plugins: Sequence[str] = ()
    language: str | None = None
    service_models: Mapping[str, Sequence[str]] = field(default_factory=dict)
    service_model_members: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    role: Sequence[RoleRule] = ()
    architecture: str | None = None
    drop: Sequence[str] = ()


def read(project: Path) -> Settings:
    """Return a project's settings; the defaults where it sets nothing.

    Args:
        project: the project's folder.

    Raises:
        SandboxError: pyproject.toml is not TOML, or the table has a key or a value that the sandbox doesn't know.
    """
    file = project / "pyproject.toml"
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        raise SandboxError(f"{file} can't be read: {error}") from error
    table = content.get("tool", {}).get("cfn-sandbox", {})
    _check(table, file)
    return Settings(
        tuple(table.get("plugins", ())),
        table.get("language"),
        table.get("service-models", {}),
        table.get("service-model-members", {}),
        tuple(RoleRule(**rule) for rule in table.get("role", ())),
        table.get("architecture"),
        tuple(table.get("drop", ())),
    )


def _check(table: Any, file: Path) -> None:  # noqa: ANN401 - TOML can have any value there
    from jsonschema import Draft7Validator  # noqa: PLC0415 - slow, and most commands' --help reads no settings

    error = min(Draft7Validator(_SCHEMA).iter_errors(table), key=lambda error: len(error.absolute_path), default=None)
    if error is None:
        return
    place = ".".join(str(part) for part in error.absolute_path)
    where = f"{place} of {_TABLE} in {file}" if place else f"{_TABLE} in {file}"
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = sorted(error.instance.keys() - known.keys())
        raise SandboxError(f"{where} has no setting {unknown[0]}; there are {', '.join(known)}")
    raise SandboxError(f"{where} is not as expected: {error.message}")
