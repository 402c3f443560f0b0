"""Tags: the stack's and the resource's own made into one, what an update changes, what a model reports.

Inside the package, tags are a dict from key to value.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cloudformation_cli_python_lib.exceptions import InvalidRequest

from . import words
from .models import Tag

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import TagTypeDef

LIMIT = 50
"""The most tags that a definition can have (SageMaker API, TagList)."""

Tags = dict[str, str]


def merge(stack: Mapping[str, str] | None, own: Sequence[Tag] | None) -> Tags:
    """Return the tags that a definition is to have: the stack's, overridden by the resource's own.

    Args:
        stack: The tags of the stack. Keys that begin with aws: are CloudFormation's, which only AWS may set.
        own: The Tags property.

    Raises:
        InvalidRequest: A tag of the property without key or value, one key twice in it, a reserved key in it, or more
            than 50 tags in all.
    """
    mine: Tags = {}
    for number, tag in enumerate(own or ()):
        key, value = (_given(tag, member, number) for member in ("Key", "Value"))
        if reserved(key):
            raise InvalidRequest(f"/Tags/{number}: the key '{words.shown(key)}' begins with aws:, reserved for AWS.")
        if key in mine:
            raise InvalidRequest(f"/Tags/{number}: the key '{words.shown(key)}' is there more than once.")
        mine[key] = value
    merged = without_reserved(stack or {}) | mine
    if len(merged) > LIMIT:
        raise InvalidRequest(
            f"{len(merged)} tags, {len(mine)} of the Tags property and {len(merged) - len(mine)} of the stack: "
            f"SageMaker takes {LIMIT} at most."
        )
    return merged


def difference(previous: Tags, desired: Tags, actual: Tags) -> tuple[Tags, list[str]]:
    """Return the tags to set and the keys to remove until a definition is seen to have what is desired.

    A key is only removed if the stack or the template put it there: tags that others added stay.

    Args:
        previous: The tags that the stack and the template asked for before.
        desired: The tags that they ask for now.
        actual: The tags that the definition is seen to have.
    """
    to_set = {key: value for key, value in desired.items() if actual.get(key) != value}
    to_remove = [key for key in previous if key not in desired and key in actual]
    return to_set, to_remove


def change(previous: Tags, desired: Tags, actual: Tags) -> tuple[Tags, list[str]]:
    """Return the tags to set and the keys to remove, so that a definition has what is desired whatever a read says.

    What differs between previous and desired is changed even if ListTags, which lags behind, has it as desired already.
    Args are those of `difference`.
    """
    to_set = {key: value for key, value in desired.items() if {previous.get(key), actual.get(key)} != {value}}
    to_remove = [key for key in previous if key not in desired]
    return to_set, to_remove


def report(actual: Tags) -> list[Tag]:
    """Return a definition's tags as a model reports them: all but those of AWS itself."""
    return [Tag(Key=key, Value=value) for key, value in without_reserved(actual).items()]


def without_reserved(tags: Mapping[str, str]) -> Tags:
    """Return tags without those of AWS itself."""
    return {key: value for key, value in tags.items() if not reserved(key)}


def from_wire(wire: Iterable["TagTypeDef"]) -> Tags:
    """Return what ListTags answered as a dict."""
    return {tag["Key"]: tag["Value"] for tag in wire}


def to_wire(tags: Tags) -> list["TagTypeDef"]:
    """Return tags as SageMaker's requests take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def reserved(key: str) -> bool:
    """Tell whether a key is one of AWS's own: aws: in any case of letters (SageMaker API, Tag)."""
    return key.lower().startswith("aws:")


def _given(tag: Tag, member: str, number: int) -> str:
    value = getattr(tag, member)
    if value is None:
        raise InvalidRequest(f"/Tags/{number}/{member} is missing.")
    return str(value)
