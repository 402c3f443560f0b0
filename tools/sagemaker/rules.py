"""SageMaker's rules that moto lacks, for the job definitions of Model Monitor, their tags and their schedules.

Each rule names its source. "model" is SageMaker's service model in botocore. "reference" is the SageMaker API
reference. "design" is what users of this resource found out: terraform-provider-aws, ACK, the SageMaker Python SDK.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from unittest.mock import patch
from uuid import uuid4

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import get_service_model
from moto.sagemaker import urls
from moto.sagemaker.exceptions import ResourceInUseException, ValidationError

from cfn_sandbox.resource_types import played
from tools.sagemaker import alarm_type, definition_type, schedule_type, schedules, strict
from tools.sagemaker.monitors import MONITORS, Definition, Definitions, Monitor, definition_of, is_definition
from tools.sagemaker.schedules import ScheduleActions

TAG_LIMIT = 50  # reference, AddTags and "Tagging AWS resources"; AWS's own tags (aws:...) don't count


@dataclass(frozen=True)
class Fault:
    """An error answer to chosen calls of an operation.

    Args:
        operation: the API operation, for example "CreateModelQualityJobDefinition".
        code: AWS's error code.
        status: the HTTP status.
        calls: the numbers of the calls that fail, counted from 1.
        after: whether the operation takes effect first, as when its answer is lost.
    """

    operation: str
    code: str = "InternalFailure"
    status: int = 500
    calls: Collection[int] = (1,)
    after: bool = False

    def answer(self) -> TYPE_RESPONSE:
        """Return the error answer in SageMaker's protocol."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-requestid": str(uuid4())}
        return self.status, headers, json.dumps({"__type": self.code, "message": f"{self.code}, on request"})


@contextmanager
def rules(tag_lag: int = 0, faults: Sequence[Fault] = (), *, strict: bool = False) -> Iterator[None]:
    """Apply the rules of this module to moto's SageMaker in this process, until the block ends.

    Args:
        tag_lag: how many ListTags calls return the old tags after each change of a definition's tags. The service lags
            by seconds (design: Terraform waits for it, ACK sleeps 20 s).
        faults: error answers to chosen calls.
        strict: whether a definition's role and endpoint must exist (tools/sagemaker/strict.py).
    """

    class SageMaker(_SageMaker):
        pass

    SageMaker.tag_lag, SageMaker.faults, SageMaker.calls, SageMaker.strict = tag_lag, tuple(faults), Counter(), strict
    paths = patch.dict(urls.url_paths, dict.fromkeys(urls.url_paths, SageMaker.dispatch))
    types = {schedule_type.TYPE: schedule_type.HANDLERS, alarm_type.TYPE: alarm_type.HANDLERS}
    types |= {monitor.type_name: definition_type.handlers(monitor) for monitor in MONITORS.values()}
    with ExitStack() as stack:
        stack.enter_context(paths)
        for name, handlers in types.items():
            stack.enter_context(played.offer(name, handlers))
        yield


class _SageMaker(ScheduleActions):
    """moto's SageMaker with the rules; moto finds an operation's method by its name."""

    tag_lag: ClassVar[int]
    faults: ClassVar[tuple[Fault, ...]]
    calls: ClassVar[Counter[str]]
    strict: ClassVar[bool]

    def create_monitoring_schedule(self) -> ActionResult:
        """Create a schedule; with strict rules, refuse an hourly one whose job may run too long."""
        if self.strict:
            strict.check_schedule(self._valid_request(), self.sagemaker_backend)
        return super().create_monitoring_schedule()

    def call_action(self) -> TYPE_RESPONSE:
        operation = self._get_action()
        self.calls[operation] += 1
        hits = (f for f in self.faults if f.operation == operation and self.calls[operation] in f.calls)
        fault = next(hits, None)
        if fault and not fault.after:
            return fault.answer()
        answer = super().call_action()
        return fault.answer() if fault else answer

    def _create(self, monitor: Monitor) -> ActionResult:
        """Accept either input, add the defaults, and return a lower-case ARN (design)."""
        request = self._valid_request()
        if self.strict:
            strict.check(monitor, request, self.current_account, self.region)
        tags = _valid_tags(request.pop("Tags", []), [])
        definition = Definitions(monitor, self.sagemaker_backend).add(request, tags, self.tag_lag)
        return ActionResult({"JobDefinitionArn": definition.arn})

    def _describe(self, monitor: Monitor) -> ActionResult:
        return ActionResult(self._named(monitor).described())

    def _list(self, monitor: Monitor) -> ActionResult:
        request = {"MaxResults": 100} | self._valid_request()  # the largest page; the model names no default
        summaries = [
            definition.summary() | {"arn": definition.arn}
            for definition in Definitions(monitor, self.sagemaker_backend)
        ]
        return schedules.page("JobDefinitionSummaries", schedules.filter_definitions(summaries, request), request)

    def _delete(self, monitor: Monitor) -> ActionResult:
        """Delete a definition, or refuse while a schedule uses it.

        SageMaker refuses this (design: the SageMaker Python SDK deletes the schedule first and waits for it). The error
        code is not documented; the model's code for this case is ResourceInUse.
        """
        definition = self._named(monitor)
        users = self._schedules.using(monitor, definition.job_definition_name)
        if users:
            raise ResourceInUseException(
                f"{definition.job_definition_name} is used by monitoring schedule {users[0].name}"
            )
        Definitions(monitor, self.sagemaker_backend).remove(definition)
        return EmptyResult()

    def _named(self, monitor: Monitor) -> Definition:
        return Definitions(monitor, self.sagemaker_backend).find(self._valid_request()["JobDefinitionName"])

    def add_tags(self) -> ActionResult:
        """Add tags, and replace the value of an existing key."""
        definition = self._tagged_definition()
        if definition is None:
            return super().add_tags()
        tags = _valid_tags(self._valid_request()["Tags"], definition.tags)
        self._change_tags(definition, tags)
        return ActionResult({"Tags": tags})

    def delete_tags(self) -> ActionResult:
        definition = self._tagged_definition()
        if definition is None:
            return super().delete_tags()
        keys = self._valid_request()["TagKeys"]
        self._change_tags(definition, [tag for tag in definition.tags if tag["Key"] not in keys])
        return EmptyResult()

    def list_tags(self) -> ActionResult:
        """Return the old tags `tag_lag` times after a change."""
        definition = self._tagged_definition()
        if definition is None or not definition.lag:
            return super().list_tags()
        definition.lag -= 1
        return ActionResult({"Tags": definition.stale_tags})

    def _tagged_definition(self) -> Definition | None:
        """Return the definition of the request's ARN, compared without case, or None if the ARN is of another type."""
        arn = self._get_param("ResourceArn")
        if not is_definition(arn):
            return None
        definition = definition_of(arn, self.sagemaker_backend)
        if definition is None:
            raise ValidationError(f"there is no resource {arn}")
        self.params["ResourceArn"] = definition.arn
        return definition

    def _tags_after(self, new: list[dict[str, str]], old: list[dict[str, str]]) -> list[dict[str, str]]:
        return _valid_tags(new, old)

    def _change_tags(self, definition: Definition, tags: list[dict[str, str]]) -> None:
        definition.stale_tags = definition.stale_tags if definition.lag else definition.tags
        definition.tags, definition.lag = tags, self.tag_lag

    def _valid_request(self) -> dict[str, Any]:
        """Return the request after checking it against the model, which the service does first."""
        operation = get_service_model("sagemaker").operation_model(self._get_action())
        failures = list(_failures(operation.input_shape, self.params, ""))
        if failures:
            count = f"{len(failures)} validation error{'s' if failures[1:] else ''} detected"
            raise ValidationError(f"{count}: {'; '.join(failures)}")
        return dict(self.params)


