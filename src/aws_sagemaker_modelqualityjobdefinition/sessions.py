"""Sessions whose clients outlive them: models, connections and all else that costs is kept for the next request.

The plugin library makes new sessions and clients for every request. Each reads its service's model (SageMaker's has
400 operations), the endpoints of all of AWS and the certificate authorities again, and none is given back: a warm
function grows until Lambda ends it. Here all of that is kept. What differs from request to request is whose credentials
a client signs with: it is lent them, and they are taken from it when the request is answered.
"""

import functools
import os
from collections import defaultdict
from typing import Any

from botocore.config import Config
from botocore.credentials import Credentials
from botocore.handlers import BUILTIN_HANDLERS
from botocore.loaders import Loader
from botocore.session import Session
from cloudformation_cli_python_lib.boto3_proxy import SessionProxy
from cloudformation_cli_python_lib.utils import Credentials as RequestCredentials

from . import tls

_Key = tuple[str, str | None, Config | None]


class LendingSession(SessionProxy):
    """One party's session in one request: it lends kept clients that party's credentials.

    A client is lent to one session at a time, so that no request signs with the credentials of another.

    Args:
        credentials: The party's.
        region: The region of clients that are asked for without one.
    """

    def __init__(self, credentials: RequestCredentials, region: str | None) -> None:
        self._credentials: Credentials | None = Credentials(
            credentials.accessKeyId, credentials.secretAccessKey, credentials.sessionToken
        )
        self._region = region
        self._lent: dict[_Key, Any] = {}

    def client(  # type: ignore[override]  # boto3's takes more, which no handler needs
        self, service_name: str, region_name: str | None = None, config: Config | None = None
    ) -> Any:  # noqa: ANN401 - a client of any service
        """Return a client of a service, for as long as the session is open.

        Args:
            service_name: One of the services whose models ship with this package.
            region_name: The client's region; the session's if left out.
            config: The client's settings. Clients are kept by it: one object for all requests.
        """
        key = (service_name, region_name or self._region, config)
        if key not in self._lent:
            lent = _idle[key].pop() if _idle.get(key) else _new_client(*key)
            lent._request_signer._credentials = self._credentials
            self._lent[key] = lent
        return self._lent[key]

    def close(self, *, keep: bool = True) -> None:
        """Take the clients back. What they sign until they are lent again raises NoCredentialsError.

        Args:
            keep: Whether they are lent again; not if somebody is at them still.
        """
        self._credentials = None
        for key, lent in self._lent.items():
            lent._request_signer._credentials = None
            if keep:
                _idle[key].append(lent)
        self._lent.clear()


_idle: defaultdict[_Key, list[Any]] = defaultdict(list)
_open: list[LendingSession] = []


def open_session(credentials: RequestCredentials | None, region: str | None = None) -> LendingSession | None:
    """Return a session for one party of a request; None when CloudFormation sent no credentials of its.

    Args:
        credentials: The party's.
        region: The region of clients that are asked for without one.
    """
    if not credentials:
        return None
    _open.append(LendingSession(credentials, region))
    return _open[-1]


def close_all() -> None:
    """Take back what was lent in the request that has been answered."""
    while _open:
        _open.pop().close()


class _ModelLoader(Loader):
    """Reads the trimmed service models beside this file, and the rest of botocore's data from botocore."""

    OURS = os.path.join(os.path.dirname(__file__), "data")

    def __init__(self) -> None:
        super().__init__([self.OURS, self.BUILTIN_DATA_PATH], include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """Return the services that there are clients for; botocore opens the directories of all 440 to tell."""
        return sorted(name for name in os.listdir(self.OURS) if os.path.isdir(os.path.join(self.OURS, name)))


@functools.cache
def _session() -> Session:
    kept = Session(include_builtin_handlers=False)
    for event, handler, *_ in BUILTIN_HANDLERS:
        if "." not in event:  # the others, nine of ten, are for one operation or service each, none of ours
            kept.register(event, handler)
    kept.register_component("data_loader", _ModelLoader())
    return kept


def _new_client(service: str, region: str | None, config: Config | None) -> Any:  # noqa: ANN401 - a client of any service
    session = _session()
    ours: dict[str, Any] = {"user_agent": session.user_agent()}  # made once, not for every request
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        ours["proxies"] = {}  # botocore would ask urllib.request, which imports what it needs to open files
    theirs = session.get_config_variable("ca_bundle") or os.environ.get(
        "REQUESTS_CA_BUNDLE"
    )  # authorities, as botocore
    client: Any = session.create_client(
        service,
        region,
        config=Config(**ours).merge(config or Config()),
        verify=theirs or tls.bundle(),
        # With no credentials at all botocore would go and look for some.
        aws_access_key_id="",
        aws_secret_access_key="",
    )
    if not theirs:
        client._endpoint.http_session = tls.http_session(client)
    return client
