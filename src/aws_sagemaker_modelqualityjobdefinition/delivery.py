"""Logs and metrics of an invocation: delivered in one go at its end, and never at the request's cost.

The plugin library (2.1.20) sends each record and each metric on its own while the handler waits. A failure fails the
request (log_delivery.py lets everything but an expired sequence token escape), or is logged in AWS's own words, which
may quote what was sent (metrics.py). It sends the records of every logger, botocore's with whole requests among them,
and a warm function goes on writing to the log stream of the first stack that it served.
"""

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import ClientError
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.metrics import MetricsPublisher
from cloudformation_cli_python_lib.utils import HandlerRequest

from . import deadline

if TYPE_CHECKING:
    from .sessions import LendingSession

LONGEST = 3.0
"""Seconds that delivery takes at most, whatever the wire does: they come off the invocation's time."""

DELIVERY = Config(connect_timeout=0.5, read_timeout=1.5, retries={"total_max_attempts": 1})

_there: set[tuple[str, str | None]] = set()
"""Region and name of each log group that this process has written to."""


class Delivery(logging.Handler):
    """Logs and metrics of one invocation, for the account of the one who registered the type.

    While the context is open they are collected: all that our package logs, whatever its level, and no other record.
    When it ends, however it ends, the records leave in one PutLogEvents and the metrics in one PutMetricData. What
    fails here fails here alone: it is said once on standard error, without AWS's words, and nothing more is delivered.

    Args:
        event: The invocation's event.
        session: The session of the one who registered the type; None, or no log group in the event: nothing is
            delivered.
    """

    def __init__(self, event: HandlerRequest, session: SessionProxy | None) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self._event = event
        self._session = cast("LendingSession | None", session)  # the library has no others: plugin.py
        self._records: list[logging.LogRecord] = []
        self._metrics = _Metrics()
        self._publisher = MetricsPublisher(self._metrics, str(event.resourceType))  # type: ignore[arg-type]  # see _Metrics
        self._failure = ""

    def __enter__(self) -> "Delivery":
        """Collect what is logged from here on."""
        logging.getLogger(__package__).addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Deliver what was collected, if there is somebody to deliver it to."""
        logging.getLogger(__package__).removeHandler(self)
        if self._session and self._event.requestData.providerLogGroupName:
            self._deliver(self._session)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record until the end."""
        self._records.append(record)

    def publish(self, metric: Callable[[MetricsPublisher], None]) -> None:
        """Keep a metric until the end.

        Args:
            metric: What is to be done with the library's publisher.
        """
        metric(self._publisher)

    def _deliver(self, session: "LendingSession") -> None:
        ends = time.monotonic() + LONGEST
        try:
            clients = [
                session.client(name, region_name=self._event.region, config=DELIVERY) for name in ("logs", "cloudwatch")
            ]
            for client in clients:
                deadline.watch(client)
            # A thread can be left behind, with a host name that resolves slowly or to addresses that are all silent.
            worker = Thread(target=self._send, args=clients, daemon=True)
            worker.start()
            worker.join(ends - time.monotonic())
            if worker.is_alive():
                session.close(keep=False)
                self._failure = f"it takes longer than {LONGEST:g} s"
        except Exception as error:  # noqa: BLE001 - delivery must never fail a request, whatever fails it
            self._failure = _name(error)
        if self._failure:
            print(f"Logs and metrics are not delivered: {self._failure}", file=sys.stderr)  # noqa: T201 - not to itself

    def _send(self, logs: Any, cloudwatch: Any) -> None:  # noqa: ANN401 - clients
        try:
            with deadline.within(LONGEST):
                if self._records:
                    self._put_records(logs, missing=0 if self._group in _there else 2)
                cloudwatch.put_metric_data(Namespace=self._metrics.namespace, MetricData=self._metrics.data)
        except Exception as error:  # noqa: BLE001 - as above
            self._failure = _name(error)

    def _put_records(self, logs: Any, missing: int) -> None:  # noqa: ANN401 - a client
        """Write the records to their stream.

        Args:
            logs: The client.
            missing: What is to be made first: 0 nothing, 1 the stream, 2 the group and the stream.
        """
        group = self._event.requestData.providerLogGroupName
        stream = {"logGroupName": group, "logStreamName": _stream(self._event)}
        with suppress(ClientError):  # it is there, or not ours to make: PutLogEvents tells
            if missing == 2:
                logs.create_log_group(logGroupName=group)
        with suppress(ClientError):  # as above
            if missing:
                logs.create_log_stream(**stream)
        records = sorted(self._records, key=lambda record: record.created)  # CloudWatch Logs insists
        try:
            logs.put_log_events(
                **stream,
                logEvents=[
                    {"timestamp": round(record.created * 1000), "message": self.format(record)} for record in records
                ],
            )
        except logs.exceptions.ResourceNotFoundException:
            if missing == 2:
                raise
            self._put_records(logs, missing + 1)
        _there.add(self._group)

    @property
    def _group(self) -> tuple[str, str | None]:
        return self._event.region, self._event.requestData.providerLogGroupName


class _Metrics:
    """Keeps the metrics of the library's publisher, which takes it for a session and for a client of CloudWatch."""

    def __init__(self) -> None:
        self.namespace = ""
        self.data: list[dict[str, Any]] = []

    def client(self, _: str) -> "_Metrics":
        return self

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - botocore's names
        self.namespace = Namespace
        # The library's time is text without a zone. botocore would need dateutil's parser, and take it for local time.
        self.data += [
            entry | {"Timestamp": datetime.fromisoformat(entry["Timestamp"]).replace(tzinfo=UTC)}
            for entry in MetricData
        ]


def _stream(event: HandlerRequest) -> str:
    """Return the log stream's name, as the library writes it."""
    resource = event.requestData.logicalResourceId
    name = f"{event.stackId}/{resource}" if event.stackId and resource else f"{event.awsAccountId}-{event.region}"
    return name.replace(":", "__")


def _name(error: Exception) -> str:
    """Return what failed, without AWS's words."""
    if not isinstance(error, ClientError):
        return type(error).__name__
    code = str(error.response.get("Error", {}).get("Code"))
    return f"{error.operation_name} fails with {code if code.isalpha() and len(code) < 64 else type(error).__name__}"
