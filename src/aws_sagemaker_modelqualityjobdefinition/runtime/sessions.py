"""Sessions that reuse clients across requests, with their loaded models and open connections.

The plugin library creates new sessions and clients for every request. Each reads its service's model, all of AWS's
endpoints and the certificate authorities again, and none is freed: a warm function grows until Lambda ends it. Here,
clients are kept. A session lends a client the credentials of its request, until the request is answered.

All connections share one TLS context, where botocore reads certifi's bundle of authorities for each. To find it,
botocore imports certifi, which imports all that it would need to read the bundle out of a zip.
"""

import json
import os
import ssl
from collections import defaultdict
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.credentials import Credentials
from botocore.handlers import BUILTIN_HANDLERS
from botocore.hooks import EVENT_ALIASES
from botocore.httpsession import URLLib3Session, create_urllib3_context
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session
from cloudformation_cli_python_lib import SessionProxy
from cloudformation_cli_python_lib.utils import Credentials as RequestCredentials
from urllib3 import PoolManager
from urllib3.connection import port_by_scheme
from urllib3.connectionpool import HTTPConnectionPool

from . import startup
from .limits import Wire

_Key = tuple[str, str | None, Config | None]


class LendingSession(SessionProxy):
    """The session of one account in one request, which lends its credentials to reused clients.

    A client belongs to one session at a time, so no request can sign with another request's credentials. The region is
    the default of its clients.
    """

    def __init__(self, credentials: RequestCredentials, region: str | None) -> None:
        self._credentials: Credentials | None = Credentials(
            credentials.accessKeyId, credentials.secretAccessKey, credentials.sessionToken
        )
        self._region = region
        self._lent: dict[_Key, Any] = {}

    def client(  # type: ignore[override]  # boto3's has more arguments, which no handler needs
        self, service_name: str, region_name: str | None = None, config: Config | None = None
    ) -> Any:  # noqa: ANN401 - a client of any service
        """Return a client that can sign until the session closes, in this region or the session's.

        If the package has trimmed models, the service must be one of theirs. Pass the same object as `config` in all
        requests: it is part of the key for reuse.
        """
        key = (service_name, region_name or self._region, config)
        if key not in self._lent:
            lent = _idle[key].pop() if _idle.get(key) else _new_client(*key)
            lent._request_signer._credentials = self._credentials
            self._lent[key] = lent
        return self._lent[key]

    def close(self, *, keep: bool = True) -> None:
        """Remove the credentials from the clients. Without them, their calls raise NoCredentialsError.

        `keep` is whether the clients can be reused: not if a thread is still using them.
        """
        self._credentials = None
        for key, lent in self._lent.items():
            lent._request_signer._credentials = None
            if keep:
                _idle[key].append(lent)
        self._lent.clear()


_idle: defaultdict[_Key, list[Any]] = defaultdict(list)
_open: ContextVar[tuple[LendingSession, ...]] = ContextVar("open", default=())
"""The sessions of the request that this thread answers."""


@cache
def config(wire: Wire, **more: Any) -> Config:  # noqa: ANN401 - botocore's own settings
    """Return the settings of a client: time limits, one attempt of each call (attempts.py), and more of botocore's.

    It is always the same object for the same arguments, because reuse depends on it.
    """
    return Config(
        connect_timeout=wire.connect,
        read_timeout=wire.answer,
        retries={"mode": "standard", "total_max_attempts": 1},
        **more,
    )


def prepare(service: str, config: Config) -> None:
    """Make a client while the package is imported, for which Lambda gives a full core, instead of in the first event.

    The client is for the region of Lambda's variable AWS_REGION. Events for another region get a client of that region.
    An error here waits for the event, which makes the client again. `config` is the object that the handlers pass.
    """
    region = os.environ.get("AWS_REGION")
    if region and not startup.PLAIN:
        with suppress(Exception):
            made = _new_client(service, region, config)
            made._request_signer._credentials = None
            _idle[service, region, config].append(made)


def open_session(credentials: RequestCredentials | None, region: str | None = None) -> LendingSession | None:
    """Return a session for one account in a request; None if CloudFormation sent no credentials for it."""
    if not credentials:
        return None
    session = LendingSession(credentials, region)
    _open.set((*_open.get(), session))
    return session


def close_all() -> None:
    """Close the request's sessions, after it is answered."""
    for session in _open.get():
        session.close()
    _open.set(())


