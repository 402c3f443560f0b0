"""Translation between CloudFormation's model and SageMaker's API.

Names are the same on both sides, at every depth, so values are copied unchanged. The exceptions:

- Requests never contain CreationTime and JobDefinitionArn (read-only), or EndpointName (write-only).
- CreationTime is a datetime in SageMaker's answer. One that can't be read is left out.
- Tags are not in SageMaker's description. ListTags returns them.
- Parquet is a boolean in the model and an empty structure in the API.
- Members of an answer that the schema doesn't have are dropped, so a member that SageMaker adds later breaks nothing.

JSON becomes the generated dataclasses by their type hints, without losing an empty object. CloudFormation sends numbers
and booleans as strings. A message names the wrong value by its JSON pointer, and never quotes it.
"""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin, get_type_hints

from cloudformation_cli_python_lib.exceptions import InvalidRequest

from . import identity, messages
from . import tags as tag_rules
from .models import ResourceModel, Tag
from .runtime import words

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import CreateModelQualityJobDefinitionRequestTypeDef as Request
    from mypy_boto3_sagemaker.type_defs import DescribeModelQualityJobDefinitionResponseTypeDef as Description

_NOT_IN_REQUESTS = frozenset({"CreationTime", "EndpointName", "JobDefinitionArn", "JobDefinitionName", "Tags"})
_NOTHING: dict[str, Any] = dict.fromkeys(ResourceModel.__dataclass_fields__)

_MOST_MEMBERS = 1000
"""More than any list or object of this resource can have."""

# Python's int and float accept more: "1_0", spaces, digits of other scripts.
_NUMBERS: Mapping[type, str] = {
    float: r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
    int: r"-?[0-9]{1,18}",
}
_WORDS = {bool: "true or false", float: "a number", int: "a whole number", list: "a list", dict: "an object"}


def request(model: ResourceModel, name: str, tags: tag_rules.Tags) -> "Request":
    """Return the Create request for a desired state, with the definition's name and the merged tags.

    Raises:
        InvalidRequest: DatasetFormat selects no format, because it contains only `Parquet: false`.
    """
    wire = {key: value for key, value in model._serialize().items() if key not in _NOT_IN_REQUESTS}
    dataset_format = _dataset_format(wire)
    if dataset_format is not None:
        if dataset_format.pop("Parquet", False):
            dataset_format["Parquet"] = {}
        if not dataset_format:
            raise messages.NO_FORMAT.error()
    wire["JobDefinitionName"] = name
    if tags:
        wire["Tags"] = tag_rules.to_wire(tags)
    return cast("Request", wire)


def model(description: "Description", tags: tag_rules.Tags) -> ResourceModel:
    """Return the model of an existing definition: all of SageMaker's description, without write-only properties.

    Raises:
        ServiceInternalError: The description is malformed.
    """
    wire = {name: value for name, value in description.items() if name != "EndpointName"}  # write-only
    created = identity.created(description)
    wire["CreationTime"] = created.isoformat() if created else None
    try:
        dataset_format = _dataset_format(wire)
        if dataset_format is not None and "Parquet" in dataset_format:
            dataset_format["Parquet"] = True
        found = cast("ResourceModel", Model._deserialize(wire, strict=False))
    except (InvalidRequest, RecursionError) as error:
        raise messages.NO_DESCRIPTION.error(problem=error) from error
    found.Tags = [Tag(Key=key, Value=value) for key, value in tag_rules.without_reserved(tags).items()]
    return found


def listed(arn: str, name: str) -> ResourceModel:
    """Return the model of a definition in a list, with its identifiers only."""
    found = ResourceModel.__new__(ResourceModel)  # __init__ takes eight times as long, for each of a page
    vars(found).update(_NOTHING, JobDefinitionArn=arn, JobDefinitionName=name)
    return found


def _dataset_format(wire: dict[str, Any]) -> dict[str, Any] | None:
    """Return a copy of DatasetFormat, which has taken its place; None if there is none."""
    found: dict[str, Any] = wire
    for name in ("ModelQualityJobInput", "BatchTransformInput", "DatasetFormat"):
        inner = found.get(name)
        if not isinstance(inner, dict):
            return None
        found[name] = found = dict(inner)
    return found


