"""Monitoring schedules, which moto lacks, and SageMaker's actions on them; schedule_type.py uses them in stacks.

A schedule names a definition of one of the four monitors, or has a definition inline. The sandbox runs no monitoring
jobs, because it has no data to monitor: a schedule of NOW has one failed execution with the reason, and other schedules
have no execution.

Source: "model" is SageMaker's service model in botocore, with its documentation.
"""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import InvalidToken
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import arn_formatter
from moto.utilities.paginator import paginate

from tools.sagemaker.monitors import MONITORS, Definitions, Monitor

KIND = "monitoring-schedule"
NOW = "NOW"
EXPRESSION = re.compile(r"cron\(0 (\*|(0?\d|1\d|2[0-3])(/(0?[1-9]|1\d|2[0-4]))?) \? \* \* \*\)|NOW")
"""model, ScheduleConfig: hourly, daily at an hour, every few hours from an hour on, or once, immediately (NOW)."""
PAGE = {"limit_default": 10, "input_token": "next_token", "limit_key": "max_results", "unique_attribute": "arn"}

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

JSON = dict[str, Any]
Tags = list[dict[str, str]]


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
    def definition(self) -> str | None:
        """The name of the schedule's definition; None if it has one inline."""
        name: str | None = self.config.get("MonitoringJobDefinitionName")
        return name

    @property
    def monitoring_type(self) -> str:
        """The monitor's name. Without one in the configuration, an inline definition is of data quality (model)."""
        return str(self.config.get("MonitoringType", "DataQuality"))

    @property
    def summary(self) -> JSON:
        """The schedule's entry in a list."""
        return {
            "MonitoringScheduleName": self.name,
            "MonitoringScheduleArn": self.arn,
            "MonitoringScheduleStatus": self.status,
            "MonitoringJobDefinitionName": self.definition,
            "MonitoringType": self.monitoring_type,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }


@dataclass
class Execution:
    """A failed execution of a monitoring job, which the sandbox doesn't run."""

    schedule: Schedule
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def summary(self) -> JSON:
        """The execution's entry in a list, without the optional ProcessingJobArn (model)."""
        return {
            "MonitoringScheduleName": self.schedule.name,
            "MonitoringJobDefinitionName": self.schedule.definition,
            "MonitoringType": self.schedule.monitoring_type,
            "MonitoringExecutionStatus": "Failed",
            "FailureReason": "This sandbox runs no monitoring jobs",
            "ScheduledTime": self.started_at,
            "CreationTime": self.started_at,
            "LastModifiedTime": self.started_at,
        }


class Schedules:
    """The schedules of an account in a region.

    Args:
        backend: moto's SageMaker of the account and region, which stores the schedules so that a reset of moto deletes
            them.
    """

    def __init__(self, backend: SageMakerModelBackend) -> None:
        self._backend = backend
        self._by_name: dict[str, Schedule] = vars(backend).setdefault("monitoring_schedules", {})
        self.executions: list[Execution] = vars(backend).setdefault("monitoring_executions", [])

    def create(self, name: str, config: JSON, tags: Tags) -> Schedule:
        """Create a schedule, named uniquely in its region and Scheduled at once (model, StartMonitoringSchedule)."""
        if name.lower() in self._by_name:
            raise ResourceInUseException(f"a monitoring schedule {name} exists already")
        arn = arn_formatter(KIND, name.lower(), self._backend.account_id, self._backend.region_name)
        schedule = self._by_name[name.lower()] = Schedule(name, arn, self._valid_config(config), tags)
        self._run_now(schedule)
        return schedule

    def update(self, name: str, config: JSON) -> Schedule:
        """Change a schedule's configuration, which can name another definition (model), and return the schedule."""
        schedule = self.find(name)
        schedule.config, schedule.modified = self._valid_config(config), datetime.now(UTC)
        self._run_now(schedule)
        return schedule

    def _run_now(self, schedule: Schedule) -> None:
        if schedule.config.get("ScheduleConfig", {}).get("ScheduleExpression") == NOW:
            self.executions.append(Execution(copy(schedule)))

    def set_status(self, name: str, status: str) -> None:
        """Start or stop a schedule. A stopped schedule still uses its definition."""
        schedule = self.find(name)
        schedule.status, schedule.modified = status, datetime.now(UTC)

    def delete(self, name: str) -> None:
        """Delete a schedule, stopped or not, but not its executions (model, DeleteMonitoringSchedule)."""
        del self._by_name[self.find(name).name.lower()]

    def find(self, name: str) -> Schedule:
        """Return the schedule of a name, compared without case.

        Raises:
            ResourceNotFound: no schedule has the name.
        """
        if name.lower() not in self._by_name:
            raise ResourceNotFound(f"there is no monitoring schedule {name}")
        return self._by_name[name.lower()]

    def using(self, monitor: Monitor, definition: str) -> list[Schedule]:
        """Return the schedules that use a definition of a monitor."""
        return [
            schedule
            for schedule in self
            if schedule.monitoring_type == monitor.name and (schedule.definition or "").lower() == definition.lower()
        ]

    def __iter__(self) -> Iterator[Schedule]:
        return iter(list(self._by_name.values()))

    def endpoint(self, schedule: Schedule) -> str | None:
        """Return the endpoint that a schedule monitors, or None."""
        if schedule.definition is None:
            inputs = schedule.config["MonitoringJobDefinition"]["MonitoringInputs"]
            name: str | None = inputs[0].get("EndpointInput", {}).get("EndpointName")
            return name
        definitions = Definitions(MONITORS[schedule.monitoring_type], self._backend)
        try:
            return definitions.find(schedule.definition).endpoint_name
        except ResourceNotFound:
            return None

    def _valid_config(self, config: JSON) -> JSON:
        """Return a configuration if SageMaker accepts it (model, MonitoringScheduleConfig and ScheduleConfig)."""
        named, inline = config.get("MonitoringJobDefinitionName"), config.get("MonitoringJobDefinition")
        if (named is None) == (inline is None):
            raise ValidationError("give either MonitoringJobDefinitionName or MonitoringJobDefinition")
        if named is not None:
            if "MonitoringType" not in config:
                raise ValidationError("a schedule that names a definition needs a MonitoringType")
            Definitions(MONITORS[config["MonitoringType"]], self._backend).find(named)
        schedule = config.get("ScheduleConfig", {})
        expression = schedule.get("ScheduleExpression", "cron(0 * ? * * *)")
        if not EXPRESSION.fullmatch(expression):
            raise ValidationError(
                f"{expression} is no ScheduleExpression: it is hourly, daily, every few hours, or NOW"
            )
        if expression == NOW and not {"DataAnalysisStartTime", "DataAnalysisEndTime"} <= schedule.keys():
            raise ValidationError("a ScheduleExpression of NOW needs DataAnalysisStartTime and DataAnalysisEndTime")
        return config


