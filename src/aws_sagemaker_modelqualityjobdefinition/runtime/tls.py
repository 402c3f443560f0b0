"""One TLS context for all connections, with the certificate authorities that they trust.

botocore reads certifi's bundle again for each connection. To find it, botocore imports certifi, which imports all that
it would need to read the bundle out of a zip.
"""

import functools
import os
import ssl
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from botocore.httpsession import URLLib3Session, create_urllib3_context
from urllib3 import PoolManager
from urllib3.connection import port_by_scheme
from urllib3.connectionpool import HTTPConnectionPool


def http_session(client: Any) -> URLLib3Session:  # noqa: ANN401 - a client of any service
    """Return an HTTP session with a client's settings, whose connections share one TLS context.

    botocore has no parameter for the class of a client's HTTP session: the result replaces `client._endpoint`'s.
    """
    config, current = client.meta.config, client._endpoint.http_session
    return _Session(
        verify=bundle(),
        proxies=current._proxy_config._proxies,  # the environment's, if the configuration has none
        timeout=(config.connect_timeout, config.read_timeout),
        max_pool_connections=config.max_pool_connections,
        socket_options=current._socket_options,
        client_cert=config.client_cert,
        proxies_config=config.proxies_config,
    )


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


class _Session(URLLib3Session):
    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - URLLib3Session's
        super().__init__(**settings)
        self._manager = _Pools(**self._get_pool_manager_kwargs())  # type: ignore[attr-defined]  # the stubs leave out private methods
        self._manager.pool_classes_by_scheme = self._pool_classes_by_scheme  # type: ignore[attr-defined]  # as above

    def _get_ssl_context(self) -> ssl.SSLContext:
        return _context()

    def _setup_ssl_cert(self, conn: Any, url: str, verify: object) -> None:  # noqa: ANN401 - one of urllib3's pools
        super()._setup_ssl_cert(conn, url, verify)  # type: ignore[misc]  # the stubs leave out private methods
        conn.ca_certs = None  # the context has them


@functools.cache
def bundle() -> str:
    """Return the path of certifi's bundle."""
    found = find_spec("certifi")
    return os.path.join(os.path.dirname(str(found and found.origin)), "cacert.pem")


@functools.cache
def _context() -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    directory = os.path.join(os.path.dirname(bundle()), "authorities")
    if os.path.isdir(directory):  # OpenSSL opens one file of it, where it parses the whole bundle
        context.load_verify_locations(capath=directory)
    else:
        context.load_verify_locations(cafile=bundle())
    return context
