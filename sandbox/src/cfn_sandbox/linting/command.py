"""The command `cfn-sandbox lint`: templates that AWS's cloudformation-validate checks, with the project's type."""

import argparse
import difflib
import importlib
import json
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cfn_sandbox import SandboxError
from cfn_sandbox.cli import shell
from cfn_sandbox.cloudformation.templates.parsing import parse
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.linting.variant import linted
from cfn_sandbox.packaging.project import read as read_settings
from cfn_sandbox.packaging.renaming import Renamer, TypeName

__all__ = ["findings", "library"]

_WORDS = {"FATAL": "error", "ERROR": "error", "WARN": "warning"}
"""The severities that are shown. The others are advice: a resource without tags, a property that is createOnly."""


def from_options(options: argparse.Namespace) -> int:
    """Print what the linter finds in templates; return 1 if it finds an error."""
    project = shell.project(options.project)
    own = read_settings(project)["typeName"]
    if options.type_name:
        Renamer.to(own, options.type_name)  # refuses what is no name
    file = project / f"{TypeName(own).stem}.json"
    try:
        schema = linted(json.loads(file.read_text(encoding="utf-8")), options.type_name)
    except (OSError, ValueError) as error:
        raise SandboxError(f"{file} can't be read: {error}") from error
    if options.write_schema:
        options.write_schema.parent.mkdir(parents=True, exist_ok=True)
        options.write_schema.write_text(json.dumps(schema, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
    elif not options.templates:
        raise SandboxError("name a template, or several: cfn-sandbox lint template.yaml")
    lines = list(findings(options.templates, schema)) if options.templates else []
    for line in lines:
        print(line)
    errors = sum(": error: " in line for line in lines)
    if options.templates:
        shell.tell(f"templates: {len(options.templates)}; errors: {errors}; warnings: {len(lines) - errors}")
    return 1 if errors else 0


def library() -> Any:  # noqa: ANN401 - a module that need not be installed
    """Return the module cloudformation_validate.

    Raises:
        SandboxError: it is not installed, or has no native library for this system.
    """
    try:
        return importlib.import_module("cloudformation_validate")
    except ImportError as error:
        missing: Exception = error
    except (OSError, RuntimeError) as error:  # ctypes can't load it, or the wheel has none for this system
        missing = error
    name, version = platform.libc_ver()
    raise SandboxError(
        "`cfn-sandbox lint` needs AWS's cloudformation-validate: pip install 'cfn-sandbox[lint]'. On Linux it needs "
        f"glibc 2.34 or newer; here is {f'{name} {version}' if name else 'another C library'} ({missing})"
    ) from missing


def findings(templates: Sequence[Path], schema: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each error and each warning: place, severity, message and rule.

    Args:
        templates: the templates' files.
        schema: the type's schema, as `linted` writes it.

    Raises:
        SandboxError: a template can't be read, the linter is missing, or it refuses the schema.
    """
    validate = library()
    source = validate.AdditionalSchemaSource(type_name=None, schema=json.dumps(schema))
    config = validate.SchemaValidatorConfig(additional_schemas=[source])
    try:
        engine = validate.CelEngine(validate.EngineConfig(schema_validator_config=config))
    except validate.ValidationError as error:
        raise SandboxError(f"cloudformation-validate refuses the schema of {schema['typeName']}: {error}") from error
    for file in templates:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise SandboxError(f"{file} can't be read: {error}") from error
        yield from _unchecked(file, text, str(schema["typeName"]))
        report = engine.validate_template(validate.TemplateContent(text, str(file)))
        for found in report.diagnostics:
            if word := _WORDS.get(found.severity.name):
                yield f"{file}:{found.start_line}:{found.start_column}: {word}: {found.message} ({_where(found)})"


def _where(found: Any) -> str:  # noqa: ANN401 - the linter's own class
    of_resource = found.entity and found.entity.entity_type.name == "RESOURCE"
    path = ".".join(filter(None, [found.entity.logical_id if of_resource else "", found.property_path]))
    return f"{found.rule_id} {path}".strip()


def _unchecked(file: Path, text: str, own: str) -> Iterator[str]:
    """Yield a warning for each type without a schema, of which the linter checks and says nothing."""
    try:
        resources = parse(text).body.get("Resources")
    except ValidationError:  # the linter says what is wrong
        return
    types = {str(one.get("Type")) for one in resources.values() if isinstance(one, dict)} if resources else set()  # type: ignore[union-attr]  # `parse` takes an object only
    for name in sorted(types):
        if name != own and not name.startswith(("AWS::", "Custom::", "Alexa::")):
            hint = f" Did you mean {own}?" if difflib.get_close_matches(name, [own], 1, 0.8) else ""
            word = "error" if hint else "warning"
            yield f"{file}: {word}: {name} has no schema here, so nothing of it is checked.{hint}"
