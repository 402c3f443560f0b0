"""Keeps what moto does on this machine: nothing that it sends goes to another one, or to Docker.

moto sends SNS's messages, events, integrations of API Gateway and records of Firehose to any address, and runs Lambda
functions and Batch jobs in containers. Other code in this process, such as a user's tests, is left alone.
"""

import ipaddress
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from moto.moto_api import recorder
from requests.adapters import HTTPAdapter


class LeavesTheMachine(requests.ConnectionError):
    """Something that moto wants to send to another machine."""


@contextmanager
def kept_on_this_machine() -> Iterator[None]:
    """Refuse moto's connections to everything but loopback, and turn off its recorder, until the block ends.

    A refused connection raises LeavesTheMachine. The recorder writes requests and their keys into the working folder.
    """
    send, connect, connect_ex = HTTPAdapter.send, socket.socket.connect, socket.socket.connect_ex

    # A request is checked by its address, because it may go to another machine through a proxy on this one.
    def checked_send(self: HTTPAdapter, request: requests.PreparedRequest, *rest: Any, **options: Any) -> Any:  # noqa: ANN401 - the library's signature
        _check(request.url or "", lambda: _is_loopback(urlsplit(request.url or "").hostname))
        return send(self, request, *rest, **options)

    def checked_connect(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - it depends on the family
        _check(address, lambda: _is_loopback_address(self, address))
        connect(self, address)

    def checked_connect_ex(self: socket.socket, address: Any) -> int:  # noqa: ANN401 - as above
        _check(address, lambda: _is_loopback_address(self, address))
        return connect_ex(self, address)

    with (
        patch.object(HTTPAdapter, "send", checked_send),
        patch.object(socket.socket, "connect", checked_connect),
        patch.object(socket.socket, "connect_ex", checked_connect_ex),
        patch.object(recorder, "_user_enabled", new=False),
    ):
        yield


def _check(where: object, is_loopback: Callable[[], bool]) -> None:
    if not is_loopback() and _called_by_moto():
        raise LeavesTheMachine(f"This sandbox sends nothing to other machines: {where}")


def _called_by_moto() -> bool:
    """Return whether a function of moto's is among the callers."""
    frame = sys._getframe()  # noqa: SLF001 - documented, for a purpose like this
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == "moto":
            return True
        frame = frame.f_back  # type: ignore[assignment]  # None at the end, which ends the loop
    return False


def _is_loopback_address(connecting: socket.socket, address: object) -> bool:
    """Return whether an address is of loopback. One of a Unix socket, such as Docker's, isn't."""
    internet = connecting.family in {socket.AF_INET, socket.AF_INET6}
    return internet and isinstance(address, tuple) and _is_loopback(str(address[0]))


def _is_loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
