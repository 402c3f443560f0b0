"""Compares the desired state of a definition with the existing one: as tables of values by path.

SageMaker fills in what a request leaves out. `false`, an empty list and an empty object mean the same as a member that
is missing, except in the tables below.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .models import ResourceModel

_CREATE_ONLY = ResourceModel.__dataclass_fields__.keys() - {"CreationTime", "EndpointName", "JobDefinitionArn", "Tags"}

_NAME = "/JobDefinitionName"
_ENVIRONMENT = "/ModelQualityAppSpecification/Environment"
_INPUT = "/ModelQualityJobInput"
_FORMAT = f"{_INPUT}/BatchTransformInput/DatasetFormat"

# SageMaker's defaults for members that a request leaves out (SageMaker API: MonitoringStoppingCondition, EndpointInput,
# BatchTransformInput).
_DEFAULTS: Mapping[str, Any] = {
    "/StoppingCondition/MaxRuntimeInSeconds": 3600,
    f"{_INPUT}/EndpointInput/S3DataDistributionType": "FullyReplicated",
    f"{_INPUT}/EndpointInput/S3InputMode": "File",
    f"{_INPUT}/BatchTransformInput/S3DataDistributionType": "FullyReplicated",
    f"{_INPUT}/BatchTransformInput/S3InputMode": "File",
}
# The mode of the only output has no documented default; Terraform's provider declares it as computed. CREATE generates
# a name.
_FILLED_IN = frozenset({_NAME, "/ModelQualityJobOutputConfig/MonitoringOutputs/0/S3Output/S3UploadMode"})
# Even an empty one selects a format.
_FORMATS = frozenset({f"{_FORMAT}/Csv", f"{_FORMAT}/Json"})


def differences(desired: ResourceModel, actual: ResourceModel, previous: ResourceModel | None = None) -> list[str]:
    """Return the createOnly properties whose desired value differs from the actual one.

    The desired state can leave out what SageMaker fills in. Tags are not compared: they can be changed in place. What
    is in `previous` must still be desired. If that is the template's previous properties, those that were removed
    differ; if it is the existing definition, what it has in addition differs.
    """
    now, there, before = _values(desired), _values(actual), _values(previous)
    unlike = {path for path, value in now.items() if value != there.get(path, _DEFAULTS.get(path))}
    added = {path for path, value in before.items() if path not in now and value != _DEFAULTS.get(path)} - _FILLED_IN
    return sorted({path.split("/")[1] for path in unlike | added})


def _values(state: ResourceModel | None) -> dict[str, Any]:
    given = state._serialize() if state else {}
    return dict(item for name in _CREATE_ONLY & given.keys() for item in _by_path(f"/{name}", given[name]))


def _by_path(path: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON of any shape
    """Yield all values in a value by path, with the number of a list's or Environment's members as its own value."""
    if path in _FORMATS:
        yield path, True
    elif isinstance(value, list) or path == _ENVIRONMENT:
        yield path, len(value) or None
    elif not isinstance(value, Mapping):
        yield path, value.lower() if path == _NAME else None if value is False else value
    members = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _by_path(f"{path}/{name}", member)