class Model(ResourceModel):
    """The generated model, with a `_deserialize` that loses nothing.

    The generated one turns an empty object into None, which loses `Csv: {}`. It also modifies its argument, and raises
    KeyError for an unknown property.
    """

    @classmethod
    def _deserialize(cls, json_data: Mapping[str, Any] | None, *, strict: bool = True) -> ResourceModel | None:
        """Return the model for properties, or for SageMaker's description of a definition; None if there are none.

        An unknown property is an error if `strict`, and dropped if not.

        Raises:
            InvalidRequest: A property is unknown or of another type, or has too many members.
        """
        return cast("ResourceModel", _structured(ResourceModel, json_data, "", strict=strict)) if json_data else None


def _structured(hint: Any, value: Any, path: str, *, strict: bool) -> Any:  # noqa: ANN401 - typed by hints at run time
    """Convert the JSON at a JSON pointer to the type that a hint of the generated model gives."""
    form, inner = _kind(hint)
    if inner is None:
        return _primitive(form, value, path)
    kind: Any = list if form is list else dict
    if not isinstance(value, kind):
        raise messages.WRONG_TYPE.error(path=path or "The properties", kind=_WORDS[kind])
    if len(value) > _MOST_MEMBERS:
        raise messages.TOO_MANY_MEMBERS.error(path=path or "The properties", count=len(value))
    if form is list:
        return [_structured(inner, item, f"{path}/{at}", strict=strict) for at, item in enumerate(value)]
    if form is dict:
        return {
            _text(key, _member(path, key)): _structured(inner, item, _member(path, key), strict=strict)
            for key, item in value.items()
        }
    for name in value if strict else ():
        if name not in inner:
            raise messages.UNKNOWN_PROPERTY.error(path=_member(path, name))
    given = {name: value[name] for name in inner if value.get(name) is not None}
    read = {name: _structured(inner[name], item, f"{path}/{name}", strict=strict) for name, item in given.items()}
    return form(**(dict.fromkeys(inner) | read))


@cache
def _kind(hint: Any) -> tuple[Any, Any]:  # noqa: ANN401 - a type, as hints give it
    """Return the type that a hint of the generated model gives, and the hint of what is inside.

    That is the hint of a list's items or a map's values, those of a dataclass's members by name, None in a primitive.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Sequence:
        return list, arguments[0]
    if origin is MutableMapping:
        return dict, arguments[1]
    if arguments:  # an optional one
        return _kind(arguments[0])
    return hint, get_type_hints(hint) if is_dataclass(hint) else None


def _member(path: str, name: object) -> str:
    """Return the JSON pointer of a member whose name is the user's."""
    return f"{path}/{words.shown(str(name).replace('~', '~0').replace('/', '~1'))}"


def _primitive(kind: type, value: Any, path: str) -> Any:  # noqa: ANN401 - typed by hints at run time
    if kind is str:
        return _text(value, path)
    if kind is bool:
        if isinstance(value, bool | str) and str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
    elif _is_number(kind, value):
        return kind(value)
    raise messages.WRONG_TYPE.error(path=path, kind=_WORDS[kind])


def _text(value: Any, path: str) -> str:  # noqa: ANN401 - typed by hints at run time
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        if _is_number(float, value):
            return str(value)
        raise messages.NO_TEXT.error(path=path)
    if not words.is_unicode(value):
        raise messages.HALF_A_CHARACTER.error(path=path)
    return value


def _is_number(kind: type, value: Any) -> bool:  # noqa: ANN401 - typed by hints at run time
    """Return whether a value is a finite number in JSON's notation, as a number or a string, and within 64 bits."""
    if isinstance(value, str):
        return bool(re.fullmatch(_NUMBERS[kind], value)) and isfinite(float(value))
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, float) and isfinite(value) and (kind is float or value.is_integer())
