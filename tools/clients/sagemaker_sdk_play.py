"""Creates and deletes a model monitor with the SageMaker Python SDK, version 2 or 3, in the SDK's environment.

    python sagemaker_sdk_play.py make NAME | end NAME

`make` creates a monitor and its schedule, attaches to the schedule, updates, stops and starts it, and lists its
executions. It also creates a schedule that runs once, now, and deletes that one. The first schedule and its definition
stay. `end` attaches to the schedule and deletes both. Each step writes a line of JSON.
"""

import json
import logging
import sys
from importlib.metadata import version
from typing import Any

try:  # version 3
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.model_monitor import CronExpressionGenerator, EndpointInput, ModelQualityMonitor

    SDK = "sagemaker-core"
except ModuleNotFoundError:
    from sagemaker import Session
    from sagemaker.model_monitor import CronExpressionGenerator, EndpointInput, ModelQualityMonitor

    SDK = "sagemaker"

Monitor = Any  # the SDK ships no types


def report(step: str, **details: object) -> None:
    """Write a step's result as a line of JSON."""
    print(json.dumps({"step": step, **details}), flush=True)


def create_monitor(session: Session, name: str, expression: str, **more: str) -> Monitor:
    """Create a monitor with its definition and its schedule, and return it."""
    monitor: Monitor = ModelQualityMonitor(
        role="arn:aws:iam::123456789012:role/monitor",
        sagemaker_session=session,
        instance_count=1,
        instance_type="ml.m5.large",
        volume_size_in_gb=20,
        tags=[{"Key": "team", "Value": "churn"}],
    )
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        endpoint_input=EndpointInput("churn", "/opt/ml/processing/input", inference_attribute="0"),
        ground_truth_input="s3://churn/labels",
        problem_type="Regression",
        output_s3_uri="s3://churn/reports",
        schedule_cron_expression=expression,
        **more,
    )
    return monitor


def make(name: str) -> None:
    """Create, update, stop and start a schedule, and leave it; create and delete one that runs once."""
    session = Session()
    monitor = create_monitor(session, name, CronExpressionGenerator.daily(6))
    report("make", sdk=f"{SDK} {version(SDK)}", definition=monitor.job_definition_name, status=status(monitor))
    attached: Monitor = ModelQualityMonitor.attach(name, session)
    report("attach", definition=attached.job_definition_name, tags=attached.tags)
    attached.update_monitoring_schedule(instance_count=2)
    report("update", definition=attached.job_definition_name, status=status(attached))
    attached.stop_monitoring_schedule()
    report("stop", status=status(attached))
    attached.start_monitoring_schedule()
    report("start", status=status(attached))
    report("executions", count=len(attached.list_executions()))
    once = create_monitor(
        session,
        f"{name}-once",
        CronExpressionGenerator.now(),
        data_analysis_start_time="-PT1H",
        data_analysis_end_time="-PT0H",
    )
    last = once.describe_schedule()["LastMonitoringExecutionSummary"]
    report("once", execution=last["MonitoringExecutionStatus"], reason=last["FailureReason"])
    once.delete_monitoring_schedule()


def end(name: str) -> None:
    """Delete the schedule and its definition."""
    attached: Monitor = ModelQualityMonitor.attach(name, Session())
    definition = attached.job_definition_name
    attached.delete_monitoring_schedule()
    report("delete", definition=definition)


def status(monitor: Monitor) -> str:
    """Return the schedule's status."""
    return str(monitor.describe_schedule()["MonitoringScheduleStatus"])


if __name__ == "__main__":
    logging.disable(logging.INFO)
    {"make": make, "end": end}[sys.argv[1]](sys.argv[2])
