"""Trims botocore's service models to the operations that the handlers call.

`cfn-sandbox models` writes the trimmed models into the package, and python312-small then leaves out botocore's, which
botocore reads as a whole for each session's first client. For 400 operations that takes a fifth of a second
on a laptop and more than a second in a function. A trimmed model has the operations in the project's settings
(cfn_sandbox.settings), every shape that they reach, errors included, and no documentation. endpoints.json lists every
endpoint of every service; it keeps all of the partitions' data, but only the endpoints of these services.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader

from cfn_sandbox import SandboxError, settings
from cfn_sandbox.cli import shell
from cfn_sandbox.packaging.sources import SETTINGS

__all__ = ["files", "folder"]


def folder(project: Path) -> Path:
    """Return the folder of a project's trimmed models: data in the package of its handlers.

    Args:
        project: the folder with .rpdk-config.

    Raises:
        SandboxError: the folder has no project.
    """
    try:
        entrypoint = str(json.loads((project / SETTINGS).read_text(encoding="utf-8"))["entrypoint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SandboxError(f"{project / SETTINGS} names no entrypoint: {error!r}") from error
    return project / "src" / entrypoint.partition(".")[0] / "data"


def files(
    operations: Mapping[str, Sequence[str]], members: Mapping[str, Mapping[str, Sequence[str]]] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the path below the folder and the text of every trimmed file.

    Args:
        operations: the called operations, by botocore's name of the service.
        members: for shapes whose other members aren't read, the members that are, by service and shape: an answer's
            list takes less time to parse.

    Raises:
        SandboxError: botocore has no such service, operation, shape or member.
    """
    members = members or {}
    loader = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
    prefixes = set()
    for service, names in operations.items():
        try:
            version = loader.determine_latest_version(service, "service-2")
        except (DataNotFoundError, UnknownServiceError):
            raise SandboxError(f"botocore has no service {service}, which service-models names") from None
        model = loader.load_service_model(service, "service-2", version)
        missing = sorted(set(names) - model["operations"].keys())
        if missing:
            raise SandboxError(f"botocore's {service} has no {missing[0]}, which service-models names")
        for name, kept in members.get(service, {}).items():
            model["shapes"][name] = _with_members(model["shapes"].get(name, {}), kept, f"{service}.{name}")
        prefixes.add(model["metadata"]["endpointPrefix"])
        yield f"{service}/{version}/service-2.json", _text(trimmed_model(model, names))
    yield "endpoints.json", _text(trimmed_endpoints(loader.load_data("endpoints"), prefixes))


def _with_members(shape: dict[str, Any], kept: Sequence[str], name: str) -> dict[str, Any]:
    """Return a structure with some of its members."""
    missing = sorted(set(kept) - shape.get("members", {}).keys())
    if missing:
        raise SandboxError(f"botocore's {name} has no {missing[0]}, which service-model-members names")
    return shape | {
        "required": [member for member in shape.get("required", ()) if member in kept],
        "members": {member: shape["members"][member] for member in kept},
    }


def trimmed_model(model: dict[str, Any], operations: Sequence[str]) -> dict[str, Any]:
    """Return a service model with these operations and the shapes that they reach, without documentation."""
    kept = {name: model["operations"][name] for name in operations}
    reached: dict[str, Any] = {}
    pending = [name for operation in kept.values() for name in _shapes(operation)]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached[name] = model["shapes"][name]
            pending += _shapes(reached[name])
    other_members = {key: value for key, value in model.items() if key not in ("operations", "shapes")}
    trimmed: dict[str, Any] = _without_documentation(
        other_members | {"operations": kept, "shapes": dict(sorted(reached.items()))}
    )
    return trimmed


def trimmed_endpoints(endpoints: dict[str, Any], prefixes: set[str]) -> dict[str, Any]:
    """Return botocore's endpoints.json with only the endpoints of the services with these prefixes."""
    partitions = [
        partition | {"services": {name: value for name, value in partition["services"].items() if name in prefixes}}
        for partition in endpoints["partitions"]
    ]
    return endpoints | {"partitions": partitions}


def _shapes(part: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a JSON document
    """Yield the names of the shapes that a part of a model refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _shapes(inner)


def _without_documentation(part: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - any part of a JSON document
    """Return a part of a model without its documentation.

    Args:
        part: The part.
        names: Whether the keys are names of shapes, members or operations, where "documentation" can be a name.
    """
    if isinstance(part, list):
        return [_without_documentation(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    return {
        key: _without_documentation(value, names=not names and key in ("members", "operations", "shapes"))
        for key, value in part.items()
        if names or key not in ("documentation", "documentationUrl")
    }


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=1) + "\n"


def from_options(options: argparse.Namespace) -> int:
    """Write the trimmed models of a project by its settings, and print their sizes, for `cfn-sandbox models`."""
    project = shell.project(options.project)
    chosen = settings.read(project)
    if not chosen.service_models:
        raise SandboxError(f"{project / 'pyproject.toml'} has no [tool.cfn-sandbox.service-models], the list of calls")
    for path, text in files(chosen.service_models, chosen.service_model_members):
        file = folder(project) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(f"{path}: {len(text) / 1024:.0f} KiB")
    return 0
