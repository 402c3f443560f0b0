"""The plugin library's entry point, made safe.

`Resource.__call__` of the library (2.1.20) is replaced. There, log or metric delivery that fails turns a CREATE that
succeeded into an InternalFailure (delivery.py); a page token is dropped on the way to the handler; and whatever a
handler raises is logged with its message, in which AWS quotes property values.
"""

import json
import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

from cloudformation_cli_python_lib import exceptions
from cloudformation_cli_python_lib import resource as library
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.interface import Action, BaseResourceHandlerRequest, ProgressEvent
from cloudformation_cli_python_lib.resource import Resource
from cloudformation_cli_python_lib.utils import HandlerRequest, KitchenSinkEncoder

from . import sessions
from .delivery import Delivery
from .errors import HandlerError, defect

LOG = logging.getLogger(__name__)
logging.getLogger(__package__).setLevel(logging.INFO)

# Where the library would make two sessions for every request, a tenth of a second each in a function.
library._get_boto_session = sessions.open_session  # type: ignore[attr-defined]  # a private name of the library's


class ResourceType(Resource):
    """A resource type whose answers depend on its handlers alone."""

    def __call__(self, event_data: MutableMapping[str, Any], context: Any) -> Any:  # noqa: ANN401, ARG002 - Lambda's signature
        """Answer an event of CloudFormation's with a progress event, both as JSON.

        Args:
            event_data: The request: action, properties, credentials, and so on.
            context: Lambda's own, which is not needed.
        """
        try:
            (caller, provider), action, callback, event = self._parse_request(event_data)
            request = self._cast_resource_request(event)
        except HandlerError as error:
            progress = error.to_progress_event()
        else:
            with Delivery(event, provider) as delivery:
                progress = self._measured(delivery, caller, request, action, callback)
        finally:
            sessions.close_all()
        return json.loads(json.dumps(progress._serialize(), cls=KitchenSinkEncoder))

    def test_entrypoint(self, event: MutableMapping[str, Any], context: Any) -> Any:  # noqa: ANN401 - Lambda's signature
        """Answer an event of the kind that `sam local invoke TestEntrypoint` takes."""
        try:
            return super().test_entrypoint(event, context)
        finally:
            sessions.close_all()

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
        progress = self._invoke_handler(session, request, action, callback)
        milliseconds = (_now() - start).total_seconds() * 1000
        LOG.info("%s of %s: %s", action.name, request.logicalResourceIdentifier, _outcome(progress))
        delivery.publish(lambda metrics: metrics.publish_duration_metric(_now(), action, milliseconds))
        if progress.errorCode:
            kind = getattr(exceptions, progress.errorCode.name)
            delivery.publish(lambda metrics: metrics.publish_exception_metric(_now(), action, kind.__new__(kind)))
        return progress

    def _cast_resource_request(self, request: HandlerRequest) -> BaseResourceHandlerRequest:
        # A LIST may leave the properties out; the library's RequestData lacks them then.
        if request.action == Action.LIST:
            vars(request.requestData).setdefault("resourceProperties", None)
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
