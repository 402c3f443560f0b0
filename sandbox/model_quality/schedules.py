"""Monitoring schedules, which moto lacks: SageMaker's actions, and AWS::SageMaker::MonitoringSchedule in stacks.

The sandbox has schedules of model quality job definitions, and runs no monitoring job: no schedule has executions.

Sources: "model" is SageMaker's service model in botocore, with its documentation; "schema" AWS's published schema of
the type.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from moto.core.exceptions import InvalidToken
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, SagemakerClientError, ValidationError
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import arn_formatter
from moto.utilities.paginator import paginate

from sandbox.cloudformation.aws_types import Call, Refusal

TYPE = "AWS::SageMaker::MonitoringSchedule"
KIND = "monitoring-schedule"
MONITORING_TYPE = "ModelQuality"
NOW = "NOW"
EXPRESSION = re.compile(r"cron\(0 (\*|(0?\d|1\d|2[0-3])(/(0?[1-9]|1\d|2[0-4]))?) \? \* \* \*\)|NOW")
"""model, ScheduleConfig: every hour, every day at an hour, every few hours from an hour on, or once and now."""
PAGE = {"limit_default": 10, "input_token": "next_token", "limit_key": "max_results", "unique_attribute": "arn"}
CODES = {"ResourceInUse": "AlreadyExists", "ResourceNotFound": "NotFound", "ValidationException": "InvalidRequest"}

JSON = dict[str, Any]
Tags = list[dict[str, str]]
T = TypeVar("T")


@dataclass
class Schedule:
    """A monitoring schedule."""

    name: str
    arn: str
    config: JSON
    tags: Tags
    status: str = "Scheduled"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def definition(self) -> str:
        """The name of the definition that it runs."""
        return str(self.config["MonitoringJobDefinitionName"])

    @property
    def summary(self) -> JSON:
        """What a list says of it."""
        return {
            "MonitoringScheduleName": self.name,
            "MonitoringScheduleArn": self.arn,
            "MonitoringScheduleStatus": self.status,
            "MonitoringJobDefinitionName": self.definition,
            "MonitoringType": MONITORING_TYPE,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }


class Schedules:
    """The schedules of an account in a region.

    Args:
        backend: moto's SageMaker of the account and region; what is kept there, a reset of moto finds.
    """

    def __init__(self, backend: SageMakerModelBackend) -> None:
        self._backend = backend
        self._kept: dict[str, Schedule] = vars(backend).setdefault("monitoring_schedules", {})

    def create(self, name: str, config: JSON, tags: Tags) -> Schedule:
        """A new schedule, Scheduled from the start (model, StartMonitoringSchedule). Names are unique in a region."""
        if name.lower() in self._kept:
            raise ResourceInUseException(f"a monitoring schedule {name} exists already")
        arn = arn_formatter(KIND, name.lower(), self._backend.account_id, self._backend.region_name)
        schedule = self._kept[name.lower()] = Schedule(name, arn, self._checked(config), tags)
        return schedule

    def update(self, name: str, config: JSON) -> Schedule:
        """The schedule with another configuration, of the same definition or another one (model)."""
        schedule = self.find(name)
        schedule.config, schedule.modified = self._checked(config), datetime.now(UTC)
        return schedule

    def turn(self, name: str, status: str) -> None:
        """Start or stop a schedule; a stopped one still uses its definition."""
        schedule = self.find(name)
        schedule.status, schedule.modified = status, datetime.now(UTC)

    def delete(self, name: str) -> None:
        """Delete a schedule, stopped or not (model, DeleteMonitoringSchedule)."""
        del self._kept[self.find(name).name.lower()]

    def find(self, name: str) -> Schedule:
        """The schedule of a name, in whatever case.

        Raises:
            ResourceNotFound: there is none.
        """
        if name.lower() not in self._kept:
            raise ResourceNotFound(f"there is no monitoring schedule {name}")
        return self._kept[name.lower()]

    def of(self, definition: str) -> list[Schedule]:
        """The schedules that use a definition."""
        return [schedule for schedule in self if schedule.definition.lower() == definition.lower()]

    def __iter__(self) -> Iterator[Schedule]:
        return iter(list(self._kept.values()))

    def endpoint(self, schedule: Schedule) -> str | None:
        """The endpoint that a schedule's definition monitors."""
        definition = self._backend.model_quality_job_definitions.get(schedule.definition.lower())
        return definition.endpoint_name if definition else None

    def _checked(self, config: JSON) -> JSON:
        """A configuration that SageMaker takes (model, MonitoringScheduleConfig and ScheduleConfig)."""
        definition, schedule = config.get("MonitoringJobDefinitionName"), config.get("ScheduleConfig", {})
        if config.get("MonitoringType") != MONITORING_TYPE or definition is None:
            raise ValidationError("the sandbox has schedules of model quality job definitions only")
        if definition.lower() not in self._backend.model_quality_job_definitions:
            raise ResourceNotFound(f"there is no model quality job definition {definition}")
        expression = schedule.get("ScheduleExpression", "cron(0 * ? * * *)")
        if not EXPRESSION.fullmatch(expression):
            raise ValidationError(
                f"{expression} is no ScheduleExpression: it is hourly, daily, every few hours, or NOW"
            )
        if expression == NOW and not {"DataAnalysisStartTime", "DataAnalysisEndTime"} <= schedule.keys():
            raise ValidationError("a ScheduleExpression of NOW needs DataAnalysisStartTime and DataAnalysisEndTime")
        return config


