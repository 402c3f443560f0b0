"""The job definitions of the four monitors as AWS's own resource types, in stacks.

One translation serves all: names in the schemas and in SageMaker's API are equal at every depth. The exceptions are
read-only properties and EndpointName, which are in no request, and Parquet, which is a boolean in the schemas and an
empty structure in the API. A registered type goes before the one of its name here.

Source: AWS's published schemas of the types.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from moto.sagemaker.exceptions import SagemakerClientError
from moto.sagemaker.models import sagemaker_backends

from cfn_sandbox.resource_types.played import Call, Handler, Refusal
from tools.sagemaker.monitors import Definition, Definitions, Monitor
from tools.sagemaker.schedules import Schedules

JSON = dict[str, Any]

CODES = {"ResourceInUse": "AlreadyExists", "ResourceNotFound": "NotFound", "ValidationException": "InvalidRequest"}

_NOT_REQUESTED = frozenset({"JobDefinitionArn", "CreationTime", "EndpointName", "Tags"})
_NAME_LENGTH = 20
"""Characters of the logical id in a generated name, as in AWS's published handler."""


def handlers(monitor: Monitor) -> Mapping[str, Handler]:
    """Return the handlers of a monitor's definitions, by action."""

    def create(call: Call) -> JSON:
        request = {key: _requested(value, key) for key, value in call.desired.items() if key not in _NOT_REQUESTED}
        request.setdefault("JobDefinitionName", _generate_name(call))
        with _raise_refusals():
            return _model(_definitions(call).add(request, _tags(call)))

    def read(call: Call) -> JSON:
        with _raise_refusals():
            return _model(_find(call))

    def delete(call: Call) -> None:
        with _raise_refusals():
            definition = _find(call)
            users = Schedules(_backend(call)).using(monitor, definition.job_definition_name)
            if users:
                raise Refusal("ResourceConflict", f"the monitoring schedule {users[0].name} uses the definition")
            _definitions(call).remove(definition)

    def list_(call: Call) -> list[JSON]:
        return [{"JobDefinitionArn": definition.arn} for definition in _definitions(call)]

    def _find(call: Call) -> Definition:
        return _definitions(call).find(str(call.desired["JobDefinitionArn"]).rpartition("/")[2])

    def _definitions(call: Call) -> Definitions:
        return Definitions(monitor, _backend(call))

    return {"CREATE": create, "READ": read, "DELETE": delete, "LIST": list_}


def _backend(call: Call) -> Any:  # noqa: ANN401 - moto's
    return sagemaker_backends[call.account][call.region]


def _tags(call: Call) -> list[dict[str, str]]:
    own = {tag["Key"]: tag["Value"] for tag in call.desired.get("Tags", [])}
    return [{"Key": key, "Value": value} for key, value in {**call.tags, **own}.items()]


def _generate_name(call: Call) -> str:
    """Return a name of the form that AWS's published handler gives: CFN, logical id, twelve letters and digits."""
    return "-".join(["CFN", *filter(None, [(call.logical_id or "")[:_NAME_LENGTH]]), uuid4().hex[:12]])


def _model(definition: Definition) -> JSON:
    model = {key: _reported(value, key) for key, value in definition.request.items()}
    model |= {"JobDefinitionArn": definition.arn, "CreationTime": definition.creation_time.isoformat()}
    return model | ({"Tags": definition.tags} if definition.tags else {})


def _requested(value: Any, name: str) -> Any:  # noqa: ANN401 - any part of a model
    """Return a part of a model as the API has it: Parquet as an empty structure, and left out if it is false."""
    if name == "Parquet":
        return {}
    if isinstance(value, Mapping):
        return {key: _requested(part, key) for key, part in value.items() if (key, part) != ("Parquet", False)}
    return [_requested(part, "") for part in value] if isinstance(value, list) else value


def _reported(value: Any, name: str) -> Any:  # noqa: ANN401 - any part of a request
    """Return a part of a request as the schema has it: Parquet as true."""
    if name == "Parquet":
        return True
    if isinstance(value, Mapping):
        return {key: _reported(part, key) for key, part in value.items()}
    return [_reported(part, "") for part in value] if isinstance(value, list) else value


@contextmanager
def _raise_refusals() -> Iterator[None]:
    try:
        yield
    except SagemakerClientError as error:
        raise Refusal(CODES[error.code], error.message) from error
