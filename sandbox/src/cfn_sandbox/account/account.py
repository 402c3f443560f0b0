"""The account: moto's server on 127.0.0.1 behind its door, and the variables that let a client reach it."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import boto3
import botocore.session
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler
from werkzeug.serving import make_server

from cfn_sandbox import SandboxError
from cfn_sandbox.account.credentials import Credentials, Keys
from cfn_sandbox.account.door import FUNCTIONS, Door
from cfn_sandbox.account.egress import kept_on_this_machine
from cfn_sandbox.account.layers import Layers
from cfn_sandbox.account.refusals import create_app, wrong_key

if TYPE_CHECKING:
    from flask import Flask
    from moto.backends import SERVICE_NAMES

    from cfn_sandbox.registry.registry import Registry

__all__ = ["LOOPBACK", "REGION", "Account", "bare_environment"]

LOOPBACK = "127.0.0.1"

REGION = "us-east-1"
"""The default region of an account."""


@dataclass(frozen=True)
class _Options:
    """The arguments of an account that matter when it opens."""

    port: int
    rules: Sequence[AbstractContextManager[object]]
    reserved: str | None
    tested: bool
    validate_registered: bool


class Account:
    """An AWS account on this machine: a context manager. It is empty at first, and deleted at the end.

    moto keeps its state per process, so a process can have one open account at a time. Between `with` and its end,
    `endpoint` is the account's address, and `registry` has the registered types of its CloudFormation.

    Args:
        port: the port to listen on at 127.0.0.1; 0 takes a free one.
        region: the region that clients use.
        rules: rules of services, which are applied while the account is open (see cfn_sandbox.plugins).
        reserved: a type name in a reserved namespace, such as AWS::, that RegisterType accepts.
        tested: whether RegisterType accepts only types that pass contract tests v2 and AWS's schema rules.
        validate_registered: whether CloudFormation's pre-deployment validation covers registered types.

    Raises:
        SandboxError: the port is taken, or the region doesn't exist.
    """

    account_id = DEFAULT_ACCOUNT_ID

    def __init__(
        self,
        port: int = 0,
        region: str = REGION,
        rules: Sequence[AbstractContextManager[object]] = (),
        *,
        reserved: str | None = None,
        tested: bool = True,
        validate_registered: bool = False,
    ) -> None:
        if region != REGION and region not in _regions():
            raise SandboxError(f"{region} is not a region that has CloudFormation")
        self.region = region
        self.endpoint = ""
        self.keys = Keys()
        self.credentials = self.keys.draw()
        dispatcher = _Dispatcher(create_app)
        self._layers = Layers(dispatcher)
        self.door = Door(self._layers, self.keys, partial(wrong_key, dispatcher))
        self._options = _Options(port, rules, reserved, tested, validate_registered)
        self._registry: Registry | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            listener = opening.enter_context(_listen(self._options.port))
            opening.enter_context(kept_on_this_machine())
            opening.enter_context(self.keys.in_moto())
            for rules in self._options.rules:
                opening.enter_context(rules)
            # Unless a level is set, werkzeug adds a handler that prints every request.
            logging.getLogger("werkzeug").setLevel(logging.WARNING)
            server = make_server(
                LOOPBACK,
                0,
                self.door,
                threaded=True,
                request_handler=MotoRequestHandler,
                fd=listener.fileno(),
            )
            opening.callback(server.server_close)
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="moto", daemon=True)
            thread.start()
            opening.callback(thread.join)
            opening.callback(server.shutdown)
            self.endpoint = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
            self.reset()
            opening.callback(self.reset)
            opening.callback(self._close_clients)
            # Imported here, because the registry imports this module.
            from cfn_sandbox.account.serving import serve  # noqa: PLC0415

            options = self._options
            self._registry = opening.enter_context(
                serve(
                    self,
                    self._layers,
                    options.reserved,
                    tested=options.tested,
                    validate_registered=options.validate_registered,
                )
            )
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()
        self._registry = None

    @property
    def registry(self) -> Registry:
        """The registry of the account's CloudFormation.

        Raises:
            SandboxError: the account is not open.
        """
        if self._registry is None:
            raise SandboxError("the account is not open: use it in `with Account() as account:`")
        return self._registry

    def environment(self) -> dict[str, str]:
        """Return the variables that make any AWS client use this account and nothing else.

        Set them in an environment without other AWS_* variables (see `bare_environment`), because a profile or a
        service-specific endpoint would override some of them.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_SESSION_TOKEN": self.credentials.session_token,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": _with_loopback(os.environ.get("NO_PROXY", "")),
            "no_proxy": _with_loopback(os.environ.get("no_proxy", "")),
        }

    def door_to_function(self, name: str) -> str:
        """Return the address at which the door serves a function (see `Door.add_function`).

        Args:
            name: the function's secret, or its public name.
        """
        return f"{self.endpoint}{FUNCTIONS}{name}"

    def client(self, service: str, region: str | None = None) -> Any:  # noqa: ANN401  boto3 creates the class at run time
        """Return a boto3 client of this account that ignores the user's profiles and variables.

        Args:
            service: boto3's name of the service.
            region: the region to call; by default the account's.
        """
        key = service, region or self.region
        if key not in self._clients:
            self._clients[key] = _session(key[1], self.credentials).client(
                service, endpoint_url=self.endpoint, config=Config(proxies={}, retries={"total_max_attempts": 1})
            )
        return self._clients[key]

    def reset(self) -> None:
        """Empty the account."""
        self._layers.reset()
        moto_api_backend.reset()

    def _close_clients(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()


class _Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher, which looks for a host's service among its files and its patterns once, not in each request.

    That took a tenth of the CPU time of `test --suite v2`.
    """

    def __init__(self, create_app: Callable[[SERVICE_NAMES | None], Flask]) -> None:
        super().__init__(create_app)
        self._found = lru_cache(maxsize=1000)(super().get_backend_for_host)  # a bucket can be in the host's name

    def get_backend_for_host(self, host: str | None) -> Any:  # noqa: ANN401 - moto's signature
        """Return the name of a host's service in moto; None if moto has none."""
        return self._found(host)


def bare_environment() -> dict[str, str]:
    """Return this process's environment without any AWS_* variable."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _regions() -> set[str]:
    """Return the regions that have CloudFormation, of every partition, according to botocore."""
    session = botocore.session.Session()
    partitions = session.get_available_partitions()
    return {name for partition in partitions for name in session.get_available_regions("cloudformation", partition)}


def _listen(port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise SandboxError(f"{port} is not a port: give a number from 1 to 65535, or 0 for a free port")
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise SandboxError(f"port {port} of {LOOPBACK} can't be used: {os.strerror(error.errno or 0)}") from error


def _with_loopback(no_proxy: str) -> str:
    return f"{no_proxy},{LOOPBACK}".lstrip(",")


def _session(region: str, credentials: Credentials) -> Any:  # noqa: ANN401  the stubs type its clients by literal names only
    # A tuple is (name in the config file, variable, value, converter): only a fixed value here.
    fixed = {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull, "ca_bundle": None}
    botocore_session = botocore.session.Session(
        session_vars={name: (None, None, value, None) for name, value in fixed.items()}
    )
    return boto3.Session(
        credentials.access_key_id,
        credentials.secret_access_key,
        credentials.session_token,
        region_name=region,
        botocore_session=botocore_session,
    )