class ScheduleActions(SageMakerResponse):
    """SageMaker's actions on schedules and their tags; other resources' tags are left to moto."""

    if TYPE_CHECKING:  # the subclass in tools.sagemaker.rules defines them

        def _valid_request(self) -> JSON: ...
        def _tags_after(self, new: Tags, old: Tags) -> Tags: ...

    @property
    def _schedules(self) -> Schedules:
        return Schedules(self.sagemaker_backend)

    def create_monitoring_schedule(self) -> ActionResult:
        """Create a schedule of a definition."""
        request = self._valid_request()
        tags = self._tags_after(request.get("Tags", []), [])
        name, config = request["MonitoringScheduleName"], request["MonitoringScheduleConfig"]
        return ActionResult({"MonitoringScheduleArn": self._schedules.create(name, config, tags).arn})

    def describe_monitoring_schedule(self) -> ActionResult:
        """Return a schedule with its definition's endpoint and its last execution."""
        schedule = self._schedules.find(self._name())
        last = [
            execution.summary for execution in self._schedules.executions if execution.schedule.arn == schedule.arn
        ][-1:]
        details = {
            "EndpointName": self._schedules.endpoint(schedule),
            "MonitoringScheduleConfig": schedule.config,
            "LastMonitoringExecutionSummary": last[0] if last else None,
        }
        return ActionResult(schedule.summary | details)

    def update_monitoring_schedule(self) -> ActionResult:
        """Change a schedule's configuration, which can name another definition."""
        request = self._valid_request()
        name, config = request["MonitoringScheduleName"], request["MonitoringScheduleConfig"]
        return ActionResult({"MonitoringScheduleArn": self._schedules.update(name, config).arn})

    def start_monitoring_schedule(self) -> ActionResult:
        """Start a stopped schedule again."""
        self._schedules.set_status(self._name(), "Scheduled")
        return EmptyResult()

    def stop_monitoring_schedule(self) -> ActionResult:
        """Stop a schedule."""
        self._schedules.set_status(self._name(), "Stopped")
        return EmptyResult()

    def delete_monitoring_schedule(self) -> ActionResult:
        """Delete a schedule immediately; SageMaker takes a while."""
        self._schedules.delete(self._name())
        return EmptyResult()

    def list_monitoring_schedules(self) -> ActionResult:
        """Return a page of schedules, by default ten and the newest first (model)."""
        summaries = [
            schedule.summary | {"EndpointName": self._schedules.endpoint(schedule), "arn": schedule.arn}
            for schedule in self._schedules
        ]
        request = self._valid_request()
        return page(
            "MonitoringScheduleSummaries", _filter_and_sort(summaries, request, "MonitoringScheduleStatus"), request
        )

    def list_monitoring_executions(self) -> ActionResult:
        """Return a page of executions, ordered like schedules."""
        summaries = [
            execution.summary | {"EndpointName": self._schedules.endpoint(execution.schedule), "arn": str(number)}
            for number, execution in enumerate(self._schedules.executions)
        ]
        request = self._valid_request()
        return page(
            "MonitoringExecutionSummaries", _filter_and_sort(summaries, request, "MonitoringExecutionStatus"), request
        )

    def add_tags(self) -> ActionResult:
        """Add tags, and replace the value of an existing key."""
        schedule = self._tagged_schedule()
        if schedule is None:
            return super().add_tags()
        schedule.tags = self._tags_after(self._valid_request()["Tags"], schedule.tags)
        return ActionResult({"Tags": schedule.tags})

    def delete_tags(self) -> ActionResult:
        """Delete the tags that have one of the keys."""
        schedule = self._tagged_schedule()
        if schedule is None:
            return super().delete_tags()
        keys = self._valid_request()["TagKeys"]
        schedule.tags = [tag for tag in schedule.tags if tag["Key"] not in keys]
        return EmptyResult()

    def list_tags(self) -> ActionResult:
        """Return all tags on one page."""
        schedule = self._tagged_schedule()
        return super().list_tags() if schedule is None else ActionResult({"Tags": schedule.tags})

    def _name(self) -> str:
        return str(self._valid_request()["MonitoringScheduleName"])

    def _tagged_schedule(self) -> Schedule | None:
        arn = self._get_param("ResourceArn").lower()
        return self._schedules.find(arn.split("/")[-1]) if f":{KIND}/" in arn else None


