"""From what CloudFormation says to what SageMaker says, and back.

Names are the same on both sides, at every depth. So everything is carried over as it is, and these are all the
exceptions:

- CreationTime and JobDefinitionArn (read-only) and EndpointName (write-only) are in no request.
- CreationTime is a datetime in SageMaker's answer.
- Tags are no member of SageMaker's description: they come from ListTags.
- Parquet is a boolean in the model and an empty structure on the wire.
- Members that the schema does not know are dropped from an answer, so that a member added tomorrow breaks nothing.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from copy import deepcopy
from dataclasses import is_dataclass
from datetime import UTC, datetime
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin, get_type_hints

from cloudformation_cli_python_lib.exceptions import InvalidRequest

from . import tags as tag_rules
from .models import ResourceModel

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateModelQualityJobDefinitionRequestTypeDef,
        DescribeModelQualityJobDefinitionResponseTypeDef,
        MonitoringJobDefinitionSummaryTypeDef,
        TagTypeDef,
    )

_NOT_IN_REQUESTS = frozenset({"CreationTime", "EndpointName", "JobDefinitionArn", "JobDefinitionName", "Tags"})
_CREATE_ONLY = frozenset(ResourceModel.__dataclass_fields__) - _NOT_IN_REQUESTS | {"JobDefinitionName"}

# What SageMaker fills in where a request leaves it out (SageMaker API: MonitoringStoppingCondition, EndpointInput,
# BatchTransformInput). It may fill in S3UploadMode too, with what it likes: Terraform's provider has it as computed.
_DEFAULTS: Mapping[str, Any] = {
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "S3DataDistributionType": "FullyReplicated",
    "S3InputMode": "File",
}
_FILLED_FREELY = frozenset({"S3UploadMode"})


class Model(ResourceModel):
    """The generated model, read from a request without loss.

    The generated `_deserialize` turns an empty object into None, so that `Csv: {}` is lost; it changes its argument,
    and it passes on a KeyError for a property that it doesn't know.
    """

    @classmethod
    def _deserialize(cls, json_data: Mapping[str, Any] | None) -> ResourceModel | None:
        """Return the model that properties stand for; None when there are none.

        Numbers and booleans may come as strings, as CloudFormation sends them.

        Raises:
            InvalidRequest: A property is unknown or of another type; the message names it, and not its value.
        """
        return cast("ResourceModel", _structured(ResourceModel, json_data, "", strict=True)) if json_data else None


def request(model: ResourceModel, name: str, tags: tag_rules.Tags) -> "CreateModelQualityJobDefinitionRequestTypeDef":
    """Return the Create request for a model.

    Args:
        model: What is desired.
        name: The definition's name.
        tags: The tags of the stack and of the model together.

    Raises:
        InvalidRequest: The data set's format is none, because all that is said of it is `Parquet: false`.
    """
    wire = {key: value for key, value in model._serialize().items() if key not in _NOT_IN_REQUESTS}
    dataset_format = _dataset_format(wire)
    if dataset_format is not None and not _parquet_to_wire(dataset_format):
        raise InvalidRequest(
            "ModelQualityJobInput/BatchTransformInput/DatasetFormat has to name a format: Csv, Json or Parquet: true."
        )
    wire["JobDefinitionName"] = name
    if tags:
        wire["Tags"] = tag_rules.to_wire(tags)
    return cast("CreateModelQualityJobDefinitionRequestTypeDef", wire)


def model(
    description: "DescribeModelQualityJobDefinitionResponseTypeDef", tags: "Sequence[TagTypeDef]"
) -> ResourceModel:
    """Return the model of a definition as it is: all that SageMaker knows of it, and no write-only property.

    Args:
        description: What Describe answered.
        tags: What ListTags answered.
    """
    wire = deepcopy(dict(description))
    dataset_format = _dataset_format(wire)
    if dataset_format is not None and "Parquet" in dataset_format:
        dataset_format["Parquet"] = True
    found = cast("ResourceModel", _structured(ResourceModel, wire, "", strict=False))
    found.EndpointName = None
    found.Tags = tag_rules.report(tag_rules.from_wire(tags))
    return found


def listed(summary: "MonitoringJobDefinitionSummaryTypeDef") -> ResourceModel:
    """Return the model of a definition in a list: what identifies it."""
    identifiers = {
        "JobDefinitionArn": summary["MonitoringJobDefinitionArn"],
        "JobDefinitionName": summary["MonitoringJobDefinitionName"],
    }
    return cast("ResourceModel", _structured(ResourceModel, identifiers, "", strict=True))


def differences(desired: ResourceModel, actual: ResourceModel, previous: ResourceModel | None = None) -> list[str]:
    """Return the createOnly properties in which what is desired is not what is there.

    What is desired may leave out what SageMaker fills in. Tags are not compared: they can be changed in place.

    Args:
        desired: What a template asks for.
        actual: The definition as it is.
        previous: What the template asked for before, to notice what it no longer asks for.
    """
    now, before, there = (item._serialize() if item else {} for item in (desired, previous, actual))
    return sorted(
        name
        for name in _CREATE_ONLY
        if not _is_met(name, now.get(name), there.get(name))
        or (name != "JobDefinitionName" and not _still_asked_for(name, before.get(name), now.get(name)))
    )


def _is_met(name: str, asked: Any, there: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    """Tell whether all that is asked for is there. An empty object asks for nothing, `Parquet: false` neither."""
    if asked is None or (name == "Parquet" and asked is False):
        return True
    if name == "Environment":
        return bool(asked == (there or {}))
    if isinstance(asked, Mapping):
        return all(_is_met(key, value, (there or {}).get(key)) for key, value in asked.items())
    if isinstance(asked, list):
        same_length = isinstance(there, list) and len(asked) == len(there)
        return same_length and all(_is_met(name, one, other) for one, other in zip(asked, there, strict=True))
    if name == "JobDefinitionName":
        return str(asked).lower() == str(there).lower()
    return bool(asked == there)


def _still_asked_for(name: str, before: Any, now: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    """Tell whether nothing that was asked for is left out now, but for what SageMaker would fill in just so."""
    if now is None:
        return before in (None, {}, _DEFAULTS.get(name)) or name in _FILLED_FREELY
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return all(_still_asked_for(key, value, now.get(key)) for key, value in before.items())
    return True


def _dataset_format(wire: Mapping[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (
        wire.get("ModelQualityJobInput", {}).get("BatchTransformInput", {}).get("DatasetFormat")
    )
    return found


def _parquet_to_wire(dataset_format: dict[str, Any]) -> dict[str, Any]:
    if dataset_format.pop("Parquet", False):
        dataset_format["Parquet"] = {}
    return dataset_format


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _structured(kind: Any, value: Any, path: str, *, strict: bool) -> Any:  # noqa: ANN401 - typed by hints at run time
    """Return JSON as the type that a generated model's hints give.

    Args:
        kind: The hint: a dataclass, a container, a primitive, or one of them and None.
        value: The JSON.
        path: Where the value stands, for messages.
        strict: Whether a property that the model doesn't know is an error; otherwise it is dropped.
    """
    if value is None:
        return None
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        if not isinstance(value, Mapping):
            raise InvalidRequest(f"{path} has to be an object.")
        unknown = sorted(set(value) - set(hints)) if strict else []
        if unknown:
            raise InvalidRequest(f"{'/'.join(filter(None, [path, unknown[0]]))} is not a property of this type.")
        return kind(
            **{
                name: _structured(hint, value.get(name), f"{path}/{name}".lstrip("/"), strict=strict)
                for name, hint in hints.items()
            }
        )
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Sequence:
        if not isinstance(value, list):
            raise InvalidRequest(f"{path} has to be a list.")
        return [_structured(arguments[0], item, path, strict=strict) for item in value]
    if origin is MutableMapping:
        if not isinstance(value, Mapping):
            raise InvalidRequest(f"{path} has to be an object.")
        return {key: _structured(arguments[1], item, f"{path}/{key}", strict=strict) for key, item in value.items()}
    if arguments:
        return _structured(arguments[0], value, path, strict=strict)
    return _primitive(kind, value, path)


def _primitive(kind: type, value: Any, path: str) -> Any:  # noqa: ANN401 - typed by hints at run time
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if kind is bool and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind is str and isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list) or (kind is bool) != isinstance(value, bool):
        raise InvalidRequest(f"{path} has to be {_WORDS[kind]}.")
    try:
        converted = kind(value)
    except (ValueError, OverflowError):
        raise InvalidRequest(f"{path} has to be {_WORDS[kind]}.") from None
    if (kind is int and isinstance(value, float) and converted != value) or (kind is float and not isfinite(converted)):
        raise InvalidRequest(f"{path} has to be {_WORDS[kind]}.")
    return converted


_WORDS: Mapping[type, str] = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
    str: "a string",
}