class ScheduleActions(SageMakerResponse):
    """SageMaker's actions on schedules and on their tags; for the tags of what is no schedule, moto's own."""

    if TYPE_CHECKING:  # sandbox.model_quality.rules has them

        def _valid_request(self) -> JSON: ...
        def _tags_after(self, new: Tags, old: Tags) -> Tags: ...

    @property
    def _schedules(self) -> Schedules:
        return Schedules(self.sagemaker_backend)

    def create_monitoring_schedule(self) -> ActionResult:
        """A schedule of a definition."""
        request = self._valid_request()
        tags = self._tags_after(request.get("Tags", []), [])
        name, config = request["MonitoringScheduleName"], request["MonitoringScheduleConfig"]
        return ActionResult({"MonitoringScheduleArn": self._schedules.create(name, config, tags).arn})

    def describe_monitoring_schedule(self) -> ActionResult:
        """All of a schedule, with its definition's endpoint."""
        schedule = self._schedules.find(self._name())
        endpoint = {"EndpointName": self._schedules.endpoint(schedule), "MonitoringScheduleConfig": schedule.config}
        return ActionResult(schedule.summary | endpoint)

    def update_monitoring_schedule(self) -> ActionResult:
        """Another configuration, and often another definition."""
        request = self._valid_request()
        name, config = request["MonitoringScheduleName"], request["MonitoringScheduleConfig"]
        return ActionResult({"MonitoringScheduleArn": self._schedules.update(name, config).arn})

    def start_monitoring_schedule(self) -> ActionResult:
        """Scheduled again."""
        self._schedules.turn(self._name(), "Scheduled")
        return EmptyResult()

    def stop_monitoring_schedule(self) -> ActionResult:
        """Stopped."""
        self._schedules.turn(self._name(), "Stopped")
        return EmptyResult()

    def delete_monitoring_schedule(self) -> ActionResult:
        """Gone at once, where SageMaker takes a while."""
        self._schedules.delete(self._name())
        return EmptyResult()

    def list_monitoring_schedules(self) -> ActionResult:
        """A page: the newest first unless asked otherwise, ten unless asked for more (model)."""
        found = [
            schedule.summary | {"EndpointName": self._schedules.endpoint(schedule), "arn": schedule.arn}
            for schedule in self._schedules
        ]
        request = self._valid_request()
        keys = {"Name": "MonitoringScheduleName", "Status": "MonitoringScheduleStatus"}
        chosen = _sorted(_chosen(found, request), request, keys)
        return _page("MonitoringScheduleSummaries", chosen, request)

    def list_monitoring_executions(self) -> ActionResult:
        """None: no schedule of the sandbox runs a job."""
        return _page("MonitoringExecutionSummaries", [], self._valid_request())

    def add_tags(self) -> ActionResult:
        """A key that is there gets the new value."""
        schedule = self._tagged_schedule()
        if schedule is None:
            return super().add_tags()
        schedule.tags = self._tags_after(self._valid_request()["Tags"], schedule.tags)
        return ActionResult({"Tags": schedule.tags})

    def delete_tags(self) -> ActionResult:
        """Without the keys."""
        schedule = self._tagged_schedule()
        if schedule is None:
            return super().delete_tags()
        keys = self._valid_request()["TagKeys"]
        schedule.tags = [tag for tag in schedule.tags if tag["Key"] not in keys]
        return EmptyResult()

    def list_tags(self) -> ActionResult:
        """All of them, on one page."""
        schedule = self._tagged_schedule()
        return super().list_tags() if schedule is None else ActionResult({"Tags": schedule.tags})

    def _name(self) -> str:
        return str(self._valid_request()["MonitoringScheduleName"])

    def _tagged_schedule(self) -> Schedule | None:
        arn = self._get_param("ResourceArn").lower()
        return self._schedules.find(arn.split("/")[-1]) if f":{KIND}/" in arn else None


