"""Translation between CloudFormation's model and SageMaker's API.

Names are the same on both sides, at every depth, so values are copied unchanged. The exceptions:

- Requests never contain CreationTime and JobDefinitionArn (read-only), or EndpointName (write-only).
- CreationTime is a datetime in SageMaker's answer.
- Tags are not in SageMaker's description. ListTags returns them.
- Parquet is a boolean in the model and an empty structure in the API.
- Members of an answer that the schema doesn't have are dropped, so a member that SageMaker adds later breaks nothing.
"""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from copy import deepcopy
from dataclasses import is_dataclass
from datetime import UTC, datetime
from functools import cache, partial
from math import isfinite
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin, get_type_hints

from cloudformation_cli_python_lib.exceptions import InvalidRequest, ServiceInternalError

from . import tags as tag_rules
from .models import ResourceModel
from .runtime import words

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateModelQualityJobDefinitionRequestTypeDef,
        DescribeModelQualityJobDefinitionResponseTypeDef,
        MonitoringJobDefinitionSummaryTypeDef,
        TagTypeDef,
    )

_NOT_IN_REQUESTS = frozenset({"CreationTime", "EndpointName", "JobDefinitionArn", "JobDefinitionName", "Tags"})
_CREATE_ONLY = frozenset(ResourceModel.__dataclass_fields__) - _NOT_IN_REQUESTS | {"JobDefinitionName"}

_NOTHING: dict[str, Any] = dict.fromkeys(ResourceModel.__dataclass_fields__)

# SageMaker's defaults for members that a request leaves out (SageMaker API: MonitoringStoppingCondition, EndpointInput,
# BatchTransformInput). S3UploadMode has no documented default; Terraform's provider declares it as computed.
_DEFAULTS: Mapping[str, Any] = {
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "S3DataDistributionType": "FullyReplicated",
    "S3InputMode": "File",
}
_FILLED_IN = frozenset({"S3UploadMode"})
_FORMATS = frozenset({"Csv", "Json"})  # even an empty one selects a format


class Model(ResourceModel):
    """The generated model, with a `_deserialize` that loses nothing.

    The generated one turns an empty object into None, which loses `Csv: {}`. It also modifies its argument, and raises
    KeyError for an unknown property.
    """

    @classmethod
    def _deserialize(cls, json_data: Mapping[str, Any] | None) -> ResourceModel | None:
        """Return the model for properties; None if there are none.

        Numbers and booleans can be strings, as CloudFormation sends them.

        Raises:
            InvalidRequest: A property is unknown or of another type. The message names it without its value.
        """
        return cast("ResourceModel", _structured(ResourceModel, json_data, "", strict=True)) if json_data else None


def request(model: ResourceModel, name: str, tags: tag_rules.Tags) -> "CreateModelQualityJobDefinitionRequestTypeDef":
    """Return the Create request for a model.

    Args:
        model: The desired state.
        name: The definition's name.
        tags: The merged tags of the stack and the model.

    Raises:
        InvalidRequest: DatasetFormat selects no format, because it contains only `Parquet: false`.
    """
    wire = {key: value for key, value in model._serialize().items() if key not in _NOT_IN_REQUESTS}
    dataset_format = _dataset_format(wire)
    if dataset_format is not None:
        if dataset_format.pop("Parquet", False):
            dataset_format["Parquet"] = {}
        if not dataset_format:
            raise InvalidRequest(
                "ModelQualityJobInput/BatchTransformInput/DatasetFormat must name a format: Csv, Json or Parquet: true."
            )
    wire["JobDefinitionName"] = name
    if tags:
        wire["Tags"] = tag_rules.to_wire(tags)
    return cast("CreateModelQualityJobDefinitionRequestTypeDef", wire)


def model(
    description: "DescribeModelQualityJobDefinitionResponseTypeDef", tags: "Sequence[TagTypeDef]"
) -> ResourceModel:
    """Return the model of an existing definition: all of SageMaker's description, without write-only properties.

    Args:
        description: Describe's answer.
        tags: ListTags' answer.

    Raises:
        ServiceInternalError: The description is malformed.
    """
    wire = {name: value for name, value in description.items() if name != "EndpointName"}  # write-only
    try:
        wire = deepcopy(wire)
        dataset_format = _dataset_format(wire)
        if dataset_format is not None and "Parquet" in dataset_format:
            dataset_format["Parquet"] = True
        found = cast("ResourceModel", _structured(ResourceModel, wire, "", strict=False))
    except (InvalidRequest, RecursionError) as error:
        raise ServiceInternalError(f"SageMaker's description of the definition can't be read: {error}") from error
    found.Tags = tag_rules.report(tag_rules.from_wire(tags))
    return found


def listed(summary: "MonitoringJobDefinitionSummaryTypeDef") -> ResourceModel:
    """Return the model of a definition in a list, with its identifiers only."""
    identifiers = {
        "JobDefinitionArn": summary["MonitoringJobDefinitionArn"],
        "JobDefinitionName": summary["MonitoringJobDefinitionName"],
    }
    return ResourceModel(**_NOTHING | identifiers)


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
        if not _is_met(name, now.get(name), there.get(name))
        or (name != "JobDefinitionName" and not _is_still_desired(name, before.get(name), now.get(name)))
    )


