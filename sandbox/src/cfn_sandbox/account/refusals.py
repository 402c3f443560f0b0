"""Refuses requests that the account doesn't support, with an error in the service's own protocol, as AWS does.

moto raises NotImplementedError for a missing action, and any exception for one of its defects. Its server answers
either with an HTML page and status 500, which clients retry four times and then show.
"""

import json
import sys
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from flask import Flask, Response, current_app, request
from moto.backends import SERVICE_NAMES
from moto.core.errors import COMMON_ERROR_CODES
from moto.core.exceptions import ServiceException
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import BackendRequest, DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import NotFound

from cfn_sandbox.account.egress import LeavesTheMachine

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Refusal(ServiceException):
    """An error of the account itself. moto would take its own exception's module for a service's name."""


SAID: list[str] = []
"""A sentence for each request so far that an account of this process refused because moto lacks it or failed on it."""

_CODES = (
    "AccessDenied",
    "AuthFailure",
    "InternalFailure",
    "InvalidAccessKeyId",
    "InvalidAction",
    "InvalidClientTokenId",
    "MissingAction",
    "MissingAuthenticationToken",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
)
# Every service has these errors, but no service's model lists them ("Common Error Types" in any API reference). moto
# warns of an error that is neither in the model nor in this list.
COMMON_ERROR_CODES.extend(_CODES)

# moto's answers would let the pages of every origin read them.
werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]  # imported there, not defined

_QUERY_PROTOCOLS = ("query", "ec2")
_JSON_TYPES = ("application/x-amz-json-1.0", "application/x-amz-json-1.1")
_FORM = "application/x-www-form-urlencoded"
_KEY_ERRORS = {"s3": ("InvalidAccessKeyId", "AccessDenied"), "ec2": ("AuthFailure", "AuthFailure")}
"""The services' codes for a wrong access key and a missing one, where they have their own."""


def create_app(service: SERVICE_NAMES | None) -> Flask:
    """Return moto's application for a service, with errors that an AWS client can read.

    Args:
        service: The service's name in moto; None for a service that moto doesn't have.
    """
    if service is None:
        app = Flask(__name__)
        app.request_class = BackendRequest
    else:
        app = create_backend_app(service)
    app.register_error_handler(Exception, _refusal)
    if service is not None:
        app.before_request(_malformed)
    return app


def wrong_key(dispatcher: DomainDispatcherApplication, environ: "WSGIEnvironment", key: str | None) -> Response:
    """Return AWS's answer to a request with a wrong access key, or without one.

    Args:
        dispatcher: moto's application, which knows the service of a request.
        environ: the request.
        key: the access key; None if the request has none.
    """
    if key is None:
        text = "This request has no access key, and AWS takes no such request unsigned, or the sandbox can't check it."
    else:
        text = "This request's access key is not one of this sandbox: it takes the variables that `up` printed."
    try:
        app = dispatcher.get_application(environ)
    except Exception:  # noqa: BLE001 - moto fails in many ways on a request that no AWS client makes
        app = Flask(__name__)
        app.request_class = BackendRequest
    with app.request_context(environ):
        unsigned = not _scope()[3]
        if unsigned and request.headers.get("X-Amz-Target"):
            return _json_error("MissingAuthenticationToken", text)
        service = "sts" if unsigned and "Action" in request.values else _service()
        wrong, missing = _KEY_ERRORS.get(service, ("UnrecognizedClientException", "MissingAuthenticationToken"))
        try:
            model = get_service_model({"awslambda": "lambda"}.get(service, service))
        except UnknownServiceError:
            return _json_error(missing if key is None else wrong, text)
        if service not in _KEY_ERRORS and model.protocol in (*_QUERY_PROTOCOLS, "rest-xml"):
            wrong = "InvalidClientTokenId"
        return _serialized(service, Refusal(missing if key is None else wrong, text), HTTPStatus.FORBIDDEN)


def _malformed() -> Response | None:
    """Return the error of a request that has no JSON object, or no action, where its protocol needs one.

    moto takes any body for an empty one, and makes a model named None of it.
    """
    service = _service()
    if request.mimetype in _JSON_TYPES and not _is_json_object(request.get_data()):
        text = "The request's body is no JSON object."
        return _json_error("SerializationException", text, HTTPStatus.BAD_REQUEST)
    if request.mimetype == _FORM and request.path == "/" and "Action" not in request.values:
        try:
            protocol = get_service_model(service).protocol
        except UnknownServiceError:
            return None
        if protocol in _QUERY_PROTOCOLS:
            refusal = Refusal("MissingAction", "The request has no parameter Action.")
            return _serialized(service, refusal, HTTPStatus.BAD_REQUEST)
    return None


def _is_json_object(body: bytes) -> bool:
    try:
        return not body or isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _json_error(code: str, text: str, status: HTTPStatus = HTTPStatus.FORBIDDEN) -> Response:
    body = json.dumps({"__type": code, "message": text})
    return Response(body, status, {"x-amzn-ErrorType": code}, mimetype="application/json")


def _serialized(service: str, refusal: Refusal, status: HTTPStatus) -> Response:
    """Return an error in the protocol of a service."""
    moto_response = BaseResponse(service_name=service)
    moto_response.setup_class(cast("Request", request))
    _, headers, body = moto_response.serialized(ActionResult(refusal))
    return Response(body, status, headers)


def _refusal(error: Exception) -> Response:
    """Turn an exception that moto raised into an error in the service's protocol."""
    moto_response = BaseResponse(service_name=_service())
    moto_response.setup_class(cast("Request", request))
    try:
        model = get_service_model(moto_response.boto3_service_name)
    except UnknownServiceError:  # not a service of boto3's, for example moto's own API
        return Response(json.dumps({"message": str(error)}), HTTPStatus.NOT_FOUND, mimetype="application/json")
    action = moto_response._get_action()  # noqa: SLF001 - moto has no public method for this
    subject = f"{model.service_id}'s {action or f'{request.method} {request.path}'}"
    if not hasattr(current_app, "service"):
        subject = f"service {model.service_id}"
    if isinstance(error, NotImplementedError | NotFound | OperationNotFoundError):
        unknown = "InvalidAction" if model.protocol in _QUERY_PROTOCOLS else "UnknownOperationException"
        refusal, status = Refusal(unknown, f"This sandbox has no {subject}."), HTTPStatus.BAD_REQUEST
    elif isinstance(error, LeavesTheMachine):
        refusal, status = Refusal("AccessDenied", str(error)), HTTPStatus.BAD_REQUEST
    else:
        traceback.print_exception(error, file=sys.stderr)
        text = f"This sandbox failed on {subject}: {type(error).__name__}: {error}"
        refusal, status = Refusal("InternalFailure", text), HTTPStatus.INTERNAL_SERVER_ERROR
    SAID.append(refusal.message)
    _, headers, body = moto_response.serialized(ActionResult(refusal))
    return Response(body, status, headers)


def _service() -> str:
    """Return boto3's name of the service that the request is for."""
    return str(getattr(current_app, "service", _scope()[3]))


def _scope() -> list[str]:
    """Return a signature's key, date, region, service and "aws4_request"; empty strings if it is missing."""
    credential = request.headers.get("Authorization", "").split(",")[0] or request.args.get("X-Amz-Credential", "")
    return (credential.split("/") + [""] * 4)[:5]
