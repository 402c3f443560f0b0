"""AWS::SageMaker::MonitoringSchedule in stacks.

Ref is the schedule's ARN. A schedule gets another definition in place; only a changed name requires replacement.
A stack that replaces a definition therefore moves its schedule to the new one before it deletes the old one.

Source: AWS's published schema of the type.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from moto.sagemaker.exceptions import SagemakerClientError
from moto.sagemaker.models import sagemaker_backends

from cfn_sandbox.resource_types.played import Call, Refusal
from tools.sagemaker.schedules import Schedule, Schedules, Tags

TYPE = "AWS::SageMaker::MonitoringSchedule"
CODES = {"ResourceInUse": "AlreadyExists", "ResourceNotFound": "NotFound", "ValidationException": "InvalidRequest"}

JSON = dict[str, Any]


def _create(call: Call) -> JSON:
    desired = call.desired
    with _raise_refusals():
        schedules = _schedules(call)
        name, tags = desired["MonitoringScheduleName"], _with_stack_tags(desired, call.tags)
        return _model(schedules.create(name, desired["MonitoringScheduleConfig"], tags))


def _read(call: Call) -> JSON:
    with _raise_refusals():
        return _model(_schedules(call).find(_name_of(call)))


def _update(call: Call) -> JSON:
    with _raise_refusals():
        schedules = _schedules(call)
        schedule = schedules.find(_name_of(call))
        if call.desired["MonitoringScheduleConfig"] != schedule.config:
            schedules.update(schedule.name, call.desired["MonitoringScheduleConfig"])
        schedule.tags = _with_stack_tags(call.desired, call.tags)
        return _model(schedule)


def _delete(call: Call) -> None:
    with _raise_refusals():
        _schedules(call).delete(_name_of(call))


def _list(call: Call) -> list[JSON]:
    return [{"MonitoringScheduleArn": schedule.arn} for schedule in _schedules(call)]


HANDLERS: Mapping[str, Callable[[Call], JSON | list[JSON] | None]] = {
    "CREATE": _create,
    "READ": _read,
    "UPDATE": _update,
    "DELETE": _delete,
    "LIST": _list,
}


@contextmanager
def _raise_refusals() -> Iterator[None]:
    try:
        yield
    except SagemakerClientError as error:
        raise Refusal(CODES[error.code], error.message) from error


def _schedules(call: Call) -> Schedules:
    return Schedules(sagemaker_backends[call.account][call.region])


def _name_of(call: Call) -> str:
    return str(call.desired["MonitoringScheduleArn"]).rpartition("/")[2]


def _model(schedule: Schedule) -> JSON:
    model = {
        "MonitoringScheduleArn": schedule.arn,
        "MonitoringScheduleName": schedule.name,
        "MonitoringScheduleConfig": schedule.config,
        "MonitoringScheduleStatus": schedule.status,
        "CreationTime": schedule.created.isoformat(),
        "LastModifiedTime": schedule.modified.isoformat(),
    }
    return model | {"Tags": schedule.tags} if schedule.tags else model


def _with_stack_tags(desired: JSON, stack_tags: Mapping[str, str]) -> Tags:
    own = {tag["Key"]: tag["Value"] for tag in desired.get("Tags", [])}
    return [{"Key": key, "Value": value} for key, value in {**stack_tags, **own}.items()]
