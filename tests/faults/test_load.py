"""Creations and deletions through one emulator held to 256 MB: forty here, because a thousand take minutes.

`make soak` ends with the thousand.
"""

import pytest

from sandbox.function import MEMORY
from tests.faults import load

pytestmark = pytest.mark.slow


def test_nothing_is_lost_under_load() -> None:
    """With a tenth of the calls going wrong: every definition is CloudFormation's, and in the end there is none."""
    found = load.run(40, seed=8)
    assert not found.lost, "\n".join(found.lost)
    assert found.restarts == 0
    assert 0 < found.peak <= MEMORY * load.MEGABYTE
    assert found.faults > 10
