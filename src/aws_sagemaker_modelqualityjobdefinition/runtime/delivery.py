"""Logs and metrics of an invocation, delivered together at its end. A failed delivery never fails the request.

The plugin library (2.1.20) sends each record and each metric separately while the handler waits. A failure fails the
request (its log_delivery.py handles only an expired sequence token) or is logged with AWS's message, which can quote
what was sent (metrics.py). The library also sends the records of all loggers, including botocore's with whole requests,
and a warm function keeps writing to the log stream of the first stack that it served.
"""

import logging
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from threading import Thread
from typing import Any, cast

from botocore.exceptions import ClientError
from cloudformation_cli_python_lib import Action, SessionProxy
from cloudformation_cli_python_lib.utils import HandlerRequest

from . import deadline, sessions
from .limits import DEFAULTS, Limits, Wire

PACKAGE_LOG = logging.getLogger(__package__.rpartition(".")[0])
"""The logger of the type's package, in which this folder is."""

_config = partial(sessions.config, parameter_validation=False)  # of our own requests, which takes time in each event

_MOST_STREAMS = 500

_known_streams: set[tuple[str, str | None, str]] = set()
"""The region, group and name of the log streams that this process has written to."""


class Delivery(logging.Handler):
    """Logs and metrics of one invocation, for the account that registered the type.

    While the context is open, it collects the records of the type's package, at every level, and no others. When it
    closes, one PutLogEvents sends the records and one PutMetricData the metrics. If either fails, standard error gets
    one line without AWS's message, and the rest is dropped. Without the session of the account that registered the
    type, or without a log group in the event, nothing is delivered.
    """

    def __init__(self, event: HandlerRequest, session: SessionProxy | None, limits: Limits) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self._event = event
        self._session = cast("sessions.LendingSession | None", session)  # plugin.py replaces the library's sessions
        self._limits = limits
        self._records: list[logging.LogRecord] = []
        self._metrics: list[dict[str, Any]] = []
        self._failure = ""

    def __enter__(self) -> "Delivery":
        """Start to collect records."""
        PACKAGE_LOG.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Deliver the records and metrics."""
        PACKAGE_LOG.removeHandler(self)
        if self._session and self._event.requestData.providerLogGroupName:
            self._deliver(self._session)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record until the end."""
        self._records.append(record)

    def measure(
        self, name: str, action: Action, at: datetime, value: float = 1.0, unit: str = "Count", **more: str
    ) -> None:
        """Keep a metric until the end, which was measured `at` a time; `more` are dimensions besides action and type.

        Names, dimensions and units are those of the library's metrics.py.
        """
        kind = str(self._event.resourceType)
        dimensions = {"DimensionKeyActionType": action.name, **more, "DimensionKeyResourceType": kind}
        pairs = [{"Name": key, "Value": text} for key, text in dimensions.items()]
        metric = {"MetricName": name, "Dimensions": pairs, "Unit": unit, "Timestamp": at, "Value": value}
        self._metrics.append(metric)

    def _deliver(self, session: sessions.LendingSession) -> None:
        seconds = _seconds(self._limits.delivery)
        ends = time.monotonic() + seconds
        try:
            config = _config(self._limits.delivery)
            clients = [session.client(name, self._event.region, config) for name in ("logs", "cloudwatch")]
            for client in clients:
                deadline.watch(client)
            # A thread can be abandoned when a host name resolves slowly, or to addresses that don't answer.
            worker = Thread(target=self._send, args=clients, daemon=True)
            worker.start()
            worker.join(ends - time.monotonic())
            if worker.is_alive():
                session.close(keep=False)
                self._failure = f"it takes longer than {seconds:g} s"
        except Exception as error:  # noqa: BLE001 - delivery must never fail a request
            self._failure = _name(error)
        if self._failure:
            print(f"Logs and metrics are not delivered: {self._failure}", file=sys.stderr)  # noqa: T201 - a log record would have to be delivered too

    def _send(self, logs: Any, cloudwatch: Any) -> None:  # noqa: ANN401 - clients
        try:
            with deadline.within(_seconds(self._limits.delivery), self._limits.time.monotonic):
                if self._records:
                    self._put_records(logs)
                namespace = f"AWS/CloudFormation/{self._event.resourceType}".replace("::", "/")
                cloudwatch.put_metric_data(Namespace=namespace, MetricData=self._metrics)
        except Exception as error:  # noqa: BLE001 - as above
            self._failure = _name(error)

    def _put_records(self, logs: Any) -> None:  # noqa: ANN401 - a client
        """Write the records to their stream. The stream is created first, unless this process has written to it."""
        event, group = self._event, self._event.requestData.providerLogGroupName
        resource = event.requestData.logicalResourceId
        name = f"{event.stackId}/{resource}" if event.stackId and resource else f"{event.awsAccountId}-{event.region}"
        name = name.replace(":", "__")  # as the library names it
        stream, key = {"logGroupName": group, "logStreamName": name}, (event.region, group, name)
        records = sorted(self._records, key=lambda record: record.created)  # CloudWatch Logs requires it
        events = [{"timestamp": round(record.created * 1000), "message": self.format(record)} for record in records]
        known = key in _known_streams
        if not known:
            _create(logs, stream)
        try:
            logs.put_log_events(**stream, logEvents=events)
        except logs.exceptions.ResourceNotFoundException:
            if not known:
                raise
            _create(logs, stream)
            logs.put_log_events(**stream, logEvents=events)
        if len(_known_streams) >= _MOST_STREAMS:
            _known_streams.clear()
        _known_streams.add(key)


def _create(logs: Any, stream: Mapping[str, str | None]) -> None:  # noqa: ANN401 - a client
    """Create a log stream, and its group if that is missing.

    An error is none of ours: the stream exists, or we may not create it. Then PutLogEvents shows it.
    """
    with suppress(ClientError):
        try:
            logs.create_log_stream(**stream)
        except logs.exceptions.ResourceNotFoundException:
            with suppress(ClientError):  # another function may have created the group in the meantime
                logs.create_log_group(logGroupName=stream["logGroupName"])
            logs.create_log_stream(**stream)


def _seconds(wire: Wire) -> float:
    """Return the time limit of a whole delivery. It is part of the invocation's time."""
    return wire.connect + wire.answer + 1


def _name(error: Exception) -> str:
    """Return what failed, without AWS's message."""
    if not isinstance(error, ClientError):
        return type(error).__name__
    code = str(error.response.get("Error", {}).get("Code"))
    return f"{error.operation_name} fails with {code if code.isalpha() and len(code) < 64 else type(error).__name__}"


for _service in ("logs", "cloudwatch"):
    sessions.prepare(_service, _config(DEFAULTS.delivery))
