"""Dynamic references: `{{resolve:ssm:...}}`, `{{resolve:ssm-secure:...}}`, `{{resolve:secretsmanager:...}}`.

They are resolved just before a handler is called. Change sets, events and templates show the reference.

Source: "Dynamic references" in the user guide; for the words, messages that users quote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cfn_sandbox.cloudformation.templates import table
from cfn_sandbox.cloudformation.templates.functions import is_scalar
from cfn_sandbox.errors import ValidationError
from cfn_sandbox.values import Value, mapped, text

_REFERENCE = re.compile(r"\{\{resolve:([^:{}]*):?([^{}]*)\}\}")
_STORED = re.compile(r"(?P<name>[A-Za-z0-9_.\-/]+)(:(?P<version>[0-9]+))?")
_SECRET = re.compile(
    r"(?P<name>arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:[^:]+|[^:]+)"
    r"(:SecretString(:(?P<key>[^:]*))?(:(?P<stage>[^:]*))?(:(?P<version>[^:]*))?)?"
)


@dataclass(frozen=True)
class DynamicReference:
    """A dynamic reference."""

    text: str  # the reference as written, with its braces
    service: str  # `ssm`, `ssm-secure` or `secretsmanager`
    name: str  # the parameter's name, or the secret's name or ARN
    version: str | None = None  # the parameter's version, or the secret's version id
    stage: str | None = None  # the secret's version stage
    key: str | None = None  # the key in the secret's JSON


# Returns the parameter's value or the whole secret; None if there is none.
Lookup = Callable[[DynamicReference], str | None]


def resolve(value: Value, lookup: Lookup) -> Value:
    """Return a value with its dynamic references resolved; ValidationError if one is malformed, or names nothing."""

    def resolved(part: Value) -> Value:
        if not isinstance(part, str):
            return part
        return _REFERENCE.sub(lambda match: _resolved(_parsed(match), lookup), part)

    return mapped(value, resolved)


def dynamic_references(value: Value) -> Iterator[DynamicReference]:
    """Yield the dynamic references in a value. A malformed one raises ValidationError."""
    for _, reference in _placed(value, ""):
        yield reference


def check(kind: str, properties: Value, lookup: Lookup | None = None) -> None:
    """Refuse malformed dynamic references, and secure ones where CloudFormation resolves none: ValidationError.

    `lookup` looks plain parameters up: CloudFormation refuses a request at once if one doesn't exist. Secrets and
    secure strings are looked up only when the resource is made.
    """
    allowed = table.accepted("properties with ssm-secure")
    found = [*_placed(properties, f"{kind}/Properties")]
    if wrong := [place for place, one in found if one.service == "ssm-secure" and place not in allowed]:
        raise ValidationError(f"SSM Secure reference is not supported in: [{','.join(wrong)}]")
    if lookup is not None:
        for _, reference in found:
            if reference.service == "ssm":
                _resolved(reference, lookup)


def refuse(part: Value, where: str) -> None:
    """Refuse dynamic references `where` this sandbox resolves none, such as in `the output Name`: ValidationError."""
    for reference in dynamic_references(part):
        words = "Dynamic references are resolved in the properties of resources only"
        raise ValidationError(f"{words}: take {reference.text} out of {where}, or use an SSM parameter type.")


def _placed(value: Value, place: str) -> Iterator[tuple[str, DynamicReference]]:
    """Yield each reference with the place where it stands; a list's index doesn't count."""
    if isinstance(value, str):
        yield from ((place, _parsed(match)) for match in _REFERENCE.finditer(value))
    elif isinstance(value, list):
        for item in value:
            yield from _placed(item, place)
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _placed(member, f"{place}/{key}")


def _parsed(match: re.Match[str]) -> DynamicReference:
    whole, service, rest = match[0], match[1], match[2]
    if service in {"ssm", "ssm-secure"}:
        if not (stored := _STORED.fullmatch(rest)):
            raise ValidationError(f"Incorrect format is used in the following SSM reference: [{whole}]")
        return DynamicReference(whole, service, stored["name"], stored["version"])
    if service == "secretsmanager":
        if not (secret := _SECRET.fullmatch(rest)) or (secret["stage"] and secret["version"]):
            raise ValidationError(f"Incorrect format is used in the following Secrets Manager reference: [{whole}]")
        optional = (secret[name] or None for name in ("version", "stage", "key"))
        return DynamicReference(whole, service, secret["name"], *optional)
    raise ValidationError(
        f"The dynamic reference {whole} has an unknown service: use ssm, ssm-secure or secretsmanager"
    )


def _resolved(reference: DynamicReference, lookup: Lookup) -> str:
    found = lookup(reference)
    if reference.service == "secretsmanager":
        if found is None:
            raise ValidationError("Secrets Manager can't find the specified secret.")
        return found if reference.key is None else _member(found, reference.key)
    if found is None:
        version = f":{reference.version}" if reference.version else ""
        raise ValidationError(f"Parameters: [{reference.service}:{reference.name}{version}] cannot be found.")
    return found


def _member(secret: str, key: str) -> str:
    try:
        members = json.loads(secret)
    except ValueError as error:
        raise ValidationError("Could not parse SecretString JSON") from error
    if not isinstance(members, dict) or key not in members:
        raise ValidationError("Could not find a value associated with JSONKey in SecretString")
    value = members[key]
    return text(value) if is_scalar(value) else json.dumps(value)
