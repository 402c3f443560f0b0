"""Forty creations and deletions through one emulator with a limit of 256 MB.

`make soak` ends with a thousand, which take minutes.
"""

import pytest

from cfn_sandbox.account.function import MEMORY
from tests.faults import load

pytestmark = [pytest.mark.slow, pytest.mark.weekly]


def test_nothing_is_lost_under_load() -> None:
    """CloudFormation knows every definition, and none is left at the end, although a tenth of the calls fail."""
    results = load.run(40, seed=8)
    assert not results.lost, "\n".join(results.lost)
    assert results.restarts == 0
    assert 0 < results.peak <= MEMORY * load.MEGABYTE
    assert results.faults > 10
