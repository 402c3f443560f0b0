"""What answers an account's requests behind its door: moto's application, and the layers in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Layers:
    """The application that answers an account's requests: moto's, or one in front of it.

    Args:
        application: moto's application.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._resets: list[Callable[[], object]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        return self._application(environ, start_response)

    @contextmanager
    def layer(self, wrap: Callable[[WSGIApplication], WSGIApplication], reset: Callable[[], object]) -> Iterator[None]:
        """Put a layer in front until the context ends.

        Args:
            wrap: takes the application that answers requests, and returns the one that shall answer them.
            reset: empties the layer, when the account is emptied.
        """
        behind = self._application
        self._application = wrap(behind)
        self._resets.append(reset)
        try:
            yield
        finally:
            self._resets.remove(reset)
            self._application = behind

    def reset(self) -> None:
        """Empty every layer."""
        for reset in self._resets:
            reset()
