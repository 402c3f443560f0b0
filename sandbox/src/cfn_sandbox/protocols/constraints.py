"""The constraints of botocore's models, checked in the words of AWS's front end.

Source of the words: messages that users quote, such as "1 validation error detected: Value '9stack' at 'stackName'
failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.model import ListShape, MapShape, Shape, StructureShape

from cfn_sandbox.errors import CloudFormationError

if TYPE_CHECKING:
    from cfn_sandbox.values import JSON

# What AWS matches instead of botocore's patterns. Source: LocalStack's recording of AWS, api/test_stacks.snapshot.json.
_OF_AWS = {
    r"([a-zA-Z][-a-zA-Z0-9]*)|(arn:\b(aws|aws-us-gov|aws-cn)\b:[-a-zA-Z0-9:/._+]*)": (
        "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"
    )
}


def check(shape: Shape, parameters: JSON, code: str) -> None:
    """Refuse parameters that the model of an operation's input doesn't allow.

    Args:
        shape: the input's shape.
        parameters: the parsed parameters.
        code: the error's code, which depends on the protocol.

    Raises:
        CloudFormationError: with every violation.
    """
    found = list(_violations(shape, parameters, ""))
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        raise CloudFormationError(code, f"{count}: {'; '.join(found)}")


def _violations(shape: Shape, value: JSON, path: str) -> Iterator[str]:
    if isinstance(value, dict) and isinstance(shape, StructureShape):
        for name in shape.required_members:
            if name not in value:
                yield f"Value null at '{_child(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in value.items():
            yield from _violations(shape.members[name], member, _child(path, name))
        return
    failed = list(_failed(shape, value))
    if isinstance(value, list) and isinstance(shape, ListShape):
        failed += [f"Member must satisfy constraint: [{text}]" for text in _of_items(shape.member, value)]
        for number, item in enumerate(value, 1):
            if isinstance(item, dict):
                yield from _violations(shape.member, item, f"{path}.{number}.member")
    if isinstance(value, dict) and isinstance(shape, MapShape):
        failed += [f"Map value must satisfy constraint: [{text}]" for text in _of_items(shape.value, [*value.values()])]
        failed += [f"Map keys must satisfy constraint: [{text}]" for text in _of_items(shape.key, [*value])]
    for text in failed:
        yield f"Value '{_java(value)}' at '{path}' failed to satisfy constraint: {text}"


def _of_items(shape: Shape, values: list[JSON]) -> list[str]:
    """Return the constraints that items fail, each once. Objects are checked by their members."""
    texts = (text for value in values if not isinstance(value, dict) for text in _failed(shape, value))
    return list(dict.fromkeys(texts))


def _failed(shape: Shape, value: JSON) -> Iterator[str]:
    """Yield the constraints of a shape that a value fails."""
    limits = shape.metadata
    number = isinstance(value, int)
    size = value if number else len(value) if isinstance(value, str | list | dict) else 0
    noun = "value" if number else "length"
    if "min" in limits and size < limits["min"]:
        yield f"Member must have {noun} greater than or equal to {limits['min']}"
    if "max" in limits and size > limits["max"]:
        yield f"Member must have {noun} less than or equal to {limits['max']}"
    if not isinstance(value, str):
        return
    pattern = limits.get("pattern", "")
    pattern = _OF_AWS.get(pattern, pattern)
    if pattern and not re.fullmatch(pattern, value):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"


def _child(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _java(value: JSON) -> str:
    """Return a value as Java prints it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_java, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_java(member)}' for key, member in value.items())}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)
