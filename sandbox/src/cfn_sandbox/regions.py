"""The partition of a region, by botocore's data.

Source: partitions.json in botocore.
"""

from __future__ import annotations

import re
from functools import cache

from botocore.session import Session


@cache
def _partition(region: str) -> tuple[str, str]:
    partitions = Session().get_data("partitions")["partitions"]
    found = next((one for one in partitions if re.fullmatch(one["regionRegex"], region)), partitions[0])
    return str(found["id"]), str(found["outputs"]["dnsSuffix"])


def partition(region: str) -> str:
    """Return the name of a region's partition; `aws` for a region that botocore doesn't know."""
    return _partition(region)[0]


def dns_suffix(region: str) -> str:
    """Return the domain of a region's partition: `amazonaws.com`, `amazonaws.com.cn`."""
    return _partition(region)[1]
