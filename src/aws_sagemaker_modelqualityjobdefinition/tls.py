"""The certificate authorities that connections trust: read once, into one TLS context.

botocore reads certifi's bundle again for each connection. It asks certifi where that is, and certifi imports all that
it would need to read it out of a zip.
"""

import functools
import os
import ssl
from importlib.util import find_spec
from typing import Any

from botocore.httpsession import URLLib3Session, create_urllib3_context


def share_context(session: Any) -> None:  # noqa: ANN401 - the stubs leave out what has no public name
    """Have the connections of one of botocore's HTTP sessions use the one TLS context."""
    session.__class__ = _Session
    session._manager.connection_pool_kw["ssl_context"] = _context()


class _Session(URLLib3Session):
    def _get_ssl_context(self) -> ssl.SSLContext:
        return _context()  # through a proxy too

    def _setup_ssl_cert(self, conn: Any, url: str, verify: object) -> None:  # noqa: ANN401 - one of urllib3's pools
        super()._setup_ssl_cert(conn, url, verify)  # type: ignore[misc]  # see share_context
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
