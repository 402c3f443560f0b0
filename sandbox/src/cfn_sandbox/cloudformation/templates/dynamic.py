"""Dynamic references: `{{resolve:ssm:...}}`, `{{resolve:ssm-secure:...}}`, `{{resolve:secretsmanager:...}}`.

They are resolved just before a handler is called. Change sets, events and templates show the reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from cfn_sandbox.cloudformation.values import Value


@dataclass(frozen=True)
class DynamicReference:
    """A dynamic reference.

    Attributes:
        text: the reference as written, with its braces.
        service: `ssm`, `ssm-secure` or `secretsmanager`.
        name: the parameter's name, or the secret's name or ARN.
        version: the parameter's version, or the secret's version id.
        stage: the secret's version stage.
        key: the key in the secret's JSON.
    """

    text: str
    service: str
    name: str
    version: str | None = None
    stage: str | None = None
    key: str | None = None


class Lookup(Protocol):
    """Looks a dynamic reference's text up."""

    def __call__(self, reference: DynamicReference) -> str | None:
        """Return the parameter's value or the whole secret; None if there is none."""


def resolve(value: Value, lookup: Lookup) -> Value:
    """Return a value with its dynamic references resolved.

    Raises:
        ValidationError: a reference is malformed, or what it names doesn't exist.
    """
    raise NotImplementedError


def dynamic_references(value: Value) -> Iterator[DynamicReference]:
    """Yield the dynamic references in a value.

    Raises:
        ValidationError: a reference is malformed.
    """
    raise NotImplementedError
