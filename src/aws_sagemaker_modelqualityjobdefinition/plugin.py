"""The plugin library's entry point, made safe.

`Resource.__call__` of the library (2.1.20) is replaced. There, log or metric delivery that fails turns a CREATE that
succeeded into an InternalFailure (delivery.py); a page token is dropped on the way to the handler; whatever a handler
raises is logged with its message, in which AWS quotes property values; and an event that is not as it should be is an
InternalFailure, or an InvalidRequest in Python's words (envelope.py).
"""

import logging
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any

from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib import resource as library
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.interface import Action, BaseResourceHandlerRequest, ProgressEvent
from cloudformation_cli_python_lib.resource import Resource
from cloudformation_cli_python_lib.utils import HandlerRequest

from . import deadline, envelope, sessions
from .delivery import Delivery
from .errors import HandlerError, defect

LOG = logging.getLogger(__name__)
logging.getLogger(__package__).setLevel(logging.INFO)

# Where the library would make two sessions for every request, a tenth of a second each in a function.
library._get_boto_session = sessions.open_session  # type: ignore[attr-defined]  # a private name of the library's


SECONDS: Mapping[Action, float] = {
    Action.CREATE: 45,
    Action.READ: 20,
    Action.UPDATE: 45,
    Action.DELETE: 45,
    Action.LIST: 20,
}
"""How long a handler may take. An invocation has 60 s, one of READ or LIST 30 s (the contract's limits): the rest is
for the start, for delivery, and for what no time limit holds, a host name that resolves slowly or to many addresses."""


class ResourceType(Resource):
    """A resource type whose answers depend on its handlers alone."""

    def __call__(self, event_data: MutableMapping[str, Any], context: Any) -> Any:  # noqa: ANN401, ARG002 - Lambda's signature
        """Answer an event of CloudFormation's with a progress event, both as JSON.

        Args:
            event_data: The request: action, properties, credentials, and so on.
            context: Lambda's own, which is not needed.
        """
        return self._answered(event_data, envelope.checked)

    def test_entrypoint(self, event: MutableMapping[str, Any], context: Any) -> Any:  # noqa: ANN401, ARG002 - Lambda's signature
        """Answer an event of the kind that `sam local invoke TestEntrypoint` takes."""
        return self._answered(event, envelope.checked_test)

    def _answered(self, sent: object, checked: Callable[[object], dict[str, Any]]) -> Any:  # noqa: ANN401 - JSON
        try:
            (caller, provider), action, callback, event = self._parse_request(checked(sent))
            request = self._cast_resource_request(event)
        except HandlerError as error:
            answer = error.to_progress_event()
        else:
            with Delivery(event, provider) as delivery:
                answer = self._measured(delivery, caller, request, action, callback)
        finally:
            sessions.close_all()
        return envelope.sealed(answer)

    def _measured(
        self,
        delivery: Delivery,
        session: SessionProxy | None,
        request: BaseResourceHandlerRequest,
        action: Action,
        callback: MutableMapping[str, Any],
    ) -> ProgressEvent:
        delivery.publish(lambda metrics: metrics.publish_invocation_metric(_now(), action))
        start = _now()
        with deadline.within(SECONDS[action]):
            progress = self._invoke_handler(session, request, action, callback)
        milliseconds = (_now() - start).total_seconds() * 1000
        LOG.info("%s of %s: %s", action.name, request.logicalResourceIdentifier, _outcome(progress))
        delivery.publish(lambda metrics: metrics.publish_duration_metric(_now(), action, milliseconds))
        if progress.errorCode:
            kind = getattr(exceptions, progress.errorCode.name)
            delivery.publish(lambda metrics: metrics.publish_exception_metric(_now(), action, kind.__new__(kind)))
        return progress

    def _cast_resource_request(self, request: HandlerRequest) -> BaseResourceHandlerRequest:
        try:
            cast: BaseResourceHandlerRequest = super()._cast_resource_request(request)
        except exceptions.InvalidRequest as error:
            # The library wraps every error, ours too, whose words are enough.
            raise error.__cause__ if isinstance(error.__cause__, HandlerError) else error from None
        cast.nextToken = request.nextToken
        return cast

    def _invoke_handler(
        self,
        session: SessionProxy | None,
        request: BaseResourceHandlerRequest,
        action: Action,
        callback_context: MutableMapping[str, Any],
    ) -> ProgressEvent:
        """Call the handler; what it raises becomes a failed event here, before the library logs its message."""
        try:
            return super()._invoke_handler(session, request, action, callback_context)
        except HandlerError as error:
            return error.to_progress_event()
        except Exception as error:  # noqa: BLE001 - the last door: what escapes it reaches the user as a failure without a word
            return defect(error).to_progress_event()


def _outcome(progress: ProgressEvent) -> str:
    return f"{progress.status.name} {progress.errorCode.name if progress.errorCode else ''}".rstrip()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)  # the library's metrics take naive UTC
