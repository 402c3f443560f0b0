"""A safe entry point in place of the plugin library's.

`ResourceType.__call__` replaces `Resource.__call__` of the library (2.1.20), which has four defects:

- When logs or metrics can't be delivered, a CREATE that succeeded becomes an InternalFailure (delivery.py).
- LIST's page token doesn't reach the handler.
- Exceptions are logged with their messages, in which AWS quotes property values.
- A malformed event is an InternalFailure, or an InvalidRequest with a message about Python's types (envelope.py).
"""

import logging
from collections.abc import Callable, Collection, MutableMapping
from datetime import UTC, datetime
from typing import Any

from cloudformation_cli_python_lib import Action, ProgressEvent, SessionProxy, exceptions
from cloudformation_cli_python_lib import BaseResourceHandlerRequest as Request
from cloudformation_cli_python_lib import resource as library
from cloudformation_cli_python_lib.utils import HandlerRequest

from . import deadline, envelope, failures, sessions
from .delivery import PACKAGE_LOG, Delivery
from .errors import defect
from .failures import HandlerError
from .limits import DEFAULTS, Limits

LOG = logging.getLogger(__name__)

Json = MutableMapping[str, Any]

# The library creates two sessions for every request, which takes a tenth of a second each in a function.
library._get_boto_session = sessions.open_session  # type: ignore[attr-defined]  # private in the library


class ResourceType(library.Resource):
    """A resource type whose answers depend only on its handlers. The log level of its package becomes INFO.

    `model` is the class of its properties, of which `identifiers` are in primaryIdentifier and additionalIdentifiers.
    """

    def __init__(self, type_name: str, model: Any, identifiers: Collection[str], limits: Limits = DEFAULTS) -> None:  # noqa: ANN401 - any class with the generated models' _deserialize
        super().__init__(type_name, model)
        self._identifiers, self._limits = identifiers, limits
        PACKAGE_LOG.setLevel(logging.INFO)

    def __call__(self, event_data: Json, context: Any) -> Any:  # noqa: ANN401, ARG002 - Lambda's signature
        """Answer an event from CloudFormation with a progress event, both as JSON."""
        return self._answer(event_data, envelope.checked)

    def test_entrypoint(self, event: Json, context: Any) -> Any:  # noqa: ANN401, ARG002 - Lambda's signature
        """Answer an event in the format of `sam local invoke TestEntrypoint`."""
        return self._answer(event, envelope.checked_test)

    def _answer(self, sent: object, checked: Callable[[object], dict[str, Any]]) -> Any:  # noqa: ANN401 - JSON
        try:
            (caller, provider), action, callback, event = self._parse_request(checked(sent))
            request = self._cast_resource_request(event)
        except HandlerError as error:
            answer = failures.of(error).event()
        else:
            with Delivery(event, provider, self._limits) as delivery:
                answer = self._invoke_measured(delivery, caller, request, action, callback)
        finally:
            sessions.close_all()
        return envelope.encoded(answer, self._identifiers)

    def _invoke_measured(
        self, delivery: Delivery, session: SessionProxy | None, request: Request, action: Action, callback: Json
    ) -> ProgressEvent:
        delivery.measure("HandlerInvocationCount", action, _now())
        start = _now()
        with deadline.within(self._limits.handlers[action], self._limits.time.monotonic):
            progress = self._invoke_handler(session, request, action, callback)
        milliseconds = (_now() - start).total_seconds() * 1000
        outcome = f"{progress.status.name} {progress.errorCode.name if progress.errorCode else ''}".rstrip()
        LOG.info("%s of %s: %s", action.name, request.logicalResourceIdentifier, outcome)
        delivery.measure("HandlerInvocationDuration", action, _now(), milliseconds, "Milliseconds")
        if progress.errorCode:
            kind = str(getattr(exceptions, progress.errorCode.name))
            delivery.measure("HandlerException", action, _now(), DimensionKeyExceptionType=kind)
        return progress

    def _cast_resource_request(self, request: HandlerRequest) -> Request:
        try:
            cast: Request = super()._cast_resource_request(request)
        except exceptions.InvalidRequest as error:
            # The library wraps every error in its own text. Our errors need none.
            raise error.__cause__ if isinstance(error.__cause__, HandlerError) else error from None
        cast.nextToken = request.nextToken
        return cast

    def _invoke_handler(
        self, session: SessionProxy | None, request: Request, action: Action, callback_context: Json
    ) -> ProgressEvent:
        """Call the handler, and turn its exception into a failed event before the library can log the message."""
        try:
            return super()._invoke_handler(session, request, action, callback_context)
        except HandlerError as error:
            return failures.of(error).event()
        except Exception as error:  # noqa: BLE001 - the outermost handler: what escapes reaches the user without a message
            return defect(error).event()


def _now() -> datetime:
    return datetime.now(UTC)