# AWS::SageMaker::MonitoringSchedule. Ref is the ARN; only another name means another schedule (schema).


def _create(call: Call) -> JSON:
    desired = call.desired
    with _refusing():
        schedules = _schedules(call)
        name, tags = desired["MonitoringScheduleName"], _with_stack_tags(desired, call.tags)
        return _model(schedules.create(name, desired["MonitoringScheduleConfig"], tags))


def _read(call: Call) -> JSON:
    with _refusing():
        return _model(_schedules(call).find(_name_of(call)))


def _update(call: Call) -> JSON:
    with _refusing():
        schedules = _schedules(call)
        schedule = schedules.find(_name_of(call))
        if call.desired["MonitoringScheduleConfig"] != schedule.config:
            schedules.update(schedule.name, call.desired["MonitoringScheduleConfig"])
        schedule.tags = _with_stack_tags(call.desired, call.tags)
        return _model(schedule)


def _delete(call: Call) -> None:
    with _refusing():
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
def _refusing() -> Iterator[None]:
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


# Lists: what is chosen, in which order, a page at a time.


def _chosen(summaries: Sequence[JSON], request: JSON) -> list[JSON]:
    """The summaries that pass every filter of a request (model, ListMonitoringSchedulesRequest)."""
    equal = {
        "EndpointName": "EndpointName",
        "StatusEquals": "MonitoringScheduleStatus",
        "MonitoringJobDefinitionName": "MonitoringJobDefinitionName",
        "MonitoringTypeEquals": "MonitoringType",
    }
    tests: list[Callable[[JSON], bool]] = [
        lambda one, key=key, member=member: str(one[member]).lower() == request[key].lower()  # type: ignore[misc]
        for key, member in equal.items()
        if key in request
    ]
    for moment in ("CreationTime", "LastModifiedTime"):
        if f"{moment}After" in request:
            tests.append(lambda one, moment=moment: one[moment] > _moment(request[f"{moment}After"]))  # type: ignore[misc]
        if f"{moment}Before" in request:
            tests.append(lambda one, moment=moment: one[moment] < _moment(request[f"{moment}Before"]))  # type: ignore[misc]
    if "NameContains" in request:
        tests.append(lambda one: request["NameContains"].lower() in one["MonitoringScheduleName"].lower())
    return [one for one in summaries if all(passes(one) for passes in tests)]


def _moment(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _sorted(summaries: list[JSON], request: JSON, keys: Mapping[str, str]) -> list[JSON]:
    wanted = request.get("SortBy", "CreationTime")
    key = keys.get(wanted, wanted)
    return sorted(summaries, key=lambda one: one[key], reverse=request.get("SortOrder", "Descending") == "Descending")


@paginate({"_paged": PAGE})
def _paged(items: list[JSON]) -> list[JSON]:
    return items


def _page(key: str, items: list[JSON], request: JSON) -> ActionResult:
    try:
        page, token = _paged(items, max_results=request.get("MaxResults"), next_token=request.get("NextToken"))
    except InvalidToken as error:
        raise ValidationError("the NextToken is not one of this list's") from error
    return ActionResult({key: page, "NextToken": token})
