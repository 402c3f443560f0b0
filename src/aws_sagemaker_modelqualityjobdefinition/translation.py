"""Translation between CloudFormation's model and SageMaker's API.

Names are the same on both sides, at every depth, so values are copied unchanged. The exceptions:

- Requests never contain CreationTime and JobDefinitionArn (read-only), or EndpointName (write-only).
- CreationTime is a datetime in SageMaker's answer. One that can't be read is left out.
- Tags are not in SageMaker's description. ListTags returns them.
- Parquet is a boolean in the model and an empty structure in the API.
- Members of an answer that the schema doesn't have are dropped, so a member that SageMaker adds later breaks nothing.
"""

from typing import TYPE_CHECKING, Any, cast

from cloudformation_cli_python_lib.exceptions import InvalidRequest

from . import messages, moments, structure
from . import tags as tag_rules
from .models import ResourceModel, Tag

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import CreateModelQualityJobDefinitionRequestTypeDef as Request
    from mypy_boto3_sagemaker.type_defs import DescribeModelQualityJobDefinitionResponseTypeDef as Description

_NOT_IN_REQUESTS = frozenset({"CreationTime", "EndpointName", "JobDefinitionArn", "JobDefinitionName", "Tags"})
_NOTHING: dict[str, Any] = dict.fromkeys(ResourceModel.__dataclass_fields__)


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
    created = moments.created(description)
    wire["CreationTime"] = created.isoformat() if created else None
    try:
        dataset_format = _dataset_format(wire)
        if dataset_format is not None and "Parquet" in dataset_format:
            dataset_format["Parquet"] = True
        found = cast("ResourceModel", structure.Model._deserialize(wire, strict=False))
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
