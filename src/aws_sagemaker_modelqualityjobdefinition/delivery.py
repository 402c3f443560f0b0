"""Logs and metrics of an invocation: delivered when that works, and never at the request's cost.

The plugin library (2.1.20) lets a failure of delivery fail the request (log_delivery.py lets everything but an expired
sequence token escape, metrics.py everything but ClientError), and a warm container goes on writing to the log stream of
the first stack it served.
"""

import copy
import functools
import logging
import sys
from collections.abc import Callable

from botocore.config import Config
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.log_delivery import ProviderLogHandler
from cloudformation_cli_python_lib.metrics import MetricsPublisherProxy
from cloudformation_cli_python_lib.utils import HandlerRequest

# One attempt, and after the first that fails no other in the same invocation: see the sum in client.py.
DELIVERY = Config(connect_timeout=0.5, read_timeout=1.5, retries={"total_max_attempts": 1})


class Delivery:
    """Logs and metrics of one invocation, delivered to the account of the one who registered the type.

    What fails here fails here alone: it is said once on standard error, without a message that might quote a value, and
    nothing more is delivered in this invocation.
    """

    def __init__(self, event: HandlerRequest, session: SessionProxy | None) -> None:
        group = event.requestData.providerLogGroupName
        self._works = bool(session and group)
        self._metrics = MetricsPublisherProxy()
        self._log_handler: LogHandler | None = None
        if session and group:
            self.attempt(lambda: self._open(event, session, group))

    def __enter__(self) -> "Delivery":
        """Deliver what is logged from here on."""
        if self._log_handler:
            logging.getLogger().addHandler(self._log_handler)
        return self

    def __exit__(self, *_: object) -> None:
        """Deliver nothing more: the next invocation may be another stack's."""
        if self._log_handler:
            logging.getLogger().removeHandler(self._log_handler)

    def publish(self, metric: Callable[[MetricsPublisherProxy], None]) -> None:
        """Publish a metric."""
        self.attempt(lambda: metric(self._metrics))

    def attempt(self, delivery: Callable[[], None]) -> None:
        """Deliver something, unless something could not be delivered before."""
        if not self._works:
            return
        try:
            delivery()
        except Exception as error:  # noqa: BLE001 - delivery must never fail a request, whatever fails it
            self._works = False
            print(f"Logs and metrics are not delivered: {type(error).__name__}", file=sys.stderr)  # noqa: T201 - not to itself

    def _open(self, event: HandlerRequest, session: SessionProxy, group: str) -> None:
        hurried = copy.copy(session)
        hurried.client = functools.partial(session.client, region_name=event.region, config=DELIVERY)
        self._metrics.add_metrics_publisher(hurried, event.resourceType)
        self._log_handler = LogHandler(event, hurried, group, self.attempt)


class LogHandler(ProviderLogHandler):
    """Writes log records to the stream of the resource that an event is about."""

    def __init__(
        self, event: HandlerRequest, session: SessionProxy, group: str, attempt: Callable[[Callable[[], None]], None]
    ) -> None:
        resource = event.requestData.logicalResourceId
        stream = f"{event.stackId}/{resource}" if event.stackId and resource else f"{event.awsAccountId}-{event.region}"
        super().__init__(group=group, stream=stream, session=session)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self._attempt = attempt
        self._is_writing = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; what is logged while writing it is left out."""
        if not self._is_writing:
            self._is_writing = True
            self._attempt(lambda: ProviderLogHandler.emit(self, record))
            self._is_writing = False

    def _put_log_event(self, msg: logging.LogRecord) -> None:
        # CloudWatch Logs has done without sequence tokens since 2023; the library fails on an answer without one.
        self.client.put_log_events(
            logGroupName=self.group,
            logStreamName=self.stream,
            logEvents=[{"timestamp": round(msg.created * 1000), "message": self.format(msg)}],
        )