def _is_met(name: str, desired: Any, actual: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    """Return whether a desired value is met. An empty object and `Parquet: false` require nothing."""
    if desired is None or (name == "Parquet" and desired is False):
        return True
    if name == "Environment":
        return bool(desired == (actual or {}))
    if isinstance(desired, Mapping):
        return all(_is_met(key, value, (actual or {}).get(key)) for key, value in desired.items())
    if isinstance(desired, list):
        same_length = isinstance(actual, list) and len(desired) == len(actual)
        return same_length and all(_is_met(name, one, other) for one, other in zip(desired, actual, strict=True))
    if name == "JobDefinitionName":
        return str(desired).lower() == str(actual).lower()
    return bool(desired == actual)


def _is_still_desired(name: str, before: Any, now: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    """Return whether no previous value was removed. A value that equals SageMaker's default can be removed."""
    if now is None:
        return before in (None, {}, _DEFAULTS.get(name)) or name in _FILLED_IN
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return all(_is_still_desired(key, value, now.get(key)) for key, value in before.items())
    return True


def strict_differences(desired: ResourceModel, actual: ResourceModel) -> list[str]:
    """Return the createOnly properties in which a definition is not exactly as desired. Tags are not compared.

    Stricter than `differences`: a value that was not desired counts too, unless SageMaker fills it in.

    Args:
        desired: The desired state.
        actual: The existing definition.
    """
    now, there = desired._serialize(), actual._serialize()
    return sorted(name for name in _CREATE_ONLY if not _is_equal(name, now.get(name), there.get(name)))


def _is_equal(name: str, desired: Any, actual: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    same = desired == actual or name == "JobDefinitionName"  # the definition was found by its name
    if same or name == "Environment":  # a variable can be named like a property
        return same or not (desired or actual)
    if desired is None or actual is None:
        given = actual if desired is None else desired
        if given in ([], False, _DEFAULTS.get(name)) or (desired is None and name in _FILLED_IN):
            return True
        if not isinstance(given, Mapping) or name in _FORMATS:
            return False
        desired, actual = desired or {}, actual or {}  # a missing object is like an empty one
    if isinstance(desired, Mapping) and isinstance(actual, Mapping):
        return all(_is_equal(key, desired.get(key), actual.get(key)) for key in desired.keys() | actual.keys())
    if isinstance(desired, list) and isinstance(actual, list):
        return len(desired) == len(actual) and all(map(partial(_is_equal, name), desired, actual))
    return False


def _dataset_format(wire: Mapping[str, Any]) -> dict[str, Any] | None:
    found: Any = wire
    for name in ("ModelQualityJobInput", "BatchTransformInput", "DatasetFormat"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, dict) else None


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _structured(kind: Any, value: Any, path: str, *, strict: bool) -> Any:  # noqa: ANN401 - typed by hints at run time
    """Convert JSON to the type that a hint of the generated model gives.

    Args:
        kind: The hint: a dataclass, a container, a primitive, or an optional one of these.
        value: The JSON.
        path: The value's JSON pointer, for messages.
        strict: Whether an unknown property is an error. If not, it is dropped.

    Raises:
        InvalidRequest: The value has another type, or more members than any of this resource can have.
    """
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        _sized(value, Mapping, path)
        unknown = next((name for name in value if name not in hints), None) if strict else None
        if unknown is not None:
            raise InvalidRequest(f"{_member(path, unknown)} is not a property of this type.")
        return kind(
            **{
                name: _structured(hint, value[name], f"{path}/{name}", strict=strict)
                if value.get(name) is not None
                else None
                for name, hint in hints.items()
            }
        )
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Sequence:
        _sized(value, list, path)
        return [_structured(arguments[0], item, f"{path}/{at}", strict=strict) for at, item in enumerate(value)]
    if origin is MutableMapping:
        _sized(value, Mapping, path)
        return {
            _primitive(str, key, _member(path, key)): _structured(arguments[1], item, _member(path, key), strict=strict)
            for key, item in value.items()
        }
    if arguments:
        return _structured(arguments[0], value, path, strict=strict)
    return _primitive(kind, value, path)


def _sized(value: Any, kind: Any, path: str) -> None:  # noqa: ANN401 - typed by hints at run time
    if not isinstance(value, kind):
        raise InvalidRequest(f"{path or 'The properties'} must be {'a list' if kind is list else 'an object'}.")
    if len(value) > _MOST_MEMBERS:
        raise InvalidRequest(
            f"{path or 'The properties'} has {len(value)} members, more than any that SageMaker accepts."
        )


_MOST_MEMBERS = 1000


def _member(path: str, name: object) -> str:
    """Return the JSON pointer of a member whose name is the user's."""
    return f"{path}/{words.shown(str(name).replace('~', '~0').replace('/', '~1'))}"


def _primitive(kind: type, value: Any, path: str) -> Any:  # noqa: ANN401 - typed by hints at run time
    if kind is str:
        return _text(value, path)
    if kind is bool:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if isinstance(value, bool):
            return value
    elif not isinstance(value, bool) and _is_number(kind, value):
        return kind(value)
    raise InvalidRequest(f"{path} must be {_WORDS[kind]}.")


def _text(value: Any, path: str) -> str:  # noqa: ANN401 - typed by hints at run time
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if not words.is_unicode(value):
            raise InvalidRequest(f"{path} contains half of a surrogate pair, which is not a character.")
        return value
    if isinstance(value, int | float) and _is_number(float, value):
        return str(value)
    raise InvalidRequest(f"{path} must be a string.")


def _is_number(kind: type, value: Any) -> bool:  # noqa: ANN401 - typed by hints at run time
    """Return whether a value is a finite number in JSON's notation, as a number or a string, and within 64 bits."""
    if isinstance(value, str):
        return bool(re.fullmatch(_NUMBERS[kind], value)) and isfinite(float(value))
    if isinstance(value, int):
        return abs(value) < 2**63
    return isinstance(value, float) and isfinite(value) and (kind is float or value.is_integer())


# Python's int and float accept more: "1_0", spaces, digits of other scripts.
_NUMBERS: Mapping[type, str] = {
    float: r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
    int: r"-?[0-9]{1,18}",
}
_WORDS: Mapping[type, str] = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
}
