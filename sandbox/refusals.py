"""What the account does not have, refused as AWS refuses: an error in the service's own protocol.

moto raises NotImplementedError for such an action, and whatever comes for a defect; its server makes a
page of HTML of either, with status 500, which clients retry four times and then show.
"""

import json
import sys
import traceback
from functools import partial
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
    """An error of the account itself. moto takes the package of its own exception for the service's name."""


# Every service has these, and no service's model ("Common Error Types" in any API reference). moto warns of what is not
# in the model, except for what is in its list.
COMMON_ERROR_CODES.extend(("InternalFailure", "InvalidAction", "UnknownOperationException"))

_QUERY_PROTOCOLS = ("query", "ec2")
_NO_SUCH_TYPE = (b"Unrecognized resource types", b"<Code>TypeNotFoundException</Code>")


def create_app(service: SERVICE_NAMES | None, home: str) -> Flask:
    """Return moto's application for a service, with errors that a client of AWS can read.

    Args:
        service: One of moto's; None for a service that it does not have.
        home: The region that has the account's types.
    """
    if service is None:
        app = Flask("sandbox")
        app.request_class = BackendRequest
    else:
        app = create_backend_app(service)
    app.register_error_handler(Exception, _refusal)
    if service == "cloudformation":
        app.after_request(partial(_with_hint, home))
    return app


def _with_hint(home: str, answer: Response) -> Response:
    """Say in an answer that knows no such type where the types are, if it is of another region.

    The sandbox has its types in one region, as an account has those that were registered in one.
    """
    region = _scope()[2]
    said = answer.get_data()
    if region not in ("", home) and any(words in said for words in _NO_SUCH_TYPE):
        hint = f" (This request is for {region}; the sandbox has its types in {home}: `sandbox up --region {region}`.)"
        answer.set_data(said.replace(b"</Message>", f"{hint}</Message>".encode()))
    return answer


def _refusal(error: Exception) -> Response:
    """Answer a request that moto could not."""
    asked = BaseResponse(service_name=_service())
    asked.setup_class(cast("Request", request))
    try:
        model = get_service_model(asked.boto3_service_name)
    except UnknownServiceError:  # nothing that boto3 calls: moto's own API, say
        return Response(json.dumps({"message": str(error)}), HTTPStatus.NOT_FOUND, mimetype="application/json")
    action = asked._get_action()  # noqa: SLF001 - it has no public name
    wanted = f"{model.service_id}'s {action or f'{request.method} {request.path}'}"
    if not hasattr(current_app, "service"):
        wanted = f"service {model.service_id}"
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
    return str(getattr(current_app, "service", _scope()[3]))


def _scope() -> list[str]:
    """Of a request's signature: key, date, region, service, "aws4_request"; empty where there is none."""
    return (request.headers.get("Authorization", "").split(",")[0].split("/") + [""] * 4)[:5]