class _PlainFileLoader(JSONFileLoader):
    """Reads JSON into dicts. botocore's OrderedDict is slower, from a time when dicts had no order."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - JSON
        """Return the content of a file, whose path is without .json; None if there is no such file."""
        if not os.path.isfile(f"{file_path}.json"):
            return super().load_file(file_path)  # compressed, as most of botocore's
        with open(f"{file_path}.json", "rb") as file:
            return json.load(file)


class _ModelLoader(Loader):
    """Reads the package's trimmed service models from its folder data/, and botocore's other data from botocore."""

    OURS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data")

    def __init__(self) -> None:
        paths = [self.OURS, self.BUILTIN_DATA_PATH]
        super().__init__(paths, _PlainFileLoader(), include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """Return the services in this package. botocore's method would open the directories of all 440 services."""
        return sorted(name for name in os.listdir(self.OURS) if os.path.isdir(os.path.join(self.OURS, name)))


@cache
def _session() -> Session:
    has_models = os.path.isdir(_ModelLoader.OURS)
    kept = Session(include_builtin_handlers=not has_models)
    kept.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time)
    if not has_models:  # it may call any service
        return kept
    loader = _ModelLoader()
    ours = {*loader.list_available_services("service-2")}
    # botocore compares each name of an event with the old names of all services.
    kept._events._event_aliases = {  # type: ignore[attr-defined]  # the stubs leave out private members
        old: new for old, new in EVENT_ALIASES.items() if not ours.isdisjoint({*old.split("."), new})
    }
    # botocore reads the signature of each handler, to refuse one that doesn't take all arguments of an event.
    kept._events._emitter._verify_accept_kwargs = lambda _: None  # type: ignore[attr-defined]  # as above
    for event, handler, *_ in BUILTIN_HANDLERS:
        if "." not in event:  # the others (90 %) are each for one operation or service, none of ours
            kept.register(event, handler)
    kept.register_component("data_loader", loader)
    return kept


def _time(value: Any) -> datetime | None:  # noqa: ANN401 - whatever an answer has
    """Return a time in an answer; None if it can't be read. botocore would refuse the whole answer for it."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else datetime.fromtimestamp(value, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _new_client(service: str, region: str | None, config: Config | None) -> Any:  # noqa: ANN401 - a client of any service
    session = _session()
    ours: dict[str, Any] = {"user_agent": session.user_agent()}  # built once, not for every request
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        ours["proxies"] = {}  # else botocore asks urllib.request, a slow import
    # The user's certificate authorities, from where botocore takes them.
    theirs = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    # Without any credentials, botocore would search the machine for some.
    keys: dict[str, Any] = {"aws_access_key_id": "", "aws_secret_access_key": ""}
    settings = Config(**ours).merge(config or Config())
    client: Any = session.create_client(service, region, config=settings, verify=theirs or bundle(), **keys)
    if not theirs:
        _HttpSession.take(client._endpoint.http_session)
    return client


class _Pools(PoolManager):
    """Finds the pool of a URL without urllib3's parser of any URL, whose regular expressions take long to compile.

    The key of a pool is the scheme and the host: urllib3's has all settings too, but a client's are the same for all.
    """

    def connection_from_url(self, url: str, pool_kwargs: dict[str, Any] | None = None) -> HTTPConnectionPool:
        """Return the pool for a URL that botocore has made."""
        parts = urlsplit(url)
        port = parts.port or port_by_scheme[parts.scheme]
        place = {"scheme": parts.scheme, "host": parts.hostname, "port": port}
        context = self.connection_pool_kw | (pool_kwargs or {}) | place
        return self.connection_from_pool_key(parts[:2], context)  # type: ignore[arg-type]  # any key does


class _HttpSession(URLLib3Session):
    """An HTTP session whose connections share one TLS context. botocore's becomes one: it has no parameter for that."""

    @classmethod
    def take(cls, session: Any) -> None:  # noqa: ANN401 - the session that botocore gave to a client
        """Give a session of botocore's this class."""
        session.__class__ = cls
        session._manager = _Pools(**session._get_pool_manager_kwargs())
        session._manager.pool_classes_by_scheme = session._pool_classes_by_scheme

    def _get_ssl_context(self) -> ssl.SSLContext:
        return _context()

    def _setup_ssl_cert(self, conn: Any, url: str, verify: object) -> None:  # noqa: ANN401 - one of urllib3's pools
        super()._setup_ssl_cert(conn, url, verify)  # type: ignore[misc]  # the stubs leave out private methods
        conn.ca_certs = None  # the context has them


@cache
def bundle() -> str:
    """Return the path of certifi's bundle."""
    found = find_spec("certifi")
    return os.path.join(os.path.dirname(str(found and found.origin)), "cacert.pem")


@cache
def _context() -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    directory = os.path.join(os.path.dirname(bundle()), "authorities")
    if os.path.isdir(directory):  # OpenSSL opens one file of it, where it parses the whole bundle
        context.load_verify_locations(capath=directory)
    else:
        context.load_verify_locations(cafile=bundle())
    return context
