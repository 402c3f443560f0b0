"""Tags: merge the stack's with the resource's, compute an update's changes, report them in a model.

Inside the package, tags are a dict from key to value.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from . import messages
from .models import Tag
from .runtime import words

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import TagTypeDef

LIMIT = 50
"""The maximum number of a definition's tags (SageMaker API, TagList)."""

Tags = dict[str, str]


def merge(stack: Mapping[str, str] | None, own: Sequence[Tag] | None) -> Tags:
    """Return a definition's desired tags: those of the stack, overridden by the Tags property.

    Args:
        stack: The tags of the stack. Keys that begin with aws: are left out, because only AWS can set them.
        own: The Tags property.

    Raises:
        InvalidRequest: The property has a tag without key or value, a duplicate key or a reserved key, or there are
            more than 50 tags in all.
    """
    mine: Tags = {}
    for number, tag in enumerate(own or ()):
        key, value = (_given(tag, member, number) for member in ("Key", "Value"))
        if reserved(key):
            raise messages.TAG_IS_RESERVED.error(number=number, key=words.shown(key))
        if key in mine:
            raise messages.TAG_IS_REPEATED.error(number=number, key=words.shown(key))
        mine[key] = value
    merged = without_reserved(stack or {}) | mine
    if len(merged) > LIMIT:
        raise messages.TOO_MANY_TAGS.error(
            count=len(merged), own=len(mine), others=len(merged) - len(mine), limit=LIMIT
        )
    return merged


def difference(previous: Tags, desired: Tags, actual: Tags) -> tuple[Tags, list[str]]:
    """Return the tags to set and the keys to remove until ListTags reports the desired tags.

    A key is removed only if the stack or the template set it before. Tags that others added stay.

    Args:
        previous: The tags in the previous stack and template.
        desired: The tags in the current stack and template.
        actual: The tags that ListTags reports.
    """
    to_set = {key: value for key, value in desired.items() if actual.get(key) != value}
    to_remove = [key for key in previous if key not in desired and key in actual]
    return to_set, to_remove


def change(previous: Tags, desired: Tags, actual: Tags) -> tuple[Tags, list[str]]:
    """Return the tags to set and the keys to remove so that a definition has the desired tags.

    ListTags lags behind. So a difference between previous and desired tags is sent even if ListTags already reports the
    desired tag. The arguments are those of `difference`.
    """
    to_set = {key: value for key, value in desired.items() if {previous.get(key), actual.get(key)} != {value}}
    to_remove = [key for key in previous if key not in desired]
    return to_set, to_remove


def report(actual: Tags) -> list[Tag]:
    """Return a definition's tags for a model, without AWS's own (aws:...)."""
    return [Tag(Key=key, Value=value) for key, value in without_reserved(actual).items()]


def without_reserved(tags: Mapping[str, str]) -> Tags:
    """Return tags without AWS's own (aws:...)."""
    return {key: value for key, value in tags.items() if not reserved(key)}


def from_wire(wire: Iterable["TagTypeDef"]) -> Tags:
    """Return ListTags' answer as a dict."""
    return {tag["Key"]: tag["Value"] for tag in wire}


def to_wire(tags: Tags) -> list["TagTypeDef"]:
    """Return tags in the form of SageMaker's requests."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def reserved(key: str) -> bool:
    """Return whether a key is reserved for AWS: it begins with aws:, upper or lower case (SageMaker API, Tag)."""
    return key.lower().startswith("aws:")


def _given(tag: Tag, member: str, number: int) -> str:
    value = getattr(tag, member)
    if value is None:
        raise messages.TAG_IS_INCOMPLETE.error(number=number, member=member)
    return str(value)