# Lists: filters, order and pages.


def _filter_and_sort(summaries: Sequence[JSON], request: JSON, status: str) -> list[JSON]:
    """Return the summaries that pass every filter of a request, in its order (model, the requests of both lists)."""
    equal = {
        "EndpointName": "EndpointName",
        "StatusEquals": status,
        "MonitoringJobDefinitionName": "MonitoringJobDefinitionName",
        "MonitoringScheduleName": "MonitoringScheduleName",
        "MonitoringTypeEquals": "MonitoringType",
    }

    def passes(summary: JSON) -> bool:
        conditions = [
            str(summary.get(member)).lower() == request[key].lower() for key, member in equal.items() if key in request
        ]
        for time in ("CreationTime", "LastModifiedTime", "ScheduledTime"):
            conditions.append(summary.get(time, LATEST) > _in_utc(request.get(f"{time}After", EARLIEST)))
            conditions.append(summary.get(time, EARLIEST) < _in_utc(request.get(f"{time}Before", LATEST)))
        conditions.append(request.get("NameContains", "").lower() in summary["MonitoringScheduleName"].lower())
        return all(conditions)

    sort_by = str(request.get("SortBy", "CreationTime"))
    key = {"Name": "MonitoringScheduleName", "Status": status}.get(sort_by, sort_by)
    descending = request.get("SortOrder", "Descending") == "Descending"
    return sorted(filter(passes, summaries), key=lambda summary: summary[key], reverse=descending)


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


@paginate({"_paged": PAGE})
def _paged(items: list[JSON]) -> list[JSON]:
    return items


def filter_definitions(summaries: Sequence[JSON], request: JSON) -> list[JSON]:
    """Return the summaries of definitions that pass every filter of a request, in its order (model)."""

    def passes(summary: JSON) -> bool:
        return (
            request.get("EndpointName") in (None, summary["EndpointName"])
            and request.get("NameContains", "").lower() in summary["MonitoringJobDefinitionName"].lower()
            and _in_utc(request.get("CreationTimeAfter", EARLIEST)) < summary["CreationTime"]
            and summary["CreationTime"] < _in_utc(request.get("CreationTimeBefore", LATEST))
        )

    key = "MonitoringJobDefinitionName" if request.get("SortBy") == "Name" else "CreationTime"
    descending = request.get("SortOrder", "Descending") == "Descending"
    return sorted(filter(passes, summaries), key=lambda summary: summary[key], reverse=descending)


def page(key: str, items: list[JSON], request: JSON) -> ActionResult:
    """Return a page of a list.

    Args:
        key: the answer's member that has it.
        items: the whole list; each item has a unique `arn`.
        request: has MaxResults (10 by default) and NextToken.

    Raises:
        ValidationError: the token is not one of this list's.
    """
    try:
        found, token = _paged(items, max_results=request.get("MaxResults"), next_token=request.get("NextToken"))
    except InvalidToken as error:
        raise ValidationError("the NextToken is not one of this list's") from error
    return ActionResult({key: found, "NextToken": token})
