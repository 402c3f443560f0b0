"""Trims botocore's service models to the operations that the handlers call.

`python -m cfn_sandbox.packaging.service_models` writes the trimmed models. SageMaker's model describes 400 operations,
and botocore reads it whole for each session's first client, which takes a fifth of a second on a laptop and more than a
second in a function. The trimmed model has the operations below, every shape that they reach, errors included, and no
documentation. endpoints.json lists every endpoint of every service; it keeps all of the partitions' data, but only our
services' endpoints.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

DATA = Path(__file__).parents[4] / "src" / "aws_sagemaker_modelqualityjobdefinition" / "data"

#: The called operations, by botocore's name of the service. The handlers call SageMaker, delivery the other two.
OPERATIONS = {
    "cloudwatch": ("PutMetricData",),
    "logs": ("CreateLogGroup", "CreateLogStream", "PutLogEvents"),
    "sagemaker": (
        "AddTags",
        "CreateModelQualityJobDefinition",
        "DeleteModelQualityJobDefinition",
        "DeleteTags",
        "DescribeModelQualityJobDefinition",
        "ListModelQualityJobDefinitions",
        "ListTags",
    ),
}


def files() -> Iterator[tuple[str, str]]:
    """Yield the path below the data directory and the text of every trimmed file."""
    loader = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
    prefixes = set()
    for service, operations in OPERATIONS.items():
        version = loader.determine_latest_version(service, "service-2")
        model = loader.load_service_model(service, "service-2", version)
        prefixes.add(model["metadata"]["endpointPrefix"])
        yield f"{service}/{version}/service-2.json", _text(trimmed_model(model, operations))
    yield "endpoints.json", _text(trimmed_endpoints(loader.load_data("endpoints"), prefixes))


def trimmed_model(model: dict[str, Any], operations: tuple[str, ...]) -> dict[str, Any]:
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


def main() -> None:
    """Write the trimmed files into the product, and print their sizes."""
    for path, text in files():
        file = DATA / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        print(f"{path}: {len(text) / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
