"""The WSGI layer in front of moto's services: it answers CloudFormation's and Cloud Control's requests itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from cfn_sandbox.protocols.service import Service

Identify = Callable[[Request], tuple[str, str]]
"""Returns the account's id and the region of a request."""

CLOUDFORMATION, CLOUD_CONTROL = "cloudformation", "cloudcontrolapi"  # the names that requests are signed for
_TARGET = "CloudApiService."  # Cloud Control's prefix of X-Amz-Target
_VERSION = "2010-05-15"  # CloudFormation's alone among the versions of the query protocol
_LONGEST_BODY = 4 * 2**20  # of an unsigned request that is looked into


class Front:
    """A WSGI application in front of another one, which answers all other requests.

    Args:
        application: the application behind it: moto's.
        services: the services by the name that requests are signed for: CLOUDFORMATION, CLOUD_CONTROL.
        identify: tells the account and the region of a request.
    """

    def __init__(
        self,
        application: WSGIApplication,
        services: Mapping[str, Service],
        identify: Identify,
    ) -> None:
        self._application = application
        self._services = services
        self._identify = identify

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or pass it on."""
        request = Request(environ)
        service = self._services.get(_service(request))
        if service is None:
            return self._application(environ, start_response)
        account, region = self._identify(request)
        return service.answer(request, account, region)(environ, start_response)


def _service(request: Request) -> str:
    """Return the name of the service that a request is for; an empty text if it is for another one or none."""
    scope = request.headers.get("Authorization") or request.args.get("X-Amz-Credential", "")
    if signed := re.search(r"/\d{8}/[^/]+/([^/]+)/aws4_request", scope):
        return signed[1]
    if request.headers.get("X-Amz-Target", "").startswith(_TARGET):
        return CLOUD_CONTROL
    if host := re.match(rf"({CLOUDFORMATION}|{CLOUD_CONTROL})[.-].*amazonaws\.com", request.host):
        return host[1]
    values = request.args.to_dict()
    if request.mimetype == "application/x-www-form-urlencoded" and (request.content_length or 0) < _LONGEST_BODY:
        values |= {key: texts[0] for key, texts in parse_qs(_body(request)).items()}
    return CLOUDFORMATION if "Action" in values and values.get("Version") == _VERSION else ""


def _body(request: Request) -> str:
    """Return a request's body, and leave it for whoever reads it next."""
    body = request.get_data()
    request.environ["wsgi.input"] = BytesIO(body)
    return body.decode(errors="replace")
