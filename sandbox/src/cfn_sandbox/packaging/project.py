"""What .rpdk-config says of a project, checked before anything is packaged: one sentence instead of cfn's traceback."""

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

from cfn_sandbox.packaging import PackagerError
from cfn_sandbox.packaging.sources import SETTINGS

_PYTHON = re.compile(r"python(\d)(\d+)")
_NEWEST = "set language to python312 and runtime to python3.12"
_KINDS = {"HOOK": "hook", "MODULE": "module"}


def read(project: Path) -> dict[str, Any]:
    """Return the settings of a project of a resource type in Python.

    Args:
        project: the project's folder.

    Raises:
        PackagerError: there is no project, or one that can't be packaged here (a hook's, a module's, in another
            language, for a Python that cfn no longer packages); with what to do.
    """
    file = project / SETTINGS
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PackagerError(f"no resource type in {project}: it has no {SETTINGS}") from None
    except (OSError, ValueError) as error:
        raise PackagerError(f"{file} can't be read: {error}") from error
    if not isinstance(settings, dict):
        raise PackagerError(f"{file} can't be read: it is not a JSON object")
    _check(settings, project)
    return settings


def _check(settings: dict[str, Any], project: Path) -> None:
    kind = settings.get("artifact_type", "RESOURCE")
    if kind != "RESOURCE":
        raise PackagerError(
            f"{project} is the project of a {_KINDS.get(str(kind), str(kind))}: only resource types run here"
        )
    language, runtime = str(settings.get("language", "")), str(settings.get("runtime", ""))
    version = _PYTHON.match(language)
    if version is None:
        raise PackagerError(f"{project} is a type in {language or 'no language'}: only types in Python run here")
    if not isinstance(settings.get("typeName"), str):
        raise PackagerError(f"{project} is no project of a resource type: {SETTINGS} has no typeName")
    plugins = importlib.metadata.entry_points(group="rpdk.v1.languages")
    if language not in plugins.names:
        raise PackagerError(f"{SETTINGS} names the language {language}, for which cfn has no plugin here: {_NEWEST}")
    expected = f"python{version[1]}.{version[2]}"
    if runtime != expected:
        raise PackagerError(
            f"{SETTINGS} names the language {language} and the runtime {runtime or 'none'}, which don't match: "
            f"set runtime to {expected}, or {_NEWEST}"
        )