def _add_actions(monitor: Monitor) -> None:
    """Give SageMaker the four operations of a monitor's definitions; moto finds an operation by its method's name."""
    for verb, ending in (("create", ""), ("describe", ""), ("list", "s"), ("delete", "")):
        action = getattr(_SageMaker, f"_{verb}")
        setattr(
            _SageMaker,
            f"{verb}_{monitor.snake}_job_definition{ending}",
            lambda self, action=action: action(self, monitor),
        )


for _monitor in MONITORS.values():
    _add_actions(_monitor)


def _valid_tags(new: list[dict[str, str]], old: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the tags after a change; reference: Tag, and "Tag naming limits and requirements"."""
    keys = [tag["Key"] for tag in new]
    if any(key.lower().startswith("aws:") for key in keys):
        raise ValidationError("tag keys that start with aws: are AWS's own")
    if len(set(keys)) < len(keys):
        raise ValidationError("a tag key appears more than once")
    tags = {tag["Key"]: tag for tag in [*old, *new]}
    if sum(not key.startswith("aws:") for key in tags) > TAG_LIMIT:
        raise ValidationError(f"a resource has at most {TAG_LIMIT} tags")
    return list(tags.values())


def _failures(shape: Shape | None, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401  any value of a request
    """Yield the constraints of the model that a value and its parts violate, in the service's words."""
    if shape is None:
        return
    for constraint in _unmet_constraints(shape, value):
        yield f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {constraint}"
    for member, part, name in _parts(shape, value):
        yield from _failures(member, part, f"{path}.{name}".lstrip("."))


def _parts(shape: Shape, value: Any) -> Iterator[tuple[Shape, Any, str]]:  # noqa: ANN401  any value of a request
    """Yield the shape, value and name of each part of a value."""
    if isinstance(shape, StructureShape):
        yield from ((shape.members[name], part, name) for name, part in value.items() if part is not None)
    elif isinstance(shape, ListShape):
        yield from ((shape.member, part, f"{number}.member") for number, part in enumerate(value, 1))
    elif isinstance(shape, MapShape):
        yield from ((shape.key, key, key) for key in value)
        yield from ((shape.value, part, key) for key, part in value.items())


def _unmet_constraints(shape: Shape, value: Any) -> Iterator[str]:  # noqa: ANN401  any value of a request
    """Yield the constraints of a shape that the value itself, without its parts, violates."""
    limits: Mapping[str, Any] = shape.metadata
    for name in limits.get("required", ()):
        if value.get(name) is None:
            yield f"have {name}"
    if isinstance(value, datetime):
        return  # the model constrains no timestamp
    size, noun = (value, "value") if isinstance(value, int | float) else (len(value), "length")
    if size < limits.get("min", size):
        yield f"have {noun} greater than or equal to {limits['min']}"
    if size > limits.get("max", size):
        yield f"have {noun} less than or equal to {limits['max']}"
    # re has no \p{...}: its \w and \s stand for \p{L}\p{Z}\p{N}, which is letters, separators and digits.
    pattern = limits.get("pattern", "").replace(r"\p{L}\p{Z}\p{N}", r"\w\s")
    if pattern and not re.fullmatch(pattern, value):
        yield f"satisfy regular expression pattern: {limits['pattern']}"
    if value not in limits.get("enum", [value]):
        yield f"satisfy enum value set: {limits['enum']}"
