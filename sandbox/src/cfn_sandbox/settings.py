"""A project's settings of the sandbox: the table `[tool.cfn-sandbox]` in its pyproject.toml."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cfn_sandbox import SandboxError

_TABLE = "[tool.cfn-sandbox]"


@dataclass(frozen=True)
class Settings:
    """What a project sets.

    Args:
        plugins: the plugins that are active for the project (see cfn_sandbox.plugins).
    """

    plugins: list[str] = field(default_factory=list)


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
    table: dict[str, Any] = content.get("tool", {}).get("cfn-sandbox", {})
    unknown = sorted(table.keys() - Settings.__dataclass_fields__.keys())
    if unknown:
        known = ", ".join(Settings.__dataclass_fields__)
        raise SandboxError(f"{_TABLE} in {file} has no setting {unknown[0]}; there are {known}")
    plugins = table.get("plugins", [])
    if not isinstance(plugins, list) or not all(isinstance(plugin, str) for plugin in plugins):
        raise SandboxError(f"plugins of {_TABLE} in {file} must be a list of strings")
    return Settings(plugins)
