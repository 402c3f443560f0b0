"""A server with the API's layer in front of nothing, and clients of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from cfn_sandbox.account.front import Front
from cfn_sandbox.protocols.service import Service

Client = Any  # boto3 creates client classes at run time

ACCOUNT, REGION = "123456789012", "eu-west-1"
SESSION = boto3.Session("test", "test", region_name=REGION)  # shared, because loading the service model is slow


class _Quiet(WSGIRequestHandler):
    """A request handler that prints nothing."""

    def log_request(self, *_: object) -> None:
        """Print nothing."""


def _behind(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own function
    """Answer a request that the layer passes on, with what is left of its body."""
    return Response(b"behind: " + Request(environ).get_data())(environ, start_response)


@contextmanager
def serving(
    services: Mapping[str, Service], identify: Callable[[Request], tuple[str, str]] | None = None
) -> Iterator[str]:
    """Yield the address of a server with the layer. Every request is of ACCOUNT, and of the region that it names."""
    front = Front(_behind, services, identify or _identify)
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _identify(request: Request) -> tuple[str, str]:
    scope = request.headers.get("Authorization", f"//{REGION}").split("/")
    return ACCOUNT, scope[2]


def client(endpoint: str, service: str, region: str = REGION, user_agent: str | None = None) -> Client:
    """Return a client that checks nothing itself and makes one attempt a call."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, user_agent=user_agent)
    made: Client = SESSION.client(service, region, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]  # the stubs know literal names only
    return made
