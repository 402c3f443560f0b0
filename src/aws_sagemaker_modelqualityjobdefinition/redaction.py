"""Keeps the values of Environment out of messages. They may be secrets, and SageMaker quotes what it refuses."""

import re

from .models import ResourceHandlerRequest
from .runtime import words

_LONG = 6
"""From this length on, a value is hidden wherever it stands as a whole word. A shorter one is hidden within quotes."""

_READ = 50_000
"""How much of a text is searched, in characters. A message shows far less."""


def hidden(request: ResourceHandlerRequest, text: str) -> str:
    """Return a text without the values of a request's Environment, desired and previous."""
    names: dict[str, str] = {}
    for state in (request.desiredResourceState, request.previousResourceState):
        specification = state.ModelQualityAppSpecification if state else None
        for name, value in (specification.Environment or {} if specification else {}).items():
            names.setdefault(value, name)
    names.pop("", None)
    if not names:
        return text
    pattern = "|".join(_pattern(value) for value in sorted(names, key=len, reverse=True))
    return re.sub(pattern, lambda found: _instead(found[0], names[found[0]]), text[:_READ])


def _pattern(value: str) -> str:
    around = (r"(?<!\w)", r"(?!\w)") if len(value) >= _LONG else ("(?<=['\"`])", "(?=['\"`])")
    return re.escape(value).join(around)


def _instead(value: str, name: str) -> str:
    return f"(value of Environment/{words.shown(name)})" if len(value) >= _LONG else "..."
