"""What the account does not have, refused as AWS refuses: an error in the service's own protocol.

moto raises NotImplementedError for such an action, and whatever it likes for a defect of its own; its server makes a
page of HTML of either, with status 500, which clients retry four times and then show.
"""

import json
import sys
import traceback
from http import HTTPStatus
from typing import cast

from botocore.exceptions import UnknownServiceError
from flask import Flask, Response, current_app, request
from moto.backends import SERVICE_NAMES
from moto.core.errors import COMMON_ERROR_CODES
from moto.core.exceptions import ServiceException
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import BackendRequest, create_backend_app
from werkzeug.exceptions import NotFound


class Refusal(ServiceException):
    """An error of the account itself. moto takes the package of an exception of its own for the service's name."""


# Every service has these, and no service's model ("Common Error Types" of any API reference): moto warns of what is not in
# the model, save for what is in its list.
COMMON_ERROR_CODES.extend(("InternalFailure", "InvalidAction", "UnknownOperationException"))

_QUERY_PROTOCOLS = ("query", "ec2")


def create_app(service: SERVICE_NAMES | None) -> Flask:
    """Return moto's application for a service, with errors that a client of AWS can read.

    Args:
        service: One of moto's; None for a service that it does not have.
    """
    if service is None:
        app = Flask("sandbox")
        app.request_class = BackendRequest
    else:
        app = create_backend_app(service)
    app.register_error_handler(Exception, _refusal)
    return app


def _refusal(error: Exception) -> Response:
    """Answer a request that moto could not."""
    asked = BaseResponse(service_name=_service())
    asked.setup_class(cast("Request", request))
    try:
        model = get_service_model(asked.boto3_service_name)
    except UnknownServiceError:  # nothing that boto3 calls: moto's own API, say
        return Response(json.dumps({"message": str(error)}), HTTPStatus.NOT_FOUND, mimetype="application/json")
    action = asked._get_action()  # noqa: SLF001 - it has no public name
    wanted = f"{model.service_id}'s {action}" if action else f"{model.service_id}'s {request.method} {request.path}"
    if isinstance(error, NotImplementedError | NotFound):
        unknown = "InvalidAction" if model.protocol in _QUERY_PROTOCOLS else "UnknownOperationException"
        refusal, status = Refusal(unknown, f"This sandbox has no {wanted}."), HTTPStatus.BAD_REQUEST
    else:
        traceback.print_exception(error, file=sys.stderr)
        text = f"This sandbox tripped over {wanted}: {type(error).__name__}: {error}"
        refusal, status = Refusal("InternalFailure", text), HTTPStatus.INTERNAL_SERVER_ERROR
    _, headers, body = asked.serialized(ActionResult(refusal))
    return Response(body, status, headers)


def _service() -> str:
    """The service that a request is for, as boto3 calls it."""
    service = getattr(current_app, "service", None)
    if service is None:  # the scope of its signature: KEY/DATE/REGION/SERVICE/aws4_request
        service = (request.headers.get("Authorization", "").split(",")[0].split("/") + [""] * 4)[3]
    return str(service)
