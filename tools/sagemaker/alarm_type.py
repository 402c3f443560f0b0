"""AWS::CloudWatch::Alarm in stacks, for alarms on the metrics that a monitoring job publishes.

moto stores and returns alarms, but its own stacks don't have them. Properties that moto doesn't store are refused.

Source: AWS's published schema of the type.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from cfn_sandbox.resource_types.played import Call, Refusal

TYPE = "AWS::CloudWatch::Alarm"

JSON = dict[str, Any]

# The properties that moto stores, with moto's names for them.
_MOTO_NAMES: Mapping[str, str] = {
    "AlarmName": "name",
    "AlarmDescription": "description",
    "Namespace": "namespace",
    "MetricName": "metric_name",
    "Dimensions": "dimensions",
    "Statistic": "statistic",
    "ExtendedStatistic": "extended_statistic",
    "Unit": "unit",
    "Period": "period",
    "EvaluationPeriods": "evaluation_periods",
    "DatapointsToAlarm": "datapoints_to_alarm",
    "ComparisonOperator": "comparison_operator",
    "Threshold": "threshold",
    "TreatMissingData": "treat_missing_data",
    "EvaluateLowSampleCountPercentile": "evaluate_low_sample_count_percentile",
    "ActionsEnabled": "actions_enabled",
    "AlarmActions": "alarm_actions",
    "OKActions": "ok_actions",
    "InsufficientDataActions": "insufficient_data_actions",
}
_LISTS = frozenset({"Dimensions", "AlarmActions", "OKActions", "InsufficientDataActions"})


def _create(call: Call) -> JSON:
    name = call.desired.get("AlarmName") or _generate_name(call)
    if name in _backend(call).alarms:
        raise Refusal("AlreadyExists", f"{name} already exists")
    return _put(call, name)


def _read(call: Call) -> JSON:
    return _model(_find_alarm(call), _backend(call))


def _update(call: Call) -> JSON:
    alarm, backend = _find_alarm(call), _backend(call)
    backend.tagger.untag_resource_using_names(alarm.alarm_arn, list(backend.list_tags_for_resource(alarm.alarm_arn)))
    return _put(call, alarm.name)


def _delete(call: Call) -> None:
    _backend(call).delete_alarms([_find_alarm(call).name])


def _list(call: Call) -> list[JSON]:
    return [{"AlarmName": alarm.name} for alarm in _backend(call).describe_alarms()]


HANDLERS: Mapping[str, Callable[[Call], JSON | list[JSON] | None]] = {
    "CREATE": _create,
    "READ": _read,
    "UPDATE": _update,
    "DELETE": _delete,
    "LIST": _list,
}


def _generate_name(call: Call) -> str:
    """Return a generated name of CloudFormation's form: stack, logical id, twelve characters."""
    stack_name = call.stack_id.split("/")[1] if call.stack_id else None
    return "-".join([*filter(None, (stack_name, call.logical_id)), uuid4().hex[:12].upper()])


def _put(call: Call, name: str) -> JSON:
    """Create the alarm, or overwrite the alarm of that name, and return its model."""
    unknown = sorted(call.desired.keys() - _MOTO_NAMES.keys() - {"Tags", "Arn"})
    if unknown:
        raise Refusal("InvalidRequest", f"This sandbox has alarms on one metric, without {', '.join(unknown)}")
    defaults: JSON = {key: [] if key in _LISTS else None for key in _MOTO_NAMES} | {"ActionsEnabled": True}
    arguments = {
        _MOTO_NAMES[key]: value
        for key, value in (defaults | call.desired | {"AlarmName": name}).items()
        if key in _MOTO_NAMES
    }
    own = {tag["Key"]: tag["Value"] for tag in call.desired.get("Tags", [])}
    tags = [{"Key": key, "Value": value} for key, value in {**call.tags, **own}.items()]
    backend = _backend(call)
    return _model(backend.put_metric_alarm(**arguments, tags=tags), backend)


def _find_alarm(call: Call) -> Alarm:
    name = str(call.desired["AlarmName"])
    alarm: Alarm | None = _backend(call).alarms.get(name)
    if alarm is None:
        raise Refusal("NotFound", f"There is no alarm {name}")
    return alarm


def _backend(call: Call) -> CloudWatchBackend:
    backend: CloudWatchBackend = cloudwatch_backends[call.account][call.region]
    return backend


def _model(alarm: Alarm, backend: CloudWatchBackend) -> JSON:
    model = {key: getattr(alarm, member) for key, member in _MOTO_NAMES.items()}
    model["Dimensions"] = [{"Name": dimension.name, "Value": dimension.value} for dimension in alarm.dimensions]
    tags = backend.list_tags_for_resource(alarm.alarm_arn)
    model["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"Arn": alarm.alarm_arn} | {key: value for key, value in model.items() if value not in (None, [])}
