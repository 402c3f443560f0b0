"""Templates as they are written, and as moto can read them."""

from typing import Any

JSON = Any


def with_lists(value: JSON) -> JSON:
    """A part of a template with lists for Fn::GetAtt, each of a logical id and an attribute's whole name."""
    if isinstance(value, list):
        return [with_lists(item) for item in value]
    if not isinstance(value, dict):
        return value
    attribute = value.get("Fn::GetAtt")
    if isinstance(attribute, str):
        return {"Fn::GetAtt": attribute.split(".", 1)}
    if isinstance(attribute, list):
        return {"Fn::GetAtt": [attribute[0], ".".join(attribute[1:])]}
    return {key: with_lists(member) for key, member in value.items()}
