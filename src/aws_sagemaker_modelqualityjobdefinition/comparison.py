"""Compares the desired state of a definition with the existing one, by path.

SageMaker fills in what a request leaves out. The tables below have the rules that need a path; `*` is any item of a
list.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .models import ResourceModel

_CREATE_ONLY = frozenset(ResourceModel.__dataclass_fields__) - {
    "CreationTime",
    "EndpointName",
    "JobDefinitionArn",
    "Tags",
}

_NAME = "/JobDefinitionName"
_ENVIRONMENT = "/ModelQualityAppSpecification/Environment"
_INPUT = "/ModelQualityJobInput"
_FORMAT = f"{_INPUT}/BatchTransformInput/DatasetFormat"
_PARQUET = f"{_FORMAT}/Parquet"

# SageMaker's defaults for members that a request leaves out (SageMaker API: MonitoringStoppingCondition, EndpointInput,
# BatchTransformInput).
_DEFAULTS: Mapping[str, Any] = {
    "/StoppingCondition/MaxRuntimeInSeconds": 3600,
    f"{_INPUT}/EndpointInput/S3DataDistributionType": "FullyReplicated",
    f"{_INPUT}/EndpointInput/S3InputMode": "File",
    f"{_INPUT}/BatchTransformInput/S3DataDistributionType": "FullyReplicated",
    f"{_INPUT}/BatchTransformInput/S3InputMode": "File",
}
# It has no documented default; Terraform's provider declares it as computed.
_FILLED_IN = frozenset({"/ModelQualityJobOutputConfig/MonitoringOutputs/*/S3Output/S3UploadMode"})
# Even an empty one selects a format.
_FORMATS = frozenset({f"{_FORMAT}/Csv", f"{_FORMAT}/Json"})


def differences(desired: ResourceModel, actual: ResourceModel, previous: ResourceModel | None = None) -> list[str]:
    """Return the createOnly properties whose desired value differs from the actual one.

    The desired state can leave out what SageMaker fills in. Tags are not compared: they can be changed in place.

    Args:
        desired: The template's properties.
        actual: The existing definition.
        previous: The template's previous properties, to notice those that were removed.
    """
    now, before, there = (item._serialize() if item else {} for item in (desired, previous, actual))
    return sorted(
        name
        for name in _CREATE_ONLY
        if not _is_met(f"/{name}", now.get(name), there.get(name))
        or (f"/{name}" != _NAME and not _is_still_desired(f"/{name}", before.get(name), now.get(name)))
    )


def strict_differences(desired: ResourceModel, actual: ResourceModel) -> list[str]:
    """Return the createOnly properties in which a definition is not exactly as desired. Tags are not compared.

    Stricter than `differences`: a value that was not desired counts too, unless SageMaker fills it in.

    Args:
        desired: The desired state.
        actual: The existing definition.
    """
    now, there = desired._serialize(), actual._serialize()
    names = _CREATE_ONLY - {_NAME[1:]}  # the definition was found by its name
    return sorted(name for name in names if not _is_equal(f"/{name}", now.get(name), there.get(name)))


def _is_met(path: str, desired: Any, actual: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    """Return whether a desired value is met. An empty object and `Parquet: false` require nothing."""
    if desired is None or (path == _PARQUET and desired is False):
        return True
    if path == _ENVIRONMENT:
        return bool(desired == (actual or {}))
    if path == _NAME:
        return str(desired).lower() == str(actual).lower()
    if isinstance(desired, Mapping):
        return all(_is_met(f"{path}/{key}", value, (actual or {}).get(key)) for key, value in desired.items())
    if isinstance(desired, list):
        return isinstance(actual, list) and _all_items(_is_met, path, desired, actual)
    return bool(desired == actual)


def _is_still_desired(path: str, before: Any, now: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    """Return whether no previous value was removed. A value that equals SageMaker's default can be removed."""
    if isinstance(before, Mapping) and (now is None or isinstance(now, Mapping)):
        return all(_is_still_desired(f"{path}/{key}", value, (now or {}).get(key)) for key, value in before.items())
    return now is not None or before is None or before == _DEFAULTS.get(path) or path in _FILLED_IN


def _is_equal(path: str, desired: Any, actual: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    if desired == actual:
        return True
    if path == _ENVIRONMENT:  # a variable can be named like a property
        return not (desired or actual)
    if desired is None or actual is None:
        given = actual if desired is None else desired
        if given in ([], False, _DEFAULTS.get(path)) or (desired is None and path in _FILLED_IN):
            return True
        if path in _FORMATS:
            return False
        desired, actual = desired or {}, actual or {}  # a missing object is like an empty one
    if isinstance(desired, Mapping) and isinstance(actual, Mapping):
        names = desired.keys() | actual.keys()
        return all(_is_equal(f"{path}/{name}", desired.get(name), actual.get(name)) for name in names)
    both_are_lists = isinstance(desired, list) and isinstance(actual, list)
    return both_are_lists and _all_items(_is_equal, path, desired, actual)


def _all_items(compare: Callable[[str, Any, Any], bool], path: str, desired: list[Any], actual: list[Any]) -> bool:
    pairs = zip(desired, actual, strict=False)
    return len(desired) == len(actual) and all(compare(f"{path}/*", one, other) for one, other in pairs)
