"""Tags: merge the stack's with the resource's, and compute what an update changes.

Inside the package, tags are a dict from key to value.
"""

from collections.abc import Mapping, Sequence
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
    """Return a definition's desired tags: those of the stack, overridden by its own, the Tags property.

    Keys of the stack that begin with aws: are left out, because only AWS can set them.

    Raises:
        InvalidRequest: The property has a tag without key or value, a duplicate key or a reserved key, or there are
            more than 50 tags in all.
    """
    mine: Tags = {}
    for number, tag in enumerate(own or ()):
        key, value = tag.Key, tag.Value
        if key is None or value is None:
            raise messages.TAG_IS_INCOMPLETE.error(number=number, member="Key" if key is None else "Value")
        if reserved(key):
            raise messages.TAG_IS_RESERVED.error(number=number, key=words.shown(key))
        if key in mine:
            raise messages.TAG_IS_REPEATED.error(number=number, key=words.shown(key))
        mine[key] = value
    merged = without_reserved(stack or {}) | mine
    if len(merged) > LIMIT:
        others = len(merged) - len(mine)
        raise messages.TOO_MANY_TAGS.error(count=len(merged), own=len(mine), others=others, limit=LIMIT)
    return merged


def are_as_desired(previous: Tags, desired: Tags, actual: Tags) -> bool:
    """Return whether ListTags reports the desired tags, and no previous one that is not desired any more.

    Previous and desired are the tags in stack and template. Tags that others added don't count.
    """
    return desired.items() <= actual.items() and actual.keys().isdisjoint(previous.keys() - desired.keys())


def change(previous: Tags, desired: Tags, actual: Tags) -> tuple[Tags, list[str]]:
    """Return the tags to set and the keys to remove so that a definition has the desired tags.

    ListTags lags behind. So a difference between previous and desired tags is sent even if ListTags already reports the
    desired tag. A key is removed only if the stack or the template set it before. Tags that others added stay.
    """
    to_set = {key: value for key, value in desired.items() if {previous.get(key), actual.get(key)} != {value}}
    to_remove = [key for key in previous if key not in desired]
    return to_set, to_remove


def without_reserved(tags: Mapping[str, str]) -> Tags:
    """Return tags without AWS's own (aws:...)."""
    return {key: value for key, value in tags.items() if not reserved(key)}


def to_wire(tags: Tags) -> list["TagTypeDef"]:
    """Return tags in the form of SageMaker's requests."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def reserved(key: str) -> bool:
    """Return whether a key is reserved for AWS: it begins with aws:, upper or lower case (SageMaker API, Tag)."""
    return key.lower().startswith("aws:")
