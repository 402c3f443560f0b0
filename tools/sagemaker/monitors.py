"""The four monitors of Model Monitor, and the job definitions of each.

SageMaker has the same operations for each, under names that differ in one word. Names and ARNs ignore case (design).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.utils import arn_formatter

JSON = dict[str, Any]


@dataclass(frozen=True)
class Monitor:
    """A monitor.

    Args:
        name: its MonitoringType, for example ModelQuality.
        hourly: the seconds that its job can run if the schedule is hourly (model, MonitoringStoppingCondition).
    """

    name: str
    hourly: int

    @property
    def words(self) -> str:
        """Its name in a message, for example "model quality"."""
        return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in self.name).lstrip()

    @property
    def snake(self) -> str:
        """Its name in the names of moto's attributes and of methods, for example model_quality."""
        return self.words.replace(" ", "_")

    @property
    def kind(self) -> str:
        """The kind of resource in its definitions' ARNs, for example model-quality-job-definition."""
        return f"{self.words.replace(' ', '-')}-job-definition"

    @property
    def input(self) -> str:
        """The member of a request that has the job's input, for example ModelQualityJobInput."""
        return f"{self.name}JobInput"

    @property
    def type_name(self) -> str:
        """AWS's resource type of its definitions."""
        return f"AWS::SageMaker::{self.name}JobDefinition"


MONITORS = {
    monitor.name: monitor
    for monitor in (
        Monitor("DataQuality", 3600),
        Monitor("ModelQuality", 1800),
        Monitor("ModelBias", 1800),
        Monitor("ModelExplainability", 3600),
    )
}
"""The monitors by MonitoringType."""


STOPPING_CONDITION = {"MaxRuntimeInSeconds": 3600}
INPUT_DEFAULTS = {"S3DataDistributionType": "FullyReplicated", "S3InputMode": "File"}
"""reference: MonitoringStoppingCondition; EndpointInput and BatchTransformInput."""


@dataclass
class Definition:
    """A definition, with the attributes that moto's code reads."""

    monitor: Monitor
    request: JSON
    arn: str
    tags: list[dict[str, str]]
    stale_tags: list[dict[str, str]] = field(default_factory=list)
    lag: int = 0
    creation_time: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def job_definition_name(self) -> str:
        """The definition's name."""
        return str(self.request["JobDefinitionName"])

    @property
    def endpoint_name(self) -> str | None:
        """The endpoint that it monitors; None if it monitors batch transform jobs."""
        name: str | None = self.request[self.monitor.input].get("EndpointInput", {}).get("EndpointName")
        return name

    def described(self) -> JSON:
        """Return Describe's answer: the requested members, empty structures included, and SageMaker's own members."""
        return self.request | {"JobDefinitionArn": self.arn, "CreationTime": self.creation_time}

    def summary(self) -> JSON:
        """Return its entry in a list."""
        return {
            "MonitoringJobDefinitionName": self.job_definition_name,
            "MonitoringJobDefinitionArn": self.arn,
            "CreationTime": self.creation_time,
            "EndpointName": self.endpoint_name,
        }


class Definitions:
    """The definitions of a monitor, of an account in a region.

    Args:
        monitor: the monitor.
        backend: moto's SageMaker of the account and region, which stores them, so that a reset of moto deletes them.
    """

    def __init__(self, monitor: Monitor, backend: SageMakerModelBackend) -> None:
        self._monitor = monitor
        self._backend = backend
        self._by_name: dict[str, Definition] = getattr(backend, f"{monitor.snake}_job_definitions")

    def add(self, request: JSON, tags: list[dict[str, str]], lag: int = 0) -> Definition:
        """Store a definition with SageMaker's defaults, and return it.

        Args:
            request: the valid request, without tags.
            tags: its tags.
            lag: how many ListTags calls don't see them yet.

        Raises:
            ResourceInUseException: another definition has the name.
        """
        name = str(request["JobDefinitionName"])
        if name.lower() in self._by_name:
            raise ResourceInUseException(f"a {self._monitor.words} job definition {name} exists already")
        request = {"StoppingCondition": STOPPING_CONDITION} | request
        job_input = request[self._monitor.input]
        request[self._monitor.input] = job_input | {
            source: INPUT_DEFAULTS | job_input[source]
            for source in ("EndpointInput", "BatchTransformInput")
            if source in job_input
        }
        arn = arn_formatter(self._monitor.kind, name.lower(), self._backend.account_id, self._backend.region_name)
        definition = self._by_name[name.lower()] = Definition(self._monitor, request, arn, tags, lag=lag)
        return definition

    def find(self, name: str) -> Definition:
        """Return the definition of a name.

        Raises:
            ResourceNotFound: there is none.
        """
        if name.lower() not in self._by_name:
            raise ResourceNotFound(f"there is no {self._monitor.words} job definition {name}")
        return self._by_name[name.lower()]

    def remove(self, definition: Definition) -> None:
        """Delete a definition."""
        del self._by_name[definition.job_definition_name.lower()]

    def __iter__(self) -> Iterator[Definition]:
        return iter(list(self._by_name.values()))


def definition_of(arn: str, backend: SageMakerModelBackend) -> Definition | None:
    """Return the definition of an ARN, compared without case; None if there is none.

    Args:
        arn: the ARN.
        backend: moto's SageMaker of the account and region.
    """
    for monitor in MONITORS.values():
        if f":{monitor.kind}/" in arn.lower():
            return next((one for one in Definitions(monitor, backend) if one.arn == arn.lower()), None)
    return None


def is_definition(arn: str) -> bool:
    """Return whether an ARN is of a definition, of whatever monitor."""
    return any(f":{monitor.kind}/" in arn.lower() for monitor in MONITORS.values())
